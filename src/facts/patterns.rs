//! Targets of assignments and loops, and the patterns of `match`.

use crate::id::{ExpressionId, NameId};
use crate::syntax::{Kind, NodeId};

use super::ir::Expression;
use super::scopes::Source;
use super::{Lowering, MOST_NESTED_EXPRESSIONS, boxed};

impl Lowering<'_> {
    /// Lowers what stands left of `=`, behind `for` or behind `as`, and binds its names to `source`.
    pub(super) fn target(&mut self, node: NodeId, source: Source) -> ExpressionId {
        let span = self.tree.span(node);
        if self.expression_depth >= MOST_NESTED_EXPRESSIONS {
            self.cut(node);
            return self.push(Expression::Unknown(Box::default()), span);
        }
        self.expression_depth += 1;
        let id = match self.tree.kind(node) {
            Kind::Identifier => {
                let name = self.name(node);
                self.bind_target(name, source);
                self.push(Expression::Name(name), span)
            }
            Kind::Tuple | Kind::TuplePattern | Kind::PatternList | Kind::ExpressionList => {
                let items = self.targets(node, source);
                self.push(Expression::Tuple(items), span)
            }
            Kind::List | Kind::ListPattern => {
                let items = self.targets(node, source);
                self.push(Expression::List(items), span)
            }
            Kind::ListSplat | Kind::ListSplatPattern => match self.tree.parts(node).next() {
                Some(inner) => {
                    let value = self.target(inner, source);
                    self.push(Expression::Starred(value), span)
                }
                None => self.push(Expression::Unknown(Box::default()), span),
            },
            Kind::ParenthesizedExpression | Kind::AsPatternTarget => match self.tree.parts(node).next() {
                Some(inner) => self.target(inner, source),
                None => self.push(Expression::Unknown(Box::default()), span),
            },
            Kind::Attribute => {
                self.store_attribute(node);
                self.expression(node)
            }
            _ => self.expression(node),
        };
        self.expression_depth -= 1;
        id
    }

    /// The parts of a tuple or list of targets.
    fn targets(&mut self, node: NodeId, source: Source) -> Box<[ExpressionId]> {
        let tree = self.tree;
        let mut items = Vec::new();
        let mut starred = false;
        for (index, part) in tree.parts(node).enumerate() {
            starred |= matches!(tree.kind(part), Kind::ListSplat | Kind::ListSplatPattern);
            // Behind `*rest` an index from the front says nothing.
            let step = if starred { u32::MAX } else { u32::try_from(index).unwrap_or(u32::MAX) };
            self.path.push(step);
            items.push(self.target(part, source));
            self.path.pop();
        }
        boxed(items)
    }

    /// What `del` names.
    pub(super) fn deleted(&mut self, node: NodeId, targets: &mut Vec<ExpressionId>) {
        let tree = self.tree;
        match tree.kind(node) {
            Kind::ExpressionList | Kind::Tuple | Kind::List => {
                for part in tree.parts(node) {
                    if tree.kind(part) == Kind::Identifier {
                        targets.push(self.target(part, Source::Other));
                    } else {
                        targets.push(self.expression(part));
                    }
                }
            }
            Kind::Identifier => targets.push(self.target(node, Source::Other)),
            Kind::ParenthesizedExpression => {
                for part in tree.parts(node) {
                    if tree.kind(part) == Kind::Identifier {
                        targets.push(self.target(part, Source::Other));
                    } else {
                        targets.push(self.expression(part));
                    }
                }
            }
            _ => targets.push(self.expression(node)),
        }
    }

    /// The names that a `case` pattern binds, and the classes that it tests.
    pub(super) fn pattern(&mut self, root: NodeId, names: &mut Vec<NameId>, classes: &mut Vec<ExpressionId>) {
        let tree = self.tree;
        let mut open = vec![root];
        while let Some(node) = open.pop() {
            let mut skip = 0;
            match tree.kind(node) {
                Kind::Identifier => self.capture(node, names),
                Kind::DottedName => {
                    if tree.parts(node).count() == 1 {
                        self.capture(node, names);
                    }
                    continue;
                }
                Kind::ClassPattern => {
                    if let Some(class) = tree.parts(node).next() {
                        classes.push(self.expression(class));
                    }
                    skip = 1;
                }
                Kind::KeywordPattern => skip = 1,
                Kind::String | Kind::ConcatenatedString => continue,
                _ => {}
            }
            let children: Vec<NodeId> = tree.parts(node).skip(skip).collect();
            open.extend(children.into_iter().rev());
        }
    }

    /// Binds a name of a pattern.
    fn capture(&mut self, node: NodeId, names: &mut Vec<NameId>) {
        if self.source(node) == "_" {
            return;
        }
        let name = self.name(node);
        if !names.contains(&name) {
            names.push(name);
            self.bind_target(name, Source::Other);
        }
    }
}
