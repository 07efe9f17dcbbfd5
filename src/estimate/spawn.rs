//! Work handed to a vehicle: the target runs aside, so that its cost is known but charged to nobody.

use super::class::Ancestor;
use super::expressions::CallSite;
use super::library::selected;
use super::machine::{Frame, Machine, Tally};
use super::report::{Event, Handover};
use super::value::{Arguments, ClassValue, Kind, Value};
use crate::cost::Interval;
use crate::facts::ir::Expression;
use crate::id::{FileId, FunctionId};
use crate::knowledge::schema::{Arguments as Passing, Vehicle};
use crate::knowledge::types::Spawn;
use crate::text::Span;
use std::rc::Rc;
use std::sync::Arc;

/// What is known of a hand-over before its target runs.
pub struct Offer {
    /// The qualified name of what is called.
    pub construct: Arc<str>,
    /// What runs the work.
    pub vehicle: Vehicle,
    /// How many tasks the call hands over.
    pub tasks: Interval,
    /// See [`Handover::offload`].
    pub offload: bool,
    /// See [`Handover::workers`].
    pub workers: Option<f64>,
    /// See [`Handover::lone_worker`].
    pub lone_worker: bool,
    /// See [`Handover::daemon`].
    pub daemon: bool,
    /// See [`Handover::isolated`].
    pub isolated: bool,
}

impl<'p> Machine<'p> {
    /// Runs a target aside and notes the hand-over; gives what the target returns.
    pub(super) fn hand_over(
        &mut self,
        frame: &mut Frame<'p>,
        offer: Offer,
        target: &Value,
        arguments: Arguments,
        place: Span,
    ) -> Value {
        let (target, arguments) = &self.target_of(frame, target, arguments, place);
        let known = resolves(target);
        let wrapper = !known && self.is_parameter_like(frame, place);
        let saved = std::mem::take(&mut frame.tally);
        let (is_async, scale, loops, endless, pending, branches) =
            (frame.is_async, frame.scale, frame.loops, frame.endless, frame.pending.len(), frame.branches);
        frame.is_async = false;
        frame.scale = 1.0;
        frame.loops = 0;
        frame.branches = 0;
        frame.endless = false;
        let site = CallSite { id: crate::id::ExpressionId(u32::MAX), place, method: None, receiver: None };
        let outer_loop = self.on_loop.replace(false);
        let outer_tasks = (self.starting.take(), std::mem::take(&mut self.fanned));
        let result = self.call(frame, target, arguments.clone(), &site);
        self.on_loop = outer_loop;
        (self.starting, self.fanned) = outer_tasks;
        let task_endless = frame.endless;
        frame.is_async = is_async;
        frame.scale = scale;
        frame.loops = loops;
        frame.branches = branches;
        frame.endless = endless;
        frame.pending.truncate(pending);
        let task = std::mem::replace(&mut frame.tally, saved);
        let is_told =
            known && !task_endless && task.recursions.is_empty() && task.cost.unknown <= task.cost.total().likely;
        self.took = is_told.then(|| task.cost.total());
        // Python: executor.submit(self._finish, node), where that submits what comes next: a task after the other, none in
        // the other. What gets less each time is one problem, taken apart.
        let mut parts = task.recursions.clone();
        parts.retain(|(index, _)| {
            self.stack.get(*index).and_then(|it| it.shapes.last()).is_some_and(super::recursion::Shape::gets_less)
        });
        let recursions = Tally { recursions: parts, ..Tally::default() };
        let recurses: Vec<(FileId, FunctionId)> = task
            .recursions
            .iter()
            .filter_map(|(index, _)| self.stack.get(*index).and_then(|a| Some((a.node.0, a.node.1?))))
            .collect();
        frame.tally.add(&recursions, 1.0);
        if matches!(offer.vehicle, Vehicle::Thread | Vehicle::Green) {
            let seconds = task.cost.cpu().likely + task.cost.unknown + task.aside;
            frame.tally.aside += seconds * offer.tasks.likely;
        }
        let recursive = frame.function.is_some_and(|function| recurses.contains(&(frame.file, function)));
        let wrapper = wrapper || (known && is_unknown(&task.cost) && self.calls_parameter(frame, target));
        let bound_to = frame.assigning.and_then(|e| frame.spans.expressions.get(e.index())).copied();
        let handover = Handover {
            file: frame.file,
            span: place,
            function: frame.function,
            construct: offer.construct,
            vehicle: offer.vehicle,
            target: self.callable_name(target),
            target_at: target_function(target),
            known,
            wrapper,
            tasks: offer.tasks,
            cost: task.cost,
            trail: task.trail,
            aside: task.aside,
            endless: task_endless,
            offload: offer.offload,
            repeated: frame.loops > 0,
            repeated_outside: frame.scale > 1.5,
            times: frame.scale,
            recurses,
            recursive,
            workers: offer.workers,
            bound_to,
            in_coroutine: frame.is_async,
            fanned: self.fanned,
            lone_worker: offer.lone_worker,
            daemon: offer.daemon,
            isolated: offer.isolated,
            from_test: false,
        };
        self.note(frame.file, frame.function, Event::Handover(handover));
        result
    }

