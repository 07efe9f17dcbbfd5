//! Library calls: the knowledge entry that holds, its cost by size, its result, what it calls back.

use super::class::Ancestor;
use super::evidence::{Operation, Trail};
use super::expressions::CallSite;
use super::machine::{Frame, Machine, Tally};
use super::price;
use super::report::Event;
use super::value::{Arguments, Coroutine, Kind, Lazy, Reference, Value, union};
use crate::cost::{Cost, Interval};
use crate::facts::ir::Operator;
use crate::knowledge::schema::{Clock, Split, Vehicle, WaitKind};
use crate::knowledge::types::{CalledWith, Entry, Measure, Overrides, Requirement, Selector, TermKind, TypeExpression};
use crate::text::Span;
use std::rc::Rc;
use std::sync::Arc;

/// The running thread, its identity or its name.
const RUNNING_THREAD: &str = "threading.current_thread()";
/// Marks the running loop among loops.
const RUNNING: &str = "(running)";

/// True for the running thread and what tells it from others.
pub fn is_running_thread(value: &Value) -> bool {
    matches!(value, Value::Library(name) if name.starts_with(RUNNING_THREAD))
}

/// True for what `get_running_loop` gave.
pub fn is_running_loop(value: &Value) -> bool {
    super::spawn::field(value, RUNNING).is_some()
}

/// What a call's result type may refer to.
pub struct Context<'a> {
    /// The receiver of a method.
    pub receiver: Option<&'a Rc<Value>>,
    /// The arguments.
    pub arguments: &'a Arguments,
    /// What the callable argument gave, where it ran.
    pub result: Option<&'a Value>,
}

/// True for what runs an event loop until a coroutine is done: `asyncio.run`.
fn runs_a_loop(entry: &Entry) -> bool {
    entry.calls.is_some() && entry.spawn.as_ref().is_some_and(|it| it.vehicle == Some(Vehicle::EventLoop))
}

impl<'p> Machine<'p> {
    /// Calls a library's function, method or class by its canonical name.
    pub(super) fn call_library(
        &mut self,
        frame: &mut Frame<'p>,
        name: &Arc<str>,
        receiver: Option<&Rc<Value>>,
        arguments: Arguments,
        site: &CallSite<'_>,
    ) -> Value {
        let constructor = name.strip_suffix(".__init__").map(Arc::<str>::from);
        let name = constructor.as_ref().unwrap_or(name);
        frame.tally.tick(price::C_CALL);
        let mut entries = self.known.calls(name);
        if entries.is_empty()
            && let Some(canonical) = Some(self.known.canonical(name)).filter(|c| **c != **name)
        {
            entries = self.known.calls(&canonical);
        }
        let class = self.known.class(name).map(|_| name.clone());
        if let Some(value) = self.where_it_runs(frame, name) {
            return value;
        }
        let entry = entries.iter().copied().find(|e| self.holds(e, receiver, &arguments));
        if let Some(entry) = entry
            && self.on_loop == Some(true)
            && runs_a_loop(entry)
        {
            // Python refuses to run a loop within a running one: the branch is for other callers.
            return Value::Unknown;
        }
        let Some(entry) = entry else {
            if let Some(class) = class {
                let made = self.constructed(frame, &class, receiver, &arguments);
                self.made_queue(frame.file, site.place, &made);
                return made;
            }
            return self.unlisted(frame, name, receiver, &arguments, site);
        };
        if let Some(intrinsic) = entry.intrinsic.as_deref()
            && let Some(value) = self.intrinsic(frame, intrinsic, entry, name, receiver, &arguments, site)
        {
            return value;
        }
        self.call_entry(frame, entry, name, class.as_ref(), receiver, &arguments, site)
    }

    /// Questions after the thread and the loop that run, where the answer is known.
    fn where_it_runs(&mut self, frame: &mut Frame<'p>, name: &str) -> Option<Value> {
        let on_loop = self.on_loop?;
        match name {
            "threading.get_ident"
            | "threading.get_native_id"
            | "threading.current_thread"
            | "threading.currentThread" => Some(Value::Library(Arc::from(RUNNING_THREAD))),
            "asyncio.get_running_loop" | "asyncio._get_running_loop" | "asyncio.get_event_loop" if on_loop => {
                frame.found_loop = true;
                let found = self.library_object("asyncio.AbstractEventLoop", Interval::ZERO);
                if let Value::Object(reference) = &found {
                    reference.0.borrow_mut().fields.insert(Rc::from(RUNNING), Value::Bool(Some(true)));
                }
                Some(found)
            }
            "asyncio.get_running_loop" => {
                frame.raised = true;
                Some(Value::Unknown)
            }
            "asyncio._get_running_loop" => Some(Value::None),
            "asyncio.AbstractEventLoop.is_running" | "asyncio.BaseEventLoop.is_running" if on_loop => {
                Some(Value::Bool(Some(true)))
            }
            _ => None,
        }
    }

