//! One line a finding: `FILE:ROW:COL: CODE message`.

use super::{Context, harmless};
use crate::diagnostic::Diagnostic;
use std::io::{self, Write};

/// Writes all findings.
pub fn write(out: &mut dyn Write, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    for diagnostic in diagnostics {
        let text = context.analysis.text(diagnostic.file);
        let at = context.analysis.lines(diagnostic.file).position(text, diagnostic.span.start);
        writeln!(
            out,
            "{}:{}:{}: {} {}",
            harmless(context.path(diagnostic.file)),
            at.row,
            at.column,
            diagnostic.code,
            harmless(&diagnostic.message)
        )?;
    }
    Ok(())
}
