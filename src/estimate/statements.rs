//! Statements: flow of control, trip counts, narrowing, assignment.

use super::machine::{Frame, Machine, PendingStall, Tally};
use super::price;
use super::value::{ClassValue, Closure, Kind, Value, Variables};
use crate::cost::{Cost, Interval};
use crate::facts::ir::{ArgumentKind, Comparison, Expression, Handler, Operator, Statement, UnaryOperator};
use crate::id::{ClassId, ExpressionId, FunctionId, NameId, StatementId};
use crate::knowledge::schema::{Clock, WaitKind};
use crate::text::Span;
use std::rc::Rc;
use std::sync::Arc;

/// Where control goes behind a statement: shares that add up to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow {
    /// On to the next statement.
    pub falls: f64,
    /// Out of the loop.
    pub breaks: f64,
    /// To the loop's next turn.
    pub continues: f64,
    /// Out of the function.
    pub returns: f64,
    /// To a handler.
    pub raises: f64,
}

impl Flow {
    pub(super) const NEXT: Flow = Flow { falls: 1.0, breaks: 0.0, continues: 0.0, returns: 0.0, raises: 0.0 };
    pub(super) const NONE: Flow = Flow { falls: 0.0, breaks: 0.0, continues: 0.0, returns: 0.0, raises: 0.0 };

    pub(super) fn mixed(self, share: f64, other: Flow) -> Flow {
        let mix = |a: f64, b: f64| a * share + b * (1.0 - share);
        Flow {
            falls: mix(self.falls, other.falls),
            breaks: mix(self.breaks, other.breaks),
            continues: mix(self.continues, other.continues),
            returns: mix(self.returns, other.returns),
            raises: mix(self.raises, other.raises),
        }
    }

    /// True if the block always leaves, and by which door mostly.
    pub(super) fn leaves(self) -> bool {
        self.falls < 0.01
    }
}

/// How many turns of a loop are run one by one for the states that they go through.
const MOST_TURNS: usize = 4;
/// How many loops within loops are run again for the states that they go through.
pub(super) const MOST_WATCHED: u32 = 2;
/// How often what always ends in an exception is come to.
pub(super) const FAILURES: f64 = 0.02;

impl<'p> Machine<'p> {
    /// Runs statements one after the other.
    pub(super) fn block(&mut self, frame: &mut Frame<'p>, block: &[StatementId]) -> Flow {
        let mut flow = Flow::NEXT;
        for (at, &statement) in block.iter().enumerate() {
            if self.is_spent() {
                frame.tally.cost.unknown += price::UNKNOWN_FUNCTION;
                break;
            }
            let mut here = self.statement(frame, statement);
            if std::mem::take(&mut frame.raised) {
                here = Flow { raises: 1.0, ..Flow::NONE };
            }
            flow.breaks += flow.falls * here.breaks;
            flow.continues += flow.falls * here.continues;
            flow.returns += flow.falls * here.returns;
            flow.raises += flow.falls * here.raises;
            flow.falls *= here.falls;
            if here.falls < 0.01 {
                flow.falls = 0.0;
                break;
            }
            if here.falls < 0.99 {
                // What follows runs only for those who got here.
                let rest = block.get(at + 1..).unwrap_or_default();
                let before = std::mem::take(&mut frame.tally);
                let skipping = frame.skipping;
                frame.skipping |= here.continues > 0.0;
                let tail = self.block(frame, rest);
                frame.skipping = skipping;
                let mut after = std::mem::replace(&mut frame.tally, before);
                // Who goes on to what raises in any case has failed already: the others have returned.
                let mut here = here;
                if tail.raises > 0.99 && here.returns > 0.0 && here.falls > FAILURES {
                    flow.returns += flow.falls / here.falls * (here.falls - FAILURES);
                    flow.falls *= FAILURES / here.falls;
                    here.falls = FAILURES;
                    after.trail.mark_exceptional();
                }
                frame.tally.add(&after, here.falls);
                flow.breaks += flow.falls * tail.breaks;
                flow.continues += flow.falls * tail.continues;
                flow.returns += flow.falls * tail.returns;
                flow.raises += flow.falls * tail.raises;
                flow.falls *= tail.falls;
                break;
            }
        }
        flow
    }

    pub(super) fn statement(&mut self, frame: &mut Frame<'p>, id: StatementId) -> Flow {
        let facts = frame.facts;
        let Some(statement) = facts.statements.get(id.index()) else { return Flow::NEXT };
        let span = frame.spans.statements.get(id.index()).copied().unwrap_or_default();
        match statement {
            Statement::Expression(value) => {
                let result = self.evaluate(frame, *value);
                if self.never_returns(&result) {
                    return Flow { raises: 1.0, ..Flow::NONE };
                }
                self.asked_in_vain(frame, *value, &result);
            }
            Statement::Assign { targets, value } => {
                let outer = std::mem::replace(&mut frame.assigning, targets.first().copied());
                let result = self.evaluate(frame, *value);
                frame.assigning = outer;
                if let [target] = &**targets
                    && let Some(Expression::Name(name)) = frame.facts.expressions.get(target.index())
                    && frame.facts.names.get(name.index()).is_some_and(|it| &**it == "_")
                {
                    self.asked_in_vain(frame, *value, &result);
                }
                for target in targets.iter() {
                    self.assign(frame, *target, result.clone());
                }
            }
            Statement::AugmentedAssign { target, operator, value } => self.augmented(frame, *target, *operator, *value),
            Statement::AnnotatedAssign { target, annotation, value } => {
                let outer = frame.assigning.replace(*target);
                let declared = self.annotated(frame.file, Some(&frame.environment.clone()), *annotation);
                let result = match value {
                    Some(value) => {
                        let result = self.evaluate(frame, *value);
                        if result.is_unknown() || matches!(result, Value::None) { declared } else { result }
                    }
                    None => declared,
                };
                frame.assigning = outer;
                self.assign(frame, *target, result);
            }
            Statement::Return(value) => {
                let result = value.map_or(Value::None, |value| self.evaluate(frame, value));
                frame.result = Some(frame.result.take().map_or(result.clone(), |r| r.join(&result)));
                return Flow { returns: 1.0, ..Flow::NONE };
            }
            Statement::Raise { exception, .. } => {
                if let Some(exception) = exception {
                    // Making an exception costs nothing worth counting, whatever its class.
                    let before = std::mem::take(&mut frame.tally);
                    self.evaluate(frame, *exception);
                    frame.tally = before;
                }
                return Flow { raises: 1.0, ..Flow::NONE };
            }
            Statement::For { target, iterable, body, otherwise, is_async, assigned } => {
                let parts =
                    ForLoop { target: *target, iterable: *iterable, body, otherwise, is_async: *is_async, assigned };
                return self.for_loop(frame, id, &parts);
            }
            Statement::While { condition, body, otherwise, assigned } => {
                return self.while_loop(frame, id, *condition, body, otherwise, assigned);
            }
            Statement::If { condition, then, otherwise } => {
                return self.if_statement(frame, *condition, then, otherwise);
            }
            Statement::With { items, body, is_async } => {
                return self.with_statement(frame, items, body, *is_async, span);
            }
            Statement::Try { body, handlers, otherwise, finally } => {
                return self.try_statement(frame, body, handlers, otherwise, finally);
            }
            Statement::Match { subject, cases } => return self.match_statement(frame, *subject, cases),
            Statement::Function(function) => {
                let value = self.define_function(frame, *function);
                let name = facts.functions.get(function.index()).map(|f| f.name);
                if let Some(name) = name {
                    self.set_name(frame, name, value);
                }
            }
            Statement::Class(class) => {
                let value = self.define_class(frame, *class);
                if let Some(class) = facts.classes.get(class.index()) {
                    self.set_name(frame, class.name, value);
                }
            }
            Statement::Import(bindings) => {
                if frame.function.is_some() {
                    for binding in bindings.iter() {
                        let value = self.imported(frame.file, &binding.value);
                        self.set_name(frame, binding.name, value);
                    }
                }
            }
            Statement::Assert { test, .. } => {
                self.evaluate(frame, *test);
                let test = *test;
                self.narrow(frame, test, true);
            }
            Statement::Delete(targets) => {
                for target in targets.iter() {
                    if let Some(Expression::Name(name)) = facts.expressions.get(target.index()) {
                        frame.environment.variables.borrow_mut().remove(name);
                    }
                }
            }
            Statement::Break => return Flow { breaks: 1.0, ..Flow::NONE },
            Statement::Continue => return Flow { continues: 1.0, ..Flow::NONE },
            Statement::Nothing => {}
        }
        Flow::NEXT
    }

    fn never_returns(&self, value: &Value) -> bool {
        matches!(value, Value::Library(name) if &**name == "typing.NoReturn")
    }

    pub(super) fn snapshot(&self, frame: &Frame<'p>) -> Variables {
        frame.environment.variables.borrow().clone()
    }

    pub(super) fn restore(&self, frame: &Frame<'p>, variables: Variables) {
        *frame.environment.variables.borrow_mut() = variables;
    }

    pub(super) fn join_variables(&self, frame: &Frame<'p>, other: &Variables) {
        let mut here = frame.environment.variables.borrow_mut();
        // Most are the same, and most often nothing was assigned at all.
        let differs = |name: &NameId, theirs: &Value| here.get(name).is_none_or(|ours| !ours.same(theirs));
        let differing = other.iter().filter(|(name, theirs)| differs(name, theirs));
        let mut names: Vec<NameId> = differing.map(|(name, _)| *name).collect();
        names.sort_unstable();
        for name in names {
            let Some(theirs) = other.get(&name) else { continue };
            match here.get(&name) {
                Some(ours) if ours.same(theirs) => {}
                Some(ours) => {
                    let joined = ours.join(theirs);
                    here.insert(name, joined);
                }
                None => {
                    here.insert(name, theirs.clone());
                }
            }
        }
    }

