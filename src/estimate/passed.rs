//! What a program puts into a queue or a file, and takes out again.
//!
//! A worker is mostly started before there is work for it. So a root whose workers take from a queue that nobody has put
//! anything into yet runs a second time, and then they take what was put there in the first run. The content of a file is
//! what the root wrote into it before; a path that is not known is presumed to be the one that was written.

use super::machine::{Frame, Machine};
use super::value::{Arguments, Kind, Reference, Value};
use crate::cost::Interval;
use crate::id::FileId;
use crate::knowledge::types::{Entry, TypeExpression, Writes};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value as Json;
use std::rc::Rc;

/// Where a queue was made.
const MADE_AT: &str = "(made at)";
/// The path of an open file; `None` where nobody knows it.
const PATH: &str = "(path)";
/// Marks a buffer in memory; true where it is as long as it has lines.
const BUFFER: &str = "(buffer)";
/// How much was written into an open file; `self.bytes` in the knowledge base.
const LINES: &str = "lines";
const BYTES: &str = "bytes";
/// The bytes of a line, where nothing tells.
const LINE: f64 = 60.0;
/// How long a text is kept as it is, in bytes.
const LONGEST_TEXT: usize = 4_000;
/// How deep JSON is read.
const DEEPEST: usize = 8;

/// The content of a file.
#[derive(Debug, Clone)]
struct Content {
    lines: Interval,
    bytes: Interval,
    text: Option<Rc<str>>,
}

/// What the running root has put where.
#[derive(Debug, Default)]
pub struct Passed {
    /// By the place where the queue was made.
    put: FxHashMap<u64, Value>,
    /// What was put there when the root ran before.
    before: FxHashMap<u64, Value>,
    /// Queues that were asked while nothing was in them.
    starved: FxHashSet<u64>,
    /// By path; those of unknown paths under `None`.
    files: FxHashMap<Option<Rc<str>>, Content>,
    /// Another number for each state of queues and files that what runs may see.
    pub version: u64,
    versions: u64,
}

impl Passed {
    /// Forgets everything, for another root.
    pub fn clear(&mut self) {
        self.put.clear();
        self.before.clear();
        self.starved.clear();
        self.files.clear();
        self.version = 0;
    }

    /// True if a queue was asked too early; from now on it gives what was put there.
    pub fn again(&mut self) -> bool {
        let late = self.starved.iter().any(|place| self.put.contains_key(place));
        if !late || !self.before.is_empty() {
            return false;
        }
        let before = std::mem::take(&mut self.put);
        self.clear();
        self.before = before;
        self.changed();
        true
    }

    fn changed(&mut self) {
        self.versions += 1;
        self.version = self.versions;
    }

    fn content(&self, path: Option<&Rc<str>>) -> Option<&Content> {
        match path {
            Some(_) => self.files.get(&path.cloned()).or_else(|| self.files.get(&None)),
            None => self.files.values().max_by(|a, b| a.bytes.likely.total_cmp(&b.bytes.likely)),
        }
    }
}

impl<'p> Machine<'p> {
    /// Notes where a queue is made.
    pub(super) fn made_queue(&mut self, file: FileId, place: Span, value: &Value) {
        if let Value::Object(reference) = value
            && self.carries(reference)
        {
            let at = (u64::from(file.0) << 32 | u64::from(place.start)) as f64;
            reference.0.borrow_mut().fields.insert(Rc::from(MADE_AT), Value::integer(at));
        }
    }

    pub(super) fn carries(&self, reference: &Reference) -> bool {
        match &reference.0.borrow().kind {
            Kind::Library(class) => self.known.ancestry(class).iter().any(|class| class.carries),
            _ => false,
        }
    }

