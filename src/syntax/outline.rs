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
    let (Some(tree), Some(query)) = (super::parse_raw(text), query()) else { return Vec::new() };
    let names = query.capture_names();
    let mut marks = Vec::new();
    let mut cursor = QueryCursor::new();
    let mut captures = cursor.captures(query, tree.root_node(), text.as_bytes());
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