    /// Charges an entry, runs its callbacks, hands its target over, and gives its result.
    #[expect(clippy::too_many_arguments, reason = "a call is all of these")]
    pub(super) fn call_entry(
        &mut self,
        frame: &mut Frame<'p>,
        entry: &Entry,
        name: &Arc<str>,
        class: Option<&Arc<str>>,
        receiver: Option<&Rc<Value>>,
        arguments: &Arguments,
        site: &CallSite<'_>,
    ) -> Value {
        let given = arguments.positional.iter().chain(arguments.keywords.iter().map(|(_, value)| value));
        let consumed: Vec<Value> = given.filter(|value| matches!(value, Value::Iterator(_))).cloned().collect();
        if !entry.lazy && entry.spawn.is_none() && !entry.suspends {
            // The call that consumes is to blame, not the place where the iterator was made.
            let mark = frame.pending.len();
            for iterator in &consumed {
                self.consume(frame, iterator);
            }
            for stall in frame.pending.iter_mut().skip(mark) {
                stall.span = site.place;
                stall.callee = name.clone();
            }
        }
        let (cost, trail) = self.entry_cost(frame, entry, name, receiver, arguments, site.place);
        if let Some(receiver) = receiver {
            self.set_known(entry, receiver);
        } else if let Some(first) = arguments.positional.first().filter(|_| !entry.sets.is_empty()) {
            self.set_known(entry, &Rc::new(first.clone()));
        }
        let mut result = None;
        let mut callback_cost = None;
        if let Some(callback) = &entry.calls
            && let Some(target) = selected(&callback.target, receiver, arguments)
            && !matches!(target, Value::None)
        {
            let given = match &callback.with {
                CalledWith::None => Arguments::default(),
                CalledWith::Element(selector) => match selected(selector, receiver, arguments) {
                    Some(container) => Arguments::of(vec![self.element(&container)]),
                    None => Arguments::of(vec![Value::Unknown]),
                },
                CalledWith::Rest => {
                    let start = match &callback.target {
                        Selector::Argument { position: Some(p), .. } => p + 1,
                        _ => 0,
                    };
                    Arguments {
                        positional: arguments.positional.get(start..).unwrap_or_default().to_vec(),
                        keywords: arguments.keywords.clone(),
                        ..Arguments::default()
                    }
                }
                CalledWith::Object(class) => {
                    Arguments::of(vec![self.library_object(class, Interval { low: 1.0, likely: 100.0, high: 1e4 })])
                }
                CalledWith::Row => Arguments { positional: vec![Value::Unknown], open: true, ..Arguments::default() },
            };
            let times = match &callback.times {
                Some(measure) => self.measured(measure, receiver, arguments).unwrap_or_else(|| {
                    entry.prior.map_or_else(price::unknown_count, |p| Interval {
                        low: p / 10.0,
                        likely: p,
                        high: p * 10.0,
                    })
                }),
                None => Interval::ONE,
            };
            let saved = std::mem::take(&mut frame.tally);
            let scale = frame.scale;
            frame.scale *= times.likely.max(1.0);
            let inner =
                CallSite { id: crate::id::ExpressionId(u32::MAX), place: site.place, method: None, receiver: None };
            let mark = frame.pending.len();
            result = Some(self.call(frame, &target, given, &inner));
            if let Some(kind) = callback.awaits {
                forget(&mut frame.tally.cost, &mut frame.tally.trail, kind);
                for stall in frame.pending.iter_mut().skip(mark) {
                    forget(&mut stall.cost, &mut stall.trail, kind);
                }
            }
            frame.scale = scale;
            let one = std::mem::replace(&mut frame.tally, saved);
            if entry.lazy {
                // It runs where the result is gone through.
                frame.pending.truncate(mark);
                callback_cost = Some((one.cost, one.trail));
            } else {
                if callback.times.is_some() {
                    frame.pending.truncate(mark);
                    let callee = self.callable_name(&target);
                    stand_still(frame, &one, times, callee, site.place);
                }
                frame.tally.repeat(&one, times);
            }
        }
        if let (Some(overrides), Some(receiver)) = (&entry.overrides, receiver)
            && let Some(class) = super::class::instance_class(receiver)
        {
            let units = entry.size.as_ref().and_then(|it| self.measured(it, Some(receiver), arguments));
            let likely = entry.prior.unwrap_or(1000.0);
            let units = units.unwrap_or(Interval { low: likely / 100.0, likely, high: likely * 10.0 });
            self.run_overrides(frame, overrides, units, receiver, &class, site.place);
        }
        self.took = None;
        if let Some(spawn) = &entry.spawn {
            let handed = self.spawn(frame, name, spawn, receiver, arguments, site);
            if result.is_none() {
                result = handed;
            }
        }
        let context = Context { receiver, arguments, result: result.as_ref() };
        let mut length = entry.length.as_ref().and_then(|m| self.measured(m, receiver, arguments));
        if let (None, None, Some(prior), true) = (length, &entry.length, entry.prior, entry.wait.is_some()) {
            // What is read is as long as reading it is presumed to be.
            length = Some(Interval { low: prior / 10.0, likely: prior, high: prior * 10.0 });
        }
        // A constructor remembers its arguments even where the entry names what it makes.
        let constructs =
            matches!((&entry.returns, class), (Some(TypeExpression::Class(made)), Some(class)) if **class == **made);
        let mut value = match &entry.returns {
            Some(expression) if !constructs => self.typed(expression, Some(&context), length),
            _ => match class {
                Some(class) => {
                    let made = self.constructed(frame, class, receiver, arguments);
                    if let (Value::Object(reference), Some(length)) = (&made, length) {
                        let mut object = reference.0.borrow_mut();
                        object.digested.forget();
                        object.length = length;
                    }
                    made
                }
                None if entry.suspends => Value::Future(Rc::new(Value::Unknown)),
                None => Value::Unknown,
            },
        };
        // Python: future = pool.submit(work); future.result()
        if let (Some(took), Value::Object(reference)) = (self.took.take(), &value)
            && matches!(reference.0.borrow().kind, Kind::Library(_))
        {
            self.change(reference, |object| {
                object.fields.insert(Rc::from("took"), Value::Float(Some(took)));
            });
        }
        self.weigh(frame, &value);
        if class.is_some() {
            self.made_queue(frame.file, site.place, &value);
        }
        if let Some(receiver) = receiver
            && let Some(passed) = self.passed_through(name, receiver, arguments)
        {
            value = passed;
        }
        self.opened(entry, receiver, arguments, &mut value);
        self.buffered(entry, arguments, &value);
        if let Some(writes) = &entry.writes {
            self.wrote(frame, writes, receiver, arguments);
        }
        self.options(entry, &context, &value);
        if let Some(known) = self.converted(entry, arguments) {
            value = known;
        }
        if entry.suspends && !matches!(value, Value::Future(_) | Value::Coroutine(_) | Value::Iterator(_)) {
            value = Value::Future(Rc::new(value));
        }
        if entry.lazy {
            let item = self.element(&value);
            let count = length.unwrap_or_else(|| self.length(&value));
            let times = count.likely.max(1.0);
            let mut step_cost = cost.times(Interval::exact(1.0 / times));
            let mut step_trail = Trail::default();
            step_trail.extend(&trail, 1.0 / times, None);
            if let Some((more, why)) = callback_cost {
                step_cost = step_cost.plus(more);
                step_trail.extend(&why, 1.0, None);
            }
            // What suspends takes its steps elsewhere.
            for iterator in consumed.iter().filter(|_| !entry.suspends) {
                if let Some((more, why)) = self.step_cost(iterator) {
                    step_cost = step_cost.plus(more);
                    step_trail.extend(&why, 1.0, None);
                }
            }
            let is_plain = matches!(value, Value::Iterator(_) | Value::Unknown);
            if is_plain {
                return Value::Iterator(Rc::new(Lazy {
                    item,
                    count,
                    guessed: !count.is_exact(),
                    step: step_cost,
                    trail: step_trail,
                    is_async: false,
                    context: false,
                }));
            }
        } else {
            self.charge_entry(frame, &cost, &trail, name, site.place);
            if entry.serves {
                // It waits for requests, and answers them: what that takes nobody told.
                frame.tally.cost.unknown += cost.total().likely;
            }
        }
        value
    }

    /// Runs the methods that a class of the project has for a library's class to call.
    ///
    /// ```python
    /// class Links(HTMLParser):
    ///     def handle_starttag(self, tag, attrs):
    /// ```
    fn run_overrides(
        &mut self,
        frame: &mut Frame<'p>,
        overrides: &Overrides,
        units: Interval,
        receiver: &Rc<Value>,
        class: &Rc<super::value::ClassValue>,
        place: Span,
    ) {
        let times = units.scaled(1.0 / overrides.every);
        for (name, types) in &overrides.methods {
            let names = match name.strip_suffix('*') {
                Some(start) => self.methods_that_begin(class, start),
                None => vec![Rc::from(name.as_str())],
            };
            for name in names {
                let Some(closure) = self.method(class, &name) else { continue };
                // Python: def visit_If(self, node): self.generic_visit(node)
                if let Some(open) = self.stack.iter().position(|it| it.node == (closure.file, Some(closure.function))) {
                    self.lowest = self.lowest.min(open);
                    continue;
                }
                let given = types.iter().map(|it| self.typed(it, None, None)).collect();
                let saved = std::mem::take(&mut frame.tally);
                let scale = frame.scale;
                frame.scale *= times.likely.max(1.0);
                let mark = frame.pending.len();
                self.call_function(frame, &closure, Some((**receiver).clone()), &Arguments::of(given), place);
                frame.pending.truncate(mark);
                frame.scale = scale;
                let one = std::mem::replace(&mut frame.tally, saved);
                let callee = self.function_name(closure.file, closure.function);
                stand_still(frame, &one, times, callee, place);
                frame.tally.repeat(&one, times);
            }
        }
    }

