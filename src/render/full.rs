//! Findings for people: what, what it costs, the lines it rests on, what to do. The only home of miette.

use super::{Context, Style, harmless};
use crate::diagnostic::{Diagnostic, Evidence, Severity};
use crate::id::FileId;
use crate::text::Span;
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};
use std::fmt;
use std::io::{self, Write};
use std::ops::Range;

/// A range of more lines than this is shown by its first line.
const MOST_LINES: u32 = 4;
/// Ranges of one file that are at most so many lines apart share a snippet.
const NEAR: u32 = 2;

/// Writes all findings, with an empty line behind each.
pub fn write(out: &mut dyn Write, style: Style, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let theme = GraphicalTheme {
        characters: if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
        styles: if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_width(style.width)
        .with_word_splitter(textwrap::WordSplitter::NoHyphenation)
        .without_syntax_highlighting();
    for diagnostic in diagnostics {
        let mut text = String::new();
        let handler = handler.clone().with_footer(footer(diagnostic));
        if handler.render_report(&mut text, &report(style, context, diagnostic)).is_err() {
            return super::concise::write(out, context, diagnostics);
        }
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        writeln!(out, "{}\n", lines.join("\n"))?;
    }
    Ok(())
}

/// A finding in miette's terms.
#[derive(Debug)]
struct Report {
    code: String,
    message: String,
    note: Option<Note>,
    help: String,
    severity: Severity,
    chain: Chain,
    labels: Vec<LabeledSpan>,
}

/// What it costs; miette shows the cause of an error below it.
#[derive(Debug)]
struct Note(String);

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Note {}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.note.as_ref().map(|note| note as &(dyn std::error::Error + 'static))
    }
}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Info => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.chain)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

fn report(style: Style, context: &Context<'_>, diagnostic: &Diagnostic) -> Report {
    let mut builder = Builder { style, context, snippets: Vec::new() };
    builder.add(diagnostic.file, builder.shortened(diagnostic.file, diagnostic.span), &diagnostic.label);
    // What starts at the place of the finding is said by its label.
    let is_elsewhere = |it: &&Evidence| (it.file, it.span) != (diagnostic.file, diagnostic.span);
    for evidence in diagnostic.evidence.iter().filter(is_elsewhere) {
        builder.add(evidence.file, builder.first_line(evidence.file, evidence.span), &evidence.what);
    }
    let (chain, labels) = builder.build();
    Report {
        code: format!("{} {}", diagnostic.code, diagnostic.name),
        message: clean(&diagnostic.message),
        note: diagnostic.note.as_deref().map(clean).map(Note),
        help: clean(&diagnostic.help),
        severity: diagnostic.severity,
        chain,
        labels,
    }
}

/// What the finding rests on, each entry once, and where more is said.
fn footer(diagnostic: &Diagnostic) -> String {
    let mut lines: Vec<String> = Vec::new();
    for knowledge in diagnostic.evidence.iter().filter_map(|evidence| evidence.knowledge.as_deref()) {
        let line = harmless(knowledge);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.push(format!("More: gilcheck rule {}", diagnostic.code));
    lines.join("\n")
}

fn clean(text: &str) -> String {
    text.lines().map(harmless).collect::<Vec<_>>().join("\n")
}

/// Snippets of several files, laid end to end in the order of the evidence, so that miette, which
/// knows one source a report, shows them one after the other under their own names.
#[derive(Debug)]
struct Chain {
    snippets: Vec<Snippet>,
}

/// Some lines of a file.
#[derive(Debug)]
struct Snippet {
    name: String,
    /// From 0.
    first_row: usize,
    /// Its place in the chain.
    start: usize,
    text: String,
    /// Of the first label, from 0, in code points.
    row: usize,
    column: usize,
}

impl SourceCode for Chain {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let end = span.offset() + span.len();
        let holds = |snippet: &&Snippet| snippet.start <= span.offset() && end <= snippet.start + snippet.text.len();
        let snippet = self.snippets.iter().find(holds).ok_or(MietteError::OutOfBounds)?;
        // Without lines around it, the span is asked for its place only.
        let (row, column) =
            if lines_before + lines_after == 0 { (snippet.row, snippet.column) } else { (snippet.first_row, 0) };
        Ok(Box::new(MietteSpanContents::new_named(
            snippet.name.clone(),
            snippet.text.as_bytes(),
            (snippet.start, snippet.text.len()).into(),
            row,
            column,
            snippet.text.matches('\n').count() + 1,
        )))
    }
}

