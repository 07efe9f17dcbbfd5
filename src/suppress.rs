//! Comments that silence findings, and what they are good for.
//!
//! ```python
//! pool.map(f, xs)  # gilcheck: ignore[GIL101] the target is a stub
//! # gilcheck: ignore[cpu-in-threads]
//! pool.map(f, xs)
//! # gilcheck: file-ignore[GIL201, GIL202]
//! # gilcheck: disable[GIL301]
//! await f()
//! # gilcheck: enable[GIL301]
//! pool.map(f, xs)  # noqa: GIL101
//! ```

use crate::config::nearest;
use crate::text::{LineIndex, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// The comments of one file that silence something, in source order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Suppressions {
    directives: Vec<Directive>,
    /// Those that reach single rows, by row.
    by_row: BTreeMap<u32, Vec<usize>>,
    /// The others.
    wide: Vec<usize>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// What it does.
    pub kind: Kind,
    /// From its `#` to the end of the codes, without the reason.
    pub span: Span,
    /// From its `#` to the next one or the end of the comment.
    pub whole: Span,
    /// What it names; `None` for all rules.
    pub codes: Option<Vec<Code>>,
    reach: Reach,
}

/// What a directive does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `gilcheck: ignore`
    Ignore,
    /// `gilcheck: file-ignore`
    FileIgnore,
    /// `gilcheck: disable`
    Disable,
    /// `gilcheck: enable`
    Enable,
    /// `noqa`, which is for other linters too.
    Noqa,
    /// A slip of the pen for this word of [`WORDS`]: it does nothing.
    Slip(&'static str),
}

/// What may follow `gilcheck:`.
const WORDS: [(&str, Kind); 4] =
    [("ignore", Kind::Ignore), ("file-ignore", Kind::FileIgnore), ("disable", Kind::Disable), ("enable", Kind::Enable)];

/// A code or a name between the brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// As it is written.
    pub text: String,
    /// Where.
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    File,
    /// Its row, and that of the statement below where it stands alone.
    Rows(Vec<u32>),
    /// From its row to the end of the block that it stands in.
    Onwards(RangeInclusive<u32>),
}

/// A directive by its place among the others, and which of its codes.
pub type Use = (usize, Option<usize>);

/// A directive that silences nothing, or some codes of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// From the `#` to the end of the codes.
    pub span: Span,
    /// As it is written.
    pub text: String,
    /// The codes that silence nothing; empty where that is the whole comment, which names none.
    pub codes: Vec<String>,
    /// Those that name no rule.
    pub unknown: Vec<String>,
    /// The word that was meant, where it is no word of ours.
    pub meant: Option<&'static str>,
    /// What is left when they go: the range to replace, and by what.
    pub removal: (Span, String),
}

impl Directive {
    /// The code by which it holds for a rule.
    fn holds(&self, code: &str, name: &str) -> Option<Option<usize>> {
        match &self.codes {
            None => Some(None),
            Some(codes) => {
                let fits = |it: &Code| it.text.eq_ignore_ascii_case(code) || it.text == name;
                codes.iter().position(fits).map(Some)
            }
        }
    }
}