    /// Adds a library call's cost, and notes that a coroutine stands still meanwhile.
    pub(super) fn charge_entry(
        &mut self,
        frame: &mut Frame<'p>,
        cost: &Cost,
        trail: &Trail,
        name: &Arc<str>,
        place: Span,
    ) {
        frame.tally.cost = frame.tally.cost.plus(*cost);
        frame.tally.trail.extend(trail, 1.0, None);
        let waits = trail.operations.iter().any(|o| o.wait.is_some());
        if frame.is_async && (cost.total().likely > price::STALL_FLOOR / 100.0 || waits) {
            frame.pending.push(super::machine::PendingStall {
                span: place,
                callee: name.clone(),
                cost: *cost,
                trail: trail.clone(),
                conditional: frame.branches > 0,
            });
        }
    }

    /// Seconds of one call of an entry, by the size of its arguments.
    fn entry_cost(
        &mut self,
        frame: &Frame<'p>,
        entry: &Entry,
        name: &Arc<str>,
        receiver: Option<&Rc<Value>>,
        arguments: &Arguments,
        place: Span,
    ) -> (Cost, Trail) {
        let mut trail = Trail::default();
        let known = self.written_bytes(entry, receiver, arguments);
        let known = known.or_else(|| entry.size.as_ref().and_then(|m| self.measured(m, receiver, arguments)));
        let prior = entry.prior.unwrap_or(1000.0);
        // Of a size that nothing tells, the lower bound is far down.
        let mut units =
            known.unwrap_or(Interval { low: entry.least.unwrap_or(prior / 100.0), likely: prior, high: prior * 10.0 });
        if let Some(usual) = entry.usual
            && !units.is_exact()
        {
            units = Interval {
                low: units.low.min(usual / 10.0),
                likely: units.likely.min(usual),
                high: units.high.min(usual * 10.0),
            };
        }
        if frame.scale >= price::OFTEN && units.spread() > 20.0 {
            units = units.scaled(price::OFTEN_SHARE);
        }
        let power = entry.power.unwrap_or(1.0);
        let of = |n: f64| entry.seconds + entry.per.map_or(0.0, |per| per * n.max(0.0).powf(power));
        let doubt = if entry.wait.is_some() && entry.per.is_none() { 4.0 } else { 1.6 };
        let mut seconds =
            Interval { low: of(units.low) / doubt, likely: of(units.likely), high: of(units.high) * doubt };
        let mut split = entry.split;
        if let Some(below) = entry.below
            && units.likely < below
        {
            split = entry.below_clock.map_or(split, crate::knowledge::types::split_of);
        }
        let nonblocking = receiver.is_some_and(|r| super::spawn::field(r, "nonblocking").is_some());
        if matches!(entry.wait, Some(WaitKind::Queue)) || nonblocking {
            // Waiting for work is not work.
            seconds = Interval { low: 0.0, likely: 0.0, high: seconds.high };
            split = Split { wait: 1.0, ..Split::default() };
        }
        let none = split.bytecode + split.atomic + split.native + split.wait <= 0.0;
        let cost = if none {
            Cost { bytecode: seconds, ..Cost::ZERO }
        } else {
            Cost {
                bytecode: seconds.scaled(split.bytecode),
                atomic: seconds.scaled(split.atomic),
                native: seconds.scaled(split.native),
                wait: seconds.scaled(split.wait),
                longest_atomic: if split.atomic > 0.5 { seconds.likely * split.atomic } else { 0.0 },
                unknown: 0.0,
            }
        };
        let shares = [
            (Clock::Bytecode, split.bytecode),
            (Clock::Atomic, split.atomic),
            (Clock::Native, split.native),
            (Clock::Wait, split.wait),
        ];
        for (clock, share) in shares {
            if share <= 0.0 {
                continue;
            }
            trail.push(Operation {
                clock,
                wait: if clock == Clock::Wait { entry.wait } else { None },
                seconds: seconds.likely * share,
                each: seconds.likely * share,
                weight: 1.0,
                file: frame.file,
                span: place,
                what: name.clone(),
                source: Some(Arc::from(entry.source.as_str())),
                guessed: known.is_none_or(|k| !k.is_exact()) && entry.per.is_some(),
                turns: 0.0,
                exceptional: false,
                recursed: false,
                path: None,
            });
        }
        (cost, trail)
    }

    /// A number counted on a call's arguments, where they are known.
    pub(super) fn measured(
        &mut self,
        measure: &Measure,
        receiver: Option<&Rc<Value>>,
        arguments: &Arguments,
    ) -> Option<Interval> {
        let mut product = Interval::exact(measure.factor);
        for term in &measure.terms {
            let value = selected(&term.selector, receiver, arguments)?;
            let count = match term.kind {
                TermKind::Len => self.known_length(&value)?,
                TermKind::Rows => self.rows(&value)?,
                TermKind::Deep => self.deep(&value, 0)?,
                TermKind::Turns => self.turns(&value, 0),
                TermKind::Value => {
                    let n = match &value {
                        // A shape: rows by columns.
                        Value::Tuple(sides) => {
                            let sides: Option<Vec<Interval>> = sides.iter().map(Value::number).collect();
                            sides?.into_iter().fold(Interval::ONE, Interval::times)
                        }
                        _ => value.number()?,
                    };
                    Interval { low: n.low.max(0.0), likely: n.likely.max(0.0), high: n.high.max(0.0) }
                }
            };
            product = product.times(count);
        }
        Some(product)
    }

    /// The rows of a table; a dict holds columns.
    fn rows(&mut self, value: &Value) -> Option<Interval> {
        let column = match value {
            Value::Object(reference) if matches!(reference.0.borrow().kind, Kind::Dict) => {
                let object = reference.0.borrow();
                object.fields.values().next().cloned().unwrap_or_else(|| object.item.clone())
            }
            other => other.clone(),
        };
        self.known_length(&column)
    }

    /// A length, unless nothing at all is known of the value.
    fn known_length(&mut self, value: &Value) -> Option<Interval> {
        match value {
            Value::Unknown | Value::None | Value::Int(_) | Value::Float(_) | Value::Bool(_) => None,
            Value::Library(_) | Value::Function(_) | Value::Module(_) | Value::Class(_) => None,
            Value::Object(reference) => {
                let is_sized = match &reference.0.borrow().kind {
                    Kind::Library(class) => {
                        let object = reference.0.borrow();
                        object.length.likely > 0.0
                            && self
                                .knowledge
                                .ancestry(class)
                                .iter()
                                .any(|c| c.item.is_some() || c.prior.is_some() || c.subscript.is_some())
                            || object.length.is_exact()
                    }
                    Kind::Instance { .. } => false,
                    Kind::List | Kind::Set | Kind::Dict => true,
                };
                if is_sized { Some(self.length(value)) } else { None }
            }
            _ => Some(self.length(value)),
        }
    }

