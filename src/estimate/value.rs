//! Abstract values: what is known of the object that an expression gives.
//!
//! Types, sizes and constants where they are known, callables with what they are bound to.
//! Lists, dicts, sets and instances are shared and mutable, as in Python.

use super::heap;
use crate::cost::Interval;
use crate::id::{ClassId, ExpressionId, FileId, FunctionId, NameId};
use rustc_hash::{FxHashMap, FxHasher};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::sync::Arc;

use super::evidence::Trail;
use crate::cost::Cost;

/// How many alternatives a value may have before it counts as unknown.
const MOST_ALTERNATIVES: usize = 6;
/// More values than this are not told from others.
const MOST_DIGESTED: u32 = 400;
/// How deep the elements of containers are copied.
const DEEPEST_COPY: u32 = 12;
/// How deep the elements of containers are joined.
const DEEPEST_JOIN: u32 = 5;

/// A map that copies share until one of them changes.
///
/// Most copies of variables and attributes are made to be gone back to, and nothing changes meanwhile.
#[derive(Debug)]
pub struct Shared<T>(Option<Rc<T>>);

/// An instance's attributes, a dict's entries with literal keys.
pub type Fields = Shared<BTreeMap<Rc<str>, Value>>;

/// A function's variables.
pub type Variables = Shared<FxHashMap<NameId, Value>>;

/// What a map is that has nothing in it.
pub trait Empty: Clone + Default + 'static {
    /// Nothing in it.
    const EMPTY: &'static Self;
}

impl Empty for BTreeMap<Rc<str>, Value> {
    const EMPTY: &'static Self = &BTreeMap::new();
}

impl Empty for FxHashMap<NameId, Value> {
    const EMPTY: &'static Self = &FxHashMap::with_hasher(rustc_hash::FxBuildHasher);
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Shared(None)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(self.0.clone())
    }
}

impl<T> From<T> for Shared<T> {
    fn from(map: T) -> Self {
        Shared(Some(Rc::new(map)))
    }
}

impl<T: Empty> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::EMPTY)
    }
}

impl<T: Empty> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Rc::make_mut(self.0.get_or_insert_with(Rc::default))
    }
}

impl<T> Shared<T> {
    /// True if neither has changed since one was copied from the other.
    pub fn is_same(&self, other: &Shared<T>) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(here), Some(there)) => Rc::ptr_eq(here, there),
            _ => false,
        }
    }
}

/// What is known of an object.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing.
    Unknown,
    /// `None`.
    None,
    /// A truth value, perhaps known.
    Bool(Option<bool>),
    /// An integer and its bounds, where known.
    Int(Option<Interval>),
    /// A float and its bounds, where known.
    Float(Option<Interval>),
    /// A string: its text where short and known, its length in characters.
    Text(Option<Rc<str>>, Interval),
    /// Bytes-like, with its length.
    Bytes(Interval),
    /// A tuple of known shape.
    Tuple(Rc<[Value]>),
    /// `range(…)`: how many, and the bounds of its numbers.
    Range {
        /// How many numbers.
        count: Interval,
        /// What they lie between.
        item: Option<Interval>,
    },
    /// A list, set, dict or instance.
    Object(Reference),
    /// An iterator whose work is done when it is consumed.
    Iterator(Rc<Lazy>),
    /// A function of the project, with its closure.
    Function(Rc<Closure>),
    /// A bound method of the project.
    Method(Rc<Value>, Rc<Closure>),
    /// A class of the project.
    Class(Rc<ClassValue>),
    /// A module of the project.
    Module(FileId),
    /// A folder without `__init__.py`.
    Namespace(Arc<str>),
    /// A library's module, function or class, by canonical dotted name.
    Library(Arc<str>),
    /// A method of a library type (or of a built-in one) bound to its receiver.
    LibraryMethod(Rc<Value>, Arc<str>),
    /// A callable with some arguments bound: `partial`, `delayed`.
    Partial(Rc<Partial>),
    /// What calling an `async def` gives: an awaitable for its result.
    Coroutine(Rc<Coroutine>),
    /// Something that runs elsewhere, and its result.
    Future(Rc<Value>),
    /// `super()`: the instance and the class behind which to look.
    Super(Rc<Value>, Rc<ClassValue>),
    /// A decorator that gives its argument back.
    Identity,
    /// One of several.
    Union(Rc<[Value]>),
}