struct Builder<'a> {
    style: Style,
    context: &'a Context<'a>,
    snippets: Vec<Draft>,
}

/// Labels of one file that share a snippet, in order and apart from each other.
struct Draft {
    file: FileId,
    labels: Vec<(Span, String)>,
}

impl Builder<'_> {
    fn add(&mut self, file: FileId, span: Span, label: &str) {
        let label = label.to_string();
        let lines = self.context.analysis.lines(file);
        let joins = self.snippets.last().is_some_and(|last| {
            last.file == file
                && last.labels.last().is_some_and(|(before, _)| {
                    let gap = lines.row(span.start).saturating_sub(lines.row(before.end));
                    let apart = self.cell(file, lines.row(before.start)) != self.cell(file, lines.row(span.start));
                    before.end <= span.start && gap <= NEAR && !apart && !self.is_long(file, span)
                })
        });
        match self.snippets.last_mut() {
            Some(last) if joins => last.labels.push((span, label)),
            _ => self.snippets.push(Draft { file, labels: vec![(span, label)] }),
        }
    }

    /// The range, or its first line where it is too long to show.
    fn shortened(&self, file: FileId, span: Span) -> Span {
        let lines = self.context.analysis.lines(file);
        if lines.row(span.end) - lines.row(span.start) < MOST_LINES { span } else { self.first_line(file, span) }
    }

    fn first_line(&self, file: FileId, span: Span) -> Span {
        let (text, lines) = (self.context.analysis.text(file), self.context.analysis.lines(file));
        let end = lines.line_span(text, lines.row(span.start)).end.min(span.end);
        let kept = Span { start: span.start, end }.of(text).trim_end();
        Span::new(span.start as usize, span.start as usize + kept.len())
    }

    /// True if a line of the range has to be cut, and so cannot be shared.
    fn is_long(&self, file: FileId, span: Span) -> bool {
        let (text, lines) = (self.context.analysis.text(file), self.context.analysis.lines(file));
        let line = lines.line_span(text, lines.row(span.start));
        line.of(text).chars().count() > self.room()
    }

    /// What stands for the part of a line that is cut.
    fn mark(&self) -> &'static str {
        if self.style.unicode { "…" } else { "..." }
    }

    /// How many characters of a source line fit.
    fn room(&self) -> usize {
        self.style.width.saturating_sub(8).max(40)
    }

    fn build(self) -> (Chain, Vec<LabeledSpan>) {
        let mut chain = Chain { snippets: Vec::new() };
        let mut labels = Vec::new();
        let mut start = 0;
        for draft in &self.snippets {
            let snippet = self.snippet(draft, start, &mut labels);
            // A byte between two snippets keeps a label at the end of one out of the next.
            start += snippet.text.len() + 1;
            chain.snippets.push(snippet);
        }
        (chain, labels)
    }

    fn snippet(&self, draft: &Draft, start: usize, labels: &mut Vec<LabeledSpan>) -> Snippet {
        let (text, lines) = (self.context.analysis.text(draft.file), self.context.analysis.lines(draft.file));
        let begin = draft.labels.first().map_or(0, |(span, _)| span.start);
        let end = draft.labels.last().map_or(0, |(span, _)| span.end);
        let (first, last) = (self.context_row(draft.file, lines.row(begin)), lines.row(end));
        let mut cut = String::new();
        let mut rows = Vec::new();
        for row in first..=last {
            let line = lines.line_span(text, row);
            let is_labelled = |(span, _): &&(Span, String)| lines.row(span.start) == row;
            let focus = draft.labels.iter().find(is_labelled).map_or(0, |(span, _)| span.start - line.start);
            let clipped = Clipped::new(line.of(text), focus as usize, self.room(), self.mark());
            rows.push(Row { line, at: cut.len(), removed: clipped.removed, length: clipped.text.len() });
            cut.push_str(&clipped.text);
            cut.push('\n');
        }
        for (index, (span, label)) in draft.labels.iter().enumerate() {
            let range = place(&rows, span.start)..place(&rows, span.end);
            let label = self.wrapped(&cut, &range, label);
            let span: SourceSpan = (start + range.start, range.len()).into();
            labels.push(match index {
                0 => LabeledSpan::new_primary_with_span(Some(label), span),
                _ => LabeledSpan::new_with_span(Some(label), span),
            });
        }
        let position = self.context.place(draft.file, begin);
        // Rows of a notebook count from the beginning of the cell.
        let above = lines.row(begin).saturating_sub(position.row);
        let path = harmless(self.context.path(draft.file));
        Snippet {
            name: position.cell.map_or(path.clone(), |cell| format!("{path}:cell {cell}")),
            first_row: first.saturating_sub(above + 1) as usize,
            start,
            text: cut,
            row: position.row as usize - 1,
            column: position.column as usize - 1,
        }
    }

    fn cell(&self, file: FileId, row: u32) -> Option<u32> {
        self.context.analysis.cell(file, row).map(|(cell, _)| cell)
    }

    /// The row before, for context, unless nothing stands there.
    fn context_row(&self, file: FileId, row: u32) -> u32 {
        let (text, lines) = (self.context.analysis.text(file), self.context.analysis.lines(file));
        let before = row.saturating_sub(1).max(1);
        let is_other = self.cell(file, before) != self.cell(file, row);
        if is_other || lines.line_span(text, before).of(text).trim().is_empty() { row } else { before }
    }

    /// The label in lines that fit to the right of the middle of its range, where miette puts it.
    fn wrapped(&self, text: &str, range: &Range<usize>, label: &str) -> String {
        let before = text.get(..range.start).unwrap_or("");
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let indent = before.get(line..).map_or(0, |line| line.chars().count());
        let body = text.get(range.clone()).unwrap_or("");
        let middle = if body.contains('\n') { 0 } else { indent + body.chars().count() / 2 };
        let room = self.style.width.saturating_sub(middle + 14).max(24);
        let options = textwrap::Options::new(room).word_splitter(textwrap::WordSplitter::NoHyphenation);
        let lines: Vec<String> = label.lines().map(|line| textwrap::fill(&harmless(line), &options)).collect();
        lines.join("\n")
    }
}

