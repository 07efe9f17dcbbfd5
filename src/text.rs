//! Positions in text: byte ranges, and lines and columns in the units that readers use.

use serde::{Deserialize, Serialize};

/// A range of bytes in a file: `start` is in, `end` is not.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Byte behind the last.
    pub end: u32,
}

impl Span {
    /// The range from `start` to `end`.
    pub fn new(start: usize, end: usize) -> Span {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span { start: clamp(start), end: clamp(end) }
    }

    /// True if `offset` lies in the range.
    pub fn contains(self, offset: u32) -> bool {
        self.start <= offset && offset < self.end
    }

    /// The text of the range, or nothing where it does not fit `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// How places move where one range of a text is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Where the texts begin to differ.
    start: u32,
    /// Behind that, in the old text and in the new one.
    end: u32,
    new_end: u32,
}

impl Shift {
    /// What makes `new` of `old`.
    pub fn between(old: &str, new: &str) -> Shift {
        let (old, new) = (old.as_bytes(), new.as_bytes());
        let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let rest = old.len().min(new.len()) - start;
        let after = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Shift { start: place(start), end: place(old.len() - after), new_end: place(new.len() - after) }
    }

    /// Where a range of the old text is now; `None` if one of its ends was replaced. What begins where something is
    /// inserted moves, what ends there does not.
    pub fn moved(self, span: Span) -> Option<Span> {
        let behind = |at: u32| (at >= self.end).then(|| at - self.end + self.new_end);
        let before = |at: u32| (at <= self.start).then_some(at);
        let start = behind(span.start).or_else(|| before(span.start))?;
        let end = if span.start == span.end { start } else { before(span.end).or_else(|| behind(span.end))? };
        Some(Span { start, end })
    }
}

/// Ranges that lie in each other, made ready for questions about places.
#[derive(Debug, Default)]
pub struct Nesting {
    /// By where they begin; of those that begin together, the widest first.
    all: Vec<Nested>,
}

#[derive(Debug, Clone, Copy)]
struct Nested {
    span: Span,
    /// Its place in what the index was made from.
    index: usize,
    /// The place of the next one around it in [`Nesting::all`].
    around: Option<usize>,
}

impl Nesting {
    /// The index of these ranges.
    pub fn new(spans: &[Span]) -> Nesting {
        let mut all: Vec<Nested> =
            spans.iter().enumerate().map(|(index, span)| Nested { span: *span, index, around: None }).collect();
        all.sort_unstable_by_key(|it| (it.span.start, std::cmp::Reverse((it.span.end, it.index))));
        let mut open: Vec<(usize, u32)> = Vec::new();
        for (place, it) in all.iter_mut().enumerate() {
            while open.last().is_some_and(|(_, end)| *end < it.span.end) {
                open.pop();
            }
            it.around = open.last().map(|(place, _)| *place);
            open.push((place, it.span.end));
        }
        Nesting { all }
    }

    /// The place, in what the index was made from, of the narrowest range that holds this one whole.
    pub fn innermost(&self, range: Span) -> Option<usize> {
        self.place_of_innermost(range).and_then(|place| self.all.get(place)).map(|it| it.index)
    }

    fn place_of_innermost(&self, range: Span) -> Option<usize> {
        let behind = self.all.partition_point(|it| it.span.start <= range.start);
        let mut next = behind.checked_sub(1);
        loop {
            let place = next?;
            let it = self.all.get(place)?;
            if it.span.end >= range.end {
                return Some(place);
            }
            next = it.around;
        }
    }

    /// The same of the widest.
    pub fn outermost(&self, range: Span) -> Option<usize> {
        let mut found = self.place_of_innermost(range)?;
        while let Some(around) = self.all.get(found).and_then(|it| it.around) {
            found = around;
        }
        self.all.get(found).map(|it| it.index)
    }

    /// Where the first range begins that begins behind `offset`.
    pub fn next_start(&self, offset: u32) -> Option<u32> {
        let behind = self.all.partition_point(|it| it.span.start <= offset);
        self.all.get(behind).map(|it| it.span.start)
    }
}

/// A place as people count: both from 1, the column in code points.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub row: u32,
    /// Column, from 1, in code points.
    pub column: u32,
}

/// What columns count where programs talk to each other.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Code units: two for characters beyond the basic plane.
    #[default]
    Utf16,
    /// Code points.
    Utf32,
}