/// A shared, mutable object.
#[derive(Debug, Clone)]
pub struct Reference(pub Rc<RefCell<Object>>);

/// The field by which a member of an `Enum` is told from other instances of its class.
pub const MEMBER: &str = "_value_";

impl Reference {
    /// Of a member of an `Enum`: the class's place, and the member's name.
    pub fn member(&self) -> Option<((FileId, ClassId), Rc<str>)> {
        let object = self.0.borrow();
        let Kind::Instance { class, .. } = &object.kind else { return None };
        object.fields.get(MEMBER)?;
        match object.fields.get("name") {
            Some(Value::Text(Some(name), _)) => Some(((class.file, class.class), name.clone())),
            _ => None,
        }
    }

    /// A member of the same `Enum`, whichever.
    pub fn any_member(&self) -> Value {
        let mut object = self.0.borrow().clone();
        object.fields = Fields::default();
        object.noted = false;
        Value::Object(heap::object(object))
    }
}

/// The state of a shared object.
#[derive(Debug, Clone)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Number of elements, bytes, pixels, rows.
    pub length: Interval,
    /// True if nothing tells the length but a prior.
    pub guessed: bool,
    /// What its elements are; a dict's values.
    pub item: Value,
    /// A dict's keys.
    pub key: Value,
    /// The elements, while few and known one by one.
    pub elements: Option<Vec<Value>>,
    /// A dict's entries with literal keys; an instance's attributes.
    pub fields: Fields,
    /// How often the point of its creation runs, from the root of the analysis.
    pub weight: f64,
    /// How much doubt there was about the turns of the loops around that point.
    pub doubt: f64,
    /// In order of creation; to tell what a function changes from what it makes.
    pub serial: u64,
    /// Part of a cached value: never changed.
    pub frozen: bool,
    /// See [`heap::note_object`].
    pub noted: bool,
    /// See [`Digest::argument`].
    pub digested: Digested,
}

/// What the walk through an object that is never changed gave, with all that it holds: its number, and how many values
/// were met. A copy may be changed, so it has none.
#[derive(Debug, Default)]
pub struct Digested(Cell<Option<(u64, u32)>>);

impl Digested {
    /// The object has changed after all.
    pub fn forget(&self) {
        self.0.set(None);
    }
}

impl Clone for Digested {
    fn clone(&self) -> Digested {
        Digested::default()
    }
}

/// What a shared object is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A list.
    List,
    /// A set.
    Set,
    /// A dict.
    Dict,
    /// An instance of a class of the project; `generic` if its construction was not seen.
    Instance {
        /// Its class.
        class: Rc<ClassValue>,
        /// Not seen to be made.
        generic: bool,
    },
    /// An instance of a library class, by canonical name.
    Library(Arc<str>),
}

/// An iterator and what each step costs its consumer.
#[derive(Debug)]
pub struct Lazy {
    /// What it yields.
    pub item: Value,
    /// How many.
    pub count: Interval,
    /// True if the number is only a prior.
    pub guessed: bool,
    /// Cost of one step.
    pub step: Cost,
    /// What that cost rests on, per step.
    pub trail: Trail,
    /// Consuming it awaits.
    pub is_async: bool,
    /// A generator-based context manager: what `with` binds.
    pub context: bool,
}

/// A function and where its free names live.
#[derive(Debug)]
pub struct Closure {
    /// The file.
    pub file: FileId,
    /// The function.
    pub function: FunctionId,
    /// The enclosing function's variables.
    pub environment: Option<Rc<Environment>>,
    /// The class it was found on, for `super()`.
    pub owner: Option<Rc<ClassValue>>,
    /// Decorated as a context manager.
    pub context: bool,
    /// Compiled: how its bytecode runs instead.
    pub compiled: Option<Compiled>,
}

/// What a just-in-time compiler makes of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compiled {
    /// Machine code that holds the GIL.
    Holding,
    /// Machine code that lets it go.
    Releasing,
}

/// A class of the project and where its free names live.
#[derive(Debug)]
pub struct ClassValue {
    /// The file.
    pub file: FileId,
    /// The class.
    pub class: ClassId,
    /// The enclosing function's variables.
    pub environment: Option<Rc<Environment>>,
}

