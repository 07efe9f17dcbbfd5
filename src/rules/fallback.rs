//! What is left when the same has failed before: the calls in `except` clauses.

use crate::estimate::report::Stall;
use crate::facts::ir::{Argument, Expression, Statement};
use crate::id::{ExpressionId, StatementId};
use crate::project::Parsed;
use crate::text::Span;
use rustc_hash::FxHashMap;

/// The `except` clauses of a file, so that each of its stalls can find the ones around it without looking at all of them.
#[derive(Debug, Default)]
pub struct Handlers {
    /// In source order: clauses are nested or apart.
    all: Vec<Clause>,
    /// The calls of the file by their ranges; empty in a file without clauses.
    calls: FxHashMap<Span, ExpressionId>,
    /// All expressions in the order of where they begin.
    in_order: Vec<ExpressionId>,
}

#[derive(Debug)]
struct Clause {
    span: Span,
    /// The body of its `try`.
    tried: Span,
    /// The innermost clause around it.
    around: Option<usize>,
}

impl Handlers {
    /// Those of a file.
    pub fn new(parsed: &Parsed) -> Handlers {
        let (facts, spans) = (&parsed.facts, &parsed.spans);
        let block = |statements: &[StatementId]| {
            let span = |id: Option<&StatementId>| id.and_then(|id| spans.statements.get(id.index())).copied();
            Some(Span { start: span(statements.first())?.start, end: span(statements.last())?.end })
        };
        let clauses = facts.statements.iter().flat_map(|statement| match statement {
            Statement::Try { body, handlers, .. } => {
                let clause = |body: &[StatementId], tried| Some(Clause { span: block(body)?, tried, around: None });
                block(body)
                    .map(|tried| handlers.iter().filter_map(|it| clause(&it.body, tried)).collect())
                    .unwrap_or_default()
            }
            _ => Vec::new(),
        });
        let mut all: Vec<Clause> = clauses.collect();
        if all.is_empty() {
            return Handlers::default();
        }
        all.sort_unstable_by_key(|clause| (clause.span.start, std::cmp::Reverse(clause.span.end)));
        let mut open: Vec<usize> = Vec::new();
        for index in 0..all.len() {
            let Some(here) = all.get(index).map(|clause| clause.span) else { continue };
            while open.last().and_then(|last| all.get(*last)).is_some_and(|outer| outer.span.end < here.end) {
                open.pop();
            }
            if let Some(clause) = all.get_mut(index) {
                clause.around = open.last().copied();
            }
            open.push(index);
        }
        let calls = facts.expressions.iter().zip(&spans.expressions).enumerate();
        let calls = calls.filter(|(_, (expression, _))| matches!(expression, Expression::Call { .. }));
        let start = |id: &ExpressionId| spans.expressions.get(id.index()).map_or(0, |span| span.start);
        let mut in_order: Vec<ExpressionId> = (0..facts.expressions.len()).map(ExpressionId::new).collect();
        in_order.sort_by_key(start);
        Handlers { all, calls: calls.map(|(index, (_, span))| (*span, ExpressionId::new(index))).collect(), in_order }
    }

    /// The bodies of the `try` statements whose clauses are around a place, innermost first.
    fn tried(&self, place: Span) -> impl Iterator<Item = Span> + '_ {
        let before = self.all.partition_point(|clause| clause.span.start <= place.start);
        let innermost = before.checked_sub(1);
        let outwards = std::iter::successors(innermost, |index| self.all.get(*index)?.around);
        outwards
            .filter_map(|index| self.all.get(index))
            .filter(move |clause| place.end <= clause.span.end)
            .map(|clause| clause.tried)
    }

    /// True in a clause of a `try` that makes the same call, or hands it over: what is left when that has failed.
    ///
    /// ```python
    /// try:
    ///     await asyncio.to_thread(self.close)
    /// except RuntimeError:
    ///     self.close()
    /// ```
    pub fn is_fallback(&self, parsed: &Parsed, text: &str, stall: &Stall) -> bool {
        let (facts, spans) = (&parsed.facts, &parsed.spans);
        let text_of = |id: ExpressionId| {
            let span = spans.expressions.get(id.index())?;
            text.get(span.start as usize..span.end as usize)
        };
        let call = |id: ExpressionId| match facts.expressions.get(id.index())? {
            Expression::Call { callee, arguments } => Some((*callee, arguments)),
            _ => None,
        };
        let Some((own, given)) = self.calls.get(&stall.span).and_then(|id| call(*id)) else { return false };
        let Some(name) = text_of(own) else { return false };
        // With other arguments it is another attempt, not the same one.
        let is_same = |before: &[Argument]| {
            given.iter().all(|it| before.iter().any(|other| text_of(other.value) == text_of(it.value)))
        };
        self.tried(stall.span).any(|tried| {
            let start = |id: &ExpressionId| spans.expressions.get(id.index()).map_or(0, |span| span.start);
            let first = self.in_order.partition_point(|id| start(id) < tried.start);
            let inside = self.in_order.iter().skip(first).take_while(|id| start(id) < tried.end);
            let (mut mentioned, mut repeated) = (0, 0);
            for id in inside {
                if text_of(*id) == Some(name) {
                    mentioned += 1;
                }
                if let Some((callee, before)) = call(*id)
                    && text_of(callee) == Some(name)
                {
                    repeated += 1;
                    if is_same(before) {
                        return true;
                    }
                }
            }
            mentioned > repeated
        })
    }
}