    fn if_statement(
        &mut self,
        frame: &mut Frame<'p>,
        condition: ExpressionId,
        then: &'p [StatementId],
        otherwise: &'p [StatementId],
    ) -> Flow {
        if frame.function.is_none() && self.is_typing_guard(frame, condition) {
            return self.block(frame, otherwise);
        }
        let test = self.evaluate(frame, condition);
        // What the state of something that outlives the call decides, it decides the first time only.
        let decided = self.decide(frame, condition, &test).filter(|_| {
            // In this order: few conditions have that shape, and the other question evaluates.
            self.memo_share(frame, condition, then, otherwise).is_none() || !self.asks_what_outlives(frame, condition)
        });
        match decided {
            Some(true) => {
                self.narrow(frame, condition, true);
                let limits = self.limits(frame, condition);
                let flow = self.block(frame, then);
                self.keep_short(&limits);
                return flow;
            }
            Some(false) => {
                self.narrow(frame, condition, false);
                return self.block(frame, otherwise);
            }
            None => {}
        }
        let before = self.snapshot(frame);
        let told = self.told.clone();
        let saved = std::mem::take(&mut frame.tally);
        frame.branches += 1;
        self.narrow(frame, condition, true);
        let limits = self.limits(frame, condition);
        let then_flow = self.block(frame, then);
        self.keep_short(&limits);
        let then_told = std::mem::replace(&mut self.told, told.clone());
        let then_tally = std::mem::take(&mut frame.tally);
        let then_variables = self.snapshot(frame);
        self.restore(frame, before);
        self.narrow(frame, condition, false);
        let else_flow = self.block(frame, otherwise);
        let else_tally = std::mem::take(&mut frame.tally);
        frame.branches -= 1;
        let share = match self.remainder_share(frame, condition) {
            Some(share) => share,
            None if let Some(share) = self.memo_share(frame, condition, then, otherwise) => share,
            None if let Some(share) = self.default_share(frame, condition, &test) => share,
            None if let Some(share) = self.drawn_share(frame, condition) => share,
            // The loop around makes as many turns as that.
            None if count_reached(frame, condition).is_some_and(|(name, _)| frame.counters.contains(&name)) => 0.0,
            None => likely_share(then_flow, else_flow, otherwise.is_empty()),
        };
        frame.tally = saved;
        frame.tally.add_but_recursions(&then_tally, share);
        frame.tally.add_but_recursions(&else_tally, 1.0 - share);
        frame.tally.either(&then_tally, &else_tally);
        // What is hardly ever done leaves the variables as they are.
        let (is_never, is_always) = (share <= 0.0 && !else_flow.leaves(), share >= 1.0);
        if (else_flow.leaves() || is_always) && !then_flow.leaves() {
            self.restore(frame, then_variables);
            self.told = then_told;
        } else if !then_flow.leaves() && !is_never {
            self.join_variables(frame, &then_variables);
            self.told = told;
        }
        then_flow.mixed(share, else_flow)
    }

    /// `if i % 1000 == 0` holds once in a thousand turns.
    fn remainder_share(&mut self, frame: &mut Frame<'p>, condition: ExpressionId) -> Option<f64> {
        let (modulo, holds_once) = match frame.facts.expressions.get(condition.index())? {
            Expression::Compare { first, rest } => match rest.first()? {
                (Comparison::Equal, second) if rest.len() == 1 => {
                    self.peek(frame, *second).constant()?;
                    (*first, true)
                }
                (Comparison::NotEqual, second) if rest.len() == 1 => {
                    self.peek(frame, *second).constant()?;
                    (*first, false)
                }
                _ => return None,
            },
            Expression::Unary { operator: UnaryOperator::Not, operand } => (*operand, true),
            Expression::Binary { .. } => (condition, false),
            _ => return None,
        };
        let Some(Expression::Binary { operator: Operator::Modulo, right, .. }) =
            frame.facts.expressions.get(modulo.index())
        else {
            return None;
        };
        let period = self.peek(frame, *right).constant().filter(|n| *n >= 2.0)?;
        Some(if holds_once { 1.0 / period } else { 1.0 - 1.0 / period })
    }

    /// `if random.random() < 0.01` holds once in a hundred times.
    fn drawn_share(&mut self, frame: &mut Frame<'p>, condition: ExpressionId) -> Option<f64> {
        let Some(Expression::Compare { first, rest }) = frame.facts.expressions.get(condition.index()) else {
            return None;
        };
        let [(comparison, limit)] = &rest[..] else { return None };
        let Some(Expression::Call { callee, .. }) = frame.facts.expressions.get(first.index()) else { return None };
        let name = match self.peek(frame, *callee) {
            Value::Library(name) | Value::LibraryMethod(_, name) => name,
            _ => return None,
        };
        let entries = self.known.calls(&name);
        entries.first()?.intrinsic.as_deref().filter(|it| it.starts_with("random."))?;
        let limit = self.peek(frame, *limit).constant()?;
        let drawn = self.peek(frame, *first).number()?;
        let below = ((limit - drawn.low) / (drawn.high - drawn.low)).clamp(0.0, 1.0);
        match comparison {
            Comparison::Less | Comparison::LessEqual => Some(below),
            Comparison::Greater | Comparison::GreaterEqual => Some(1.0 - below),
            _ => None,
        }
        .filter(|share| share.is_finite())
    }

    fn is_typing_guard(&self, frame: &Frame<'p>, condition: ExpressionId) -> bool {
        match frame.facts.expressions.get(condition.index()) {
            Some(Expression::Name(name)) => self.name(frame.file, *name) == "TYPE_CHECKING",
            Some(Expression::Attribute { attribute, .. }) => self.name(frame.file, *attribute) == "TYPE_CHECKING",
            _ => false,
        }
    }

    /// Decides a condition where its value is known; `__name__ == "__main__"` holds.
    pub(super) fn decide(&mut self, frame: &Frame<'p>, condition: ExpressionId, test: &Value) -> Option<bool> {
        if let Some(Expression::Name(name)) = frame.facts.expressions.get(condition.index())
            && self.name(frame.file, *name) == "TYPE_CHECKING"
        {
            return Some(false);
        }
        test.truth().or_else(|| (self.on_loop == Some(true) && asks_for_loop(frame, condition)).then_some(true))
    }

    fn try_statement(
        &mut self,
        frame: &mut Frame<'p>,
        body: &'p [StatementId],
        handlers: &'p [Handler],
        otherwise: &'p [StatementId],
        finally: &'p [StatementId],
    ) -> Flow {
        let before = self.snapshot(frame);
        let found_before = std::mem::take(&mut frame.found_loop);
        let mut flow = self.block(frame, body);
        // Python: try: loop = asyncio.get_running_loop(), except RuntimeError: …
        let found_loop = std::mem::replace(&mut frame.found_loop, found_before);
        let handlers = if found_loop && handlers.len() == 1 { &[] } else { handlers };
        if !flow.leaves() && !otherwise.is_empty() {
            let tail = self.block(frame, otherwise);
            flow = Flow {
                falls: flow.falls * tail.falls,
                breaks: flow.breaks + flow.falls * tail.breaks,
                continues: flow.continues + flow.falls * tail.continues,
                returns: flow.returns + flow.falls * tail.returns,
                raises: flow.raises + flow.falls * tail.raises,
            };
        }
        if !handlers.is_empty() {
            // A handler in a loop of a million turns does not run fifty thousand times.
            let rare = if frame.scale < 1e3 { (3.0 / frame.scale.max(1.0)).min(0.05) } else { 0.1 / frame.scale };
            let share = rare / handlers.len() as f64;
            let after = self.snapshot(frame);
            let mut handled = Flow { falls: 0.0, ..Flow::NONE };
            let mut joined: Vec<Variables> = Vec::new();
            frame.branches += 1;
            for handler in handlers {
                self.restore(frame, before.clone());
                self.join_variables(frame, &after);
                if let Some(name) = handler.name {
                    self.set_name(frame, name, Value::Unknown);
                }
                let saved = std::mem::take(&mut frame.tally);
                let here = self.block(frame, &handler.body);
                let mut cost = std::mem::replace(&mut frame.tally, saved);
                if !self.finds_nothing(frame, handler.exception) {
                    cost.trail.mark_exceptional();
                }
                frame.tally.add(&cost, share);
                handled = handled_sum(handled, here, 1.0 / handlers.len() as f64);
                if !here.leaves() {
                    joined.push(self.snapshot(frame));
                }
            }
            frame.branches -= 1;
            if flow.leaves() {
                // Only a handler leads on.
                let mut all = joined.into_iter();
                if let Some(first) = all.next() {
                    self.restore(frame, first);
                    for other in all {
                        self.join_variables(frame, &other);
                    }
                }
            } else {
                self.restore(frame, after);
                for variables in &joined {
                    self.join_variables(frame, variables);
                }
            }
            // What the body raises reaches a handler.
            let caught = Flow { raises: 0.0, ..flow };
            // Where what follows is reached through a handler alone, it is there to be reached.
            let only_way = flow.leaves() && flow.raises < 0.05 && handled.falls > 0.5;
            let open = if only_way { 0.5 } else { 0.05 + flow.raises * 0.95 };
            flow = handled.mixed(open, scaled(caught, 1.0 - flow.raises));
        }
        if !finally.is_empty() {
            let last = self.block(frame, finally);
            if last.leaves() {
                return last;
            }
        }
        flow
    }