/// Variables of a function that is running or has run.
#[derive(Debug)]
pub struct Environment {
    /// The file whose names these are.
    pub file: FileId,
    /// The function.
    pub function: Option<FunctionId>,
    /// The variables.
    pub variables: RefCell<Variables>,
    /// The enclosing function's.
    pub parent: Option<Rc<Environment>>,
    /// See [`heap::note_environment`].
    pub noted: Cell<bool>,
}

/// A callable with arguments bound to it.
#[derive(Debug)]
pub struct Partial {
    /// The callable.
    pub callable: Value,
    /// Its first positional arguments.
    pub positional: Vec<Value>,
    /// Its keyword arguments.
    pub keywords: Vec<(Rc<str>, Value)>,
    /// Made by `delayed(f)` without arguments yet: calling it binds, it does not call.
    pub binds: bool,
}

/// A coroutine object.
#[derive(Debug)]
pub struct Coroutine {
    /// What awaiting it gives.
    pub result: Value,
    /// What it does while it is awaited.
    pub cost: Cost,
    /// True if it ever gives way to the event loop.
    pub suspends: bool,
}

impl Value {
    /// A string of unknown text.
    pub fn text(length: Interval) -> Value {
        Value::Text(None, length)
    }

    /// A string of known text.
    pub fn text_of(text: &str) -> Value {
        Value::Text(Some(Rc::from(text)), Interval::exact(text.chars().count() as f64))
    }

    /// An integer known exactly.
    pub fn integer(value: f64) -> Value {
        Value::Int(Some(Interval::exact(value)))
    }

