//! The abstract machine: runs functions on abstract values and adds up what they cost.
//!
//! Each function runs with what is known of its arguments, so constants, types and callables
//! are followed through calls. A loop's body runs once, and its cost is multiplied by the
//! trip count; both branches of an undecided `if` run, each for its share. Results are
//! remembered by function and arguments, but only those that depend on nothing else: not on
//! how deep the call stood, on a recursion that is still open, or on a budget that ran out. So
//! a verdict does not depend on what was analysed before it.

use super::class::Ancestor;
use super::evidence::{Step, Trail};
use super::heap;
use super::known::Known;
use super::price;
use super::report::Event;
use super::value::{
    Arguments, ClassValue, Closure, Coroutine, Digest, Environment, Kind, Lazy, Object, Reference, Value,
};
use crate::config::Target;
use crate::cost::{Cost, Interval};
use crate::facts::ir::{BindingValue, Facts, Function, ParameterKind, Spans};
use crate::id::{ClassId, ExpressionId, FileId, FunctionId, NameId, StatementId};
use crate::knowledge::Knowledge;
use crate::project::{Entity, Project};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// How deep calls are followed.
const DEEPEST: usize = 40;
/// How many expressions one root may take.
const BUDGET: u64 = 30_000;
/// How many expressions the root itself may take: only what grows like a power of two gets there.
const MOST_STEPS: u64 = 5_000_000;
/// Each time that the roots of a file have taken so many, the budget of those that follow is halved.
const PLENTY: u64 = 2_000_000;
/// How many stalls of one coroutine are noted.
const MOST_STALLS: usize = 2_000;
/// How many events of one file's roots are noted, remembered ones each time.
const MOST_EVENTS: usize = 100_000;
/// How many expressions a module-level value or a class's attributes may take.
const SIDE_BUDGET: u64 = 4_000;
/// How often a recursion that counts a small number down is followed instead of estimated.
const MOST_UNROLLED: usize = 4;
/// How many such side questions may nest.
/// How many changes of fields are noted while a loop runs.
const MOST_STATES: usize = 256;
const MOST_NESTED: usize = 12;

/// The machine and what it remembers.
pub struct Machine<'p> {
    /// All files.
    pub project: &'p Project,
    /// What libraries cost.
    pub knowledge: &'p Knowledge,
    /// The same, remembered.
    pub(super) known: Known<'p>,
    /// The interpreter that the code will run on.
    pub target: Target,
    /// Findings' raw material, in order of discovery.
    pub events: Vec<Rc<Event>>,
    /// Resolved calls, for the call graph.
    pub edges: Option<FxHashSet<(Node, Node)>>,
    /// What each expression stood for, where somebody asks.
    pub(super) trace: Option<super::trace::Trace>,
    pub(super) stack: Vec<Activation>,
    pub(super) base: usize,
    pub(super) nested: usize,
    pub(super) steps: u64,
    pub(super) budget: u64,
    pub(super) serial: u64,
    pub(super) lowest: usize,
    pub(super) oldest_change: u64,
    /// How long the task takes that was just handed over, where that is known.
    pub(super) took: Option<Interval>,
    /// What answers told of objects, by serial number: `if not queue.empty():`.
    pub(super) told: Vec<(u64, String, bool)>,
    /// What runs, runs on an event loop; nothing where that can't be told.
    pub(super) on_loop: Option<bool>,
    /// How many more turns than `scale` says the loops have that a coroutine gives way in: each turn is a task of its
    /// own there, but what it fills grows with all of them.
    pub(super) growth: f64,
    /// The arguments of a call that starts tasks are worked out, in a place that has this scale: a coroutine that is called
    /// more often there runs several times at once.
    pub(super) starting: Option<f64>,
    /// What runs is one of several coroutines that run at once.
    pub(super) fanned: bool,
    /// Fields that were set while a loop ran, with what they were before, as far as conditions may ask for it.
    pub(super) states: Vec<(Reference, Rc<str>, Value)>,
    /// How many loops are open in which states are noted.
    pub(super) watching: u32,
    /// What `with` has entered that decides where joblib's work runs, innermost last.
    pub(super) backends: Vec<Value>,
    /// The function that is called next is a callback of an event loop, registered there.
    pub(super) registered: Option<(FileId, Span)>,
    memo: FxHashMap<MemoKey, Rc<Outcome>>,
    answers: FxHashMap<Question, Answer>,
    /// What names stand for at module level.
    pub(super) names: FxHashMap<(FileId, NameId), Named>,
    provisional: FxHashMap<Question, (Answer, usize)>,
    asked: Vec<(Question, usize)>,
    pub(super) suspending: FxHashMap<(FileId, u32), bool>,
    /// By function: see [`Machine::walks_parts`].
    pub(super) walks: FxHashMap<(FileId, FunctionId), bool>,
    /// See [`Machine::is_opened`].
    pub(super) opened_names: FxHashMap<(FileId, ExpressionId), bool>,
    /// By loop: see [`Machine::work_list`].
    pub(super) work_lists: FxHashMap<(FileId, u32), Rc<[ExpressionId]>>,
    /// What the running root puts into queues and files.
    pub(super) passed: super::passed::Passed,
    pub(super) stores: FxHashMap<(FileId, FunctionId), Rc<super::memo::Stores>>,
    pub(super) members: FxHashMap<(FileId, ClassId), FxHashMap<&'p str, super::class::Own>>,
    /// What classes whose order is settled give for names, those of their bases included.
    pub(super) inherited: FxHashMap<(FileId, ClassId), FxHashMap<Box<str>, Option<super::class::Inherited>>>,
    /// Names that are bound at module level.
    pub(super) bound_outside: FxHashMap<(FileId, NameId), bool>,
    /// See [`Machine::function_name`].
    function_names: RefCell<FxHashMap<(FileId, FunctionId), Arc<str>>>,
    /// See [`Machine::library`].
    libraries: FxHashMap<Box<str>, Value>,
    /// See [`Machine::kept_in_shared`]: by class, whether it is a key, name, and who asks.
    pub(super) keepers: FxHashMap<(Arc<str>, bool, Box<str>, FileId), super::shared::Keepers>,
    /// See [`Machine::passed_by_framework`].
    pub(super) passed_as: FxHashMap<(FileId, NameId), Option<&'static str>>,
    /// How many expressions the roots of each file took.
    taken: FxHashMap<FileId, u64>,
    /// The first function of each file that was followed less far because of that, or not to its end.
    pub cut: BTreeMap<FileId, Option<FunctionId>>,
    /// Last, so that what is taken apart is used by nobody.
    _heap: heap::Guard,
}

