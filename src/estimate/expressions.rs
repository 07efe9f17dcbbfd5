//! Expressions: names, attributes, operators, displays, comprehensions, calls.

use super::machine::{Frame, Machine, Named};
use super::price;
use super::statements::Loop;
use super::value::{Arguments, Environment, Kind, Lazy, Partial, Value, union};
use crate::cost::{Cost, Interval};
use crate::facts::ir::{
    Argument, ArgumentKind, Clause, Comparison, ComprehensionKind, Expression, Operator, UnaryOperator,
};
use crate::id::{ExpressionId, FileId, NameId};
use crate::knowledge::schema::Vehicle;
use crate::knowledge::types::TypeExpression;
use crate::project::Entity;
use crate::text::Span;
use std::rc::Rc;
use std::sync::Arc;

/// So many entries of a dict are followed one by one.
const FEW_ENTRIES: usize = 8;
/// What share of the keys that code comes across is new: items are put in groups, or are all different.
const NEW_KEYS: f64 = 0.7;
/// Pieces that a sequence of unknown length is cut into are hardly smaller than this part of what the code says.
const SMALLEST_PIECE: f64 = 20.0;

/// How many keys of a dict are told from each other that it adds by itself.
const MOST_KEYS: usize = 24;

impl<'p> Machine<'p> {
    /// What an expression gives; its cost goes to the frame.
    pub(super) fn evaluate(&mut self, frame: &mut Frame<'p>, id: ExpressionId) -> Value {
        let value = self.evaluate_silently(frame, id);
        if let Some(trace) = &mut self.trace {
            trace.note(frame.file, id, &value);
        }
        value
    }

    fn evaluate_silently(&mut self, frame: &mut Frame<'p>, id: ExpressionId) -> Value {
        self.steps += 1;
        if self.is_spent() {
            return Value::Unknown;
        }
        let facts = frame.facts;
        let Some(expression) = facts.expressions.get(id.index()) else { return Value::Unknown };
        match expression {
            Expression::Name(name) => {
                frame.tally.tick(price::NAME);
                self.lookup(frame, *name)
            }
            Expression::Attribute { value, attribute } => {
                let owner = self.evaluate(frame, *value);
                frame.tally.tick(price::ATTRIBUTE);
                let name = self.name(frame.file, *attribute);
                self.attribute(frame, &owner, name, self.span(frame, id))
            }
            Expression::Call { callee, arguments } => self.call_expression(frame, id, *callee, arguments),
            Expression::Subscript { value, index } => {
                let owner = self.evaluate(frame, *value);
                let index_value = self.evaluate(frame, *index);
                frame.tally.tick(price::SUBSCRIPT);
                frame.at = self.span(frame, id);
                self.subscript(frame, &owner, *index, &index_value)
            }
            Expression::Slice { lower, upper, step } => {
                for part in [lower, upper, step].into_iter().flatten() {
                    self.evaluate(frame, *part);
                }
                Value::Unknown
            }
            Expression::Integer(number) => Value::integer(*number as f64),
            Expression::BigInteger => Value::Int(None),
            Expression::Float(number) => Value::Float(Some(Interval::exact(*number))),
            Expression::String { value, length } => {
                let text = value.map(|name| Rc::from(self.name(frame.file, name)));
                Value::Text(text, Interval::exact(f64::from(*length)))
            }
            Expression::Bytes { length } => Value::Bytes(Interval::exact(f64::from(*length))),
            Expression::FormatString { length, parts, prefix } => {
                let mut total = Interval::exact(f64::from(*length));
                let mut last = Value::Unknown;
                for part in parts.iter() {
                    let value = self.evaluate(frame, *part);
                    last = value.clone();
                    frame.tally.tick(price::FORMAT);
                    let more = match &value {
                        Value::Text(_, n) => *n,
                        _ => price::name_length(),
                    };
                    total = total.plus(more);
                }
                // Python: getattr(self, f"do_{command}"), of a command that is known
                if let (Some(prefix), [_], Value::Text(Some(rest), _)) = (prefix, &parts[..], &last)
                    && let prefix = self.name(frame.file, *prefix)
                    && prefix.len() == *length as usize
                {
                    return Value::Text(Some(Rc::from(format!("{prefix}{rest}"))), total);
                }
                Value::text(total)
            }
            Expression::Boolean(value) => Value::Bool(Some(*value)),
            Expression::None => Value::None,
            Expression::Ellipsis => Value::Unknown,
            Expression::Tuple(parts) => {
                let (values, open) = self.elements(frame, parts);
                frame.tally.tick(price::BUILD + price::BUILD_ELEMENT * parts.len() as f64);
                if open {
                    let item = joined(&values);
                    let length = Interval { low: values.len() as f64, likely: values.len() as f64 + 3.0, high: 1e4 };
                    return self.list(item, length, None);
                }
                Value::Tuple(values.into())
            }
            Expression::List(parts) | Expression::Set(parts) => {
                let (values, open) = self.elements(frame, parts);
                frame.tally.tick(price::BUILD + price::BUILD_ELEMENT * parts.len() as f64);
                let item = if values.is_empty() { Value::Unknown } else { joined(&values) };
                let count = values.len() as f64;
                let length =
                    if open { Interval { low: count, likely: count + 3.0, high: 1e4 } } else { Interval::exact(count) };
                let is_list = matches!(expression, Expression::List(_));
                let known = (is_list && !open && values.len() <= 12).then_some(values);
                let value = if is_list { self.list(item, length, known) } else { self.set(item, length) };
                self.weigh(frame, &value);
                value
            }
            Expression::Dict(entries) => self.dict_display(frame, entries),
            Expression::Binary { operator, left, right } => {
                let left = self.evaluate(frame, *left);
                let right = self.evaluate(frame, *right);
                frame.at = self.span(frame, id);
                self.binary(frame, *operator, &left, &right)
            }
            Expression::Unary { operator, operand } => {
                let value = self.evaluate(frame, *operand);
                frame.tally.tick(price::BINARY);
                match operator {
                    UnaryOperator::Not if let Some(switch) = super::options::inverted(&value) => switch,
                    UnaryOperator::Not => Value::Bool(value.truth().map(|known| !known)),
                    UnaryOperator::Minus => match &value {
                        Value::Int(Some(n)) if n.is_exact() => Value::integer(-n.likely),
                        Value::Float(Some(n)) if n.is_exact() => Value::Float(Some(Interval::exact(-n.likely))),
                        Value::Int(_) => Value::Int(None),
                        Value::Float(_) => Value::Float(None),
                        other => other.clone(),
                    },
                    UnaryOperator::Plus | UnaryOperator::Invert => value,
                }
            }
            Expression::And(parts) => self.and_or(frame, parts, true),
            Expression::Or(parts) => self.and_or(frame, parts, false),
            Expression::Compare { first, rest } => self.compare(frame, *first, rest),
            Expression::Conditional { condition, then, otherwise } => {
                let test = self.evaluate(frame, *condition);
                match self.decide(frame, *condition, &test) {
                    Some(true) => self.evaluate(frame, *then),
                    Some(false) => self.evaluate(frame, *otherwise),
                    None => {
                        let (condition, then, otherwise) = (*condition, *then, *otherwise);
                        match self.default_share(frame, condition, &test) {
                            Some(share) if share <= 0.0 => return self.evaluate(frame, otherwise),
                            Some(share) if share >= 1.0 => return self.evaluate(frame, then),
                            _ => {}
                        }
                        self.two_ways(
                            frame,
                            |machine, frame| {
                                let before = frame.environment.variables.borrow().clone();
                                machine.narrow(frame, condition, true);
                                let value = machine.evaluate(frame, then);
                                *frame.environment.variables.borrow_mut() = before;
                                value
                            },
                            |machine, frame| machine.evaluate(frame, otherwise),
                        )
                    }
                }
            }
            Expression::Lambda(function) => self.define_function(frame, *function),
            Expression::Class(class) => self.define_class(frame, *class),
            Expression::Comprehension { kind, element, clauses } => {
                self.comprehension(frame, id, *kind, *element, clauses)
            }
            Expression::Await(value) => {
                let outer = frame.awaiting.replace(*value);
                let value = self.evaluate(frame, *value);
                frame.awaiting = outer;
                frame.tally.tick(price::RESUME);
                self.awaited(frame, &value)
            }
            Expression::Yield(value) => {
                let value = value.map_or(Value::None, |value| self.evaluate(frame, value));
                frame.tally.tick(price::RESUME);
                frame.tally.yields = frame.tally.yields.plus(Interval::ONE);
                frame.yielded = Some(frame.yielded.take().map_or(value.clone(), |y| y.join(&value)));
                Value::Unknown
            }
            Expression::YieldFrom(value) => {
                let value = self.evaluate(frame, *value);
                let item = self.element(&value);
                let count = self.length(&value);
                self.consume(frame, &value);
                frame.tally.cost.bytecode = frame.tally.cost.bytecode.plus(count.scaled(price::RESUME));
                frame.tally.yields = frame.tally.yields.plus(count);
                frame.yielded = Some(frame.yielded.take().map_or(item.clone(), |y| y.join(&item)));
                Value::Unknown
            }
            Expression::Named { name, value } => {
                let value = self.evaluate(frame, *value);
                self.set_name(frame, *name, value.clone());
                value
            }
            Expression::Starred(value) => self.evaluate(frame, *value),
            Expression::Unknown(parts) => {
                for part in parts.iter() {
                    self.evaluate(frame, *part);
                }
                Value::Unknown
            }
        }
    }

    /// Where an expression stands.
    pub(super) fn span(&self, frame: &Frame<'p>, id: ExpressionId) -> Span {
        frame.spans.expressions.get(id.index()).copied().unwrap_or_default()
    }

    fn elements(&mut self, frame: &mut Frame<'p>, parts: &[ExpressionId]) -> (Vec<Value>, bool) {
        let mut values = Vec::with_capacity(parts.len().min(64));
        let mut open = false;
        for part in parts {
            if let Some(Expression::Starred(inner)) = frame.facts.expressions.get(part.index()) {
                let source = self.evaluate(frame, *inner);
                self.consume(frame, &source);
                match self.known_elements(&source) {
                    Some(known) => values.extend(known),
                    None => {
                        values.push(self.element(&source));
                        open = true;
                    }
                }
            } else if values.len() < 64 {
                values.push(self.evaluate(frame, *part));
            } else {
                // A long literal: its elements are all of a kind.
                let extra = parts.len() - 64;
                open = true;
                frame.tally.tick(price::BUILD_ELEMENT * extra as f64);
                break;
            }
        }
        (values, open)
    }

