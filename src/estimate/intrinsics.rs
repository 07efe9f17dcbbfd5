//! Behaviour that the knowledge base names and the machine implements: what depends on arguments' values.

use super::class::Ancestor;
use super::evidence::Trail;
use super::expressions::{CallSite, joined, literal_key};
use super::machine::{Frame, Machine};
use super::price;
use super::spawn::{Offer, field};
use super::value::{Arguments, Closure, Compiled, Kind, Lazy, Object, Partial, Value, union};
use crate::cost::{Cost, Interval};
use crate::facts::ir::{Expression, Operator, Statement};
use crate::id::{ExpressionId, NameId};
use crate::knowledge::schema::Vehicle;
use crate::knowledge::types::Entry;
use crate::text::Span;
use std::rc::Rc;
use std::sync::Arc;

/// How many methods a name that is put together may mean.
const MOST_METHODS: usize = 12;
/// How many parts of a text are told apart.
const MOST_PARTS: usize = 64;
/// The expression of what stands nowhere in the program's text.
const NOWHERE: ExpressionId = ExpressionId(u32::MAX);

/// Where a list that forgets its oldest elements notes how many it keeps.
const MOST: &str = "maxlen";

/// `deque(maxlen=100)` grows no further.
fn keep_to_most(object: &mut Object) {
    let Some(most) = object.fields.get(MOST).and_then(Value::number) else { return };
    let length = object.length;
    object.length = Interval {
        low: length.low.min(most.low),
        likely: length.likely.min(most.likely),
        high: length.high.min(most.high),
    };
}

/// How many elements a set gets by updates at most, as far as sizes are guessed.
const MOST_IN_SETS: f64 = 1e5;

