//! Findings below the name of their file.

use super::{Context, harmless, harmless_line};
use crate::diagnostic::Diagnostic;
use std::io::{self, Write};

/// Writes all findings, which are in path order.
pub fn write(out: &mut dyn Write, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    for group in diagnostics.chunk_by(|a, b| a.file == b.file) {
        let Some(first) = group.first() else { continue };
        writeln!(out, "{}:", harmless_line(context.path(first.file)))?;
        let places: Vec<String> = group.iter().map(|it| context.place(it.file, it.span.start).to_string()).collect();
        let width = places.iter().map(String::len).max().unwrap_or(0);
        for (place, diagnostic) in places.iter().zip(group) {
            writeln!(out, "  {place:width$}  {}  {}", diagnostic.code, harmless(&diagnostic.message))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