    /// A library's spawning call.
    pub(super) fn spawn(
        &mut self,
        frame: &mut Frame<'p>,
        name: &str,
        spawn: &Spawn,
        receiver: Option<&Rc<Value>>,
        arguments: &Arguments,
        site: &CallSite<'_>,
    ) -> Option<Value> {
        let target = selected(&spawn.target, receiver, arguments)?;
        let executor = spawn.executor.as_ref().and_then(|s| selected(s, receiver, arguments));
        let pool = executor.clone().or_else(|| receiver.map(|r| (**r).clone()));
        let vehicle = match (&executor, spawn.vehicle) {
            (Some(Value::None), _) | (None, None) if spawn.executor.is_some() => Vehicle::Thread,
            (Some(executor), given) => match self.vehicle_of(executor) {
                Some(vehicle) => vehicle,
                None => match given {
                    Some(vehicle) if !executor.is_unknown() => vehicle,
                    _ => return Some(Value::Unknown),
                },
            },
            (None, Some(vehicle)) => vehicle,
            (None, None) => self.vehicle_of(pool.as_ref()?)?,
        };
        if matches!(target, Value::Coroutine(_) | Value::None | Value::Future(_)) {
            return None;
        }
        let (passed, tasks) = self.passed(frame, spawn, receiver, arguments);
        let workers = spawn
            .workers
            .as_ref()
            .and_then(|s| selected(s, receiver, arguments))
            .and_then(|v| v.constant())
            .or_else(|| pool.as_ref().and_then(|p| field(p, "workers")).and_then(|v| v.constant()));
        let isolated = pool.as_ref().is_some_and(|p| {
            ["maxtasksperchild", "max_tasks_per_child", "timeout", "max_tasks"]
                .iter()
                .any(|key| field(p, key).is_some_and(|v| !matches!(v, Value::None)))
        }) || ["timeout", "maxtasksperchild"].iter().any(|k| {
            spawn.arguments != Passing::Each
                && spawn.arguments != Passing::Star
                && spawn.deferred
                && arguments.keyword(k).is_some()
        });
        let daemon = arguments.keyword("daemon").is_some_and(|v| v.truth() == Some(true));
        let offer = Offer {
            construct: Arc::from(name),
            vehicle,
            tasks,
            offload: spawn.offload,
            workers,
            lone_worker: spawn.deferred,
            daemon,
            isolated,
        };
        if vehicle == Vehicle::EventLoop {
            return Some(self.run_on_loop(frame, &target, passed, site));
        }
        Some(self.hand_over(frame, offer, &target, passed, site.place))
    }

    /// A callback that the event loop will run: it stalls the loop like a coroutine does. What a function of the project
    /// does there is noted in it; what a library does, where the callback is registered.
    fn run_on_loop(&mut self, frame: &mut Frame<'p>, target: &Value, passed: Arguments, site: &CallSite<'_>) -> Value {
        let saved = std::mem::take(&mut frame.tally);
        let (is_async, pending) = (frame.is_async, frame.pending.len());
        frame.is_async = true;
        let inner = CallSite { id: crate::id::ExpressionId(u32::MAX), place: site.place, method: None, receiver: None };
        let outer_loop = self.on_loop.replace(true);
        let place = is_of_project(target).then_some((frame.file, site.place));
        let outer_callback = std::mem::replace(&mut self.registered, place);
        let result = self.call(frame, target, passed, &inner);
        let is_noted = std::mem::replace(&mut self.registered, outer_callback).is_none() && place.is_some();
        self.on_loop = outer_loop;
        frame.is_async = is_async;
        frame.tally = saved;
        if is_noted {
            frame.pending.truncate(pending);
        } else if !is_async {
            let stalls = frame.pending.split_off(pending.min(frame.pending.len()));
            let kept = std::mem::replace(&mut frame.pending, stalls);
            let was = std::mem::replace(&mut frame.is_async, true);
            self.emit_stalls(frame);
            frame.is_async = was;
            frame.pending = kept;
        }
        result
    }