    /// The number of leaves in nested containers.
    fn deep(&mut self, value: &Value, depth: u32) -> Option<Interval> {
        if depth > 5 {
            return Some(Interval::ONE);
        }
        match value {
            Value::Object(reference) => {
                let (kind, item, fields, elements) = {
                    let object = reference.0.borrow();
                    (object.kind.clone(), object.item.clone(), object.fields.clone(), object.elements.clone())
                };
                match kind {
                    Kind::Dict if !fields.is_empty() => {
                        let mut sum = Interval::ZERO;
                        for value in fields.values() {
                            sum = sum.plus(self.deep(value, depth + 1).unwrap_or(Interval::ONE));
                        }
                        Some(sum)
                    }
                    Kind::List | Kind::Set | Kind::Dict => {
                        if let Some(all) = elements.filter(|e| !e.is_empty()) {
                            let mut sum = Interval::ZERO;
                            for element in &all {
                                sum = sum.plus(self.deep(element, depth + 1).unwrap_or(Interval::ONE));
                            }
                            return Some(sum);
                        }
                        let each = self.deep(&item, depth + 1).unwrap_or(Interval::ONE);
                        Some(self.length(value).times(each))
                    }
                    Kind::Instance { .. } => None,
                    Kind::Library(_) => self.known_length(value),
                }
            }
            Value::Tuple(parts) => {
                let parts = parts.clone();
                let mut sum = Interval::ZERO;
                for part in parts.iter() {
                    sum = sum.plus(self.deep(part, depth + 1).unwrap_or(Interval::ONE));
                }
                Some(sum)
            }
            Value::Text(_, n) | Value::Bytes(n) if depth == 0 => Some(*n),
            // A string among others counts as a leaf, a long one as several.
            Value::Text(_, n) | Value::Bytes(n) => {
                Some(Interval { low: 1.0, likely: (n.likely / 20.0).max(1.0), high: (n.high / 20.0).max(1.0) })
            }
            Value::Iterator(lazy) => {
                let each = self.deep(&lazy.item.clone(), depth + 1).unwrap_or(Interval::ONE);
                Some(lazy.count.times(each))
            }
            Value::Range { count, .. } => Some(*count),
            Value::Unknown => None,
            _ => Some(Interval::ONE),
        }
    }

    /// How many turns the loops take that go through nested lists: each row is one, a dict's values by themselves.
    fn turns(&mut self, value: &Value, depth: u32) -> Interval {
        if depth > 5 {
            return Interval::ZERO;
        }
        let once = |turns: Interval| Interval {
            low: turns.low.max(1.0),
            likely: turns.likely.max(1.0),
            high: turns.high.max(1.0),
        };
        match value {
            Value::Tuple(parts) => {
                let turns: Vec<Interval> = parts.iter().map(|part| self.turns(part, depth + 1)).collect();
                turns.into_iter().fold(Interval::ZERO, Interval::plus)
            }
            Value::Object(reference) => {
                let (kind, item, fields) = {
                    let object = reference.0.borrow();
                    (object.kind.clone(), object.item.clone(), object.fields.clone())
                };
                match kind {
                    Kind::Dict if !fields.is_empty() => {
                        let turns: Vec<Interval> = fields.values().map(|part| self.turns(part, depth + 1)).collect();
                        turns.into_iter().fold(Interval::ZERO, Interval::plus)
                    }
                    // A row whose columns are not known.
                    Kind::Dict if depth > 1 => self.turns(&item, depth + 1),
                    Kind::List | Kind::Set | Kind::Dict => {
                        let each = once(self.turns(&item, depth + 1));
                        self.length(value).times(each)
                    }
                    Kind::Instance { .. } | Kind::Library(_) => Interval::ZERO,
                }
            }
            Value::Iterator(lazy) => lazy.count.times(once(self.turns(&lazy.item, depth + 1))),
            Value::Range { count, .. } => *count,
            _ => Interval::ZERO,
        }
    }

    /// A value of a type that the knowledge base names.
    pub(super) fn typed(
        &mut self,
        expression: &TypeExpression,
        context: Option<&Context<'_>>,
        length: Option<Interval>,
    ) -> Value {
        match expression {
            TypeExpression::Any | TypeExpression::Callable => Value::Unknown,
            TypeExpression::Str => Value::text(length.unwrap_or_else(price::text_length)),
            TypeExpression::Bytes => Value::Bytes(length.unwrap_or_else(price::bytes_length)),
            TypeExpression::Int => Value::Int(None),
            TypeExpression::Float => Value::Float(None),
            TypeExpression::Bool => Value::Bool(None),
            TypeExpression::None => Value::None,
            TypeExpression::List(item) => {
                let item = self.typed(item, context, None);
                self.list(item, length.unwrap_or_else(price::unknown_count), None)
            }
            TypeExpression::Set(item) => {
                let item = self.typed(item, context, None);
                self.set(item, length.unwrap_or_else(price::unknown_count))
            }
            TypeExpression::Tuple(parts) => {
                Value::Tuple(parts.iter().map(|part| self.typed(part, context, None)).collect())
            }
            TypeExpression::Dict(key, item) => {
                let (key, item) = (self.typed(key, context, None), self.typed(item, context, None));
                self.dict(key, item, length.unwrap_or_else(price::unknown_count))
            }
            TypeExpression::Iterator(item) => {
                let item = self.typed(item, context, None);
                super::class::plain_iterator(item, length.unwrap_or_else(price::unknown_count))
            }
            TypeExpression::Awaitable(result) | TypeExpression::Future(result) => {
                let result = self.typed(result, context, length);
                match expression {
                    // A concurrent future is an object with methods; an awaitable is awaited.
                    TypeExpression::Future(_) => {
                        let class = Kind::Library(Arc::from("concurrent.futures.Future"));
                        self.object(class, result, Value::Unknown, Interval::ONE, None)
                    }
                    _ => Value::Future(Rc::new(result)),
                }
            }
            TypeExpression::Union(parts) => {
                let all: Vec<Value> = parts.iter().map(|part| self.typed(part, context, length)).collect();
                // What has a length is no number: `rng.random((900, 900))`.
                let is_number = |part: &Value| matches!(part, Value::Int(_) | Value::Float(_));
                let sized: Vec<Value> = all.iter().filter(|part| !is_number(part)).cloned().collect();
                union(if length.is_some() && !sized.is_empty() { &sized } else { &all })
            }
            TypeExpression::Class(name) => {
                let value = self.library_instance(name);
                if let (Value::Object(reference), Some(length)) = (&value, length) {
                    reference.0.borrow_mut().length = length;
                }
                value
            }
            TypeExpression::Receiver => match context.and_then(|c| c.receiver) {
                Some(receiver) => match length {
                    Some(length) => self.resized(receiver, length),
                    None => (**receiver).clone(),
                },
                None => Value::Unknown,
            },
            TypeExpression::Argument(selector) => {
                match context.and_then(|c| selected(selector, c.receiver, c.arguments)) {
                    Some(value) => match length {
                        Some(length) => self.resized(&value, length),
                        None => value,
                    },
                    None => Value::Unknown,
                }
            }
            TypeExpression::Element(selector) => {
                match context.and_then(|c| selected(selector, c.receiver, c.arguments)) {
                    Some(value) => self.element(&value),
                    None => Value::Unknown,
                }
            }
            TypeExpression::Result(selector) => match context.and_then(|c| c.result) {
                Some(Value::Coroutine(coroutine)) => coroutine.result.clone(),
                Some(value) => value.clone(),
                // What was handed over is a coroutine, which nobody called.
                None => match context.and_then(|c| selected(selector, c.receiver, c.arguments)) {
                    Some(Value::Coroutine(coroutine)) => coroutine.result.clone(),
                    Some(Value::Future(result)) => (*result).clone(),
                    _ => Value::Unknown,
                },
            },
            TypeExpression::Promise(class, result) => {
                let result = self.typed(result, context, None);
                let value = self.library_instance(class);
                if let Value::Object(reference) = &value {
                    reference.0.borrow_mut().item = result;
                }
                value
            }
            TypeExpression::Decorator => Value::Identity,
            TypeExpression::Literal(text) => {
                Value::Text(Some(Rc::from(text.as_str())), Interval::exact(text.chars().count() as f64))
            }
            TypeExpression::Known(inner, word) => {
                let value = self.typed(inner, context, length);
                known_for(&value, word)
            }
        }
    }