    /// What a method of a queue gives, where it gives what was put there; a method that puts notes what.
    pub(super) fn passed_through(&mut self, name: &str, receiver: &Value, arguments: &Arguments) -> Option<Value> {
        let Value::Object(reference) = receiver else { return None };
        if !self.carries(reference) {
            return None;
        }
        let made_at = reference.0.borrow().fields.get(MADE_AT).and_then(Value::constant).map(|at| at as u64);
        match name.rsplit('.').next().unwrap_or_default() {
            "put" | "put_nowait" => {
                let value = arguments.positional.first()?.clone();
                if is_signal(&value) {
                    return None;
                }
                self.change(reference, |object| {
                    object.item = if object.item.is_unknown() { value.clone() } else { object.item.join(&value) };
                });
                if let Some(at) = made_at {
                    // Whoever is remembered would not put it there again.
                    self.oldest_change = 0;
                    let all = match self.passed.put.get(&at) {
                        Some(before) => before.join(&value),
                        None => value,
                    };
                    self.passed.put.insert(at, all.copied(true));
                }
                None
            }
            "get" | "get_nowait" => {
                let item = reference.0.borrow().item.clone();
                if !item.is_unknown() {
                    return Some(item);
                }
                let at = made_at?;
                let before = self.passed.before.get(&at).map(|value| value.copied(false));
                if before.is_none() {
                    self.oldest_change = 0;
                    self.passed.starved.insert(at);
                }
                before
            }
            _ => None,
        }
    }

    /// True for what names a file: a string or a path.
    fn is_path(&self, value: &Value) -> bool {
        match value {
            Value::Text(..) => true,
            Value::Object(reference) => match &reference.0.borrow().kind {
                Kind::Library(class) => self.known.ancestry(class).iter().any(|it| it.name == "pathlib.PurePath"),
                _ => false,
            },
            _ => false,
        }
    }

    /// The object that an entry's selector means, or its path.
    fn path_of(value: &Value) -> Option<Rc<str>> {
        match value {
            Value::Text(Some(text), _) => Some(text.clone()),
            Value::Object(reference) => reference.0.borrow().fields.get("path").and_then(Value::known_text),
            _ => None,
        }
    }

    /// Notes what a call opens, and gives what it opens or reads the size that was written before.
    pub(super) fn opened(
        &mut self,
        entry: &Entry,
        receiver: Option<&Rc<Value>>,
        arguments: &Arguments,
        value: &mut Value,
    ) {
        let Some(selector) = &entry.opens else { return };
        let Some(what) = super::library::selected(selector, receiver, arguments) else { return };
        let path = Machine::path_of(&what);
        let content = self.passed.content(path.as_ref()).cloned();
        match value {
            Value::Object(reference) => {
                let given = arguments.positional.iter().chain(arguments.keywords.iter().map(|(_, value)| value));
                let modes = given.filter_map(Value::known_text).filter(|text| Some(text) != path.as_ref());
                let writes = modes.into_iter().any(|mode| mode.len() <= 3 && mode.starts_with(['w', 'a', 'x']));
                let mut object = reference.0.borrow_mut();
                object.fields.insert(Rc::from(PATH), path.map_or(Value::None, |it| Value::text_of(&it)));
                if let Some(content) = content.filter(|_| !writes) {
                    object.length = content.lines;
                    object.guessed = false;
                }
            }
            Value::Text(text, length) => {
                if let Some(content) = content {
                    *length = content.bytes;
                    *text = content.text;
                }
            }
            Value::Bytes(length) => {
                if let Some(content) = content {
                    *length = content.bytes;
                }
            }
            _ => {}
        }
    }

    /// Notes that a buffer is made, and what it begins with. One that is made empty may be filled by what nobody knows,
    /// so its length is known only once something is written.
    pub(super) fn buffered(&mut self, entry: &Entry, arguments: &Arguments, made: &Value) {
        let in_lines = match entry.intrinsic.as_deref().unwrap_or_default() {
            "buffer.lines" => true,
            "buffer.bytes" => false,
            _ => return,
        };
        let Value::Object(reference) = made else { return };
        let bytes = match arguments.positional.first() {
            Some(Value::Text(_, bytes) | Value::Bytes(bytes)) if bytes.high > 0.0 => Some(*bytes),
            _ => None,
        };
        self.change(reference, |object| {
            object.fields.insert(Rc::from(BUFFER), Value::Bool(Some(in_lines)));
            if let Some(bytes) = bytes {
                object.fields.insert(Rc::from(BYTES), Value::Int(Some(bytes)));
                object.length = if in_lines { lines_of(bytes) } else { bytes };
            }
        });
    }

    /// How many bytes a call reads of what was written before.
    pub(super) fn written_bytes(
        &self,
        entry: &Entry,
        receiver: Option<&Rc<Value>>,
        arguments: &Arguments,
    ) -> Option<Interval> {
        let reads_all = matches!(entry.returns, Some(TypeExpression::Str | TypeExpression::Bytes));
        let what = super::library::selected(entry.opens.as_ref().filter(|_| reads_all)?, receiver, arguments)?;
        self.passed.content(Machine::path_of(&what).as_ref()).map(|content| content.bytes)
    }