    /// What runs the work of a pool or of an instance of one of its subclasses.
    pub(super) fn vehicle_of(&mut self, pool: &Value) -> Option<Vehicle> {
        match pool {
            Value::Object(reference) => {
                let kind = reference.0.borrow().kind.clone();
                match kind {
                    Kind::Library(name) => self.known.ancestry(&name).iter().find_map(|c| c.vehicle),
                    Kind::Instance { class, .. } => {
                        let order = self.order(&class);
                        order.iter().find_map(|a| match a {
                            Ancestor::Library(name) => self.known.ancestry(name).iter().find_map(|c| c.vehicle),
                            _ => None,
                        })
                    }
                    Kind::List | Kind::Set | Kind::Dict => None,
                }
            }
            Value::Union(parts) => {
                let parts = parts.clone();
                let mut found = None;
                for part in parts.iter().filter(|p| !matches!(p, Value::None)) {
                    let vehicle = self.vehicle_of(part)?;
                    if found.is_some_and(|f| f != vehicle) {
                        return None;
                    }
                    found = Some(vehicle);
                }
                found
            }
            _ => None,
        }
    }

    /// The arguments that a target gets, and how many tasks there are.
    fn passed(
        &mut self,
        frame: &mut Frame<'p>,
        spawn: &Spawn,
        receiver: Option<&Rc<Value>>,
        arguments: &Arguments,
    ) -> (Arguments, Interval) {
        let from = spawn.from.as_ref().and_then(|s| selected(s, receiver, arguments));
        let mut passed = Arguments::default();
        let mut tasks = Interval::ONE;
        match spawn.arguments {
            Passing::None => {}
            Passing::Receiver => passed.positional.extend(receiver.map(|it| (**it).clone())),
            Passing::Rest => {
                let start = match &spawn.target {
                    crate::knowledge::types::Selector::Argument { position: Some(p), .. } => p + 1,
                    _ => 0,
                };
                passed.positional = arguments.positional.get(start..).unwrap_or_default().to_vec();
                passed.keywords = arguments.keywords.clone();
                passed.open = arguments.open;
                passed.open_keywords = arguments.open_keywords;
            }
            Passing::Tuple => {
                if let Some(tuple) = &from {
                    match self.known_elements(tuple) {
                        Some(all) => passed.positional = all,
                        None => {
                            passed.positional = vec![self.element(tuple)];
                            passed.open = true;
                        }
                    }
                }
            }
            Passing::Each => {
                if let Some(first) = &from {
                    tasks = self.length(first);
                    self.consume(frame, first);
                    passed.positional.push(self.element(first));
                    // Further iterables stand behind the first.
                    if let Some(crate::knowledge::types::Selector::Argument { position: Some(p), .. }) = &spawn.from {
                        let further: Vec<Value> = arguments.positional.get(p + 1..).unwrap_or_default().to_vec();
                        for other in further {
                            if !matches!(other, Value::Int(_) | Value::None | Value::Float(_)) {
                                passed.positional.push(self.element(&other));
                            }
                        }
                    }
                }
            }
            Passing::Star => {
                if let Some(first) = &from {
                    tasks = self.length(first);
                    self.consume(frame, first);
                    let item = self.element(first);
                    match self.known_elements(&item) {
                        Some(all) => passed.positional = all,
                        None => {
                            passed.positional = vec![self.element(&item)];
                            passed.open = true;
                        }
                    }
                }
            }
        }
        if let Some(Value::Object(keywords)) = spawn.keywords.as_ref().and_then(|s| selected(s, receiver, arguments)) {
            let fields = keywords.0.borrow().fields.clone();
            passed.keywords.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        (passed, tasks)
    }

    /// An instance of a project's subclass of `Thread` or `Process`: its `run` is the work.
    pub(super) fn subclassed_worker(
        &mut self,
        frame: &mut Frame<'p>,
        class: &Rc<ClassValue>,
        order: &[Ancestor],
        instance: &Value,
        site: &CallSite<'_>,
    ) {
        let worker = order.iter().find_map(|a| match a {
            Ancestor::Library(name) => {
                let class = *self.known.ancestry(name).iter().find(|c| c.run.is_some() && c.vehicle.is_some())?;
                Some((name.clone(), class.vehicle?, class.run.clone()?))
            }
            _ => None,
        });
        let Some((library, vehicle, run)) = worker else { return };
        let Some(closure) = self.method(class, &run) else { return };
        let daemon = field(instance, "daemon").is_some_and(|v| v.truth() == Some(true));
        let offer = Offer {
            construct: library,
            vehicle,
            tasks: Interval::ONE,
            offload: false,
            workers: None,
            lone_worker: true,
            daemon,
            isolated: false,
        };
        let target = Value::Method(Rc::new(instance.clone()), closure);
        self.hand_over(frame, offer, &target, Arguments::default(), site.place);
    }

    /// True if the hand-over's target comes from the enclosing function's parameters.
    fn is_parameter_like(&self, frame: &Frame<'p>, place: Span) -> bool {
        let Some(function) = frame.function.and_then(|f| frame.facts.functions.get(f.index())) else { return false };
        let parameters: Vec<_> = function.parameters.iter().map(|p| p.name).collect();
        let mut scopes = vec![parameters];
        let mut parent = function.parent;
        while let Some(outer) = parent.and_then(|p| frame.facts.functions.get(p.index())) {
            scopes.push(outer.parameters.iter().map(|p| p.name).collect());
            parent = outer.parent;
        }
        frame.facts.expressions.iter().zip(&frame.spans.expressions).any(|(expression, span)| {
            place.start <= span.start
                && span.end <= place.end
                && matches!(expression, Expression::Name(name) if scopes.iter().any(|s| s.contains(name)))
        })
    }

    /// True if a target is defined where it is handed over, and calls what that function was given.
    ///
    /// ```python
    /// def run_parallel(function, items):
    ///     def call(item):
    ///         results.append(function(item))
    ///     threads = [Thread(target=call, args=(item,)) for item in items]
    /// ```
    fn calls_parameter(&self, frame: &Frame<'p>, target: &Value) -> bool {
        let (Some(outer), Some((file, function))) = (frame.function, target_function(target)) else { return false };
        if file != frame.file {
            return false;
        }
        let functions = &frame.facts.functions;
        let is_inner = functions.get(function.index()).is_some_and(|f| f.parent == Some(outer));
        let (Some(definition), Some(range)) =
            (functions.get(outer.index()), frame.spans.functions.get(function.index()))
        else {
            return false;
        };
        is_inner
            && frame.facts.expressions.iter().zip(&frame.spans.expressions).any(|(expression, span)| {
                let Expression::Call { callee, .. } = expression else { return false };
                range.start <= span.start
                    && span.end <= range.end
                    && matches!(
                        frame.facts.expressions.get(callee.index()),
                        Some(Expression::Name(name)) if definition.parameters.iter().any(|p| p.name == *name)
                    )
            })
    }

    /// A callable's name as users write it.
    pub(super) fn callable_name(&self, callable: &Value) -> Arc<str> {
        match callable {
            Value::Function(closure) | Value::Method(_, closure) => self.function_name(closure.file, closure.function),
            Value::Class(class) => Arc::from(super::class::named(self, class)),
            Value::Library(name) | Value::LibraryMethod(_, name) => {
                let name = name.strip_prefix("builtins.").unwrap_or(name);
                Arc::from(name.strip_suffix(".__call__").unwrap_or(name))
            }
            Value::Partial(partial) => self.callable_name(&partial.callable),
            Value::Union(parts) => {
                parts.iter().find(|p| !p.is_unknown()).map_or_else(|| Arc::from("?"), |p| self.callable_name(p))
            }
            Value::Object(_) => match super::class::instance_class(callable) {
                Some(class) => Arc::from(format!("{}.__call__", super::class::named(self, &class))),
                None => Arc::from("?"),
            },
            _ => Arc::from("?"),
        }
    }
}

/// A pool's remembered argument.
pub fn field(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Object(reference) => reference.0.borrow().fields.get(name).cloned(),
        _ => None,
    }
}

/// True if a target is known well enough to speak of its cost.
fn resolves(target: &Value) -> bool {
    match target {
        Value::Function(_) | Value::Method(..) | Value::Class(_) | Value::Library(_) | Value::LibraryMethod(..) => true,
        Value::Partial(partial) => resolves(&partial.callable),
        Value::Object(_) => true,
        Value::Union(parts) => parts.iter().all(|p| matches!(p, Value::None) || resolves(p)),
        _ => false,
    }
}

/// True if nearly all of a task is what could not be resolved.
fn is_unknown(cost: &crate::cost::Cost) -> bool {
    cost.unknown >= super::price::UNKNOWN_FUNCTION && cost.unknown > cost.total().likely
}

fn target_function(target: &Value) -> Option<(FileId, FunctionId)> {
    match target {
        Value::Function(closure) | Value::Method(_, closure) => Some((closure.file, closure.function)),
        Value::Partial(partial) => target_function(&partial.callable),
        _ => None,
    }
}

/// True for a function of the project, also with some arguments given.
fn is_of_project(target: &Value) -> bool {
    match target {
        Value::Function(_) | Value::Method(..) => true,
        Value::Partial(partial) => is_of_project(&partial.callable),
        _ => false,
    }
}
