//! Comments that silence findings.
//!
//! ```python
//! pool.map(f, xs)  # gilcheck: ignore[GIL101] the target is a stub
//! # gilcheck: ignore[cpu-in-threads]
//! pool.map(f, xs)
//! # gilcheck: file-ignore[GIL201, GIL202]
//! pool.map(f, xs)  # noqa: GIL101
//! ```

use crate::text::{LineIndex, Span};
use std::ops::RangeInclusive;

/// The comments of one file that silence something.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Suppressions {
    whole_file: Vec<Codes>,
    rows: Vec<(u32, Codes)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Codes {
    All,
    These(Vec<String>),
}

impl Codes {
    fn hold(&self, code: &str, name: &str) -> bool {
        match self {
            Codes::All => true,
            Codes::These(these) => these.iter().any(|this| this.eq_ignore_ascii_case(code) || this == name),
        }
    }
}

impl Suppressions {
    /// Finds them among the comments of a file, which come in source order.
    pub fn read(text: &str, lines: &LineIndex, comments: &[Span]) -> Suppressions {
        let mut found = Suppressions::default();
        // Rows on which a comment stands alone.
        let alone: Vec<u32> = comments.iter().filter_map(|span| own_row(text, lines, *span)).collect();
        for &comment in comments {
            let row = lines.row(comment.start);
            for directive in directives(comment.of(text)) {
                match directive {
                    Directive::File(codes) => found.whole_file.push(codes),
                    Directive::Statement(codes) if alone.binary_search(&row).is_ok() => {
                        // Other comments may stand between it and the statement it is for.
                        let mut below = row + 1;
                        while alone.binary_search(&below).is_ok() {
                            below += 1;
                        }
                        found.rows.push((row, codes.clone()));
                        found.rows.push((below, codes));
                    }
                    Directive::Statement(codes) | Directive::Line(codes) => found.rows.push((row, codes)),
                }
            }
        }
        found
    }

    /// Whether a finding is silenced that stands on the rows `finding` of a statement that begins and
    /// ends on the rows of `statement`; for one with a body (`for`, `with`), those of its head.
    pub fn silence(
        &self,
        code: &str,
        name: &str,
        finding: RangeInclusive<u32>,
        statement: RangeInclusive<u32>,
    ) -> bool {
        let on_row = |row: u32| finding.contains(&row) || row == *statement.start() || row == *statement.end();
        self.whole_file.iter().any(|codes| codes.hold(code, name))
            || self.rows.iter().any(|(row, codes)| on_row(*row) && codes.hold(code, name))
    }
}

/// Where to write what so that a finding of `code` is silenced: at the end of a line of the finding or of its
/// statement that ends outside of strings, else on a line of its own above.
pub fn edit(
    text: &str,
    lines: &LineIndex,
    comments: &[Span],
    code: &str,
    finding: Span,
    statement: Span,
) -> Option<(Span, String)> {
    let rows = [lines.row(finding.start), lines.row(finding.end), lines.row(statement.end), lines.row(statement.start)];
    for row in rows {
        let line = lines.line_span(text, row);
        let comment = comments.iter().find(|comment| lines.row(comment.start) == row);
        if let Some(comment) = comment {
            return Some(beside(text, *comment, code));
        }
        let added = format!("  # gilcheck: ignore[{code}]");
        if is_comment_at(text, line.end, &added) {
            return Some((Span { start: line.end, end: line.end }, added));
        }
    }
    let start = lines.start_of(lines.row(statement.start));
    let line = lines.line_span(text, lines.row(statement.start)).of(text);
    let indent = line.get(..line.len() - line.trim_start().len()).unwrap_or("");
    Some((Span { start, end: start }, format!("{indent}# gilcheck: ignore[{code}]\n")))
}

/// Adds a code to a comment, to its list if it has one.
fn beside(text: &str, comment: Span, code: &str) -> (Span, String) {
    let words = comment.of(text);
    let list = words.find("gilcheck: ignore[").and_then(|at| Some(at + words.get(at..)?.find(']')?));
    match list {
        Some(end) => {
            let at = comment.start + Span::new(end, end).start;
            (Span { start: at, end: at }, format!(", {code}"))
        }
        None => (Span { start: comment.end, end: comment.end }, format!("  # gilcheck: ignore[{code}]")),
    }
}

