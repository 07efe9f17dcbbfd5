//! Recursive calls: how the arguments change tells how often the function runs.
//!
//! ```python
//! def fib(n):
//!     return n if n < 2 else fib(n - 1) + fib(n - 2)   # two calls, each counts down: 1.6 ** n
//! ```

use super::machine::{Activation, Frame, Machine};
use super::memo::is_memoised;
use super::price;
use super::value::{Coroutine, Lazy, Value};
use crate::cost::{Cost, Interval};
use crate::facts::ir::{Comparison, Expression, Function, Statement};
use crate::id::{ExpressionId, NameId};
use crate::text::Span;
use std::rc::Rc;

/// How a recursive call differs from the call that makes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// A known number goes down: from where, by how much.
    Counts {
        /// Its value in the outer call.
        from: f64,
        /// What is taken away.
        step: f64,
        /// No condition guards the call: no way is given up early.
        surely: bool,
        /// Both numbers are known.
        exact: bool,
        /// It goes up to a limit: a search that puts something together.
        climbs: bool,
    },
    /// A sequence or a number is halved, roughly.
    Halves {
        /// Its size in the outer call.
        size: f64,
    },
    /// A sequence loses an element or two.
    Shortens {
        /// Its size in the outer call.
        size: f64,
    },
    /// A number goes up towards some limit, as in a search.
    Climbs,
    /// The call stands where a parameter is known to be a literal, and hands on something else: it does not come there
    /// again.
    ///
    /// ```python
    /// if name == "all":
    ///     return [load(name) for name in NAMES]
    /// ```
    Once,
    /// Something else: a tree's child, a neighbour.
    Descends,
}

impl Shape {
    /// True if something gets less with each call: a problem that is taken apart.
    pub fn gets_less(&self) -> bool {
        matches!(self, Self::Counts { .. } | Self::Halves { .. } | Self::Shortens { .. })
    }
}

impl<'p> Machine<'p> {
    /// A call of a function that is already running, at `index` on the stack.
    pub(super) fn recursive_call(
        &mut self,
        frame: &mut Frame<'p>,
        index: usize,
        bound: &[Value],
        definition: &Function,
    ) -> Value {
        frame.tally.tick(price::CALL);
        frame.tally.recurse(index, 1.0);
        self.lowest = self.lowest.min(index);
        let shape = match self.stack.get(index) {
            Some(activation) => {
                let arguments = activation.arguments.clone();
                let is_direct = activation.node == (frame.file, frame.function);
                if is_direct && is_gated(frame, definition, &arguments, bound) {
                    Shape::Once
                } else {
                    let surely = frame.branches == 0 && !frame.skipping;
                    match self.shape(&arguments, bound, surely) {
                        // What the function itself asks for decides, whatever else gets less on the way.
                        Shape::Climbs if is_direct && self.walks_parts(frame, definition) => Shape::Descends,
                        Shape::Counts { .. }
                            if is_direct && asks_for_kind(frame, definition) && self.walks_parts(frame, definition) =>
                        {
                            Shape::Descends
                        }
                        // Python: a helper within asks `isinstance(value, dict)`, and calls the outer function for that.
                        Shape::Climbs
                            if !is_direct
                                && frame
                                    .function
                                    .and_then(|it| frame.facts.functions.get(it.index()))
                                    .is_some_and(|caller| asks_for_kind(frame, caller)) =>
                        {
                            Shape::Descends
                        }
                        shape @ (Shape::Climbs | Shape::Counts { .. }) if is_direct => {
                            self.climbs_to(frame, definition, &arguments, bound, surely).unwrap_or(shape)
                        }
                        shape => shape,
                    }
                }
            }
            None => Shape::Descends,
        };
        if let Some(activation) = self.stack.get_mut(index)
            && activation.shapes.len() < 8
        {
            activation.shapes.push(shape);
        }
        if definition.is_generator {
            return Value::Iterator(Rc::new(Lazy {
                item: Value::Unknown,
                count: Interval::ONE,
                guessed: true,
                step: Cost::ZERO,
                trail: super::evidence::Trail::default(),
                is_async: definition.is_async,
                context: false,
            }));
        }
        if definition.is_async {
            return Value::Coroutine(Rc::new(Coroutine { result: Value::Unknown, cost: Cost::ZERO, suspends: false }));
        }
        Value::Unknown
    }

