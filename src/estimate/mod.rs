//! Costs over the call graph: what each piece of work that is handed over does with its time, and
//! where an event loop stands still.
//!
//! [`machine`] runs functions on abstract values; [`analyse`] chooses what to run: the module bodies,
//! functions and methods of the files that can matter, wave by wave.

pub mod evidence;
pub mod value;
pub mod price;
pub mod report;
pub mod recursion;
pub mod machine;
pub mod statements;
pub mod expressions;
pub mod class;
pub mod library;
pub mod intrinsics;
pub mod spawn;
pub mod intent;
pub mod trace;

use crate::config::Target;
use crate::cost::Cost;
use crate::id::{FileId, FunctionId};
use crate::knowledge::Knowledge;
use crate::project::Project;
use crate::project::scan::{Scanner, contains_any};
use evidence::Trail;
use machine::{Machine, Node, Outcome};
use rayon::prelude::*;
use report::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// How much stack one analysing thread has: the machine recurses with the calls that it follows.
const STACK: usize = 512 << 20;
/// How often callers of newly found wrappers are looked for.
const MOST_WAVES: usize = 4;

/// What the analysis found.
#[derive(Debug, Default)]
pub struct Report {
    /// Everything that was seen, in a stable order.
    pub events: Vec<Event>,
    /// The files whose functions were run as roots.
    pub roots: Vec<FileId>,
}

/// Runs everything that can hand work over or stall an event loop.
pub fn analyse(project: &Project, knowledge: &Knowledge, target: Target, exhaustive: bool) -> Report {
    let words = knowledge.spawn_words();
    let scanner = Scanner::new(&words);
    let mut waiting: Vec<FileId> = Vec::new();
    let mut roots: Vec<FileId> = Vec::new();
    for file in project.files().filter(|f| project.reported(*f)) {
        let markers = scanner.markers(project.text(file).as_bytes());
        if exhaustive || markers.spawns || markers.coroutine {
            roots.push(file);
        } else {
            waiting.push(file);
        }
    }
    let mut events: Vec<Event> = Vec::new();
    let mut done: Vec<FileId> = Vec::new();
    let mut wrappers: BTreeSet<String> = BTreeSet::new();
    for _ in 0..MOST_WAVES {
        if roots.is_empty() {
            break;
        }
        let found = run_files(project, knowledge, target, &roots);
        let mut fresh: BTreeSet<String> = BTreeSet::new();
        for event in &found {
            if let Event::Handover(handover) = event
                && handover.wrapper
                && let Some(name) = wrapper_name(project, handover.file, handover.function)
                && wrappers.insert(name.clone())
            {
                fresh.insert(name);
            }
        }
        for file in &roots {
            for name in worker_classes(project, knowledge, target, *file) {
                if wrappers.insert(name.clone()) {
                    fresh.insert(name);
                }
            }
        }
        events.extend(found);
        done.append(&mut roots);
        if fresh.is_empty() {
            break;
        }
        let names: Vec<String> = fresh.into_iter().collect();
        let (callers, rest): (Vec<FileId>, Vec<FileId>) =
            waiting.into_iter().partition(|f| contains_any(project.text(*f).as_bytes(), &names));
        roots = callers;
        waiting = rest;
    }
    events.sort_by(order);
    done.sort_unstable();
    Report { events, roots: done }
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
            for function in root_functions(project, file) {
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

fn run_files(project: &Project, knowledge: &Knowledge, target: Target, files: &[FileId]) -> Vec<Event> {
    let per_chunk = files.len().div_ceil(rayon::current_num_threads() * 8).max(1);
    on_big_stack(|| {
        files
            .par_chunks(per_chunk)
            .map(|chunk| {
                let mut machine = Machine::new(project, knowledge, target);
                let mut found: Vec<Event> = Vec::new();
                for &file in chunk {
                    machine.run_module(file);
                    for function in root_functions(project, file) {
                        machine.run_root(file, function);
                    }
                    collect(&mut machine, &mut found);
                }
                found
            })
            .collect::<Vec<_>>()
            .into_iter()
            .flatten()
            .collect()
    })
}

/// Takes the events of one file's roots, each once.
fn collect(machine: &mut Machine<'_>, found: &mut Vec<Event>) {
    let mut seen = rustc_hash::FxHashSet::default();
    for event in std::mem::take(&mut machine.events) {
        if seen.insert(std::rc::Rc::as_ptr(&event) as usize) {
            found.push((*event).clone());
        }
    }
}

/// Functions and methods that are not nested in a function: nested ones run with what encloses them.
fn root_functions(project: &Project, file: FileId) -> Vec<FunctionId> {
    let facts = &project.parsed(file).facts;
    let class_is_root = |mut class: Option<crate::id::ClassId>| {
        while let Some(here) = class.and_then(|c| facts.classes.get(c.index())) {
            if here.parent.is_some() {
                return false;
            }
            class = here.outer;
        }
        true
    };
    facts
        .functions
        .iter()
        .enumerate()
        .filter(|(_, f)| {
            f.parent.is_none()
                && class_is_root(f.class)
                && facts.names.get(f.name.index()).is_none_or(|n| &**n != "<lambda>")
        })
        .map(|(index, _)| FunctionId::new(index))
        .collect()
}

/// The name under which callers reach a wrapper: the function's, or its class's for `__init__`.
fn wrapper_name(project: &Project, file: FileId, function: Option<FunctionId>) -> Option<String> {
    let facts = &project.parsed(file).facts;
    let mut definition = facts.functions.get(function?.index())?;
    while let Some(parent) = definition.parent {
        definition = facts.functions.get(parent.index())?;
    }
    let name = facts.names.get(definition.name.index())?;
    if &**name == "__init__" || &**name == "__call__" || &**name == "__enter__" {
        let class = facts.classes.get(definition.class?.index())?;
        return facts.names.get(class.name.index()).map(ToString::to_string);
    }
    (name.len() > 2).then(|| name.to_string())
}

/// Classes whose instances are threads or processes: who makes one, hands work over.
fn worker_classes(project: &Project, knowledge: &Knowledge, target: Target, file: FileId) -> Vec<String> {
    let facts = &project.parsed(file).facts;
    if facts.classes.iter().all(|c| c.bases.is_empty()) {
        return Vec::new();
    }
    let mut machine = Machine::new(project, knowledge, target);
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