    /// True if nothing is known.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Value::Unknown)
    }

    /// A number's bounds.
    pub fn number(&self) -> Option<Interval> {
        match self {
            Value::Int(bounds) | Value::Float(bounds) => *bounds,
            Value::Bool(Some(value)) => Some(Interval::exact(f64::from(u8::from(*value)))),
            _ => None,
        }
    }

    /// A number known exactly.
    pub fn constant(&self) -> Option<f64> {
        self.number().filter(|n| n.is_exact()).map(|n| n.likely)
    }

    /// A short known text.
    pub fn known_text(&self) -> Option<Rc<str>> {
        match self {
            Value::Text(Some(text), _) => Some(text.clone()),
            _ => None,
        }
    }

    /// The alternatives, one if it is not a union.
    pub fn alternatives(&self) -> &[Value] {
        match self {
            Value::Union(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }

    /// The class of a library object.
    pub fn library_class(&self) -> Option<Arc<str>> {
        match self {
            Value::Object(reference) => match &reference.0.borrow().kind {
                Kind::Library(name) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// True, false, or undecided.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Value::None => Some(false),
            Value::Bool(known) => *known,
            Value::Int(Some(n)) | Value::Float(Some(n)) if n.is_exact() => Some(n.likely != 0.0),
            Value::Text(Some(text), _) => Some(!text.is_empty()),
            Value::Tuple(parts) => Some(!parts.is_empty()),
            Value::Function(_) | Value::Method(..) | Value::Class(_) | Value::Module(_) => Some(true),
            Value::Library(_) | Value::LibraryMethod(..) | Value::Partial(_) => Some(true),
            Value::Object(reference) => match reference.0.borrow().kind {
                Kind::Instance { .. } | Kind::Library(_) => None,
                Kind::List | Kind::Set | Kind::Dict => None,
            },
            _ => None,
        }
    }

    /// What it is either this or that.
    pub fn join(&self, other: &Value) -> Value {
        self.join_within(other, DEEPEST_JOIN)
    }

    /// See [`Value::join`]; containers may hold themselves, so it goes only so deep.
    fn join_within(&self, other: &Value, depth: u32) -> Value {
        if self.same(other) {
            return self.clone();
        }
        let Some(depth) = depth.checked_sub(1) else {
            return if self.alike(other) { self.clone() } else { Value::Unknown };
        };
        match (self, other) {
            (Value::Unknown, _) | (_, Value::Unknown) => match (self, other) {
                // What may be a known callable or handle is worth keeping beside the unknown.
                (Value::Unknown, known) | (known, Value::Unknown) if known.is_handle() => {
                    union(&[known.clone(), Value::Unknown])
                }
                _ => Value::Unknown,
            },
            (Value::Int(a), Value::Int(b)) => Value::Int(hull(*a, *b)),
            (Value::Int(a) | Value::Float(a), Value::Int(b) | Value::Float(b)) => Value::Float(hull(*a, *b)),
            (Value::Bool(_), Value::Bool(_)) => Value::Bool(None),
            (Value::Text(_, a), Value::Text(_, b)) => Value::Text(None, a.hull(*b)),
            (Value::Bytes(a), Value::Bytes(b)) => Value::Bytes(a.hull(*b)),
            (Value::Range { count: a, item: x }, Value::Range { count: b, item: y }) => {
                Value::Range { count: a.hull(*b), item: hull(*x, *y) }
            }
            (Value::Tuple(a), Value::Tuple(b)) if a.len() == b.len() => {
                Value::Tuple(a.iter().zip(b.iter()).map(|(x, y)| x.join_within(y, depth)).collect())
            }
            (Value::Object(a), Value::Object(b)) => {
                let (x, y) = (a.0.borrow(), b.0.borrow());
                match (&x.kind, &y.kind) {
                    (Kind::List, Kind::List) | (Kind::Set, Kind::Set) | (Kind::Dict, Kind::Dict) => {
                        let mut joined = x.clone();
                        joined.length = x.length.hull(y.length);
                        joined.item = join_items(&x, &y, |o| &o.item, depth);
                        joined.key = join_items(&x, &y, |o| &o.key, depth);
                        joined.elements = None;
                        for (key, value) in y.fields.iter() {
                            let value =
                                joined.fields.get(key).map_or_else(|| value.clone(), |v| v.join_within(value, depth));
                            joined.fields.insert(key.clone(), value);
                        }
                        Value::Object(heap::object(joined))
                    }
                    (Kind::Library(p), Kind::Library(q)) if p == q => {
                        let mut joined = x.clone();
                        joined.length = x.length.hull(y.length);
                        joined.guessed |= y.guessed;
                        for (key, value) in y.fields.iter() {
                            let value =
                                joined.fields.get(key).map_or_else(|| value.clone(), |v| v.join_within(value, depth));
                            joined.fields.insert(key.clone(), value);
                        }
                        Value::Object(heap::object(joined))
                    }
                    (Kind::Instance { class: p, .. }, Kind::Instance { class: q, .. })
                        if p.file == q.file && p.class == q.class =>
                    {
                        let mut joined = x.clone();
                        for (key, value) in y.fields.iter() {
                            let value =
                                joined.fields.get(key).map_or_else(|| value.clone(), |v| v.join_within(value, depth));
                            joined.fields.insert(key.clone(), value);
                        }
                        Value::Object(heap::object(joined))
                    }
                    _ => union(&[self.clone(), other.clone()]),
                }
            }
            _ => union(&[self.clone(), other.clone()]),
        }
    }

    /// Functions, classes, instances: what a call can be resolved through.
    fn is_handle(&self) -> bool {
        match self {
            Value::Function(_)
            | Value::Method(..)
            | Value::Class(_)
            | Value::Library(_)
            | Value::LibraryMethod(..)
            | Value::Partial(_) => true,
            Value::Object(reference) => {
                matches!(reference.0.borrow().kind, Kind::Instance { .. } | Kind::Library(_))
            }
            Value::Union(parts) => parts.iter().any(Value::is_handle),
            _ => false,
        }
    }

    /// True if both are known to be the same, cheaply told.
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Unknown, Value::Unknown) | (Value::None, Value::None) | (Value::Identity, Value::Identity) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) | (Value::Float(a), Value::Float(b)) => a == b,
            (Value::Text(a, n), Value::Text(b, m)) => a == b && n == m,
            (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::Tuple(a), Value::Tuple(b)) => {
                Rc::ptr_eq(a, b) || a.len() == b.len() && a.iter().zip(b.iter()).all(|(x, y)| x.same(y))
            }
            (Value::Range { count: a, item: x }, Value::Range { count: b, item: y }) => a == b && x == y,
            (Value::Object(a), Value::Object(b)) => Rc::ptr_eq(&a.0, &b.0),
            (Value::Iterator(a), Value::Iterator(b)) => Rc::ptr_eq(a, b),
            (Value::Function(a), Value::Function(b)) => same_closure(a, b),
            (Value::Method(s, a), Value::Method(t, b)) => same_closure(a, b) && s.same(t),
            (Value::Class(a), Value::Class(b)) => a.file == b.file && a.class == b.class,
            (Value::Module(a), Value::Module(b)) => a == b,
            (Value::Namespace(a), Value::Namespace(b)) | (Value::Library(a), Value::Library(b)) => a == b,
            (Value::LibraryMethod(s, a), Value::LibraryMethod(t, b)) => a == b && s.same(t),
            (Value::Partial(a), Value::Partial(b)) => Rc::ptr_eq(a, b),
            (Value::Coroutine(a), Value::Coroutine(b)) => Rc::ptr_eq(a, b),
            (Value::Future(a), Value::Future(b)) => a.same(b),
            (Value::Union(a), Value::Union(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(x, y)| x.same(y)),
            _ => false,
        }
    }

    /// True if both have the same type, whatever their sizes and numbers.
    pub fn alike(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Int(_) | Value::Float(_) | Value::Bool(_), Value::Int(_) | Value::Float(_) | Value::Bool(_)) => {
                true
            }
            (Value::Text(..), Value::Text(..)) | (Value::Bytes(_), Value::Bytes(_)) => true,
            (Value::Range { .. }, Value::Range { .. }) => true,
            (Value::Tuple(a), Value::Tuple(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(x, y)| x.alike(y)),
            (Value::Object(a), Value::Object(b)) if !Rc::ptr_eq(&a.0, &b.0) => {
                match (&a.0.borrow().kind, &b.0.borrow().kind) {
                    (Kind::List, Kind::List) | (Kind::Set, Kind::Set) | (Kind::Dict, Kind::Dict) => true,
                    (Kind::Library(p), Kind::Library(q)) => p == q,
                    (Kind::Instance { class: p, .. }, Kind::Instance { class: q, .. }) => {
                        p.file == q.file && p.class == q.class
                    }
                    _ => false,
                }
            }
            (Value::Iterator(_), Value::Iterator(_)) | (Value::Coroutine(_), Value::Coroutine(_)) => true,
            _ => self.same(other),
        }
    }

    /// A copy that shares no mutable object with this one; `frozen` copies are never changed.
    pub fn copied(&self, frozen: bool) -> Value {
        // Most values are plain.
        if self.is_plain() {
            return self.clone();
        }
        let mut copier = Copier { seen: FxHashMap::default(), frozen, shares: false };
        let copy = copier.copy(self, 0);
        if copier.shares {
            for copy in copier.seen.into_values() {
                heap::note_object(&copy, &mut copy.0.borrow_mut());
            }
        }
        copy
    }

    /// True for functions and bound methods that can change objects with numbers up to `serial` when they are called.
    pub fn holds_older(&self, serial: u64) -> bool {
        self.holds_older_within(serial, 3)
    }

    fn holds_older_within(&self, serial: u64, depth: usize) -> bool {
        let is_older = |value: &Value| match value {
            Value::Object(reference) => {
                let object = reference.0.borrow();
                !object.frozen && object.serial <= serial
            }
            _ => false,
        };
        match self {
            Value::Function(closure) => {
                let mut scope = closure.environment.as_ref();
                while let Some(environment) = scope {
                    if environment.variables.borrow().values().any(is_older) {
                        return true;
                    }
                    scope = environment.parent.as_ref();
                }
                false
            }
            Value::Method(receiver, _) => is_older(receiver),
            Value::Partial(partial) => partial.callable.holds_older_within(serial, depth),
            // `x = (x, x)`, line after line, is a small value with very many paths through it.
            Value::Tuple(parts) | Value::Union(parts) => {
                depth > 0 && parts.iter().any(|part| part.holds_older_within(serial, depth - 1))
            }
            _ => false,
        }
    }

    /// True for what programs keep to know how far they are: a word, a flag, the function that comes next.
    pub fn is_state(&self) -> bool {
        match self {
            Value::Text(Some(_), _) | Value::Bool(Some(_)) | Value::Function(_) | Value::Method(..) => true,
            Value::Object(reference) => reference.member().is_some(),
            _ => false,
        }
    }

    /// True if two of these are the same state.
    pub fn same_state(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Text(Some(a), _), Value::Text(Some(b), _)) => a == b,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Function(a) | Value::Method(_, a), Value::Function(b) | Value::Method(_, b)) => {
                (a.file, a.function) == (b.file, b.function)
            }
            (Value::Object(a), Value::Object(b)) => a.member().is_some() && a.member() == b.member(),
            _ => false,
        }
    }

    /// True if it leads to nothing else.
    pub fn is_leaf(&self) -> bool {
        matches!(
            self,
            Value::Unknown
                | Value::None
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::Text(..)
                | Value::Bytes(_)
                | Value::Range { .. }
                | Value::Module(_)
                | Value::Namespace(_)
                | Value::Library(_)
                | Value::Identity
        )
    }

    /// True if there is no mutable object in it that a copy must not share.
    fn is_plain(&self) -> bool {
        !matches!(
            self,
            Value::Object(_)
                | Value::Tuple(_)
                | Value::Union(_)
                | Value::Method(..)
                | Value::LibraryMethod(..)
                | Value::Future(_)
        )
    }

    /// A number that equal values share, or nothing where the value is too deep to tell.
    pub fn digest(&self, hasher: &mut Digest) {
        hasher.value(self, 0);
    }
}

