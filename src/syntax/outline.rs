//! The outline of a file: what `queries/python/*.scm`, joined into one query, find in it.

use std::sync::OnceLock;

use streaming_iterator::StreamingIterator;
use tree_sitter::{Language, Query, QueryCursor};

use crate::text::Span;

/// One query: a cursor walks the tree once for all patterns, and each further query would walk it again.
const SOURCES: [&str; 3] = [
    include_str!("../../queries/python/definitions.scm"),
    include_str!("../../queries/python/file.scm"),
    include_str!("../../queries/python/imports.scm"),
];

/// Something that the query found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The capture's name: `function.name`.
    pub capture: &'static str,
    /// Where.
    pub span: Span,
}

/// Everything the query finds in `text`, in source order, outer before inner.
pub fn outline(text: &str) -> Vec<Mark> {
    let (Some((_, raw)), Some(query)) = (super::parse_raw(text), query()) else { return Vec::new() };
    let names = query.capture_names();
    let mut marks = Vec::new();
    let mut cursor = QueryCursor::new();
    let mut captures = cursor.captures(query, raw.tree.root_node(), text.as_bytes());
    while let Some((found, index)) = captures.next() {
        let Some(capture) = found.captures().get(*index) else { continue };
        let name = names.get(capture.index as usize).copied().unwrap_or("");
        if !name.starts_with('_') {
            marks.push(Mark { capture: name, span: Span::new(capture.node.start_byte(), capture.node.end_byte()) });
        }
    }
    marks
}

/// Compiled once.
fn query() -> Option<&'static Query> {
    static QUERY: OnceLock<Option<Query>> = OnceLock::new();
    QUERY
        .get_or_init(|| {
            let language = Language::new(tree_sitter_python::LANGUAGE);
            Query::new(&language, &SOURCES.concat()).ok()
        })
        .as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An assertion `# ^^^^ capture`: columns of the last line of code above it.
    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Caret {
        row: usize,
        start: usize,
        end: usize,
        capture: String,
    }

    /// The assertions in a fixture, as tree-sitter's own highlight tests write them. A caret under the `#` has no
    /// room, so a run of carets that touches the `#` starts in its column, and `<-` is that column alone.
    fn carets(python: &str) -> Vec<Caret> {
        let mut carets = Vec::new();
        let mut row = 0;
        for (index, line) in python.lines().enumerate() {
            let Some(hash) = line.find('#').filter(|&at| line[..at].trim().is_empty()) else {
                row = index;
                continue;
            };
            let comment = &line[hash + 1..];
            if let Some(capture) = comment.trim_start().strip_prefix("<- ") {
                carets.push(Caret { row, start: hash, end: hash + 1, capture: capture.trim().to_owned() });
            } else if let Some(first) = comment.find('^') {
                let count = comment[first..].bytes().take_while(|&byte| byte == b'^').count();
                let start = if first == 0 { hash } else { hash + 1 + first };
                let capture = comment[first + count..].trim().to_owned();
                carets.push(Caret { row, start, end: hash + 1 + first + count, capture });
            }
        }
        carets
    }

    /// What the query finds, each cut to the line where it starts; comments are left out.
    fn found(python: &str) -> Vec<Caret> {
        let mut found = Vec::new();
        for mark in outline(python).into_iter().filter(|mark| mark.capture != "comment") {
            let start = mark.span.start as usize;
            let line = python[..start].rfind('\n').map_or(0, |at| at + 1);
            let first_line = mark.span.of(python).lines().next().unwrap_or("");
            let row = python[..start].matches('\n').count();
            let (start, end) = (start - line, start - line + first_line.len());
            found.push(Caret { row, start, end, capture: mark.capture.to_owned() });
        }
        found
    }

    #[track_caller]
    fn check(python: &str) {
        let (mut expected, mut found) = (carets(python), found(python));
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn captures_cover_what_the_carets_say() {
        check(include_str!("../../queries/python/tests/outline.py"));
        check(include_str!("../../queries/python/tests/errors.py"));
    }

    #[test]
    fn the_query_compiles() {
        assert!(query().is_some());
    }

    #[test]
    fn the_outline_and_the_tree_agree() {
        let python = "# a\nx = (1, # b\n %)\n";
        let tree = crate::syntax::parse(python);
        let of = |capture| {
            let marks = outline(python).into_iter().filter(move |mark| mark.capture == capture);
            marks.map(|mark| mark.span).collect::<Vec<_>>()
        };
        assert_eq!(of("comment"), tree.comments);
        assert_eq!(of("error"), tree.errors);
    }
}