impl<'p> Machine<'p> {
    /// Runs an intrinsic; nothing where the entry's plain cost and type say it all.
    #[expect(clippy::too_many_arguments, reason = "a call is all of these")]
    pub(super) fn intrinsic(
        &mut self,
        frame: &mut Frame<'p>,
        intrinsic: &str,
        entry: &Entry,
        name: &Arc<str>,
        receiver: Option<&Rc<Value>>,
        arguments: &Arguments,
        site: &CallSite<'_>,
    ) -> Option<Value> {
        let at = |index: usize| arguments.positional.get(index).cloned();
        let first = at(0);
        match intrinsic {
            "range" => {
                frame.tally.tick(60e-9);
                Some(range(&arguments.positional))
            }
            "iscoroutinefunction" => {
                frame.tally.tick(3e-7);
                self.is_coroutine_function(&first?).map(|is| Value::Bool(Some(is)))
            }
            "is_coroutine_function" => {
                // Only a decorator makes one.
                frame.tally.tick(3e-7);
                self.is_coroutine_function(&first?).map(|_| Value::Bool(Some(false)))
            }
            "len" => {
                frame.tally.tick(20e-9);
                let value = first?;
                Some(Value::Int(self.sized(&value)))
            }
            "enumerate" => {
                let source = first?;
                let count = self.length(&source);
                let item = Value::Tuple(Rc::from([
                    Value::Int(Some(Interval { low: 0.0, likely: count.likely / 2.0, high: count.high })),
                    self.element(&source),
                ]));
                Some(self.lazily(&[source], item, count, 25e-9))
            }
            "zip" | "zip_longest" => {
                let sources = arguments.positional.clone();
                if let (Some(rows), [row]) = (arguments.open_count, sources.as_slice()) {
                    // Python: columns = zip(*rows)
                    let (cell, count) = (self.element(row), self.length(row));
                    let column = self.list(cell, rows, None);
                    let seconds = 30e-9 + 10e-9 * rows.likely;
                    return Some(self.lazily(&sources, column, count, seconds));
                }
                let items: Vec<Value> = sources.iter().map(|s| self.element(s)).collect();
                let mut count: Option<Interval> = None;
                for source in &sources {
                    let length = self.length(source);
                    count = Some(match count {
                        Some(c) if (c.likely <= length.likely) == (intrinsic == "zip") => c,
                        _ => length,
                    });
                }
                let item = Value::Tuple(items.into());
                Some(self.lazily(&sources, item, count.unwrap_or(Interval::ZERO), 30e-9))
            }
            "map" | "starmap" => {
                let function = first?;
                let sources: Vec<Value> = arguments.positional.get(1..).unwrap_or_default().to_vec();
                let mut given: Vec<Value> = sources.iter().map(|s| self.element(s)).collect();
                if intrinsic == "starmap"
                    && let Some(item) = given.first().cloned()
                {
                    given = self.known_elements(&item).unwrap_or_else(|| vec![Value::Unknown]);
                }
                let count = sources.first().map_or(Interval::ZERO, |s| self.length(s));
                let (result, cost, trail) = self.aside_call(frame, &function, Arguments::of(given), site);
                Some(self.lazily_with(&sources, result, count, 15e-9, cost, &trail))
            }
            "filter" | "takewhile" | "dropwhile" => {
                let function = first?;
                let source = at(1)?;
                let item = self.element(&source);
                let count = self.length(&source);
                let (cost, trail) = if matches!(function, Value::None) {
                    (Cost::ZERO, Trail::default())
                } else {
                    let (_, cost, trail) = self.aside_call(frame, &function, Arguments::of(vec![item.clone()]), site);
                    (cost, trail)
                };
                let kept = Interval { low: 0.0, likely: count.likely * 0.5, high: count.high };
                // Each element that comes out has two looked at.
                Some(self.lazily_with(&[source], item, kept, 30e-9, cost.times(Interval::exact(2.0)), &trail))
            }
            // Python: accumulate(moves, step, initial=0)
            "accumulate"
                if at(1)
                    .or_else(|| arguments.keyword("func").cloned())
                    .is_some_and(|it| !matches!(it, Value::None)) =>
            {
                let (source, function) = (first?, at(1).or_else(|| arguments.keyword("func").cloned())?);
                let count = self.length(&source);
                let item = self.element(&source);
                let before = arguments.keyword("initial").cloned().unwrap_or_else(|| item.clone());
                let given = Arguments::of(vec![super::statements::widened(&before), item]);
                let (result, cost, trail) = self.aside_call(frame, &function, given, site);
                Some(self.lazily_with(&[source], result, count, 30e-9, cost, &trail))
            }
            "reversed" | "iter" if arguments.positional.len() == 1 => {
                let source = first?;
                if matches!(source, Value::Unknown) {
                    return Some(Value::Unknown);
                }
                let item = self.element(&source);
                let count = self.length(&source);
                Some(self.lazily(&[source], item, count, 5e-9))
            }
            // Python: iter(inbox.get, None)
            "iter" if arguments.positional.len() == 2 => {
                let callable = first?;
                let pending = frame.pending.len();
                let saved = std::mem::take(&mut frame.tally);
                let item = self.call(frame, &callable, Arguments::default(), site);
                let turn = std::mem::replace(&mut frame.tally, saved);
                frame.pending.truncate(pending);
                Some(Value::Iterator(Rc::new(Lazy {
                    item,
                    count: price::unknown_count(),
                    guessed: true,
                    step: turn.cost,
                    trail: turn.trail,
                    is_async: false,
                    context: false,
                })))
            }
            "sorted" | "list" | "tuple" | "set" | "frozenset" => {
                if !arguments.positional.is_empty() || intrinsic == "sorted" {
                    self.call_entry(frame, entry, name, None, receiver, arguments, site);
                }
                let (item, length, known) = match &first {
                    Some(source) => {
                        let known = self.known_elements(source).filter(|_| intrinsic == "list" || intrinsic == "tuple");
                        (self.element(source), self.length(source), known)
                    }
                    None => (Value::Unknown, Interval::ZERO, None),
                };
                let value = match intrinsic {
                    "set" | "frozenset" => {
                        let high = length.high;
                        self.set(item, Interval { low: length.low * 0.5, likely: length.likely * 0.8, high })
                    }
                    "tuple" if known.is_some() => Value::Tuple(known.unwrap_or_default().into()),
                    _ => self.list(item, length, known),
                };
                self.weigh(frame, &value);
                Some(value)
            }
            "dict" | "OrderedDict" | "defaultdict" | "Counter" => {
                self.call_entry(frame, entry, name, None, receiver, arguments, site);
                let source = if intrinsic == "defaultdict" { at(1) } else { first.clone() };
                let (mut key, mut item, mut length) = (Value::Unknown, Value::Unknown, Interval::ZERO);
                if let Some(source) = &source {
                    length = self.length(source);
                    if intrinsic == "Counter" {
                        key = self.element(source);
                        item = Value::Int(Some(Interval { low: 1.0, likely: 5.0, high: 1e6 }));
                        length = Interval { low: 1.0, likely: length.likely.sqrt().max(1.0), high: length.high };
                    } else if is_dict(source) {
                        key = self.element(source);
                        item = self.element_value(source);
                    } else {
                        let pair = self.element(source);
                        key = self.unpacked(&pair, 0, Some(2));
                        item = self.unpacked(&pair, 1, Some(2));
                    }
                }
                if intrinsic == "defaultdict"
                    && let Some(factory) = &first
                    && source.is_none()
                {
                    item = match factory {
                        // What is made empty.
                        Value::Library(class)
                            if matches!(
                                &**class,
                                "builtins.list" | "builtins.dict" | "builtins.set" | "collections.deque"
                            ) =>
                        {
                            let (value, _, _) = self.aside_call(frame, factory, Arguments::default(), site);
                            value
                        }
                        Value::Library(class) => self.library_instance(class),
                        Value::Function(_) => {
                            let (value, _, _) = self.aside_call(frame, factory, Arguments::default(), site);
                            value
                        }
                        _ => Value::Unknown,
                    };
                }
                let dict = self.dict(key, item, length.plus(Interval::exact(arguments.keywords.len() as f64)));
                if let Value::Object(reference) = &dict
                    && intrinsic == "dict"
                {
                    let mut object = reference.0.borrow_mut();
                    if let Some(Value::Object(from)) = &first {
                        object.fields = from.0.borrow().fields.clone();
                    }
                    object.fields.extend(arguments.keywords.iter().cloned());
                    let values: Vec<Value> = arguments.keywords.iter().map(|(_, v)| v.clone()).collect();
                    if !values.is_empty() {
                        object.item =
                            if length.high == 0.0 { joined(&values) } else { object.item.join(&joined(&values)) };
                        object.key = Value::text(price::name_length());
                    }
                }
                self.weigh(frame, &dict);
                Some(dict)
            }
            "deque" => {
                self.call_entry(frame, entry, name, None, receiver, arguments, site);
                let (item, length) = match &first {
                    Some(source) => (self.element(source), self.length(source)),
                    None => (Value::Unknown, Interval::ZERO),
                };
                let value = self.list(item, length, None);
                self.weigh(frame, &value);
                let most = at(1).or_else(|| arguments.keyword("maxlen").cloned());
                if let (Some(most @ Value::Int(Some(_))), Value::Object(reference)) = (most, &value) {
                    let mut object = reference.0.borrow_mut();
                    object.fields.insert(Rc::from(MOST), most);
                    keep_to_most(&mut object);
                }
                Some(value)
            }
            // Python: "".join(f"<li>{item}</li>" for item in items)
            "str.join" => {
                let source = first?;
                let Value::Text(_, mut each) = self.element(&source) else { return None };
                let between = match receiver.map(|it| &**it) {
                    // How many lines there are is presumed by the length, so that a line is as long as usual at least.
                    Some(Value::Text(text, between)) if text.as_deref() != Some("\n") || each.likely >= 10.0 => {
                        *between
                    }
                    _ => return None,
                };
                // Short ones and long ones make up for each other.
                if each.high <= each.low * 10.0 {
                    each = Interval { low: each.likely / 1.2, likely: each.likely, high: each.likely * 1.2 };
                }
                let length = self.length(&source).times(each.plus(between));
                self.call_entry(frame, entry, name, None, receiver, arguments, site);
                Some(Value::text(length))
            }
            // Python: WORDS = "or argent azure".split()
            "str.split" | "str.splitlines" => {
                let text = receiver?.known_text()?;
                let parts: Vec<Value> = match (intrinsic, &*arguments.positional) {
                    _ if !arguments.keywords.is_empty() => return None,
                    ("str.split", []) => text.split_whitespace().map(Value::text_of).collect(),
                    ("str.splitlines", []) => text.lines().map(Value::text_of).collect(),
                    ("str.split", [by]) => {
                        let by = by.known_text().filter(|by| !by.is_empty())?;
                        text.split(&*by).map(Value::text_of).collect()
                    }
                    _ => return None,
                };
                self.call_entry(frame, entry, name, None, receiver, arguments, site);
                let item = if parts.is_empty() { Value::Unknown } else { joined(&parts) };
                let length = Interval::exact(parts.len() as f64);
                Some(self.list(item, length, (parts.len() <= MOST_PARTS).then_some(parts)))
            }
            "dict.keys" | "dict.values" | "dict.items" => {
                let owner = receiver?;
                frame.tally.tick(40e-9);
                let count = self.length(owner);
                let key = self.element(owner);
                let values = self.element_value(owner);
                let item = match intrinsic {
                    "dict.keys" => key,
                    "dict.values" => self.dict_values(owner).unwrap_or(values),
                    _ => Value::Tuple(Rc::from([key, self.dict_values(owner).unwrap_or(values)])),
                };
                Some(super::class::plain_iterator(item, count))
            }
            "dict.get" | "dict.pop" | "dict.setdefault" => {
                let owner = receiver?;
                frame.tally.tick(45e-9);
                let Value::Object(reference) = &**owner else { return Some(Value::Unknown) };
                if intrinsic == "dict.setdefault"
                    && let (Some(key), Some(value)) = (&first, at(1))
                {
                    let (owner, key) = ((**owner).clone(), key.clone());
                    self.set_item(frame, &owner, &key, value);
                }
                let (known, item, is_empty) = {
                    let object = reference.0.borrow();
                    let known = first.as_ref().and_then(literal_key).and_then(|key| object.fields.get(&key).cloned());
                    (known, object.item.clone(), object.length.high == 0.0)
                };
                let default = at(1);
                Some(match (known, default) {
                    (Some(value), _) => value,
                    (None, Some(default)) if is_empty => default,
                    (None, Some(default)) if item.is_unknown() => match default {
                        Value::Int(_) | Value::Float(_) | Value::Text(..) => super::statements::widened(&default),
                        // Python: table = tables.setdefault(name, Table(name))
                        Value::Object(ref made)
                            if intrinsic == "dict.setdefault"
                                && matches!(made.0.borrow().kind, Kind::Instance { .. } | Kind::Library(_)) =>
                        {
                            default.clone()
                        }
                        _ => Value::Unknown,
                    },
                    (None, Some(default)) => item.join(&default),
                    (None, None) => item,
                })
            }
            "dict.update" => {
                let owner = receiver?;
                self.call_entry(frame, entry, name, None, receiver, arguments, site);
                let Value::Object(reference) = &**owner else { return Some(Value::None) };
                let is_certain = frame.branches == 0;
                let keep = |object: &mut Object, entries: Vec<(Rc<str>, Value)>| {
                    for (key, value) in entries {
                        let value = match object.fields.get(&key) {
                            Some(before) if !is_certain => before.join(&value),
                            _ => value,
                        };
                        object.fields.insert(key, value);
                    }
                };
                if let Some(source) = first {
                    let (item, length) = (self.element_value(&source), self.length(&source));
                    let entries = match &source {
                        Value::Object(from) if is_dict(&source) => {
                            from.0.borrow().fields.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
                        }
                        _ => Vec::new(),
                    };
                    self.change(reference, |object| {
                        object.item = if object.length.high == 0.0 { item } else { object.item.join(&item) };
                        object.length = object.length.plus(length);
                        keep(object, entries);
                    });
                }
                if !arguments.keywords.is_empty() {
                    let values: Vec<Value> = arguments.keywords.iter().map(|(_, value)| value.clone()).collect();
                    let (item, count) = (joined(&values), Interval::exact(values.len() as f64));
                    self.change(reference, |object| {
                        object.item = if object.length.high == 0.0 { item } else { object.item.join(&item) };
                        object.length = object.length.plus(count);
                        keep(object, arguments.keywords.clone());
                    });
                }
                Some(Value::None)
            }
            "list.append" | "list.insert" | "set.add" => {
                let owner = receiver?;
                frame.tally.tick(25e-9);
                let value = if intrinsic == "list.insert" { at(1) } else { first }?;
                let Value::Object(reference) = &**owner else { return Some(Value::None) };
                let times = self.relative_scale(frame, reference);
                let share = if frame.branches > 0 { 0.5 } else { 1.0 };
                let unique = if intrinsic == "set.add" { 0.7 } else { 1.0 };
                let more = self.added(frame, reference, Interval::exact(share * unique));
                self.change(reference, |object| {
                    object.item = if object.length.high == 0.0 { value.clone() } else { object.item.join(&value) };
                    if times <= 1.0 && share == 1.0 {
                        object.length = object.length.plus(Interval::ONE);
                        match &mut object.elements {
                            Some(all) if all.len() < 12 => all.push(value),
                            _ => object.elements = None,
                        }
                    } else {
                        object.elements = None;
                        object.length = object.length.plus(Interval {
                            low: more.low.min(more.likely / 10.0),
                            likely: more.likely,
                            high: more.high.max(more.likely * 10.0),
                        });
                    }
                    keep_to_most(object);
                });
                Some(Value::None)
            }
            "list.extend" | "set.update" => {
                let owner = receiver?;
                self.call_entry(frame, entry, name, None, receiver, arguments, site);
                let source = first?;
                let Value::Object(reference) = &**owner else { return Some(Value::None) };
                let (item, more) = (self.element(&source), self.length(&source));
                // As for `set.add`: some are in it already.
                let more = if intrinsic == "set.update" { more.scaled(0.7) } else { more };
                let more = self.added(frame, reference, more);
                // What sets are filled with from each other is the same over and over.
                let more = if intrinsic == "set.update" {
                    Interval { low: more.low.min(MOST_IN_SETS), likely: more.likely.min(MOST_IN_SETS), high: more.high }
                } else {
                    more
                };
                self.change(reference, |object| {
                    object.item = if object.length.high == 0.0 { item } else { object.item.join(&item) };
                    object.length = object.length.plus(more);
                    object.elements = None;
                    keep_to_most(object);
                });
                Some(Value::None)
            }
            "next" => {
                let source = first?;
                if let Some((cost, trail)) = self.step_cost(&source) {
                    self.consume_some(frame, &cost, &trail, Interval::ONE);
                }
                frame.tally.tick(30e-9);
                Some(self.element(&source))
            }
            "sum" | "min" | "max" | "any" | "all" => {
                let several = arguments.positional.len() > 1 && matches!(intrinsic, "min" | "max");
                if several {
                    frame.tally.tick(60e-9);
                    return Some(least_or_most(&arguments.positional, intrinsic));
                }
                self.call_entry(frame, entry, name, None, receiver, arguments, site);
                let source = first?;
                let item = self.element(&source);
                if intrinsic == "sum"
                    && let Value::Object(reference) = &item
                    && matches!(reference.0.borrow().kind, Kind::Library(_) | Kind::Instance { .. })
                {
                    // Arrays are added one by one.
                    let saved = std::mem::take(&mut frame.tally);
                    let sum = self.binary(frame, Operator::Add, &item, &item);
                    let one = std::mem::replace(&mut frame.tally, saved);
                    let count = self.length(&source);
                    frame.tally.repeat(&one, count);
                    return Some(sum);
                }
                Some(match intrinsic {
                    "any" | "all" => Value::Bool(None),
                    "sum" => match item {
                        Value::Int(n) => Value::Int(n.map(|n| n.times(self.length(&source)))),
                        Value::Float(_) | Value::Unknown => Value::Float(None),
                        other => other,
                    },
                    _ => item,
                })
            }
            "random.random" | "random.uniform" | "random.randint" | "random.randrange" => {
                let plain = self.call_entry(frame, entry, name, None, receiver, arguments, site);
                let drawn = drawn(intrinsic, first.as_ref(), at(1).as_ref());
                Some(match plain {
                    Value::Int(_) => Value::Int(drawn.map(whole)),
                    _ => Value::Float(drawn),
                })
            }
            "abs" | "round" | "pow" | "int" | "float" | "bool" => {
                frame.tally.tick(50e-9);
                let value = first.unwrap_or(Value::Int(Some(Interval::ZERO)));
                Some(numeric(intrinsic, &value, at(1).as_ref()))
            }
            "str" | "bytes" | "bytearray" => {
                frame.tally.tick(100e-9);
                Some(match (intrinsic, &first) {
                    ("str", Some(Value::Text(text, n))) => Value::Text(text.clone(), *n),
                    ("str", Some(Value::Bytes(n))) => Value::text(*n),
                    ("str", Some(Value::Object(reference)))
                        if matches!(reference.0.borrow().kind, Kind::List | Kind::Dict | Kind::Set) =>
                    {
                        let n = first.as_ref().map_or(Interval::ZERO, |v| self.length(v));
                        frame.tally.cost.atomic = frame.tally.cost.atomic.plus(n.scaled(200e-9));
                        Value::text(n.scaled(8.0))
                    }
                    ("str", _) => Value::text(price::name_length()),
                    (_, Some(Value::Int(Some(n)))) => Value::Bytes(*n),
                    (_, Some(Value::Int(None))) => Value::Bytes(price::bytes_length()),
                    (_, Some(source)) => {
                        self.consume(frame, source);
                        Value::Bytes(self.length(source))
                    }
                    (_, None) => Value::Bytes(Interval::ZERO),
                })
            }
            "isinstance" | "issubclass" => {
                frame.tally.tick(45e-9);
                Some(Value::Bool(self.is_instance(first.as_ref()?, at(1).as_ref()?)))
            }
            "getattr" => {
                frame.tally.tick(50e-9);
                let owner = first?;
                match at(1).and_then(|n| n.known_text()) {
                    Some(text) => Some(self.attribute(frame, &owner, &text, site.place)),
                    None => Some(self.attributes_by_prefix(frame, &owner, at(2), site)),
                }
            }
            "setattr" => {
                if let (Some(owner), Some(text), Some(value)) = (first, at(1).and_then(|n| n.known_text()), at(2)) {
                    self.set_attribute(frame, &owner, &text, value);
                }
                Some(Value::None)
            }
            "type" => match first? {
                Value::Object(reference) => match &reference.0.borrow().kind {
                    Kind::Instance { class, .. } => Some(Value::Class(class.clone())),
                    Kind::Library(class) => Some(Value::Library(class.clone())),
                    _ => Some(Value::Unknown),
                },
                _ => Some(Value::Unknown),
            },
            "super" => Some(self.super_value(frame)),
            "namedtuple.replace" => self.replaced(receiver?, arguments),
            "partial" | "partialmethod" => {
                let callable = first?;
                Some(Value::Partial(Rc::new(Partial {
                    callable,
                    positional: arguments.positional.get(1..).unwrap_or_default().to_vec(),
                    keywords: arguments.keywords.clone(),
                    binds: false,
                })))
            }
            "joblib.delayed" => {
                let callable = first?;
                Some(Value::Partial(Rc::new(Partial {
                    callable,
                    positional: Vec::new(),
                    keywords: Vec::new(),
                    binds: true,
                })))
            }
            "joblib.Parallel" => self.joblib(frame, name, receiver, arguments, site),
            "reduce" => {
                let function = first?;
                let source = at(1)?;
                let item = self.element(&source);
                let count = self.length(&source);
                self.consume(frame, &source);
                let (result, cost, trail) =
                    self.aside_call(frame, &function, Arguments::of(vec![item.clone(), item]), site);
                let mut whole = Trail::default();
                whole.extend(&trail, count.likely, None);
                self.charge_entry(frame, &cost.times(count), &whole, name, site.place);
                Some(result)
            }
            "islice" => {
                let source = first?;
                let stop = match arguments.positional.len() {
                    0 | 1 => None,
                    2 => at(1).and_then(|v| v.number()),
                    _ => match (at(1).and_then(|v| v.number()), at(2).and_then(|v| v.number())) {
                        (Some(a), Some(b)) => Some(Interval::exact((b.likely - a.likely).max(0.0))),
                        _ => None,
                    },
                };
                let whole = self.length(&source);
                let count = match stop {
                    Some(stop) if stop.likely < whole.likely => stop,
                    _ => whole,
                };
                let item = self.element(&source);
                Some(self.lazily(&[source], item, count, 10e-9))
            }
            "chain" | "chain.from_iterable" => {
                let sources: Vec<Value> = if intrinsic == "chain" {
                    arguments.positional.clone()
                } else {
                    let outer = first?;
                    let inner = self.element(&outer);
                    let times = self.length(&outer);
                    let count = self.length(&inner).times(times);
                    let item = self.element(&inner);
                    return Some(self.lazily(&[outer, inner], item, count, 10e-9));
                };
                let mut count = Interval::ZERO;
                let mut items = Vec::new();
                for source in &sources {
                    count = count.plus(self.length(source));
                    items.push(self.element(source));
                }
                Some(self.lazily(&sources, joined(&items), count, 10e-9))
            }
            "repeat" | "cycle" | "count" => {
                let item = match intrinsic {
                    "cycle" => first.map_or(Value::Unknown, |f| self.element(&f)),
                    "count" => Value::Int(None),
                    _ => first.unwrap_or(Value::Unknown),
                };
                let count = match (intrinsic, at(1).and_then(|v| v.number())) {
                    ("repeat", Some(n)) => n,
                    _ => Interval { low: 1e6, likely: 1e9, high: 1e12 },
                };
                Some(super::class::plain_iterator(item, count))
            }
            "product" | "permutations" | "combinations" | "combinations_with_replacement" => {
                Some(self.combinatoric(intrinsic, arguments))
            }
            "accumulate" | "pairwise" | "groupby" | "batched" | "tee" => {
                let source = first?;
                let count = self.length(&source);
                let item = self.element(&source);
                let (item, count) = match intrinsic {
                    "pairwise" => (Value::Tuple(Rc::from([item.clone(), item])), count),
                    "groupby" => {
                        let groups = Interval { low: 1.0, likely: (count.likely / 4.0).max(1.0), high: count.high };
                        let inner = super::class::plain_iterator(item.clone(), count.scaled(1.0 / groups.likely));
                        (Value::Tuple(Rc::from([item, inner])), groups)
                    }
                    "batched" => {
                        let size = at(1).and_then(|v| v.number()).unwrap_or_else(price::few).likely.max(1.0);
                        let batch = self.list(item, Interval::exact(size), None);
                        (batch, count.scaled(1.0 / size))
                    }
                    _ => (item, count),
                };
                Some(self.lazily(&[source], item, count, 30e-9))
            }
            "tqdm" => {
                let source = first.or_else(|| arguments.keyword("iterable").cloned())?;
                let item = self.element(&source);
                let count = self.length(&source);
                Some(self.lazily(&[source], item, count, 60e-9))
            }
            "gather" => {
                let results: Vec<Value> = arguments.positional.iter().map(Self::coroutine_result).collect();
                for value in &arguments.positional {
                    if matches!(value, Value::Iterator(_)) {
                        self.consume(frame, value);
                    }
                }
                let item = joined(&results);
                let length =
                    if arguments.open { price::unknown_count() } else { Interval::exact(results.len() as f64) };
                let known = (!arguments.open).then_some(results);
                let list = self.list(item, length, known);
                Some(Value::Future(Rc::new(list)))
            }
            "contextmanager"
            | "asynccontextmanager"
            | "wraps"
            | "lru_cache"
            | "cache"
            | "singledispatch"
            | "staticmethod"
            | "classmethod"
            | "property"
            | "cached_property"
            | "jit"
            | "vectorize"
            | "dataclass"
            | "update_wrapper" => {
                let function = match first {
                    Some(function @ (Value::Function(_) | Value::Method(..) | Value::Class(_) | Value::Partial(_))) => {
                        function
                    }
                    _ => {
                        // Called with options: what comes back decorates.
                        if matches!(intrinsic, "jit") {
                            let releasing = arguments.keyword("nogil").is_some_and(|v| v.truth() == Some(true))
                                || arguments.keyword("parallel").is_some_and(|v| v.truth() == Some(true));
                            let marker = if releasing { "jit.nogil" } else { "jit.hold" };
                            return Some(Value::Partial(Rc::new(Partial {
                                callable: Value::Library(Arc::from(format!("{name}"))),
                                positional: Vec::new(),
                                keywords: vec![(Rc::from("nogil"), Value::Bool(Some(marker == "jit.nogil")))],
                                binds: false,
                            })));
                        }
                        return Some(Value::Identity);
                    }
                };
                if intrinsic == "wraps" {
                    return Some(Value::Identity);
                }
                Some(self.decorate(intrinsic, function, arguments))
            }
            "closing" | "aclosing" | "nullcontext" | "enter_context" | "enter_async_context" => {
                let value = first.unwrap_or(Value::None);
                Some(match &value {
                    // How much of a generator's work comes before its `yield` is not known; the rest comes when the
                    // stack is left.
                    Value::Iterator(lazy) if lazy.context && intrinsic.starts_with("enter") => lazy.item.clone(),
                    _ if intrinsic.starts_with("enter") => self.entered(frame, &value, false),
                    _ => value,
                })
            }
            "itemgetter" | "attrgetter" | "methodcaller" => {
                // Called with an object, it has what it was made with before it.
                frame.tally.tick(2e-7);
                Some(Value::Partial(Rc::new(Partial {
                    callable: Value::Library(Arc::from(format!("{name}.__call__"))),
                    positional: arguments.positional.clone(),
                    keywords: arguments.keywords.clone(),
                    binds: false,
                })))
            }
            "itemgetter.call" | "attrgetter.call" => {
                frame.tally.tick(entry.seconds);
                let (owner, wanted) = arguments.positional.split_last()?;
                let mut parts = Vec::new();
                for what in wanted {
                    parts.push(match (intrinsic, what.known_text()) {
                        ("itemgetter.call", _) => self.subscript(frame, owner, NOWHERE, what),
                        (_, Some(path)) => {
                            let mut value = owner.clone();
                            for attribute in path.split('.') {
                                value = self.attribute(frame, &value, attribute, site.place);
                            }
                            value
                        }
                        (_, None) => Value::Unknown,
                    });
                }
                Some(if parts.len() == 1 { parts.swap_remove(0) } else { Value::Tuple(parts.into()) })
            }
            "methodcaller.call" => {
                frame.tally.tick(entry.seconds);
                let (owner, given) = arguments.positional.split_last()?;
                let (method, bound) = given.split_first()?;
                let method = self.attribute(frame, owner, &method.known_text()?, site.place);
                let given = Arguments { keywords: arguments.keywords.clone(), ..Arguments::of(bound.to_vec()) };
                Some(self.call(frame, &method, given, site))
            }
            _ => None,
        }
    }