    /// True if a call counts a small known number down: `sort(half, threads // 2)`.
    pub(super) fn counts_down(&self, index: usize, bound: &[Value]) -> bool {
        let Some(activation) = self.stack.get(index) else { return false };
        activation.arguments.iter().zip(bound).any(|(before, after)| match (before.constant(), after.constant()) {
            (Some(before), Some(after)) => before <= 16.0 && after >= 0.0 && after <= before / 2.0 && before > 0.0,
            _ => false,
        })
    }

    fn shape(&mut self, outer: &[Value], inner: &[Value], surely: bool) -> Shape {
        let mut climbs = false;
        for (before, after) in outer.iter().zip(inner) {
            match (before, after) {
                (Value::Int(Some(a)) | Value::Float(Some(a)), Value::Int(Some(b)) | Value::Float(Some(b))) => {
                    if b.likely < a.likely && a.likely > 0.0 {
                        if b.likely > 0.0 && b.likely <= a.likely * 0.6 && a.likely - b.likely > 3.0 {
                            return Shape::Halves { size: a.likely };
                        }
                        let exact = a.is_exact() && b.is_exact();
                        return Shape::Counts {
                            from: a.likely,
                            step: a.likely - b.likely,
                            surely,
                            exact,
                            climbs: false,
                        };
                    }
                    climbs |= b.likely > a.likely && a.is_exact();
                }
                _ if is_sequence(before) && is_sequence(after) => {
                    let known = self.length(before);
                    // A name that is taken apart (`provider.split(":")`) is no problem that gets halved.
                    if matches!(before, Value::Text(..)) && known.low * 2.0 < known.likely {
                        continue;
                    }
                    let (a, b) = (known.likely, self.length(after).likely);
                    let grows = matches!(before, Value::Object(_) | Value::Tuple(_));
                    climbs |= b > a && grows && known.is_exact();
                    if b < a {
                        return if b <= a * 0.75 && a - b > 3.0 {
                            Shape::Halves { size: a }
                        } else {
                            Shape::Shortens { size: a }
                        };
                    }
                }
                _ => {}
            }
        }
        if climbs { Shape::Climbs } else { Shape::Descends }
    }

    /// True if a function hands on what a parameter of its own is made of: the data end the walk, and a depth that is
    /// counted beside it only keeps it from going astray.
    ///
    /// ```python
    /// def clip(value, depth=0):
    ///     if depth > 6:
    ///         return "…"
    ///     return [clip(item, depth + 1) for item in value]
    /// ```
    pub(super) fn walks_parts(&mut self, frame: &Frame<'p>, definition: &Function) -> bool {
        let Some(function) = frame.function else { return false };
        let key = (frame.file, function);
        if let Some(known) = self.walks.get(&key) {
            return *known;
        }
        let found = hands_on_parts(frame, definition);
        self.walks.insert(key, found);
        found
    }