    /// Notes what a call writes.
    pub(super) fn wrote(
        &mut self,
        frame: &Frame<'p>,
        writes: &Writes,
        receiver: Option<&Rc<Value>>,
        arguments: &Arguments,
    ) {
        let Some(to) = super::library::selected(&writes.to, receiver, arguments) else { return };
        let mut measure = |of: &Option<_>| of.as_ref().and_then(|of| self.measured(of, receiver, arguments));
        let (lines, bytes) = (measure(&writes.lines), measure(&writes.bytes));
        let text = writes.object.as_ref().and_then(|of| super::library::selected(of, receiver, arguments));
        let text = text.and_then(|value| match &value {
            Value::Text(text, _) => text.clone(),
            other => json_text(other),
        });
        let bytes = text.as_ref().map(|text| Interval::exact(text.len() as f64)).or(bytes);
        let (lines, bytes) = match (lines, bytes) {
            (Some(lines), Some(bytes)) => (lines, bytes),
            (Some(lines), None) => (lines, lines.scaled(LINE)),
            (None, Some(bytes)) => {
                let lines = bytes.scaled(1.0 / LINE);
                (Interval { low: 1.0, likely: lines.likely.max(1.0), high: lines.high.max(1.0) }, bytes)
            }
            (None, None) => (Interval::ONE, Interval::exact(LINE)),
        };
        let handle = match &to {
            Value::Object(reference) => handle(reference, 0),
            _ => None,
        };
        let (path, content) = match handle {
            Some(handle) => {
                let times = Interval::exact(self.relative_scale(frame, &handle).max(1.0));
                // Known as a whole only where it is written in one piece.
                let is_whole = times.likely <= 1.0 && !handle.0.borrow().fields.contains_key(BYTES);
                let text = text.filter(|_| is_whole);
                let mut total = Content { lines: lines.times(times), bytes: bytes.times(times), text };
                self.change(&handle, |object| {
                    let mut add = |name: &str, more: &mut Interval| {
                        if let Some(before) = object.fields.get(name).and_then(Value::number) {
                            *more = more.plus(before);
                        }
                        object.fields.insert(Rc::from(name), Value::Int(Some(*more)));
                    };
                    add(LINES, &mut total.lines);
                    add(BYTES, &mut total.bytes);
                    if let Some(Value::Bool(in_lines)) = object.fields.get(BUFFER) {
                        object.length = if *in_lines == Some(true) { total.lines } else { total.bytes };
                    }
                });
                if handle.0.borrow().fields.contains_key(BUFFER) {
                    return;
                }
                let path = handle.0.borrow().fields.get(PATH).and_then(Value::known_text);
                (path, total)
            }
            None if self.is_path(&to) => (Machine::path_of(&to), Content { lines, bytes, text }),
            // Standard output, or something of which nothing is known.
            None => return,
        };
        if content.bytes.high <= 0.0 {
            return;
        }
        self.oldest_change = 0;
        self.passed.changed();
        self.passed.files.insert(path, content);
    }

    /// What a call gives that writes JSON or reads it, where all of it is known.
    pub(super) fn converted(&mut self, entry: &Entry, arguments: &Arguments) -> Option<Value> {
        let first = arguments.positional.first()?;
        let text = match entry.intrinsic.as_deref()? {
            "json.dumps" => return json_text(first).map(|text| Value::text_of(&text)),
            "json.loads" => first.known_text()?,
            "json.load" => self.text_of_file(first)?,
            _ => return None,
        };
        let json: Json = serde_json::from_str(&text).ok()?;
        Some(self.json_value(&json, 0))
    }

    /// The text of an open file, where it is known.
    fn text_of_file(&self, file: &Value) -> Option<Rc<str>> {
        let Value::Object(reference) = file else { return None };
        let path = reference.0.borrow().fields.get(PATH)?.known_text();
        self.passed.content(path.as_ref())?.text.clone()
    }