impl Suppressions {
    /// Finds them among the comments of a file, which come in source order, as the statements do.
    pub fn read(text: &str, lines: &LineIndex, comments: &[Span], statements: &[Span]) -> Suppressions {
        let mut found = Suppressions::default();
        // Rows on which a comment stands alone.
        let alone: Vec<u32> = comments.iter().filter_map(|span| own_row(text, lines, *span)).collect();
        let mut blocks: Option<Blocks> = None;
        // The last run of rows without code, and the row below it.
        let mut run = 0..0;
        for &comment in comments {
            let row = lines.row(comment.start);
            for part in directives(text, comment) {
                let reach = match part.kind {
                    Kind::FileIgnore => Reach::File,
                    Kind::Disable | Kind::Enable => {
                        let blocks = blocks.get_or_insert_with(|| Blocks::new(text, lines, statements));
                        Reach::Onwards(row..=blocks.end(comment.start, indentation(text, lines, row)))
                    }
                    Kind::Ignore if alone.binary_search(&row).is_ok() => {
                        // Other comments and empty lines may stand between it and the statement it is for.
                        let is_blank = |row| lines.line_span(text, row).of(text).trim().is_empty();
                        let last = lines.row(Span::new(text.len(), text.len()).start);
                        if !run.contains(&row) {
                            run = row..row + 1;
                            while run.end < last && (alone.binary_search(&run.end).is_ok() || is_blank(run.end)) {
                                run.end += 1;
                            }
                        }
                        Reach::Rows(vec![row, run.end])
                    }
                    Kind::Ignore | Kind::Noqa | Kind::Slip(_) => Reach::Rows(vec![row]),
                };
                let Part { kind, span, whole, codes } = part;
                let index = found.directives.len();
                match &reach {
                    Reach::Rows(rows) => rows.iter().for_each(|row| found.by_row.entry(*row).or_default().push(index)),
                    Reach::File | Reach::Onwards(_) => found.wide.push(index),
                }
                found.directives.push(Directive { kind, span, whole, codes, reach });
            }
        }
        found
    }

    /// All of them.
    pub fn directives(&self) -> &[Directive] {
        &self.directives
    }

    /// What silences a finding on the rows `finding` of a statement that begins and ends on the rows of
    /// `statement`; for one with a body (`for`, `with`), those of its head. Empty where nothing does.
    pub fn silence(
        &self,
        code: &str,
        name: &str,
        finding: RangeInclusive<u32>,
        statement: RangeInclusive<u32>,
    ) -> Vec<Use> {
        let ends = [*statement.start(), *statement.end()];
        let on_rows = self.by_row.range(finding.clone()).map(|(_, indices)| indices);
        let on_rows = on_rows.chain(ends.iter().filter_map(|row| self.by_row.get(row))).flatten();
        let candidates: BTreeSet<usize> = on_rows.chain(&self.wide).copied().collect();
        let mut uses = Vec::new();
        let mut open: Option<Use> = None;
        for index in candidates {
            let Some(directive) = self.directives.get(index) else { continue };
            let Some(by) = directive.holds(code, name) else { continue };
            if matches!(directive.kind, Kind::Slip(_)) {
                continue;
            }
            match &directive.reach {
                Reach::File => uses.push((index, by)),
                Reach::Rows(_) => uses.push((index, by)),
                Reach::Onwards(rows) if rows.contains(finding.start()) => {
                    open = (directive.kind == Kind::Disable).then_some((index, by));
                }
                Reach::Onwards(_) => {}
            }
        }
        uses.extend(open);
        uses
    }

    /// The directives, or their codes, that `uses` does not have. `judge` says of a code whether it counts; of `None`,
    /// whether comments for all rules do.
    pub fn unused(
        &self,
        text: &str,
        lines: &LineIndex,
        uses: &BTreeSet<Use>,
        judge: impl Fn(Option<&str>) -> Judgement,
    ) -> Vec<Unused> {
        let mut all = Vec::new();
        for (index, directive) in self.directives.iter().enumerate() {
            // What `enable` ends may have been used or not; it is no comment that silences.
            if directive.kind == Kind::Enable {
                continue;
            }
            if let Kind::Slip(meant) = directive.kind {
                all.push(directive.slip(text, meant));
                continue;
            }
            let Some(codes) = &directive.codes else {
                let idle = directive.kind != Kind::Noqa && !uses.contains(&(index, None));
                if idle && judge(None) == Judgement::Counts {
                    all.push(directive.unused(text, lines, &[], Vec::new()));
                }
                continue;
            };
            let (mut idle, mut unknown) = (Vec::new(), Vec::new());
            for (at, code) in codes.iter().enumerate() {
                match judge(Some(&code.text)) {
                    Judgement::Counts if !uses.contains(&(index, Some(at))) => idle.push(at),
                    // `noqa` may name the rules of anybody.
                    Judgement::Unknown if directive.kind != Kind::Noqa => {
                        idle.push(at);
                        unknown.push(code.text.clone());
                    }
                    Judgement::Counts | Judgement::Unknown | Judgement::Abstains => {}
                }
            }
            if !idle.is_empty() || (codes.is_empty() && directive.kind != Kind::Noqa) {
                all.push(directive.unused(text, lines, &idle, unknown));
            }
        }
        all
    }
}