    fn with_statement(
        &mut self,
        frame: &mut Frame<'p>,
        items: &'p [(ExpressionId, Option<ExpressionId>)],
        body: &'p [StatementId],
        is_async: bool,
        _span: Span,
    ) -> Flow {
        let mut suppresses = false;
        let backends = self.backends.len();
        for (context, target) in items {
            let outer = std::mem::replace(&mut frame.assigning, *target);
            let value = self.evaluate(frame, *context);
            frame.assigning = outer;
            frame.tally.tick(price::CONTEXT);
            suppresses |= matches!(value.library_class().as_deref(), Some("contextlib.suppress"));
            if matches!(value.library_class().as_deref(), Some("joblib.parallel_backend" | "joblib.parallel_config")) {
                self.backends.push(value.clone());
            }
            if is_async {
                frame.suspended = true;
            }
            frame.at = self.span(frame, *context);
            let bound = self.entered(frame, &value, is_async);
            if let Some(target) = target {
                self.assign(frame, *target, bound);
            }
        }
        let flow = self.block(frame, body);
        self.backends.truncate(backends);
        if suppresses { flow.mixed(0.95, Flow::NEXT) } else { flow }
    }

    /// How long a loop runs and what its body costs, for a `for`.
    fn for_loop(&mut self, frame: &mut Frame<'p>, id: StatementId, parts: &ForLoop<'p>) -> Flow {
        let ForLoop { target, iterable, body, otherwise, is_async, assigned } = *parts;
        let source = self.evaluate(frame, iterable);
        let mut trips = self.length(&source);
        let end = self.counted_end(frame, target, iterable, body);
        if let Some((_, most)) = end
            && trips.high > most
        {
            // Who names a limit for what is of unknown length expects about as much.
            let likely = if trips.is_exact() { most } else { (trips.likely * most).sqrt().min(most) };
            trips = Interval { low: trips.low.min(likely), likely, high: most };
        }
        let step = self.step_cost(&source);
        let item = self.element(&source);
        let head = frame.spans.expressions.get(iterable.index()).copied().unwrap_or_default();
        let whole = frame.spans.statements.get(id.index()).copied().unwrap_or_default();
        let place = Span { start: whole.start, end: head.end };
        let suspends = is_async || self.block_suspends(frame, id);
        if is_async {
            frame.suspended = true;
        }
        if frame.loops > 0 && trips.high <= 0.0 && matches!(source, Value::Object(_)) {
            frame.met_empty = true;
        }
        let plan = Loop { assigned, trips, place, suspends, is_for: true, is_forever: false };
        let may_wait = source.is_unknown() && self.is_opened(frame, iterable);
        let counters = frame.counters.len();
        frame.counters.extend(end.map(|(name, _)| name));
        let flow = self.looped(frame, &plan, otherwise, |machine, frame| {
            machine.assign(frame, target, item.clone());
            frame.tally.tick(price::TURN);
            if may_wait {
                frame.tally.cost.unknown += price::UNKNOWN_METHOD;
            }
            if let Some((cost, trail)) = &step {
                frame.tally.cost = frame.tally.cost.plus(*cost);
                frame.tally.trail.extend(trail, 1.0, None);
                if frame.is_async && !is_async && trail.operations.iter().any(|o| o.wait.is_some()) {
                    frame.pending.push(PendingStall {
                        span: place,
                        callee: Arc::from(""),
                        cost: *cost,
                        trail: trail.clone(),
                        conditional: frame.branches > 0,
                    });
                }
            }
            machine.growing(frame, body)
        });
        frame.counters.truncate(counters);
        flow
    }

    /// The name that counts the turns of a loop, and the number at which an `if` in it ends the loop.
    ///
    /// ```python
    /// for number, line in enumerate(file):
    ///     if number >= limit:
    ///         break
    /// ```
    fn counted_end(
        &mut self,
        frame: &mut Frame<'p>,
        target: ExpressionId,
        iterable: ExpressionId,
        body: &[StatementId],
    ) -> Option<(NameId, f64)> {
        let facts = frame.facts;
        let Some(Expression::Call { callee, .. }) = facts.expressions.get(iterable.index()) else { return None };
        let Some(Expression::Name(called)) = facts.expressions.get(callee.index()) else { return None };
        let Some(Expression::Tuple(targets)) = facts.expressions.get(target.index()) else { return None };
        let Some(Expression::Name(counter)) = facts.expressions.get(targets.first()?.index()) else { return None };
        if self.name(frame.file, *called) != "enumerate" {
            return None;
        }
        let limit = body.iter().find_map(|id| match facts.statements.get(id.index()) {
            Some(Statement::If { condition, then, .. }) => {
                let last = then.last().and_then(|it| facts.statements.get(it.index()));
                let (name, limit) = count_reached(frame, *condition)?;
                (name == *counter && matches!(last, Some(Statement::Break | Statement::Return(_)))).then_some(limit)
            }
            _ => None,
        })?;
        Some((*counter, self.peek(frame, limit).constant().filter(|it| *it >= 1.0)?))
    }

    /// True for the name of something that the function closes: a file, a pipe, a connection, which is read line by line,
    /// and nobody knows how long each takes to come.
    ///
    /// ```python
    /// for line in pipe:
    ///     ...
    /// pipe.close()
    /// ```
    fn is_opened(&mut self, frame: &Frame<'p>, iterable: ExpressionId) -> bool {
        let all = &frame.facts.expressions;
        let Some(Expression::Name(name)) = all.get(iterable.index()) else { return false };
        let Some(range) = frame.function.and_then(|it| frame.spans.functions.get(it.index())) else { return false };
        let key = (frame.file, iterable);
        if let Some(known) = self.opened_names.get(&key) {
            return *known;
        }
        let found = all.iter().zip(&frame.spans.expressions).any(|(expression, span)| {
            let Expression::Attribute { value, attribute } = expression else { return false };
            range.start <= span.start
                && span.end <= range.end
                && matches!(all.get(value.index()), Some(Expression::Name(owner)) if owner == name)
                && self.name(frame.file, *attribute) == "close"
        });
        self.opened_names.insert(key, found);
        found
    }

    /// Runs a loop's body. Where a loop in it goes over what its later turns fill, it runs once more.
    ///
    /// ```python
    /// for message in messages:
    ///     for group in groups: ...
    ///     groups.append([message])
    /// ```
    fn growing(&mut self, frame: &mut Frame<'p>, body: &'p [StatementId]) -> Flow {
        let (tally, before) = (frame.tally.clone(), frame.pending.len());
        let events = self.events.len();
        let outer = std::mem::replace(&mut frame.met_empty, false);
        let flow = self.block(frame, body);
        if !std::mem::replace(&mut frame.met_empty, outer) {
            return flow;
        }
        frame.tally = tally;
        frame.pending.truncate(before);
        self.events.truncate(events);
        let flow = self.block(frame, body);
        frame.met_empty = outer;
        flow
    }

    fn while_loop(
        &mut self,
        frame: &mut Frame<'p>,
        id: StatementId,
        condition: ExpressionId,
        body: &'p [StatementId],
        otherwise: &'p [StatementId],
        assigned: &'p [NameId],
    ) -> Flow {
        let whole = frame.spans.statements.get(id.index()).copied().unwrap_or_default();
        let head = frame.spans.expressions.get(condition.index()).copied().unwrap_or_default();
        let place = Span { start: whole.start, end: head.end };
        if self.is_never_entered(frame, condition) {
            self.evaluate(frame, condition);
            return self.block(frame, otherwise);
        }
        let waits = self.waits_for_wake(frame, body);
        if waits && is_obstacle(frame, condition) {
            self.evaluate(frame, condition);
            self.narrow(frame, condition, false);
            return self.block(frame, otherwise);
        }
        let suspends = self.block_suspends(frame, id);
        let always = matches!(
            frame.facts.expressions.get(condition.index()),
            Some(Expression::Boolean(true)) | Some(Expression::Integer(1))
        );
        let counted = self.counted(frame, condition, assigned).or_else(|| self.work_list(frame, id, condition));
        let flagged = !always && counted.is_none() && self.is_flag(frame, condition);
        let trips = if waits {
            Interval::ONE
        } else if always || flagged {
            price::endless_turns()
        } else {
            counted.unwrap_or_else(price::unknown_turns)
        };
        let plan = Loop { assigned, trips, place, suspends, is_for: false, is_forever: always };
        let told = self.told.clone();
        let (mut breaks, mut turns) = (0.0, 0);
        let flow = self.looped(frame, &plan, otherwise, |machine, frame| {
            let holds = machine.evaluate(frame, condition).truth();
            frame.tally.tick(price::TURN);
            if turns > 0 && holds == Some(false) {
                return Flow { breaks: 1.0, ..Flow::NONE };
            }
            turns += 1;
            machine.narrow(frame, condition, true);
            let flow = machine.block(frame, body);
            breaks = flow.breaks;
            flow
        });
        self.told = told;
        if breaks <= 0.0 {
            self.narrow(frame, condition, false);
        } else if always && let Some(end) = self.only_end(frame, whole, body) {
            self.narrow(frame, end, true);
        }
        if always && flow.falls >= 0.01 { Flow { falls: flow.falls, ..flow } } else { flow }
    }

    /// True if all that a `while` does is to wait until others wake it: it asks again because it may be woken in vain.
    ///
    /// ```python
    /// while not self.items:
    ///     self.changed.wait()
    /// ```
    fn waits_for_wake(&mut self, frame: &mut Frame<'p>, body: &[StatementId]) -> bool {
        let [only] = body else { return false };
        let Some(Statement::Expression(call)) = frame.facts.statements.get(only.index()) else { return false };
        let Some(Expression::Call { callee, arguments }) = frame.facts.expressions.get(call.index()) else {
            return false;
        };
        if !arguments.is_empty() || !self.is_attribute(frame, *callee) {
            return false;
        }
        match self.peek(frame, *callee) {
            Value::LibraryMethod(_, name) => {
                self.known.calls(&name).iter().any(|entry| entry.wait == Some(crate::knowledge::schema::WaitKind::Lock))
            }
            _ => false,
        }
    }