    fn resized(&mut self, value: &Value, length: Interval) -> Value {
        match value {
            Value::Text(..) => Value::text(length),
            Value::Bytes(_) => Value::Bytes(length),
            Value::Object(_) => {
                let copy = value.copied(false);
                if let Value::Object(reference) = &copy {
                    let mut object = reference.0.borrow_mut();
                    object.length = length;
                    object.elements = None;
                }
                copy
            }
            other => other.clone(),
        }
    }

    /// An instance of a library class of which nothing else is known.
    pub(super) fn library_instance(&mut self, name: &str) -> Value {
        let canonical = self.known.canonical(name);
        if let Some(builtin) = canonical.strip_prefix("builtins.").or_else(|| canonical.strip_prefix("typing.")) {
            match builtin {
                "str" | "Text" | "AnyStr" => return Value::text(price::text_length()),
                "bytes" | "bytearray" | "memoryview" | "ByteString" => return Value::Bytes(price::bytes_length()),
                "int" => return Value::Int(None),
                "float" | "complex" => return Value::Float(None),
                "bool" => return Value::Bool(None),
                "list" | "List" | "Sequence" | "Iterable" | "Collection" | "MutableSequence" => {
                    return self.list(Value::Unknown, price::unknown_count(), None);
                }
                "dict" | "Dict" | "Mapping" | "MutableMapping" => {
                    return self.dict(Value::Unknown, Value::Unknown, price::unknown_count());
                }
                "set" | "frozenset" | "Set" | "FrozenSet" => return self.set(Value::Unknown, price::unknown_count()),
                "tuple" | "Tuple" => return self.list(Value::Unknown, price::few(), None),
                "object" | "type" | "Any" | "Callable" | "TypeVar" | "Self" | "Optional" | "Union" | "NoReturn" => {
                    return Value::Unknown;
                }
                _ => {}
            }
        }
        if canonical.starts_with("typing.")
            || canonical.starts_with("collections.abc.")
            || canonical.starts_with("typing_extensions.")
        {
            return match canonical.rsplit('.').next() {
                Some("Sequence" | "Iterable" | "Collection" | "MutableSequence" | "Iterator") => {
                    self.list(Value::Unknown, price::unknown_count(), None)
                }
                Some("Mapping" | "MutableMapping") => self.dict(Value::Unknown, Value::Unknown, price::unknown_count()),
                _ => Value::Unknown,
            };
        }
        let length = match self.known.class(&canonical).and_then(|c| c.prior) {
            Some(prior) => Interval { low: prior / 10.0, likely: prior, high: prior * 10.0 },
            None => price::unknown_count(),
        };
        self.object(Kind::Library(canonical), Value::Unknown, Value::Unknown, length, None)
    }

    /// A new instance of a library class, with the arguments worth remembering.
    pub(super) fn constructed(
        &mut self,
        frame: &mut Frame<'p>,
        class: &Arc<str>,
        receiver: Option<&Rc<Value>>,
        arguments: &Arguments,
    ) -> Value {
        let value = match receiver {
            // `super().__init__(…)`: the instance is already there.
            Some(receiver) if matches!(&**receiver, Value::Object(_)) => (**receiver).clone(),
            _ => self.library_instance(class),
        };
        self.weigh(frame, &value);
        if let Value::Object(reference) = &value {
            let workers = self.known.ancestry(class).iter().find_map(|c| c.workers.clone());
            let workers = workers.and_then(|selector| selected(&selector, None, arguments));
            let ancestry = self.known.ancestry(class);
            let remembered: Vec<(Rc<str>, Value)> = ancestry
                .iter()
                .flat_map(|class| &class.remembers)
                .filter_map(|selector| {
                    let Selector::Argument { name: Some(name), .. } = selector else { return None };
                    Some((Rc::from(name.as_str()), selected(selector, None, arguments)?))
                })
                .collect();
            self.change(reference, |object| {
                object.fields.extend(remembered);
                if let Some(workers) = workers {
                    object.fields.insert(Rc::from("workers"), workers);
                }
                for (name, value) in &arguments.keywords {
                    let keep = matches!(
                        &**name,
                        "maxtasksperchild"
                            | "max_tasks_per_child"
                            | "max_tasks"
                            | "timeout"
                            | "prefer"
                            | "backend"
                            | "n_jobs"
                            | "require"
                            | "daemon"
                    );
                    if keep {
                        object.fields.insert(name.clone(), value.clone());
                    }
                }
            });
        }
        value
    }

    /// A library name of which no entry holds.
    fn unlisted(
        &mut self,
        frame: &mut Frame<'p>,
        name: &Arc<str>,
        receiver: Option<&Rc<Value>>,
        arguments: &Arguments,
        site: &CallSite<'_>,
    ) -> Value {
        let last = name.rsplit('.').next().unwrap_or(name);
        if let Some(receiver) = receiver {
            if let Some(class) = receiver.library_class()
                && self.known.ancestry(&class).iter().any(|c| c.asynchronous)
            {
                return Value::Future(Rc::new(Value::Unknown));
            }
            if name.starts_with("builtins.") {
                // A method that the built-in type does not list, or a misjudged receiver.
                if let Some(value) = self.presumed_method(frame, last, arguments, site) {
                    return value;
                }
            }
        }
        let is_class = last.chars().next().is_some_and(char::is_uppercase) && last.chars().any(char::is_lowercase);
        if is_class && receiver.is_none() {
            frame.tally.cost.unknown += price::UNKNOWN_CLASS;
            // Its methods are unknown, but they are not those of a built-in type.
            return self.library_object(name, price::unknown_count());
        }
        frame.tally.cost.unknown += if receiver.is_some() { price::UNKNOWN_METHOD } else { price::UNKNOWN_FUNCTION };
        Value::Unknown
    }