/// Whether a code in a comment can be called unused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The rule ran.
    Counts,
    /// The rule did not run, so nobody knows.
    Abstains,
    /// There is no such rule.
    Unknown,
}

impl Directive {
    /// `idle` are its codes that silence nothing, by their places, in order.
    fn unused(&self, text: &str, lines: &LineIndex, idle: &[usize], unknown: Vec<String>) -> Unused {
        let codes = self.codes.as_deref().unwrap_or(&[]);
        let name = |at: &usize| codes.get(*at).map(|code| code.text.clone());
        let kept: Vec<&Code> =
            codes.iter().enumerate().filter(|(at, _)| idle.binary_search(at).is_err()).map(|(_, code)| code).collect();
        let removal = match (kept.is_empty(), codes.first(), codes.last()) {
            (false, Some(first), Some(last)) => {
                let list: Vec<&str> = kept.iter().map(|code| code.text.as_str()).collect();
                (Span { start: first.span.start, end: last.span.end }, list.join(", "))
            }
            _ => (self.removal(text, lines), String::new()),
        };
        Unused {
            span: self.span,
            text: self.span.of(text).to_string(),
            codes: idle.iter().filter_map(name).collect(),
            unknown,
            meant: None,
            removal,
        }
    }

    /// The word that is none, and what is to take its place.
    fn slip(&self, text: &str, meant: &'static str) -> Unused {
        let written = self.span.of(text);
        // The span ends with the word.
        let word = written.rsplit(|c: char| !is_word(c)).next().unwrap_or("");
        let start = self.span.end - Span::new(0, word.len()).end;
        Unused {
            span: self.span,
            text: written.to_string(),
            codes: Vec::new(),
            unknown: Vec::new(),
            meant: Some(meant),
            removal: (Span { start, end: self.span.end }, meant.to_string()),
        }
    }

    /// The range that goes with the directive: its line where nothing else stands there.
    fn removal(&self, text: &str, lines: &LineIndex) -> Span {
        let row = lines.row(self.whole.start);
        let line = lines.line_span(text, row);
        let before = Span { start: line.start, end: self.whole.start }.of(text);
        let is_last = self.whole.end >= line.end;
        if before.trim().is_empty() && is_last {
            let next = lines.start_of(row + 1);
            return Span { start: line.start, end: if next > line.start { next } else { line.end } };
        }
        let spaces = before.len() - before.trim_end().len();
        let start = self.whole.start - u32::try_from(spaces).unwrap_or(0);
        // What follows in the same comment keeps its distance from the code.
        if is_last { Span { start, end: line.end } } else { self.whole }
    }
}

/// A finding that is to be silenced.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The rule's code.
    pub code: &'a str,
    /// Where the finding is.
    pub span: Span,
    /// The statement around it; of one with a body, its beginning, as an empty range.
    pub statement: Option<Span>,
}

