//! Containers of a module that begin empty and are filled by functions: registries, above all.
//!
//! ```python
//! PARSERS = {}
//!
//! def parser(name):
//!     def register(function):
//!         PARSERS[name] = function
//!         return function
//!     return register
//!
//! @parser("csv")
//! def read_csv(line): ...
//! ```

use super::machine::Machine;
use super::price;
use super::value::{ClassValue, Closure, Kind, Value, union};
use crate::cost::Interval;
use crate::facts::ir::{Expression, Facts, Function, Statement};
use crate::id::{ClassId, ExpressionId, FileId, FunctionId, NameId};
use crate::project::Parsed;
use crate::text::Span;
use std::rc::Rc;

/// How many files are looked at for who registers.
pub(super) const MOST_FILES: usize = 12;
/// How many registered functions or classes are told apart.
const MOST_REGISTERED: usize = 6;
/// Methods by which a container takes in an element.
const ADDS: [&str; 3] = ["append", "add", "appendleft"];

/// What is filled into a container: what a decorator is put on, or every subclass of a class.
enum Filled<'a> {
    Decorated(Vec<&'a str>),
    Subclasses(&'a str),
}

struct Filling<'a> {
    what: Filled<'a>,
    /// It is put into a list that the container has under a key: `HANDLERS.setdefault(kind, []).append(function)`.
    is_grouped: bool,
}

impl<'p> Machine<'p> {
    /// What a module's container that begins empty holds when functions run; of a class's attribute (`is_attribute`),
    /// what decorators register there.
    pub(super) fn filled(&mut self, file: FileId, name: NameId, value: Value, is_attribute: bool) -> Value {
        let Value::Object(reference) = &value else { return value };
        let is_empty = {
            let object = reference.0.borrow();
            matches!(object.kind, Kind::List | Kind::Set | Kind::Dict) && object.length.high <= 0.0
        };
        if !is_empty {
            return value;
        }
        let (mut found, mut grouped): (Vec<Value>, Vec<Value>) = Default::default();
        for Filling { what, is_grouped } in fillings(self.project.parsed(file), name, is_attribute) {
            self.registered(file, &what, if is_grouped { &mut grouped } else { &mut found });
        }
        // What methods put into a class's attribute otherwise, is followed as that of any object.
        if is_attribute && found.is_empty() && grouped.is_empty() {
            return value;
        }
        let declared = if found.is_empty() && grouped.is_empty() { self.declared_global(file, name) } else { None };
        if !grouped.is_empty() {
            let count = Interval { low: 1.0, likely: 1.0, high: grouped.len() as f64 };
            grouped.truncate(MOST_REGISTERED);
            found.push(self.list(union(&grouped), count, None));
        }
        let mut object = reference.0.borrow_mut();
        object.elements = None;
        object.length = match found.len() {
            0 => price::unknown_count(),
            many => Interval { low: 1.0, likely: many as f64, high: many as f64 * 3.0 },
        };
        object.guessed = true;
        object.key = Value::Unknown;
        found.truncate(MOST_REGISTERED);
        object.item = if found.is_empty() { Value::Unknown } else { union(&found) };
        drop(object);
        match declared {
            Some(declared) => super::class::with_elements(&value, &declared),
            None => value,
        }
    }

    /// What a module's annotation says of a name.
    ///
    /// Python: `clients: dict[str, Client] = {}`
    fn declared_global(&mut self, file: FileId, name: NameId) -> Option<Value> {
        let facts = &self.project.parsed(file).facts;
        let annotation = facts.body.iter().find_map(|id| match facts.statements.get(id.index()) {
            Some(Statement::AnnotatedAssign { target, annotation, value: Some(_) }) => {
                let is_it = matches!(facts.expressions.get(target.index()), Some(Expression::Name(it)) if *it == name);
                is_it.then_some(*annotation)
            }
            _ => None,
        })?;
        Some(self.annotated(file, None, annotation))
    }

    fn registered(&mut self, file: FileId, filled: &Filled<'p>, found: &mut Vec<Value>) {
        let word = match filled {
            Filled::Decorated(names) => names.last().copied().unwrap_or_default(),
            Filled::Subclasses(class) => class,
        };
        for other in self.project.users(file, word, MOST_FILES) {
            let parsed = self.project.parsed(other);
            match filled {
                Filled::Decorated(names) => {
                    let is_one = |decorators: &[ExpressionId]| {
                        decorators.iter().any(|it| names.contains(&called(&parsed.facts, *it)))
                    };
                    for (index, function) in parsed.facts.functions.iter().enumerate() {
                        if function.parent.is_none() && function.class.is_none() && is_one(&function.decorators) {
                            found.push(plain_function(other, FunctionId::new(index)));
                        }
                    }
                    for (index, class) in parsed.facts.classes.iter().enumerate() {
                        if is_one(&class.decorators) {
                            found.push(plain_class(other, ClassId::new(index)));
                        }
                    }
                }
                Filled::Subclasses(name) => found.extend(subclasses(other, &parsed.facts, name)),
            }
        }
    }