/// Where a line of the file went.
struct Row {
    line: Span,
    /// Its first byte in the snippet.
    at: usize,
    /// Bytes taken away before it, less those of the mark that stands for them.
    removed: usize,
    length: usize,
}

/// The place in the snippet of an offset in the file.
fn place(rows: &[Row], offset: u32) -> usize {
    let row = rows.iter().rev().find(|row| row.line.start <= offset);
    let Some(row) = row.or(rows.first()) else { return 0 };
    let inside = (offset.saturating_sub(row.line.start) as usize).saturating_sub(row.removed);
    row.at + inside.min(row.length)
}

/// A line cut to a width, so that what matters can be seen.
struct Clipped {
    text: String,
    removed: usize,
}

impl Clipped {
    /// `focus` is a byte of the line.
    fn new(line: &str, focus: usize, room: usize, mark: &str) -> Clipped {
        if line.len() <= room || line.chars().count() <= room {
            return Clipped { text: harmless(line), removed: 0 };
        }
        let before = line.get(..focus).unwrap_or("");
        let room = room.saturating_sub(2 * mark.chars().count());
        // Some of what stands before the focus is kept.
        let is_far = before.chars().count() > room / 2;
        let skipped = before.char_indices().rev().nth(room / 4).map_or(0, |(at, _)| at);
        let skipped = if is_far && skipped > mark.len() { skipped } else { 0 };
        let rest = line.get(skipped..).unwrap_or("");
        let kept: String = rest.chars().take(room).collect();
        let tail = if kept.len() < rest.len() { mark } else { "" };
        let (head, removed) = if skipped > 0 { (mark, skipped - mark.len()) } else { ("", 0) };
        Clipped { text: format!("{head}{}{tail}", harmless(&kept)), removed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{AnalysisHost, Change};
    use crate::config::Settings;
    use crate::cost::{Cost, Workload};
    use crate::diagnostic::Confidence;
    use std::collections::BTreeMap;

    const MAIN: &str = "\
import json
from threading import Thread

from pkg.work import step


def count(n):
    total = 0
    for i in range(n):
        total += step(i)
    return total


threads = []
for _ in range(10):
    threads.append(Thread(target=count, args=(10**7,), name=\"counter\"))
";
    const WORK: &str = "def step(i):\n    x = \"\x1b[31mé\"; return json.dumps([i] * 1000)\n";

    fn find(text: &str, needle: &str) -> Span {
        let at = text.find(needle).unwrap();
        Span::new(at, at + needle.len())
    }

    fn sample() -> (AnalysisHost, Diagnostic) {
        let mut host = AnalysisHost::new(Settings::default());
        for (path, text) in [("main.py", MAIN), ("pkg/work.py", WORK)] {
            host.apply_change(Change { path: path.into(), text: Some(text.into()), reported: true });
        }
        let evidence = |file, span, what: &str, knowledge: Option<&str>| Evidence {
            file: FileId(file),
            span,
            what: what.into(),
            knowledge: knowledge.map(str::to_string),
        };
        let diagnostic = Diagnostic {
            code: "GIL101",
            name: "cpu-in-threads",
            message: "10 threads run `count`, which computes in Python; only one at a time holds the GIL, so they take turns".into(),
            severity: Severity::Warning,
            confidence: Confidence::High,
            file: FileId(0),
            span: find(MAIN, "Thread(target=count, args=(10**7,), name=\"counter\")"),
            label: "each of 10 threads runs `count(10000000)`".into(),
            workload: Workload::Cpu,
            vehicle: "thread",
            estimate: Cost::ZERO,
            evidence: vec![
                evidence(0, find(MAIN, "Thread(target=count, args=(10**7,), name=\"counter\")"), "calls `count`", None),
                evidence(0, find(MAIN, "for i in range(n):\n        total += step(i)"), "10,000,000 rounds", None),
                evidence(0, find(MAIN, "step(i)"), "calls `step`", None),
                evidence(1, find(WORK, "json.dumps([i] * 1000)"), "`json.dumps` computes about 0.2 ms and holds the GIL throughout", Some("json.dumps: one C call, measured: hold 0.98")),
            ],
            note: Some("about 4 s of bytecode a thread (estimate), so about 40 s for 10 threads; 8 processes would take about 5 s".into()),
            help: "run them in processes: `concurrent.futures.ProcessPoolExecutor`, or `multiprocessing.Process(target=count, …)` in the same place".into(),
            scope: "main".into(),
            fix: None,
        };
        (host, diagnostic)
    }

    fn rendered(style: Style, host: &AnalysisHost, diagnostic: &Diagnostic) -> String {
        let analysis = host.analysis();
        let shown = BTreeMap::new();
        let context = Context { analysis: &analysis, shown: &shown, current: "" };
        let mut out = Vec::new();
        write(&mut out, style, &context, std::slice::from_ref(diagnostic)).unwrap();
        String::from_utf8(out).unwrap()
    }

    const PLAIN: Style = Style { color: false, unicode: true, width: 80 };

    #[test]
    fn a_finding_reads_from_what_to_why_to_what_to_do() {
        let (host, diagnostic) = sample();
        let expected = "\
GIL101 cpu-in-threads

  ⚠ 10 threads run `count`, which computes in Python; only one at a time holds
  │ the GIL, so they take turns
  ╰─▶ about 4 s of bytecode a thread (estimate), so about 40 s for 10 threads;
      8 processes would take about 5 s
    ╭─[main.py:16:20]
 15 │ for _ in range(10):
 16 │     threads.append(Thread(target=count, args=(10**7,), name=\"counter\"))
    ·                    ─────────────────────────┬─────────────────────────
    ·                                             ╰─┤ each of 10 threads runs
    ·                                               │ `count(10000000)`
    ╰────
    ╭─[main.py:9:5]
  8 │     total = 0
  9 │     for i in range(n):
    ·     ─────────┬────────
    ·              ╰── 10,000,000 rounds
 10 │         total += step(i)
    ·                  ───┬───
    ·                     ╰── calls `step`
    ╰────
   ╭─[pkg/work.py:2:26]
 1 │ def step(i):
 2 │     x = \"?[31mé\"; return json.dumps([i] * 1000)
   ·                          ───────────┬──────────
   ·                                     ╰─┤ `json.dumps` computes about
   ·                                       │ 0.2 ms and holds the GIL
   ·                                       │ throughout
   ╰────
  help: run them in processes: `concurrent.futures.ProcessPoolExecutor`, or
        `multiprocessing.Process(target=count, …)` in the same place

  json.dumps: one C call, measured: hold 0.98
  More: gilcheck rule GIL101

";
        assert_eq!(rendered(PLAIN, &host, &diagnostic), expected);
    }

    #[test]
    fn ascii_and_narrow_terminals_get_what_they_can_show() {
        let (host, mut diagnostic) = sample();
        diagnostic.help = "run them in processes".into();
        diagnostic.evidence.truncate(2);
        diagnostic.label = "runs `count`".into();
        let text = rendered(Style { color: false, unicode: false, width: 72 }, &host, &diagnostic);
        assert!(text.is_ascii(), "{text}");
        let long: Vec<_> = text.lines().filter(|line| line.chars().count() > 72).collect();
        assert!(long.is_empty(), "{long:?}");
        let narrow = rendered(Style { color: false, unicode: false, width: 50 }, &host, &diagnostic);
        assert!(narrow.contains("..."), "the long line is cut:\n{narrow}");
    }

    #[test]
    fn odd_places_are_shown_too() {
        let long = format!("{}f({}); g()", "x = 1; ".repeat(100), "y, ".repeat(200));
        let many = "a = f(\n  1,\n  2,\n  3,\n  4,\n)\n";
        for (text, needle, part) in [
            (long.as_str(), "g()", "…y, y, y, y, y, ); g()"),
            (long.as_str(), "f(", "f(y, y, "),
            (many, "f(\n  1,\n  2,\n  3,\n  4,\n)", "a = f("),
            ("a = f(\n  1\n)\n", "f(\n  1\n)", "╰"),
            ("\tf()\r\n\x0c", "f()", "f()"),
            ("x\rf()\ry", "f()", "[a.py:2:1]"),
            ("f()", "", "f()"),
            ("", "", "[a.py:1:1]"),
            ("変数 = 関数()  # \u{202e}", "関数()", "[a.py:1:6]"),
        ] {
            let mut host = AnalysisHost::new(Settings::default());
            host.apply_change(Change { path: "a.py".into(), text: Some(text.into()), reported: true });
            let mut diagnostic = sample().1;
            diagnostic.span = find(text, needle);
            diagnostic.evidence.clear();
            let shown = rendered(PLAIN, &host, &diagnostic);
            assert!(shown.contains(part), "{part:?} is not in\n{shown}");
            assert!(!shown.contains(['\r', '\x0c', '\u{202e}']), "{shown}");
            assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
            // A place outside the text is wrong, but no reason to crash.
            diagnostic.span = Span::new(text.len() + 3, text.len() + 9);
            rendered(PLAIN, &host, &diagnostic);
            diagnostic.file = FileId(7);
            rendered(PLAIN, &host, &diagnostic);
        }
    }
}
