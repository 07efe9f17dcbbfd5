//! The schema's small languages, parsed once: type expressions, selectors, measures, conditions, entries.

use super::schema::{self, Arguments, Clock, Split, Vehicle, WaitKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known of a value's type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TypeExpression {
    /// `any`: nothing is known.
    Any,
    /// `str`.
    Str,
    /// `bytes`, and `bytearray` too.
    Bytes,
    /// `int`.
    Int,
    /// `float`.
    Float,
    /// `bool`.
    Bool,
    /// `None`.
    None,
    /// `list[T]`, and `tuple[T, ...]`.
    List(Box<TypeExpression>),
    /// `tuple[A, B]`.
    Tuple(Vec<TypeExpression>),
    /// `set[T]`, `frozenset[T]`.
    Set(Box<TypeExpression>),
    /// `dict[K, V]`.
    Dict(Box<TypeExpression>, Box<TypeExpression>),
    /// `iterator[T]`.
    Iterator(Box<TypeExpression>),
    /// `awaitable[T]`.
    Awaitable(Box<TypeExpression>),
    /// `future[T]`.
    Future(Box<TypeExpression>),
    /// `asyncio.Task[result(0)]`: an object of a class that will have something to give.
    Promise(String, Box<TypeExpression>),
    /// `callable`.
    Callable,
    /// `A | B`.
    Union(Vec<TypeExpression>),
    /// A class by its qualified name.
    Class(String),
    /// `self`: the receiver's own type.
    Receiver,
    /// `arg(0)`: the argument itself.
    Argument(Selector),
    /// `element(0)`: an element of the argument.
    Element(Selector),
    /// `result(0)`: what calling the argument returns.
    Result(Selector),
    /// `decorator`: a decorator that returns the function unchanged.
    Decorator,
    /// `'text'`: that very string.
    Literal(String),
    /// `T & word`: a T known for that.
    Known(Box<TypeExpression>, String),
}

/// Which of a call's values is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// `self`: the receiver.
    SelfValue,
    /// `0`, `name` or `0:name`: an argument; at least one of the two is given.
    Argument {
        /// Its place, from 0, without the receiver.
        position: Option<usize>,
        /// Its keyword.
        name: Option<String>,
    },
    /// `self.word`: what the receiver is known for.
    Field(String),
    /// `...`: all arguments, as a tuple.
    All,
}

/// A number that is counted on a call's arguments: the product of a factor and the terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// The plain numbers, multiplied.
    pub factor: f64,
    /// What is counted.
    pub terms: Vec<Term>,
}

/// One thing counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// How.
    pub kind: TermKind,
    /// On what.
    pub selector: Selector,
}

/// How a term counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermKind {
    /// `len(x)`: the number of elements.
    Len,
    /// `rows(x)`: the number of rows of a table; of a dict of columns, the length of a column.
    Rows,
    /// `deep(x)`: the number of leaves in nested containers.
    Deep,
    /// `value(x)`: the number itself.
    Value,
    /// `turns(x)`: how many turns the loops take that go through nested lists.
    Turns,
}

/// What an argument must be for an entry to hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Requirement {
    /// It is passed.
    Given,
    /// It is not passed.
    Absent,
    /// It is `True`.
    True,
    /// It is `False`.
    False,
    /// It is `None`.
    IsNone,
    /// It is known not to be `None`.
    NotNone,
    /// It is a number above 0.
    Positive,
    /// It is 0.
    Zero,
    /// It is this string.
    Text(String),
    /// It is a string with one of these endings, in any case.
    Ends(Vec<String>),
    /// `first a|b`: a tuple or list that begins with one of these texts.
    First(Vec<String>),
    /// It is this number.
    Number(f64),
    /// It is this constant of a library, alone or among or-ed flags.
    Has(String),
    /// It is this class or one derived from it, or an instance.
    Is(String),
    /// It is a class of the project or an instance of one.
    Own,
}

/// What a callable that is run in place is called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalledWith {
    /// Nothing.
    None,
    /// An element of that argument.
    Element(Selector),
    /// An instance of that library's class.
    Object(String),
    /// The arguments that follow it.
    Rest,
    /// Something of unknown type.
    Row,
}

/// A callable argument that is run in place.
#[derive(Debug, Clone, PartialEq)]
pub struct Callback {
    /// The callable.
    pub target: Selector,
    /// How often it runs; `None` for once.
    pub times: Option<Measure>,
    /// What it is called with.
    pub with: CalledWith,
    /// What it waits for without blocking.
    pub awaits: Option<WaitKind>,
}