    /// True for an exception that says that there is nothing yet, which is no failure: `except queue.Empty: time.sleep(1)`.
    fn finds_nothing(&self, frame: &Frame<'p>, exception: Option<ExpressionId>) -> bool {
        let name = match exception.and_then(|id| frame.facts.expressions.get(id.index())) {
            Some(Expression::Name(name) | Expression::Attribute { attribute: name, .. }) => *name,
            _ => return false,
        };
        matches!(self.name(frame.file, name), "BlockingIOError" | "Empty" | "IndexError" | "QueueEmpty")
    }

    /// What holds after `while True:` with one `break`.
    ///
    /// Python: `if process.poll() is not None: break`
    fn only_end(&self, frame: &Frame<'p>, whole: Span, body: &[StatementId]) -> Option<ExpressionId> {
        let ends = |block: &[StatementId]| {
            let last = block.last().and_then(|id| frame.facts.statements.get(id.index()));
            matches!(last, Some(Statement::Break))
        };
        let condition = body.iter().find_map(|id| match frame.facts.statements.get(id.index()) {
            Some(Statement::If { condition, then, otherwise }) if ends(then) && otherwise.is_empty() => {
                Some(*condition)
            }
            _ => None,
        })?;
        let all = frame.facts.statements.iter().zip(&frame.spans.statements);
        let inside = |span: &Span| whole.start <= span.start && span.end <= whole.end;
        let breaks = all.filter(|(statement, span)| matches!(statement, Statement::Break) && inside(span)).count();
        (breaks == 1).then_some(condition)
    }

    /// True if a `while` is over before its first turn: what a local variable holds decides. An attribute may be set by
    /// others meanwhile.
    ///
    /// Python: `while self.tasks and timeout:`, called with `timeout=0`
    fn is_never_entered(&mut self, frame: &mut Frame<'p>, condition: ExpressionId) -> bool {
        match frame.facts.expressions.get(condition.index()) {
            Some(Expression::And(parts)) => parts.iter().any(|part| self.is_never_entered(frame, *part)),
            Some(Expression::Name(name)) => {
                frame.environment.variables.borrow().get(name).is_some_and(|value| value.truth() == Some(false))
            }
            _ => false,
        }
    }

    /// `while not stopped`, `while self.running`: somebody else ends the loop.
    fn is_flag(&mut self, frame: &mut Frame<'p>, condition: ExpressionId) -> bool {
        match frame.facts.expressions.get(condition.index()) {
            Some(Expression::Unary { operator: UnaryOperator::Not, operand }) => {
                match frame.facts.expressions.get(operand.index()) {
                    Some(Expression::Name(_) | Expression::Attribute { .. }) => {
                        matches!(self.peek(frame, *operand), Value::Bool(_) | Value::Unknown | Value::None)
                    }
                    Some(Expression::Call { callee, .. }) => matches!(
                        frame.facts.expressions.get(callee.index()),
                        Some(Expression::Attribute { attribute, .. }) if self.name(frame.file, *attribute) == "is_set"
                    ),
                    _ => false,
                }
            }
            Some(Expression::Name(_) | Expression::Attribute { .. }) => {
                matches!(self.peek(frame, condition), Value::Bool(_))
            }
            _ => false,
        }
    }

    /// Trips of a `while` that counts: `while i < n`, `while len(found) < n`, `while todo`.
    fn counted(&mut self, frame: &mut Frame<'p>, condition: ExpressionId, assigned: &[NameId]) -> Option<Interval> {
        let expression = frame.facts.expressions.get(condition.index())?;
        match expression {
            Expression::Compare { first, rest } if rest.len() == 1 => {
                let (comparison, second) = rest.first()?;
                let (left, right) = (self.peek(frame, *first), self.peek(frame, *second));
                let (from, to) = (left.number()?, right.number()?);
                let moves = |machine: &Self, id: &ExpressionId| machine.mentions(frame, *id, assigned);
                let distance = match comparison {
                    Comparison::Less | Comparison::LessEqual => to.likely - from.likely,
                    Comparison::Greater | Comparison::GreaterEqual => from.likely - to.likely,
                    Comparison::NotEqual => (to.likely - from.likely).abs(),
                    _ => return None,
                };
                if !moves(self, first) && !moves(self, second) {
                    // `while time.monotonic() < deadline`: not a counter.
                    return None;
                }
                // `while abs(error) > 1`: it moves by steps of any size.
                let is_worked_out = |machine: &Self, id: &ExpressionId| {
                    matches!(frame.facts.expressions.get(id.index()), Some(Expression::Call { callee, .. })
                        if !machine.is_len(frame, *callee))
                        && moves(machine, id)
                };
                if distance <= 0.0 || is_worked_out(self, first) || is_worked_out(self, second) {
                    return None;
                }
                if !self.moves_by_numbers(frame, *first, assigned) || !self.moves_by_numbers(frame, *second, assigned) {
                    return None;
                }
                let halves = self.halves(frame, *first) || self.meet_halfway(frame, *first, *second);
                let likely = if halves { distance.max(2.0).log2() } else { distance };
                Some(Interval { low: likely / 10.0, likely, high: likely * 10.0 })
            }
            Expression::And(parts) => {
                let counts: Vec<(ExpressionId, Interval)> =
                    parts.iter().filter_map(|part| Some((*part, self.counted(frame, *part, assigned)?))).collect();
                let (counter, most) = counts.iter().min_by(|a, b| a.1.likely.total_cmp(&b.1.likely))?;
                if counts.len() == parts.len() {
                    return Some(*most);
                }
                // Python: while at < len(text) and text[at].isspace()
                let counters: Vec<NameId> =
                    assigned.iter().copied().filter(|name| self.mentions(frame, *counter, &[*name])).collect();
                let looks = |part: &ExpressionId| self.indexes(frame, *part, &counters);
                if parts.iter().any(|part| part != counter && looks(part)) {
                    let turns = price::unknown_turns();
                    return Some(if turns.likely < most.likely { turns } else { *most });
                }
                // What else must hold ends it before the last turn now and then.
                const SHARE: f64 = 1.0 / 3.0;
                let likely = (most.likely * SHARE).max(1.0);
                Some(Interval { low: (likely / 10.0).max(1.0), likely, high: most.likely.max(1.0) })
            }
            Expression::Name(name) => {
                let value = self.peek(frame, condition);
                if let Some(n) = value.number().filter(|n| n.likely > 0.0) {
                    let bits = self.shrinks_by_half(frame, *name);
                    let likely = if bits { n.likely.max(2.0).log2() } else { n.likely };
                    return Some(Interval { low: 1.0, likely, high: likely * 2.0 });
                }
                None
            }
            _ => None,
        }
    }

    /// Trips of a loop that takes from a list what is yet to be done, and puts more into it: as many as what is looked up
    /// for each of them has entries.
    ///
    /// ```python
    /// while queue:
    ///     cost, node = heappop(queue)
    ///     for other, length in streets[node]: ...
    /// ```
    pub(super) fn work_list(
        &mut self,
        frame: &mut Frame<'p>,
        id: StatementId,
        condition: ExpressionId,
    ) -> Option<Interval> {
        const FEW: f64 = 20.0;
        let key = (frame.file, id.0);
        let asked = match self.work_lists.get(&key) {
            Some(known) => known.clone(),
            None => {
                let found: Rc<[ExpressionId]> = self.looked_up_for_work(frame, id, condition).into();
                self.work_lists.insert(key, found.clone());
                found
            }
        };
        let mut most: Option<Interval> = None;
        for name in asked.iter() {
            let container = self.peek(frame, *name);
            let is_container = matches!(&container, Value::Object(reference)
                if matches!(reference.0.borrow().kind, Kind::List | Kind::Dict));
            let length = self.length(&container);
            if is_container && length.likely > FEW && most.is_none_or(|it| it.likely < length.likely) {
                most = Some(length);
            }
        }
        most.map(|it| Interval { low: (it.low / 10.0).max(1.0), likely: it.likely, high: it.high * 10.0 })
    }

    /// The variables that a loop looks something up in, if it takes from the list that it goes by. Looks at the whole file,
    /// so large ones have none.
    fn looked_up_for_work(&self, frame: &Frame<'p>, id: StatementId, condition: ExpressionId) -> Vec<ExpressionId> {
        const MOST_EXPRESSIONS: usize = 50_000;
        const MOST_NAMES: usize = 20;
        let (facts, spans) = (frame.facts, frame.spans);
        let Some(Expression::Name(list)) = facts.expressions.get(condition.index()) else { return Vec::new() };
        if facts.expressions.len() > MOST_EXPRESSIONS {
            return Vec::new();
        }
        let whole = spans.statements.get(id.index()).copied().unwrap_or_default();
        let name_of = |id: &ExpressionId| match facts.expressions.get(id.index()) {
            Some(Expression::Name(name)) => Some(*name),
            _ => None,
        };
        let mut takes = false;
        let mut names: Vec<ExpressionId> = Vec::new();
        for (expression, span) in facts.expressions.iter().zip(&spans.expressions) {
            if span.start < whole.start || span.end > whole.end {
                continue;
            }
            match expression {
                Expression::Call { callee, arguments } => {
                    let (owner, function) = match facts.expressions.get(callee.index()) {
                        Some(Expression::Attribute { value, attribute }) => (name_of(value), *attribute),
                        Some(Expression::Name(function)) => (None, *function),
                        _ => continue,
                    };
                    let given = arguments.first().and_then(|it| name_of(&it.value));
                    takes |= match self.name(frame.file, function) {
                        "pop" | "popleft" => owner == Some(*list),
                        "heappop" => given == Some(*list),
                        _ => false,
                    };
                }
                Expression::Subscript { value, .. }
                    if names.len() < MOST_NAMES && name_of(value).is_some_and(|name| name != *list) =>
                {
                    names.push(*value);
                }
                _ => {}
            }
        }
        if takes { names } else { Vec::new() }
    }

