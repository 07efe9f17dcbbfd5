//! One line a finding: `FILE:ROW:COL: CODE message`.

use super::{Context, harmless, harmless_line};
use crate::diagnostic::Diagnostic;
use std::io::{self, Write};

/// Writes all findings.
pub fn write(out: &mut dyn Write, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    for diagnostic in diagnostics {
        let path = harmless_line(context.path(diagnostic.file));
        let at = context.place(diagnostic.file, diagnostic.span.start);
        writeln!(out, "{path}:{at}: {} {}", diagnostic.code, harmless(&diagnostic.message))?;
    }
    Ok(())
}