/// Methods that subclasses give a library's class, for it to call: [`schema::Overrides`] with its types parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Overrides {
    /// By name, the types of what they are called with.
    pub methods: BTreeMap<String, Vec<TypeExpression>>,
    /// Each runs once for so many units of the call's size.
    pub every: f64,
}

/// A callable argument that is handed to a vehicle.
#[derive(Debug, Clone, PartialEq)]
pub struct Spawn {
    /// The vehicle; `None` where the receiver's type, or `executor`, decides.
    pub vehicle: Option<Vehicle>,
    /// The callable.
    pub target: Selector,
    /// How it gets its arguments.
    pub arguments: Arguments,
    /// Where they are, for a tuple or an iterable.
    pub from: Option<Selector>,
    /// Where the keyword arguments' dict is.
    pub keywords: Option<Selector>,
    /// The executor argument that decides the vehicle.
    pub executor: Option<Selector>,
    /// One piece of work moved off an event loop and awaited.
    pub offload: bool,
    /// Nothing runs until `start` is called.
    pub deferred: bool,
    /// The argument that limits the workers.
    pub workers: Option<Selector>,
}

/// What is known of one group of callables: [`schema::Call`] with its texts parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The library as users know it.
    pub library: Arc<str>,
    /// Qualified names, patterns included.
    pub names: Vec<String>,
    /// Where the fact comes from.
    pub source: String,
    /// Where the time goes; all zero for [`Clock::None`].
    pub split: Split,
    /// What it waits for.
    pub wait: Option<WaitKind>,
    /// Seconds of one call, whatever its size.
    pub seconds: f64,
    /// Seconds per unit of size.
    pub per: Option<f64>,
    /// What units are counted on.
    pub size: Option<Measure>,
    /// Presumed number of units.
    pub prior: Option<f64>,
    /// How many units are usual at most, where the size is not known exactly.
    pub usual: Option<f64>,
    /// How many units there are at least, where the size is not known.
    pub least: Option<f64>,
    /// Exponent of the size.
    pub power: Option<f64>,
    /// Below this many units the call is short.
    pub below: Option<f64>,
    /// Where its time goes then.
    pub below_clock: Option<Clock>,
    /// The time is spent when the result is consumed.
    pub lazy: bool,
    /// It returns an awaitable and does not block.
    pub suspends: bool,
    /// It runs what others registered with it, until the program ends.
    pub serves: bool,
    /// What it returns.
    pub returns: Option<TypeExpression>,
    /// How long the result is.
    pub length: Option<Measure>,
    /// A callable that it runs in place.
    pub calls: Option<Callback>,
    /// Methods of the receiver that it runs in place.
    pub overrides: Option<Overrides>,
    /// A callable that it hands to a vehicle.
    pub spawn: Option<Spawn>,
    /// The file that it opens or reads.
    pub opens: Option<Selector>,
    /// What it writes into a file.
    pub writes: Option<Writes>,
    /// All must hold; sorted by the selector's text.
    pub when: Vec<(Selector, Requirement)>,
    /// What the receiver is known for after the call.
    pub sets: BTreeMap<String, bool>,
    /// What a true answer tells of the receiver.
    pub if_true: BTreeMap<String, bool>,
    /// What a false answer tells of the receiver.
    pub if_false: BTreeMap<String, bool>,
    /// Behaviour that the cost model implements.
    pub intrinsic: Option<String>,
    /// What was measured.
    pub measured: Option<String>,
    /// A word for users.
    pub note: Option<String>,
    /// The asynchronous counterpart.
    pub instead: Option<String>,
}

/// [`schema::Writes`] with its texts parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Writes {
    /// The file: a path, an open file, or what writes to one.
    pub to: Selector,
    /// How many lines.
    pub lines: Option<Measure>,
    /// How many bytes.
    pub bytes: Option<Measure>,
    /// A text that is written as it is, or an object that is written as JSON.
    pub object: Option<Selector>,
}

