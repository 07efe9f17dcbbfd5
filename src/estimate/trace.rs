//! What the machine saw each expression stand for: the types and the call graph that hazards are read off.

use super::machine::{Machine, Node};
use super::value::{Kind, Value};
use super::{on_big_stack, relevance};
use crate::config::Target;
use crate::id::{ClassId, ExpressionId, FileId, FunctionId};
use crate::knowledge::Knowledge;
use crate::project::Project;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How deep the elements of containers are told.
const DEEPEST: u32 = 3;
/// More alternatives than this say nothing.
const MOST: usize = 8;

/// What an expression was seen to stand for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seen {
    /// Nothing is known.
    Unknown,
    /// `None`, numbers, truth values, strings, bytes, ranges.
    Plain,
    /// A tuple of these.
    Tuple(Vec<Seen>),
    /// A list of these.
    List(Box<Seen>),
    /// A set of these.
    Set(Box<Seen>),
    /// A dict with these values.
    Dict(Box<Seen>),
    /// An instance of a class of the project.
    Instance(FileId, ClassId),
    /// An instance of a library class.
    LibraryObject(Arc<str>),
    /// A generator or another iterator.
    Iterator,
    /// A function of the project.
    Function(FileId, FunctionId),
    /// A bound method of the project and what it is bound to.
    Method(Box<Seen>, FileId, FunctionId),
    /// A class of the project.
    Class(FileId, ClassId),
    /// A module of the project, or a folder of modules.
    Module,
    /// A library's module, function or class.
    Library(Arc<str>),
    /// A method of a library object.
    LibraryMethod(Box<Seen>, Arc<str>),
    /// A callable with arguments bound to it.
    Partial(Box<Seen>, Vec<Seen>),
    /// A coroutine object.
    Coroutine,
    /// Something that runs elsewhere.
    Future,
    /// One of several.
    Either(BTreeSet<Seen>),
}

impl Seen {
    /// The alternatives, one if there are no several.
    pub fn alternatives(&self) -> Vec<&Seen> {
        match self {
            Seen::Either(all) => all.iter().collect(),
            other => vec![other],
        }
    }

    fn of(value: &Value, depth: u32) -> Seen {
        let Some(deeper) = depth.checked_sub(1) else { return Seen::Unknown };
        let inner = |value: &Value| Box::new(Seen::of(value, deeper));
        match value {
            Value::Unknown | Value::Super(..) | Value::Identity => Seen::Unknown,
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(..)
            | Value::Bytes(_)
            | Value::Range { .. } => Seen::Plain,
            Value::Tuple(parts) => Seen::Tuple(parts.iter().take(MOST).map(|v| Seen::of(v, deeper)).collect()),
            Value::Object(reference) => {
                let Ok(object) = reference.0.try_borrow() else { return Seen::Unknown };
                let empty = object.length.high == 0.0;
                let item = if empty { Box::new(Seen::Plain) } else { inner(&object.item) };
                match &object.kind {
                    Kind::List => Seen::List(item),
                    Kind::Set => Seen::Set(item),
                    Kind::Dict => Seen::Dict(item),
                    Kind::Instance { class, .. } => Seen::Instance(class.file, class.class),
                    Kind::Library(name) => Seen::LibraryObject(name.clone()),
                }
            }
            Value::Iterator(_) => Seen::Iterator,
            Value::Function(closure) => Seen::Function(closure.file, closure.function),
            Value::Method(receiver, closure) => Seen::Method(inner(receiver), closure.file, closure.function),
            Value::Class(class) => Seen::Class(class.file, class.class),
            Value::Module(_) | Value::Namespace(_) => Seen::Module,
            Value::Library(name) => Seen::Library(name.clone()),
            Value::LibraryMethod(receiver, name) => Seen::LibraryMethod(inner(receiver), name.clone()),
            Value::Partial(partial) => {
                let bound = partial.positional.iter().chain(partial.keywords.iter().map(|(_, value)| value));
                Seen::Partial(inner(&partial.callable), bound.map(|v| Seen::of(v, deeper)).collect())
            }
            Value::Coroutine(_) => Seen::Coroutine,
            Value::Future(_) => Seen::Future,
            Value::Union(parts) => {
                let all = parts.iter().map(|v| Seen::of(v, depth));
                all.reduce(Seen::or).unwrap_or(Seen::Unknown)
            }
        }
    }

    /// One of two.
    fn or(self, other: Seen) -> Seen {
        if self == other {
            return self;
        }
        let mut all = BTreeSet::new();
        for part in [self, other] {
            match part {
                Seen::Either(parts) => all.extend(parts),
                one => {
                    all.insert(one);
                }
            }
        }
        if all.len() > MOST { Seen::Unknown } else { Seen::Either(all) }
    }
}

/// What was seen while some files ran.
#[derive(Debug, Default)]
pub struct Trace {
    values: FxHashMap<(FileId, ExpressionId), Seen>,
    calls: BTreeMap<Node, BTreeSet<Node>>,
}

impl Trace {
    /// Runs the bodies, functions and methods of `files` and notes what is seen, also in what they call.
    pub fn of(project: &Project, knowledge: &Knowledge, target: Target, files: &[FileId]) -> Trace {
        on_big_stack(|| {
            let mut machine = Machine::new(project, knowledge, target);
            machine.edges = Some(FxHashSet::default());
            machine.trace = Some(Trace::default());
            for &file in files {
                machine.run_module(file);
                for function in relevance::all(project.parsed(file)).functions {
                    machine.run_root(file, function);
                }
                machine.events.clear();
            }
            let mut trace = machine.trace.take().unwrap_or_default();
            let mut edges: Vec<(Node, Node)> = machine.edges.take().unwrap_or_default().into_iter().collect();
            edges.sort_unstable();
            for (caller, callee) in edges {
                trace.calls.entry(caller).or_default().insert(callee);
            }
            trace
        })
    }

    /// What an expression stood for; nothing where it was never run.
    pub fn seen(&self, file: FileId, expression: ExpressionId) -> Option<&Seen> {
        self.values.get(&(file, expression))
    }

    /// The functions of the project that a function calls.
    pub fn callees(&self, node: Node) -> impl Iterator<Item = Node> {
        self.calls.get(&node).into_iter().flatten().copied()
    }

    /// What calls a function of the project.
    pub fn callers(&self, node: Node) -> impl Iterator<Item = Node> {
        self.calls.iter().filter(move |(_, callees)| callees.contains(&node)).map(|(caller, _)| *caller)
    }

    /// Notes one more value of an expression.
    pub(super) fn note(&mut self, file: FileId, expression: ExpressionId, value: &Value) {
        let seen = Seen::of(value, DEEPEST);
        match self.values.get_mut(&(file, expression)) {
            None => {
                self.values.insert((file, expression), seen);
            }
            Some(before) if *before == seen => {}
            Some(before) => {
                let joined = std::mem::replace(before, Seen::Unknown).or(seen);
                *before = joined;
            }
        }
    }
}
