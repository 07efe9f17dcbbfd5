//! One line a finding, as pylint prints them: `FILE:ROW: [CODE] message`.

use super::{Context, harmless, harmless_line};
use crate::diagnostic::Diagnostic;
use std::io::{self, Write};

/// Writes all findings.
pub fn write(out: &mut dyn Write, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    for diagnostic in diagnostics {
        let path = harmless_line(context.path(diagnostic.file));
        let at = context.place(diagnostic.file, diagnostic.span.start);
        let (code, name, message) = (diagnostic.code, diagnostic.name, harmless(&diagnostic.message));
        match at.cell {
            Some(cell) => writeln!(out, "{path}:cell {cell}:{}: [{code}({name})] {message}", at.row)?,
            None => writeln!(out, "{path}:{}: [{code}({name})] {message}", at.row)?,
        }
    }
    Ok(())
}
