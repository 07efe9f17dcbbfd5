//! Targets of assignments and loops, and the patterns of `match`.

use crate::id::{ExpressionId, NameId};
use crate::syntax::{Kind, NodeId};

use super::ir::{Expression, Pattern, UnaryOperator};
use super::scopes::Source;
use super::{Lowering, MOST_NESTED_EXPRESSIONS, boxed};

/// How deep patterns are looked into; what stands deeper in brackets decides nothing worth to know.
const MOST_NESTED_PATTERNS: usize = 24;

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

    /// The pattern of a `case`; the names that it binds are added to `names`.
    pub(super) fn pattern(&mut self, node: NodeId, names: &mut Vec<NameId>, depth: usize) -> Pattern {
        if depth >= MOST_NESTED_PATTERNS {
            self.captures(node, names);
            return Pattern::Unknown;
        }
        let tree = self.tree;
        let parts: Vec<NodeId> = tree.parts(node).collect();
        match tree.kind(node) {
            Kind::CasePattern => match *parts {
                [] if self.source(node) == "_" => Pattern::Any,
                [only] => self.pattern(only, names, depth + 1),
                _ => Pattern::Unknown,
            },
            Kind::Identifier => self.capture(node, names),
            Kind::DottedName => match *parts {
                [only] => self.capture(only, names),
                _ => Pattern::Equal(self.expression(node)),
            },
            Kind::SplatPattern => {
                let name = parts.first().map(|&part| self.capture(part, names));
                Pattern::Rest(match name {
                    Some(Pattern::Capture(name)) => Some(name),
                    _ => None,
                })
            }
            Kind::UnionPattern => {
                // `_` is no node.
                let takes_all = parts.last().is_some_and(|&last| tree.span(last).end < tree.span(node).end);
                let mut all: Vec<Pattern> =
                    parts.into_iter().map(|part| self.pattern(part, names, depth + 1)).collect();
                all.extend(takes_all.then_some(Pattern::Any));
                Pattern::Either(boxed(all))
            }
            // Python: case ("start"), which is no tuple.
            Kind::TuplePattern
                if parts.len() == 1 && !self.source(node).trim_end_matches(')').trim_end().ends_with(',') =>
            {
                let only: Vec<Pattern> = parts.into_iter().map(|part| self.pattern(part, names, depth + 1)).collect();
                only.into_iter().next().unwrap_or(Pattern::Unknown)
            }
            Kind::ListPattern | Kind::TuplePattern => {
                Pattern::Sequence(boxed(parts.into_iter().map(|part| self.pattern(part, names, depth + 1)).collect()))
            }
            Kind::DictPattern => {
                let mut entries = Vec::new();
                let mut key = None;
                for part in parts {
                    match tree.kind(part) {
                        Kind::CasePattern => {
                            let value = self.pattern(part, names, depth + 1);
                            if let Some(key) = key.take() {
                                entries.push((key, value));
                            }
                        }
                        Kind::SplatPattern => self.captures(part, names),
                        _ => {
                            key = match self.pattern(part, names, depth + 1) {
                                Pattern::Equal(key) => Some(key),
                                _ => None,
                            }
                        }
                    }
                }
                Pattern::Mapping(boxed(entries))
            }
            Kind::ClassPattern => {
                let Some((&class, parts)) = parts.split_first() else { return Pattern::Unknown };
                let class = self.expression(class);
                let (mut positional, mut keywords) = (Vec::new(), Vec::new());
                for &part in parts {
                    let inner: Vec<NodeId> = tree.parts(part).collect();
                    match *inner {
                        [keyword] if tree.kind(keyword) == Kind::KeywordPattern => {
                            let mut inside = tree.parts(keyword);
                            let Some(name) = inside.next() else { continue };
                            let name = self.name(name);
                            let value = match inside.next() {
                                Some(value) => self.pattern(value, names, depth + 1),
                                None => Pattern::Any,
                            };
                            keywords.push((name, value));
                        }
                        _ => positional.push(self.pattern(part, names, depth + 1)),
                    }
                }
                Pattern::Class { class, positional: boxed(positional), keywords: boxed(keywords) }
            }
            Kind::AsPattern => {
                let Some((&first, rest)) = parts.split_first() else { return Pattern::Unknown };
                let pattern = self.pattern(first, names, depth + 1);
                match rest.last().map(|&name| self.capture(name, names)) {
                    Some(Pattern::Capture(name)) => Pattern::Named(Box::new(pattern), name),
                    _ => pattern,
                }
            }
            Kind::ComplexPattern => Pattern::Unknown,
            Kind::Integer | Kind::Float if self.follows_minus(node) => {
                let operand = self.expression(node);
                let negative = Expression::Unary { operator: UnaryOperator::Minus, operand };
                Pattern::Equal(self.push(negative, tree.span(node)))
            }
            _ => Pattern::Equal(self.expression(node)),
        }
    }

    /// True for the number of `-1` in a pattern: its sign is no node's.
    fn follows_minus(&self, number: NodeId) -> bool {
        let before = self.text.get(..self.tree.span(number).start as usize);
        before.is_some_and(|text| text.trim_end().ends_with('-'))
    }

    /// The names that a part of a pattern binds, however deep.
    fn captures(&mut self, root: NodeId, names: &mut Vec<NameId>) {
        let tree = self.tree;
        let mut open = vec![root];
        while let Some(node) = open.pop() {
            let mut skip = 0;
            match tree.kind(node) {
                Kind::Identifier => {
                    self.capture(node, names);
                }
                Kind::DottedName => {
                    if tree.parts(node).count() == 1 {
                        self.capture(node, names);
                    }
                    continue;
                }
                Kind::ClassPattern | Kind::KeywordPattern => skip = 1,
                Kind::String | Kind::ConcatenatedString => continue,
                _ => {}
            }
            let children: Vec<NodeId> = tree.parts(node).skip(skip).collect();
            open.extend(children.into_iter().rev());
        }
    }

    /// Binds a name of a pattern.
    fn capture(&mut self, node: NodeId, names: &mut Vec<NameId>) -> Pattern {
        if self.source(node) == "_" {
            return Pattern::Any;
        }
        let name = self.name(node);
        if !names.contains(&name) {
            names.push(name);
            self.bind_target(name, Source::Other);
        }
        Pattern::Capture(name)
    }
}
