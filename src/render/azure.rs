//! Issues of Azure Pipelines: `##vso[task.logissue …]message`.
//!
//! <https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands>

use super::{Context, harmless};
use crate::diagnostic::{Diagnostic, Severity};
use std::io::{self, Write};

/// Writes all findings.
pub fn write(out: &mut dyn Write, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    for diagnostic in diagnostics {
        // There is no third kind.
        let kind = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning | Severity::Info => "warning",
        };
        let start = context.place(diagnostic.file, diagnostic.span.start);
        let place = match start.cell {
            None => format!("linenumber={};columnnumber={};", start.row, start.column),
            Some(_) => String::new(),
        };
        writeln!(
            out,
            "##vso[task.logissue type={kind};sourcepath={};{place}code={};]{}",
            property(&context.service_path(diagnostic.file)),
            diagnostic.code,
            harmless(&format!("{}: {}", diagnostic.name, diagnostic.message)).replace('%', "%AZP25"),
        )?;
    }
    Ok(())
}

fn property(text: &str) -> String {
    let text = text.replace('%', "%AZP25").replace(';', "%3B").replace(']', "%5D");
    harmless(&text.replace('\r', "%0D").replace('\n', "%0A"))
}
