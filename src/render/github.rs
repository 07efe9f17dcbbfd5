//! Annotations of GitHub Actions: `::warning file=…,line=…::message`.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use super::{Context, Place, harmless};
use crate::diagnostic::{Diagnostic, Severity};
use std::io::{self, Write};

/// Writes all findings.
pub fn write(out: &mut dyn Write, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Info => "notice",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let path = context.service_path(diagnostic.file);
        let (start, end) = context.places(diagnostic);
        let title = property(&format!("gilcheck {} {}", diagnostic.code, diagnostic.name));
        write!(out, "::{level} title={title},file={}{}::", property(&path), lines(start, end))?;
        // What the log shows, where the title is not to be seen.
        let message = format!("{path}:{start}: {} {}\n{}", diagnostic.code, diagnostic.message, diagnostic.help);
        writeln!(out, "{}", data(&message))?;
    }
    Ok(())
}

/// Lines of a notebook's file are not those of its cells, so there only the file is annotated.
fn lines(start: Place, end: Place) -> String {
    if start.cell.is_some() {
        return String::new();
    }
    let columns = if start.row == end.row { format!(",endColumn={}", end.column) } else { String::new() };
    format!(",line={},endLine={},col={}{columns}", start.row, end.row, start.column)
}

fn data(text: &str) -> String {
    let text: String = text.split('\n').map(harmless).collect::<Vec<_>>().join("\n");
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    // A name keeps its characters, in an escaped form, so that the file is found.
    let text: String = text
        .chars()
        .map(|c| match c {
            '%' => "%25".to_string(),
            '\r' => "%0D".to_string(),
            '\n' => "%0A".to_string(),
            ':' => "%3A".to_string(),
            ',' => "%2C".to_string(),
            other => other.to_string(),
        })
        .collect();
    harmless(&text)
}