    /// What a hand-over's target runs: `methodcaller("total")` with an object runs the object's method.
    pub(super) fn target_of(
        &mut self,
        frame: &mut Frame<'p>,
        target: &Value,
        arguments: Arguments,
        place: Span,
    ) -> (Value, Arguments) {
        if let Value::Partial(partial) = target
            && matches!(&partial.callable, Value::Library(name) if &**name == "operator.methodcaller.__call__")
            && let Some((method, bound)) = partial.positional.split_first()
            && let (Some(method), [owner]) = (method.known_text(), arguments.positional.as_slice())
        {
            let method = self.attribute(frame, owner, &method, place);
            if !method.is_unknown() {
                let given = Arguments { keywords: partial.keywords.clone(), ..Arguments::of(bound.to_vec()) };
                return (method, given);
            }
        }
        (target.clone(), arguments)
    }

    /// What a decorator of known behaviour makes of a function.
    pub(super) fn decorate(&mut self, intrinsic: &str, function: Value, arguments: &Arguments) -> Value {
        let Value::Function(closure) = &function else { return function };
        match intrinsic {
            "contextmanager" | "asynccontextmanager" => Value::Function(Rc::new(Closure {
                file: closure.file,
                function: closure.function,
                environment: closure.environment.clone(),
                owner: closure.owner.clone(),
                context: true,
                compiled: closure.compiled,
            })),
            "jit" => {
                let releasing = arguments.keyword("nogil").is_some_and(|v| v.truth() == Some(true));
                Value::Function(Rc::new(Closure {
                    file: closure.file,
                    function: closure.function,
                    environment: closure.environment.clone(),
                    owner: closure.owner.clone(),
                    context: false,
                    compiled: Some(if releasing { Compiled::Releasing } else { Compiled::Holding }),
                }))
            }
            _ => function,
        }
    }

