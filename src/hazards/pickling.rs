//! Whether values can be pickled, by what they were seen to be.

use super::effects::{Place, Reader};
use super::names::names;
use crate::estimate::trace::Seen;
use crate::facts::ir::{Expression, Statement};
use crate::id::{ClassId, ExpressionId, FileId, FunctionId, NameId, StatementId};

/// What is known of pickling a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Pickling {
    /// It can be.
    Works,
    /// It cannot, and why: "`self.lock` is a `threading.Lock`".
    Fails(String, Option<Place>),
    /// A lock or queue of multiprocessing: only a process that is being started takes it.
    Inherited(String),
    /// Nobody knows.
    Unknown(String),
}

impl Pickling {
    /// The worse of two.
    fn and(self, other: Pickling) -> Pickling {
        let rank = |p: &Pickling| match p {
            Pickling::Fails(..) => 0,
            Pickling::Inherited(_) => 1,
            Pickling::Unknown(_) => 2,
            Pickling::Works => 3,
        };
        if rank(&other) < rank(&self) { other } else { self }
    }
}

/// How deep attributes of attributes are looked at.
const DEEPEST: u32 = 4;

impl Reader<'_> {
    /// Whether a value seen like this can be pickled.
    pub fn pickling(&mut self, seen: &Seen) -> Pickling {
        self.pickling_within(seen, DEEPEST)
    }

    fn pickling_within(&mut self, seen: &Seen, depth: u32) -> Pickling {
        let Some(deeper) = depth.checked_sub(1) else { return Pickling::Unknown("it is nested deep".into()) };
        match seen {
            Seen::Plain | Seen::Library(_) | Seen::Class(..) => Pickling::Works,
            Seen::Tuple(parts) => {
                parts.iter().map(|s| self.pickling_within(s, deeper)).fold(Pickling::Works, Pickling::and)
            }
            Seen::List(item) | Seen::Set(item) | Seen::Dict(item) => self.pickling_within(item, deeper),
            Seen::Either(all) => {
                // One of several: only what all say is certain.
                let each: Vec<Pickling> = all.iter().map(|s| self.pickling_within(s, depth)).collect();
                if each.iter().all(|p| matches!(p, Pickling::Fails(..))) || each.iter().all(|p| *p == Pickling::Works) {
                    each.into_iter().next().unwrap_or(Pickling::Works)
                } else {
                    Pickling::Unknown("it may be of several types".into())
                }
            }
            Seen::Instance(file, class) => self.instance_pickling(*file, *class, deeper),
            Seen::LibraryObject(class) => {
                let names = names();
                let class = &**class;
                if names.unpicklable_classes.contains(class) {
                    Pickling::Fails(format!("a `{class}` cannot be pickled"), None)
                } else if names.inherited_classes.contains(class) {
                    Pickling::Inherited(format!("a `{class}` passes only to a process that is being started"))
                } else if names.immutable_classes.contains(class) || names.picklable_classes.contains(class) {
                    Pickling::Works
                } else {
                    Pickling::Unknown(format!("whether a `{class}` can be pickled is not known"))
                }
            }
            Seen::Iterator => Pickling::Fails("a generator or iterator cannot be pickled".into(), None),
            Seen::Function(file, function) => self.function_pickling(*file, *function),
            Seen::Method(owner, file, function) => {
                let named = self.facts(*file).functions.get(function.index()).is_some_and(|f| f.class.is_some());
                if named {
                    self.pickling_within(owner, deeper)
                } else {
                    Pickling::Unknown("its owner is unknown".into())
                }
            }
            Seen::LibraryMethod(owner, _) => self.pickling_within(owner, deeper),
            Seen::Partial(callable, bound) => {
                let first = self.pickling_within(callable, deeper);
                bound.iter().map(|s| self.pickling_within(s, deeper)).fold(first, Pickling::and)
            }
            Seen::Coroutine => Pickling::Fails("a coroutine cannot be pickled".into(), None),
            Seen::Future => Pickling::Fails("a future cannot be pickled".into(), None),
            Seen::Module => Pickling::Fails("a module cannot be pickled".into(), None),
            Seen::Unknown => Pickling::Unknown("its type is not known".into()),
        }
    }

    /// Functions are pickled by their name, so they must be found by it.
    pub fn function_pickling(&mut self, file: FileId, function: FunctionId) -> Pickling {
        let facts = self.facts(file);
        let Some(definition) = facts.functions.get(function.index()) else {
            return Pickling::Unknown("the function is not known".into());
        };
        let span = self.project.parsed(file).spans.functions.get(function.index()).copied();
        let place = span.map(|span| Place { file, span });
        let name = self.name(file, definition.name);
        if name == "<lambda>" {
            return Pickling::Fails("a lambda cannot be pickled".into(), place);
        }
        if definition.parent.is_some() && self.is_wrapper(file, function) {
            return Pickling::Unknown(format!(
                "`{name}` has the name of another function by `functools.wraps`, and is pickled only if it is found there"
            ));
        }
        if definition.parent.is_some() {
            return Pickling::Fails(format!("`{name}` is defined inside a function, so it cannot be pickled"), place);
        }
        Pickling::Works
    }

    /// True for a function below `@functools.wraps(…)`.
    pub fn is_wrapper(&self, file: FileId, function: FunctionId) -> bool {
        let facts = self.facts(file);
        let decorators = facts.functions.get(function.index()).map(|f| &*f.decorators).unwrap_or_default();
        decorators.iter().any(|decorator| {
            let callee = match facts.expressions.get(decorator.index()) {
                Some(Expression::Call { callee, .. }) => *callee,
                _ => *decorator,
            };
            matches!(self.trace.seen(file, callee), Some(Seen::Library(name)) if &**name == "functools.wraps")
        })
    }

    fn instance_pickling(&mut self, file: FileId, class: ClassId, depth: u32) -> Pickling {
        let facts = self.facts(file);
        let Some(definition) = facts.classes.get(class.index()) else {
            return Pickling::Unknown("its class is not known".into());
        };
        let name = self.name(file, definition.name).to_string();
        let special =
            ["__getstate__", "__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__", "__setstate__"];
        for (at, class) in self.ancestors(file, class) {
            if special.iter().any(|method| self.own_method(at, class, method).is_some()) {
                return Pickling::Unknown(format!("`{name}` says itself how it is pickled"));
            }
        }
        if definition.parent.is_some() {
            let span = self.project.parsed(file).spans.classes.get(class.index()).copied();
            let place = span.map(|span| Place { file, span });
            return Pickling::Fails(format!("`{name}` is a class inside a function, so it cannot be pickled"), place);
        }
        let mut worst = Pickling::Works;
        if !self.bases_are_plain(file, class) {
            worst = Pickling::Unknown(format!("the base classes of `{name}` are not all known"));
        }
        for (at, class) in self.ancestors(file, class) {
            let mut kept: Vec<(String, ExpressionId, Seen)> = Vec::new();
            for (attribute, value) in self.attribute_values(at, class) {
                let seen = self.trace.seen(at, value).cloned().unwrap_or(Seen::Unknown);
                kept.push((attribute.clone(), value, seen));
                // What a container is made with, it keeps: `defaultdict(lambda: 0)`.
                if let Some(Expression::Call { arguments, .. }) = self.facts(at).expressions.get(value.index()) {
                    for argument in arguments.iter() {
                        let seen = self.trace.seen(at, argument.value).cloned().unwrap_or(Seen::Plain);
                        if seen.alternatives().iter().any(|s| matches!(s, Seen::Function(..) | Seen::Method(..))) {
                            kept.push((attribute.clone(), value, seen));
                        }
                    }
                }
            }
            // What was put into its containers later is seen where they are used.
            for (index, expression) in self.facts(at).expressions.iter().enumerate() {
                if let Expression::Attribute { value, attribute } = expression
                    && self.trace.seen(at, *value) == Some(&Seen::Instance(file, class))
                    && let Some(seen @ (Seen::List(_) | Seen::Dict(_) | Seen::Set(_))) =
                        self.trace.seen(at, ExpressionId::new(index))
                {
                    kept.push((self.name(at, *attribute).to_string(), ExpressionId::new(index), seen.clone()));
                }
            }
            for (attribute, value, seen) in kept {
                let place = Some(self.place(at, value));
                let what = match self.pickling_within(&seen, depth) {
                    Pickling::Works => continue,
                    Pickling::Fails(why, _) => {
                        Pickling::Fails(format!("`{name}` keeps `self.{attribute}`: {why}"), place)
                    }
                    Pickling::Inherited(why) => {
                        Pickling::Inherited(format!("`{name}` keeps `self.{attribute}`: {why}"))
                    }
                    Pickling::Unknown(why) => Pickling::Unknown(format!("`{name}` keeps `self.{attribute}`: {why}")),
                };
                worst = worst.and(what);
            }
        }
        worst
    }

    /// A class and those of the project that it inherits from, itself first.
    pub fn ancestors(&mut self, file: FileId, class: ClassId) -> Vec<(FileId, ClassId)> {
        let mut all = vec![(file, class)];
        let mut next = 0;
        while let Some(&(at, class)) = all.get(next) {
            next += 1;
            let Some(definition) = self.facts(at).classes.get(class.index()) else { continue };
            for base in &definition.bases {
                let seen = self.trace.seen(at, *base).cloned();
                if let Some(Seen::Class(file, class)) = seen
                    && !all.contains(&(file, class))
                    && all.len() < 20
                {
                    all.push((file, class));
                }
            }
        }
        all
    }

    /// True if every base is a class of the project, or one whose instances are pickled like plain ones.
    fn bases_are_plain(&mut self, file: FileId, class: ClassId) -> bool {
        for (at, class) in self.ancestors(file, class) {
            let Some(definition) = self.facts(at).classes.get(class.index()) else { return false };
            for base in &definition.bases {
                let is_plain = match self.trace.seen(at, *base) {
                    Some(Seen::Class(..)) => true,
                    Some(Seen::Library(name)) => {
                        let name = &**name;
                        let plain = [
                            "builtins.object",
                            "abc.ABC",
                            "typing.NamedTuple",
                            "enum.Enum",
                            "enum.IntEnum",
                            "enum.StrEnum",
                            "typing.Protocol",
                            "typing.Generic",
                            "builtins.Exception",
                            "builtins.ValueError",
                            "builtins.RuntimeError",
                        ];
                        plain.contains(&name) || names().picklable_classes.contains(name)
                    }
                    _ => false,
                };
                if !is_plain {
                    return false;
                }
            }
        }
        true
    }

    /// The method that a class itself defines.
    pub fn own_method(&self, file: FileId, class: ClassId, name: &str) -> Option<FunctionId> {
        let facts = self.facts(file);
        let methods = &facts.classes.get(class.index())?.methods;
        methods.iter().copied().find(|method| {
            facts.functions.get(method.index()).is_some_and(|function| self.name(file, function.name) == name)
        })
    }

    /// True for `self.start()`.
    fn starts_itself(&self, file: FileId, statement: StatementId, receiver: NameId) -> bool {
        let facts = self.facts(file);
        let Some(Statement::Expression(value)) = facts.statements.get(statement.index()) else { return false };
        let Some(Expression::Call { callee, .. }) = facts.expressions.get(value.index()) else { return false };
        match facts.expressions.get(callee.index()) {
            Some(Expression::Attribute { value, attribute }) => {
                self.name(file, *attribute) == "start"
                    && matches!(facts.expressions.get(value.index()), Some(Expression::Name(n)) if *n == receiver)
            }
            _ => false,
        }
    }

    /// The method of a class, its own or inherited within the project.
    pub fn method(&mut self, file: FileId, class: ClassId, name: &str) -> Option<(FileId, FunctionId)> {
        let all = self.ancestors(file, class);
        all.into_iter().find_map(|(at, class)| Some((at, self.own_method(at, class, name)?)))
    }

    /// Every `self.name = value` in a class's own methods.
    pub fn attribute_values(&mut self, file: FileId, class: ClassId) -> Vec<(String, ExpressionId)> {
        let facts = self.facts(file);
        let shape = self.shape(file);
        let mut found = Vec::new();
        let Some(definition) = facts.classes.get(class.index()) else { return found };
        for method in &definition.methods {
            let Some(function) = facts.functions.get(method.index()) else { continue };
            let Some(receiver) = function.parameters.first().map(|p| p.name) else { continue };
            let is_making = self.name(file, function.name) == "__init__";
            for id in shape.statements_in(Some(*method)) {
                // A process that starts itself is pickled as it is by then.
                if is_making && self.starts_itself(file, id, receiver) {
                    return found;
                }
                let (targets, value) = match facts.statements.get(id.index()) {
                    Some(Statement::Assign { targets, value }) => (targets.to_vec(), *value),
                    Some(Statement::AnnotatedAssign { target, value: Some(value), .. }) => (vec![*target], *value),
                    _ => continue,
                };
                for target in targets {
                    if let Some(Expression::Attribute { value: owner, attribute }) =
                        facts.expressions.get(target.index())
                        && matches!(facts.expressions.get(owner.index()), Some(Expression::Name(n)) if *n == receiver)
                    {
                        found.push((self.name(file, *attribute).to_string(), value));
                    }
                }
            }
        }
        found
    }
}