/// Comments that silence findings: ranges in source order, and what takes their place. A comment stands at the end
/// of its statement, or above where it has a body or shares its line.
pub fn insertions(
    text: &str,
    lines: &LineIndex,
    comments: &[Span],
    wanted: &[Wanted<'_>],
    reason: &str,
) -> Vec<(Span, String)> {
    let mut places: BTreeMap<Anchor, BTreeSet<&str>> = BTreeMap::new();
    for it in wanted {
        places.entry(anchor(text, lines, comments, it)).or_default().insert(it.code);
    }
    let reason: String = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = if reason.is_empty() { reason } else { format!(" {reason}") };
    let mut edits: Vec<(Span, String)> = places
        .into_iter()
        .map(|(anchor, codes)| {
            let list = codes.into_iter().collect::<Vec<_>>().join(", ");
            match anchor {
                Anchor::Above(row) => {
                    let line = lines.line_span(text, row).of(text);
                    let indent = line.get(..line.len() - line.trim_start().len()).unwrap_or("");
                    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
                    let at = lines.start_of(row);
                    (Span { start: at, end: at }, format!("{indent}# gilcheck: ignore[{list}]{reason}{end}"))
                }
                Anchor::End(row) => {
                    let line = lines.line_span(text, row);
                    let own = comments.iter().filter(|comment| lines.row(comment.start) == row);
                    let mut own = own.flat_map(|comment| directives(text, *comment));
                    let codes = own.find_map(|part| part.codes.filter(|_| part.kind == Kind::Ignore));
                    // A list that is there is made longer.
                    if let Some(last) = codes.as_ref().and_then(|codes| codes.last()) {
                        return (Span { start: last.span.end, end: last.span.end }, format!(", {list}"));
                    }
                    let content = line.of(text).trim_end();
                    let start = line.start + u32::try_from(content.len()).unwrap_or(0);
                    (Span { start, end: line.end }, format!("  # gilcheck: ignore[{list}]{reason}"))
                }
            }
        })
        .collect();
    edits.sort();
    edits
}

/// Where a comment is to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Anchor {
    /// On a line of its own above this row.
    Above(u32),
    /// At the end of this row.
    End(u32),
}

fn anchor(text: &str, lines: &LineIndex, comments: &[Span], wanted: &Wanted<'_>) -> Anchor {
    let statement = wanted.statement.unwrap_or(Span { start: wanted.span.start, end: wanted.span.start });
    let row = lines.row(statement.end);
    let line = lines.line_span(text, row);
    let rest = Span { start: statement.end, end: line.end };
    let blank = u32::try_from(rest.of(text).len() - rest.of(text).trim_start().len()).unwrap_or(0);
    let is_comment = comments.iter().any(|comment| comment.start == statement.end + blank);
    let is_simple = statement.end > statement.start;
    if is_simple && (rest.of(text).trim().is_empty() || is_comment) {
        Anchor::End(row)
    } else {
        Anchor::Above(lines.row(statement.start))
    }
}

/// Where blocks end, by the columns in which statements begin.
struct Blocks {
    /// Start, row and indentation of statements that begin their row.
    starts: Vec<(u32, u32, usize)>,
    /// The next of them that is indented less.
    next_outer: Vec<Option<usize>>,
}

impl Blocks {
    fn new(text: &str, lines: &LineIndex, statements: &[Span]) -> Blocks {
        let mut starts: Vec<(u32, u32, usize)> = statements
            .iter()
            .filter_map(|span| {
                let row = lines.row(span.start);
                let indent = indentation(text, lines, row);
                let begins = span.start as usize == lines.start_of(row) as usize + indent;
                begins.then_some((span.start, row, indent))
            })
            .collect();
        starts.sort_unstable();
        let mut next_outer = vec![None; starts.len()];
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (index, &(_, _, indent)) in starts.iter().enumerate() {
            while let Some(&(inner, deeper)) = open.last()
                && deeper > indent
            {
                if let Some(entry) = next_outer.get_mut(inner) {
                    *entry = Some(index);
                }
                open.pop();
            }
            open.push((index, indent));
        }
        Blocks { starts, next_outer }
    }

    /// The last row of the block around a comment with that indentation.
    fn end(&self, comment: u32, indent: usize) -> u32 {
        let mut at = Some(self.starts.partition_point(|(start, _, _)| *start <= comment));
        while let Some(index) = at
            && let Some(&(_, row, other)) = self.starts.get(index)
        {
            if other < indent {
                return row - 1;
            }
            at = self.next_outer.get(index).copied().flatten();
        }
        u32::MAX
    }
}