/// What is known of a class's instances: [`schema::Type`] with its texts parsed.
///
/// A module whose values have known types (`sys.stdout`) is written as a type too.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// The qualified name.
    pub name: String,
    /// Base classes, nearest first.
    pub bases: Vec<String>,
    /// Attributes and properties.
    pub attributes: BTreeMap<String, TypeExpression>,
    /// Attributes that give its height and width, and those that give both.
    pub sides: Vec<String>,
    /// Presumed lengths of attributes.
    pub lengths: BTreeMap<String, f64>,
    /// What iteration yields.
    pub item: Option<TypeExpression>,
    /// What `x[key]` gives.
    pub subscript: Option<TypeExpression>,
    /// What `with x as y` binds.
    pub enter: Option<TypeExpression>,
    /// Presumed number of elements.
    pub prior: Option<f64>,
    /// What runs the work.
    pub vehicle: Option<Vehicle>,
    /// The constructor's argument that limits the workers.
    pub workers: Option<Selector>,
    /// The constructor's arguments that an instance remembers.
    pub remembers: Vec<Selector>,
    /// As a key, an instance stands for one of the class that this argument names; it is remembered too.
    pub key_of: Option<String>,
    /// Packages whose importers share one instance, and find in it what one of them stored there.
    pub shared: Vec<String>,
    /// The name of parameters that are an instance where nothing else is said, if its module is imported.
    pub parameter: Option<String>,
    /// What `put` puts into an instance, `get` gives.
    pub carries: bool,
    /// The method that a subclass overrides to be the target.
    pub run: Option<String>,
    /// The method that starts the worker.
    pub start: Option<String>,
    /// The methods of subclasses that an event loop calls itself.
    pub on_loop: Vec<String>,
    /// Used by awaiting.
    pub asynchronous: bool,
    /// Where the facts come from.
    pub source: Option<String>,
}

impl Selector {
    /// Reads `self`, `self.word`, `0`, `name`, `0:name` or `...`.
    pub fn parse(text: &str) -> Option<Selector> {
        let text = text.trim();
        if text == "..." {
            return Some(Selector::All);
        }
        if text == "self" {
            return Some(Selector::SelfValue);
        }
        if let Some(word) = text.strip_prefix("self.") {
            return is_identifier(word).then(|| Selector::Field(word.to_owned()));
        }
        let (position, name) = match text.split_once(':') {
            Some((position, name)) => (Some(position), Some(name)),
            None if text.starts_with(|c: char| c.is_ascii_digit()) => (Some(text), None),
            None => (None, Some(text)),
        };
        let position = match position {
            Some(digits) => Some(digits.parse().ok()?),
            None => None,
        };
        if name.is_some_and(|name| !is_identifier(name)) {
            return None;
        }
        Some(Selector::Argument { position, name: name.map(str::to_owned) })
    }
}

impl Measure {
    /// Reads `len(self) * 0.16`, `value(0)`, `3`.
    pub fn parse(text: &str) -> Option<Measure> {
        let mut measure = Measure { factor: 1.0, terms: Vec::new() };
        for piece in text.split('*') {
            let piece = piece.trim();
            if let Some((word, selector)) = application(piece) {
                let kind = match word {
                    "len" => TermKind::Len,
                    "rows" => TermKind::Rows,
                    "deep" => TermKind::Deep,
                    "value" => TermKind::Value,
                    "turns" => TermKind::Turns,
                    _ => return None,
                };
                measure.terms.push(Term { kind, selector: Selector::parse(selector)? });
            } else {
                measure.factor *= piece.parse::<f64>().ok()?;
            }
        }
        Some(measure)
    }
}

impl Requirement {
    /// Reads a requirement of `when`.
    pub fn parse(text: &str) -> Option<Requirement> {
        Some(match text {
            "given" => Requirement::Given,
            "absent" => Requirement::Absent,
            "true" => Requirement::True,
            "false" => Requirement::False,
            "none" => Requirement::IsNone,
            "not none" => Requirement::NotNone,
            "positive" => Requirement::Positive,
            "zero" => Requirement::Zero,
            "own" => Requirement::Own,
            _ => match text.split_once(' ') {
                Some(("has", name)) => Requirement::Has(name.to_owned()),
                Some(("is", name)) => Requirement::Is(name.to_owned()),
                Some(("first", texts)) => Requirement::First(texts.split('|').map(str::to_owned).collect()),
                Some(("ends", endings)) => Requirement::Ends(endings.split('|').map(str::to_owned).collect()),
                Some(_) | None => {
                    let text = text.strip_prefix('=')?;
                    match text.parse() {
                        Ok(number) => Requirement::Number(number),
                        Err(_) => Requirement::Text(text.to_owned()),
                    }
                }
            },
        })
    }
}