/// True if what is added there reads as a comment, not as part of a string or behind a backslash.
fn is_comment_at(text: &str, at: u32, added: &str) -> bool {
    let (Some(before), Some(after)) = (text.get(..at as usize), text.get(at as usize..)) else { return false };
    if before.ends_with('\\') {
        return false;
    }
    let tree = crate::syntax::parse(&format!("{before}{added}{after}"));
    let start = at + 2;
    tree.comments.iter().any(|comment| comment.start == start)
}

enum Directive {
    /// For its line; alone on a line, for the statement below too.
    Statement(Codes),
    /// For its line only.
    Line(Codes),
    File(Codes),
}

/// One comment can hold several: `# type: ignore  # gilcheck: ignore[GIL101]`.
fn directives(comment: &str) -> impl Iterator<Item = Directive> {
    comment.split('#').filter_map(|part| {
        let part = part.trim_start();
        match part.strip_prefix("gilcheck:") {
            Some(rest) => own(rest.trim_start()),
            None => noqa(part),
        }
    })
}

/// `ignore`, `ignore[GIL101, cpu-in-threads] reason`, `file-ignore[GIL101]`.
fn own(text: &str) -> Option<Directive> {
    let (rest, wrap): (&str, fn(Codes) -> Directive) = match text.strip_prefix("file-ignore") {
        Some(rest) => (rest, Directive::File),
        None => (text.strip_prefix("ignore")?, Directive::Statement),
    };
    if let Some(list) = rest.strip_prefix('[') {
        let (list, _) = list.split_once(']')?;
        let codes = list.split(',').map(str::trim).filter(|code| !code.is_empty());
        return Some(wrap(Codes::These(codes.map(str::to_string).collect())));
    }
    let ends = rest.chars().next().is_none_or(|c| c.is_whitespace() || c == ':');
    ends.then(|| wrap(Codes::All))
}

/// `noqa`, `noqa: GIL101, E501 reason`; a colon without codes silences nothing, as in ruff.
fn noqa(text: &str) -> Option<Directive> {
    let (word, rest) = text.split_at_checked("noqa".len())?;
    if !word.eq_ignore_ascii_case("noqa") {
        return None;
    }
    let Some(list) = rest.strip_prefix(':') else {
        let bare = rest.chars().next().is_none_or(char::is_whitespace);
        return bare.then_some(Directive::Line(Codes::All));
    };
    let words = list.split([',', ' ', '\t']).filter(|word| !word.is_empty());
    let codes: Vec<String> = words.take_while(|word| is_code(word)).map(str::to_string).collect();
    (!codes.is_empty()).then_some(Directive::Line(Codes::These(codes)))
}

