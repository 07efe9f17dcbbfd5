//! Costs over the call graph: what each piece of work that is handed over does with its time, and
//! where an event loop stands still.
//!
//! [`machine`] runs functions on abstract values; [`analyse`] chooses what to run: the module bodies,
//! functions and methods that can matter ([`relevance`]), wave by wave.

pub mod evidence;
pub mod value;
pub mod heap;
pub mod price;
pub mod report;
pub mod recursion;
pub mod known;
pub mod machine;
pub mod statements;
pub mod expressions;
pub mod class;
pub mod library;
pub mod intrinsics;
pub mod spawn;
pub mod intent;
pub mod memo;
mod configured;
mod matching;
mod options;
mod passed;
mod registry;
mod shared;
pub mod relevance;
pub mod reuse;
pub mod trace;

use crate::config::Target;
use crate::cost::Cost;
use crate::id::{FileId, FunctionId};
use crate::knowledge::Knowledge;
use crate::project::Project;
use evidence::Trail;
use machine::{Machine, Node, Outcome};
use rayon::prelude::*;
use relevance::{Recipe, Roots, Words};
use report::Event;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// How much stack one analysing thread has: the machine recurses with the calls that it follows.
const STACK: usize = 512 << 20;
/// How often callers of newly found wrappers are looked for.
const MOST_WAVES: usize = 4;

/// How many files share what one machine remembers.
const FILES_A_MACHINE: usize = 24;

/// What the analysis found.
#[derive(Debug, Default)]
pub struct Report {
    /// Everything that was seen, in a stable order.
    pub events: Vec<Event>,
    /// The files whose functions were run as roots.
    pub roots: Vec<FileId>,
    /// Files with so much to follow that it was cut short, and the first function (or the module's body) that
    /// was followed less far.
    pub cut: BTreeMap<FileId, Option<FunctionId>>,
    /// By what the files were chosen, wave by wave.
    pub words: Vec<Recipe>,
    /// What was run, in this order.
    pub waves: Vec<Wave>,
}

/// Roots that ran together, and by what names others hand work over through them.
#[derive(Debug, Clone, PartialEq)]
pub struct Wave {
    roots: Vec<(FileId, Roots)>,
    names: Vec<String>,
}

/// Which functions were run, and why.
struct Chosen {
    /// See [`Report::roots`].
    roots: Vec<FileId>,
    /// See [`Report::words`].
    words: Vec<Recipe>,
}

/// Runs everything that can hand work over or stall an event loop.
pub fn analyse(project: &Project, knowledge: &Knowledge, target: Target, exhaustive: bool) -> Report {
    let mut report = Report::default();
    let chosen = choose(project, knowledge, exhaustive, |roots| {
        let found = run_roots(project, knowledge, target, roots);
        for (file, root) in found.cut {
            report.cut.entry(file).or_insert(root);
        }
        report.events.extend(found.events);
        report.waves.push(Wave { roots: roots.to_vec(), names: found.names.clone() });
        Some(found.names)
    });
    report.events.sort_by(order);
    if let Some(Chosen { roots, words }) = chosen {
        report.roots = roots;
        report.words = words;
    }
    report
}

/// Chooses what to run, wave by wave; `run` gives the names by which others hand work over through these roots, or
/// `None` to end it all without an answer.
fn choose(
    project: &Project,
    knowledge: &Knowledge,
    exhaustive: bool,
    mut run: impl FnMut(&[(FileId, Roots)]) -> Option<Vec<String>>,
) -> Option<Chosen> {
    let words = Words::of_knowledge(project, knowledge);
    let reported: Vec<FileId> = project.files().filter(|f| project.reported(*f)).collect();
    let chosen = |file: &FileId| {
        if exhaustive {
            return Some((*file, relevance::all(project.parsed(*file))));
        }
        let matters = words.may_matter(project, *file);
        matters.then(|| (*file, relevance::roots(project, *file, &words)))
    };
    let mut wave: Vec<(FileId, Roots)> = reported.par_iter().filter_map(chosen).collect();
    let mut done: FxHashMap<FileId, Roots> = FxHashMap::default();
    let mut wrappers: BTreeSet<String> = BTreeSet::new();
    let mut recipes = vec![words.recipe().clone()];
    for _ in 0..MOST_WAVES {
        let mut fresh = run(&wave)?;
        fresh.retain(|name| wrappers.insert(name.clone()));
        for (file, roots) in wave.drain(..) {
            done.entry(file).or_default().add(&roots);
        }
        if fresh.is_empty() || exhaustive {
            break;
        }
        let words = Words::of_names(&fresh);
        recipes.push(words.recipe().clone());
        let further = |file: &FileId| {
            let matters = words.may_matter(project, *file);
            let mut roots = matters.then(|| relevance::roots(project, *file, &words))?;
            if let Some(done) = done.get(file) {
                roots.remove(done);
            }
            (!roots.is_empty()).then_some((*file, roots))
        };
        wave = reported.par_iter().filter_map(further).collect();
        if wave.is_empty() {
            break;
        }
    }
    let mut roots: Vec<FileId> =
        done.into_iter().filter(|(_, roots)| !roots.is_empty()).map(|(file, _)| file).collect();
    roots.sort_unstable();
    Some(Chosen { roots, words: recipes })
}