/// What does not depend on who asks, and so is answered once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// The value of a module-level binding.
    Global(FileId, u32),
    /// The value of a binding in a class's body.
    ClassBinding(FileId, ClassId, u32),
    /// What methods of a class store on `self`.
    Fields(FileId, ClassId),
    /// A class and its bases, in lookup order.
    Order(FileId, ClassId),
    /// What a statement keeps where all code of the program finds it.
    Kept(FileId, StatementId),
}

/// See [`Question`].
#[derive(Debug, Clone)]
pub enum Answer {
    /// To [`Question::Global`], [`Question::ClassBinding`] and [`Question::Kept`].
    Value(Value),
    /// To [`Question::Fields`].
    Fields(Rc<BTreeMap<Rc<str>, Value>>),
    /// To [`Question::Order`].
    Order(Rc<[super::class::Ancestor]>),
}

/// What a name stands for at module level.
#[derive(Debug, Clone)]
pub enum Named {
    /// The same value each time.
    Fixed(Value),
    /// What these come to.
    Bound(Rc<[Entity]>),
}

/// What is remembered: a function's run or the making of an instance, and the number of its arguments.
pub type MemoKey = (FileId, Remembered, u64);

/// See [`MemoKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remembered {
    /// A function's run.
    Function(FunctionId),
    /// The making of an instance.
    Class(ClassId),
}

/// A function of the project, or a module's body.
pub type Node = (FileId, Option<FunctionId>);

/// A function that is running.
#[derive(Debug)]
pub struct Activation {
    /// What runs.
    pub node: Node,
    /// With what.
    pub arguments: Rc<[Value]>,
    /// How its recursive calls differ from it.
    pub shapes: Vec<super::recursion::Shape>,
}

/// What running a function gave.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What it returns.
    pub result: Value,
    /// What one call costs.
    pub cost: Cost,
    /// What that rests on.
    pub trail: Trail,
    /// See [`Tally::aside`].
    pub aside: f64,
    /// What it yields and how often, for a generator.
    pub yields: Option<(Value, Interval)>,
    /// It gives way to the event loop at some point.
    pub suspends: bool,
    /// It never ends by itself.
    pub endless: bool,
    /// Calls of functions further down the stack: their place, and how many.
    pub recursions: Vec<(usize, f64)>,
    events: Vec<Rc<Event>>,
    steps: u64,
}

/// What is added up while statements run.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Seconds.
    pub cost: Cost,
    /// What they rest on.
    pub trail: Trail,
    /// What awaited coroutines cost: theirs to answer for, but part of the whole.
    pub awaited: Cost,
    /// Seconds that threads started meanwhile compute beside it: see [`Handover::aside`](super::report::Handover::aside).
    pub aside: f64,
    /// How many values were yielded.
    pub yields: Interval,
    /// Calls of functions that are still running: place on the stack, and how many.
    pub recursions: Vec<(usize, f64)>,
}

impl Tally {
    /// Adds what ran for `share` of the time.
    pub fn add(&mut self, other: &Tally, share: f64) {
        self.add_but_recursions(other, share);
        for &(place, count) in &other.recursions {
            self.recurse(place, count);
        }
    }

    /// The same, where the recursive calls are counted otherwise.
    pub fn add_but_recursions(&mut self, other: &Tally, share: f64) {
        self.cost = self.cost.plus(other.cost.times(Interval::exact(share)));
        self.awaited = self.awaited.plus(other.awaited.times(Interval::exact(share)));
        self.aside += other.aside * share;
        self.trail.extend(&other.trail, share, None);
        self.yields = self.yields.plus(other.yields.scaled(share));
    }

    /// Adds what ran so many times.
    pub fn repeat(&mut self, other: &Tally, trips: Interval) {
        self.cost = self.cost.plus(other.cost.times(trips));
        self.awaited = self.awaited.plus(other.awaited.times(trips));
        self.aside += other.aside * trips.likely;
        self.trail.extend(&other.trail, trips.likely, None);
        self.yields = self.yields.plus(other.yields.times(trips));
        for &(place, count) in &other.recursions {
            self.recurse(place, count * trips.likely.max(1.0));
        }
    }

    /// Notes `count` calls of the function at `place` on the stack.
    pub fn recurse(&mut self, place: usize, count: f64) {
        match self.recursions.iter_mut().find(|(p, _)| *p == place) {
            Some((_, n)) => *n += count,
            None => self.recursions.push((place, count)),
        }
    }

    /// Keeps the larger number of recursive calls of two branches instead of their sum.
    pub fn either(&mut self, one: &Tally, other: &Tally) {
        let mut places: Vec<usize> = one.recursions.iter().chain(&other.recursions).map(|(p, _)| *p).collect();
        places.sort_unstable();
        places.dedup();
        let count = |tally: &Tally, place| tally.recursions.iter().find(|(p, _)| *p == place).map_or(0.0, |(_, n)| *n);
        for place in places {
            self.recurse(place, count(one, place).max(count(other, place)));
        }
    }

    /// Adds plain bytecode.
    pub fn tick(&mut self, seconds: f64) {
        self.cost.bytecode = self.cost.bytecode.plus(Interval::guess(seconds, price::DOUBT));
    }
}

/// A function's run.
pub struct Frame<'p> {
    /// Its file.
    pub file: FileId,
    /// The file's facts.
    pub facts: &'p Facts,
    /// Their places.
    pub spans: &'p Spans,
    /// The function; none for a module's body.
    pub function: Option<FunctionId>,
    /// The class it was found on.
    pub owner: Option<Rc<ClassValue>>,
    /// Its variables.
    pub environment: Rc<Environment>,
    /// What it has cost.
    pub tally: Tally,
    /// What it returns.
    pub result: Option<Value>,
    /// What it yields.
    pub yielded: Option<Value>,
    /// A coroutine, or a callback of an event loop: what blocks here blocks the loop.
    pub is_async: bool,
    /// Where the callback was registered.
    pub registered: Option<(FileId, Span)>,
    /// It has given way to the event loop.
    pub suspended: bool,
    /// A loop in it never ends.
    pub endless: bool,
    /// Stretches of time in which the event loop stands still.
    pub pending: Vec<PendingStall>,
    /// How deep in undecided branches.
    pub branches: u32,
    /// Behind a condition under which a loop goes on with the next item.
    pub skipping: bool,
    /// How often this point runs, from the root.
    pub scale: f64,
    /// How many times fewer turns the loops around may take than it is presumed: 1 where all are known.
    pub doubt: f64,
    /// How many loops deep within this function, comprehensions included.
    pub loops: u32,
    /// Nested functions that nobody has called yet.
    pub nested: Vec<Rc<Closure>>,
    /// The value of the first parameter, for `super()`.
    pub receiver: Option<Value>,
    /// The expression at hand, for special methods, which have no call of their own.
    pub at: Span,
    /// A call in the statement at hand surely raised.
    pub raised: bool,
    /// The running loop was asked for and there was one.
    pub found_loop: bool,
    /// See [`super::passed::keep`]: by serial number.
    pub kept: Vec<(u64, Value)>,
    /// A loop in a loop went over a list in which there is nothing yet.
    pub met_empty: bool,
    /// Names that count the turns of the loops around, where a number says how far. See [`Machine::counted_end`].
    pub counters: Vec<NameId>,
    /// Names of statements' targets while their value is evaluated: what a spawned object is called.
    pub assigning: Option<ExpressionId>,
    /// The call whose result is awaited.
    pub awaiting: Option<ExpressionId>,
}