/// Bytes of white space before the first word of a row.
fn indentation(text: &str, lines: &LineIndex, row: u32) -> usize {
    let line = lines.line_span(text, row).of(text);
    line.len() - line.trim_start().len()
}

/// A directive before it is known how far it reaches.
struct Part {
    kind: Kind,
    span: Span,
    whole: Span,
    codes: Option<Vec<Code>>,
}

/// One comment can hold several: `# type: ignore  # gilcheck: ignore[GIL101]`.
fn directives(text: &str, comment: Span) -> Vec<Part> {
    let content = comment.of(text);
    let marks: Vec<usize> = content.match_indices('#').map(|(at, _)| at).collect();
    let ends = marks.iter().skip(1).copied().chain([content.len()]);
    let base = comment.start as usize;
    marks
        .iter()
        .zip(ends)
        .filter_map(|(&start, end)| {
            let part = content.get(start + 1..end)?;
            let trimmed = part.trim_start();
            let at = base + start + 1 + (part.len() - trimmed.len());
            let (kind, codes, length) = match trimmed.strip_prefix("gilcheck:") {
                Some(rest) => {
                    let words = rest.trim_start();
                    let skipped = trimmed.len() - words.len();
                    let (kind, codes, length) = own(words, at + skipped)?;
                    (kind, codes, skipped + length)
                }
                None => noqa(trimmed, at)?,
            };
            let whole = Span::new(base + start, base + end);
            Some(Part { kind, span: Span::new(base + start, at + length), whole, codes })
        })
        .collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '_'
}

type Parsed = (Kind, Option<Vec<Code>>, usize);

/// `ignore`, `ignore[GIL101, cpu-in-threads] reason`, `file-ignore[GIL101]`, `disable[…]`, `enable[…]`. The text
/// starts at byte `at` of the file.
fn own(text: &str, at: usize) -> Option<Parsed> {
    let word = text.get(..text.find(|c| !is_word(c)).unwrap_or(text.len()))?;
    let rest = text.get(word.len()..)?;
    let Some((_, kind)) = WORDS.into_iter().find(|(known, _)| *known == word) else {
        // What is not even like one of the words may be a note to people.
        let meant = nearest(word, WORDS.map(|(known, _)| known))?;
        return Some((Kind::Slip(meant), None, word.len()));
    };
    if let Some(list) = rest.strip_prefix('[') {
        let (list, _) = list.split_once(']')?;
        let mut start = word.len() + 1;
        let mut codes = Vec::new();
        for item in list.split(',') {
            let code = item.trim();
            if !code.is_empty() {
                let from = at + start + (item.len() - item.trim_start().len());
                codes.push(Code { text: code.to_string(), span: Span::new(from, from + code.len()) });
            }
            start += item.len() + 1;
        }
        return Some((kind, Some(codes), start));
    }
    let ends = rest.chars().next().is_none_or(|c| c.is_whitespace() || c == ':');
    ends.then_some((kind, None, word.len()))
}