impl Encoding {
    /// The byte of `text` at a column; the end where the text is shorter, and the beginning of a character
    /// where the column lies within it.
    fn offset(self, text: &str, column: usize) -> usize {
        let mut seen = 0;
        for (at, character) in text.char_indices() {
            let next = seen
                + match self {
                    Encoding::Utf8 => character.len_utf8(),
                    Encoding::Utf16 => character.len_utf16(),
                    Encoding::Utf32 => 1,
                };
            if next > column {
                return at;
            }
            seen = next;
        }
        text.len()
    }
}

/// Where each line of a text starts.
///
/// `\n`, `\r\n` and a lone `\r` end a line, as in Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineIndex {
    starts: Vec<u32>,
    /// Where a line is long: how many characters, and code units of UTF-16, begin before each [`STRIDE`] bytes.
    counts: Vec<(u32, u32)>,
}

/// Columns in lines of more bytes than this are not counted from the line's beginning each time.
const STRIDE: usize = 4096;

/// How many characters begin in these bytes, and how many code units of UTF-16 that makes.
fn count(bytes: &[u8]) -> (u32, u32) {
    let characters = bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    let pairs = bytes.iter().filter(|byte| **byte >= 0xf0).count();
    (Span::new(characters, 0).start, Span::new(characters + pairs, 0).start)
}