    /// A method of an unknown receiver whose name belongs to a built-in type in practice.
    pub(super) fn presumed_method(
        &mut self,
        frame: &mut Frame<'p>,
        method: &str,
        arguments: &Arguments,
        site: &CallSite<'_>,
    ) -> Option<Value> {
        let owner = match method {
            "append" | "extend" | "insert" | "sort" | "reverse" => "list",
            "split" | "rsplit" | "strip" | "lstrip" | "rstrip" | "lower" | "upper" | "startswith" | "endswith"
            | "splitlines" | "format" | "encode" | "isdigit" | "isalpha" | "isalnum" | "isspace" | "title"
            | "capitalize" | "zfill" | "ljust" | "rjust" | "center" | "casefold" | "partition" | "rpartition"
            | "isupper" | "islower" | "isnumeric" | "removeprefix" | "removesuffix" | "swapcase" | "expandtabs"
            | "format_map" => "str",
            "decode" | "hex" => "bytes",
            "items" | "keys" | "values" | "setdefault" | "popitem" => "dict",
            "get"
                if !arguments.positional.is_empty()
                    && arguments.positional.len() <= 2
                    && arguments.keywords.is_empty() =>
            {
                // A dict's `get`, unless the first argument looks like an address.
                frame.tally.cost.unknown += price::UNKNOWN_METHOD * 0.2;
                return Some(Value::Unknown);
            }
            "discard"
            | "union"
            | "intersection"
            | "difference"
            | "issubset"
            | "issuperset"
            | "symmetric_difference" => "set",
            "pop" | "remove" | "index" | "count" | "copy" | "clear" | "update" | "add" | "replace" | "join"
            | "find" | "rfind" => {
                if method == "join" && arguments.positional.is_empty() {
                    // A thread's or a queue's.
                    return None;
                }
                frame.tally.tick(100e-9);
                return Some(Value::Unknown);
            }
            "group" | "groups" | "groupdict" | "isoformat" | "strftime" | "total_seconds" | "timestamp" | "date"
            | "info" | "debug" | "warning" | "error" | "exception" | "critical" => {
                frame.tally.tick(2e-6);
                return Some(Value::Unknown);
            }
            _ => return None,
        };
        let name: Arc<str> = Arc::from(format!("builtins.{owner}.{method}"));
        if self.known.calls(&name).is_empty() {
            return None;
        }
        let stand_in = match owner {
            "list" => self.list(Value::Unknown, price::unknown_count(), None),
            "dict" => self.dict(Value::Unknown, Value::Unknown, price::unknown_count()),
            "set" => self.set(Value::Unknown, price::unknown_count()),
            "bytes" => Value::Bytes(price::bytes_length()),
            _ => Value::text(price::text_length()),
        };
        Some(self.call_library(frame, &name, Some(&Rc::new(stand_in)), arguments.clone(), site))
    }

    /// `instance.name` for a library class.
    pub(super) fn library_attribute(&mut self, owner: &Value, class: &Arc<str>, name: &str) -> Value {
        if let Some(kind) = self.known.attribute(class, name) {
            if let Some(prior) = self.knowledge.side_of(class, name) {
                let known = self.known_length(owner);
                let parts = known.unwrap_or(Interval { low: prior / 10.0, likely: prior, high: prior * 10.0 });
                let side = Interval { low: parts.low.sqrt(), likely: parts.likely.sqrt(), high: parts.high.sqrt() };
                let side = Value::Int(Some(side));
                return if matches!(kind, TypeExpression::Tuple(_)) {
                    Value::Tuple(Rc::from([side.clone(), side]))
                } else {
                    side
                };
            }
            let context =
                Context { receiver: Some(&Rc::new(owner.clone())), arguments: &Arguments::default(), result: None };
            let length = self.knowledge.attribute_length(class, name);
            let length = length.map(|n| Interval { low: n / 10.0, likely: n, high: n * 10.0 });
            return self.typed(&kind, Some(&context), length);
        }
        if let Some(method) = self.known.method_owner(class, name) {
            return Value::LibraryMethod(Rc::new(owner.clone()), method);
        }
        Value::LibraryMethod(Rc::new(owner.clone()), Arc::from(format!("{class}.{name}")))
    }

    /// What a key stands for that names a class: `app[ACCOUNTS]`, where `ACCOUNTS = web.AppKey("accounts", Accounts)`.
    pub(super) fn stands_for(&mut self, key: &Reference) -> Option<Value> {
        let class = {
            let object = key.0.borrow();
            let Kind::Library(class) = &object.kind else { return None };
            let argument = self.known.ancestry(class).iter().find_map(|class| class.key_of.clone())?;
            object.fields.get(argument.as_str())?.clone()
        };
        self.instance_of(&class)
    }

    pub(super) fn library_item(&mut self, owner: &Value, class: &Arc<str>, stored: &Value) -> Value {
        if !stored.is_unknown() {
            return stored.clone();
        }
        let item = self.known.ancestry(class).iter().find_map(|c| c.item.clone());
        match item {
            Some(item) => {
                let receiver = Rc::new(owner.clone());
                let context = Context { receiver: Some(&receiver), arguments: &Arguments::default(), result: None };
                self.typed(&item, Some(&context), None)
            }
            None => Value::Unknown,
        }
    }

    pub(super) fn library_subscript(
        &mut self,
        frame: &mut Frame<'p>,
        owner: &Value,
        class: &Arc<str>,
        stored: &Value,
    ) -> Value {
        let kind = self.known.ancestry(class).iter().find_map(|c| c.subscript.clone().or_else(|| c.item.clone()));
        let name: Arc<str> = Arc::from(format!("{class}.__getitem__"));
        if self.lists(&name)
            && let Some(entry) =
                self.known.calls(&name).iter().copied().find(|e| self.holds(e, None, &Arguments::default()))
        {
            frame.tally.tick(entry.seconds);
        }
        match kind {
            Some(kind) => {
                let receiver = Rc::new(owner.clone());
                let context = Context { receiver: Some(&receiver), arguments: &Arguments::default(), result: None };
                self.typed(&kind, Some(&context), None)
            }
            None => stored.clone(),
        }
    }

    /// The cost of one step of iterating over a library object.
    pub(super) fn library_step(&mut self, class: &Arc<str>) -> Option<(Cost, Trail)> {
        let name = ["__next__", "__iter__"].iter().map(|m| format!("{class}.{m}")).find(|n| self.lists(n));
        let entries = self.known.calls(name.as_deref().unwrap_or(class));
        let (entry, seconds) = match &name {
            Some(_) => entries.first().map(|entry| (entry, entry.seconds))?,
            // `csv.reader`: what making it is said to take is spent step by step.
            None => entries
                .iter()
                .filter(|entry| entry.lazy && entry.size == entry.length)
                .find_map(|entry| Some((entry, entry.per?)))?,
        };
        let seconds = Interval::guess(seconds, 3.0);
        let cost = Cost {
            bytecode: seconds.scaled(entry.split.bytecode),
            atomic: seconds.scaled(entry.split.atomic),
            native: seconds.scaled(entry.split.native),
            wait: seconds.scaled(entry.split.wait),
            longest_atomic: 0.0,
            unknown: 0.0,
        };
        Some((cost, Trail::default()))
    }