    fn json_value(&mut self, json: &Json, depth: usize) -> Value {
        match json {
            _ if depth > DEEPEST => Value::Unknown,
            Json::Null => Value::None,
            Json::Bool(value) => Value::Bool(Some(*value)),
            Json::Number(number) if number.is_f64() => Value::Float(number.as_f64().map(Interval::exact)),
            Json::Number(number) => Value::Int(number.as_f64().map(Interval::exact)),
            Json::String(text) => Value::text_of(text),
            Json::Array(parts) => {
                let all: Vec<Value> = parts.iter().map(|part| self.json_value(part, depth + 1)).collect();
                let item = super::expressions::joined(&all);
                self.list(item, Interval::exact(all.len() as f64), Some(all))
            }
            Json::Object(entries) => {
                let fields: Vec<(Rc<str>, Value)> = entries
                    .iter()
                    .map(|(key, part)| (Rc::from(key.as_str()), self.json_value(part, depth + 1)))
                    .collect();
                let all: Vec<Value> = fields.iter().map(|(_, value)| value.clone()).collect();
                let item = super::expressions::joined(&all);
                let made = self.dict(Value::text(Interval::exact(8.0)), item, Interval::exact(all.len() as f64));
                if let Value::Object(reference) = &made {
                    reference.0.borrow_mut().fields.extend(fields);
                }
                made
            }
        }
    }
}

/// Notes what a function stores into a module's container, which itself stays as it is.
pub(super) fn keep(frame: &mut Frame<'_>, container: &Reference, value: &Value) {
    let (frozen, serial) = (container.0.borrow().frozen, container.0.borrow().serial);
    if !frozen || value.is_unknown() {
        return;
    }
    match frame.kept.iter_mut().find(|(known, _)| *known == serial) {
        Some((_, before)) => *before = before.join(value),
        None => frame.kept.push((serial, value.clone())),
    }
}

/// What the same function has stored into a module's container: `CACHE[key] = make(key)`, then `return CACHE[key]`.
pub(super) fn kept(frame: &Frame<'_>, container: &Reference) -> Option<Value> {
    let serial = container.0.borrow().serial;
    frame.kept.iter().find(|(known, _)| *known == serial).map(|(_, value)| value.clone())
}

/// True for what tells a worker to end.
fn is_signal(value: &Value) -> bool {
    match value {
        Value::None => true,
        Value::Object(reference) => {
            matches!(&reference.0.borrow().kind, Kind::Library(class) if &**class == "builtins.object")
        }
        _ => false,
    }
}

/// The lines of so many bytes, where nothing tells how long they are.
fn lines_of(bytes: Interval) -> Interval {
    let of = |bytes: f64, line: f64| (bytes / line).max(1.0);
    Interval { low: of(bytes.low, LINE * 4.0), likely: of(bytes.likely, LINE), high: of(bytes.high, LINE / 4.0) }
}

/// The open file or the buffer that something is or writes to.
fn handle(reference: &Reference, depth: usize) -> Option<Reference> {
    let object = reference.0.borrow();
    if object.fields.contains_key(PATH) || object.fields.contains_key(BUFFER) {
        return Some(reference.clone());
    }
    if depth > 2 {
        return None;
    }
    object.fields.values().find_map(|value| match value {
        Value::Object(inner) if matches!(object.kind, Kind::Library(_)) => handle(inner, depth + 1),
        _ => None,
    })
}

/// The text of a short value in JSON, where all of it is known.
pub fn json_text(value: &Value) -> Option<Rc<str>> {
    let text = to_json(value, 0)?.to_string();
    (text.len() <= LONGEST_TEXT).then(|| Rc::from(text))
}

fn to_json(value: &Value, depth: usize) -> Option<Json> {
    if depth > DEEPEST {
        return None;
    }
    match value {
        Value::None => Some(Json::Null),
        Value::Bool(Some(value)) => Some(Json::Bool(*value)),
        Value::Int(Some(n)) if n.is_exact() => Some(Json::from(n.likely as i64)),
        Value::Float(Some(n)) if n.is_exact() => Some(Json::from(n.likely)),
        Value::Text(Some(text), _) => Some(Json::from(&**text)),
        Value::Tuple(parts) => parts.iter().map(|part| to_json(part, depth + 1)).collect(),
        Value::Object(reference) => {
            let object = reference.0.borrow();
            match object.kind {
                Kind::List => object.elements.as_ref()?.iter().map(|part| to_json(part, depth + 1)).collect(),
                Kind::Dict if object.length.is_exact() && object.length.likely == object.fields.len() as f64 => {
                    let entries =
                        object.fields.iter().map(|(key, part)| Some((key.to_string(), to_json(part, depth + 1)?)));
                    entries.collect::<Option<serde_json::Map<_, _>>>().map(Json::Object)
                }
                _ => None,
            }
        }
        _ => None,
    }
}