impl CalledWith {
    /// Reads `none`, `rest`, `row`, `element(0)` or `object(pandas.DataFrame)`.
    pub fn parse(text: &str) -> Option<CalledWith> {
        Some(match text {
            "none" => CalledWith::None,
            "rest" => CalledWith::Rest,
            "row" => CalledWith::Row,
            _ => match application(text)? {
                ("element", selector) => CalledWith::Element(Selector::parse(selector)?),
                ("object", class) => CalledWith::Object(class.to_owned()),
                _ => return None,
            },
        })
    }
}

impl TypeExpression {
    /// Reads a type expression; see [`schema::Call::returns`].
    pub fn parse(text: &str) -> Option<TypeExpression> {
        let mut members = Vec::new();
        for piece in top_level(text, '|') {
            members.push(TypeExpression::parse_single(piece.trim())?);
        }
        match members.len() {
            0 | 1 => members.pop(),
            _ => Some(TypeExpression::Union(members)),
        }
    }

    /// Every class that the expression names, in order.
    pub fn classes(&self) -> Vec<&str> {
        match self {
            TypeExpression::Class(name) => vec![name],
            TypeExpression::Promise(name, inner) => [vec![name.as_str()], inner.classes()].concat(),
            TypeExpression::List(inner)
            | TypeExpression::Known(inner, _)
            | TypeExpression::Set(inner)
            | TypeExpression::Iterator(inner)
            | TypeExpression::Awaitable(inner)
            | TypeExpression::Future(inner) => inner.classes(),
            TypeExpression::Dict(key, value) => [key.classes(), value.classes()].concat(),
            TypeExpression::Tuple(members) | TypeExpression::Union(members) => {
                members.iter().flat_map(TypeExpression::classes).collect()
            }
            TypeExpression::Any
            | TypeExpression::Str
            | TypeExpression::Bytes
            | TypeExpression::Int
            | TypeExpression::Float
            | TypeExpression::Bool
            | TypeExpression::Literal(_)
            | TypeExpression::None
            | TypeExpression::Callable
            | TypeExpression::Receiver
            | TypeExpression::Argument(_)
            | TypeExpression::Element(_)
            | TypeExpression::Result(_)
            | TypeExpression::Decorator => Vec::new(),
        }
    }

    fn parse_single(text: &str) -> Option<TypeExpression> {
        if let Some(text) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return Some(TypeExpression::Literal(text.to_owned()));
        }
        if let [inner, word] = top_level(text, '&').as_slice() {
            let (inner, word) = (TypeExpression::parse(inner)?, word.trim());
            return is_identifier(word).then(|| TypeExpression::Known(Box::new(inner), word.to_owned()));
        }
        if let Some((word, selector)) = application(text) {
            let selector = Selector::parse(selector)?;
            return match word {
                "arg" => Some(TypeExpression::Argument(selector)),
                "element" => Some(TypeExpression::Element(selector)),
                "result" => Some(TypeExpression::Result(selector)),
                _ => None,
            };
        }
        let (word, inner) = match text.split_once('[') {
            Some((word, rest)) => (word.trim(), Some(rest.strip_suffix(']')?)),
            None => (text, None),
        };
        let mut members = Vec::new();
        let mut repeated = false;
        for piece in inner.map(|inner| top_level(inner, ',')).unwrap_or_default() {
            match piece.trim() {
                "..." => repeated = true,
                piece => members.push(TypeExpression::parse(piece)?),
            }
        }
        let mut first = members.first().cloned();
        let second = members.get(1).cloned();
        let mut one = || Box::new(first.take().unwrap_or(TypeExpression::Any));
        Some(match word {
            "any" | "object" => TypeExpression::Any,
            "str" => TypeExpression::Str,
            "bytes" | "bytearray" => TypeExpression::Bytes,
            "int" => TypeExpression::Int,
            "float" => TypeExpression::Float,
            "bool" => TypeExpression::Bool,
            "None" => TypeExpression::None,
            "list" => TypeExpression::List(one()),
            "tuple" if repeated || inner.is_none() => TypeExpression::List(one()),
            "tuple" => TypeExpression::Tuple(members),
            "set" | "frozenset" => TypeExpression::Set(one()),
            "dict" => TypeExpression::Dict(one(), Box::new(second.unwrap_or(TypeExpression::Any))),
            "iterator" => TypeExpression::Iterator(one()),
            "awaitable" => TypeExpression::Awaitable(one()),
            "future" => TypeExpression::Future(one()),
            "callable" => TypeExpression::Callable,
            "memoryview" | "complex" | "range" | "slice" => TypeExpression::Class(format!("builtins.{word}")),
            "self" => TypeExpression::Receiver,
            "decorator" => TypeExpression::Decorator,
            _ if !word.contains('.') || !word.split('.').all(is_identifier) => return None,
            _ => match first {
                Some(given @ (TypeExpression::Result(_) | TypeExpression::Element(_))) => {
                    TypeExpression::Promise(word.to_owned(), Box::new(given))
                }
                // A class's own parameters say nothing that the data could use.
                _ => TypeExpression::Class(word.to_owned()),
            },
        })
    }
}