impl LineIndex {
    /// Finds the lines of `text`.
    pub fn new(text: &str) -> LineIndex {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            let inside_crlf = bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) == Some(&b'\n');
            if !inside_crlf {
                starts.push(Span::new(at + 1, at + 1).start);
            }
        }
        let ends = starts.iter().skip(1).copied().chain([Span::new(bytes.len(), 0).start]);
        let mut counts = Vec::new();
        if starts.iter().zip(ends).any(|(start, end)| (end - start) as usize > STRIDE) {
            let mut before = (0, 0);
            for part in bytes.chunks(STRIDE) {
                counts.push(before);
                let (characters, units) = count(part);
                before = (before.0 + characters, before.1 + units);
            }
        }
        LineIndex { starts, counts }
    }

    /// How many characters and code units of UTF-16 begin between two bytes of `text`.
    fn counted(&self, text: &str, start: usize, end: usize) -> (u32, u32) {
        let bytes = text.as_bytes();
        let before = |at: usize| {
            let whole = (at / STRIDE).min(self.counts.len().saturating_sub(1));
            let (characters, units) = self.counts.get(whole).copied().unwrap_or_default();
            let rest = count(bytes.get(whole * STRIDE..at).unwrap_or(b""));
            (characters + rest.0, units + rest.1)
        };
        if self.counts.is_empty() || end - start <= STRIDE {
            return count(bytes.get(start..end).unwrap_or(b""));
        }
        let (low, high) = (before(start), before(end));
        (high.0 - low.0, high.1 - low.1)
    }

    /// The row of `offset`, from 1.
    pub fn row(&self, offset: u32) -> u32 {
        let row = self.starts.partition_point(|&start| start <= offset);
        u32::try_from(row.max(1)).unwrap_or(u32::MAX)
    }

    /// The place of `offset` in `text`, which must be the text the index was made of.
    pub fn position(&self, text: &str, offset: u32) -> Position {
        let row = self.row(offset);
        let start = self.start_of(row) as usize;
        let end = (offset as usize).min(text.len()).max(start);
        let (characters, _) = self.counted(text, start, end);
        Position { row, column: characters + 1 }
    }

    /// The first byte of `row` (from 1); rows beyond the last give the last one's.
    pub fn start_of(&self, row: u32) -> u32 {
        let index = (row.max(1) as usize - 1).min(self.starts.len() - 1);
        self.starts.get(index).copied().unwrap_or(0)
    }

    /// The bytes of `row` (from 1) in `text`, without its end of line.
    pub fn line_span(&self, text: &str, row: u32) -> Span {
        let start = self.start_of(row) as usize;
        let next = self.starts.get(row.max(1) as usize).map_or(text.len(), |next| *next as usize);
        let line = text.get(start..next).unwrap_or("");
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        Span::new(start, start + line.len())
    }

    /// The line and column of `offset`, both from 0, in the units of `encoding`.
    pub fn place(&self, text: &str, offset: u32, encoding: Encoding) -> (u32, u32) {
        let row = self.row(offset);
        let start = self.start_of(row) as usize;
        let mut end = (offset as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let end = end.max(start);
        let (characters, units) = self.counted(text, start, end);
        let column = match encoding {
            Encoding::Utf8 => Span::new(end - start, 0).start,
            Encoding::Utf16 => units,
            Encoding::Utf32 => characters,
        };
        (row - 1, column)
    }

    /// The byte at a line and column, both from 0; beyond a line's end the end of the line, beyond the last
    /// line the end of the text.
    pub fn offset(&self, text: &str, line: u32, column: u32, encoding: Encoding) -> u32 {
        if line as usize >= self.starts.len() {
            return Span::new(text.len(), text.len()).start;
        }
        let span = self.line_span(text, line.saturating_add(1));
        let within = encoding.offset(span.of(text), column as usize);
        span.start.saturating_add(u32::try_from(within).unwrap_or(u32::MAX))
    }

    /// How many lines there are; a text that ends in a newline has an empty last one.
    pub fn lines(&self) -> usize {
        self.starts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_code_points_and_every_kind_of_line_end() {
        let text = "a\r\né𝄞x\rz\n";
        let index = LineIndex::new(text);
        let at = |needle: &str| index.position(text, Span::new(text.find(needle).unwrap(), 0).start);
        assert_eq!(at("a"), Position { row: 1, column: 1 });
        assert_eq!(at("x"), Position { row: 2, column: 3 });
        assert_eq!(at("z"), Position { row: 3, column: 1 });
        assert_eq!(index.lines(), 4);
        assert_eq!(index.line_span(text, 2).of(text), "é𝄞x");
    }

    #[test]
    fn places_count_in_the_units_of_their_encoding() {
        let text = "a\r\né𝄞x\rz\n";
        let index = LineIndex::new(text);
        let x = Span::new(text.find('x').unwrap(), 0).start;
        for (encoding, column) in [(Encoding::Utf8, 6), (Encoding::Utf16, 3), (Encoding::Utf32, 2)] {
            assert_eq!(index.place(text, x, encoding), (1, column));
            assert_eq!(index.offset(text, 1, column, encoding), x);
            assert_eq!(index.offset(text, 1, 99, encoding), x + 1, "beyond the line's end");
            assert_eq!(index.offset(text, 99, 0, encoding) as usize, text.len(), "beyond the last line");
        }
        let clef = Span::new(text.find('𝄞').unwrap(), 0).start;
        assert_eq!(index.offset(text, 1, 2, Encoding::Utf16), clef, "within a pair");
        assert_eq!(index.place(text, clef + 2, Encoding::Utf16), (1, 1), "within a character");
    }

    #[test]
    fn columns_of_long_lines_are_those_of_short_ones() {
        let text = format!("short é\r\n{}\nend\r{}", "aé𝄞b".repeat(3000), "𝄞x".repeat(4000));
        let index = LineIndex::new(&text);
        for at in (0..text.len()).step_by(37).filter(|at| text.is_char_boundary(*at)) {
            let row = index.row(Span::new(at, 0).start);
            let before = &text[index.start_of(row) as usize..at];
            let offset = Span::new(at, 0).start;
            assert_eq!(index.position(&text, offset).column as usize, before.chars().count() + 1, "{at}");
            let units: usize = before.chars().map(char::len_utf16).sum();
            assert_eq!(index.place(&text, offset, Encoding::Utf16).1 as usize, units, "{at}");
            assert_eq!(index.place(&text, offset, Encoding::Utf32).1 as usize, before.chars().count(), "{at}");
        }
        assert_eq!(index.line_span(&text, 1).of(&text), "short é");
        assert_eq!(index.line_span(&text, 3).of(&text), "end");
        assert_eq!(index.line_span(&text, 9).of(&text), index.line_span(&text, 4).of(&text));
    }

    #[test]
    fn the_innermost_range_is_found() {
        let spans = [
            Span::new(0, 50),
            Span::new(5, 20),
            Span::new(5, 9),
            Span::new(12, 18),
            Span::new(30, 40),
            Span::new(30, 40),
        ];
        let nesting = Nesting::new(&spans);
        for start in 0..60 {
            for end in start..60 {
                let range = Span::new(start, end);
                let holds = |it: &&Span| it.start <= range.start && range.end <= it.end;
                let slow = spans.iter().filter(holds).min_by_key(|it| it.end - it.start);
                let fast = nesting.innermost(range);
                assert_eq!(fast.and_then(|it| spans.get(it)), slow, "{range:?}");
                let slow = spans.iter().filter(holds).max_by_key(|it| it.end - it.start);
                let fast = nesting.outermost(range);
                assert_eq!(fast.and_then(|it| spans.get(it)), slow, "{range:?}");
            }
            let next = spans.iter().map(|it| it.start).filter(|it| *it as usize > start).min();
            assert_eq!(nesting.next_start(start as u32), next, "{start}");
        }
        assert_eq!(nesting.innermost(Span::new(31, 32)), Some(4));
        assert_eq!(Nesting::new(&[]).innermost(Span::new(0, 0)), None);
    }
}