fn same_closure(a: &Rc<Closure>, b: &Rc<Closure>) -> bool {
    Rc::ptr_eq(a, b)
        || a.file == b.file
            && a.function == b.function
            && match (&a.environment, &b.environment) {
                (None, None) => true,
                (Some(x), Some(y)) => Rc::ptr_eq(x, y),
                _ => false,
            }
}

fn join_items(a: &Object, b: &Object, pick: fn(&Object) -> &Value, depth: u32) -> Value {
    // An empty container says nothing about its elements.
    if a.length.high == 0.0 {
        pick(b).clone()
    } else if b.length.high == 0.0 {
        pick(a).clone()
    } else {
        pick(a).join_within(pick(b), depth)
    }
}

fn hull(a: Option<Interval>, b: Option<Interval>) -> Option<Interval> {
    Some(a?.hull(b?))
}

/// One of `parts`, flattened and without doubles.
pub fn union(parts: &[Value]) -> Value {
    let mut flat: Vec<Value> = Vec::new();
    for part in parts {
        for value in part.alternatives() {
            if flat.iter().any(|v| v.same(value)) {
                continue;
            }
            // Two numbers, or two strings, are one number or string of wider bounds.
            let merges = |v: &Value| {
                matches!(
                    (v, value),
                    (Value::Bool(_), Value::Bool(_))
                        | (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_))
                        | (Value::Text(..), Value::Text(..))
                        | (Value::Bytes(_), Value::Bytes(_))
                )
            };
            match flat.iter_mut().find(|v| merges(v)) {
                Some(like) => *like = like.join(value),
                None => flat.push(value.clone()),
            }
        }
    }
    match flat.len() {
        0 => Value::Unknown,
        1 => flat.swap_remove(0),
        n if n > MOST_ALTERNATIVES => Value::Unknown,
        _ => Value::Union(flat.into()),
    }
}