    /// The classes of the project that name a class as their base: what `__subclasses__` gives, as far as it is seen.
    pub(super) fn subclasses(&mut self, class: &ClassValue) -> Vec<Value> {
        let facts = &self.project.parsed(class.file).facts;
        let Some(definition) = facts.classes.get(class.class.index()) else { return Vec::new() };
        let name = text(facts, definition.name);
        let files = self.project.users(class.file, name, MOST_FILES);
        files.into_iter().flat_map(|file| subclasses(file, &self.project.parsed(file).facts, name)).collect()
    }
}

fn subclasses(file: FileId, facts: &Facts, name: &str) -> Vec<Value> {
    let all = facts.classes.iter().enumerate();
    let derived = all.filter(|(_, class)| class.bases.iter().any(|base| called(facts, *base) == name));
    derived.map(|(index, _)| plain_class(file, ClassId::new(index))).collect()
}

/// Who fills a module's container, which goes by its name, or a class's, which is an attribute.
fn fillings<'a>(parsed: &'a Parsed, name: NameId, is_attribute: bool) -> Vec<Filling<'a>> {
    let facts = &parsed.facts;
    let is_it = |id: &ExpressionId| match facts.expressions.get(id.index()) {
        Some(Expression::Name(n)) => *n == name && !is_attribute,
        Some(Expression::Attribute { attribute, .. }) => *attribute == name && is_attribute,
        _ => false,
    };
    let stored = facts.statements.iter().zip(&parsed.spans.statements).filter_map(|(statement, span)| match statement {
        Statement::Assign { targets, value } => {
            let into = |id: &ExpressionId| {
                matches!(facts.expressions.get(id.index()), Some(Expression::Subscript { value, .. }) if is_it(value))
            };
            targets.iter().any(into).then_some((*value, *span, false))
        }
        Statement::Expression(call) => {
            let Some(Expression::Call { callee, arguments }) = facts.expressions.get(call.index()) else { return None };
            let Some(Expression::Attribute { value, attribute }) = facts.expressions.get(callee.index()) else { return None };
            let group_of = match facts.expressions.get(value.index())? {
                Expression::Subscript { value, .. } => Some(*value),
                Expression::Call { callee, .. } => match facts.expressions.get(callee.index())? {
                    Expression::Attribute { value, attribute } if text(facts, *attribute) == "setdefault" => {
                        Some(*value)
                    }
                    _ => None,
                },
                _ => None,
            };
            let is_grouped = group_of.as_ref().is_some_and(is_it);
            let adds = (is_it(value) || is_grouped) && ADDS.contains(&text(facts, *attribute));
            Some((arguments.first().filter(|_| adds)?.value, *span, is_grouped))
        }
        _ => None,
    });
    let filled = stored
        .filter_map(|(value, span, is_grouped)| filling(parsed, value, span).map(|what| Filling { what, is_grouped }));
    filled.collect()
}

fn filling<'a>(parsed: &'a Parsed, value: ExpressionId, at: Span) -> Option<Filled<'a>> {
    let facts = &parsed.facts;
    let Some(Expression::Name(stored)) = facts.expressions.get(value.index()) else { return None };
    let around = facts.functions.iter().zip(&parsed.spans.functions);
    let around = around.filter(|(_, span)| span.start <= at.start && at.end <= span.end);
    let (innermost, _) = around.max_by_key(|(_, span)| span.start)?;
    let mut names: Vec<&str> = Vec::new();
    let mut has_it = false;
    let mut here: Option<&Function> = Some(innermost);
    while let Some(function) = here {
        let is_parameter = function.parameters.iter().any(|it| it.name == *stored);
        if is_parameter && text(facts, function.name) == "__init_subclass__" {
            let class = facts.classes.get(function.class?.index())?;
            return Some(Filled::Subclasses(text(facts, class.name)));
        }
        has_it |= is_parameter;
        names.push(text(facts, function.name));
        here = function.parent.and_then(|it| facts.functions.get(it.index()));
    }
    has_it.then_some(Filled::Decorated(names))
}

/// The last name of a decorator or base, of what it calls if it is called.
fn called(facts: &Facts, expression: ExpressionId) -> &str {
    match facts.expressions.get(expression.index()) {
        Some(Expression::Call { callee, .. }) => match facts.expressions.get(callee.index()) {
            Some(Expression::Name(name) | Expression::Attribute { attribute: name, .. }) => text(facts, *name),
            _ => "",
        },
        Some(Expression::Name(name) | Expression::Attribute { attribute: name, .. }) => text(facts, *name),
        _ => "",
    }
}

fn text(facts: &Facts, name: NameId) -> &str {
    facts.names.get(name.index()).map_or("", |name| name)
}

pub(super) fn plain_function(file: FileId, function: FunctionId) -> Value {
    Value::Function(Rc::new(Closure { file, function, environment: None, owner: None, context: false, compiled: None }))
}

fn plain_class(file: FileId, class: ClassId) -> Value {
    Value::Class(Rc::new(ClassValue { file, class, environment: None }))
}