    /// Calls a function without charging the frame: result, cost, reasons.
    /// Whether a function is an `async def`, where that can be told.
    fn is_coroutine_function(&self, function: &Value) -> Option<bool> {
        match function {
            Value::Function(closure) | Value::Method(_, closure) => {
                let facts = &self.project.parsed(closure.file).facts;
                let definition = facts.functions.get(closure.function.index())?;
                Some(definition.is_async && !definition.is_generator)
            }
            Value::Partial(partial) if !partial.binds => self.is_coroutine_function(&partial.callable),
            Value::Class(_) => Some(false),
            _ => None,
        }
    }

    fn aside_call(
        &mut self,
        frame: &mut Frame<'p>,
        function: &Value,
        arguments: Arguments,
        site: &CallSite<'_>,
    ) -> (Value, Cost, Trail) {
        let saved = std::mem::take(&mut frame.tally);
        let pending = frame.pending.len();
        let is_async = std::mem::replace(&mut frame.is_async, false);
        let inner = CallSite { id: NOWHERE, place: site.place, method: None, receiver: None };
        let result = self.call(frame, function, arguments, &inner);
        frame.is_async = is_async;
        frame.pending.truncate(pending);
        let tally = std::mem::replace(&mut frame.tally, saved);
        for &(index, count) in &tally.recursions {
            frame.tally.recurse(index, count);
        }
        (result, tally.cost, tally.trail)
    }

