//! Python text to a flat tree, and the outline that the joined query finds in it; the only home of `tree_sitter`.
//!
//! The tree that the parser makes takes 17 to 29 times the source's size and is walked by a cursor that
//! knows no index, so one pass copies what matters into a [`Tree`]: nodes in source order, each with the
//! place where its subtree ends. Brackets, commas, comments and the insides of plain strings are left out.
//! Nothing here recurses, so no input is too deep.

mod earlier;
mod kind;
mod outline;
mod runs;

use tree_sitter::{Parser, TreeCursor};

pub use earlier::{Earlier, parse_after};
pub use kind::Kind;
pub use outline::{Mark, outline};

use crate::source::MOST_BYTES;
use crate::text::Span;

/// A parsed file.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    /// Comments, in source order.
    pub comments: Vec<Span>,
    /// What the grammar could not make sense of, and where it had to add something, in source order.
    pub errors: Vec<Span>,
}

/// One node.
#[derive(Debug, Clone, Copy)]
struct Node {
    kind: Kind,
    /// The index behind the last node of the subtree.
    next: u32,
    span: Span,
}

/// The place of a node in its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeId(u32);

/// Parses `text`, whatever it is.
pub fn parse(text: &str) -> Tree {
    parse_raw(text).map(|(tree, _)| tree).unwrap_or_default()
}

/// A copy of what matters in the parser's own tree of `text`.
fn flat(text: &str, tree: &tree_sitter::Tree) -> Tree {
    let mut flat = Tree { nodes: Vec::with_capacity(text.len() / 8 + 1), ..Tree::default() };
    flatten(text.as_bytes(), &mut tree.walk(), &mut flat);
    flat
}

/// The parser's own tree too, and whether it is of all the text: of long runs of comments it knows nothing.
fn parse_raw(text: &str) -> Option<(Tree, Raw)> {
    // What an editor sends may be larger than what is read from files.
    if text.len() > MOST_BYTES {
        return None;
    }
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
    let (mut hidden, mut rounds) = (runs::runs(text), 0);
    loop {
        rounds += 1;
        let raw = parser.parse(runs::without(text, &hidden).as_bytes(), None)?;
        let mut tree = flat(text, &raw);
        if rounds == runs::MOST_ROUNDS || !runs::leave_strings(&tree, &mut hidden) {
            runs::put_back(&mut tree, &hidden);
            return Some((tree, Raw { tree: raw, is_whole: hidden.is_empty() }));
        }
    }
}

/// The parser's own tree.
#[derive(Debug, Clone)]
struct Raw {
    tree: tree_sitter::Tree,
    /// False where something was hidden from it.
    is_whole: bool,
}

/// Copies the nodes that `cursor` walks into `flat`.
fn flatten(text: &[u8], cursor: &mut TreeCursor<'_>, flat: &mut Tree) {
    let table = kind::table();
    let mut open: Vec<usize> = Vec::new();
    loop {
        let node = cursor.node();
        let kind = table.get(node.kind_id());
        let span = Span::new(node.start_byte(), node.end_byte());
        let mut descend = false;
        match kind {
            Kind::Comment => flat.comments.push(span),
            Kind::Dropped => {
                if node.is_missing() {
                    flat.errors.push(span);
                }
            }
            Kind::String => descend = is_format_string(text, span),
            _ => descend = !kind.is_leaf(),
        }
        if kind == Kind::Error || (kind == Kind::Identifier && node.is_missing()) {
            flat.errors.push(span);
        }
        if kind != Kind::Comment && kind != Kind::Dropped {
            let next = u32::try_from(flat.nodes.len() + 1).unwrap_or(u32::MAX);
            flat.nodes.push(Node { kind, next, span });
            if descend && cursor.goto_first_child() {
                open.push(flat.nodes.len() - 1);
                continue;
            }
        }
        while !cursor.goto_next_sibling() {
            let Some(closed) = open.pop() else { return };
            let next = u32::try_from(flat.nodes.len()).unwrap_or(u32::MAX);
            if let Some(node) = flat.nodes.get_mut(closed) {
                node.next = next;
            }
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// True for `f"…"`, `rt'…'` and the like: the only strings with nodes in them.
fn is_format_string(text: &[u8], span: Span) -> bool {
    let bytes = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).any(|byte| matches!(byte, b'f' | b'F' | b't' | b'T'))
}

impl Tree {
    /// The whole file.
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// What a node is; [`Kind::Dropped`] for a node that is not in this tree.
    pub fn kind(&self, node: NodeId) -> Kind {
        self.nodes.get(node.0 as usize).map_or(Kind::Dropped, |node| node.kind)
    }

    /// Where it stands.
    pub fn span(&self, node: NodeId) -> Span {
        self.nodes.get(node.0 as usize).map_or(Span::default(), |node| node.span)
    }

    /// Its children in source order: operators and some keywords among them.
    pub fn children(&self, node: NodeId) -> Children<'_> {
        let end = self.nodes.get(node.0 as usize).map_or(0, |node| node.next);
        Children { tree: self, at: node.0.saturating_add(1), end }
    }

    /// Its children that are neither operators, keywords nor errors.
    pub fn parts(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.children(node).filter(|&child| self.kind(child).is_part())
    }
}

/// Steps over the children of a node.
#[derive(Debug, Clone)]
pub struct Children<'t> {
    tree: &'t Tree,
    at: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.at >= self.end {
            return None;
        }
        let node = self.tree.nodes.get(self.at as usize)?;
        let id = NodeId(self.at);
        self.at = node.next;
        Some(id)
    }
}