    fn dict_display(&mut self, frame: &mut Frame<'p>, entries: &[(Option<ExpressionId>, ExpressionId)]) -> Value {
        let mut keys: Option<Value> = None;
        let mut items: Option<Value> = None;
        let mut fields = std::collections::BTreeMap::new();
        let mut extra = Interval::ZERO;
        frame.tally.tick(price::BUILD + price::BUILD_ELEMENT * 2.0 * entries.len() as f64);
        for (key, value) in entries.iter().take(200) {
            let value = self.evaluate(frame, *value);
            match key {
                Some(key) => {
                    let key = self.evaluate(frame, *key);
                    if let Some(name) = literal_key(&key) {
                        fields.insert(name, value.clone());
                    }
                    keys = Some(keys.map_or(key.clone(), |k| k.join(&key)));
                    items = Some(items.map_or(value.clone(), |i| i.join(&value)));
                }
                None => {
                    extra = extra.plus(self.length(&value));
                    if let Value::Object(reference) = &value {
                        fields.extend(reference.0.borrow().fields.iter().map(|(k, v)| (k.clone(), v.clone())));
                    }
                    let item = self.element_value(&value);
                    items = Some(items.map_or(item.clone(), |i| i.join(&item)));
                }
            }
        }
        let length = Interval::exact(entries.iter().filter(|(k, _)| k.is_some()).count() as f64).plus(extra);
        let dict = self.dict(keys.unwrap_or(Value::Unknown), items.unwrap_or(Value::Unknown), length);
        if let Value::Object(reference) = &dict {
            reference.0.borrow_mut().fields = fields.into();
        }
        self.weigh(frame, &dict);
        dict
    }

    /// Notes how often the point of an object's creation runs.
    pub(super) fn weigh(&mut self, frame: &Frame<'p>, value: &Value) {
        if let Value::Object(reference) = value {
            let mut object = reference.0.borrow_mut();
            object.weight = frame.scale * self.growth;
            object.doubt = frame.doubt;
        }
    }

    fn and_or(&mut self, frame: &mut Frame<'p>, parts: &[ExpressionId], is_and: bool) -> Value {
        let mut result: Option<Value> = None;
        let mut share = 1.0;
        let before = is_and.then(|| frame.environment.variables.borrow().clone());
        for (index, part) in parts.iter().enumerate() {
            let saved = std::mem::take(&mut frame.tally);
            if index > 0 {
                frame.branches += 1;
            }
            let value = self.evaluate(frame, *part);
            if index > 0 {
                frame.branches -= 1;
            }
            let cost = std::mem::replace(&mut frame.tally, saved);
            frame.tally.add(&cost, share);
            let truth = value.truth().or_else(|| match self.default_share(frame, *part, &value) {
                // Python: names = sys.argv[1:] or ["london", "paris"]
                Some(share) if share <= 0.0 && !is_and && index + 1 < parts.len() => Some(false),
                _ => None,
            });
            let decided = truth == Some(!is_and);
            // `x or default`: a falsy first alternative is never the result.
            let skipped = truth == Some(is_and) && index + 1 < parts.len() || (!is_and && matches!(value, Value::None));
            if !skipped {
                let value = if is_and || index + 1 == parts.len() { value } else { strip_none(&value) };
                result = Some(match result {
                    None => value,
                    // The result of `a and b` that matters is `b`.
                    Some(_) if is_and => value,
                    Some(before) => before.join(&value),
                });
            }
            if decided {
                break;
            }
            if truth.is_none() {
                share *= 0.6;
            }
            if is_and {
                self.narrow(frame, *part, true);
            }
        }
        if let Some(before) = before {
            // What a part implied holds only within the expression; names it bound stay.
            let mut variables = frame.environment.variables.borrow_mut();
            if !variables.is_same(&before) {
                variables.extend(before.iter().map(|(name, value)| (*name, value.clone())));
            }
        }
        result.unwrap_or(Value::Bool(None))
    }