struct Copier {
    seen: FxHashMap<usize, Reference>,
    frozen: bool,
    /// An object was met twice: perhaps within itself.
    shares: bool,
}

impl Copier {
    fn copy(&mut self, value: &Value, depth: u32) -> Value {
        if depth > DEEPEST_COPY {
            return Value::Unknown;
        }
        match value {
            Value::Tuple(parts) | Value::Union(parts) if depth < DEEPEST_COPY && parts.iter().all(Value::is_plain) => {
                value.clone()
            }
            Value::Object(reference) => Value::Object(self.copy_object(reference, depth)),
            Value::Tuple(parts) => Value::Tuple(parts.iter().map(|v| self.copy(v, depth + 1)).collect()),
            Value::Union(parts) => Value::Union(parts.iter().map(|v| self.copy(v, depth + 1)).collect()),
            Value::Method(receiver, closure) => Value::Method(Rc::new(self.copy(receiver, depth + 1)), closure.clone()),
            Value::LibraryMethod(receiver, name) => {
                Value::LibraryMethod(Rc::new(self.copy(receiver, depth + 1)), name.clone())
            }
            Value::Future(result) => Value::Future(Rc::new(self.copy(result, depth + 1))),
            other => other.clone(),
        }
    }

    fn copy_object(&mut self, reference: &Reference, depth: u32) -> Reference {
        let address = Rc::as_ptr(&reference.0) as usize;
        if let Some(copy) = self.seen.get(&address) {
            self.shares = true;
            return copy.clone();
        }
        let Ok(object) = reference.0.try_borrow() else { return reference.clone() };
        if object.frozen && self.frozen {
            return reference.clone();
        }
        let shell = Object {
            item: Value::Unknown,
            key: Value::Unknown,
            elements: None,
            fields: Fields::default(),
            kind: object.kind.clone(),
            length: object.length,
            guessed: object.guessed,
            weight: object.weight,
            doubt: object.doubt,
            serial: object.serial,
            frozen: object.frozen,
            noted: false,
            digested: Digested::default(),
        };
        let copy = heap::object(shell);
        self.seen.insert(address, copy.clone());
        let item = self.copy(&object.item, depth + 1);
        let key = self.copy(&object.key, depth + 1);
        let elements = object.elements.as_ref().map(|all| all.iter().map(|v| self.copy(v, depth + 1)).collect());
        let fields = if depth < DEEPEST_COPY && object.fields.values().all(Value::is_plain) {
            object.fields.clone()
        } else {
            let copies = object.fields.iter().map(|(k, v)| (k.clone(), self.copy(v, depth + 1)));
            Fields::from(copies.collect::<BTreeMap<_, _>>())
        };
        let mut target = copy.0.borrow_mut();
        target.item = item;
        target.key = key;
        target.elements = elements;
        target.fields = fields;
        target.frozen = self.frozen;
        drop(target);
        copy
    }
}