    pub(super) fn library_entered(&mut self, frame: &mut Frame<'p>, owner: &Value, class: &Arc<str>) -> Value {
        let name: Arc<str> = Arc::from(format!("{class}.__enter__"));
        if self.lists(&name) {
            let site =
                CallSite { id: crate::id::ExpressionId(u32::MAX), place: frame.at, method: None, receiver: None };
            let entered = self.call_library(frame, &name, Some(&Rc::new(owner.clone())), Arguments::default(), &site);
            if !matches!(entered, Value::Unknown) {
                return entered;
            }
        }
        let enter = self.known.ancestry(class).iter().find_map(|c| c.enter.clone());
        match enter {
            Some(kind) => {
                let receiver = Rc::new(owner.clone());
                let context = Context { receiver: Some(&receiver), arguments: &Arguments::default(), result: None };
                self.typed(&kind, Some(&context), None)
            }
            None => owner.clone(),
        }
    }

    /// True if an entry's conditions hold for the arguments, and for what is known of the receiver.
    fn holds(&mut self, entry: &Entry, receiver: Option<&Rc<Value>>, arguments: &Arguments) -> bool {
        entry.when.iter().all(|(selector, requirement)| {
            let told = match selector {
                Selector::Field(word) => receiver.and_then(|r| self.was_told(r, word)).map(|is| Value::Bool(Some(is))),
                Selector::SelfValue | Selector::Argument { .. } | Selector::All => None,
            };
            let value = told.or_else(|| selected(selector, receiver, arguments));
            match requirement {
                Requirement::Given => value.is_some(),
                Requirement::Absent => value.is_none() && !arguments.open_keywords,
                Requirement::True => value.is_some_and(|v| v.truth() == Some(true)),
                Requirement::False => value.is_some_and(|v| v.truth() == Some(false)),
                Requirement::IsNone => value.is_some_and(|v| matches!(v, Value::None)),
                Requirement::NotNone => value.is_some_and(|v| !matches!(v, Value::None | Value::Unknown)),
                Requirement::Positive => value.and_then(|v| v.number()).is_some_and(|n| n.low > 0.0 || n.likely > 0.0),
                Requirement::Zero => value.and_then(|v| v.constant()).is_some_and(|n| n == 0.0),
                Requirement::Text(text) => match value {
                    Some(Value::Text(Some(known), _)) => *known == **text,
                    // A library's constant by its name: `socket.AI_NUMERICHOST`.
                    Some(Value::Library(name)) => *name == **text,
                    _ => false,
                },
                Requirement::Number(number) => value.and_then(|v| v.constant()).is_some_and(|n| n == *number),
                Requirement::Has(name) => value.is_some_and(|v| has_flag(&v, name)),
                Requirement::Own => value.is_some_and(|v| is_own(&v)),
                Requirement::Is(class) => value.is_some_and(|v| self.derives(&v, class)),
                Requirement::First(texts) => {
                    let first = |it: Value| match it {
                        Value::Tuple(parts) => parts.first().cloned(),
                        Value::Object(object) => {
                            object.0.borrow().elements.as_ref().and_then(|all| all.first().cloned())
                        }
                        _ => None,
                    };
                    let known = value.and_then(first).and_then(|it| it.known_text());
                    known.is_some_and(|known| texts.iter().any(|text| **text == *known))
                }
                Requirement::Ends(endings) => value.and_then(|v| v.known_text()).is_some_and(|text| {
                    let text = text.to_lowercase();
                    endings.iter().any(|ending| text.ends_with(ending.as_str()))
                }),
            }
        })
    }

    /// Whether an instance is of a class or of one derived from it, if all classes between are known.
    pub(super) fn descends_from(&mut self, instance: &Value, class: &Value) -> Option<bool> {
        let Value::Object(reference) = instance else { return None };
        let own = match &reference.0.borrow().kind {
            Kind::Instance { class, .. } => class.clone(),
            Kind::Library(name) => {
                return match class {
                    Value::Library(other) => Some(self.knowledge.is_subclass(name, other)),
                    Value::Class(_) => Some(false),
                    _ => None,
                };
            }
            Kind::List | Kind::Set | Kind::Dict => return None,
        };
        let order = self.order(&own);
        let found = order.iter().any(|ancestor| match (ancestor, class) {
            (Ancestor::Project(known), Value::Class(other)) => known.file == other.file && known.class == other.class,
            (Ancestor::Library(name), Value::Library(other)) => self.knowledge.is_subclass(name, other),
            _ => false,
        });
        let is_known = !order.iter().any(|ancestor| matches!(ancestor, Ancestor::Unknown));
        (found || is_known).then_some(found)
    }

    /// Whether a value is a library's class, one derived from it, or an instance of one.
    fn derives(&mut self, value: &Value, class: &str) -> bool {
        let ancestor = match value {
            Value::Library(name) => return self.knowledge.is_subclass(name, class),
            Value::Text(..) => return class == "builtins.str",
            Value::Bytes(_) => return class == "builtins.bytes",
            Value::Class(known) => known.clone(),
            Value::Union(parts) => {
                return parts.iter().any(|part| self.derives(part, class));
            }
            Value::Object(reference) => match &reference.0.borrow().kind {
                Kind::Library(name) => return self.knowledge.is_subclass(name, class),
                Kind::Instance { class, .. } => class.clone(),
                Kind::List | Kind::Set | Kind::Dict => return false,
            },
            _ => return false,
        };
        self.order(&ancestor).iter().any(|known| match known {
            Ancestor::Library(name) => self.knowledge.is_subclass(name, class),
            Ancestor::Project(_) | Ancestor::Unknown => false,
        })
    }

    /// What an answer told of an object.
    fn was_told(&self, value: &Value, word: &str) -> Option<bool> {
        let Value::Object(reference) = value else { return None };
        let serial = reference.0.borrow().serial;
        self.told.iter().rev().find(|(known, told, _)| *known == serial && told == word).map(|(.., is)| *is)
    }

    /// Notes what a call makes known of its receiver.
    fn set_known(&mut self, entry: &Entry, receiver: &Rc<Value>) {
        let Value::Object(reference) = &**receiver else { return };
        for (word, is) in &entry.sets {
            let (serial, before) = {
                let object = reference.0.borrow();
                (object.serial, object.fields.contains_key(word.as_str()))
            };
            self.told.retain(|(known, told, _)| *known != serial || told != word);
            if *is {
                self.change(reference, |object| {
                    object.fields.insert(Rc::from(word.as_str()), Value::Bool(Some(true)));
                });
            } else if before {
                self.change(reference, |object| {
                    object.fields.remove(word.as_str());
                });
            }
        }
    }

    /// `if queue.empty():`, `while not future.done():`: what the answer tells of the receiver.
    pub(super) fn take_answer(&mut self, method: &Value, holds: bool) {
        match method {
            Value::LibraryMethod(receiver, name) => {
                let Value::Object(reference) = &**receiver else { return };
                let serial = reference.0.borrow().serial;
                for entry in self.known.calls(name).iter() {
                    let told = if holds { &entry.if_true } else { &entry.if_false };
                    self.told.extend(told.iter().map(|(word, is)| (serial, word.clone(), *is)));
                }
            }
            Value::Union(parts) => {
                for part in parts.iter() {
                    self.take_answer(part, holds);
                }
            }
            _ => {}
        }
    }

    /// True if the knowledge base lists a method by its own name, not by a pattern that covers the rest.
    pub(super) fn lists(&self, name: &str) -> bool {
        let last = name.rsplit('.').next().unwrap_or(name);
        self.known.calls(name).iter().any(|e| e.names.iter().any(|n| n.rsplit('.').next() == Some(last)))
    }

