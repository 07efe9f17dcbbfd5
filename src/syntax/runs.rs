//! Long runs of comments, hidden from the parser.
//!
//! At each comment that stands alone in its line, and at each `\` that does, tree-sitter's scanner for Python looks ahead
//! over all the others that follow, so that a run of them takes the square of their number: half a minute for 20,000.
//! Blanks it passes quickly. So the parser gets blanks in place of what is in the middle of such a run, and the comments
//! are put back afterwards.

use std::borrow::Cow;
use std::ops::Range;

use super::{Kind, Tree};
use crate::text::Span;

/// Shorter runs are left as they are.
const LONGEST: usize = 64;
/// Of a longer run so many lines are left at each end: what stands beside it looks at the first and the last of them.
const LEFT: usize = 4;
/// A run in a string is none, which only the parser can tell. It is asked so often, and then what it says is taken.
pub(super) const MOST_ROUNDS: usize = 4;

/// The middle of a run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Hidden {
    /// Where it stands.
    place: Range<usize>,
    /// Its comments, and each `\` with the end of its line.
    marks: Vec<Mark>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    place: Range<usize>,
    is_comment: bool,
}

/// The long runs of a text, in source order.
pub(super) fn runs(text: &str) -> Vec<Hidden> {
    let bytes = text.as_bytes();
    let (mut found, mut marks, mut start) = (Vec::new(), Vec::new(), 0);
    let ends = memchr::memchr_iter(b'\n', bytes).chain(std::iter::once(bytes.len()));
    for end in ends {
        let line = bytes.get(start..end).unwrap_or_default();
        let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\x0c')).count();
        match line.get(indent..).unwrap_or_default() {
            [] => {}
            [b'#', ..] => marks.push(Mark { place: start + indent..end, is_comment: true }),
            [b'\\'] | [b'\\', b'\r'] if end < bytes.len() => {
                marks.push(Mark { place: start + indent..end + 1, is_comment: false });
            }
            _ => end_run(&mut marks, &mut found),
        }
        start = end + 1;
    }
    end_run(&mut marks, &mut found);
    found
}

/// Takes in the run that ends, if it is a long one.
fn end_run(marks: &mut Vec<Mark>, found: &mut Vec<Hidden>) {
    if marks.len() > LONGEST {
        marks.truncate(marks.len() - LEFT);
        marks.drain(..LEFT);
        if let (Some(first), Some(last)) = (marks.first(), marks.last()) {
            let place = first.place.start..last.place.end;
            found.push(Hidden { place, marks: std::mem::take(marks) });
        }
    }
    marks.clear();
}

/// The text with blanks in place of what is hidden: as long as before, with every other byte where it was.
pub(super) fn without<'t>(text: &'t str, hidden: &[Hidden]) -> Cow<'t, str> {
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut at) = (String::with_capacity(text.len()), 0);
    for Mark { place, .. } in hidden.iter().flat_map(|run| &run.marks) {
        shown.push_str(text.get(at..place.start).unwrap_or_default());
        shown.extend(std::iter::repeat_n(' ', place.len()));
        at = place.end;
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(shown)
}

/// Leaves only the runs that are none of the text of a string, and says whether any was.
pub(super) fn leave_strings(tree: &Tree, hidden: &mut Vec<Hidden>) -> bool {
    let mut in_string = vec![false; hidden.len()];
    // Outer nodes come first, so the innermost decides: in the braces of a format string comments are comments.
    for node in tree.nodes.iter().filter(|node| matches!(node.kind, Kind::String | Kind::Interpolation)) {
        let (start, end) = (node.span.start as usize, node.span.end as usize);
        let first = hidden.partition_point(|run| run.place.start < start);
        for (run, is_in) in hidden.iter().zip(&mut in_string).skip(first).take_while(|(run, _)| run.place.start < end) {
            *is_in = node.kind == Kind::String && run.place.start > start;
        }
    }
    let before = hidden.len();
    let mut each = in_string.into_iter();
    hidden.retain(|_| !each.next().unwrap_or_default());
    hidden.len() < before
}

/// Puts the comments back.
pub(super) fn put_back(tree: &mut Tree, hidden: &[Hidden]) {
    if hidden.is_empty() {
        return;
    }
    let marks = hidden.iter().flat_map(|run| &run.marks).filter(|mark| mark.is_comment);
    tree.comments.extend(marks.map(|mark| Span::new(mark.place.start, mark.place.end)));
    tree.comments.sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{flat, parse};

    /// As if nothing were hidden.
    fn plain(text: &str) -> Tree {
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into()).unwrap();
        flat(text, &parser.parse(text, None).unwrap())
    }

    #[test]
    fn what_is_hidden_changes_nothing() {
        let comments = |indent: &str| format!("{indent}# it's \"\"\" é {{x}} \\\n").repeat(100);
        let odd = (0..100).map(|i| format!("{}# {i}\r\n\n  \n", " ".repeat(i % 7))).collect::<String>();
        let texts = [
            comments(""),
            comments("").trim_end().to_string(),
            format!("{}x = 1\n{}", comments(""), comments("    ")),
            format!("def f():\n    a()\n{}    b()\nc()\n", comments("    ")),
            format!("def f():\n    a()\n{}b()\n", comments("    ")),
            format!("def f():\n    a()\n{}b()\n", comments("")),
            format!("def f():\n    a()\n{}    b()\n", comments("")),
            format!("def f():\n{}    b()\n", comments("    ")),
            format!("def f():\n    if a:\n        b()\n{odd}    else:\n        c()\nd()\n"),
            format!("class A:\n    def f(self): pass\n{odd}    def g(self): pass\n{odd}{odd}x = 1\n"),
            format!("x = [\n    1,\n{}    2,\n]\ny = 1\n", comments("    ")),
            format!("x = '''\n{}'''\ny = 1\n", "# a\n".repeat(100)),
            format!("x = '''\n{}y = 1\n{}", comments("").replace("\"\"\"", "'''"), comments("")),
            format!("x = 'a'\ny = \"\"\"b{}c\"\"\"\n{}z = 1\n", "\n# \\n {x} '''\n".repeat(100), comments("")),
            format!("x = f'''{{\n{}  y}}\n{}'''\nz = 1\n", "# a\n".repeat(100), "# b\n".repeat(100)),
            format!("x = 1 + \\\n{}  2\ny = 3\n", "\\\n".repeat(100)),
            format!("x = 1 + \\\n{}  2\ny = 3\n", "  \\\r\n".repeat(100)),
            format!("x = (\n{}# a\n{}  2)\ny = 3\n", "\\\n".repeat(100), "\\\n".repeat(100)),
        ];
        for text in texts {
            assert_eq!(format!("{:?}", parse(&text)), format!("{:?}", plain(&text)), "{text}");
        }
    }

    #[test]
    fn long_runs_are_hidden_and_short_ones_are_not() {
        assert!(runs(&"# a\n\n".repeat(LONGEST)).is_empty());
        assert!(runs(&"# a\nx\n".repeat(200)).is_empty());
        let text = format!("x = 1\n{}y = 1\n", "  # é\n".repeat(200));
        let hidden = runs(&text);
        assert_eq!(hidden.len(), 1);
        assert_eq!(hidden[0].marks.len(), 200 - 2 * LEFT);
        let shown = without(&text, &hidden);
        assert!(shown.len() == text.len() && shown.matches('#').count() == 2 * LEFT);
        assert_eq!(shown.lines().count(), text.lines().count());
    }
}