/// Makes one number of several values; gives up on values that are too large.
#[derive(Default)]
pub struct Digest {
    hasher: FxHasher,
    path: Vec<usize>,
    nodes: u32,
    too_large: bool,
    /// Something was met that may be another tomorrow.
    changeable: bool,
}

impl Digest {
    /// The number, unless a value was too large.
    pub fn finish(self) -> Option<u64> {
        (!self.too_large).then(|| self.hasher.finish())
    }

    /// Adds a plain number.
    pub fn number(&mut self, number: u64) {
        number.hash(&mut self.hasher);
    }

    /// Adds a call's argument. What is never changed is walked through once, for the largest are passed most often.
    pub fn argument(&mut self, argument: &Value) {
        let Value::Object(reference) = argument else { return self.value(argument, 0) };
        let known = reference.0.borrow().digested.0.get();
        let (number, nodes) = known.unwrap_or_else(|| {
            let mut own = Digest { path: std::mem::take(&mut self.path), ..Digest::default() };
            own.value(argument, 0);
            let nodes = if own.too_large { MOST_DIGESTED + 1 } else { own.nodes };
            let number = own.hasher.finish();
            if !own.changeable {
                reference.0.borrow().digested.0.set(Some((number, nodes)));
            }
            self.path = own.path;
            (number, nodes)
        });
        self.nodes += nodes;
        self.too_large |= self.nodes > MOST_DIGESTED;
        self.number(number);
    }

    fn interval(&mut self, interval: Interval) {
        self.number(interval.low.to_bits());
        self.number(interval.likely.to_bits());
        self.number(interval.high.to_bits());
    }

    fn optional(&mut self, interval: Option<Interval>) {
        match interval {
            Some(known) => self.interval(known),
            None => self.number(1),
        }
    }