    /// True if the loop that runs now divides or shifts the variable: `n //= 2`, `n >>= 1`.
    fn halves(&self, frame: &Frame<'p>, expression: ExpressionId) -> bool {
        match frame.facts.expressions.get(expression.index()) {
            Some(Expression::Name(name)) => self.shrinks_by_half(frame, *name),
            _ => false,
        }
    }

    /// False if what counts goes on by as much as something is long: nobody knows how many turns that makes.
    ///
    /// ```python
    /// while queue and size < MOST_BYTES:
    ///     size += len(queue.popleft())
    /// ```
    fn moves_by_numbers(&self, frame: &Frame<'p>, expression: ExpressionId, assigned: &[NameId]) -> bool {
        let all = &frame.facts.expressions;
        let moved: Vec<NameId> =
            assigned.iter().copied().filter(|name| self.mentions(frame, expression, &[*name])).collect();
        let is_len = |id: ExpressionId| match all.get(id.index()) {
            Some(Expression::Call { callee, .. }) => self.is_len(frame, *callee),
            _ => false,
        };
        let range = frame.function.and_then(|it| frame.spans.functions.get(it.index()));
        let inside = |span: &Span| range.is_none_or(|it| it.start <= span.start && span.end <= it.end);
        !frame.facts.statements.iter().zip(&frame.spans.statements).any(|(statement, span)| match statement {
            Statement::AugmentedAssign { target, value, .. } => {
                let is_moved = matches!(all.get(target.index()), Some(Expression::Name(name)) if moved.contains(name));
                is_moved
                    && inside(span)
                    && match all.get(value.index()) {
                        Some(Expression::Binary { left, right, .. }) => is_len(*left) || is_len(*right),
                        _ => is_len(*value),
                    }
            }
            _ => false,
        })
    }

