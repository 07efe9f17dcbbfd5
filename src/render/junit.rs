//! JUnit's XML: a suite for each file that has findings, a failed case for each of them.
//!
//! The schema is that of Jenkins' xUnit plugin, which others follow too.

use super::{Context, harmless};
use crate::diagnostic::Diagnostic;
use std::io::{self, Write};

/// Writes all findings.
pub fn write(out: &mut dyn Write, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let count = diagnostics.len();
    let tests = count.max(1);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"gilcheck\" tests=\"{tests}\" failures=\"{count}\" errors=\"0\">")?;
    if diagnostics.is_empty() {
        // Some readers take a report without a case for a run that failed.
        writeln!(out, "  <testsuite name=\"gilcheck\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">")?;
        writeln!(out, "    <testcase name=\"no findings\" classname=\"gilcheck\" />")?;
        writeln!(out, "  </testsuite>")?;
    }
    for group in diagnostics.chunk_by(|a, b| a.file == b.file) {
        let Some(first) = group.first() else { continue };
        let path = escaped(&context.service_path(first.file));
        let count = group.len();
        writeln!(
            out,
            "  <testsuite name=\"{path}\" tests=\"{count}\" failures=\"{count}\" errors=\"0\" skipped=\"0\" package=\"gilcheck\">"
        )?;
        for diagnostic in group {
            let place = context.place(diagnostic.file, diagnostic.span.start);
            let class = if diagnostic.scope.is_empty() { "gilcheck" } else { &diagnostic.scope };
            let name = format!("{} {} {place}", diagnostic.code, diagnostic.name);
            writeln!(out, "    <testcase name=\"{}\" classname=\"{}\">", escaped(&name), escaped(class))?;
            writeln!(
                out,
                "      <failure message=\"{}\" type=\"{}\">{path}:{place}: {}\n{}</failure>",
                escaped(&diagnostic.message),
                diagnostic.code,
                escaped(&diagnostic.message),
                escaped(&diagnostic.help)
            )?;
            writeln!(out, "    </testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// Text for an attribute or between tags. XML has no way to write most control characters, so they are replaced.
fn escaped(text: &str) -> String {
    harmless(text)
        .chars()
        .map(|c| match c {
            '&' => "&amp;".to_string(),
            '<' => "&lt;".to_string(),
            '>' => "&gt;".to_string(),
            '"' => "&quot;".to_string(),
            '\'' => "&apos;".to_string(),
            '\u{fffe}' | '\u{ffff}' => "\u{fffd}".to_string(),
            other => other.to_string(),
        })
        .collect()
}