    /// An iterator over other iterables: each step takes one of theirs.
    fn lazily(&mut self, sources: &[Value], item: Value, count: Interval, seconds: f64) -> Value {
        self.lazily_with(sources, item, count, seconds, Cost::ZERO, &Trail::default())
    }

    fn lazily_with(
        &mut self,
        sources: &[Value],
        item: Value,
        count: Interval,
        seconds: f64,
        cost: Cost,
        trail: &Trail,
    ) -> Value {
        let mut step = cost;
        step.bytecode = step.bytecode.plus(Interval::guess(seconds, price::DOUBT));
        let mut reasons = trail.clone();
        let mut is_async = false;
        for source in sources {
            if let Some((more, why)) = self.step_cost(source) {
                step = step.plus(more);
                reasons.extend(&why, 1.0, None);
            }
            is_async |= matches!(source, Value::Iterator(lazy) if lazy.is_async);
        }
        Value::Iterator(Rc::new(Lazy {
            item,
            count,
            guessed: !count.is_exact(),
            step,
            trail: reasons,
            is_async,
            context: false,
        }))
    }

    /// A dict's values, entry by entry where they are literal.
    fn dict_values(&mut self, owner: &Value) -> Option<Value> {
        let Value::Object(reference) = owner else { return None };
        let object = reference.0.borrow();
        if !matches!(object.kind, Kind::Dict) || object.fields.is_empty() {
            return None;
        }
        let all: Vec<Value> = object.fields.values().cloned().collect();
        Some(joined(&all).join(&object.item))
    }

