//! Findings to bytes, one file a format.

pub mod concise;
pub mod full;
pub mod json;

use crate::analysis::Analysis;
use crate::diagnostic::Diagnostic;
use crate::id::FileId;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// With the source lines, the evidence, what it costs and what to do.
    Full,
    /// One line each: `FILE:ROW:COL: CODE message`.
    Concise,
    /// A list of objects.
    Json,
}

/// What the reader's terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// With colours.
    pub color: bool,
    /// With lines and arrows beyond ASCII.
    pub unicode: bool,
    /// In columns.
    pub width: usize,
}

/// What a renderer needs besides the findings.
#[derive(Debug)]
pub struct Context<'a> {
    /// Where texts and positions come from.
    pub analysis: &'a Analysis,
    /// The engine's paths to the paths that people gave; a path that is not in it is shown as it is.
    pub shown: &'a BTreeMap<String, String>,
}

impl Context<'_> {
    /// The path that people know the file by.
    pub fn path(&self, file: FileId) -> &str {
        let path = self.analysis.path(file);
        self.shown.get(path).map_or(path, String::as_str)
    }
}

/// Writes all findings.
pub fn write(
    out: &mut dyn Write,
    format: Format,
    style: Style,
    context: &Context<'_>,
    diagnostics: &[Diagnostic],
) -> io::Result<()> {
    match format {
        Format::Full => full::write(out, style, context, diagnostics),
        Format::Concise => concise::write(out, context, diagnostics),
        Format::Json => json::write(out, context, diagnostics),
    }
}

/// The page that tells more about a rule.
pub fn url(name: &str) -> String {
    format!("https://github.com/gilcheck/gilcheck/blob/main/fixtures/rules/{name}.md")
}

/// Text without what a terminal would obey: control characters, escapes, and marks that turn the
/// direction of writing. Every character is replaced by one of as many bytes, so spans still fit.
pub fn harmless(text: &str) -> String {
    let replace = |c: char| match c {
        '\t' => '\t',
        '\u{0}'..='\u{1f}' | '\u{7f}' => '?',
        '\u{80}'..='\u{9f}' => '¿',
        '\u{61c}' => '¿',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        '\u{2028}' | '\u{2029}' => '\u{fffd}',
        other => other,
    };
    text.chars().map(replace).collect()
}