    /// How far it is to where the function stops climbing: an `if` that returns there names the limit.
    ///
    /// ```python
    /// if i == len(self.choices):
    ///     return 0
    /// ```
    fn climbs_to(
        &mut self,
        frame: &mut Frame<'p>,
        definition: &Function,
        outer: &[Value],
        inner: &[Value],
        surely: bool,
    ) -> Option<Shape> {
        let facts = frame.facts;
        let size = |machine: &mut Self, value: &Value| match value {
            Value::Int(n) => *n,
            other if is_sequence(other) => Some(machine.length(other)),
            _ => None,
        };
        for statement in &definition.body {
            let Some(Statement::If { condition, then, .. }) = facts.statements.get(statement.index()) else { continue };
            let leaves = then.last().and_then(|it| facts.statements.get(it.index()));
            let Some(Expression::Compare { first, rest }) = facts.expressions.get(condition.index()) else { continue };
            let [(Comparison::Equal | Comparison::GreaterEqual | Comparison::Greater, limit)] = &rest[..] else {
                continue;
            };
            if !matches!(leaves, Some(Statement::Return(_))) {
                continue;
            }
            let asked = match facts.expressions.get(first.index()) {
                // Python: if len(line) == len(cantus):
                Some(Expression::Call { arguments, .. }) => arguments.first().map(|it| it.value),
                _ => Some(*first),
            };
            let Some(Expression::Name(name)) = asked.and_then(|it| facts.expressions.get(it.index())) else { continue };
            let Some(at) = definition.parameters.iter().position(|it| it.name == *name) else { continue };
            let (Some(before), Some(after)) = (outer.get(at), inner.get(at)) else { continue };
            let (Some(from), Some(next)) = (size(self, before), size(self, after)) else { continue };
            let Some(limit) = self.peek(frame, *limit).number() else { continue };
            let (far, step) = (limit.likely - from.likely, next.likely - from.likely);
            if far > 0.0 && step > 0.0 {
                let exact = limit.is_exact() && from.is_exact() && next.is_exact();
                return Some(Shape::Counts { from: far, step, surely, exact, climbs: true });
            }
        }
        None
    }

    /// Multiplies a function's cost by how often its recursion runs it.
    pub(super) fn unroll(&mut self, frame: &mut Frame<'p>, activation: &Activation, place: usize) {
        let Some(at) = frame.tally.recursions.iter().position(|(p, _)| *p == place) else { return };
        let (_, branching) = frame.tally.recursions.swap_remove(at);
        let runs = match frame.function.and_then(|it| frame.facts.functions.get(it.index())) {
            Some(definition) if is_memoised(frame.facts, definition) => {
                distinct_invocations(branching, &activation.shapes, definition)
            }
            _ => invocations(branching, &activation.shapes),
        };
        frame.tally.cost = frame.tally.cost.times(runs);
        let trail = std::mem::take(&mut frame.tally.trail);
        frame.tally.trail.extend(&trail, runs.likely, None);
        // A number that rests on nothing: a search that tries many ways is long, however deep it goes.
        let searches = branching > 3.0;
        let is_walk = activation.shapes.iter().all(|shape| match shape {
            Shape::Descends | Shape::Once => true,
            Shape::Climbs => !searches,
            Shape::Counts { .. } | Shape::Halves { .. } | Shape::Shortens { .. } => false,
        });
        if is_walk {
            frame.tally.trail.mark_recursed();
        }
        frame.tally.yields = frame.tally.yields.times(Interval {
            low: runs.low.sqrt().max(1.0),
            likely: runs.likely.sqrt().max(1.0),
            high: runs.high,
        });
        let own = frame.tally.cost.bytecode.likely;
        if own > 1e-4 {
            frame.tally.trail.push(super::evidence::Operation {
                clock: crate::knowledge::schema::Clock::Bytecode,
                wait: None,
                seconds: own * 0.9,
                each: own * 0.9,
                weight: 1.0,
                file: frame.file,
                span: frame
                    .function
                    .and_then(|f| frame.spans.function_names.get(f.index()))
                    .copied()
                    .unwrap_or_default(),
                what: std::sync::Arc::from(format!(
                    "a recursion of about {} calls in Python bytecode",
                    super::statements::readable(runs.likely)
                )),
                source: None,
                guessed: true,
                turns: 0.0,
                exceptional: false,
                recursed: is_walk,
                path: None,
            });
        }
    }
}