    fn sized(&mut self, value: &Value) -> Option<Interval> {
        match value {
            Value::Unknown => None,
            _ => Some(self.length(value)),
        }
    }

    /// One of the methods that a name put together can mean, by what it begins with, or the default.
    ///
    /// Python: `getattr(self, f"do_{command}")`
    fn attributes_by_prefix(
        &mut self,
        frame: &mut Frame<'p>,
        owner: &Value,
        default: Option<Value>,
        site: &CallSite<'_>,
    ) -> Value {
        let Some(Expression::Call { arguments, .. }) = frame.facts.expressions.get(site.id.index()) else {
            return Value::Unknown;
        };
        let Some(prefix) = arguments.get(1).and_then(|name| self.prefix(frame, name.value)) else {
            return Value::Unknown;
        };
        let Value::Object(reference) = owner else { return Value::Unknown };
        let Kind::Instance { class, .. } = reference.0.borrow().kind.clone() else { return Value::Unknown };
        let names = self.methods_that_begin(&class, &prefix);
        let mut all: Vec<Value> = names.iter().map(|name| self.attribute(frame, owner, name, site.place)).collect();
        all.extend(default.filter(|it| !matches!(it, Value::None | Value::Unknown)));
        if all.is_empty() || all.len() > MOST_METHODS { Value::Unknown } else { union(&all) }
    }

    /// What a string that is put together begins with.
    fn prefix(&mut self, frame: &mut Frame<'p>, expression: ExpressionId) -> Option<String> {
        let first = match frame.facts.expressions.get(expression.index())? {
            Expression::Binary { operator: Operator::Add, left, .. } => {
                self.peek(frame, *left).known_text()?.to_string()
            }
            Expression::Binary { operator: Operator::Modulo, left, .. } => {
                self.peek(frame, *left).known_text()?.split('%').next()?.to_owned()
            }
            Expression::FormatString { prefix, .. } => self.name(frame.file, (*prefix)?).to_owned(),
            Expression::Name(name) => {
                let value = assigned_once(frame, *name)?;
                let is_name = matches!(frame.facts.expressions.get(value.index()), Some(Expression::Name(_)));
                return if is_name { None } else { self.prefix(frame, value) };
            }
            _ => return None,
        };
        // Of what begins with a letter or two, too much is meant.
        Some(first).filter(|it| it.len() > 2)
    }