/// A stretch in which an event loop stands still, and what is to blame.
#[derive(Debug, Clone)]
pub struct PendingStall {
    /// The call or the loop.
    pub span: Span,
    /// What is called; empty for a loop.
    pub callee: Arc<str>,
    /// How long.
    pub cost: Cost,
    /// Why.
    pub trail: Trail,
    /// It stands under a condition that is not decided.
    pub conditional: bool,
}

impl<'p> Machine<'p> {
    /// A machine that remembers nothing yet.
    pub fn new(project: &'p Project, knowledge: &'p Knowledge, target: Target) -> Machine<'p> {
        Machine {
            project,
            knowledge,
            known: Known::new(knowledge),
            target,
            events: Vec::new(),
            edges: None,
            trace: None,
            stack: Vec::new(),
            base: 0,
            nested: 0,
            steps: 0,
            budget: BUDGET,
            serial: 0,
            lowest: usize::MAX,
            oldest_change: u64::MAX,
            took: None,
            told: Vec::new(),
            on_loop: None,
            growth: 1.0,
            starting: None,
            fanned: false,
            backends: Vec::new(),
            states: Vec::new(),
            watching: 0,
            registered: None,
            memo: FxHashMap::default(),
            answers: FxHashMap::default(),
            names: FxHashMap::default(),
            provisional: FxHashMap::default(),
            asked: Vec::new(),
            suspending: FxHashMap::default(),
            walks: FxHashMap::default(),
            opened_names: FxHashMap::default(),
            work_lists: FxHashMap::default(),
            passed: super::passed::Passed::default(),
            stores: FxHashMap::default(),
            members: FxHashMap::default(),
            inherited: FxHashMap::default(),
            bound_outside: FxHashMap::default(),
            function_names: RefCell::default(),
            libraries: FxHashMap::default(),
            keepers: FxHashMap::default(),
            passed_as: FxHashMap::default(),
            taken: FxHashMap::default(),
            cut: BTreeMap::new(),
            _heap: heap::Guard::new(),
        }
    }

    /// Runs a module's body.
    pub fn run_module(&mut self, file: FileId) -> Outcome {
        self.twice(|machine| machine.run_module_once(file))
    }

    /// Runs a root, and once more where what it takes from queues is put there later.
    fn twice<T>(&mut self, mut run: impl FnMut(&mut Self) -> T) -> T {
        self.passed.clear();
        let mark = self.events.len();
        let first = run(self);
        if !self.passed.again() {
            return first;
        }
        self.events.truncate(mark);
        run(self)
    }

    fn run_module_once(&mut self, file: FileId) -> Outcome {
        self.fresh(file, None);
        let mut frame = self.module_frame(file);
        self.stack.push(Activation { node: (file, None), arguments: Rc::from([]), shapes: Vec::new() });
        let body = &frame.facts.body;
        self.block(&mut frame, body);
        self.finish_nested(&mut frame);
        self.stack.pop();
        self.took(file, None);
        self.outcome(frame, 0)
    }

    /// Runs a function or method as if nothing were known of its caller.
    pub fn run_root(&mut self, file: FileId, function: FunctionId) -> Option<Outcome> {
        self.twice(|machine| machine.run_root_once(file, function))
    }

    fn run_root_once(&mut self, file: FileId, function: FunctionId) -> Option<Outcome> {
        self.fresh(file, Some(function));
        let facts = &self.project.parsed(file).facts;
        let definition = facts.functions.get(function.index())?;
        let owner = definition.class.map(|class| Rc::new(ClassValue { file, class, environment: None }));
        let receiver = owner.as_ref().map(|class| self.generic_instance(class));
        let closure = Rc::new(Closure { file, function, environment: None, owner, context: false, compiled: None });
        let bound = self.presumed_arguments(&closure, definition, receiver);
        if let Some(class) = &closure.owner
            && self.is_called_by_loop(class, definition)
        {
            let header = self.project.parsed(file).spans.class_names.get(class.class.index()).copied();
            self.on_loop = Some(true);
            self.registered = header.map(|header| (file, header));
        }
        let outcome = self.run(&closure, bound);
        self.registered = None;
        self.took(file, Some(function));
        Some(outcome)
    }

    /// True for a method that a library's event loop calls itself.
    ///
    /// ```python
    /// class Echo(asyncio.Protocol):
    ///     def data_received(self, data): …
    /// ```
    fn is_called_by_loop(&mut self, class: &Rc<ClassValue>, definition: &Function) -> bool {
        let name = self.name(class.file, definition.name);
        if definition.is_async || !Knowledge::may_be_on_loop(name) {
            return false;
        }
        let order = self.order(class);
        order.iter().any(|ancestor| match ancestor {
            Ancestor::Library(library) => {
                self.known.ancestry(library).iter().any(|it| it.on_loop.iter().any(|method| method == name))
            }
            _ => false,
        })
    }

    /// Notes what a root took. In a file whose roots take very much, the later ones are followed less far.
    fn took(&mut self, file: FileId, root: Option<FunctionId>) {
        *self.taken.entry(file).or_default() += self.steps;
        if self.steps >= MOST_STEPS {
            self.cut.entry(file).or_insert(root);
        }
    }

    /// Notes what was seen in a frame, unless the roots of this file gave more than anybody reads.
    pub(super) fn note(&mut self, file: FileId, function: Option<FunctionId>, event: Event) {
        if self.events.len() >= MOST_EVENTS {
            self.cut.entry(file).or_insert(function);
            return;
        }
        self.events.push(Rc::new(event));
    }

    fn fresh(&mut self, file: FileId, root: Option<FunctionId>) {
        let halvings = (self.taken.get(&file).copied().unwrap_or(0) / PLENTY).min(8);
        if halvings > 0 {
            self.cut.entry(file).or_insert(root);
        }
        self.stack.clear();
        self.base = 0;
        self.steps = 0;
        self.budget = BUDGET >> halvings;
        self.lowest = usize::MAX;
        self.oldest_change = u64::MAX;
        self.provisional.clear();
        self.on_loop = None;
        self.growth = 1.0;
        self.starting = None;
        self.fanned = false;
        self.registered = None;
    }

    /// What a caller of unknown intent passes: instances as annotated, defaults, unknowns.
    pub(super) fn presumed_arguments(
        &mut self,
        closure: &Closure,
        definition: &Function,
        receiver: Option<Value>,
    ) -> Vec<Value> {
        let is_static = self.is_static(closure.file, definition);
        let mut bound = Vec::with_capacity(definition.parameters.len());
        for (index, parameter) in definition.parameters.iter().enumerate() {
            let value = match (&receiver, index) {
                (Some(receiver), 0) if !is_static => {
                    if self.is_class_method(closure.file, definition) {
                        closure.owner.clone().map_or(Value::Unknown, Value::Class)
                    } else {
                        receiver.clone()
                    }
                }
                _ => self.presumed_parameter(closure, parameter),
            };
            bound.push(value);
        }
        bound
    }

    fn presumed_parameter(&mut self, closure: &Closure, parameter: &crate::facts::ir::Parameter) -> Value {
        match parameter.kind {
            ParameterKind::Star => return self.list(Value::Unknown, price::few(), None),
            ParameterKind::DoubleStar => {
                return self.dict(Value::text(price::name_length()), Value::Unknown, price::few());
            }
            ParameterKind::PositionalOnly | ParameterKind::Plain | ParameterKind::KeywordOnly => {}
        }
        let mut value = match parameter.annotation {
            Some(annotation) => self.annotated(closure.file, closure.environment.as_ref(), annotation),
            None if parameter.default.is_none() => self.passed_by_framework(closure.file, parameter.name),
            None => Value::Unknown,
        };
        if let Some(default) = parameter.default {
            let mut frame = self.module_frame(closure.file);
            if let Some(environment) = &closure.environment {
                frame.environment = environment.clone();
            }
            let usual = self.evaluate(&mut frame, default);
            value = match (&value, &usual) {
                // A default is what is usually passed, but not always.
                (_, Value::Int(Some(n))) => Value::Int(Some(price::usual(*n))),
                (_, Value::Float(Some(n))) => Value::Float(Some(price::usual(*n))),
                (Value::Unknown, Value::Bool(_)) => Value::Bool(None),
                (Value::Unknown, Value::Text(_, n)) => Value::text(price::usual(*n)),
                (Value::Unknown, Value::Function(_) | Value::Library(_) | Value::Class(_)) => {
                    usual.join(&Value::Unknown)
                }
                _ => value,
            };
        }
        value
    }

    /// A frame for expressions at module level.
    pub(super) fn module_frame(&mut self, file: FileId) -> Frame<'p> {
        let parsed = self.project.parsed(file);
        Frame {
            file,
            facts: &parsed.facts,
            spans: &parsed.spans,
            function: None,
            owner: None,
            environment: Rc::new(Environment {
                file,
                function: None,
                variables: RefCell::default(),
                parent: None,
                noted: Cell::new(false),
            }),
            tally: Tally::default(),
            result: None,
            yielded: None,
            is_async: false,
            registered: None,
            suspended: false,
            endless: false,
            pending: Vec::new(),
            branches: 0,
            skipping: false,
            scale: 1.0,
            doubt: 1.0,
            loops: 0,
            nested: Vec::new(),
            receiver: None,
            at: Span::default(),
            raised: false,
            found_loop: false,
            met_empty: false,
            counters: Vec::new(),
            kept: Vec::new(),
            assigning: None,
            awaiting: None,
        }
    }

    /// Runs a function whose parameters are bound, or remembers how it went.
    pub(super) fn run(&mut self, closure: &Rc<Closure>, bound: Vec<Value>) -> Outcome {
        self.run_scaled(closure, bound, 1.0)
    }

    /// See [`Machine::run`]; `scale` is how often the call runs, from the root.
    pub(super) fn run_scaled(&mut self, closure: &Rc<Closure>, bound: Vec<Value>, scale: f64) -> Outcome {
        let registered = self.registered.take();
        let mut digest = Digest::default();
        Value::Function(closure.clone()).digest(&mut digest);
        let place = registered.map_or(0, |(file, span)| 1 + (u64::from(file.0) << 32 | u64::from(span.start)));
        digest.number(place);
        for value in &bound {
            digest.argument(value);
        }
        digest.number(frequency(scale));
        digest.number(frequency(self.growth));
        digest.number(self.on_loop.map_or(2, u64::from));
        digest.number(u64::from(self.fanned) | self.starting.map_or(0, |outer| 2 + 2 * u64::from(scale > outer * 1.5)));
        digest.number(self.passed.version);
        let key = digest.finish().map(|digest| (closure.file, Remembered::Function(closure.function), digest));
        self.remembered(key, |machine, place| machine.run_body(closure, bound, place, (scale, registered)))
    }

    /// What a computation gave when it last ran for the same key, or what it gives now. It is remembered
    /// if it depends on nothing but the key and changed nothing but what it made itself.
    pub(super) fn remembered(
        &mut self,
        key: Option<MemoKey>,
        compute: impl FnOnce(&mut Self, usize) -> Outcome,
    ) -> Outcome {
        // What is told of an object holds for this call alone.
        let key = key.filter(|_| self.told.is_empty());
        // It counts as if it ran again, so that the budget does not depend on what ran before.
        if let Some(known) = key.and_then(|key| self.memo.get(&key))
            && self.steps + known.steps < self.budget
        {
            let known = known.clone();
            self.steps += known.steps;
            self.events.extend(known.events.iter().cloned());
            let mut outcome = (*known).clone();
            outcome.result = outcome.result.copied(false);
            if let Some((item, count)) = &outcome.yields {
                outcome.yields = Some((item.copied(false), *count));
            }
            return outcome;
        }
        let place = self.stack.len();
        let (outer_lowest, outer_change) = (self.lowest, self.oldest_change);
        self.lowest = usize::MAX;
        self.oldest_change = u64::MAX;
        let first_serial = self.serial;
        let first_step = self.steps;
        let mark = self.events.len();

        let told = self.told.clone();
        let outcome = compute(self, place);
        // What the call asked for itself is forgotten, and what it took is gone.
        let left = std::mem::take(&mut self.told);
        self.told = told.into_iter().filter(|it| left.contains(it)).collect();

        let settled = self.lowest >= place && self.steps < self.budget;
        // What was made before the call has lower numbers than what it made itself.
        let pure = self.oldest_change > first_serial;
        // Python: def on(self, name): def register(function): self.handlers[name] = function, …: what comes back changes
        // what was given.
        let holds = outcome.result.holds_older(first_serial);
        if let (Some(key), true, true, false) = (key, settled, pure, holds) {
            let mut kept = outcome.clone();
            kept.result = kept.result.copied(true);
            if let Some((item, count)) = &kept.yields {
                kept.yields = Some((item.copied(true), *count));
            }
            kept.events = self.events.get(mark..).unwrap_or_default().to_vec();
            kept.steps = self.steps - first_step;
            self.memo.insert(key, Rc::new(kept));
        }
        let inner_lowest = if self.lowest >= place { usize::MAX } else { self.lowest };
        self.lowest = outer_lowest.min(inner_lowest);
        self.oldest_change = outer_change.min(self.oldest_change);
        outcome
    }

    fn run_body(
        &mut self,
        closure: &Rc<Closure>,
        bound: Vec<Value>,
        place: usize,
        (scale, registered): (f64, Option<(FileId, Span)>),
    ) -> Outcome {
        let parsed = self.project.parsed(closure.file);
        let Some(definition) = parsed.facts.functions.get(closure.function.index()) else { return Outcome::unknown() };
        let mut variables = FxHashMap::default();
        let receiver = bound.first().cloned();
        for (parameter, value) in definition.parameters.iter().zip(&bound) {
            variables.insert(parameter.name, value.clone());
        }
        let environment = Rc::new(Environment {
            file: closure.file,
            function: Some(closure.function),
            variables: RefCell::new(variables.into()),
            parent: closure.environment.clone(),
            noted: Cell::new(false),
        });
        let mut frame = Frame {
            file: closure.file,
            facts: &parsed.facts,
            spans: &parsed.spans,
            function: Some(closure.function),
            owner: closure.owner.clone(),
            environment,
            tally: Tally::default(),
            result: None,
            yielded: None,
            is_async: definition.is_async || registered.is_some(),
            registered,
            suspended: false,
            endless: false,
            pending: Vec::new(),
            branches: 0,
            skipping: false,
            scale,
            doubt: 1.0,
            loops: 0,
            nested: Vec::new(),
            receiver,
            at: Span::default(),
            raised: false,
            found_loop: false,
            met_empty: false,
            counters: Vec::new(),
            kept: Vec::new(),
            assigning: None,
            awaiting: None,
        };
        self.stack.push(Activation {
            node: (closure.file, Some(closure.function)),
            arguments: bound.into(),
            shapes: Vec::new(),
        });
        let mark = self.events.len();
        let outer_loop = self.on_loop;
        if definition.is_async {
            self.on_loop = Some(true);
        }
        frame.tally.tick(price::CALL);
        let flow = self.block(&mut frame, &definition.body);
        if flow.falls > 0.01 && !definition.is_generator {
            let end = Value::None;
            frame.result = Some(frame.result.as_ref().map_or(end.clone(), |r| r.join(&end)));
        }
        self.on_loop = outer_loop;
        self.finish_nested(&mut frame);
        let activation = self.stack.pop();
        if let Some(activation) = activation {
            self.unroll(&mut frame, &activation, place);
        }
        if let Some(compiled) = closure.compiled {
            frame.tally = price::compiled(&frame.tally, compiled);
        }
        frame.tally.cost = frame.tally.cost.plus(std::mem::take(&mut frame.tally.awaited));
        self.settle_handovers(mark, (closure.file, closure.function), &frame);
        self.emit_stalls(&mut frame);
        self.outcome(frame, place)
    }

    /// Tasks that call the function that handed them over cost what it costs.
    ///
    /// ```python
    /// def sort(items):
    ///     left = Thread(target=sort, args=(items[:middle],))
    /// ```
    fn settle_handovers(&mut self, mark: usize, node: (FileId, FunctionId), frame: &Frame<'p>) {
        for event in self.events.iter_mut().skip(mark) {
            if let Event::Handover(handover) = &**event
                && handover.recurses.contains(&node)
            {
                let mut settled = handover.clone();
                settled.recurses.retain(|n| *n != node);
                settled.cost = settled.cost.plus(frame.tally.cost);
                settled.trail.extend(&frame.tally.trail, 1.0, None);
                *event = Rc::new(Event::Handover(settled));
            }
        }
    }

    /// Runs nested coroutines and handlers that the function only defines.
    fn finish_nested(&mut self, frame: &mut Frame<'p>) {
        let nested = std::mem::take(&mut frame.nested);
        for closure in nested {
            let parsed = self.project.parsed(closure.file);
            let Some(definition) = parsed.facts.functions.get(closure.function.index()) else { continue };
            if self.stack.iter().any(|a| a.node == (closure.file, Some(closure.function)))
                || self.stack.len() >= self.base + DEEPEST
                || self.steps >= self.budget
            {
                continue;
            }
            // Who will call it, and where, is not known.
            let outer_loop = self.on_loop.take();
            let bound = self.presumed_arguments(&closure, definition, None);
            self.run(&closure, bound);
            self.on_loop = outer_loop;
        }
    }

    fn outcome(&mut self, frame: Frame<'p>, place: usize) -> Outcome {
        // Recursion into functions further down the stack is theirs to unroll.
        for &(index, _) in &frame.tally.recursions {
            if index < place {
                self.lowest = self.lowest.min(index);
            }
        }
        Outcome {
            result: frame.result.unwrap_or(Value::None),
            cost: frame.tally.cost,
            trail: frame.tally.trail,
            aside: frame.tally.aside,
            yields: frame.yielded.map(|item| (item, frame.tally.yields)),
            suspends: frame.suspended,
            endless: frame.endless,
            recursions: frame.tally.recursions,
            events: Vec::new(),
            steps: 0,
        }
    }

    /// True if the budget is spent and what runs is not the root itself, which runs to its end if that comes at all.
    pub(super) fn is_spent(&self) -> bool {
        self.steps >= self.budget && (self.stack.len() > self.base + 1 || self.steps >= MOST_STEPS)
    }

    /// True if a question was answered for good.
    pub(super) fn is_settled(&self, question: &Question) -> bool {
        self.answers.contains_key(question)
    }

    /// True if calls can be followed no deeper.
    pub(super) fn exhausted(&mut self) -> bool {
        if self.steps >= self.budget {
            return true;
        }
        if self.stack.len() >= self.base + DEEPEST {
            self.lowest = 0;
            return true;
        }
        false
    }

    /// Calls a function of the project with evaluated arguments, charges the caller, and gives what
    /// the call expression gives: a result, an iterator, a coroutine.
    pub(super) fn call_function(
        &mut self,
        frame: &mut Frame<'p>,
        closure: &Rc<Closure>,
        receiver: Option<Value>,
        arguments: &Arguments,
        place: Span,
    ) -> Value {
        let parsed = self.project.parsed(closure.file);
        let Some(definition) = parsed.facts.functions.get(closure.function.index()) else { return Value::Unknown };
        let callee = self.function_name(closure.file, closure.function);
        if self.knowledge.has_user_names() {
            let path = self.dotted_name(closure.file, closure.function);
            if self.knowledge.is_users(&path) {
                let site = super::expressions::CallSite {
                    id: crate::id::ExpressionId(u32::MAX),
                    place,
                    method: None,
                    receiver: None,
                };
                let name: Arc<str> = Arc::from(path);
                return self.call_library(frame, &name, receiver.map(Rc::new).as_ref(), arguments.clone(), &site);
            }
        }
        let registered = self.registered.take();
        frame.nested.retain(|c| !(c.file == closure.file && c.function == closure.function));
        let node = (closure.file, Some(closure.function));
        self.edge(frame, node);
        let bound = self.bind(closure, definition, receiver, arguments);

        let running: Vec<usize> = (self.base..self.stack.len())
            .rev()
            .filter(|&i| self.stack.get(i).is_some_and(|a| a.node == node))
            .collect();
        if let Some(&index) = running.first()
            && !(running.len() < MOST_UNROLLED && self.counts_down(index, &bound))
        {
            return self.recursive_call(frame, index, &bound, definition);
        }
        if self.exhausted() {
            frame.tally.cost.unknown += price::UNKNOWN_FUNCTION;
            return Value::Unknown;
        }
        let step = Step { file: frame.file, span: place, callee: callee.clone(), next: None };
        let mark = self.stack.len();
        self.registered = registered;
        let outer_tasks = (self.starting, self.fanned);
        if definition.is_async
            && let Some(outer) = self.starting.take()
        {
            self.fanned = frame.scale > outer * 1.5;
        }
        let outcome = self.run_scaled(closure, bound, frame.scale);
        (self.starting, self.fanned) = outer_tasks;
        debug_assert_eq!(mark, self.stack.len());
        let mut outcome = self.kept(parsed, definition, arguments, outcome);
        if let (Value::Unknown, Some(declared)) = (&outcome.result, definition.returns) {
            // What the body does not tell, the annotation does.
            outcome.result = self.annotated(closure.file, closure.environment.as_ref(), declared);
        }
        self.deliver(frame, definition, outcome, closure, place, step)
    }

    fn deliver(
        &mut self,
        frame: &mut Frame<'p>,
        definition: &Function,
        outcome: Outcome,
        closure: &Closure,
        place: Span,
        step: Step,
    ) -> Value {
        if definition.is_generator || closure.context {
            let (item, count) = outcome.yields.clone().unwrap_or((Value::Unknown, Interval::ZERO));
            let times = count.likely.max(1.0);
            let mut trail = Trail::default();
            trail.extend(&outcome.trail, 1.0 / times, Some(&step));
            let step_cost = outcome.cost.per(count);
            let lazy = Lazy {
                item,
                count,
                guessed: !count.is_exact(),
                step: step_cost,
                trail,
                is_async: definition.is_async,
                context: closure.context,
            };
            return Value::Iterator(Rc::new(lazy));
        }
        if definition.is_async {
            frame.tally.tick(price::CALL);
            let coroutine = Coroutine { result: outcome.result, cost: outcome.cost, suspends: outcome.suspends };
            return Value::Coroutine(Rc::new(coroutine));
        }
        frame.endless |= outcome.endless;
        for &(index, count) in &outcome.recursions {
            frame.tally.recurse(index, count);
        }
        frame.tally.aside += outcome.aside;
        self.charge(frame, &outcome.cost, &outcome.trail, place, &step);
        outcome.result
    }

    /// Adds what a call costs, and notes that a coroutine stands still meanwhile.
    pub(super) fn charge(&mut self, frame: &mut Frame<'p>, cost: &Cost, trail: &Trail, place: Span, step: &Step) {
        frame.tally.cost = frame.tally.cost.plus(*cost);
        frame.tally.trail.extend(trail, 1.0, Some(step));
        if frame.is_async
            && (cost.total().high > price::STALL_FLOOR
                || cost.wait.high > 0.0
                || trail.operations.iter().any(|o| o.wait.is_some()))
        {
            if frame.pending.len() >= MOST_STALLS {
                self.cut.entry(frame.file).or_insert(frame.function);
                return;
            }
            let mut here = Trail::default();
            here.extend(trail, 1.0, Some(step));
            frame.pending.push(PendingStall {
                span: place,
                callee: step.callee.clone(),
                cost: *cost,
                trail: here,
                conditional: frame.branches > 0,
            });
        }
    }

    /// Parameters' values for a call's arguments, in the order of the parameters.
    pub(super) fn bind(
        &mut self,
        closure: &Closure,
        definition: &Function,
        receiver: Option<Value>,
        arguments: &Arguments,
    ) -> Vec<Value> {
        let mut positional = receiver.into_iter().chain(arguments.positional.iter().cloned());
        let mut used: Vec<&str> = Vec::new();
        let facts = &self.project.parsed(closure.file).facts;
        let mut bound: Vec<Option<Value>> = Vec::with_capacity(definition.parameters.len());
        for parameter in &definition.parameters {
            let name = facts.names.get(parameter.name.index()).map_or("", |n| n);
            let value = match parameter.kind {
                ParameterKind::Star => {
                    let rest: Vec<Value> = positional.by_ref().collect();
                    if arguments.open {
                        let item =
                            rest.iter().fold(None, |all: Option<Value>, v| Some(all.map_or(v.clone(), |a| a.join(v))));
                        Some(self.list(item.unwrap_or(Value::Unknown), price::few(), None))
                    } else {
                        Some(Value::Tuple(rest.into()))
                    }
                }
                ParameterKind::DoubleStar => {
                    let rest: Vec<(Rc<str>, Value)> =
                        arguments.keywords.iter().filter(|(n, _)| !used.contains(&&**n)).cloned().collect();
                    let named: Vec<&str> = definition
                        .parameters
                        .iter()
                        .filter_map(|p| facts.names.get(p.name.index()))
                        .map(|n| &**n)
                        .collect();
                    let rest: BTreeMap<Rc<str>, Value> =
                        rest.into_iter().filter(|(n, _)| !named.contains(&&**n)).collect();
                    let dict = self.dict(
                        Value::text(price::name_length()),
                        Value::Unknown,
                        Interval::exact(rest.len() as f64),
                    );
                    if let Value::Object(reference) = &dict {
                        let mut object = reference.0.borrow_mut();
                        object.fields = rest.into();
                        object.item = if arguments.open_keywords { Value::Unknown } else { Value::None };
                    }
                    Some(dict)
                }
                ParameterKind::PositionalOnly => positional.next(),
                ParameterKind::Plain => match positional.next() {
                    Some(value) => Some(value),
                    None => {
                        used.push(name);
                        arguments.keyword(name).cloned()
                    }
                },
                ParameterKind::KeywordOnly => {
                    used.push(name);
                    arguments.keyword(name).cloned()
                }
            };
            bound.push(value);
        }
        let missing_known = !arguments.open && !arguments.open_keywords;
        let mut values = Vec::with_capacity(bound.len());
        for (parameter, value) in definition.parameters.iter().zip(bound) {
            let mut value = match value {
                Some(value) => value,
                None => match parameter.default {
                    Some(default) if missing_known => {
                        let mut frame = self.module_frame(closure.file);
                        if let Some(environment) = &closure.environment {
                            frame.environment = environment.clone();
                        }
                        self.evaluate(&mut frame, default)
                    }
                    Some(_) | None => Value::Unknown,
                },
            };
            // An annotation tells what an unknown argument is.
            if let (true, Some(annotation)) = (value.is_unknown(), parameter.annotation) {
                value = self.annotated(closure.file, closure.environment.as_ref(), annotation);
            }
            values.push(value);
        }
        values
    }

    /// The value of a name at module level.
    pub(super) fn global(&mut self, file: FileId, name: &str) -> Option<Value> {
        let entities = self.project.global(file, name);
        self.entities(&entities)
    }

    /// What several definitions of one name may be.
    pub(super) fn entities(&mut self, entities: &[Entity]) -> Option<Value> {
        let mut all: Option<Value> = None;
        for entity in entities {
            let value = match entity {
                Entity::Module(file) => Value::Module(*file),
                Entity::Namespace(name) => Value::Namespace(name.clone()),
                Entity::Library(name) => self.library(name),
                Entity::Binding(file, index) => self.binding(*file, *index),
                Entity::Unknown => Value::Unknown,
            };
            all = Some(match all {
                None => value,
                Some(before) => super::value::union(&[before, value]),
            });
        }
        all
    }

    /// A library's name, canonical; constants whose type is known give that.
    pub(super) fn library(&mut self, name: &str) -> Value {
        if let Some(known) = self.libraries.get(name) {
            return known.clone();
        }
        let canonical: Arc<str> = Arc::from(&*self.knowledge.canonical(name));
        if let Some((module, member)) = canonical.rsplit_once('.')
            && let Some(kind) = self.known.attribute(module, member)
            && self.known.calls(&canonical).is_empty()
        {
            // It may be made anew each time, so that two users do not share what they change.
            return self.typed(&kind, None, None);
        }
        let value = Value::Library(canonical);
        self.libraries.insert(Box::from(name), value.clone());
        value
    }

    /// The function or class that a module-level binding defines, unless decorators make something else of it.
    pub(super) fn plain_definition(&self, file: FileId, index: u32) -> Option<Value> {
        let facts = &self.project.parsed(file).facts;
        match &facts.bindings.get(index as usize)?.value {
            BindingValue::Function(function)
                if facts.functions.get(function.index()).is_some_and(|f| f.decorators.is_empty()) =>
            {
                Some(Value::Function(Rc::new(Closure {
                    file,
                    function: *function,
                    environment: None,
                    owner: None,
                    context: false,
                    compiled: None,
                })))
            }
            BindingValue::Class(class) if facts.classes.get(class.index()).is_some_and(|c| c.decorators.is_empty()) => {
                Some(Value::Class(Rc::new(ClassValue { file, class: *class, environment: None })))
            }
            _ => None,
        }
    }

    /// The value of a module-level binding, evaluated once.
    pub(super) fn binding(&mut self, file: FileId, index: u32) -> Value {
        let facts: &'p Facts = &self.project.parsed(file).facts;
        let Some(binding) = facts.bindings.get(index as usize) else { return Value::Unknown };
        if let Some(definition) = self.plain_definition(file, index) {
            return definition;
        }
        let answer = self.ask(Question::Global(file, index), |machine| {
            let mut frame = machine.module_frame(file);
            let value = machine.bound_value(&mut frame, &binding.value);
            let value = machine.configured(&mut frame, binding.name, index, value);
            let value = machine.filled(file, binding.name, value, false);
            let value = machine.with_options(&mut frame, binding.name, value);
            Answer::Value(value.copied(true))
        });
        match answer {
            Some(Answer::Value(value)) => value,
            _ => Value::Unknown,
        }
    }

    /// The answer to a question, computed once; nothing if it is being computed or nested too deep.
    ///
    /// In a ring of questions the first one asked gets an answer for good. Those of the others rest on its
    /// being unknown, so they count only until it is answered.
    pub(super) fn ask(&mut self, question: Question, compute: impl FnOnce(&mut Self) -> Answer) -> Option<Answer> {
        if let Some(known) = self.answers.get(&question) {
            return Some(known.clone());
        }
        if let Some((known, place)) = self.provisional.get(&question) {
            self.lowest = self.lowest.min(*place);
            return Some(known.clone());
        }
        if let Some((_, place)) = self.asked.iter().find(|(q, _)| *q == question) {
            self.lowest = self.lowest.min(*place);
            return None;
        }
        if self.nested >= MOST_NESTED {
            self.lowest = 0;
            return None;
        }
        let place = self.stack.len();
        // Each question has a place of its own, so that it shows which one an answer rests on.
        self.stack.push(Activation { node: (FileId::new(0), None), arguments: Rc::from([]), shapes: Vec::new() });
        self.asked.push((question, place));
        let told = std::mem::take(&mut self.told);
        let (answer, lowest) = self.aside(compute);
        self.told = told;
        self.asked.pop();
        self.stack.pop();
        if lowest >= place {
            self.provisional.retain(|_, (_, rests_on)| *rests_on < place);
            self.answers.insert(question, answer.clone());
        } else {
            self.provisional.insert(question, (answer.clone(), lowest));
        }
        Some(answer)
    }

    /// Computes with a budget and a depth of its own; also tells the lowest place on the stack that it rests on.
    fn aside<T>(&mut self, compute: impl FnOnce(&mut Self) -> T) -> (T, usize) {
        let place = self.stack.len();
        let (base, steps, budget) = (self.base, self.steps, self.budget);
        let (outer_lowest, change) = (self.lowest, self.oldest_change);
        let mark = self.events.len();
        self.base = place;
        self.steps = 0;
        self.nested += 1;
        self.budget = SIDE_BUDGET;
        self.lowest = usize::MAX;
        let outer_loop = self.on_loop.take();
        let outer_callback = self.registered.take();
        let outer_growth = std::mem::replace(&mut self.growth, 1.0);
        let outer_tasks = (self.starting.take(), std::mem::take(&mut self.fanned));
        let answer = compute(self);
        let lowest = self.lowest;
        self.on_loop = outer_loop;
        self.registered = outer_callback;
        self.growth = outer_growth;
        (self.starting, self.fanned) = outer_tasks;
        self.events.truncate(mark);
        self.nested -= 1;
        self.base = base;
        self.steps = steps;
        self.budget = budget;
        self.lowest = if lowest >= place.saturating_sub(1) { outer_lowest } else { outer_lowest.min(lowest) };
        self.oldest_change = change;
        (answer, lowest)
    }

    /// The value that a binding gives its name.
    pub(super) fn bound_value(&mut self, frame: &mut Frame<'p>, binding: &BindingValue) -> Value {
        match binding {
            BindingValue::Assigned(value) => self.evaluate(frame, *value),
            BindingValue::Unpacked(value, path) => {
                let mut value = self.evaluate(frame, *value);
                for &index in path.iter() {
                    value = self.unpacked(&value, index as usize, None);
                }
                value
            }
            BindingValue::Annotated(annotation) => self.annotated(frame.file, None, *annotation),
            BindingValue::Augmented(value) => match self.evaluate(frame, *value) {
                Value::Int(_) => Value::Int(None),
                Value::Float(_) => Value::Float(None),
                other => other,
            },
            BindingValue::Iterated(iterable) => {
                let iterable = self.evaluate(frame, *iterable);
                self.element(&iterable)
            }
            BindingValue::Entered(context) => {
                let context = self.evaluate(frame, *context);
                self.entered(frame, &context, false)
            }
            BindingValue::Function(function) => self.define_function(frame, *function),
            BindingValue::Class(class) => self.define_class(frame, *class),
            BindingValue::Import { .. } | BindingValue::ImportFrom { .. } | BindingValue::ImportStar { .. } => {
                self.imported(frame.file, binding)
            }
            BindingValue::Other => Value::Unknown,
        }
    }

    /// What an import statement binds, inside a function.
    pub(super) fn imported(&mut self, file: FileId, binding: &BindingValue) -> Value {
        let facts = &self.project.parsed(file).facts;
        let name = |id: &NameId| facts.names.get(id.index()).map_or("", |n| n);
        match binding {
            BindingValue::Import { module, aliased } => {
                let dotted = name(module);
                let dotted = if *aliased { dotted } else { dotted.split('.').next().unwrap_or(dotted) };
                let entity = self.project.import(file, dotted, 0);
                self.entities(&[entity]).unwrap_or(Value::Unknown)
            }
            BindingValue::ImportFrom { module, level, member } => {
                let entity = self.project.import(file, name(module), *level);
                let members = self.project.member(&entity, name(member));
                self.entities(&members).unwrap_or(Value::Unknown)
            }
            _ => Value::Unknown,
        }
    }

    /// A new list.
    pub(super) fn list(&mut self, item: Value, length: Interval, elements: Option<Vec<Value>>) -> Value {
        self.object(Kind::List, item, Value::Unknown, length, elements)
    }

    /// A new dict.
    pub(super) fn dict(&mut self, key: Value, item: Value, length: Interval) -> Value {
        self.object(Kind::Dict, item, key, length, None)
    }

    /// A new set.
    pub(super) fn set(&mut self, item: Value, length: Interval) -> Value {
        self.object(Kind::Set, item, Value::Unknown, length, None)
    }

    /// A new instance of a library class.
    pub(super) fn library_object(&mut self, class: &str, length: Interval) -> Value {
        self.object(Kind::Library(Arc::from(class)), Value::Unknown, Value::Unknown, length, None)
    }

    /// A new object.
    pub(super) fn object(
        &mut self,
        kind: Kind,
        item: Value,
        key: Value,
        length: Interval,
        elements: Option<Vec<Value>>,
    ) -> Value {
        self.serial += 1;
        Value::Object(heap::object(Object {
            kind,
            length,
            guessed: !length.is_exact(),
            item,
            key,
            elements,
            fields: Default::default(),
            weight: 1.0,
            doubt: 1.0,
            serial: self.serial,
            frozen: false,
            noted: false,
            digested: Default::default(),
        }))
    }

    /// Changes an object, unless it is part of a cached value.
    pub(super) fn change(&mut self, reference: &Reference, change: impl FnOnce(&mut Object)) {
        // Changed beside and put back, since an object may be among its own elements.
        let mut object = reference.0.borrow().clone();
        if object.frozen {
            return;
        }
        self.oldest_change = self.oldest_change.min(object.serial);
        heap::note_object(reference, &mut object);
        change(&mut object);
        *reference.0.borrow_mut() = object;
    }

    /// Changes one field of an object, unless it is part of a cached value.
    pub(super) fn change_field(
        &mut self,
        reference: &Reference,
        key: Rc<str>,
        next: impl FnOnce(Option<&Value>) -> Value,
    ) {
        let (before, serial) = {
            let object = reference.0.borrow();
            if object.frozen {
                return;
            }
            (object.fields.get(&key).cloned(), object.serial)
        };
        self.oldest_change = self.oldest_change.min(serial);
        let value = next(before.as_ref());
        if self.watching > 0
            && let Some(before) = &before
            && before.is_state()
            && self.states.len() < MOST_STATES
        {
            self.states.push((reference.clone(), key.clone(), before.clone()));
        }
        let mut object = reference.0.borrow_mut();
        heap::note_object(reference, &mut object);
        object.fields.insert(key, value);
    }

    /// Notes a resolved call for the call graph.
    pub(super) fn edge(&mut self, frame: &Frame<'p>, callee: Node) {
        if let Some(edges) = &mut self.edges {
            edges.insert(((frame.file, frame.function), callee));
        }
    }

    /// The text of a name.
    pub(super) fn name(&self, file: FileId, name: NameId) -> &'p str {
        self.project.parsed(file).facts.names.get(name.index()).map_or("", |n| n)
    }

    /// A function's dotted path: `module.Class.method`.
    fn dotted_name(&self, file: FileId, function: FunctionId) -> String {
        format!("{}.{}", self.project.module_name(file), self.function_name(file, function))
    }

    /// A function's name as users write it: `Class.method` or `function`.
    pub(super) fn function_name(&self, file: FileId, function: FunctionId) -> Arc<str> {
        if let Some(known) = self.function_names.borrow().get(&(file, function)) {
            return known.clone();
        }
        let facts = &self.project.parsed(file).facts;
        let Some(definition) = facts.functions.get(function.index()) else { return Arc::from("?") };
        let name = self.name(file, definition.name);
        let whole: Arc<str> = match definition.class.and_then(|class| facts.classes.get(class.index())) {
            Some(class) => Arc::from(format!("{}.{name}", self.name(file, class.name))),
            None => Arc::from(name),
        };
        self.function_names.borrow_mut().insert((file, function), whole.clone());
        whole
    }
}

/// How often a call runs, as far as its cost depends on it: once, some times, many times.
pub fn frequency(scale: f64) -> u64 {
    u64::from(scale > 1.5) + u64::from(scale >= price::OFTEN)
}

impl Outcome {
    /// A result and what it cost.
    pub fn of(result: Value, tally: Tally) -> Outcome {
        Outcome {
            result,
            cost: tally.cost,
            trail: tally.trail,
            aside: tally.aside,
            yields: None,
            suspends: false,
            endless: false,
            recursions: Vec::new(),
            events: Vec::new(),
            steps: 0,
        }
    }

    /// Nothing is known.
    pub fn unknown() -> Outcome {
        let cost = Cost { unknown: price::UNKNOWN_FUNCTION, ..Cost::ZERO };
        Outcome::of(Value::Unknown, Tally { cost, ..Tally::default() })
    }
}