/// See [`Shape::Once`].
fn is_gated(frame: &Frame<'_>, definition: &Function, outer: &[Value], inner: &[Value]) -> bool {
    let variables = frame.environment.variables.borrow();
    definition.parameters.iter().zip(outer.iter().zip(inner)).any(|(parameter, (before, after))| {
        let Some(here) = variables.get(&parameter.name).and_then(Value::known_text) else { return false };
        before.known_text().is_none() && after.known_text().is_none_or(|after| after != here)
    })
}

/// True if a function asks what kind of thing a parameter is: it takes data of any shape apart, and a number that it counts
/// down keeps it from going astray. (A game's search knows what its nodes are, and goes as deep as the number says.)
fn asks_for_kind(frame: &Frame<'_>, definition: &Function) -> bool {
    let (facts, spans) = (frame.facts, frame.spans);
    let all = &facts.expressions;
    let Some(range) = frame.function.and_then(|it| spans.functions.get(it.index())) else { return false };
    let name = |id: ExpressionId| match all.get(id.index()) {
        Some(Expression::Name(name)) => Some(*name),
        _ => None,
    };
    all.iter().zip(&spans.expressions).any(|(expression, span)| {
        let Expression::Call { callee, arguments } = expression else { return false };
        let asked = arguments.first().and_then(|it| name(it.value));
        let is_inside = range.start <= span.start && span.end <= range.end;
        is_inside
            && definition.parameters.iter().any(|it| Some(it.name) == asked)
            && name(*callee).and_then(|it| facts.names.get(it.index())).is_some_and(|it| &**it == "isinstance")
    })
}

/// See [`Machine::walks_parts`].
fn hands_on_parts(frame: &Frame<'_>, definition: &Function) -> bool {
    const PARTS: [&str; 4] = ["children", "items", "values", "iter"];
    let (facts, spans) = (frame.facts, frame.spans);
    let all = &facts.expressions;
    let Some(range) = frame.function.and_then(|it| spans.functions.get(it.index())) else { return false };
    let within = |span: &Span| range.start <= span.start && span.end <= range.end;
    let name = |id: ExpressionId| match all.get(id.index()) {
        Some(Expression::Name(name)) => Some(*name),
        _ => None,
    };
    let text = |id: NameId| facts.names.get(id.index()).map_or("", |it| &**it);
    let is_parameter = |id: ExpressionId| definition.parameters.iter().any(|it| Some(it.name) == name(id));
    // Python: node["children"], node.get("children"), getattr(node, "children", ())
    let is_looked_up = |id: ExpressionId| match all.get(id.index()) {
        Some(Expression::Subscript { value, index }) => {
            is_parameter(*value) && matches!(all.get(index.index()), Some(Expression::String { .. }))
        }
        Some(Expression::Call { callee, arguments }) => match all.get(callee.index()) {
            Some(Expression::Name(called)) => {
                text(*called) == "getattr" && arguments.first().is_some_and(|it| is_parameter(it.value))
            }
            Some(Expression::Attribute { value, attribute }) => {
                let key = arguments.first().and_then(|it| all.get(it.value.index()));
                text(*attribute) == "get" && is_parameter(*value) && matches!(key, Some(Expression::String { .. }))
            }
            _ => false,
        },
        _ => false,
    };
    // Python: children = getattr(node, "children", ())
    let kept: Vec<NameId> = facts
        .statements
        .iter()
        .zip(&spans.statements)
        .filter_map(|(statement, span)| match statement {
            Statement::Assign { targets, value } if within(span) && is_looked_up(*value) => name(*targets.first()?),
            _ => None,
        })
        .collect();
    let is_entry = |id: ExpressionId| is_looked_up(id) || name(id).is_some_and(|it| kept.contains(&it));
    // Python: for item in value, value.items(), node.children, node["children"].values()
    let is_whole = |id: ExpressionId| {
        let inner = match all.get(id.index()) {
            Some(Expression::Call { callee, arguments }) if arguments.is_empty() => *callee,
            _ => id,
        };
        match all.get(inner.index()) {
            Some(Expression::Attribute { value, attribute }) => {
                PARTS.contains(&text(*attribute)) && (is_parameter(*value) || is_entry(*value))
            }
            _ => is_parameter(inner) || is_entry(inner),
        }
    };
    let loops = facts.statements.iter().zip(&spans.statements).filter_map(|(statement, span)| match statement {
        Statement::For { target, iterable, .. } if within(span) => Some((*target, *iterable)),
        _ => None,
    });
    let clauses = all.iter().zip(&spans.expressions).flat_map(|(expression, span)| match expression {
        Expression::Comprehension { clauses, .. } if within(span) => &clauses[..],
        _ => &[],
    });
    let mut parts: Vec<NameId> = Vec::new();
    for (target, iterable) in loops.chain(clauses.map(|clause| (clause.target, clause.iterable))) {
        if !is_whole(iterable) {
            continue;
        }
        match all.get(target.index()) {
            Some(Expression::Name(part)) => parts.push(*part),
            Some(Expression::Tuple(several)) => parts.extend(several.iter().filter_map(|it| name(*it))),
            _ => {}
        }
    }
    !parts.is_empty()
        && all.iter().zip(&spans.expressions).any(|(expression, span)| {
            let Expression::Call { callee, arguments } = expression else { return false };
            let called = match all.get(callee.index()) {
                Some(Expression::Name(called) | Expression::Attribute { attribute: called, .. }) => *called,
                _ => return false,
            };
            let given = arguments.iter().filter_map(|it| name(it.value));
            within(span) && called == definition.name && given.into_iter().any(|it| parts.contains(&it))
        })
}