    /// Like [`Machine::is_instance`], of instances too, which an annotation may tell of: good for choosing among several.
    pub(super) fn is_kind_of(&mut self, value: &Value, class: &Value) -> Option<bool> {
        if let Value::Tuple(parts) | Value::Union(parts) = class {
            let all: Vec<Option<bool>> = parts.iter().map(|part| self.is_kind_of(value, part)).collect();
            return if all.contains(&Some(true)) {
                Some(true)
            } else {
                all.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
            };
        }
        let is_instance = match value {
            Value::Object(reference) => {
                matches!(reference.0.borrow().kind, Kind::Instance { .. } | Kind::Library(_))
            }
            _ => false,
        };
        if matches!(value, Value::None) {
            return Some(false);
        }
        if !is_instance {
            let is_builtin = matches!(
                value,
                Value::Object(_)
                    | Value::Text(..)
                    | Value::Bytes(_)
                    | Value::Int(_)
                    | Value::Float(_)
                    | Value::Tuple(_)
            );
            return match class {
                // Nothing of a library is among the bases, so no text or number.
                Value::Class(class) if is_builtin => {
                    let order = self.order(class);
                    order.iter().all(|it| matches!(it, Ancestor::Project(_))).then_some(false)
                }
                _ => self.is_instance(value, class),
            };
        }
        if self.descends_from(value, class)? {
            return Some(true);
        }
        // Who is said to be a client may be one of a derived class.
        let other = self.instance_of(class)?;
        let own = match value {
            Value::Object(reference) => match &reference.0.borrow().kind {
                Kind::Instance { class, .. } => Value::Class(class.clone()),
                Kind::Library(name) => Value::Library(name.clone()),
                Kind::List | Kind::Set | Kind::Dict => return None,
            },
            _ => return None,
        };
        if self.descends_from(&other, &own)? { None } else { Some(false) }
    }