impl Entry {
    /// Parses a group's texts; the error says which of them cannot be read.
    pub fn new(library: &Arc<str>, call: schema::Call) -> Result<Entry, String> {
        let split = match (call.clock, call.split) {
            (Some(clock), None) => split_of(clock),
            (None, Some(split)) => split,
            (Some(_), Some(_)) | (None, None) => return Err("not one of clock and split".into()),
        };
        let length = match &call.length {
            None => None,
            Some(schema::Length::Units(units)) => Some(Measure { factor: *units, terms: Vec::new() }),
            Some(schema::Length::Measure(text)) => measure(Some(text))?,
        };
        let mut when = Vec::new();
        for (selector, requirement) in &call.when {
            let parsed = Selector::parse(selector).zip(Requirement::parse(requirement));
            when.push(parsed.ok_or_else(|| format!("when {selector} = {requirement}"))?);
        }
        Ok(Entry {
            library: Arc::clone(library),
            split,
            size: measure(call.size.as_ref())?,
            returns: type_expression(call.returns.as_ref())?,
            length,
            calls: call.calls.as_ref().map(callback).transpose()?,
            overrides: call.overrides.as_ref().map(overrides).transpose()?,
            spawn: call.spawn.as_ref().map(spawn).transpose()?,
            when,
            opens: selector(call.opens.as_ref())?,
            writes: call.writes.as_ref().map(writes).transpose()?,
            sets: call.sets,
            if_true: call.if_true,
            if_false: call.if_false,
            names: call.names,
            source: call.source,
            wait: call.wait,
            seconds: call.seconds,
            per: call.per,
            prior: call.prior,
            usual: call.usual,
            least: call.least,
            power: call.power,
            below: call.below,
            below_clock: call.below_clock,
            lazy: call.lazy,
            suspends: call.suspends,
            serves: call.serves,
            intrinsic: call.intrinsic,
            measured: call.measured,
            note: call.note,
            instead: call.instead,
        })
    }
}

impl Class {
    /// Parses a type's texts; the error says which of them cannot be read.
    pub fn new(name: String, data: schema::Type) -> Result<Class, String> {
        let mut attributes = BTreeMap::new();
        for (attribute, text) in &data.attributes {
            let parsed = TypeExpression::parse(text).ok_or_else(|| format!("type {text}"))?;
            attributes.insert(attribute.clone(), parsed);
        }
        let mut remembers = Vec::new();
        for text in &data.remembers {
            remembers.extend(selector(Some(text))?);
        }
        Ok(Class {
            name,
            remembers,
            key_of: data.key_of,
            shared: data.shared,
            parameter: data.parameter,
            carries: data.carries,
            bases: data.bases,
            attributes,
            lengths: data.lengths,
            sides: data.sides,
            item: type_expression(data.item.as_ref())?,
            subscript: type_expression(data.subscript.as_ref())?,
            enter: type_expression(data.enter.as_ref())?,
            prior: data.prior,
            vehicle: data.vehicle,
            workers: selector(data.workers.as_ref())?,
            run: data.run,
            start: data.start,
            on_loop: data.on_loop,
            asynchronous: data.asynchronous,
            source: data.source,
        })
    }
}

/// The split that is all one clock.
pub fn split_of(clock: Clock) -> Split {
    let mut split = Split::default();
    match clock {
        Clock::Bytecode => split.bytecode = 1.0,
        Clock::Atomic => split.atomic = 1.0,
        Clock::Native => split.native = 1.0,
        Clock::Wait => split.wait = 1.0,
        Clock::None => {}
    }
    split
}

fn selector(text: Option<&String>) -> Result<Option<Selector>, String> {
    match text {
        None => Ok(None),
        Some(text) => Selector::parse(text).map(Some).ok_or_else(|| format!("selector {text}")),
    }
}

fn measure(text: Option<&String>) -> Result<Option<Measure>, String> {
    match text {
        None => Ok(None),
        Some(text) => Measure::parse(text).map(Some).ok_or_else(|| format!("measure {text}")),
    }
}

