//! One file, alone: its facts, extracted from its syntax tree.

#[cfg(test)]
mod dump;
mod expressions;
pub mod ir;
mod literals;
mod patterns;
mod records;
mod scopes;
mod statements;
#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;

use crate::id::{ExpressionId, NameId, StatementId};
use crate::syntax::{self, NodeId, Tree};
use crate::text::Span;

use ir::{Block, Expression, Facts, Spans, Statement};
use scopes::Scope;

/// Brackets nested deeper than this are [`Expression::Unknown`]; Python itself stops at 200.
const MOST_NESTED_EXPRESSIONS: u32 = 200;
/// Blocks nested deeper than this are empty; Python itself stops at 100 levels of indentation.
const MOST_NESTED_BLOCKS: u32 = 100;

/// Extracts the facts of `text`, whatever it is, and where they stand.
pub fn extract(text: &str) -> (Facts, Spans) {
    let tree = syntax::parse(text);
    lower(text, &tree)
}

/// The facts of a `tree` of `text`.
pub fn lower(text: &str, tree: &Tree) -> (Facts, Spans) {
    let mut lowering = Lowering::new(text, tree);
    let body = lowering.block(tree.root());
    lowering.finish(body)
}

/// The work in progress.
struct Lowering<'t> {
    text: &'t str,
    tree: &'t Tree,
    facts: Facts,
    spans: Spans,
    /// Names that stand in the text as they are.
    interned: FxHashMap<&'t str, NameId>,
    /// Names and string values that had to be put together.
    composed: FxHashMap<Box<str>, NameId>,
    /// The module, then what is open inside it.
    scopes: Vec<Scope>,
    /// Nodes of chains `a.b(c)[d] + e` that wait for their first operand; shared by all levels.
    chain: Vec<NodeId>,
    /// Indices from the assigned value down to the target in hand.
    path: Vec<u32>,
    expression_depth: u32,
    block_depth: u32,
    /// `__all__` was changed in a way that only running the module tells.
    exports_unknown: bool,
}

impl<'t> Lowering<'t> {
    fn new(text: &'t str, tree: &'t Tree) -> Lowering<'t> {
        let facts = Facts {
            expressions: Vec::with_capacity(text.len() / 20),
            statements: Vec::with_capacity(text.len() / 80),
            ..Facts::default()
        };
        let spans = Spans {
            expressions: Vec::with_capacity(text.len() / 20),
            statements: Vec::with_capacity(text.len() / 80),
            comments: tree.comments.clone(),
            errors: tree.errors.clone(),
            ..Spans::default()
        };
        Lowering {
            text,
            tree,
            facts,
            spans,
            interned: FxHashMap::default(),
            composed: FxHashMap::default(),
            scopes: vec![Scope::module()],
            chain: Vec::new(),
            path: Vec::new(),
            expression_depth: 0,
            block_depth: 0,
            exports_unknown: false,
        }
    }

    fn finish(mut self, body: Block) -> (Facts, Spans) {
        self.facts.body = body;
        if self.exports_unknown {
            self.facts.exports = None;
        }
        if let Some(module) = self.scopes.pop() {
            self.facts.bindings = module.bindings;
            self.facts.bindings.extend(module.from_functions);
        }
        // Facts are kept, for as many files as there are.
        self.facts.expressions.shrink_to_fit();
        self.facts.statements.shrink_to_fit();
        self.spans.expressions.shrink_to_fit();
        self.spans.statements.shrink_to_fit();
        (self.facts, self.spans)
    }

    /// The source under a node.
    fn source(&self, node: NodeId) -> &'t str {
        self.tree.span(node).of(self.text)
    }

    /// The id of a name that stands in the text.
    fn intern(&mut self, name: &'t str) -> NameId {
        if let Some(&id) = self.interned.get(name) {
            return id;
        }
        if let Some(&id) = self.composed.get(name) {
            return id;
        }
        let id = NameId::new(self.facts.names.len());
        self.facts.names.push(name.into());
        self.interned.insert(name, id);
        id
    }

    /// The id of a name or value that was put together.
    fn intern_composed(&mut self, name: String) -> NameId {
        if let Some(&id) = self.interned.get(name.as_str()) {
            return id;
        }
        if let Some(&id) = self.composed.get(name.as_str()) {
            return id;
        }
        let id = NameId::new(self.facts.names.len());
        let name = name.into_boxed_str();
        self.facts.names.push(name.clone());
        self.composed.insert(name, id);
        id
    }

    /// The id of the name that an identifier or a dotted name is.
    fn name(&mut self, node: NodeId) -> NameId {
        let text = self.source(node);
        if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')) {
            return self.intern(text);
        }
        // `import os . path`, `from a.\⏎ b import c`, and names beyond ASCII.
        let whole: String = text.chars().filter(|c| !c.is_whitespace() && *c != '\\').collect();
        self.intern_composed(whole)
    }

    /// Stores an expression.
    fn push(&mut self, expression: Expression, span: Span) -> ExpressionId {
        let id = ExpressionId::new(self.facts.expressions.len());
        self.facts.expressions.push(expression);
        self.spans.expressions.push(span);
        id
    }

    /// Stores a statement.
    fn push_statement(&mut self, statement: Statement, span: Span) -> StatementId {
        let id = StatementId::new(self.facts.statements.len());
        self.facts.statements.push(statement);
        self.spans.statements.push(span);
        id
    }

    /// Notes that a node is nested too deep.
    fn cut(&mut self, node: NodeId) {
        self.spans.cut.get_or_insert(self.tree.span(node));
    }

    fn scope(&mut self) -> Option<&mut Scope> {
        self.scopes.last_mut()
    }
}

/// A finished list.
fn boxed<T>(items: Vec<T>) -> Box<[T]> {
    items.into_boxed_slice()
}