    /// Arithmetic on a library's objects: `array * 2`, `path / "name"`.
    pub(super) fn library_operator(
        &mut self,
        frame: &mut Frame<'p>,
        operator: Operator,
        left: &Value,
        right: &Value,
        class: &Arc<str>,
    ) -> Value {
        let method = match operator {
            Operator::Add => "__add__",
            Operator::Subtract => "__sub__",
            Operator::Multiply => "__mul__",
            Operator::Divide => "__truediv__",
            Operator::FloorDivide => "__floordiv__",
            Operator::Modulo => "__mod__",
            Operator::Power => "__pow__",
            Operator::MatrixMultiply => "__matmul__",
            Operator::LeftShift => "__lshift__",
            Operator::RightShift => "__rshift__",
            Operator::BitAnd => "__and__",
            Operator::BitOr => "__or__",
            Operator::BitXor => "__xor__",
        };
        let mut name: Arc<str> = Arc::from(format!("{class}.{method}"));
        if !self.lists(&name) {
            name = Arc::from(format!("{class}.__add__"));
        }
        if !self.lists(&name) {
            frame.tally.tick(1e-6);
            return left.clone();
        }
        let site =
            CallSite { id: crate::id::ExpressionId(u32::MAX), place: frame_place(frame), method: None, receiver: None };
        self.call_library(frame, &name, Some(&Rc::new(left.clone())), Arguments::of(vec![right.clone()]), &site)
    }

    /// Applies a decorator.
    pub(super) fn apply_decorator(
        &mut self,
        frame: &mut Frame<'p>,
        decorator: &Value,
        function: Value,
        place: Span,
    ) -> Value {
        match decorator {
            Value::Identity | Value::Unknown => function,
            Value::Function(_) | Value::Method(..) | Value::Partial(_) => {
                let site = CallSite { id: crate::id::ExpressionId(u32::MAX), place, method: None, receiver: None };
                let mark = self.events.len();
                let value = self.call(frame, decorator, Arguments::of(vec![function.clone()]), &site);
                self.events.truncate(mark);
                match value {
                    Value::Unknown | Value::None => function,
                    other => other,
                }
            }
            Value::Class(_) => {
                let site = CallSite { id: crate::id::ExpressionId(u32::MAX), place, method: None, receiver: None };
                self.call(frame, decorator, Arguments::of(vec![function]), &site)
            }
            Value::Library(name) => {
                let entries = self.known.calls(name);
                if entries.iter().any(|e| e.spawn.is_some()) {
                    // `@sync_to_async`: what comes back runs the function elsewhere.
                    return Value::Unknown;
                }
                let intrinsic = entries.first().and_then(|e| e.intrinsic.clone());
                match intrinsic.as_deref() {
                    Some(known) => self.decorate(known, function, &Arguments::default()),
                    None => function,
                }
            }
            Value::LibraryMethod(..) => function,
            _ => function,
        }
    }

    /// True if an event has the same place already.
    pub fn seen(&self, place: Span) -> bool {
        self.events.iter().any(|event| match &**event {
            Event::Handover(handover) => handover.span == place,
            Event::Stall(stall) => stall.span == place,
        })
    }

    /// The result of awaiting what a coroutine function gives.
    pub(super) fn coroutine_result(value: &Value) -> Value {
        match value {
            Value::Coroutine(coroutine) => {
                let Coroutine { result, .. } = &**coroutine;
                result.clone()
            }
            Value::Future(result) => (**result).clone(),
            other => other.clone(),
        }
    }
}

/// A place for operators, which have no call of their own: the statement at hand is not known here.
fn frame_place(frame: &Frame<'_>) -> Span {
    frame.function.and_then(|f| frame.spans.function_names.get(f.index())).copied().unwrap_or_default()
}

/// The value that a selector names.
pub fn selected(selector: &Selector, receiver: Option<&Rc<Value>>, arguments: &Arguments) -> Option<Value> {
    match selector {
        Selector::SelfValue => receiver.map(|r| (**r).clone()),
        Selector::Argument { position, name } => {
            if let Some(name) = name
                && let Some(value) = arguments.keyword(name)
            {
                return Some(value.clone());
            }
            position.and_then(|p| arguments.positional.get(p).cloned())
        }
        Selector::Field(word) => super::spawn::field(receiver?, word),
        Selector::All => {
            let named = arguments.keywords.iter().map(|(_, value)| value);
            Some(Value::Tuple(arguments.positional.iter().chain(named).cloned().collect()))
        }
    }
}

/// A copy of a value that is known for something.
fn known_for(value: &Value, word: &str) -> Value {
    match value {
        Value::Object(_) => {
            let copy = value.copied(false);
            if let Value::Object(reference) = &copy {
                reference.0.borrow_mut().fields.insert(Rc::from(word), Value::Bool(Some(true)));
            }
            copy
        }
        Value::Union(parts) => union(&parts.iter().map(|part| known_for(part, word)).collect::<Vec<_>>()),
        other => other.clone(),
    }
}

/// Whether a constant is meant, or stands among or-ed flags.
fn has_flag(value: &Value, name: &str) -> bool {
    match value {
        Value::Library(known) => **known == *name,
        Value::Union(parts) => parts.iter().any(|part| has_flag(part, name)),
        _ => false,
    }
}

/// Whether a value is a class of the project or an instance of one.
fn is_own(value: &Value) -> bool {
    match value {
        Value::Class(_) => true,
        Value::Object(reference) => matches!(reference.0.borrow().kind, Kind::Instance { .. }),
        Value::Union(parts) => parts.iter().any(is_own),
        _ => false,
    }
}

/// `socket.AI_NUMERICHOST`: a library's constant, by the way it is written.
pub fn is_constant(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.len() > 1 && !last.chars().any(char::is_lowercase)
}

/// What a library's function calls so many times keeps a coroutine for as long as all of these calls: `items.sort(key=rank)`.
fn stand_still(frame: &mut Frame<'_>, one: &Tally, times: Interval, callee: Arc<str>, place: Span) {
    let cost = one.cost.times(times);
    let waits = one.trail.operations.iter().any(|o| o.wait.is_some());
    if frame.is_async && (cost.total().high > price::STALL_FLOOR || waits) {
        let mut trail = Trail::default();
        trail.extend(&one.trail, times.likely, None);
        let conditional = frame.branches > 0;
        frame.pending.push(super::machine::PendingStall { span: place, callee, cost, trail, conditional });
    }
}

/// Takes out what waits for something of a kind.
fn forget(cost: &mut Cost, trail: &mut Trail, kind: WaitKind) {
    let seconds = |of: &dyn Fn(&Operation) -> bool| -> f64 {
        trail.operations.iter().filter(|it| it.clock == Clock::Wait && of(it)).map(|it| it.seconds).sum()
    };
    let (all, awaited) = (seconds(&|_| true), seconds(&|it| it.wait == Some(kind)));
    if awaited > 0.0 {
        cost.wait = cost.wait.scaled((1.0 - awaited / all).max(0.0));
        trail.operations.retain(|it| it.wait != Some(kind));
    }
}