fn type_expression(text: Option<&String>) -> Result<Option<TypeExpression>, String> {
    match text {
        None => Ok(None),
        Some(text) => TypeExpression::parse(text).map(Some).ok_or_else(|| format!("type {text}")),
    }
}

fn overrides(data: &schema::Overrides) -> Result<Overrides, String> {
    let mut methods = BTreeMap::new();
    for (name, types) in &data.methods {
        let parsed: Option<Vec<TypeExpression>> = types.iter().map(|it| TypeExpression::parse(it)).collect();
        methods.insert(name.clone(), parsed.ok_or_else(|| format!("types of {name}"))?);
    }
    Ok(Overrides { methods, every: data.every })
}

fn target(text: &str) -> Result<Selector, String> {
    Selector::parse(text).ok_or_else(|| format!("target {text}"))
}

fn writes(data: &schema::Writes) -> Result<Writes, String> {
    Ok(Writes {
        to: target(&data.to)?,
        lines: measure(data.lines.as_ref())?,
        bytes: measure(data.bytes.as_ref())?,
        object: selector(data.object.as_ref())?,
    })
}

fn callback(data: &schema::Callback) -> Result<Callback, String> {
    let with = data.with.as_deref().unwrap_or("none");
    Ok(Callback {
        target: target(&data.target)?,
        times: measure(data.times.as_ref())?,
        with: CalledWith::parse(with).ok_or_else(|| format!("with {with}"))?,
        awaits: data.awaits,
    })
}

fn spawn(data: &schema::Spawn) -> Result<Spawn, String> {
    Ok(Spawn {
        vehicle: data.vehicle,
        target: target(&data.target)?,
        arguments: data.arguments,
        from: selector(data.from.as_ref())?,
        keywords: selector(data.keywords.as_ref())?,
        executor: selector(data.executor.as_ref())?,
        offload: data.offload,
        deferred: data.deferred,
        workers: selector(data.workers.as_ref())?,
    })
}

/// `word(inner)` in its two parts.
fn application(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = text.split_once('(')?;
    Some((word.trim(), rest.strip_suffix(')')?.trim()))
}

/// The pieces of `text` between those `separator`s that stand outside brackets.
fn top_level(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, character) in text.char_indices() {
        match character {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ if character == separator && depth == 0 => {
                pieces.extend(text.get(start..at));
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    pieces.extend(text.get(start..));
    pieces
}

fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && characters.all(|other| other == '_' || other.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_expressions_are_read() {
        let class = |name: &str| TypeExpression::Class(name.to_owned());
        let first = Selector::Argument { position: Some(0), name: None };
        let cases = [
            ("str", Some(TypeExpression::Str)),
            ("list", Some(TypeExpression::List(Box::new(TypeExpression::Any)))),
            ("list[a.B]", Some(TypeExpression::List(Box::new(class("a.B"))))),
            ("tuple[int, ...]", Some(TypeExpression::List(Box::new(TypeExpression::Int)))),
            (
                "dict[str, list[a.B] | None]",
                Some(TypeExpression::Dict(
                    Box::new(TypeExpression::Str),
                    Box::new(TypeExpression::Union(vec![
                        TypeExpression::List(Box::new(class("a.B"))),
                        TypeExpression::None,
                    ])),
                )),
            ),
            (
                "element(0) & done",
                Some(TypeExpression::Known(Box::new(TypeExpression::Element(first.clone())), "done".to_owned())),
            ),
            ("element(0)", Some(TypeExpression::Element(first))),
            ("str & 0", None),
            ("Frob", None),
            ("list[", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(TypeExpression::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn measures_are_read() {
        let data = Selector::Argument { position: Some(0), name: Some("data".to_owned()) };
        let cases = [
            ("3", Some((3.0, vec![]))),
            ("len(self) * 0.5", Some((0.5, vec![(TermKind::Len, Selector::SelfValue)]))),
            ("2 * deep(0:data)", Some((2.0, vec![(TermKind::Deep, data)]))),
            ("turns(...)", Some((1.0, vec![(TermKind::Turns, Selector::All)]))),
            ("size(self)", None),
            ("len(0:)", None),
        ];
        for (text, expected) in cases {
            let measure = Measure::parse(text).map(|measure| {
                let terms = measure.terms.into_iter().map(|term| (term.kind, term.selector));
                (measure.factor, terms.collect::<Vec<_>>())
            });
            assert_eq!(measure, expected, "{text}");
        }
    }
}
