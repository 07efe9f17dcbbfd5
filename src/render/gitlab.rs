//! GitLab's code quality report.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use super::{Context, write_json};
use crate::diagnostic::{Diagnostic, Severity};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'a str,
    location: Location,
    content: Content<'a>,
    categories: [&'a str; 1],
    r#type: &'a str,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

#[derive(Serialize)]
struct Content<'a> {
    body: &'a str,
}

/// Writes all findings. Fingerprints do not hold lines: two findings of one fingerprint are shown once, and one
/// whose fingerprint changes counts as new.
pub fn write(out: &mut dyn Write, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let mut seen = BTreeMap::new();
    let issue = |diagnostic| {
        let (start, end) = context.places(diagnostic);
        // A notebook's lines are its cells'; the file begins at 1.
        let lines = match start.cell {
            None => Lines { begin: start.row, end: end.row.max(start.row) },
            Some(_) => Lines { begin: 1, end: 1 },
        };
        Issue {
            description: format!("{}: {}", diagnostic.code, diagnostic.message),
            check_name: diagnostic.name,
            fingerprint: context.fingerprint(diagnostic, &mut seen),
            severity: match diagnostic.severity {
                Severity::Info => "info",
                Severity::Warning => "minor",
                Severity::Error => "major",
            },
            location: Location { path: context.service_path(diagnostic.file), lines },
            content: Content { body: &diagnostic.help },
            categories: ["Performance"],
            r#type: "issue",
        }
    };
    let issues: Vec<Issue<'_>> = diagnostics.iter().map(issue).collect();
    write_json(out, &issues)
}