/// What a function's run comes to.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Seconds of one call.
    pub cost: Cost,
    /// What they rest on.
    pub trail: Trail,
    /// It gives way to the event loop at some point.
    pub suspends: bool,
    /// It never ends by itself.
    pub endless: bool,
}

impl Summary {
    fn of(outcome: Outcome) -> Summary {
        Summary { cost: outcome.cost, trail: outcome.trail, suspends: outcome.suspends, endless: outcome.endless }
    }
}

/// The call graph of all files, and what each function costs.
pub fn graph(
    project: &Project,
    knowledge: &Knowledge,
    target: Target,
) -> (BTreeSet<(Node, Node)>, BTreeMap<Node, Summary>) {
    on_big_stack(|| {
        let mut machine = Machine::new(project, knowledge, target);
        machine.edges = Some(Default::default());
        let mut summaries = BTreeMap::new();
        for file in project.files() {
            summaries.insert((file, None), Summary::of(machine.run_module(file)));
            for function in relevance::all(project.parsed(file)).functions {
                if let Some(outcome) = machine.run_root(file, function) {
                    summaries.insert((file, Some(function)), Summary::of(outcome));
                }
            }
        }
        let edges = machine.edges.take().unwrap_or_default();
        (edges.into_iter().collect(), summaries)
    })
}

/// One function's run, or a module body's, and the events seen meanwhile.
pub fn inspect(
    project: &Project,
    knowledge: &Knowledge,
    target: Target,
    file: FileId,
    function: Option<FunctionId>,
) -> (Option<Summary>, Vec<Event>) {
    on_big_stack(|| {
        let mut machine = Machine::new(project, knowledge, target);
        let outcome = match function {
            Some(function) => machine.run_root(file, function),
            None => Some(machine.run_module(file)),
        };
        let events: Vec<Event> = machine.events.iter().map(|event| (**event).clone()).collect();
        (outcome.map(Summary::of), events)
    })
}

/// What a wave of roots gave.
#[derive(Debug, Default)]
struct Found {
    /// In the order of the files and of discovery.
    events: Vec<Event>,
    /// By what names others hand work over through these files: functions that hand over what they are given,
    /// classes whose instances are threads or processes.
    names: Vec<String>,
    /// See [`Report::cut`].
    cut: BTreeMap<FileId, Option<FunctionId>>,
}

/// Runs roots on all cores, a few files at a time with one machine: what it remembers depends on these files
/// alone, not on the number of cores nor on which of them was faster.
fn run_roots(project: &Project, knowledge: &Knowledge, target: Target, wave: &[(FileId, Roots)]) -> Found {
    let run = |chunk: &[(FileId, Roots)]| {
        let mut machine = Machine::new(project, knowledge, target);
        chunk.iter().map(|(file, roots)| run_file(&mut machine, *file, roots)).collect::<Vec<Found>>()
    };
    let found: Vec<Vec<Found>> = on_big_stack(|| wave.par_chunks(FILES_A_MACHINE).with_max_len(1).map(run).collect());
    let mut all = Found::default();
    for part in found.into_iter().flatten() {
        all.events.extend(part.events);
        all.names.extend(part.names);
        all.cut.extend(part.cut);
    }
    all
}

fn run_file(machine: &mut Machine<'_>, file: FileId, roots: &Roots) -> Found {
    let mut found = Found::default();
    if roots.body {
        machine.run_module(file);
    }
    for function in &roots.functions {
        let mark = machine.events.len();
        machine.run_root(file, *function);
        let passes_on = |event: &std::rc::Rc<Event>| matches!(&**event, Event::Handover(it) if it.wrapper);
        let mut fresh = machine.events.iter().skip(mark);
        if fresh.clone().any(passes_on) {
            found.names.extend(wrapper_name(machine.project, file, *function));
        } else if fresh.any(|event| matches!(&**event, Event::Handover(it) if is_undecided(machine.project, it))) {
            found.names.extend(class_name(machine.project, file, *function));
        }
    }
    // A remembered event comes again with each run that remembers it.
    let mut seen = FxHashSet::default();
    for event in std::mem::take(&mut machine.events) {
        if seen.insert(std::rc::Rc::as_ptr(&event) as usize) {
            found.events.push(witnessed(machine.project, file, (*event).clone()));
        }
    }
    found.names.extend(worker_classes(machine, file));
    found.cut = std::mem::take(&mut machine.cut);
    found
}