fn is_code(word: &str) -> bool {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    digits.len() < word.len() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The row of a comment that has its line for itself.
fn own_row(text: &str, lines: &LineIndex, comment: Span) -> Option<u32> {
    let row = lines.row(comment.start);
    let before = Span { start: lines.start_of(row), end: comment.start };
    before.of(text).trim().is_empty().then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows (from 1) on which a one-line finding of GIL101 is silenced.
    /// The text with a finding at `call()` silenced.
    #[track_caller]
    fn silenced(text: &str, expected: &str) {
        let tree = crate::syntax::parse(text);
        let start = text.find("call(").unwrap();
        let end = start + text.get(start..).unwrap().find(')').unwrap() + 1;
        let statement = Span::new(text.find("x =").unwrap(), text.trim_end().len());
        let finding = Span::new(start, end);
        let (span, added) = edit(text, &LineIndex::new(text), &tree.comments, "GIL1", finding, statement).unwrap();
        let mut text = text.to_string();
        text.replace_range(span.start as usize..span.end as usize, &added);
        assert_eq!(text, expected);
    }

    #[test]
    fn a_finding_is_silenced_where_a_comment_can_stand() {
        silenced("x = call()\n", "x = call()  # gilcheck: ignore[GIL1]\n");
        silenced("x = call()  # why\n", "x = call()  # why  # gilcheck: ignore[GIL1]\n");
        let listed = "x = call()  # gilcheck: ignore[GIL2] why\n";
        silenced(listed, "x = call()  # gilcheck: ignore[GIL2, GIL1] why\n");
        let string = "x = call() + \"\"\"\na\"\"\"\n";
        silenced(string, "x = call() + \"\"\"\na\"\"\"  # gilcheck: ignore[GIL1]\n");
        silenced("x = call() + \\\n    1\n", "x = call() + \\\n    1  # gilcheck: ignore[GIL1]\n");
        let nested = "if a:\n    x = \"\"\"\n\"\"\" + call() + \"\"\"\nb\"\"\" + \\\n    '\\\n'\n";
        silenced(nested, &nested.replace("\\\n'\n", "\\\n'  # gilcheck: ignore[GIL1]\n"));
    }

    #[track_caller]
    fn check(text: &str, expected: &[u32]) {
        let lines = LineIndex::new(text);
        let comments: Vec<Span> = (1..=u32::try_from(lines.lines()).unwrap())
            .filter_map(|row| {
                let line = lines.line_span(text, row);
                let at = line.of(text).find('#')?;
                Some(Span { start: line.start + u32::try_from(at).unwrap(), end: line.end })
            })
            .collect();
        let found = Suppressions::read(text, &lines, &comments);
        let rows = (1..=u32::try_from(lines.lines()).unwrap())
            .filter(|&row| found.silence("GIL101", "cpu-in-threads", row..=row, row..=row));
        assert_eq!(rows.collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn on_the_line_and_above_it() {
        check("f()\nf()  # gilcheck: ignore[GIL101]\nf()", &[2]);
        check("f()  # gilcheck: ignore[cpu-in-threads]: it is a stub", &[1]);
        check("f()  # gilcheck: ignore", &[1]);
        check("f()  # gilcheck:ignore[GIL301, GIL101]", &[1]);
        check("# gilcheck: ignore[GIL101]\nf()\nf()", &[1, 2]);
        check("# gilcheck: ignore[GIL101]\n# because\nf()", &[1, 3]);
        check("f()  # type: ignore  # gilcheck: ignore[GIL101]", &[1]);
        check("# gilcheck: file-ignore[GIL101]\nf()", &[1, 2]);
    }

    #[test]
    fn noqa_is_honoured() {
        check("f()  # noqa", &[1]);
        check("f()  # NOQA: gil101", &[1]);
        check("f()  # noqa:E501,GIL101 why", &[1]);
        check("f()  # noqa: E501 GIL101", &[1]);
        check("# noqa: GIL101\nf()", &[1]);
    }

    #[test]
    fn what_is_meant_for_others_silences_nothing() {
        check("f()  # gilcheck: ignore[GIL301]", &[]);
        check("f()  # gilcheck: ignore[]", &[]);
        check("f()  # gilcheck: ignore[GIL101", &[]);
        check("f()  # gilcheck: ignored", &[]);
        check("f()  # noqa: E501", &[]);
        check("f()  # noqa: see GIL101", &[]);
        check("f()  # flake8: noqa", &[]);
        check("f()  # about noqa", &[]);
    }

    #[test]
    fn a_long_statement_is_silenced_from_both_ends() {
        let text = "x = [\n  f(),  # gilcheck: ignore\n]  # noqa\n";
        let lines = LineIndex::new(text);
        let comment = |row: u32| {
            let line = lines.line_span(text, row);
            let at = line.of(text).find('#').unwrap();
            Span { start: line.start + u32::try_from(at).unwrap(), end: line.end }
        };
        let last = Suppressions::read(text, &lines, &[comment(3)]);
        assert!(last.silence("GIL101", "cpu-in-threads", 2..=2, 1..=3));
        assert!(!last.silence("GIL101", "cpu-in-threads", 2..=2, 2..=2));
        let inside = Suppressions::read(text, &lines, &[comment(2)]);
        assert!(inside.silence("GIL101", "cpu-in-threads", 2..=2, 1..=3));
        assert!(!inside.silence("GIL101", "cpu-in-threads", 1..=1, 1..=3));
    }
}
