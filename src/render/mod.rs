//! Findings to bytes, one file a format.

pub mod azure;
pub mod concise;
pub mod full;
pub mod github;
pub mod gitlab;
pub mod grouped;
pub mod json;
pub mod junit;
pub mod pylint;
pub mod rdjson;
pub mod report;
pub mod sarif;
pub mod statistics;

use crate::analysis::Analysis;
use crate::diagnostic::Diagnostic;
use crate::id::FileId;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// With the source lines, the evidence, what it costs and what to do.
    Full,
    /// One line each: `FILE:ROW:COL: CODE message`.
    Concise,
    /// One line each below the name of the file.
    Grouped,
    /// A list of objects.
    Json,
    /// One object a line.
    JsonLines,
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// JUnit's XML.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
    /// Reviewdog's diagnostic format.
    Rdjson,
    /// One line each, as pylint prints them.
    Pylint,
    /// Issues of Azure Pipelines.
    Azure,
}

impl Format {
    /// People read it, so they are told the sum at the end.
    pub fn is_for_people(self) -> bool {
        matches!(self, Format::Full | Format::Concise | Format::Grouped)
    }
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
    /// The folder that services take paths to be relative to, with `/`; empty where it is not known.
    pub current: &'a str,
}

/// A place as people count: from 1, columns in code points; in a notebook, within the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which cell of a notebook, from 1, all kinds counted.
    pub cell: Option<u32>,
    /// Line.
    pub row: u32,
    /// Column.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cell {
            Some(cell) => write!(f, "cell {cell}:{}:{}", self.row, self.column),
            None => write!(f, "{}:{}", self.row, self.column),
        }
    }
}

impl Context<'_> {
    /// The path that people know the file by.
    pub fn path(&self, file: FileId) -> &str {
        let path = self.analysis.path(file);
        self.shown.get(path).map_or(path, String::as_str)
    }

    /// The path for services, which want it with `/` and relative to the folder where gilcheck runs.
    pub fn service_path(&self, file: FileId) -> String {
        let path = self.path(file).replace('\\', "/");
        let inside = path.strip_prefix(self.current).and_then(|rest| rest.strip_prefix('/'));
        inside.filter(|_| !self.current.is_empty()).map_or(path.clone(), str::to_string)
    }

    /// The place of a byte.
    pub fn place(&self, file: FileId, offset: u32) -> Place {
        let position = self.analysis.lines(file).position(self.analysis.text(file), offset);
        let (cell, row) = match self.analysis.cell(file, position.row) {
            Some((cell, row)) => (Some(cell), row),
            None => (None, position.row),
        };
        Place { cell, row, column: position.column }
    }

    /// Where a finding begins and ends.
    pub fn places(&self, diagnostic: &Diagnostic) -> (Place, Place) {
        let span = diagnostic.span;
        (self.place(diagnostic.file, span.start), self.place(diagnostic.file, span.end))
    }

    /// A name for a finding that stays the same when lines move: from rule, path, function, message, and the
    /// how-manieth of its kind it is. `seen` counts them.
    fn fingerprint(&self, diagnostic: &Diagnostic, seen: &mut BTreeMap<u64, u32>) -> String {
        let path = self.service_path(diagnostic.file);
        let parts = [diagnostic.code, &path, &diagnostic.scope, &diagnostic.message];
        let kind = fnv(parts.iter().flat_map(|part| part.bytes().chain([0])), FNV_OFFSET);
        let count = seen.entry(kind).or_default();
        *count += 1;
        format!("{kind:016x}{:016x}", fnv(count.to_le_bytes().into_iter(), kind))
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: fingerprints are compared by other tools for years, so they must not depend on a library's version.
fn fnv(bytes: impl Iterator<Item = u8>, start: u64) -> u64 {
    bytes.fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
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
        Format::Grouped => grouped::write(out, context, diagnostics),
        Format::Json => json::write(out, context, diagnostics),
        Format::JsonLines => json::write_lines(out, context, diagnostics),
        Format::Github => github::write(out, context, diagnostics),
        Format::Gitlab => gitlab::write(out, context, diagnostics),
        Format::Junit => junit::write(out, context, diagnostics),
        Format::Sarif => sarif::write(out, context, diagnostics),
        Format::Rdjson => rdjson::write(out, context, diagnostics),
        Format::Pylint => pylint::write(out, context, diagnostics),
        Format::Azure => azure::write(out, context, diagnostics),
    }
}

/// The page that tells more about a rule.
pub fn url(name: &str) -> String {
    format!("https://github.com/gilcheck/gilcheck/blob/main/fixtures/rules/{name}.md")
}

/// Where gilcheck is at home.
pub const HOME: &str = "https://github.com/gilcheck/gilcheck";

/// Text without what a terminal would obey: control characters, escapes, and marks that turn the
/// direction of writing; nor what a log of GitHub or Azure would obey in the midst of a line (`##[error]`).
/// Every character is replaced by one of as many bytes, so spans still fit.
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
    let text: String = text.chars().map(replace).collect();
    if text.contains("##") { text.replace("##[", "##(").replace("##vso[", "##vso(") } else { text }
}

/// [`harmless`] for what begins a line: `::error::` there is a command to GitHub's logs.
pub fn harmless_line(text: &str) -> String {
    let text = harmless(text);
    if text.trim_start().starts_with("::") { format!("./{}", text.trim_start()) } else { text }
}

/// JSON in which no log finds a command: `##` is written with an escape, which only strings can hold.
fn quiet_json(text: &str) -> String {
    let text = text.replace("##", "#\\u0023");
    // Other formats are read by machines, but may be printed on the way there.
    text.chars().fold(String::with_capacity(text.len()), |mut text, c| {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            other => text.push(other),
        }
        text
    })
}

/// Writes a JSON document with a new line behind it.
fn write_json(out: &mut dyn Write, value: &impl serde::Serialize) -> io::Result<()> {
    writeln!(out, "{}", quiet_json(&serde_json::to_string_pretty(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal_or_a_log() {
        assert_eq!(harmless("a\x1b[31m\u{202e}b"), "a?[31m\u{fffd}b");
        assert_eq!(harmless("x ##vso[task.x] ##[error]y"), "x ##vso(task.x] ##(error]y");
        assert_eq!(harmless_line("::error::x"), "./::error::x");
        assert_eq!(harmless_line("  ::error::x"), "./::error::x");
        assert_eq!(harmless_line("a::b"), "a::b");
        let json = quiet_json(&serde_json::to_string("##vso[x]\u{9b}\u{202e}###").unwrap());
        assert!(!json.contains("##") && !json.contains(['\u{9b}', '\u{202e}']), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "##vso[x]\u{9b}\u{202e}###");
    }

    #[test]
    fn the_settings_know_every_format() {
        let names: Vec<String> = <Format as clap::ValueEnum>::value_variants()
            .iter()
            .filter_map(clap::ValueEnum::to_possible_value)
            .map(|value| value.get_name().to_string())
            .collect();
        assert_eq!(names, crate::config::FORMATS);
    }
}