    fn two_ways(
        &mut self,
        frame: &mut Frame<'p>,
        one: impl FnOnce(&mut Self, &mut Frame<'p>) -> Value,
        other: impl FnOnce(&mut Self, &mut Frame<'p>) -> Value,
    ) -> Value {
        let saved = std::mem::take(&mut frame.tally);
        frame.branches += 1;
        let first = one(self, frame);
        let first_tally = std::mem::take(&mut frame.tally);
        let second = other(self, frame);
        let second_tally = std::mem::replace(&mut frame.tally, saved);
        frame.branches -= 1;
        let either = super::machine::Tally { recursions: Vec::new(), ..first_tally.clone() };
        frame.tally.add(&either, 0.5);
        frame.tally.add(&super::machine::Tally { recursions: Vec::new(), ..second_tally.clone() }, 0.5);
        frame.tally.either(&first_tally, &second_tally);
        union(&[first.join(&second)])
    }

    fn compare(&mut self, frame: &mut Frame<'p>, first: ExpressionId, rest: &[(Comparison, ExpressionId)]) -> Value {
        let mut left = self.evaluate(frame, first);
        let mut all = Some(true);
        for (comparison, right) in rest {
            let right = self.evaluate(frame, *right);
            frame.tally.tick(price::COMPARE);
            if matches!(comparison, Comparison::In | Comparison::NotIn) {
                frame.at = self.span(frame, first);
                self.membership(frame, &left, &right);
            }
            let known = decide(*comparison, &left, &right)
                .or_else(|| self.version_test(*comparison, &left, &right))
                .or_else(|| self.place_test(*comparison, &left, &right))
                .or_else(|| self.platform_test(frame, first, *comparison, &right))
                .or_else(|| self.type_test(frame, first, *comparison, &left, &right));
            if rest.len() == 1
                && let Some(switch) = self.environment_test(frame, first, *comparison, &right, known)
            {
                return switch;
            }
            all = match (all, known) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
            left = right;
        }
        Value::Bool(all)
    }

    /// `x in container` walks a list or a string, looks a key up in the others, and asks an object of the project itself.
    fn membership(&mut self, frame: &mut Frame<'p>, item: &Value, container: &Value) {
        let per = match container {
            Value::Object(reference) if matches!(reference.0.borrow().kind, Kind::Instance { .. }) => {
                self.special_call(frame, container, "__contains__", &Arguments::of(vec![item.clone()]));
                return;
            }
            Value::Object(reference) if matches!(reference.0.borrow().kind, Kind::List) => 15e-9,
            Value::Text(..) | Value::Bytes(_) => 0.3e-9,
            Value::Iterator(_) => {
                self.consume(frame, container);
                return;
            }
            _ => return,
        };
        let length = self.length(container).scaled(0.5);
        frame.tally.cost.bytecode = frame.tally.cost.bytecode.plus(length.scaled(per));
    }

    /// `sys.platform == "win32"`: programs are presumed to run on POSIX.
    fn platform_test(
        &mut self,
        frame: &mut Frame<'p>,
        first: ExpressionId,
        comparison: Comparison,
        right: &Value,
    ) -> Option<bool> {
        let Value::Text(Some(text), _) = right else { return None };
        if !matches!(&**text, "win32" | "nt" | "Windows" | "cygwin") || !self.is_platform(frame, first) {
            return None;
        }
        match comparison {
            Comparison::Equal => Some(false),
            Comparison::NotEqual => Some(true),
            _ => None,
        }
    }

    /// True for `sys.platform`, `os.name` and `platform.system()`.
    fn is_platform(&mut self, frame: &mut Frame<'p>, expression: ExpressionId) -> bool {
        let (path, is_call) = match frame.facts.expressions.get(expression.index()) {
            Some(Expression::Call { callee, .. }) => (*callee, true),
            _ => (expression, false),
        };
        let Some(Expression::Attribute { value, attribute }) = frame.facts.expressions.get(path.index()) else {
            return false;
        };
        let module = match (self.name(frame.file, *attribute), is_call) {
            ("platform", false) => "sys",
            ("name", false) => "os",
            ("system", true) => "platform",
            _ => return false,
        };
        matches!(frame.facts.expressions.get(value.index()), Some(Expression::Name(_)))
            && matches!(self.peek(frame, *value), Value::Library(name) if &*name == module)
    }

    /// `self.thread_id == threading.get_ident()`, `self.loop is asyncio.get_running_loop()`: who asks that keeps
    /// the identity of the loop or of its thread, so on the loop they are the same.
    fn place_test(&self, comparison: Comparison, left: &Value, right: &Value) -> Option<bool> {
        if self.on_loop != Some(true) {
            return None;
        }
        let is_own = |value: &Value| super::library::is_running_thread(value) || super::library::is_running_loop(value);
        if is_own(left) == is_own(right) || matches!(left, Value::None) || matches!(right, Value::None) {
            return None;
        }
        match comparison {
            Comparison::Is | Comparison::Equal => Some(true),
            Comparison::IsNot | Comparison::NotEqual => Some(false),
            _ => None,
        }
    }

    /// `type(response) is tuple`, where the types are known.
    fn type_test(
        &self,
        frame: &Frame<'p>,
        first: ExpressionId,
        comparison: Comparison,
        left: &Value,
        right: &Value,
    ) -> Option<bool> {
        let Some(Expression::Call { callee, .. }) = frame.facts.expressions.get(first.index()) else { return None };
        let Some(Expression::Name(name)) = frame.facts.expressions.get(callee.index()) else { return None };
        if self.name(frame.file, *name) != "type" {
            return None;
        }
        let is_same = match (left, right) {
            (Value::Library(left), Value::Library(right)) => left == right,
            (Value::Class(left), Value::Class(right)) => (left.file, left.class) == (right.file, right.class),
            (Value::Class(_), Value::Library(_)) | (Value::Library(_), Value::Class(_)) => false,
            _ => return None,
        };
        match comparison {
            Comparison::Is | Comparison::Equal => Some(is_same),
            Comparison::IsNot | Comparison::NotEqual => Some(!is_same),
            _ => None,
        }
    }

    /// `sys.version_info >= (3, 12)`.
    fn version_test(&self, comparison: Comparison, left: &Value, right: &Value) -> Option<bool> {
        let is_version = matches!(left, Value::Library(name) if &**name == "sys.version_info")
            || left.library_class().as_deref() == Some("sys.version_info");
        let Value::Tuple(parts) = right else { return None };
        if !is_version {
            return None;
        }
        let major = parts.first()?.constant()?;
        let minor = parts.get(1).map_or(Some(0.0), Value::constant)?;
        let ours = (f64::from(self.target.major), f64::from(self.target.minor));
        let order = ours.partial_cmp(&(major, minor))?;
        match comparison {
            Comparison::GreaterEqual => Some(order.is_ge()),
            Comparison::Greater => Some(order.is_ge()),
            Comparison::Less => Some(order.is_lt()),
            Comparison::LessEqual => Some(order.is_le()),
            _ => None,
        }
    }

    /// The value of a name where it is read.
    pub(super) fn lookup(&mut self, frame: &Frame<'p>, name: NameId) -> Value {
        let mut scope: Option<&Rc<Environment>> = Some(&frame.environment);
        let mut first = true;
        while let Some(environment) = scope {
            if let Some(value) = environment.variables.borrow().get(&name) {
                return value.clone();
            }
            if first && environment.function.is_some() {
                let local = environment.function.and_then(|f| frame.facts.functions.get(f.index())).is_some_and(|f| {
                    f.locals.contains(&name) && !f.globals.contains(&name) && !f.nonlocals.contains(&name)
                });
                if local && !self.is_bound_outside(frame, name) {
                    return Value::Unknown;
                }
            }
            first = false;
            scope = environment.parent.as_ref();
        }
        self.global_name(frame.file, name)
    }

    /// True for names that a comprehension binds too: outside of it they are somebody else's.
    fn is_bound_outside(&mut self, frame: &Frame<'p>, name: NameId) -> bool {
        let project = self.project;
        let text = self.name(frame.file, name);
        let is_bound = || !project.global(frame.file, text).is_empty();
        *self.bound_outside.entry((frame.file, name)).or_insert_with(is_bound)
    }

    pub(super) fn global_name(&mut self, file: FileId, name: NameId) -> Value {
        let named = match self.names.get(&(file, name)) {
            Some(named) => named.clone(),
            None => {
                let named = self.resolve_name(file, name);
                self.names.insert((file, name), named.clone());
                named
            }
        };
        match named {
            Named::Fixed(value) => value,
            Named::Bound(entities) => self.entities(&entities).unwrap_or(Value::Unknown),
        }
    }

    fn resolve_name(&mut self, file: FileId, name: NameId) -> Named {
        let text = self.name(file, name);
        let entities = self.project.global(file, text);
        if !entities.is_empty() {
            let leads_outside = entities.iter().all(|entity| !matches!(entity, Entity::Binding(..)));
            if leads_outside
                && let Some(value) = self.entities(&entities)
                // Anything else is made anew each time, or two users of it would share what they change.
                && matches!(value, Value::Library(_) | Value::Module(_) | Value::Namespace(_) | Value::Unknown)
            {
                return Named::Fixed(value);
            }
            if let [Entity::Binding(file, index)] = &*entities
                && let Some(value) = self.plain_definition(*file, *index)
            {
                return Named::Fixed(value);
            }
            return Named::Bound(entities.into());
        }
        Named::Fixed(match text {
            "__name__" => Value::Text(Some(Rc::from("__main__")), Interval::exact(8.0)),
            "__file__" | "__doc__" => Value::text(price::text_length()),
            _ => {
                let builtin = format!("builtins.{text}");
                if self.known.calls(&builtin).is_empty() && self.known.class(&builtin).is_none() {
                    Value::Unknown
                } else {
                    Value::Library(Arc::from(builtin))
                }
            }
        })
    }

    /// `owner[index]`.
    pub(super) fn subscript(
        &mut self,
        frame: &mut Frame<'p>,
        owner: &Value,
        index: ExpressionId,
        index_value: &Value,
    ) -> Value {
        if let Some(Expression::Slice { lower, upper, .. }) = frame.facts.expressions.get(index.index()) {
            let (lower, upper) = (*lower, *upper);
            return self.slice(frame, owner, lower, upper);
        }
        if let Value::Object(key) = index_value
            && let Some(instance) = self.stands_for(key)
        {
            return instance;
        }
        match owner {
            Value::Tuple(parts) => match index_value.constant() {
                Some(n) => {
                    let at = if n < 0.0 { parts.len() as f64 + n } else { n };
                    parts.get(at as usize).cloned().unwrap_or(Value::Unknown)
                }
                None => self.element(owner),
            },
            Value::Text(..) => Value::text(Interval::ONE),
            Value::Bytes(_) => Value::Int(Some(Interval { low: 0.0, likely: 100.0, high: 255.0 })),
            Value::Range { item, .. } => Value::Int(*item),
            Value::Object(reference) => {
                let (known, item, class) = {
                    let object = reference.0.borrow();
                    let by_index = || {
                        let n = index_value.constant()?;
                        let elements = object.elements.as_ref()?;
                        let at = if n < 0.0 { elements.len() as f64 + n } else { n };
                        elements.get(at as usize).cloned()
                    };
                    let by_key = || literal_key(index_value).and_then(|key| object.fields.get(&key).cloned());
                    let known = match object.kind {
                        Kind::List => by_index(),
                        Kind::Dict => by_key(),
                        Kind::Set | Kind::Instance { .. } | Kind::Library(_) => None,
                    };
                    let class = match &object.kind {
                        Kind::Library(name) => Some(name.clone()),
                        _ => None,
                    };
                    (known, object.item.clone(), class)
                };
                if let Some(value) = known {
                    return value;
                }
                if let Some(class) = class {
                    let kept = match literal_key(index_value) {
                        Some(key) if item.is_unknown() => {
                            self.kept_in_shared(&class, super::shared::Under::Key(&key), frame.file)
                        }
                        _ => None,
                    };
                    return kept.unwrap_or_else(|| self.library_subscript(frame, owner, &class, &item));
                }
                if item.is_unknown()
                    && let Some(kept) = super::passed::kept(frame, reference)
                {
                    return kept;
                }
                if matches!(reference.0.borrow().kind, Kind::Instance { .. }) {
                    if let Some(parts) = self.tuple_parts(owner) {
                        return self.subscript(frame, &Value::Tuple(parts.into()), index, index_value);
                    }
                    return self.special_call(frame, owner, "__getitem__", &Arguments::of(vec![index_value.clone()]));
                }
                self.add_default(frame, reference, index_value).unwrap_or(item)
            }
            Value::Union(parts) => {
                let parts = parts.clone();
                let all: Vec<Value> = parts
                    .iter()
                    .filter(|p| !matches!(p, Value::None))
                    .map(|part| self.subscript(frame, part, index, index_value))
                    .collect();
                joined(&all)
            }
            // `list[int]` and friends, in annotations.
            Value::Library(_) | Value::Class(_) => owner.clone(),
            _ => Value::Unknown,
        }
    }

    fn slice(
        &mut self,
        frame: &mut Frame<'p>,
        owner: &Value,
        lower: Option<ExpressionId>,
        upper: Option<ExpressionId>,
    ) -> Value {
        let low = lower.map(|e| self.peek(frame, e));
        let high = upper.map(|e| self.peek(frame, e));
        let mut whole = self.length(owner);
        // Python: data = path.read_bytes()[:9_000_000]
        if lower.is_none()
            && matches!(owner, Value::Text(..) | Value::Bytes(_))
            && let Some(limit) = high.as_ref().and_then(Value::constant)
            && whole.likely < limit
            && whole.high > 4.0 * whole.low
        {
            // Who sets a limit has seen sizes near it.
            let larger = (limit / whole.likely).sqrt();
            whole = Interval { low: whole.low * larger, likely: whole.likely * larger, high: whole.high.max(limit) };
        }
        let bound = |value: &Option<Value>| value.as_ref().and_then(Value::number).map(|n| n.likely);
        let cut = |n: f64| {
            let from = match (lower.is_some(), bound(&low)) {
                (false, _) => 0.0,
                (true, Some(b)) if b < 0.0 => (n + b).max(0.0),
                (true, Some(b)) => b.min(n),
                (true, None) => n * 0.3,
            };
            let to = match (upper.is_some(), bound(&high)) {
                (false, _) => n,
                (true, Some(b)) if b < 0.0 => (n + b).max(0.0),
                (true, Some(b)) => b.min(n),
                (true, None) => n * 0.7,
            };
            (to - from).max(0.0)
        };
        let length = match self.piece(frame, lower, upper) {
            // Pieces are made of what is longer: who chose their size has seen so much. (Of texts they may be what a
            // library can take.)
            Some(size) if !whole.is_exact() && matches!(owner, Value::Object(_)) => Interval {
                low: whole.low.max(size / SMALLEST_PIECE).min(size),
                likely: (whole.likely.min(size) * size).sqrt(),
                high: size,
            },
            _ => Interval {
                low: cut(whole.low).min(cut(whole.likely)),
                likely: cut(whole.likely),
                high: cut(whole.high).max(cut(whole.likely)),
            },
        };
        frame.tally.cost.bytecode = frame.tally.cost.bytecode.plus(length.scaled(1e-9));
        match owner {
            Value::Text(..) => Value::text(length),
            Value::Bytes(_) => Value::Bytes(length),
            Value::Range { item, .. } => Value::Range { count: length, item: *item },
            Value::Tuple(_) => {
                let item = self.element(owner);
                self.list(item, length, None)
            }
            Value::Object(reference) => {
                let (kind, item) = {
                    let object = reference.0.borrow();
                    (object.kind.clone(), object.item.clone())
                };
                match kind {
                    Kind::List => self.list(item, length, None),
                    Kind::Library(_) => {
                        let copy = owner.copied(false);
                        if let Value::Object(copied) = &copy {
                            copied.0.borrow_mut().length = length;
                        }
                        copy
                    }
                    Kind::Set | Kind::Dict | Kind::Instance { .. } => Value::Unknown,
                }
            }
            _ => Value::Unknown,
        }
    }

    /// How long the pieces are that a sequence is cut into, where the code says.
    ///
    /// ```python
    /// for start in range(0, len(lines), 10_000):
    ///     yield lines[start : start + 10_000]
    /// ```
    fn piece(
        &mut self,
        frame: &mut Frame<'p>,
        lower: Option<ExpressionId>,
        upper: Option<ExpressionId>,
    ) -> Option<f64> {
        let expression = |id: ExpressionId| frame.facts.expressions.get(id.index());
        let Some(Expression::Name(start)) = expression(lower?) else { return None };
        let Some(Expression::Binary { operator: Operator::Add, left, right }) = expression(upper?) else { return None };
        let is_start = |id: &ExpressionId| matches!(expression(*id), Some(Expression::Name(name)) if name == start);
        let size = match (is_start(left), is_start(right)) {
            (true, false) => *right,
            (false, true) => *left,
            _ => return None,
        };
        self.peek(frame, size).constant().filter(|size| *size >= 1.0)
    }

    /// What an empty `defaultdict` is asked for, it has from then on.
    ///
    /// ```python
    /// groups[size, digest].append(path)
    /// ```
    fn add_default(&mut self, frame: &Frame<'p>, reference: &super::value::Reference, key: &Value) -> Option<Value> {
        if let Some(made) = self.add_default_at(frame, reference, key) {
            return Some(made);
        }
        let made = {
            let object = reference.0.borrow();
            match &object.item {
                Value::Object(made)
                    if matches!(object.kind, Kind::Dict) && object.length.high == 0.0 && !object.frozen =>
                {
                    made.clone()
                }
                _ => return None,
            }
        };
        let times = self.relative_scale(frame, reference).max(1.0);
        self.change(reference, |object| {
            object.key = key.clone();
            object.length = Interval { low: 1.0, likely: (times * NEW_KEYS).max(1.0), high: times };
        });
        // One stands for all: each is made once, so that what is added is shared out among them.
        self.weigh(frame, &Value::Object(made.clone()));
        made.0.borrow_mut().weight *= NEW_KEYS.max(1.0 / times);
        None
    }

    /// The same for a key that is known, outside of loops: what it holds is told from what the others hold.
    ///
    /// Python: `self.listeners["closed"].append(function)`
    fn add_default_at(&mut self, frame: &Frame<'p>, reference: &super::value::Reference, key: &Value) -> Option<Value> {
        const EMPTY: &str = "\0empty";
        let name = literal_key(key)?;
        let empty = {
            let object = reference.0.borrow();
            if !matches!(object.kind, Kind::Dict) || object.frozen || object.fields.len() > MOST_KEYS {
                return None;
            }
            match (object.fields.get(EMPTY), &object.item) {
                (Some(empty), _) => empty.clone(),
                (None, Value::Object(made)) if object.length.high == 0.0 && made.0.borrow().length.high == 0.0 => {
                    object.item.copied(true)
                }
                _ => return None,
            }
        };
        if self.relative_scale(frame, reference) > 1.0 {
            return None;
        }
        let made = empty.copied(false);
        self.change(reference, |object| {
            let is_first = object.length.high == 0.0;
            object.item = if is_first { made.clone() } else { object.item.join(&made) };
            object.key = if is_first { key.clone() } else { object.key.join(key) };
            object.length = object.length.plus(Interval::ONE);
            object.fields.insert(Rc::from(EMPTY), empty);
            object.fields.insert(name, made.clone());
        });
        Some(made)
    }

    /// Stores into a container.
    pub(super) fn set_item(&mut self, frame: &mut Frame<'p>, owner: &Value, index: &Value, value: Value) {
        for part in owner.alternatives() {
            let Value::Object(reference) = part else { continue };
            super::passed::keep(frame, reference, &value);
            let kind = reference.0.borrow().kind.clone();
            match kind {
                Kind::Dict => {
                    let times = self.relative_scale(frame, reference).max(1.0);
                    let conditional = frame.branches > 0;
                    let index = index.clone();
                    self.change(reference, |object| {
                        let empty = object.length.high == 0.0;
                        object.item = if empty { value.clone() } else { object.item.join(&value) };
                        object.key = if empty { index.clone() } else { object.key.join(&index) };
                        match literal_key(&index) {
                            Some(name) => {
                                if !object.fields.contains_key(&name) {
                                    object.length = object.length.plus(Interval::ONE);
                                }
                                let value = match object.fields.get(&name) {
                                    Some(before) if conditional => before.join(&value),
                                    _ => value.clone(),
                                };
                                object.fields.insert(name, value);
                            }
                            None => {
                                // Each turn may bring a new key or an old one.
                                let more = Interval { low: 0.0, likely: times * NEW_KEYS, high: times };
                                object.length = object.length.plus(more);
                            }
                        }
                    });
                }
                Kind::List => self.change(reference, |object| {
                    object.item = if object.length.high == 0.0 { value.clone() } else { object.item.join(&value) };
                    object.elements = None;
                }),
                Kind::Instance { .. } => {
                    self.special_call(frame, part, "__setitem__", &Arguments::of(vec![index.clone(), value.clone()]));
                }
                Kind::Library(_) => self.change(reference, |object| {
                    object.item = object.item.join(&value);
                    if let Some(name) = literal_key(index) {
                        object.fields.insert(Rc::from(format!("[{name}]")), value.clone());
                    }
                }),
                Kind::Set => {}
            }
        }
    }

    /// Arithmetic.
    pub(super) fn binary(&mut self, frame: &mut Frame<'p>, operator: Operator, left: &Value, right: &Value) -> Value {
        match (left, right) {
            (Value::Int(a), Value::Int(b)) => {
                frame.tally.tick(price::BINARY);
                let bounds = a.zip(*b).and_then(|(a, b)| arithmetic(operator, a, b));
                if matches!(operator, Operator::Divide) {
                    Value::Float(bounds)
                } else {
                    Value::Int(bounds.map(|n| if matches!(operator, Operator::FloorDivide) { floored(n) } else { n }))
                }
            }
            (Value::Int(a) | Value::Float(a), Value::Int(b) | Value::Float(b)) => {
                frame.tally.tick(price::BINARY);
                Value::Float(a.zip(*b).and_then(|(a, b)| arithmetic(operator, a, b)))
            }
            (Value::Text(a, n), Value::Text(b, m)) if operator == Operator::Add => {
                let length = n.plus(*m);
                frame.tally.cost.bytecode =
                    frame.tally.cost.bytecode.plus(Interval::exact(price::BINARY)).plus(m.scaled(0.1e-9));
                match (a, b) {
                    (Some(a), Some(b)) if a.len() + b.len() <= 200 => {
                        Value::Text(Some(Rc::from(format!("{a}{b}"))), length)
                    }
                    _ => Value::text(length),
                }
            }
            (Value::Text(_, n), _) if operator == Operator::Modulo => {
                frame.tally.tick(price::FORMAT * 2.0);
                Value::text(n.plus(price::name_length()))
            }
            (Value::Bytes(n), Value::Bytes(m)) if operator == Operator::Add => {
                frame.tally.cost.atomic = frame.tally.cost.atomic.plus(n.plus(*m).scaled(0.1e-9));
                Value::Bytes(n.plus(*m))
            }
            (sequence, Value::Int(times)) | (Value::Int(times), sequence) if operator == Operator::Multiply => {
                self.repeated(frame, sequence, *times)
            }
            (Value::Tuple(a), Value::Tuple(b)) if operator == Operator::Add => {
                Value::Tuple(a.iter().chain(b.iter()).cloned().collect())
            }
            (Value::Object(reference), _) => {
                let kind = reference.0.borrow().kind.clone();
                match kind {
                    Kind::List => {
                        let item = self.element(left).join(&self.element(right));
                        let length = self.length(left).plus(self.length(right));
                        frame.tally.cost.bytecode = frame.tally.cost.bytecode.plus(length.scaled(5e-9));
                        let known = self
                            .known_elements(left)
                            .zip(self.known_elements(right))
                            .map(|(a, b)| [a, b].concat())
                            .filter(|all| all.len() <= 12);
                        self.list(item, length, known)
                    }
                    Kind::Set => {
                        let length = self.length(left).plus(self.length(right)).scaled(0.5);
                        let item = self.element(left).join(&self.element(right));
                        frame.tally.cost.bytecode =
                            frame.tally.cost.bytecode.plus(length.scaled(40e-9)).plus(Interval::exact(80e-9));
                        self.set(item, length)
                    }
                    Kind::Dict => {
                        frame.tally.cost.bytecode = frame.tally.cost.bytecode.plus(self.length(left).scaled(30e-9));
                        left.clone()
                    }
                    Kind::Library(class) => self.library_operator(frame, operator, left, right, &class),
                    Kind::Instance { .. } => {
                        let name = special_name(operator);
                        self.special_call(frame, left, name, &Arguments::of(vec![right.clone()]))
                    }
                }
            }
            (_, Value::Object(reference)) => {
                let kind = reference.0.borrow().kind.clone();
                frame.tally.tick(price::BINARY);
                match kind {
                    Kind::Library(class) => self.library_operator(frame, operator, right, left, &class),
                    Kind::List | Kind::Set | Kind::Dict | Kind::Instance { .. } => Value::Unknown,
                }
            }
            (Value::Library(a), Value::Library(b))
                if operator == Operator::BitOr && super::library::is_constant(a) && super::library::is_constant(b) =>
            {
                // Python: `AI_NUMERICHOST | AI_NUMERICSERV` has both.
                frame.tally.tick(price::BINARY);
                super::value::union(&[left.clone(), right.clone()])
            }
            (Value::Union(parts), _) => {
                let parts = parts.clone();
                let all: Vec<Value> = parts
                    .iter()
                    .filter(|p| !matches!(p, Value::None))
                    .map(|part| self.binary(frame, operator, part, right))
                    .collect();
                joined(&all)
            }
            _ => {
                frame.tally.tick(price::BINARY);
                match (operator, left, right) {
                    (Operator::Add, Value::Text(..), _) | (Operator::Add, _, Value::Text(..)) => {
                        Value::text(price::text_length())
                    }
                    (_, Value::Int(_), _) | (_, _, Value::Int(_)) => Value::Unknown,
                    (_, Value::Float(_), _) | (_, _, Value::Float(_)) => Value::Float(None),
                    _ => Value::Unknown,
                }
            }
        }
    }

    /// `[0] * n`, `"ab" * n`, `bytes * n`.
    fn repeated(&mut self, frame: &mut Frame<'p>, sequence: &Value, times: Option<Interval>) -> Value {
        let times = times.unwrap_or_else(price::unknown_count);
        let times = Interval { low: times.low.max(0.0), likely: times.likely.max(0.0), high: times.high.max(0.0) };
        match sequence {
            Value::Text(_, n) => {
                let length = n.times(times);
                frame.tally.cost.atomic = frame.tally.cost.atomic.plus(length.scaled(0.1e-9));
                Value::text(length)
            }
            Value::Bytes(n) => {
                let length = n.times(times);
                frame.tally.cost.atomic = frame.tally.cost.atomic.plus(length.scaled(0.1e-9));
                Value::Bytes(length)
            }
            Value::Object(reference) => {
                let (kind, item, length) = {
                    let object = reference.0.borrow();
                    (object.kind.clone(), object.item.clone(), object.length)
                };
                match kind {
                    Kind::List => {
                        let length = length.times(times);
                        frame.tally.cost.bytecode = frame.tally.cost.bytecode.plus(length.scaled(2e-9));
                        let list = self.list(item, length, None);
                        self.weigh(frame, &list);
                        list
                    }
                    Kind::Library(class) => {
                        let right = Value::Int(Some(times));
                        self.library_operator(frame, Operator::Multiply, sequence, &right, &class)
                    }
                    Kind::Instance { .. } => {
                        self.special_call(frame, sequence, "__mul__", &Arguments::of(vec![Value::Int(Some(times))]))
                    }
                    Kind::Set | Kind::Dict => Value::Unknown,
                }
            }
            Value::Tuple(parts) => {
                let item = joined(parts);
                let length = times.scaled(parts.len() as f64);
                self.list(item, length, None)
            }
            _ => {
                frame.tally.tick(price::BINARY);
                Value::Unknown
            }
        }
    }

    fn comprehension(
        &mut self,
        frame: &mut Frame<'p>,
        id: ExpressionId,
        kind: ComprehensionKind,
        element: ExpressionId,
        clauses: &'p [Clause],
    ) -> Value {
        let place = self.span(frame, id);
        let saved = std::mem::take(&mut frame.tally);
        let pending = frame.pending.len();
        let is_async = clauses.iter().any(|c| c.is_async);
        let mut kept = Interval::ONE;
        // What it binds does not leave it.
        let mut bound = Vec::new();
        for clause in clauses {
            names_in(frame, clause.target, &mut bound);
        }
        let before: Vec<(NameId, Option<Value>)> = {
            let variables = frame.environment.variables.borrow();
            bound.iter().map(|name| (*name, variables.get(name).cloned())).collect()
        };
        let value = self.comprehension_clause(frame, place, element, clauses, &mut kept);
        let entries = match (kind, clauses) {
            (ComprehensionKind::Dict, [clause]) => self.entries_by_themselves(frame, element, clause),
            _ => Vec::new(),
        };
        {
            let mut variables = frame.environment.variables.borrow_mut();
            for (name, value) in before {
                match value {
                    Some(value) => variables.insert(name, value),
                    None => variables.remove(&name),
                };
            }
        }
        let mut tally = std::mem::replace(&mut frame.tally, saved);
        let build = match kind {
            ComprehensionKind::List => 10e-9,
            ComprehensionKind::Set => 40e-9,
            ComprehensionKind::Dict => 45e-9,
            ComprehensionKind::Generator => price::RESUME,
        };
        tally.cost.bytecode = tally.cost.bytecode.plus(kept.scaled(build));
        match kind {
            ComprehensionKind::Generator => {
                // Nothing runs yet but the first iterable's own evaluation, which is counted with the rest.
                frame.pending.truncate(pending.max(frame.pending.len().min(pending)));
                let count = kept;
                // What hardly yields anything, costs what its first iterable does.
                if count.likely < 1.0 {
                    let whole = std::mem::take(&mut tally);
                    frame.tally.add(&whole, 1.0);
                }
                let times = count.likely.max(1.0);
                let mut trail = super::evidence::Trail::default();
                trail.extend(&tally.trail, 1.0 / times, None);
                let lazy = Lazy {
                    item: value,
                    count,
                    guessed: !count.is_exact(),
                    step: tally.cost.per(count),
                    trail,
                    is_async,
                    context: false,
                };
                for &(index, count) in &tally.recursions {
                    frame.tally.recurse(index, count);
                }
                Value::Iterator(Rc::new(lazy))
            }
            ComprehensionKind::List | ComprehensionKind::Set | ComprehensionKind::Dict => {
                frame.tally.add(&tally, 1.0);
                let result = match kind {
                    ComprehensionKind::Set => self.set(value, kept),
                    ComprehensionKind::Dict => {
                        let key = self.unpacked(&value, 0, Some(2));
                        let item = self.unpacked(&value, 1, Some(2));
                        let dict = self.dict(key, item, kept);
                        if let Value::Object(reference) = &dict {
                            reference.0.borrow_mut().fields.extend(entries);
                        }
                        dict
                    }
                    ComprehensionKind::List | ComprehensionKind::Generator => self.list(value, kept, None),
                };
                self.weigh(frame, &result);
                result
            }
        }
    }

    /// The entries of `{name: Cover(name, size) for name, size in SIZES.items()}`, each by itself, where all entries of
    /// the dict that is walked are known and few.
    fn entries_by_themselves(
        &mut self,
        frame: &mut Frame<'p>,
        element: ExpressionId,
        clause: &Clause,
    ) -> Vec<(Rc<str>, Value)> {
        let walked = match frame.facts.expressions.get(clause.iterable.index()) {
            Some(Expression::Call { callee, arguments }) if arguments.is_empty() && clause.conditions.is_empty() => {
                match frame.facts.expressions.get(callee.index()) {
                    Some(Expression::Attribute { value, attribute })
                        if self.name(frame.file, *attribute) == "items" =>
                    {
                        *value
                    }
                    _ => return Vec::new(),
                }
            }
            _ => return Vec::new(),
        };
        let saved = std::mem::take(&mut frame.tally);
        let (pending, events) = (frame.pending.len(), self.events.len());
        let mut entries = Vec::new();
        let sources: Vec<(Rc<str>, Value)> = match self.evaluate(frame, walked) {
            Value::Object(reference) => {
                let object = reference.0.borrow();
                let is_known = matches!((&object.kind, &object.key), (Kind::Dict, Value::Text(..)))
                    && object.length.is_exact()
                    && object.length.likely == object.fields.len() as f64
                    && object.fields.len() <= FEW_ENTRIES;
                object.fields.iter().filter(|_| is_known).map(|(key, value)| (key.clone(), value.clone())).collect()
            }
            _ => Vec::new(),
        };
        for (key, value) in sources {
            self.assign(frame, clause.target, Value::Tuple(Rc::from([Value::text_of(&key), value])));
            let made = self.evaluate(frame, element);
            let key = self.unpacked(&made, 0, Some(2));
            if let Some(key) = literal_key(&key) {
                entries.push((key, self.unpacked(&made, 1, Some(2))));
            }
        }
        frame.pending.truncate(pending);
        self.events.truncate(events);
        frame.tally = saved;
        entries
    }

    fn comprehension_clause(
        &mut self,
        frame: &mut Frame<'p>,
        place: Span,
        element: ExpressionId,
        clauses: &'p [Clause],
        kept: &mut Interval,
    ) -> Value {
        let Some((clause, rest)) = clauses.split_first() else {
            return self.evaluate(frame, element);
        };
        let source = self.evaluate(frame, clause.iterable);
        let trips = self.length(&source);
        let step = self.step_cost(&source);
        let known = self
            .known_elements(&source)
            .filter(|all| all.len() <= 4 && rest.is_empty() && clause.conditions.is_empty());
        let item = match known {
            Some(all) if !all.is_empty() => joined(&all),
            _ => self.element(&source),
        };
        if clause.is_async {
            frame.suspended = true;
        }
        let mut share = 1.0;
        for condition in clause.conditions.iter() {
            share *= kept_share(frame.facts, *condition);
        }
        *kept = kept.times(Interval { low: trips.low * share, likely: trips.likely * share, high: trips.high });
        if clause.conditions.is_empty() {
            // Exactly as many as there are.
            kept.low = kept.low.max(trips.low.min(kept.low));
        }
        let mut value = Value::Unknown;
        let plan = Loop { assigned: &[], trips, place, suspends: clause.is_async, is_for: true, is_forever: false };
        self.looped(frame, &plan, &[], |machine, frame| {
            machine.assign(frame, clause.target, item.clone());
            frame.tally.tick(price::TURN);
            if let Some((cost, trail)) = &step {
                frame.tally.cost = frame.tally.cost.plus(*cost);
                frame.tally.trail.extend(trail, 1.0, None);
            }
            for condition in clause.conditions.iter() {
                machine.evaluate(frame, *condition);
                machine.narrow(frame, *condition, true);
            }
            let before = std::mem::take(&mut frame.tally);
            value = machine.comprehension_clause(frame, place, element, rest, kept);
            let after = std::mem::replace(&mut frame.tally, before);
            frame.tally.add(&after, share);
            super::statements::Flow { falls: 1.0, breaks: 0.0, continues: 0.0, returns: 0.0, raises: 0.0 }
        });
        value
    }

    fn call_expression(
        &mut self,
        frame: &mut Frame<'p>,
        id: ExpressionId,
        callee: ExpressionId,
        arguments: &'p [Argument],
    ) -> Value {
        let place = self.span(frame, id);
        let assigning = frame.assigning.take();
        // `value.method(…)`: the receiver is needed beside the method.
        let (function, receiver, method) = match frame.facts.expressions.get(callee.index()) {
            Some(Expression::Attribute { value, attribute }) => {
                let receiver = self.evaluate(frame, *value);
                frame.tally.tick(price::ATTRIBUTE);
                let name = self.name(frame.file, *attribute);
                let at = self.span(frame, callee);
                let function = self.attribute(frame, &receiver, name, at);
                if let Some(trace) = &mut self.trace {
                    trace.note(frame.file, callee, &function);
                }
                (function, Some(receiver), Some(name))
            }
            Some(Expression::Name(name)) if self.name(frame.file, *name) == "super" && arguments.is_empty() => {
                frame.assigning = assigning;
                return self.super_value(frame);
            }
            _ => (self.evaluate(frame, callee), None, None),
        };
        if let (Some("__subclasses__"), Some(Value::Class(class))) = (method, &receiver) {
            let all = self.subclasses(class);
            let count = if all.is_empty() { price::unknown_count() } else { Interval::exact(all.len() as f64) };
            return self.list(joined(&all), count, None);
        }
        let (starting, awaiting) = (self.starting, frame.awaiting);
        // Most calls are given names and literals: no coroutines.
        let is_plain = |it: &Argument| {
            let given = frame.facts.expressions.get(it.value.index());
            matches!(given, Some(Expression::Name(_) | Expression::String { .. } | Expression::Integer(_)))
        };
        let starts = if arguments.iter().all(is_plain) { None } else { self.starts_tasks(&function) };
        if let Some(waits) = starts {
            // Who waits for all that it is given has no more of them for a loop around it.
            self.starting = Some(if frame.loops > 0 && !waits { frame.scale / 2.0 } else { frame.scale });
        }
        let given = self.arguments(frame, arguments, starts.is_some());
        (self.starting, frame.awaiting) = (starting, awaiting);
        frame.assigning = assigning;
        // Python: if sys.platform.startswith("win"):
        if method == Some("startswith")
            && matches!(given.positional.first(), Some(Value::Text(Some(text), _)) if text.starts_with("win"))
            && let Some(Expression::Attribute { value, .. }) = frame.facts.expressions.get(callee.index())
            && self.is_platform(frame, *value)
        {
            frame.tally.tick(price::C_CALL);
            return Value::Bool(Some(false));
        }
        let call = CallSite { id, place, method, receiver: receiver.as_ref() };
        let is_doubtful = frame.awaiting == Some(id)
            && match &function {
                // Python: asyncio.create_task(subscription.unsubscribe(handles))
                Value::Function(closure) | Value::Method(_, closure) => {
                    let functions = &self.project.parsed(closure.file).facts.functions;
                    functions.get(closure.function.index()).is_some_and(|it| !it.is_async)
                }
                // Python: async def wrapper(*args): return await function(*args)
                _ => match frame.facts.expressions.get(callee.index()) {
                    Some(Expression::Name(name)) => self.is_from_outside(frame, *name),
                    _ => false,
                },
            };
        let result = if is_doubtful {
            let before = (frame.tally.clone(), frame.pending.len(), self.events.len());
            let result = self.call(frame, &function, given, &call);
            if may_be_awaited(&result) && !self.is_synchronous(&function) {
                result
            } else {
                // What is called there can be awaited, so it is not what it was taken for.
                frame.tally = before.0;
                frame.pending.truncate(before.1);
                self.events.truncate(before.2);
                self.call_unknown(frame, &Arguments::default(), &call)
            }
        } else {
            self.call(frame, &function, given, &call)
        };
        frame.assigning = assigning;
        result
    }

    /// Whether a library's function waits for the coroutines that it is given to run beside each other; nothing where it
    /// takes none.
    fn starts_tasks(&self, function: &Value) -> Option<bool> {
        let (Value::Library(name) | Value::LibraryMethod(_, name)) = function else { return None };
        self.known.calls(name).iter().find_map(|entry| {
            let waits = entry.intrinsic.as_deref() == Some("gather");
            let starts = entry.spawn.as_ref().is_some_and(|it| {
                it.vehicle == Some(Vehicle::EventLoop) && it.arguments == crate::knowledge::schema::Arguments::None
            });
            (waits || starts).then_some(waits)
        })
    }

    /// True for a library's function that gives no awaitable, as far as the knowledge base says.
    fn is_synchronous(&self, function: &Value) -> bool {
        let (Value::Library(name) | Value::LibraryMethod(_, name)) = function else { return false };
        let entries = self.known.calls(name);
        !entries.is_empty()
            && entries.iter().all(|entry| {
                !entry.suspends
                    && entry.spawn.is_none()
                    && !matches!(entry.returns, Some(TypeExpression::Awaitable(_) | TypeExpression::Future(_)))
            })
    }

    /// True for a name that a function was given: its parameter, or one of a function around it.
    fn is_from_outside(&self, frame: &Frame<'p>, name: NameId) -> bool {
        let Some(function) = frame.function else { return false };
        let is_local = frame.environment.variables.borrow().contains_key(&name);
        let all = &frame.facts.functions;
        let own = all.get(function.index()).is_some_and(|it| it.parameters.iter().any(|p| p.name == name));
        own || (!is_local
            && frame.environment.parent.as_ref().is_some_and(|it| it.variables.borrow().contains_key(&name)))
    }

    /// Evaluates a call's arguments; they are coroutines if it awaits them.
    fn arguments(&mut self, frame: &mut Frame<'p>, arguments: &[Argument], awaits: bool) -> Arguments {
        let mut given = Arguments::default();
        for argument in arguments {
            if awaits {
                frame.awaiting = Some(argument.value);
            }
            let value = self.evaluate(frame, argument.value);
            match argument.kind {
                ArgumentKind::Positional => {
                    if given.open {
                        continue;
                    }
                    given.positional.push(value);
                    given.places.push(argument.value);
                }
                ArgumentKind::Keyword(name) => given.keywords.push((Rc::from(self.name(frame.file, name)), value)),
                ArgumentKind::Star => {
                    self.consume(frame, &value);
                    match self.known_elements(&value) {
                        Some(all) => {
                            for element in all {
                                given.positional.push(element);
                                given.places.push(argument.value);
                            }
                        }
                        None => {
                            given.positional.push(self.element(&value));
                            given.places.push(argument.value);
                            given.open = true;
                            given.open_count = Some(self.length(&value));
                        }
                    }
                }
                ArgumentKind::DoubleStar => match &value {
                    Value::Object(reference) => {
                        let fields: Vec<(Rc<str>, Value)> =
                            reference.0.borrow().fields.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                        let all_known = self.length(&value).likely <= fields.len() as f64;
                        given.keywords.extend(fields);
                        given.open_keywords |= !all_known;
                    }
                    _ => given.open_keywords = true,
                },
            }
        }
        given
    }

    /// Calls whatever it is.
    pub(super) fn call(
        &mut self,
        frame: &mut Frame<'p>,
        function: &Value,
        arguments: Arguments,
        site: &CallSite<'_>,
    ) -> Value {
        match function {
            Value::Function(closure) => self.call_function(frame, closure, None, &arguments, site.place),
            Value::Method(receiver, closure) => {
                self.call_function(frame, closure, Some((**receiver).clone()), &arguments, site.place)
            }
            Value::Class(class) => self.instantiate(frame, class, arguments, site),
            Value::Library(name) => self.call_library(frame, name, None, arguments, site),
            Value::LibraryMethod(receiver, name) => self.call_library(frame, name, Some(receiver), arguments, site),
            Value::Partial(partial) => {
                let mut all = Arguments {
                    open_count: arguments.open_count,
                    positional: partial
                        .positional
                        .iter()
                        .cloned()
                        .chain(arguments.positional.iter().cloned())
                        .collect(),
                    keywords: arguments.keywords.clone(),
                    open: arguments.open,
                    open_keywords: arguments.open_keywords,
                    places: Vec::new(),
                };
                for (name, value) in &partial.keywords {
                    if all.keyword(name).is_none() {
                        all.keywords.push((name.clone(), value.clone()));
                    }
                }
                if partial.binds {
                    // `delayed(f)(x)`: bound, not called.
                    return Value::Partial(Rc::new(Partial {
                        callable: partial.callable.clone(),
                        positional: all.positional,
                        keywords: all.keywords,
                        binds: false,
                    }));
                }
                self.call(frame, &partial.callable, all, site)
            }
            Value::Identity => arguments.positional.first().cloned().unwrap_or(Value::Unknown),
            Value::Object(reference) => {
                let kind = reference.0.borrow().kind.clone();
                match kind {
                    Kind::Instance { .. } => self.special_call_at(frame, function, "__call__", &arguments, site),
                    Kind::Library(class) => {
                        // `Parallel(…)(tasks)`: the constructor's entry says what calling an instance does. To
                        // build another one is not what it does otherwise.
                        let called: Arc<str> = Arc::from(format!("{class}.__call__"));
                        let tells = |it: &&crate::knowledge::types::Entry| it.intrinsic.is_some() || it.spawn.is_some();
                        let name = if !self.lists(&called) && self.known.calls(&class).iter().any(tells) {
                            class
                        } else {
                            called
                        };
                        self.call_library(frame, &name, Some(&Rc::new(function.clone())), arguments, site)
                    }
                    Kind::List | Kind::Set | Kind::Dict => Value::Unknown,
                }
            }
            Value::Union(parts) => self.call_alternatives(frame, parts, &arguments, site),
            Value::Unknown => self.call_unknown(frame, &arguments, site),
            _ => {
                frame.tally.tick(price::C_CALL);
                Value::Unknown
            }
        }
    }

    /// Calls one of several: each runs its share of the time.
    fn call_alternatives(
        &mut self,
        frame: &mut Frame<'p>,
        parts: &[Value],
        arguments: &Arguments,
        site: &CallSite<'_>,
    ) -> Value {
        let is_coroutine = |it: &&Value| match it {
            Value::Function(closure) | Value::Method(_, closure) => {
                let facts = &self.project.parsed(closure.file).facts;
                facts.functions.get(closure.function.index()).is_some_and(|it| it.is_async && !it.is_generator)
            }
            _ => false,
        };
        let callable = parts.iter().filter(|p| !matches!(p, Value::None));
        let (asynchronous, others): (Vec<&Value>, Vec<&Value>) = callable.partition(is_coroutine);
        // Python: await client.post(url), of a `client: Client | AsyncClient`
        let is_awaited = frame.awaiting == Some(site.id)
            && (!asynchronous.is_empty() || others.iter().any(|part| part.is_unknown()));
        let saved = std::mem::take(&mut frame.tally);
        let mut tallies = Vec::new();
        let mut results = Vec::new();
        for part in asynchronous.into_iter().chain(others) {
            let (events, pending) = (self.events.len(), frame.pending.len());
            let result = self.call(frame, part, arguments.clone(), site);
            let tally = std::mem::take(&mut frame.tally);
            if is_awaited && (!may_be_awaited(&result) || self.is_synchronous(part)) {
                self.events.truncate(events);
                frame.pending.truncate(pending);
                continue;
            }
            results.push(result);
            tallies.push(tally);
        }
        // Beside something known, "unknown" is one more alternative of which nothing is known.
        let share = 1.0 / tallies.len().max(1) as f64;
        let mut sum = super::machine::Tally::default();
        let mut most = super::machine::Tally::default();
        for tally in tallies {
            let mut either = super::machine::Tally::default();
            either.either(&most, &tally);
            most = either;
            sum.add(&super::machine::Tally { recursions: Vec::new(), ..tally }, share);
        }
        frame.tally = saved;
        frame.tally.add(&sum, 1.0);
        frame.tally.add(&super::machine::Tally { recursions: most.recursions, ..Default::default() }, 1.0);
        joined(&results)
    }

    /// A call of which nothing is known but a name.
    fn call_unknown(&mut self, frame: &mut Frame<'p>, arguments: &Arguments, site: &CallSite<'_>) -> Value {
        frame.tally.tick(price::C_CALL);
        if let (Some(method), Some(_)) = (site.method, site.receiver)
            && let Some(value) = self.presumed_method(frame, method, arguments, site)
        {
            return value;
        }
        let callee = match frame.facts.expressions.get(site.id.index()) {
            Some(Expression::Call { callee, .. }) => match frame.facts.expressions.get(callee.index()) {
                Some(Expression::Name(name)) => self.name(frame.file, *name),
                _ => site.method.unwrap_or(""),
            },
            _ => site.method.unwrap_or(""),
        };
        let is_class = callee.chars().next().is_some_and(char::is_uppercase) && callee.chars().any(char::is_lowercase);
        frame.tally.cost.unknown += if is_class {
            price::UNKNOWN_CLASS
        } else if site.method.is_some() {
            price::UNKNOWN_METHOD
        } else {
            price::UNKNOWN_FUNCTION
        };
        // Unknown code may call what it is given.
        Value::Unknown
    }

    /// Waits for an awaitable.
    pub(super) fn awaited(&mut self, frame: &mut Frame<'p>, value: &Value) -> Value {
        match value {
            Value::Coroutine(coroutine) => {
                frame.suspended |= coroutine.suspends;
                // While it is awaited the loop runs others; its own stalls are its own findings.
                let cost = Cost { wait: Interval::ZERO, ..coroutine.cost };
                if frame.is_async {
                    frame.tally.awaited = frame.tally.awaited.plus(cost);
                } else {
                    frame.tally.cost = frame.tally.cost.plus(cost);
                }
                coroutine.result.clone()
            }
            Value::Future(result) => {
                frame.suspended = true;
                (**result).clone()
            }
            Value::Object(reference) if matches!(reference.0.borrow().kind, Kind::Library(_)) => {
                frame.suspended = true;
                reference.0.borrow().item.clone()
            }
            Value::Union(parts) => {
                let parts = parts.clone();
                let all: Vec<Value> = parts.iter().map(|part| self.awaited(frame, part)).collect();
                joined(&all)
            }
            _ => {
                frame.suspended = true;
                Value::Unknown
            }
        }
    }

    /// What iterating over a value yields.
    pub(super) fn element(&mut self, value: &Value) -> Value {
        match value {
            Value::Text(..) => Value::text(Interval::ONE),
            Value::Bytes(_) => Value::Int(Some(Interval { low: 0.0, likely: 100.0, high: 255.0 })),
            Value::Tuple(parts) => joined(parts),
            Value::Range { item, .. } => Value::Int(*item),
            Value::Iterator(lazy) => lazy.item.clone(),
            Value::Object(reference) => {
                let object = reference.0.borrow();
                match &object.kind {
                    Kind::Dict => object.key.clone(),
                    Kind::List | Kind::Set => match &object.elements {
                        Some(all) if !all.is_empty() => joined(all),
                        _ => object.item.clone(),
                    },
                    Kind::Library(class) => {
                        let (class, item) = (class.clone(), object.item.clone());
                        drop(object);
                        self.library_item(value, &class, &item)
                    }
                    Kind::Instance { .. } => {
                        drop(object);
                        if let Some(parts) = self.tuple_parts(value) {
                            return joined(&parts);
                        }
                        self.iterated_instance(value).map_or(Value::Unknown, |(item, _, _)| item)
                    }
                }
            }
            Value::Union(parts) => {
                let parts = parts.clone();
                let all: Vec<Value> =
                    parts.iter().filter(|p| !matches!(p, Value::None)).map(|part| self.element(part)).collect();
                joined(&all)
            }
            _ => Value::Unknown,
        }
    }

    /// A dict's values, or any other container's elements.
    pub(super) fn element_value(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(reference) => {
                let object = reference.0.borrow();
                match object.kind {
                    Kind::Dict => object.item.clone(),
                    _ => {
                        drop(object);
                        self.element(value)
                    }
                }
            }
            _ => self.element(value),
        }
    }

    /// How many elements, characters, bytes.
    pub(super) fn length(&mut self, value: &Value) -> Interval {
        match value {
            Value::Text(_, n) | Value::Bytes(n) => *n,
            Value::Tuple(parts) => Interval::exact(parts.len() as f64),
            Value::Range { count, .. } => *count,
            Value::Iterator(lazy) => lazy.count,
            Value::Object(reference) => {
                let (kind, length) = {
                    let object = reference.0.borrow();
                    (object.kind.clone(), object.length)
                };
                match kind {
                    Kind::Instance { .. } => {
                        if let Some(parts) = self.tuple_parts(value) {
                            return Interval::exact(parts.len() as f64);
                        }
                        self.iterated_instance(value).map_or_else(price::unknown_count, |(_, count, _)| count)
                    }
                    Kind::List | Kind::Set | Kind::Dict | Kind::Library(_) => length,
                }
            }
            Value::Union(parts) => {
                let parts = parts.clone();
                let mut all: Option<Interval> = None;
                for part in parts.iter().filter(|p| !matches!(p, Value::None)) {
                    let length = self.length(part);
                    all = Some(all.map_or(length, |a| a.hull(length)));
                }
                all.unwrap_or_else(price::unknown_count)
            }
            _ => price::unknown_count(),
        }
    }

    /// The elements one by one, while few and known.
    pub(super) fn known_elements(&self, value: &Value) -> Option<Vec<Value>> {
        match value {
            Value::Tuple(parts) => Some(parts.to_vec()),
            Value::Object(reference) => {
                let object = reference.0.borrow();
                match object.kind {
                    Kind::List => object.elements.clone(),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What one step of iterating costs beyond the loop itself.
    pub(super) fn step_cost(&mut self, value: &Value) -> Option<(Cost, super::evidence::Trail)> {
        match value {
            Value::Iterator(lazy) => Some((lazy.step, lazy.trail.clone())),
            Value::Object(reference) => {
                let kind = reference.0.borrow().kind.clone();
                match kind {
                    Kind::Instance { .. } => self.iterated_instance(value).map(|(_, _, step)| step),
                    Kind::Library(class) => self.library_step(&class),
                    Kind::List | Kind::Set | Kind::Dict => None,
                }
            }
            Value::Union(parts) => {
                let parts = parts.clone();
                parts.iter().find_map(|part| self.step_cost(part))
            }
            _ => None,
        }
    }

    /// Takes all that an iterator yields.
    pub(super) fn consume(&mut self, frame: &mut Frame<'p>, value: &Value) {
        if let Some((cost, trail)) = self.step_cost(value) {
            let count = self.length(value);
            self.consume_some(frame, &cost, &trail, count);
        }
    }

    /// Takes `count` steps of an iterator.
    pub(super) fn consume_some(
        &mut self,
        frame: &mut Frame<'p>,
        cost: &Cost,
        trail: &super::evidence::Trail,
        count: Interval,
    ) {
        let total = cost.times(count);
        frame.tally.cost = frame.tally.cost.plus(total);
        frame.tally.trail.extend(trail, count.likely, None);
        if frame.is_async
            && (total.total().likely > price::STALL_FLOOR || trail.operations.iter().any(|o| o.wait.is_some()))
        {
            let mut scaled = super::evidence::Trail::default();
            scaled.extend(trail, count.likely, None);
            let span =
                scaled.operations.first().map(|o| o.path.as_ref().map_or((o.file, o.span), |p| (p.file, p.span)));
            if let Some((file, span)) = span
                && file == frame.file
            {
                frame.pending.push(super::machine::PendingStall {
                    span,
                    callee: Arc::from(""),
                    cost: total,
                    trail: scaled,
                    conditional: frame.branches > 0,
                });
            }
        }
    }

    /// The part of a value that unpacking gives to the target at `index`.
    pub(super) fn unpacked(&mut self, value: &Value, index: usize, _of: Option<usize>) -> Value {
        match value {
            Value::Tuple(parts) => parts.get(index).cloned().unwrap_or(Value::Unknown),
            Value::Object(reference) => {
                let known = {
                    let object = reference.0.borrow();
                    object.elements.as_ref().and_then(|all| all.get(index).cloned())
                };
                match known {
                    Some(value) => value,
                    None => match self.tuple_parts(value) {
                        Some(parts) => parts.get(index).cloned().unwrap_or(Value::Unknown),
                        None => self.element(value),
                    },
                }
            }
            Value::Union(parts) => {
                let parts = parts.clone();
                let all: Vec<Value> = parts
                    .iter()
                    .filter(|p| !matches!(p, Value::None))
                    .map(|part| self.unpacked(part, index, None))
                    .collect();
                joined(&all)
            }
            _ => self.element(value),
        }
    }

    /// An annotation's value: something of that type.
    pub(super) fn annotated(
        &mut self,
        file: FileId,
        environment: Option<&Rc<Environment>>,
        annotation: ExpressionId,
    ) -> Value {
        let mut frame = self.module_frame(file);
        if let Some(environment) = environment {
            frame.environment = environment.clone();
        }
        self.annotation(&mut frame, annotation, 0)
    }

    fn annotation(&mut self, frame: &mut Frame<'p>, annotation: ExpressionId, depth: u32) -> Value {
        if depth > 6 {
            return Value::Unknown;
        }
        match frame.facts.expressions.get(annotation.index()) {
            Some(Expression::None) => Value::None,
            Some(Expression::String { value: Some(text), .. }) => {
                let text = self.name(frame.file, *text);
                self.annotation_text(frame, text)
            }
            Some(Expression::Binary { operator: Operator::BitOr, left, right }) => {
                let left = self.annotation(frame, *left, depth + 1);
                let right = self.annotation(frame, *right, depth + 1);
                declared_union(&[left, right])
            }
            Some(Expression::Subscript { value, index }) => {
                let (value, index) = (*value, *index);
                let class = self.evaluate(frame, value);
                let parts: Vec<ExpressionId> = match frame.facts.expressions.get(index.index()) {
                    Some(Expression::Tuple(parts)) => parts.to_vec(),
                    _ => vec![index],
                };
                self.generic_annotation(frame, &class, &parts, depth)
            }
            _ => {
                let class = self.declared_name(frame, annotation);
                self.instance_of(&class).unwrap_or(Value::Unknown)
            }
        }
    }

    /// A name in an annotation, which may be bound for type checkers only.
    fn declared_name(&mut self, frame: &mut Frame<'p>, annotation: ExpressionId) -> Value {
        match frame.facts.expressions.get(annotation.index()) {
            Some(Expression::Name(name)) => {
                let value = self.evaluate(frame, annotation);
                if value.is_unknown() { self.typing_name(frame.file, self.name(frame.file, *name)) } else { value }
            }
            Some(Expression::Attribute { value, attribute }) => {
                let owner = self.declared_name(frame, *value);
                let name = self.name(frame.file, *attribute);
                self.attribute(frame, &owner, name, Span::default())
            }
            _ => self.evaluate(frame, annotation),
        }
    }

    fn typing_name(&mut self, file: FileId, name: &str) -> Value {
        let entities = self.project.typing_global(file, name);
        self.entities(&entities).unwrap_or(Value::Unknown)
    }

    /// `"Dotted.Name"` in quotes; anything richer stays unknown.
    fn annotation_text(&mut self, frame: &mut Frame<'p>, text: &str) -> Value {
        let text = text.trim().trim_end_matches("| None").trim();
        let text = text.strip_prefix("Optional[").and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        let mut parts = text.split('.');
        let Some(first) = parts.next() else { return Value::Unknown };
        if first.is_empty() || !text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.') {
            return Value::Unknown;
        }
        let mut value = match self.global(frame.file, first) {
            Some(value) if !value.is_unknown() => value,
            _ => match self.typing_name(frame.file, first) {
                Value::Unknown => Value::Library(Arc::from(format!("builtins.{first}"))),
                value => value,
            },
        };
        for part in parts {
            value = self.attribute(frame, &value, part, Span::default());
        }
        self.instance_of(&value).unwrap_or(Value::Unknown)
    }

    fn generic_annotation(
        &mut self,
        frame: &mut Frame<'p>,
        class: &Value,
        parts: &[ExpressionId],
        depth: u32,
    ) -> Value {
        let Value::Library(name) = class else {
            return self.instance_of(class).unwrap_or(Value::Unknown);
        };
        let mut of = |machine: &mut Self, index: usize| match parts.get(index) {
            Some(part) => machine.annotation(frame, *part, depth + 1),
            None => Value::Unknown,
        };
        let last = name.rsplit('.').next().unwrap_or(name);
        match last {
            "Optional" => of(self, 0),
            "Union" => {
                let all: Vec<Value> = (0..parts.len()).map(|i| of(self, i)).collect();
                declared_union(&all)
            }
            "Annotated" | "Final" | "ClassVar" | "Required" | "NotRequired" | "ReadOnly" => of(self, 0),
            "list" | "List" | "Sequence" | "MutableSequence" | "Collection" | "Iterable" => {
                let item = of(self, 0);
                self.list(item, price::unknown_count(), None)
            }
            "set" | "Set" | "frozenset" | "FrozenSet" | "AbstractSet" => {
                let item = of(self, 0);
                self.set(item, price::unknown_count())
            }
            "tuple" | "Tuple" => {
                let open = parts
                    .get(1)
                    .is_some_and(|p| matches!(frame.facts.expressions.get(p.index()), Some(Expression::Ellipsis)));
                if open {
                    let item = self.annotation(frame, *parts.first().unwrap_or(&ExpressionId(u32::MAX)), depth + 1);
                    return self.list(item, price::unknown_count(), None);
                }
                let all: Vec<Value> = parts.iter().map(|part| self.annotation(frame, *part, depth + 1)).collect();
                Value::Tuple(all.into())
            }
            "dict" | "Dict" | "Mapping" | "MutableMapping" | "DefaultDict" | "defaultdict" | "OrderedDict" => {
                let (key, item) = (of(self, 0), of(self, 1));
                self.dict(key, item, price::unknown_count())
            }
            "Iterator" | "Generator" | "AsyncIterator" | "AsyncGenerator" | "AsyncIterable" => {
                let item = of(self, 0);
                let is_async = last.starts_with("Async");
                Value::Iterator(Rc::new(Lazy {
                    item,
                    count: price::unknown_count(),
                    guessed: true,
                    step: Cost { unknown: if is_async { 0.0 } else { price::UNKNOWN_METHOD }, ..Cost::ZERO },
                    trail: super::evidence::Trail::default(),
                    is_async,
                    context: false,
                }))
            }
            "Awaitable" | "Coroutine" => Value::Future(Rc::new(Value::Unknown)),
            "Callable" | "Literal" | "Type" | "type" => Value::Unknown,
            _ => self.instance_of(class).unwrap_or(Value::Unknown),
        }
    }
}

/// The names that a target binds.
fn names_in(frame: &Frame<'_>, target: ExpressionId, names: &mut Vec<NameId>) {
    match frame.facts.expressions.get(target.index()) {
        Some(Expression::Name(name)) => names.push(*name),
        Some(Expression::Tuple(parts) | Expression::List(parts)) => {
            for part in parts.iter() {
                names_in(frame, *part, names);
            }
        }
        Some(Expression::Starred(inner)) => names_in(frame, *inner, names),
        _ => {}
    }
}

/// Where a call stands, and what is called how.
pub struct CallSite<'a> {
    /// The call expression.
    pub id: ExpressionId,
    /// Its place.
    pub place: Span,
    /// The method's name, where it is `value.method(…)`.
    pub method: Option<&'a str>,
    /// The value before the dot.
    pub receiver: Option<&'a Value>,
}

/// False for what `await` would fail on.
fn may_be_awaited(value: &Value) -> bool {
    match value {
        Value::Unknown | Value::Coroutine(_) | Value::Future(_) | Value::Iterator(_) => true,
        Value::Union(parts) => parts.iter().any(may_be_awaited),
        Value::Object(reference) => match &reference.0.borrow().kind {
            // Of a class of the project, or a task.
            Kind::Instance { .. } => true,
            Kind::Library(name) => name.ends_with("Future") || name.ends_with("Task"),
            Kind::List | Kind::Set | Kind::Dict => false,
        },
        _ => false,
    }
}

/// All of these in one.
pub fn joined(values: &[Value]) -> Value {
    let mut all: Option<Value> = None;
    for value in values.iter().take(64) {
        all = Some(all.map_or_else(|| value.clone(), |a| a.join(value)));
    }
    all.unwrap_or(Value::Unknown)
}

fn declared_union(parts: &[Value]) -> Value {
    let known: Vec<Value> = parts.iter().filter(|p| !matches!(p, Value::None)).cloned().collect();
    if known.iter().any(Value::is_unknown) { Value::Unknown } else { union(&known) }
}

fn strip_none(value: &Value) -> Value {
    match value {
        Value::Union(parts) => {
            let rest: Vec<Value> = parts.iter().filter(|p| !matches!(p, Value::None)).cloned().collect();
            union(&rest)
        }
        other => other.clone(),
    }
}

/// A literal as the key of a dict's field.
pub fn literal_key(value: &Value) -> Option<Rc<str>> {
    match value {
        Value::Text(Some(text), _) => Some(text.clone()),
        Value::Int(Some(n)) if n.is_exact() => Some(Rc::from(format!("{}", n.likely))),
        Value::Bool(Some(known)) => Some(Rc::from(if *known { "True" } else { "False" })),
        Value::Object(reference) => reference.member().map(|(_, name)| name),
        _ => None,
    }
}

/// Whether a comparison holds, where both sides are known.
pub(super) fn decide(comparison: Comparison, left: &Value, right: &Value) -> Option<bool> {
    match comparison {
        Comparison::Is | Comparison::IsNot => {
            let is = match (left, right) {
                (Value::None, Value::None) => true,
                (Value::None, other) | (other, Value::None) => match other {
                    Value::Unknown | Value::Union(_) => return None,
                    _ => false,
                },
                (Value::Bool(Some(a)), Value::Bool(Some(b))) => a == b,
                (Value::Object(a), Value::Object(b)) => a.member()? == b.member()?,
                _ => return None,
            };
            Some(is == (comparison == Comparison::Is))
        }
        Comparison::Equal | Comparison::NotEqual => {
            let equal = match (left, right) {
                (Value::Text(Some(a), _), Value::Text(Some(b), _)) => a == b,
                (Value::None, Value::None) => true,
                (Value::Object(a), Value::Object(b)) => a.member()? == b.member()?,
                _ => left.constant()? == right.constant()?,
            };
            Some(equal == (comparison == Comparison::Equal))
        }
        Comparison::Less | Comparison::LessEqual | Comparison::Greater | Comparison::GreaterEqual => {
            let (a, b) = (left.constant()?, right.constant()?);
            Some(match comparison {
                Comparison::Less => a < b,
                Comparison::LessEqual => a <= b,
                Comparison::Greater => a > b,
                _ => a >= b,
            })
        }
        Comparison::In | Comparison::NotIn => None,
    }
}

fn floored(n: Interval) -> Interval {
    Interval { low: n.low.floor(), likely: n.likely.floor(), high: n.high.floor() }
}

/// Arithmetic on bounds; nothing where the result is not finite.
fn arithmetic(operator: Operator, a: Interval, b: Interval) -> Option<Interval> {
    let apply = |x: f64, y: f64| -> Option<f64> {
        let value = match operator {
            Operator::Add => x + y,
            Operator::Subtract => x - y,
            Operator::Multiply => x * y,
            Operator::Divide => x / y,
            Operator::FloorDivide => (x / y).floor(),
            Operator::Modulo => x - y * (x / y).floor(),
            Operator::Power => x.powf(y),
            Operator::LeftShift if (0.0..64.0).contains(&y) => x * 2f64.powf(y),
            Operator::RightShift if (0.0..64.0).contains(&y) => (x / 2f64.powf(y)).floor(),
            Operator::BitAnd => whole(x, y).map(|(x, y)| (x & y) as f64)?,
            Operator::BitOr => whole(x, y).map(|(x, y)| (x | y) as f64)?,
            Operator::BitXor => whole(x, y).map(|(x, y)| (x ^ y) as f64)?,
            Operator::LeftShift | Operator::RightShift | Operator::MatrixMultiply => return None,
        };
        value.is_finite().then_some(value)
    };
    let likely = apply(a.likely, b.likely)?;
    if a.is_exact() && b.is_exact() {
        return Some(Interval::exact(likely));
    }
    if matches!(operator, Operator::Modulo | Operator::BitAnd | Operator::BitOr | Operator::BitXor) {
        // Not monotonic: the corners say nothing.
        let top = match operator {
            Operator::Modulo | Operator::BitAnd => b.high.abs(),
            _ => a.high.abs().max(b.high.abs()) * 2.0,
        };
        return Some(Interval { low: 0.0, likely: likely.max(top * 0.4).min(top), high: top.max(1.0) });
    }
    let corners =
        [apply(a.low, b.low), apply(a.low, b.high), apply(a.high, b.low), apply(a.high, b.high), Some(likely)];
    let low = corners.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let high = corners.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(Interval { low, likely, high })
}

fn whole(x: f64, y: f64) -> Option<(i64, i64)> {
    (x.abs() < 9e15 && y.abs() < 9e15).then_some((x as i64, y as i64))
}

fn special_name(operator: Operator) -> &'static str {
    match operator {
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
    }
}

/// What share of the items a condition keeps: nearly all, where it leaves one out.
fn kept_share(facts: &crate::facts::ir::Facts, condition: ExpressionId) -> f64 {
    match facts.expressions.get(condition.index()) {
        Some(Expression::Compare { rest, .. }) if matches!(**rest, [(Comparison::NotEqual | Comparison::IsNot, _)]) => {
            0.9
        }
        _ => 0.5,
    }
}