    fn is_instance(&mut self, value: &Value, class: &Value) -> Option<bool> {
        if let Value::Tuple(parts) = class {
            let parts = parts.clone();
            let mut all = Some(false);
            for part in parts.iter() {
                match self.is_instance(value, part) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => all = None,
                }
            }
            return all;
        }
        let builtin = match value {
            Value::Text(..) => "str",
            Value::Bytes(_) => return None,
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Tuple(_) => "tuple",
            Value::Object(reference) => match &reference.0.borrow().kind {
                Kind::List => "list",
                Kind::Dict => "dict",
                Kind::Set => "set",
                Kind::Instance { .. } | Kind::Library(_) => return None,
            },
            _ => return None,
        };
        match class {
            Value::Library(name) => match name.strip_prefix("builtins.") {
                Some("bool") => None,
                Some(other @ ("str" | "int" | "float" | "tuple" | "list" | "dict" | "set" | "bytes")) => {
                    Some(other == builtin)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn combinatoric(&mut self, intrinsic: &str, arguments: &Arguments) -> Value {
        let pool = arguments.positional.first().cloned().unwrap_or(Value::Unknown);
        let n = self.length(&pool);
        let number = |index: usize, name: &str| {
            arguments
                .keyword(name)
                .or_else(|| arguments.positional.get(index))
                .and_then(Value::number)
                .map(|n| n.likely)
        };
        let item = self.element(&pool);
        if intrinsic == "product" {
            let mut count = Interval::ONE;
            let mut items = Vec::new();
            for source in &arguments.positional {
                count = count.times(self.length(source));
                items.push(self.element(source));
            }
            if let (Some(sources), [item]) = (arguments.open_count, arguments.positional.as_slice()) {
                // `product(*lists)`: as many sources as there are lists.
                let each = self.length(item);
                let power = |n: f64, times: f64| n.powf(times.min(40.0)).min(1e15);
                count = Interval {
                    low: power(each.low, sources.low),
                    likely: power(each.likely, sources.likely),
                    high: power(each.high, sources.high),
                };
                let part = self.element(item);
                let one = self.list(part, sources, None);
                return self.lazily(&[], one, count, 60e-9);
            }
            if let Some(repeat) = number(usize::MAX, "repeat") {
                let power = |x: f64| x.powf(repeat).min(1e15);
                count = Interval { low: power(count.low), likely: power(count.likely), high: power(count.high) };
                let times = (repeat as usize).clamp(1, 12);
                items = items.iter().cloned().cycle().take(items.len() * times).collect();
            }
            return self.lazily(&[], Value::Tuple(items.into()), count, 60e-9);
        }
        let choose = |n: f64| {
            let r = number(1, "r").unwrap_or(n).min(n).max(0.0);
            let mut product = 1.0_f64;
            let mut taken = 0.0;
            while taken < r && product < 1e15 {
                product *= match intrinsic {
                    "combinations" => (n - taken) / (taken + 1.0),
                    "permutations" => n - taken,
                    _ => (n + taken) / (taken + 1.0),
                };
                taken += 1.0;
            }
            product.max(0.0)
        };
        let count = Interval {
            low: choose(n.low.floor()),
            likely: choose(n.likely.floor()),
            high: choose(n.high.floor().min(40.0)).max(choose(n.likely.floor())),
        };
        let length = number(1, "r").unwrap_or(n.likely);
        let group = self.list(item, Interval::exact(length), None);
        self.lazily(&[], group, count, 80e-9)
    }

    /// `Parallel(n_jobs=4, prefer="threads")(delayed(f)(x) for x in xs)`.
    fn joblib(
        &mut self,
        frame: &mut Frame<'p>,
        name: &Arc<str>,
        receiver: Option<&Rc<Value>>,
        arguments: &Arguments,
        site: &CallSite<'_>,
    ) -> Option<Value> {
        let Some(pool) = receiver else {
            return Some(self.constructed(frame, name, None, arguments));
        };
        let source = arguments.positional.first()?;
        let task = self.element(source);
        let count = self.length(source);
        self.consume(frame, source);
        // Python: with parallel_backend("threading"): Parallel()(delayed(work)(item) for item in items)
        let around: Vec<Value> = self.backends.iter().rev().cloned().collect();
        if !around.is_empty() {
            self.oldest_change = 0;
        }
        let told = |key: &str| field(pool, key).or_else(|| around.iter().find_map(|context| field(context, key)));
        let text = |key: &str| told(key).and_then(|v| v.known_text());
        let says = |key: &str, words: &[&str]| text(key).is_some_and(|t| words.contains(&&*t));
        let threads =
            says("backend", &["threading"]) || says("prefer", &["threads"]) || says("require", &["sharedmem"]);
        let serial = told("n_jobs").and_then(|v| v.constant()) == Some(1.0) || says("backend", &["sequential"]);
        if serial {
            let (result, cost, trail) = self.aside_call(frame, &task, Arguments::default(), site);
            frame.tally.cost = frame.tally.cost.plus(cost.times(count));
            frame.tally.trail.extend(&trail, count.likely, None);
            return Some(self.list(result, count, None));
        }
        let unknown_backend = told("backend").is_some_and(|v| v.known_text().is_none() && !matches!(v, Value::None))
            || told("prefer").is_some_and(|v| v.known_text().is_none() && !matches!(v, Value::None));
        if unknown_backend {
            return Some(self.list(Value::Unknown, count, None));
        }
        let offer = Offer {
            construct: Arc::from("joblib.Parallel"),
            vehicle: if threads { Vehicle::Thread } else { Vehicle::Process },
            tasks: count,
            offload: false,
            workers: told("n_jobs").and_then(|v| v.constant()).filter(|n| *n > 0.0),
            lone_worker: false,
            daemon: false,
            isolated: field(pool, "timeout").is_some_and(|v| !matches!(v, Value::None)),
        };
        let result = self.hand_over(frame, offer, &task, Arguments::default(), site.place);
        Some(self.list(result, count, None))
    }
}

fn is_dict(value: &Value) -> bool {
    matches!(value, Value::Object(reference) if matches!(reference.0.borrow().kind, Kind::Dict))
}

fn range(arguments: &[Value]) -> Value {
    let number = |index: usize| arguments.get(index).and_then(Value::number);
    let (start, stop, step) = match arguments.len() {
        1 => (Some(Interval::ZERO), number(0), Some(Interval::ONE)),
        2 => (number(0), number(1), Some(Interval::ONE)),
        _ => (number(0), number(1), number(2)),
    };
    let (Some(start), Some(stop), Some(step)) = (start, stop, step) else {
        return Value::Range { count: price::unknown_count(), item: None };
    };
    let pace = if step.likely == 0.0 { 1.0 } else { step.likely };
    let of = |from: f64, to: f64| ((to - from) / pace).ceil().max(0.0);
    let likely = of(start.likely, stop.likely);
    let exact = start.is_exact() && stop.is_exact() && step.is_exact();
    let corners =
        [of(start.low, stop.low), of(start.low, stop.high), of(start.high, stop.low), of(start.high, stop.high)];
    let count = if exact {
        Interval::exact(likely)
    } else {
        Interval {
            low: corners.iter().copied().fold(likely, f64::min),
            likely,
            high: corners.iter().copied().fold(likely, f64::max),
        }
    };
    let (low, high) = if pace > 0.0 { (start.low, stop.high) } else { (stop.low, start.high) };
    // What an element is on average, not the first or the last one.
    let likely_item = (start.likely + stop.likely) / 2.0;
    let item = if exact && likely_item > 0.0 {
        Interval { low: likely_item * 0.5, likely: likely_item, high: likely_item * 1.5 }
    } else {
        Interval { low: low.min(high), likely: likely_item, high: high.max(low) }
    };
    Value::Range { count, item: Some(item) }
}

fn least_or_most(values: &[Value], which: &str) -> Value {
    let numbers: Vec<Interval> = values.iter().filter_map(Value::number).collect();
    let is_float = values.iter().any(|v| matches!(v, Value::Float(_)));
    if numbers.len() != values.len() {
        // The known bound is a good guess: `min(n, 1000)`.
        if let (true, Some(known)) = (which == "min", numbers.first()) {
            return Value::Int(Some(Interval { low: 0.0, likely: known.likely / 2.0, high: known.high }));
        }
        return union(&[joined(values)]);
    }
    let pick = |f: fn(&Interval) -> f64| {
        let all = numbers.iter().map(f);
        if which == "min" { all.fold(f64::INFINITY, f64::min) } else { all.fold(f64::NEG_INFINITY, f64::max) }
    };
    let bounds = Interval { low: pick(|n| n.low), likely: pick(|n| n.likely), high: pick(|n| n.high) };
    if is_float { Value::Float(Some(bounds)) } else { Value::Int(Some(bounds)) }
}

/// The number without its fraction.
fn whole(number: Interval) -> Interval {
    Interval { low: number.low.trunc(), likely: number.likely.trunc(), high: number.high.trunc() }
}

/// What may be drawn at random, where the bounds are known and nothing below zero is among it.
fn drawn(intrinsic: &str, first: Option<&Value>, second: Option<&Value>) -> Option<Interval> {
    let number = |value: Option<&Value>| value.and_then(Value::number);
    let (from, to) = match intrinsic {
        "random.random" => (Interval::ZERO, Interval::ONE),
        "random.randrange" => match second {
            Some(_) => (number(first)?, number(second)?),
            None => (Interval::ZERO, number(first)?),
        },
        _ => (number(first)?, number(second)?),
    };
    let drawn =
        Interval { low: from.low.min(to.low), likely: (from.likely + to.likely) / 2.0, high: from.high.max(to.high) };
    (drawn.low >= 0.0).then_some(drawn)
}

fn numeric(intrinsic: &str, value: &Value, second: Option<&Value>) -> Value {
    let number = value.number();
    match intrinsic {
        "int" => match value {
            Value::Text(Some(text), _) => {
                Value::Int(text.trim().replace('_', "").parse::<f64>().ok().map(Interval::exact))
            }
            _ => Value::Int(number.map(whole)),
        },
        "float" => Value::Float(number),
        "bool" => Value::Bool(value.truth()),
        "abs" => {
            let bounds = number.map(|n| {
                let (a, b) = (n.low.abs(), n.high.abs());
                Interval {
                    low: if n.low < 0.0 && n.high > 0.0 { 0.0 } else { a.min(b) },
                    likely: n.likely.abs(),
                    high: a.max(b),
                }
            });
            if matches!(value, Value::Float(_)) { Value::Float(bounds) } else { Value::Int(bounds) }
        }
        "pow" => match (number, second.and_then(Value::number)) {
            (Some(a), Some(b)) if a.is_exact() && b.is_exact() && a.likely.powf(b.likely).is_finite() => {
                Value::Int(Some(Interval::exact(a.likely.powf(b.likely))))
            }
            _ => Value::Int(None),
        },
        _ => Value::Int(number),
    }
}

/// What a local name is set to by the only assignment to it in the function.
fn assigned_once(frame: &Frame<'_>, name: NameId) -> Option<ExpressionId> {
    let whole = frame.spans.functions.get(frame.function?.index())?;
    let inside = frame.facts.statements.iter().zip(&frame.spans.statements);
    let mut found = inside.filter_map(|(statement, span)| match statement {
        Statement::Assign { targets, value } if whole.start <= span.start && span.end <= whole.end => {
            let is_it = |it: &ExpressionId| matches!(frame.facts.expressions.get(it.index()), Some(Expression::Name(n)) if *n == name);
            targets.iter().any(is_it).then_some(*value)
        }
        _ => None,
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}