    /// What a condition says of how long things are that may be filled: the object, the most, and how long it is now.
    ///
    /// ```python
    /// if len(self.peers) < MOST:
    ///     self.peers.append(peer)
    /// ```
    fn limits(&mut self, frame: &mut Frame<'p>, condition: ExpressionId) -> Vec<(super::value::Reference, f64, f64)> {
        let (counted, most) = match frame.facts.expressions.get(condition.index()) {
            Some(Expression::And(parts)) => {
                return parts.iter().flat_map(|part| self.limits(frame, *part)).collect();
            }
            Some(Expression::Compare { first, rest }) => match &rest[..] {
                [(Comparison::Less | Comparison::LessEqual, most)] => (*first, *most),
                _ => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        let filled = match frame.facts.expressions.get(counted.index()) {
            Some(Expression::Call { callee, arguments }) if self.is_len(frame, *callee) => match &arguments[..] {
                [filled] => filled.value,
                _ => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        let Value::Object(reference) = self.peek(frame, filled) else { return Vec::new() };
        let Some(most) = self.peek(frame, most).number().filter(|it| it.is_exact()) else { return Vec::new() };
        let now = reference.0.borrow().length.likely;
        vec![(reference, most.likely, now)]
    }

    /// What was filled only while it was short stays so. See [`Machine::limits`].
    fn keep_short(&mut self, limits: &[(super::value::Reference, f64, f64)]) {
        for (reference, most, before) in limits {
            let length = reference.0.borrow().length;
            let most = most.max(*before).max(1.0);
            if length.likely > most {
                let length = Interval { low: length.low.min(most), likely: most, high: length.high.min(most + 1.0) };
                self.change(reference, |object| object.length = length);
            }
        }
    }

    /// True if an expression looks something up by one of the names.
    fn indexes(&self, frame: &Frame<'p>, whole: ExpressionId, names: &[NameId]) -> bool {
        let (all, spans) = (&frame.facts.expressions, &frame.spans.expressions);
        let Some(range) = spans.get(whole.index()) else { return false };
        all.iter().zip(spans).any(|(expression, span)| {
            range.start <= span.start
                && span.end <= range.end
                && matches!(expression, Expression::Subscript { index, .. } if self.mentions(frame, *index, names))
        })
    }

    /// True if two variables close in on each other, as in a binary search: `middle = (low + high) // 2`.
    fn meet_halfway(&self, frame: &Frame<'p>, one: ExpressionId, other: ExpressionId) -> bool {
        let all = &frame.facts.expressions;
        let name = |id: ExpressionId| match all.get(id.index()) {
            Some(Expression::Name(name)) => Some(*name),
            _ => None,
        };
        // Python: while high - low > 1
        let between = |id: ExpressionId| match all.get(id.index()) {
            Some(Expression::Binary { left, operator: Operator::Subtract, right }) => name(*left).zip(name(*right)),
            _ => None,
        };
        let ends = name(one).zip(name(other)).or_else(|| between(one)).or_else(|| between(other));
        let Some((one, other)) = ends else { return false };
        all.iter().any(|expression| {
            matches!(expression, Expression::Binary { left, operator: Operator::FloorDivide | Operator::Divide | Operator::RightShift, .. }
                if self.mentions(frame, *left, &[one]) && self.mentions(frame, *left, &[other]))
        })
    }

    fn is_len(&self, frame: &Frame<'p>, callee: ExpressionId) -> bool {
        matches!(frame.facts.expressions.get(callee.index()), Some(Expression::Name(name)) if self.name(frame.file, *name) == "len")
    }

    fn shrinks_by_half(&self, frame: &Frame<'p>, name: NameId) -> bool {
        frame.facts.statements.iter().any(|statement| match statement {
            Statement::AugmentedAssign { target, operator, .. } => {
                matches!(
                    operator,
                    Operator::FloorDivide
                        | Operator::RightShift
                        | Operator::Divide
                        | Operator::LeftShift
                        | Operator::Multiply
                ) && matches!(frame.facts.expressions.get(target.index()), Some(Expression::Name(n)) if *n == name)
            }
            _ => false,
        })
    }

    fn mentions(&self, frame: &Frame<'p>, expression: ExpressionId, names: &[NameId]) -> bool {
        match frame.facts.expressions.get(expression.index()) {
            Some(Expression::Name(name)) => names.contains(name),
            Some(Expression::Attribute { .. }) => true,
            Some(Expression::Call { callee, arguments }) => {
                // `len(found)` grows with `found`, which is not assigned but appended to.
                self.is_len(frame, *callee) || arguments.iter().any(|a| self.mentions(frame, a.value, names))
            }
            Some(Expression::Binary { left, right, .. }) => {
                self.mentions(frame, *left, names) || self.mentions(frame, *right, names)
            }
            Some(Expression::Subscript { .. }) => true,
            Some(Expression::Compare { first, rest }) => {
                self.mentions(frame, *first, names) || rest.iter().any(|(_, it)| self.mentions(frame, *it, names))
            }
            _ => false,
        }
    }

    /// Evaluates without charging anyone.
    pub(super) fn peek(&mut self, frame: &mut Frame<'p>, expression: ExpressionId) -> Value {
        let saved = std::mem::take(&mut frame.tally);
        let pending = frame.pending.len();
        let mark = self.events.len();
        let value = self.evaluate(frame, expression);
        self.events.truncate(mark);
        frame.pending.truncate(pending);
        frame.tally = saved;
        value
    }

    /// Runs a loop's body once and multiplies.
    pub(super) fn looped(
        &mut self,
        frame: &mut Frame<'p>,
        plan: &Loop<'_>,
        otherwise: &'p [StatementId],
        mut turn: impl FnMut(&mut Self, &mut Frame<'p>) -> Flow,
    ) -> Flow {
        let entry = self.snapshot(frame);
        let saved = std::mem::take(&mut frame.tally);
        let scale = frame.scale;
        let pending = frame.pending.len();
        // A worker's endless loop and a coroutine's turns are tasks of their own, not one task's repetition.
        let is_own_task = plan.trips == price::endless_turns() || (plan.suspends && frame.is_async);
        let turns = plan.trips.likely.clamp(0.0, 1e9);
        frame.scale *= if is_own_task { 2.0 } else { turns };
        let (growth, doubt) = (self.growth, frame.doubt);
        if !is_own_task {
            frame.doubt *= (plan.trips.likely / plan.trips.low.max(1.0)).clamp(1.0, 1e3);
        }
        if is_own_task && plan.trips != price::endless_turns() {
            self.growth *= turns / 2.0;
        }
        frame.loops += 1;
        self.widen(frame, plan.assigned);
        let mark = self.events.len();
        let (noted, since) = (self.states.len(), self.serial);
        self.watching += 1;
        let mut flow = turn(self, frame);
        self.watching -= 1;
        let mut ended = None;
        if self.watching < MOST_WATCHED && self.changed_states(noted, since) {
            // Each turn is another state's: what each does counts, as long as they change.
            let mut all = vec![(std::mem::take(&mut frame.tally), flow)];
            let mut is_moving = true;
            self.watching += 1;
            while is_moving && all.len() < MOST_TURNS {
                let after = self.snapshot(frame);
                self.restore(frame, entry.clone());
                self.join_variables(frame, &after);
                self.widen(frame, plan.assigned);
                let turned = self.states.len();
                let flow = turn(self, frame);
                all.push((std::mem::take(&mut frame.tally), flow));
                is_moving = self.changed_states(turned, since);
            }
            self.watching -= 1;
            self.join_states(noted, since);
            // Python: while self.state != "done":
            let is_over = all.last().is_some_and(|(_, last)| last.breaks + last.returns > 0.99);
            ended = is_over.then_some(all.len() as f64);
            (frame.tally, flow) = mean_turn(&all, is_moving || is_over, turns);
        }
        if self.watching == 0 {
            self.states.clear();
        }
        if self.changed_type(frame, plan.assigned, &entry) && frame.loops <= 2 {
            // A variable has another type from the second turn on: run again with both.
            self.events.truncate(mark);
            frame.pending.truncate(pending);
            frame.tally = Tally::default();
            let after = self.snapshot(frame);
            self.restore(frame, entry.clone());
            self.join_variables(frame, &after);
            self.widen(frame, plan.assigned);
            flow = turn(self, frame);
        }
        frame.loops -= 1;
        frame.scale = scale;
        self.growth = growth;
        frame.doubt = doubt;
        let body = std::mem::replace(&mut frame.tally, saved);
        let leaving = flow.breaks + flow.returns + flow.raises * 0.5;
        // A worker that waits for work has a task in each turn.
        let serves = body.trail.operations.iter().any(|o| o.wait == Some(WaitKind::Queue) && o.path.is_none());
        let trips = if serves && plan.trips == price::endless_turns() {
            price::tasks()
        } else if let Some(turns) = ended {
            Interval::exact(turns)
        } else if leaving > 0.0 {
            early(plan, leaving)
        } else {
            plan.trips
        };
        frame.tally.repeat(&body, trips);
        self.extrapolate(frame, plan.assigned, &entry, trips);
        self.note_loop(frame, plan, &body, trips, pending);

        // The loop ends by itself, by `break`, or not at all.
        let out = flow.returns + flow.raises;
        let gone = if leaving > 0.0 { out / leaving.max(out) } else { 0.0 };
        let endless = plan.is_forever;
        frame.endless |= !plan.is_for && plan.trips == price::endless_turns() && leaving <= 0.0;
        if endless && leaving <= 0.0 {
            return Flow { returns: 1.0, ..Flow::NONE };
        }
        // A search that returns when it finds goes on behind the loop about as often as not.
        let returned = if endless { gone } else { gone.min(if flow.returns > 0.9 { 0.9 } else { 0.5 }) };
        let (returns, raises) =
            if out > 0.0 { (returned * flow.returns / out, returned * flow.raises / out) } else { (0.0, 0.0) };
        let mut result = Flow { falls: 1.0 - returns - raises, returns, raises, breaks: 0.0, continues: 0.0 };
        if !otherwise.is_empty() {
            let tail = self.block(frame, otherwise);
            result = handled_sum(
                Flow { falls: result.falls * 0.5, returns: result.returns, raises: result.raises, ..Flow::NONE },
                tail,
                result.falls * 0.5,
            );
        }
        result
    }

    /// True if fields of objects that were there before a loop went from one state to another since then.
    ///
    /// Python: `while self.state != "done": self.step()`
    fn changed_states(&self, noted: usize, since: u64) -> bool {
        self.states.get(noted..).unwrap_or_default().iter().any(|(reference, key, before)| {
            let object = reference.0.borrow();
            object.serial <= since
                && object.fields.get(key).is_some_and(|now| now.is_state() && !now.same_state(before))
        })
    }

    /// Lets fields that a loop has changed be in any state that they were seen in.
    fn join_states(&mut self, noted: usize, since: u64) {
        for (reference, key, before) in self.states.get(noted..).unwrap_or_default() {
            let mut object = reference.0.borrow_mut();
            if object.serial > since || object.frozen {
                continue;
            }
            if let Some(now) = object.fields.get(key) {
                let both = before.join(now);
                object.fields.insert(key.clone(), both);
            }
        }
    }

    /// What a loop did to an event loop, and its own bytecode as evidence.
    fn note_loop(&mut self, frame: &mut Frame<'p>, plan: &Loop<'_>, body: &Tally, trips: Interval, pending: usize) {
        let whole = body.cost.times(trips);
        let own =
            body.trail.operations.iter().map(|o| if o.clock == Clock::Bytecode { o.seconds } else { 0.0 }).sum::<f64>();
        let own = (body.cost.bytecode.likely - own).max(0.0) * trips.likely;
        if own > 1e-5 {
            let turns = readable(trips.likely);
            let exact = if trips.is_exact() { "" } else { "about " };
            frame.tally.trail.push(super::evidence::Operation {
                clock: Clock::Bytecode,
                wait: None,
                seconds: own,
                each: own,
                weight: 1.0,
                file: frame.file,
                span: plan.place,
                what: Arc::from(format!("a loop of {exact}{turns} turns in Python bytecode")),
                source: None,
                guessed: !trips.is_exact(),
                turns: trips.likely,
                exceptional: false,
                recursed: false,
                path: None,
            });
        }
        if !frame.is_async {
            return;
        }
        if plan.suspends {
            return;
        }
        let mut calls = frame.pending.split_off(pending.min(frame.pending.len()));
        for stall in &mut calls {
            stall.cost = stall.cost.times(trips);
            let mut trail = super::evidence::Trail::default();
            trail.extend(&stall.trail, trips.likely, None);
            stall.trail = trail;
        }
        let total = whole.cpu().likely;
        let largest = calls.iter().map(|c| c.cost.cpu().likely).fold(0.0, f64::max);
        let waits: Vec<PendingStall> =
            calls.iter().filter(|c| c.trail.operations.iter().any(|o| o.wait.is_some())).cloned().collect();
        if largest >= 0.6 * total || total < price::STALL_FLOOR {
            frame.pending.extend(calls);
        } else {
            // The loop as a whole is the work, not one call in it.
            frame.pending.extend(waits);
            let mut trail = super::evidence::Trail::default();
            trail.extend(&body.trail, trips.likely, None);
            if own > 1e-5
                && let Some(operation) =
                    frame.tally.trail.operations.iter().find(|o| o.file == frame.file && o.span == plan.place)
            {
                trail.push(operation.clone());
            }
            trail.operations.retain(|o| o.wait.is_none());
            frame.pending.push(PendingStall {
                span: plan.place,
                callee: Arc::from(""),
                cost: Cost { wait: Interval::ZERO, ..whole },
                trail,
                conditional: frame.branches > 0,
            });
        }
    }

    /// Forgets the numbers that change from turn to turn.
    fn widen(&mut self, frame: &Frame<'p>, assigned: &[NameId]) {
        let mut variables = frame.environment.variables.borrow_mut();
        for name in assigned {
            if let Some(value) = variables.get_mut(name) {
                let wide = widened(value);
                *value = wide;
            }
        }
    }

    fn changed_type(&self, frame: &Frame<'p>, assigned: &[NameId], entry: &Variables) -> bool {
        let variables = frame.environment.variables.borrow();
        assigned.iter().any(|name| match (entry.get(name), variables.get(name)) {
            (Some(before), Some(after)) => {
                !before.alike(after)
                    && !after.is_unknown()
                    && !matches!(after, Value::Int(_) | Value::Float(_) | Value::Bool(_))
            }
            _ => false,
        })
    }

    /// Numbers that grow by the same amount each turn, strings that grow.
    fn extrapolate(&self, frame: &Frame<'p>, assigned: &[NameId], entry: &Variables, trips: Interval) {
        let mut variables = frame.environment.variables.borrow_mut();
        for name in assigned {
            let (Some(before), Some(after)) = (entry.get(name), variables.get(name)) else { continue };
            let grown = |from: f64, to: f64| from + (to - from).max(0.0) * trips.likely;
            let value = match (before, after) {
                (Value::Int(Some(from)), Value::Int(Some(to))) => {
                    let likely = grown(from.likely, to.likely);
                    Value::Int(Some(Interval { low: 0.0, likely, high: likely * 10.0 + trips.high }))
                }
                (Value::Text(_, from), Value::Text(_, to)) if to.likely > from.likely => {
                    let likely = grown(from.likely, to.likely);
                    Value::text(Interval { low: from.low, likely, high: likely * 10.0 })
                }
                (Value::Bytes(from), Value::Bytes(to)) if to.likely > from.likely => {
                    let likely = grown(from.likely, to.likely);
                    Value::Bytes(Interval { low: from.low, likely, high: likely * 10.0 })
                }
                (before, after) => before.join(after),
            };
            variables.insert(*name, value);
        }
    }

    /// Binds a target.
    pub(super) fn assign(&mut self, frame: &mut Frame<'p>, target: ExpressionId, value: Value) {
        let Some(expression) = frame.facts.expressions.get(target.index()) else { return };
        match expression {
            Expression::Name(name) => {
                frame.tally.tick(price::STORE);
                self.set_name(frame, *name, value);
            }
            Expression::Attribute { value: owner, attribute } => {
                frame.tally.tick(price::ATTRIBUTE);
                let owner = self.evaluate(frame, *owner);
                let name = self.name(frame.file, *attribute);
                self.set_attribute(frame, &owner, name, value);
            }
            Expression::Subscript { value: owner, index } => {
                frame.tally.tick(price::SUBSCRIPT);
                let owner = self.evaluate(frame, *owner);
                let index = self.evaluate(frame, *index);
                frame.at = self.span(frame, target);
                self.set_item(frame, &owner, &index, value);
            }
            Expression::Tuple(parts) | Expression::List(parts) => {
                // Python: *_, last = accumulate(moves(), step)
                if matches!(value, Value::Iterator(_)) {
                    self.consume(frame, &value);
                }
                let starred = parts
                    .iter()
                    .position(|p| matches!(frame.facts.expressions.get(p.index()), Some(Expression::Starred(_))));
                for (index, part) in parts.iter().enumerate() {
                    let value = if starred == Some(index) {
                        let item = self.element(&value);
                        let length = self.length(&value);
                        self.list(item, length, None)
                    } else {
                        self.unpacked(&value, index, Some(parts.len()))
                    };
                    self.assign(frame, *part, value);
                }
            }
            Expression::Starred(inner) => self.assign(frame, *inner, value),
            _ => {}
        }
    }

    /// Binds a name where Python's scoping says.
    pub(super) fn set_name(&mut self, frame: &mut Frame<'p>, name: NameId, value: Value) {
        if let Some(function) = frame.function.and_then(|f| frame.facts.functions.get(f.index())) {
            if function.globals.contains(&name) {
                return;
            }
            if function.nonlocals.contains(&name) {
                let mut scope = frame.environment.parent.clone();
                while let Some(environment) = scope {
                    if environment.variables.borrow().contains_key(&name) {
                        environment.variables.borrow_mut().insert(name, widened(&value));
                        self.oldest_change = 0;
                        return;
                    }
                    scope = environment.parent.clone();
                }
                return;
            }
        }
        frame.environment.variables.borrow_mut().insert(name, value);
    }

    fn augmented(&mut self, frame: &mut Frame<'p>, target: ExpressionId, operator: Operator, value: ExpressionId) {
        let before = self.evaluate(frame, target);
        let right = self.evaluate(frame, value);
        // `items += more` grows the list itself.
        if let (Operator::Add, Value::Object(reference)) = (operator, &before) {
            let is_list = matches!(reference.0.borrow().kind, Kind::List);
            if is_list {
                let item = self.element(&right);
                let more = self.length(&right);
                self.consume(frame, &right);
                let more = self.added(frame, reference, more);
                self.change(reference, |object| {
                    object.item = if object.length.high == 0.0 { item.clone() } else { object.item.join(&item) };
                    object.length = object.length.plus(more);
                    object.elements = None;
                });
                return;
            }
        }
        let result = self.binary(frame, operator, &before, &right);
        // Python: ratings[name] += 1, where `ratings` is known to the last entry: it has that name already.
        let complete = match frame.facts.expressions.get(target.index()) {
            Some(Expression::Subscript { value, .. }) => match self.peek(frame, *value) {
                Value::Object(reference) => {
                    let object = reference.0.borrow();
                    let is_complete = matches!(object.kind, Kind::Dict)
                        && !object.guessed
                        && object.length.is_exact()
                        && object.length.likely >= 2.0;
                    is_complete.then(|| (reference.clone(), object.length))
                }
                _ => None,
            },
            _ => None,
        };
        self.assign(frame, target, result);
        if let Some((reference, length)) = complete {
            self.change(&reference, |object| object.length = length);
        }
    }

    /// An attribute whose value nobody wants is read for what reading it does: a property that nobody knows.
    ///
    /// ```python
    /// _ = speaker.is_visible
    /// ```
    fn asked_in_vain(&self, frame: &mut Frame<'p>, value: ExpressionId, result: &Value) {
        if matches!(result, Value::Unknown) && self.is_attribute(frame, value) {
            frame.tally.cost.unknown += price::UNKNOWN_METHOD;
        }
    }

    /// How often this point runs for each time that the object is made.
    pub(super) fn relative_scale(&self, frame: &Frame<'p>, reference: &super::value::Reference) -> f64 {
        let weight = reference.0.borrow().weight;
        // What is made in a loop without turns (`for name in []`) was made once if it is met at all.
        let weight = if weight < 1e-9 { 1.0 } else { weight };
        (frame.scale * self.growth / weight).clamp(0.05, 1e12)
    }

    /// How much is added to the object where `more` is added each time that this point runs.
    pub(super) fn added(&self, frame: &Frame<'p>, reference: &super::value::Reference, more: Interval) -> Interval {
        let times = self.relative_scale(frame, reference);
        let doubt = (frame.doubt / reference.0.borrow().doubt).clamp(1.0, 1e9);
        let Interval { low, likely, high } = more.scaled(times);
        Interval { low: low / doubt, likely, high: high * doubt }
    }

    /// What follows from a condition being true or false.
    pub(super) fn narrow(&mut self, frame: &mut Frame<'p>, condition: ExpressionId, holds: bool) {
        let Some(expression) = frame.facts.expressions.get(condition.index()) else { return };
        match expression {
            Expression::Unary { operator: UnaryOperator::Not, operand } => self.narrow(frame, *operand, !holds),
            Expression::And(parts) if holds => {
                for part in parts.iter() {
                    self.narrow(frame, *part, true);
                }
            }
            Expression::Or(parts) if !holds => {
                for part in parts.iter() {
                    self.narrow(frame, *part, false);
                }
            }
            Expression::Compare { first, rest } if rest.len() == 1 => {
                let Some((comparison, second)) = rest.first() else { return };
                let is_none = matches!(frame.facts.expressions.get(second.index()), Some(Expression::None));
                let same = match comparison {
                    Comparison::Is | Comparison::Equal => holds,
                    Comparison::IsNot | Comparison::NotEqual => !holds,
                    _ => return,
                };
                if is_none
                    && let Some(Expression::Call { callee, .. }) = frame.facts.expressions.get(first.index())
                    && self.is_attribute(frame, *callee)
                {
                    // Python: while process.poll() is None: …
                    let method = self.peek(frame, *callee);
                    self.take_answer(&method, !same);
                } else if is_none {
                    self.narrow_name(frame, *first, |value| if same { Value::None } else { without_none(value) });
                } else if same
                    && let Some(Expression::Integer(_) | Expression::Float(_)) =
                        frame.facts.expressions.get(second.index())
                {
                    // Python:
                    //     if timeout == 0: poller.poll(timeout)
                    let known = self.peek(frame, *second);
                    self.narrow_name(frame, *first, |value| match value {
                        Value::Unknown | Value::Int(_) | Value::Float(_) | Value::Union(_) => known.clone(),
                        other => other.clone(),
                    });
                } else if same && let Some(Expression::String { .. }) = frame.facts.expressions.get(second.index()) {
                    // Python: if name == "__all__": return [load(name) for name in NAMES]
                    let known = self.peek(frame, *second);
                    self.narrow_name(frame, *first, |value| match value {
                        Value::Unknown | Value::Text(None, _) => known.clone(),
                        other => other.clone(),
                    });
                }
            }
            Expression::Name(_) | Expression::Attribute { .. } if holds => {
                self.narrow_name(frame, condition, without_none);
            }
            Expression::Named { name, .. } if holds => {
                let value = frame.environment.variables.borrow().get(name).map(without_none);
                if let Some(value) = value {
                    frame.environment.variables.borrow_mut().insert(*name, value);
                }
            }
            Expression::Call { callee, .. } if self.is_attribute(frame, *callee) => {
                let method = self.peek(frame, *callee);
                self.take_answer(&method, holds);
            }
            Expression::Call { callee, arguments } => {
                let is_instance = matches!(frame.facts.expressions.get(callee.index()), Some(Expression::Name(name)) if self.name(frame.file, *name) == "isinstance");
                if let (true, Some(subject), Some(class)) = (is_instance, arguments.first(), arguments.get(1))
                    && subject.kind == ArgumentKind::Positional
                {
                    let class = self.peek(frame, class.value);
                    let Some(value) = self.variable(frame, subject.value) else { return };
                    let narrowed = self.of_kind(&value, &class, holds);
                    self.narrow_name(frame, subject.value, |_| narrowed.clone());
                }
            }
            _ => {}
        }
    }

    /// A value of which is known that `isinstance` holds for it, or does not.
    ///
    /// Python: `if isinstance(client, AsyncClient):`, of a `client: Client | AsyncClient`
    pub(super) fn of_kind(&mut self, value: &Value, class: &Value, holds: bool) -> Value {
        match value {
            Value::Unknown if holds => self.instance_of(class).unwrap_or(Value::Unknown),
            Value::Union(parts) => {
                let fits = |machine: &mut Self, part: &Value| machine.is_kind_of(part, class) != Some(!holds);
                let rest: Vec<Value> = parts.iter().filter(|part| fits(self, part)).cloned().collect();
                if rest.is_empty() { value.clone() } else { super::value::union(&rest) }
            }
            other => other.clone(),
        }
    }

    /// What a local name stands for, without evaluating anything.
    fn variable(&self, frame: &Frame<'p>, expression: ExpressionId) -> Option<Value> {
        match frame.facts.expressions.get(expression.index()) {
            Some(Expression::Name(name)) => frame.environment.variables.borrow().get(name).cloned(),
            _ => None,
        }
    }

    fn is_attribute(&self, frame: &Frame<'p>, expression: ExpressionId) -> bool {
        matches!(frame.facts.expressions.get(expression.index()), Some(Expression::Attribute { .. }))
    }

    fn narrow_name(&mut self, frame: &mut Frame<'p>, expression: ExpressionId, narrowed: impl Fn(&Value) -> Value) {
        if let Some(Expression::Name(name)) = frame.facts.expressions.get(expression.index()) {
            let mut variables = frame.environment.variables.borrow_mut();
            if let Some(value) = variables.get(name) {
                let value = narrowed(value);
                variables.insert(*name, value);
            }
        }
    }

    /// The value of a `def`: a function, decorated.
    pub(super) fn define_function(&mut self, frame: &mut Frame<'p>, function: FunctionId) -> Value {
        let Some(definition) = frame.facts.functions.get(function.index()) else { return Value::Unknown };
        let environment = frame.function.is_some().then(|| {
            super::heap::note_environment(&frame.environment);
            frame.environment.clone()
        });
        let closure =
            Rc::new(Closure { file: frame.file, function, environment, owner: None, context: false, compiled: None });
        if frame.function.is_some() && (definition.is_async || !definition.decorators.is_empty()) {
            frame.nested.push(closure.clone());
        }
        frame.tally.tick(price::BUILD);
        self.decorated(frame, Value::Function(closure), &definition.decorators)
    }

    /// Applies decorators, innermost first.
    pub(super) fn decorated(&mut self, frame: &mut Frame<'p>, mut value: Value, decorators: &[ExpressionId]) -> Value {
        for decorator in decorators.iter().rev() {
            let function = self.evaluate(frame, *decorator);
            let place = frame.spans.expressions.get(decorator.index()).copied().unwrap_or_default();
            let saved = std::mem::take(&mut frame.tally);
            value = self.apply_decorator(frame, &function, value, place);
            frame.tally = saved;
        }
        value
    }

    /// The value of a `class` statement.
    pub(super) fn define_class(&mut self, frame: &mut Frame<'p>, class: ClassId) -> Value {
        let environment = frame.function.is_some().then(|| {
            super::heap::note_environment(&frame.environment);
            frame.environment.clone()
        });
        Value::Class(Rc::new(ClassValue { file: frame.file, class, environment }))
    }

    /// True if a loop gives way to the event loop in each turn: it holds an `await`.
    pub(super) fn block_suspends(&mut self, frame: &Frame<'p>, id: StatementId) -> bool {
        if !frame.is_async {
            return false;
        }
        let key = (frame.file, id.0);
        if let Some(&known) = self.suspending.get(&key) {
            return known;
        }
        // Expressions are numbered as they stand, so those of a statement lie between its bounds.
        let whole = frame.spans.statements.get(id.index()).copied().unwrap_or_default();
        let inside = |span: &Span| span.start >= whole.start && span.end <= whole.end;
        let nested: Vec<Span> = frame.spans.functions.iter().copied().filter(|s| inside(s)).collect();
        let awaits = frame.facts.expressions.iter().zip(&frame.spans.expressions).any(|(expression, span)| {
            let Expression::Await(awaited) = expression else { return false };
            inside(span)
                && !nested.iter().any(|n| n.start <= span.start && span.end <= n.end)
                && self.gives_way(frame, *awaited)
        });
        let contexts = frame.facts.statements.iter().zip(&frame.spans.statements).any(|(statement, span)| {
            let is_async = match statement {
                Statement::For { is_async, .. } | Statement::With { is_async, .. } => *is_async,
                _ => false,
            };
            is_async && inside(span) && *span != whole
        });
        let suspends = awaits || contexts;
        self.suspending.insert(key, suspends);
        suspends
    }

    /// True unless what is awaited is a coroutine of the project that never gives way.
    fn gives_way(&self, frame: &Frame<'p>, awaited: ExpressionId) -> bool {
        let Some(Expression::Call { callee, .. }) = frame.facts.expressions.get(awaited.index()) else { return true };
        let Some(Expression::Name(name)) = frame.facts.expressions.get(callee.index()) else { return true };
        let function =
            frame.facts.functions.iter().find(|f| f.name == *name && f.class.is_none() && f.parent.is_none());
        function.is_none_or(|f| !f.is_async || f.has_await)
    }
}

/// A `for` statement's parts.
struct ForLoop<'a> {
    target: ExpressionId,
    iterable: ExpressionId,
    body: &'a [StatementId],
    otherwise: &'a [StatementId],
    is_async: bool,
    assigned: &'a [NameId],
}

/// What is known of a loop before its body runs.
pub struct Loop<'a> {
    /// Names that it binds.
    pub assigned: &'a [NameId],
    /// How many turns it makes if nothing ends it early.
    pub trips: Interval,
    /// Its head.
    pub place: Span,
    /// It gives way to the event loop in each turn.
    pub suspends: bool,
    /// A `for` or a comprehension.
    pub is_for: bool,
    /// `while True`.
    pub is_forever: bool,
}

/// Turns of a loop that a turn leaves with probability `leaving`.
fn early(plan: &Loop<'_>, leaving: f64) -> Interval {
    let full = plan.trips;
    if leaving >= 0.99 {
        return Interval { low: 1.0_f64.min(full.low), likely: 1.0_f64.min(full.likely), high: 1.0_f64.min(full.high) };
    }
    let geometric = 1.0 / leaving;
    // Between leaving at once and never: a search looks at many before it finds.
    let likely = if plan.is_for {
        (geometric * full.likely.max(1.0)).sqrt().min(full.likely)
    } else if full == price::endless_turns() {
        (geometric * full.likely).sqrt().min(full.likely)
    } else {
        (geometric * full.likely.max(1.0)).sqrt().min(full.likely)
    };
    Interval { low: likely.min(1.0), likely, high: full.high.max(likely) }
}

/// How often the first branch is taken, from what the branches do.
fn likely_share(then: Flow, otherwise: Flow, alone: bool) -> f64 {
    if then.raises > 0.9 {
        FAILURES
    } else if otherwise.raises > 0.9 {
        1.0 - FAILURES
    } else if then.leaves() && alone {
        0.3
    } else {
        0.5
    }
}

/// `if number >= limit`: the name and the limit.
fn count_reached(frame: &Frame<'_>, condition: ExpressionId) -> Option<(NameId, ExpressionId)> {
    let Some(Expression::Compare { first, rest }) = frame.facts.expressions.get(condition.index()) else { return None };
    let [(Comparison::GreaterEqual | Comparison::Greater | Comparison::Equal, limit)] = &rest[..] else { return None };
    match frame.facts.expressions.get(first.index()) {
        Some(Expression::Name(name)) => Some((*name, *limit)),
        _ => None,
    }
}

/// True if a condition says that something is in the way, as a lock that others hold is: it rarely is. (What must first come
/// about is asked for with `not`, or by a number that is too small.)
///
/// Python: `while self.writer or self.readers > 0:`
fn is_obstacle(frame: &Frame<'_>, condition: ExpressionId) -> bool {
    match frame.facts.expressions.get(condition.index()) {
        Some(Expression::Or(parts) | Expression::And(parts)) => parts.iter().all(|part| is_obstacle(frame, *part)),
        Some(Expression::Name(_) | Expression::Attribute { .. }) => true,
        Some(Expression::Compare { rest, .. }) => {
            matches!(&rest[..], [(Comparison::Greater | Comparison::GreaterEqual, _)])
        }
        _ => false,
    }
}

/// True if a condition asks by its name whether what runs is asynchronous.
///
/// Python: `if self.asynchronous:`
fn asks_for_loop(frame: &Frame<'_>, condition: ExpressionId) -> bool {
    let facts = frame.facts;
    let name = match facts.expressions.get(condition.index()) {
        Some(Expression::Name(name) | Expression::Attribute { attribute: name, .. }) => name,
        Some(Expression::Call { callee, .. }) => match facts.expressions.get(callee.index()) {
            Some(Expression::Name(name) | Expression::Attribute { attribute: name, .. }) => name,
            _ => return false,
        },
        _ => return false,
    };
    let name = facts.names.get(name.index()).map_or("", |n| n).trim_start_matches('_');
    ["async", "is_async", "in_async", "use_async", "asyncio"].iter().any(|start| name.starts_with(start))
        && !name.contains("func")
}

pub(super) fn handled_sum(sum: Flow, part: Flow, share: f64) -> Flow {
    Flow {
        falls: sum.falls + part.falls * share,
        breaks: sum.breaks + part.breaks * share,
        continues: sum.continues + part.continues * share,
        returns: sum.returns + part.returns * share,
        raises: sum.raises + part.raises * share,
    }
}

/// What a loop's turns do on average: the first ones as they were run, all others like the last, or like all of them if that
/// changed states too.
fn mean_turn(all: &[(Tally, Flow)], is_moving: bool, turns: f64) -> (Tally, Flow) {
    let count = all.len() as f64;
    let turns = turns.max(count);
    let mut mean = Tally::default();
    let mut flow = Flow::NONE;
    for (index, (tally, part)) in all.iter().enumerate() {
        let share = match (is_moving, index + 1 == all.len()) {
            (true, _) => 1.0 / count,
            (false, true) => (turns - count + 1.0) / turns,
            (false, false) => 1.0 / turns,
        };
        mean.add(tally, share);
        flow = handled_sum(flow, *part, share);
    }
    (mean, flow)
}

/// Shares of those that did not raise, as shares of all that did not.
fn scaled(flow: Flow, remaining: f64) -> Flow {
    if remaining <= 0.0 {
        return Flow { falls: 1.0, ..Flow::NONE };
    }
    Flow {
        falls: flow.falls / remaining,
        breaks: flow.breaks / remaining,
        continues: flow.continues / remaining,
        returns: flow.returns / remaining,
        raises: 0.0,
    }
}

/// A value whose number is only a start.
pub fn widened(value: &Value) -> Value {
    let spread = |n: &Interval| Interval { low: n.low.min(0.0), likely: n.likely, high: n.high.abs().max(1.0) * 1e6 };
    match value {
        Value::Int(Some(n)) => Value::Int(Some(spread(n))),
        Value::Float(Some(n)) => Value::Float(Some(spread(n))),
        Value::Bool(_) => Value::Bool(None),
        Value::Text(_, n) => Value::text(Interval { low: 0.0, likely: n.likely, high: n.high.max(1.0) * 1e3 }),
        Value::None => Value::Unknown,
        Value::Tuple(parts) => Value::Tuple(parts.iter().map(widened).collect()),
        Value::Object(reference) if reference.member().is_some() => reference.any_member(),
        other => other.clone(),
    }
}

fn without_none(value: &Value) -> Value {
    match value {
        Value::Union(parts) => {
            let rest: Vec<Value> = parts.iter().filter(|p| !matches!(p, Value::None)).cloned().collect();
            super::value::union(&rest)
        }
        Value::None => Value::Unknown,
        other => other.clone(),
    }
}

/// A count as people write it.
pub fn readable(count: f64) -> String {
    let rounded = if count >= 100.0 {
        let magnitude = 10f64.powf(count.log10().floor() - 1.0);
        (count / magnitude).round() * magnitude
    } else {
        count.round()
    };
    let digits = format!("{rounded:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