/// Lists and strings: what a recursion cuts into pieces. A dict's part is not a piece of it.
fn is_sequence(value: &Value) -> bool {
    match value {
        Value::Text(..) | Value::Range { .. } | Value::Tuple(_) => true,
        Value::Object(reference) => matches!(reference.0.borrow().kind, super::value::Kind::List),
        _ => false,
    }
}

/// How often a function runs whose results are kept: once for each set of arguments, of which each parameter that changes
/// takes about as many values as the recursion is deep.
///
/// ```python
/// @lru_cache(maxsize=None)
/// def ways(stairs):
///     return 1 if stairs < 2 else ways(stairs - 1) + ways(stairs - 2)
/// ```
fn distinct_invocations(branching: f64, shapes: &[Shape], definition: &Function) -> Interval {
    let all = invocations(branching, shapes);
    let deep = invocations(branching.min(1.0), shapes);
    let own = usize::from(definition.class.is_some());
    let sets = if definition.parameters.len() > own + 1 { deep.times(deep) } else { deep };
    Interval { low: sets.low.min(all.low), likely: sets.likely.min(all.likely), high: sets.high.min(all.high) }
}

/// How often a function runs that calls itself `branching` times in each run.
fn invocations(branching: f64, shapes: &[Shape]) -> Interval {
    const MOST: f64 = 1e10;
    const MOST_GUESSED: f64 = 1e6;
    let about = |likely: f64, factor: f64| {
        let likely = likely.clamp(1.0, MOST);
        Interval { low: (likely / factor).max(1.0), likely, high: (likely * factor).min(MOST * 10.0) }
    };
    if !shapes.is_empty() && shapes.iter().all(|shape| *shape == Shape::Once) {
        return about(1.0 + branching, 2.0);
    }
    let many = branching > 1.5;
    let climbs = shapes.iter().any(|shape| matches!(shape, Shape::Counts { climbs: true, .. }));
    let counts: Vec<(f64, f64, bool, bool)> = shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Counts { from, step, surely, exact, .. } => Some((*from, *step, *surely, *exact)),
            _ => None,
        })
        .collect();
    if let Some(&(from, first, surely, _)) = counts.first() {
        let step = counts.iter().map(|(_, s, ..)| s).sum::<f64>() / counts.len() as f64;
        let depth = (from / step.max(1e-9)).max(1.0);
        let calls = shapes.len() as f64;
        let is_known = counts.iter().all(|(_, step, surely, exact)| *surely && *exact && *step == first);
        if is_known && many && branching.fract() == 0.0 && calls == branching {
            return about(branching.powf(depth.min(60.0)), 1.5);
        }
        // One of the calls stands under a condition: take it or leave it.
        if counts.len() == shapes.len() && calls >= 2.0 && branching > 1.2 && branching < calls && calls <= 3.0 {
            let runs = |base: f64| base.powf(depth.min(60.0)).clamp(1.0, MOST);
            return Interval {
                low: runs(branching) / 2.0,
                likely: runs((branching * calls).sqrt()),
                high: runs(calls),
            };
        }
        // A search that tries many ways and gives most of them up early.
        let given_up = if climbs { 0.75 } else { 0.35 };
        let base = if branching > 4.0 && !surely { branching * given_up } else { branching };
        // Nobody writes a search that takes hours: what grows beyond is given up more often than it looks.
        let most = if surely { MOST } else { MOST_GUESSED };
        return if many { about(base.max(1.3).powf(depth.min(60.0)).min(most), 5.0) } else { about(depth, 2.0) };
    }
    for shape in shapes {
        match shape {
            Shape::Halves { size } => {
                return if many { about(2.0 * size, 2.0) } else { about(size.max(2.0).log2(), 2.0) };
            }
            Shape::Shortens { size } => {
                return if many { about(branching.min(3.0).powf(size.min(14.0)), 100.0) } else { about(*size, 2.0) };
            }
            Shape::Climbs => {
                return if branching > 3.0 {
                    Interval { low: 1_000.0, likely: 10_000.0, high: 1e8 }
                } else if many {
                    Interval { low: 5.0, likely: 500.0, high: 1e7 }
                } else {
                    Interval { low: 2.0, likely: 30.0, high: 1_000.0 }
                };
            }
            Shape::Counts { .. } | Shape::Once | Shape::Descends => {}
        }
    }
    if many {
        Interval { low: 2.0, likely: 30.0, high: 1e6 }
    } else {
        Interval { low: 1.0, likely: 5.0, high: 1_000.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(branching: f64, shapes: &[Shape], at_least: f64, at_most: f64) {
        let runs = invocations(branching, shapes).likely;
        assert!((at_least..=at_most).contains(&runs), "{runs} is not in {at_least}..={at_most}");
    }

    #[test]
    fn the_shape_of_a_recursion_tells_how_often_it_runs() {
        let fib = [
            Shape::Counts { from: 27.0, step: 1.0, surely: true, exact: true, climbs: false },
            Shape::Counts { from: 27.0, step: 2.0, surely: true, exact: true, climbs: false },
        ];
        check(2.0, &fib, 1e5, 1e6);
        check(1.0, &[Shape::Counts { from: 500.0, step: 1.0, surely: true, exact: true, climbs: false }], 500.0, 500.0);
        check(2.0, &[Shape::Halves { size: 1000.0 }], 2000.0, 2000.0);
        check(5.0, &[Shape::Counts { from: 9.0, step: 1.0, surely: true, exact: true, climbs: false }], 1e6, 1e7);
        check(5.0, &[Shape::Counts { from: 9.0, step: 1.0, surely: false, exact: true, climbs: false }], 100.0, 1000.0);
        check(1.0, &[Shape::Halves { size: 1024.0 }], 10.0, 10.0);
        check(8.0, &[Shape::Climbs], 1e3, 1e6);
        check(1.0, &[Shape::Descends], 2.0, 100.0);
    }
}