/// `noqa`, `noqa: GIL101, E501 reason`; a colon without codes silences nothing, as in ruff.
fn noqa(text: &str, at: usize) -> Option<Parsed> {
    let word = text.get(.."noqa".len())?;
    if !word.eq_ignore_ascii_case("noqa") {
        return None;
    }
    let rest = text.get(word.len()..)?;
    let Some(list) = rest.strip_prefix(':') else {
        let bare = rest.chars().next().is_none_or(char::is_whitespace);
        return bare.then_some((Kind::Noqa, None, word.len()));
    };
    let mut codes = Vec::new();
    let (mut start, mut end) = (word.len() + 1, word.len());
    for item in list.split([',', ' ', '\t']) {
        if !item.is_empty() {
            if !is_code(item) {
                break;
            }
            end = start + item.len();
            codes.push(Code { text: item.to_string(), span: Span::new(at + start, at + end) });
        }
        start += item.len() + 1;
    }
    (!codes.is_empty()).then_some((Kind::Noqa, Some(codes), end))
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

    /// Comments and statements as far as these texts need: no strings with `#`, one statement a row.
    fn read(text: &str) -> (LineIndex, Suppressions) {
        let lines = LineIndex::new(text);
        let (mut comments, mut statements) = (Vec::new(), Vec::new());
        for row in 1..=u32::try_from(lines.lines()).unwrap() {
            let line = lines.line_span(text, row);
            let code = line.of(text).split('#').next().unwrap();
            if !code.trim().is_empty() {
                let indent = u32::try_from(code.len() - code.trim_start().len()).unwrap();
                statements.push(Span { start: line.start + indent, end: line.end });
            }
            if let Some(at) = line.of(text).find('#') {
                comments.push(Span { start: line.start + u32::try_from(at).unwrap(), end: line.end });
            }
        }
        let found = Suppressions::read(text, &lines, &comments, &statements);
        (lines, found)
    }

    /// The rows (from 1) on which a one-line finding of GIL101 is silenced.
    #[track_caller]
    fn check(text: &str, expected: &[u32]) {
        let (lines, found) = read(text);
        let rows = (1..=u32::try_from(lines.lines()).unwrap())
            .filter(|&row| !found.silence("GIL101", "cpu-in-threads", row..=row, row..=row).is_empty());
        assert_eq!(rows.collect::<Vec<_>>(), expected, "{text}");
    }

    /// What is called unused where only GIL101 on the given rows was found, and the text without it.
    #[track_caller]
    fn unused(text: &str, rows: &[u32], expected: &[&str], without: &str) {
        let (lines, found) = read(text);
        let uses: BTreeSet<Use> =
            rows.iter().flat_map(|&row| found.silence("GIL101", "cpu-in-threads", row..=row, row..=row)).collect();
        let judge = |code: Option<&str>| match code {
            None | Some("GIL101" | "GIL201" | "cpu-in-threads") => Judgement::Counts,
            Some("GIL202") => Judgement::Abstains,
            Some(_) => Judgement::Unknown,
        };
        let unused = found.unused(text, &lines, &uses, judge);
        assert_eq!(unused.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), expected, "{text}");
        let mut left = text.to_string();
        for it in unused.iter().rev() {
            let (span, new) = &it.removal;
            left.replace_range(span.start as usize..span.end as usize, new);
        }
        assert_eq!(left, without);
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
    fn ranges_end_at_enable_or_with_their_block() {
        check("f()\n# gilcheck: disable[GIL101]\nf()\nf()\n# gilcheck: enable[GIL101]\nf()", &[2, 3, 4]);
        check("# gilcheck: disable\nf()\n# gilcheck: enable[GIL101]\nf()", &[1, 2]);
        check("# gilcheck: disable[GIL101]\nf()\n# gilcheck: enable[GIL201]\nf()", &[1, 2, 3, 4]);
        check("# gilcheck: disable[GIL101]\nf()\n# gilcheck: enable\nf()", &[1, 2]);
        check("def g():\n    # gilcheck: disable[GIL101]\n    if x:\n        f()\n    f()\nf()", &[2, 3, 4, 5]);
        check("if a:\n        # gilcheck: disable[GIL101]\n        f()\n    # no code\nelse:\n    f()", &[2, 3, 4]);
        check("# gilcheck: disable[GIL201]\nf()", &[]);
    }

    #[test]
    fn what_is_meant_for_others_silences_nothing() {
        check("f()  # gilcheck: ignore[GIL301]", &[]);
        check("f()  # gilcheck: ignore[]", &[]);
        check("f()  # gilcheck: ignore[GIL101", &[]);
        check("f()  # gilcheck: ignored", &[]);
        check("f()  # gilcheck: disabled", &[]);
        check("f()  # noqa: E501", &[]);
        check("f()  # noqa: see GIL101", &[]);
        check("f()  # flake8: noqa", &[]);
        check("f()  # about noqa", &[]);
        check("f()  # né", &[]);
    }

    #[test]
    fn a_long_statement_is_silenced_from_both_ends() {
        let silenced = |text: &str, finding, statement| {
            !read(text).1.silence("GIL101", "cpu-in-threads", finding, statement).is_empty()
        };
        let last = "x = [\n  f(),\n]  # noqa\n";
        assert!(silenced(last, 2..=2, 1..=3));
        assert!(!silenced(last, 2..=2, 2..=2));
        let inside = "x = [\n  f(),  # gilcheck: ignore\n]\n";
        assert!(silenced(inside, 2..=2, 1..=3));
        assert!(!silenced(inside, 1..=1, 1..=3));
    }

    /// The text with a finding at `call()` silenced.
    #[track_caller]
    fn silenced(text: &str, expected: &str) {
        let tree = crate::syntax::parse(text);
        let start = text.find("call(").unwrap();
        let end = start + text.get(start..).unwrap().find(')').unwrap() + 1;
        let statement = Some(Span::new(text.find("x =").unwrap(), text.trim_end().len()));
        let wanted = Wanted { code: "GIL1", span: Span::new(start, end), statement };
        let edits = insertions(text, &LineIndex::new(text), &tree.comments, &[wanted], "");
        let [(span, added)] = edits.as_slice() else { panic!("{edits:?}") };
        let mut text = text.to_string();
        text.replace_range(span.start as usize..span.end as usize, added);
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

    #[test]
    fn what_silences_nothing_is_found_and_can_go() {
        unused("f()  # gilcheck: ignore[GIL101]\n", &[1], &[], "f()  # gilcheck: ignore[GIL101]\n");
        unused("f()  # gilcheck: ignore[GIL101] why\ng()\n", &[], &["# gilcheck: ignore[GIL101]"], "f()\ng()\n");
        unused("# gilcheck: ignore\nf()\n", &[], &["# gilcheck: ignore"], "f()\n");
        unused("    # gilcheck: ignore[]\n    f()\n", &[], &["# gilcheck: ignore[]"], "    f()\n");
        unused(
            "f()  # gilcheck: ignore[GIL201, GIL101, nonsense] why\n",
            &[1],
            &["# gilcheck: ignore[GIL201, GIL101, nonsense]"],
            "f()  # gilcheck: ignore[GIL101] why\n",
        );
        unused(
            "f()  # gilcheck: ignore[GIL202, GIL201]\n",
            &[],
            &["# gilcheck: ignore[GIL202, GIL201]"],
            "f()  # gilcheck: ignore[GIL202]\n",
        );
        unused(
            "f()  # gilcheck: ignore[GIL101]  # type: ignore\n",
            &[],
            &["# gilcheck: ignore[GIL101]"],
            "f()  # type: ignore\n",
        );
        unused(
            "f()  # type: ignore  # gilcheck: ignore[GIL101]\n",
            &[],
            &["# gilcheck: ignore[GIL101]"],
            "f()  # type: ignore\n",
        );
        unused("f()  # noqa: E501, GIL101\n", &[], &["# noqa: E501, GIL101"], "f()  # noqa: E501\n");
        unused("f()  # noqa\nf()  # noqa: E501\n", &[], &[], "f()  # noqa\nf()  # noqa: E501\n");
        unused("# gilcheck: disable[GIL101]\nf()\n", &[2], &[], "# gilcheck: disable[GIL101]\nf()\n");
        unused("# gilcheck: disable[GIL101]\nf()\n", &[], &["# gilcheck: disable[GIL101]"], "f()\n");
        unused("# gilcheck: file-ignore[GIL101]", &[], &["# gilcheck: file-ignore[GIL101]"], "");
    }
}
