//! Parsing a text again after an edit: what the edit did not touch is taken from the earlier tree.

use std::sync::Arc;

use tree_sitter::{InputEdit, Parser, Point};

use super::{Raw, Tree, flat, parse_raw, runs};

/// A text that was parsed, with the parser's own tree: 17 to 29 times the text's size, so only files that
/// are being edited have one.
#[derive(Debug, Clone)]
pub struct Earlier {
    text: Arc<str>,
    raw: Raw,
}

/// The same as [`super::parse`], faster where an earlier version of the text was parsed; and what makes the
/// next version faster.
pub fn parse_after(text: &Arc<str>, earlier: Option<&Earlier>) -> (Tree, Option<Earlier>) {
    match earlier.and_then(|earlier| again(text, earlier)).or_else(|| parse_raw(text)) {
        Some((tree, raw)) => (tree, Some(Earlier { text: Arc::clone(text), raw })),
        None => (Tree::default(), None),
    }
}

/// Parses again. How the parser recovers from an error depends on what it had parsed before, and no verdict may
/// depend on that: where there is an error, before or now, or a long run of comments, the text is parsed from its
/// beginning.
fn again(text: &Arc<str>, earlier: &Earlier) -> Option<(Tree, Raw)> {
    if earlier.raw.tree.root_node().has_error() || !earlier.raw.is_whole || !runs::runs(text).is_empty() {
        return None;
    }
    let mut old = earlier.raw.tree.clone();
    if let Some(edit) = edit(earlier.text.as_bytes(), text.as_bytes()) {
        old.edit(&edit);
    }
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
    let tree = parser.parse(text.as_bytes(), Some(&old))?;
    (!tree.root_node().has_error()).then(|| (flat(text, &tree), Raw { tree, is_whole: true }))
}

/// The shortest stretch in which two texts differ; `None` where they are the same.
fn edit(old: &[u8], new: &[u8]) -> Option<InputEdit> {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    if start == old.len() && start == new.len() {
        return None;
    }
    let (old_rest, new_rest) = (old.get(start..)?, new.get(start..)?);
    let same = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_end, new_end) = (old.len() - same, new.len() - same);
    Some(InputEdit {
        start_byte: start,
        old_end_byte: old_end,
        new_end_byte: new_end,
        start_position: point(old, start),
        old_end_position: point(old, old_end),
        new_end_position: point(new, new_end),
    })
}

fn point(text: &[u8], offset: usize) -> Point {
    let before = text.get(..offset).unwrap_or(text);
    let row = memchr::memchr_iter(b'\n', before).count();
    let line = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    Point { row, column: offset - line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;

    /// Parses each text after the one before and compares with parsing it alone.
    #[track_caller]
    fn check(texts: &[&str]) {
        let mut earlier = None;
        for text in texts {
            let text: Arc<str> = Arc::from(*text);
            let (tree, next) = parse_after(&text, earlier.as_ref());
            let alone = parse(&text);
            assert_eq!(format!("{tree:?}"), format!("{alone:?}"), "{text}");
            earlier = next;
        }
    }

    #[test]
    fn parsing_again_gives_what_parsing_alone_gives() {
        check(&["", "x = 1\n", "x = 12\n", "x = 12\n", "", "if a:\n    b()\n"]);
        check(&["def f():\n    a()\n    b()\n", "def f():\n    a(\n    b()\n", "def f():\n    a()\n    b()\n"]);
        check(&["def f():\n    a()\n    b()\n", "def f():\n    a()\nb()\n", "def f():\n    a()\n        b()\n"]);
        check(&["x = 'a'\ny = 2\n", "x = 'a\ny = 2\n", "x = \"\"\"a\ny = 2\n", "x = \"\"\"a\ny = 2\n\"\"\"\n"]);
        check(&["é = '𝄞'\n", "éé = '𝄞'\n", "éé = '𝄞𝄞'\r\nz\r\n"]);
    }
}