    fn value(&mut self, value: &Value, depth: u32) {
        self.nodes += 1;
        if depth > 8 || self.nodes > MOST_DIGESTED {
            self.too_large = true;
        }
        if self.too_large {
            return;
        }
        std::mem::discriminant(value).hash(&mut self.hasher);
        match value {
            Value::Unknown | Value::None | Value::Identity => {}
            Value::Bool(known) => known.hash(&mut self.hasher),
            Value::Int(bounds) | Value::Float(bounds) => self.optional(*bounds),
            Value::Text(text, length) => {
                text.hash(&mut self.hasher);
                self.interval(*length);
            }
            Value::Bytes(length) => self.interval(*length),
            Value::Tuple(parts) | Value::Union(parts) => {
                self.number(parts.len() as u64);
                for part in parts.iter() {
                    self.value(part, depth + 1);
                }
            }
            Value::Range { count, item } => {
                self.interval(*count);
                self.optional(*item);
            }
            Value::Object(reference) => self.object(reference, depth),
            Value::Iterator(lazy) => {
                self.value(&lazy.item, depth + 1);
                self.interval(lazy.count);
                self.number(lazy.step.total().likely.to_bits());
                self.number(lazy.step.unknown.to_bits());
            }
            Value::Function(closure) => self.closure(closure, depth),
            Value::Method(receiver, closure) => {
                self.value(receiver, depth + 1);
                self.closure(closure, depth);
            }
            Value::Class(class) => {
                self.number(u64::from(class.file.0));
                self.number(u64::from(class.class.0));
            }
            Value::Module(file) => self.number(u64::from(file.0)),
            Value::Namespace(name) | Value::Library(name) => name.hash(&mut self.hasher),
            Value::LibraryMethod(receiver, name) => {
                name.hash(&mut self.hasher);
                self.value(receiver, depth + 1);
            }
            Value::Partial(partial) => {
                self.value(&partial.callable, depth + 1);
                for argument in &partial.positional {
                    self.value(argument, depth + 1);
                }
                for (name, argument) in &partial.keywords {
                    name.hash(&mut self.hasher);
                    self.value(argument, depth + 1);
                }
            }
            Value::Coroutine(coroutine) => self.value(&coroutine.result, depth + 1),
            Value::Future(result) => self.value(result, depth + 1),
            Value::Super(receiver, class) => {
                self.value(receiver, depth + 1);
                self.number(u64::from(class.class.0));
            }
        }
    }

    fn closure(&mut self, closure: &Closure, depth: u32) {
        self.number(u64::from(closure.file.0));
        self.number(u64::from(closure.function.0));
        let mut environment = closure.environment.as_ref();
        self.changeable |= environment.is_some();
        while let Some(scope) = environment {
            let address = Rc::as_ptr(scope) as usize;
            if self.path.contains(&address) {
                break;
            }
            self.path.push(address);
            let Ok(variables) = scope.variables.try_borrow() else {
                self.too_large = true;
                return;
            };
            let mut names: Vec<NameId> = variables.keys().copied().collect();
            names.sort();
            for name in names {
                self.number(u64::from(name.0));
                if let Some(value) = variables.get(&name) {
                    self.value(value, depth + 1);
                }
            }
            environment = scope.parent.as_ref();
        }
    }

    fn object(&mut self, reference: &Reference, depth: u32) {
        let address = Rc::as_ptr(&reference.0) as usize;
        if let Some(at) = self.path.iter().position(|&a| a == address) {
            self.number(at as u64);
            return;
        }
        self.path.push(address);
        let object = reference.0.borrow();
        self.changeable |= !object.frozen;
        std::mem::discriminant(&object.kind).hash(&mut self.hasher);
        match &object.kind {
            Kind::List | Kind::Set | Kind::Dict => {}
            Kind::Instance { class, generic } => {
                self.number(u64::from(class.file.0));
                self.number(u64::from(class.class.0));
                generic.hash(&mut self.hasher);
            }
            Kind::Library(name) => name.hash(&mut self.hasher),
        }
        self.interval(object.length);
        self.value(&object.item, depth + 1);
        self.value(&object.key, depth + 1);
        self.number(object.elements.as_ref().map_or(0, |e| e.len() as u64 + 1));
        for element in object.elements.iter().flatten() {
            self.value(element, depth + 1);
        }
        for (name, value) in object.fields.iter() {
            name.hash(&mut self.hasher);
            self.value(value, depth + 1);
        }
        drop(object);
        self.path.pop();
    }
}

/// A call's arguments, evaluated.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    /// By position.
    pub positional: Vec<Value>,
    /// By name.
    pub keywords: Vec<(Rc<str>, Value)>,
    /// `*rest` of unknown length came after the positional ones.
    pub open: bool,
    /// How many these are.
    pub open_count: Option<Interval>,
    /// `**rest` was given.
    pub open_keywords: bool,
    /// The expressions behind the positional ones, where there are any.
    pub places: Vec<ExpressionId>,
}

impl Arguments {
    /// Positional arguments only.
    pub fn of(positional: Vec<Value>) -> Arguments {
        Arguments { positional, ..Arguments::default() }
    }

    /// The argument called `name`.
    pub fn keyword(&self, name: &str) -> Option<&Value> {
        self.keywords.iter().find(|(n, _)| &**n == name).map(|(_, v)| v)
    }
}