/// True for a method as a task of whose cost so little is known that only who makes its object can tell more.
fn is_undecided(project: &Project, handover: &report::Handover) -> bool {
    const VAGUE: f64 = 100.0;
    let class_of = |file: FileId, function: FunctionId| {
        project.parsed(file).facts.functions.get(function.index()).and_then(|function| function.class)
    };
    let own = handover.function.and_then(|function| class_of(handover.file, function));
    let is_own =
        handover.target_at.is_some_and(|(file, target)| file == handover.file && class_of(file, target) == own);
    let total = handover.cost.total();
    own.is_some() && is_own && (handover.cost.unknown > 0.0 || total.high > VAGUE * total.low.max(1e-6))
}

/// The name of a method's class, by which others make its object.
fn class_name(project: &Project, file: FileId, function: FunctionId) -> Option<String> {
    let facts = &project.parsed(file).facts;
    let class = facts.functions.get(function.index())?.class?;
    let name = facts.names.get(facts.classes.get(class.index())?.name.index())?;
    Some(name.to_string())
}

/// An event, and whether a test or a benchmark alone tells of it: what those hand to a package does not speak for it.
fn witnessed(project: &Project, root: FileId, mut event: Event) -> Event {
    let is_trial = |file: FileId| intent::is_trial(project.path(file));
    match &mut event {
        Event::Handover(it) => {
            let target = it.target_at.map(|(file, _)| file);
            it.from_test = !is_trial(it.file) && (is_trial(root) || target.is_some_and(is_trial));
        }
        Event::Stall(it) => it.from_test = !is_trial(it.file) && is_trial(root),
    }
    event
}

/// The name under which callers reach a wrapper: the function's, or its class's for `__init__`.
fn wrapper_name(project: &Project, file: FileId, function: FunctionId) -> Option<String> {
    let facts = &project.parsed(file).facts;
    let definition = facts.functions.get(function.index())?;
    if definition.parameters.is_empty() {
        return None;
    }
    let name = facts.names.get(definition.name.index())?;
    if &**name == "__init__" || &**name == "__call__" || &**name == "__enter__" {
        let class = facts.classes.get(definition.class?.index())?;
        return facts.names.get(class.name.index()).map(ToString::to_string);
    }
    (name.len() > 2).then(|| name.to_string())
}

/// Classes whose instances are threads or processes: who makes one, hands work over.
fn worker_classes(machine: &mut Machine<'_>, file: FileId) -> Vec<String> {
    let (project, knowledge) = (machine.project, machine.knowledge);
    let facts = &project.parsed(file).facts;
    if facts.classes.iter().all(|c| c.bases.is_empty()) {
        return Vec::new();
    }
    let mut names = Vec::new();
    for (index, class) in facts.classes.iter().enumerate() {
        if class.bases.is_empty() || class.parent.is_some() {
            continue;
        }
        let value =
            std::rc::Rc::new(value::ClassValue { file, class: crate::id::ClassId::new(index), environment: None });
        let order = machine.order(&value);
        let is_worker = order.iter().any(|a| match a {
            class::Ancestor::Library(name) => knowledge.ancestry(name).iter().any(|c| c.run.is_some()),
            _ => false,
        });
        if is_worker && let Some(name) = facts.names.get(class.name.index()) {
            names.push(name.to_string());
        }
    }
    names
}

fn order(a: &Event, b: &Event) -> std::cmp::Ordering {
    let key = |event: &Event| match event {
        Event::Handover(h) => (
            h.file,
            h.span,
            0,
            h.construct.to_string(),
            h.target.to_string(),
            h.cost.total().likely.to_bits(),
            h.tasks.likely.to_bits(),
        ),
        Event::Stall(s) => (s.file, s.span, 1, s.callee.to_string(), String::new(), s.cost.total().likely.to_bits(), 0),
    };
    key(a).cmp(&key(b))
}

/// Runs something on the pool whose threads have room for deep recursion.
pub fn on_big_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    static POOL: OnceLock<Option<rayon::ThreadPool>> = OnceLock::new();
    match POOL.get_or_init(|| rayon::ThreadPoolBuilder::new().stack_size(STACK).build().ok()) {
        Some(pool) => pool.install(work),
        None => work(),
    }
}
