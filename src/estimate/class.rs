//! Classes of the project: bases in order, attributes, construction, special methods.

use super::evidence::Trail;
use super::expressions::CallSite;
use super::machine::{Answer, Frame, Machine, Outcome, Question, Remembered};
use super::price;
use super::value::{Arguments, ClassValue, Closure, Environment, Fields, Kind, Lazy, Value};
use crate::cost::{Cost, Interval};
use crate::facts::ir::{BindingValue, Class, Expression, Function, Statement};
use crate::id::{ClassId, ExpressionId, FileId, FunctionId, NameId};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// No more methods of a class than this are run to learn what its attributes hold.
const MOST_FILLERS: usize = 40;
/// No more bases of a class than this are looked at, those of bases included.
const MOST_ANCESTORS: usize = 200;
/// No more attributes of an object than this are known.
const MOST_FIELDS: usize = 300;
/// So many class methods are asked what they make of a class.
const MOST_MAKERS: usize = 3;

/// A class in the order in which attributes are looked up.
#[derive(Debug, Clone)]
pub enum Ancestor {
    /// Of the project.
    Project(Rc<ClassValue>),
    /// Of a library.
    Library(Arc<str>),
    /// Not resolved: may have any attribute.
    Unknown,
}

/// What the body of a class binds to a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Own {
    Method(FunctionId),
    /// By its place among the bindings.
    Bound(usize),
}

/// What a class gives for a name that its body or that of a base binds: where, and what.
pub(super) type Inherited = (Rc<ClassValue>, Own);

/// What a class gives for a name.
enum Member {
    Function(Rc<ClassValue>, FunctionId),
    Bound(Rc<ClassValue>, usize),
}

impl<'p> Machine<'p> {
    fn class_facts(&self, class: &ClassValue) -> Option<&'p Class> {
        self.project.parsed(class.file).facts.classes.get(class.class.index())
    }

    /// The class and its bases, in lookup order.
    pub(super) fn order(&mut self, class: &Rc<ClassValue>) -> Rc<[Ancestor]> {
        let answer = self.ask(Question::Order(class.file, class.class), |machine| {
            let mut order = vec![Ancestor::Project(class.clone())];
            let Some(facts) = machine.class_facts(class) else { return Answer::Order(order.into()) };
            let mut frame = machine.module_frame(class.file);
            if let Some(environment) = &class.environment {
                frame.environment = environment.clone();
            }
            for base in &facts.bases {
                let mut value = machine.evaluate(&mut frame, *base);
                if let Value::Union(parts) = &value {
                    value = parts
                        .iter()
                        .find(|p| matches!(p, Value::Class(_) | Value::Library(_)))
                        .cloned()
                        .unwrap_or(Value::Unknown);
                }
                match value {
                    Value::Class(base) => order.extend(machine.order(&base).iter().cloned()),
                    Value::Library(name) => order.push(Ancestor::Library(name)),
                    _ => order.push(Ancestor::Unknown),
                }
            }
            Answer::Order(each_once(order).into())
        });
        match answer {
            Some(Answer::Order(order)) => order,
            // A class among its own bases ends the search.
            _ => Rc::from([Ancestor::Project(class.clone())]),
        }
    }

    fn member(&mut self, class: &Rc<ClassValue>, name: &str, behind: Option<&ClassValue>) -> Option<Member> {
        let place = (class.file, class.class);
        let of = |(here, own): Inherited| match own {
            Own::Method(method) => Member::Function(here, method),
            Own::Bound(index) => Member::Bound(here, index),
        };
        if behind.is_none()
            && let Some(known) = self.inherited.get(&place).and_then(|names| names.get(name))
        {
            return known.clone().map(of);
        }
        let found = self.look_up(class, name, behind);
        // An order that rests on a question that is still open may change.
        if behind.is_none() && self.is_settled(&Question::Order(class.file, class.class)) {
            self.inherited.entry(place).or_default().insert(Box::from(name), found.clone());
        }
        found.map(of)
    }

    fn look_up(&mut self, class: &Rc<ClassValue>, name: &str, behind: Option<&ClassValue>) -> Option<Inherited> {
        let order = self.order(class);
        let mut started = behind.is_none();
        for ancestor in order.iter() {
            let Ancestor::Project(here) = ancestor else { continue };
            if !started {
                started = behind.is_some_and(|b| b.file == here.file && b.class == here.class);
                continue;
            }
            if let Some(own) = self.own_member(here, name) {
                return Some((here.clone(), own));
            }
        }
        None
    }

    /// What the body of a class itself gives for a name: the last method of that name, or else what is bound to it.
    fn own_member(&mut self, class: &ClassValue, name: &str) -> Option<Own> {
        let facts = self.class_facts(class)?;
        let parsed = self.project.parsed(class.file);
        let members = self.members.entry((class.file, class.class)).or_insert_with(|| {
            let text = |name: NameId| parsed.facts.names.get(name.index()).map_or("", |n| n);
            let mut members = FxHashMap::default();
            for (index, bound) in facts.bindings.iter().enumerate() {
                if !matches!(bound.value, BindingValue::Function(_)) {
                    members.insert(text(bound.name), Own::Bound(index));
                }
            }
            for method in &facts.methods {
                let definition = parsed.facts.functions.get(method.index());
                if let Some(definition) = definition.filter(|f| !is_setter(&parsed.facts, f)) {
                    members.insert(text(definition.name), Own::Method(*method));
                }
            }
            members
        });
        members.get(name).copied()
    }

    /// An instance whose construction was not seen.
    pub(super) fn generic_instance(&mut self, class: &Rc<ClassValue>) -> Value {
        let kind = Kind::Instance { class: class.clone(), generic: true };
        self.object(kind, Value::Unknown, Value::Unknown, price::unknown_count(), None)
    }

    /// Something of the type that a class object stands for.
    pub(super) fn instance_of(&mut self, class: &Value) -> Option<Value> {
        match class {
            Value::Class(class) => Some(self.generic_instance(class)),
            Value::Library(name) => {
                let name = name.clone();
                Some(self.library_instance(&name))
            }
            Value::Tuple(parts) | Value::Union(parts) => {
                let parts = parts.clone();
                let all: Vec<Value> = parts.iter().filter_map(|part| self.instance_of(part)).collect();
                (all.len() == parts.len()).then(|| super::value::union(&all))
            }
            _ => None,
        }
    }

    /// `owner.name`.
    pub(super) fn attribute(&mut self, frame: &mut Frame<'p>, owner: &Value, name: &str, place: Span) -> Value {
        match owner {
            Value::Module(file) => {
                let members = self.project.member(&crate::project::Entity::Module(*file), name);
                self.entities(&members).unwrap_or(Value::Unknown)
            }
            Value::Namespace(path) => {
                let members = self.project.member(&crate::project::Entity::Namespace(path.clone()), name);
                self.entities(&members).unwrap_or(Value::Unknown)
            }
            // Python: generate.__wrapped__.__code__.co_filename
            Value::Library(_) if OF_FUNCTIONS.contains(&name) => Value::Unknown,
            Value::Library(library) => self.library(&format!("{library}.{name}")),
            Value::Object(reference) => {
                let (kind, field) = {
                    let object = reference.0.borrow();
                    (object.kind.clone(), object.fields.get(name).cloned())
                };
                match kind {
                    Kind::Instance { class, .. } => {
                        if let Some(value) = field {
                            return value;
                        }
                        let value = self.instance_attribute(frame, owner, &class, name, place);
                        // Python: while not self.queue.empty(): self.queue.get()
                        if let Value::Object(queue) = &value
                            && self.carries(queue)
                        {
                            let mut object = reference.0.borrow_mut();
                            if !object.frozen {
                                object.digested.forget();
                                object.fields.insert(Rc::from(name), value.clone());
                            }
                        }
                        value
                    }
                    Kind::Library(class) => {
                        if let Some(value) = field {
                            return value;
                        }
                        let under = super::shared::Under::Attribute(name);
                        match self.kept_in_shared(&class, under, frame.file) {
                            Some(kept) => kept,
                            None => self.library_attribute(owner, &class, name),
                        }
                    }
                    Kind::List => self.builtin_method(owner, "list", name),
                    Kind::Set => self.builtin_method(owner, "set", name),
                    Kind::Dict => self.builtin_method(owner, "dict", name),
                }
            }
            Value::Class(class) => self.class_attribute(class, name),
            Value::Text(..) => self.builtin_method(owner, "str", name),
            Value::Bytes(_) => self.builtin_method(owner, "bytes", name),
            Value::Tuple(_) => self.builtin_method(owner, "tuple", name),
            Value::Int(_) | Value::Bool(_) => self.builtin_method(owner, "int", name),
            Value::Float(_) => self.builtin_method(owner, "float", name),
            Value::Iterator(_) => self.builtin_method(owner, "generator", name),
            Value::Range { .. } => self.builtin_method(owner, "range", name),
            Value::Future(_) => self.builtin_method(owner, "future", name),
            Value::Function(closure) => match name {
                "__name__" | "__qualname__" | "__doc__" | "__module__" => Value::text(price::name_length()),
                "__wrapped__" | "func" | "fn" | "original" => Value::Function(closure.clone()),
                _ => Value::Unknown,
            },
            Value::Super(receiver, behind) => self.super_attribute(frame, receiver, behind, name),
            Value::Union(parts) => {
                let parts = parts.clone();
                let all: Vec<Value> = parts
                    .iter()
                    .filter(|p| !matches!(p, Value::None))
                    .map(|part| self.attribute(frame, part, name, place))
                    .collect();
                super::value::union(&all)
            }
            _ => Value::Unknown,
        }
    }

    fn builtin_method(&mut self, owner: &Value, class: &str, name: &str) -> Value {
        Value::LibraryMethod(Rc::new(owner.clone()), self.known.builtin_method(class, name))
    }

    fn instance_attribute(
        &mut self,
        frame: &mut Frame<'p>,
        owner: &Value,
        class: &Rc<ClassValue>,
        name: &str,
        place: Span,
    ) -> Value {
        match name {
            "__class__" => return Value::Class(class.clone()),
            "__dict__" => return Value::Unknown,
            _ => {}
        }
        if let Some(member) = self.member(class, name, None) {
            // An attribute set on `self` hides a class attribute of the same name.
            if let Member::Bound(..) = member {
                let generic = self.generic_fields(class);
                if let Some(value) = generic.get(name).filter(|v| !v.is_unknown()) {
                    return value.clone();
                }
            }
            let value = self.member_value(frame, owner, class, member, place);
            if value.is_unknown()
                && let Some(declared) = self.declared_attribute(class, name)
            {
                return declared;
            }
            return value;
        }
        let order = self.order(class);
        for ancestor in order.iter() {
            if let Ancestor::Project(here) = ancestor {
                let fields = self.generic_fields(here);
                if let Some(value) = fields.get(name) {
                    return value.clone();
                }
            }
        }
        let mut unresolved = false;
        for ancestor in order.iter() {
            match ancestor {
                Ancestor::Library(library) => {
                    let library = library.clone();
                    if let Some(kind) = self.known.attribute(&library, name) {
                        return self.typed(&kind, None, None);
                    }
                    if let Some(method) = self.known.method_owner(&library, name) {
                        return Value::LibraryMethod(Rc::new(owner.clone()), method);
                    }
                    unresolved |= self.known.class(&library).is_none();
                }
                Ancestor::Unknown => unresolved = true,
                Ancestor::Project(_) => {}
            }
        }
        if !unresolved && name != "__getattr__" && self.hands_on_attributes(class) {
            let asked = Value::Text(Some(Rc::from(name)), Interval::exact(name.len() as f64));
            return self.special_call(frame, owner, "__getattr__", &Arguments::of(vec![asked]));
        }
        Value::Unknown
    }

    /// True if `__getattr__` does nothing but to hand on what it is asked for. (Where it does more, it may be run for every
    /// attribute of every object.)
    ///
    /// ```python
    /// def __getattr__(self, name):
    ///     return getattr(self._inner, name)
    /// ```
    fn hands_on_attributes(&mut self, class: &Rc<ClassValue>) -> bool {
        let Some(closure) = self.method(class, "__getattr__") else { return false };
        let facts = &self.project.parsed(closure.file).facts;
        let Some(definition) = facts.functions.get(closure.function.index()) else { return false };
        let [.., last] = &*definition.body else { return false };
        definition.body.len() <= 2 && matches!(facts.statements.get(last.index()), Some(Statement::Return(Some(_))))
    }

    fn member_value(
        &mut self,
        frame: &mut Frame<'p>,
        owner: &Value,
        class: &Rc<ClassValue>,
        member: Member,
        place: Span,
    ) -> Value {
        match member {
            Member::Function(here, function) => {
                let parsed = self.project.parsed(here.file);
                let Some(definition) = parsed.facts.functions.get(function.index()) else { return Value::Unknown };
                let closure = self.method_closure(&here, function);
                match self.decoration(here.file, definition) {
                    Decoration::Property => {
                        self.call_function(frame, &closure, Some(owner.clone()), &Arguments::default(), place)
                    }
                    Decoration::Static => self.decorated_beside(&here, definition, closure),
                    Decoration::Class => {
                        let value = self.decorated_beside(&here, definition, closure);
                        bind_method(&Value::Class(class.clone()), value)
                    }
                    Decoration::None => Value::Method(Rc::new(owner.clone()), closure),
                    Decoration::Other => {
                        let value = self.decorated_beside(&here, definition, closure);
                        self.described(frame, owner, class, bind_method(owner, value), place)
                    }
                }
            }
            Member::Bound(here, index) => {
                let value = self.class_binding(&here, index);
                match value {
                    // A function kept in a class attribute becomes a method.
                    Value::Function(closure) => Value::Method(Rc::new(owner.clone()), closure),
                    other => self.described(frame, owner, class, other, place),
                }
            }
        }
    }

    /// What a method's decorators make of it, beside those that say to what it is bound.
    ///
    /// ```python
    /// @staticmethod
    /// @in_executor
    /// def draw(size): …
    /// ```
    fn decorated_beside(&mut self, class: &Rc<ClassValue>, definition: &Function, closure: Rc<Closure>) -> Value {
        let facts = &self.project.parsed(class.file).facts;
        let binds = |decorator: &ExpressionId| {
            matches!(facts.expressions.get(decorator.index()),
                Some(Expression::Name(name)) if matches!(self.name(class.file, *name), "staticmethod" | "classmethod"))
        };
        let decorators: Vec<ExpressionId> = definition.decorators.iter().filter(|it| !binds(it)).copied().collect();
        if decorators.is_empty() {
            return Value::Function(closure);
        }
        let mut outer = self.module_frame(class.file);
        if let Some(environment) = &class.environment {
            outer.environment = environment.clone();
        }
        self.decorated(&mut outer, Value::Function(closure), &decorators)
    }

    /// What reading an attribute of an instance gives: a descriptor is asked for it.
    fn described(
        &mut self,
        frame: &mut Frame<'p>,
        owner: &Value,
        class: &Rc<ClassValue>,
        attribute: Value,
        place: Span,
    ) -> Value {
        match instance_class(&attribute).and_then(|its| self.method(&its, "__get__")) {
            Some(closure) => {
                let given = Arguments::of(vec![owner.clone(), Value::Class(class.clone())]);
                self.call_function(frame, &closure, Some(attribute), &given, place)
            }
            None => attribute,
        }
    }

    fn method_closure(&self, class: &Rc<ClassValue>, function: FunctionId) -> Rc<Closure> {
        Rc::new(Closure {
            file: class.file,
            function,
            environment: class.environment.clone(),
            owner: Some(class.clone()),
            context: false,
            compiled: None,
        })
    }

    /// `name: Type` in a class's body.
    fn declared_attribute(&mut self, class: &Rc<ClassValue>, name: &str) -> Option<Value> {
        for ancestor in self.order(class).iter() {
            let Ancestor::Project(here) = ancestor else { continue };
            let Some(facts) = self.class_facts(here) else { continue };
            let parsed = self.project.parsed(here.file);
            for statement in facts.body.iter() {
                if let Some(Statement::AnnotatedAssign { target, annotation, .. }) =
                    parsed.facts.statements.get(statement.index())
                    && let Some(Expression::Name(id)) = parsed.facts.expressions.get(target.index())
                    && self.name(here.file, *id) == name
                {
                    let value = self.annotated(here.file, here.environment.as_ref(), *annotation);
                    return Some(value).filter(|v| !v.is_unknown());
                }
            }
        }
        None
    }

    fn class_binding(&mut self, class: &Rc<ClassValue>, index: usize) -> Value {
        let Some(facts) = self.class_facts(class) else { return Value::Unknown };
        let Some(binding) = facts.bindings.get(index) else { return Value::Unknown };
        let place = u32::try_from(index).unwrap_or(u32::MAX);
        let answer = self.ask(Question::ClassBinding(class.file, class.class, place), |machine| {
            let mut frame = machine.module_frame(class.file);
            if let Some(environment) = &class.environment {
                frame.environment = environment.clone();
            }
            let value = match machine.bound_value(&mut frame, &binding.value) {
                Value::None => machine.stored_on_class(class, binding.name).unwrap_or(Value::None),
                value => machine.filled(class.file, binding.name, value, true),
            };
            Answer::Value(value.copied(true))
        });
        match answer {
            Some(Answer::Value(value)) => value,
            _ => Value::Unknown,
        }
    }

    /// What a method puts in the place of an attribute of the class that begins as `None`.
    ///
    /// ```python
    /// @classmethod
    /// def shared(cls):
    ///     if cls._shared is None:
    ///         cls._shared = cls()
    ///     return cls._shared
    /// ```
    fn stored_on_class(&mut self, class: &Rc<ClassValue>, name: NameId) -> Option<Value> {
        let parsed = self.project.parsed(class.file);
        let (facts, spans) = (&parsed.facts, &parsed.spans);
        let definition = facts.classes.get(class.class.index())?;
        let methods: Vec<(Span, NameId)> = definition
            .methods
            .iter()
            .filter_map(|method| {
                let function = facts.functions.get(method.index())?;
                let receiver = function.parameters.first()?.name;
                let is_of_class = self.decoration(class.file, function) == Decoration::Class
                    || self.name(class.file, function.name) == "__new__";
                Some((*spans.functions.get(method.index())?, if is_of_class { receiver } else { definition.name }))
            })
            .collect();
        let is_target = |target: &ExpressionId, owner: NameId| {
            let Some(Expression::Attribute { value, attribute }) = facts.expressions.get(target.index()) else {
                return false;
            };
            let object = facts.expressions.get(value.index());
            *attribute == name && matches!(object, Some(Expression::Name(it)) if *it == owner || *it == definition.name)
        };
        let stored = facts.statements.iter().zip(&spans.statements).find_map(|(statement, span)| {
            let Statement::Assign { targets, value } = statement else { return None };
            let is_constant = matches!(facts.expressions.get(value.index()), Some(Expression::None));
            let (_, owner) = methods.iter().find(|(range, _)| range.start <= span.start && span.end <= range.end)?;
            (!is_constant && targets.iter().any(|target| is_target(target, *owner))).then_some((*value, *owner))
        });
        let (value, owner) = stored?;
        let mut frame = self.module_frame(class.file);
        let variables = FxHashMap::from_iter([(owner, Value::Class(class.clone()))]);
        frame.environment = Rc::new(Environment {
            file: class.file,
            function: None,
            variables: RefCell::new(variables.into()),
            parent: class.environment.clone(),
            noted: Cell::new(false),
        });
        let value = self.evaluate(&mut frame, value);
        (!value.is_unknown()).then_some(value)
    }

    pub(super) fn class_attribute(&mut self, class: &Rc<ClassValue>, name: &str) -> Value {
        match self.member(class, name, None) {
            Some(Member::Function(here, function)) => {
                let parsed = self.project.parsed(here.file);
                let Some(definition) = parsed.facts.functions.get(function.index()) else { return Value::Unknown };
                let closure = self.method_closure(&here, function);
                match self.decoration(here.file, definition) {
                    Decoration::Class => {
                        let value = self.decorated_beside(&here, definition, closure);
                        bind_method(&Value::Class(class.clone()), value)
                    }
                    Decoration::Property => Value::Unknown,
                    Decoration::None => Value::Function(closure),
                    Decoration::Static | Decoration::Other => self.decorated_beside(&here, definition, closure),
                }
            }
            Some(Member::Bound(here, index)) => {
                let value = self.class_binding(&here, index);
                self.member_of_enum(&here, index, name, &value).unwrap_or(value)
            }
            None => {
                let order = self.order(class);
                for ancestor in order.iter() {
                    if let Ancestor::Library(library) = ancestor
                        && let Some(method) = self.known.method_owner(library, name)
                    {
                        return Value::Library(method);
                    }
                }
                // Attributes set on the class from outside, or on instances.
                Value::Unknown
            }
        }
    }

    /// What methods of the class store on `self`, whoever makes the instance.
    pub(super) fn generic_fields(&mut self, class: &Rc<ClassValue>) -> Rc<BTreeMap<Rc<str>, Value>> {
        let answer = self.ask(Question::Fields(class.file, class.class), |machine| {
            let parsed = machine.project.parsed(class.file);
            let mut methods: Vec<FunctionId> = Vec::new();
            for store in &parsed.facts.attribute_stores {
                if store.class == class.class && !methods.contains(&store.function) {
                    methods.push(store.function);
                }
            }
            let is_init = |f: &FunctionId| {
                parsed.facts.functions.get(f.index()).is_some_and(|d| machine.name(class.file, d.name) == "__init__")
            };
            let filled = filled_attributes(parsed, class.class);
            for (method, _) in &filled {
                if !methods.contains(method) && methods.len() < MOST_FILLERS {
                    methods.push(*method);
                }
            }
            methods.sort_by_key(|f| (!is_init(f), f.0));
            let instance = machine.generic_instance(class);
            for method in methods {
                let Some(definition) = parsed.facts.functions.get(method.index()) else { continue };
                let closure = machine.method_closure(class, method);
                let bound = machine.presumed_arguments(&closure, definition, Some(instance.clone()));
                machine.run(&closure, bound);
            }
            let fields = match &instance {
                Value::Object(reference) => reference.0.borrow().fields.clone(),
                _ => Fields::default(),
            };
            let is_open = fields.iter().any(|(_, value)| value.is_unknown());
            let made = if is_open { machine.made_by_class_methods(class) } else { Vec::new() };
            let is_filled =
                |name: &str| filled.iter().any(|(_, attribute)| machine.name(class.file, *attribute) == name);
            let fields = fields.iter().map(|(name, value)| {
                let told = made.iter().filter_map(|fields| fields.get(name)).find(|value| !value.is_unknown());
                let value = if value.is_unknown() { told.unwrap_or(value) } else { value };
                let value = if is_filled(name) { of_any_length(value) } else { generalised(value) };
                (name.clone(), value.copied(true))
            });
            let mut fields: BTreeMap<Rc<str>, Value> = fields.collect();
            machine.tell_elements(class, &mut fields);
            Answer::Fields(Rc::new(fields))
        });
        match answer {
            Some(Answer::Fields(fields)) => fields,
            _ => Rc::default(),
        }
    }

    /// What is in containers that begin empty, as their annotations say.
    ///
    /// Python: `self.tables: dict[str, Table] = {}`
    fn tell_elements(&mut self, class: &Rc<ClassValue>, fields: &mut BTreeMap<Rc<str>, Value>) {
        let parsed = self.project.parsed(class.file);
        let Some(definition) = parsed.facts.classes.get(class.class.index()) else { return };
        let methods: Vec<Span> =
            definition.methods.iter().filter_map(|it| parsed.spans.functions.get(it.index())).copied().collect();
        for (statement, span) in parsed.facts.statements.iter().zip(&parsed.spans.statements) {
            let Statement::AnnotatedAssign { target, annotation, value: Some(_) } = statement else { continue };
            let Some(Expression::Attribute { attribute, .. }) = parsed.facts.expressions.get(target.index()) else {
                continue;
            };
            if !methods.iter().any(|range| range.start <= span.start && span.end <= range.end) {
                continue;
            }
            if let Some(value) = fields.get_mut(self.name(class.file, *attribute))
                && lacks_elements(value)
            {
                let declared = self.annotated(class.file, class.environment.as_ref(), *annotation);
                *value = with_elements(value, &declared).copied(true);
            }
        }
    }

    /// The fields of what a class's own class methods make: they know more than `__init__` of its parameters.
    ///
    /// ```python
    /// @classmethod
    /// def load(cls, path):
    ///     return cls(pandas.read_csv(path))
    /// ```
    fn made_by_class_methods(&mut self, class: &Rc<ClassValue>) -> Vec<Fields> {
        let facts = &self.project.parsed(class.file).facts;
        let Some(definition) = facts.classes.get(class.class.index()) else { return Vec::new() };
        let makers = definition.methods.iter().filter(|method| {
            facts.functions.get(method.index()).is_some_and(|function| {
                !function.is_async
                    && !function.is_generator
                    && self.decoration(class.file, function) == Decoration::Class
                    && gives_instance(facts, function)
            })
        });
        let makers: Vec<FunctionId> = makers.copied().take(MOST_MAKERS).collect();
        let mut all = Vec::new();
        for maker in makers {
            let Some(function) = facts.functions.get(maker.index()) else { continue };
            let closure = self.method_closure(class, maker);
            let bound = self.presumed_arguments(&closure, function, Some(Value::Class(class.clone())));
            if let Value::Object(reference) = self.run(&closure, bound).result
                && let object = reference.0.borrow()
                && matches!(&object.kind, Kind::Instance { class: made, .. }
                    if (made.file, made.class) == (class.file, class.class))
            {
                all.push(object.fields.clone());
            }
        }
        all
    }

    /// `owner.name = value`.
    pub(super) fn set_attribute(&mut self, frame: &mut Frame<'p>, owner: &Value, name: &str, value: Value) {
        for part in owner.alternatives() {
            let Value::Object(reference) = part else { continue };
            let conditional = frame.branches > 0 || frame.loops > 0;
            let key: Rc<str> = Rc::from(name);
            let is_instance = matches!(reference.0.borrow().kind, Kind::Instance { .. } | Kind::Library(_));
            let is_any = matches!(reference.0.borrow().kind, Kind::Instance { generic: true, .. });
            if is_instance {
                let value = value.clone();
                let known = reference.0.borrow();
                if known.fields.len() >= MOST_FIELDS && !known.fields.contains_key(&key) {
                    continue;
                }
                drop(known);
                // A loop that is run turn by turn goes from state to state.
                let steps = frame.branches == 0 && (1..=super::statements::MOST_WATCHED).contains(&self.watching);
                self.change_field(reference, key, |before| match before {
                    Some(Value::None | Value::Unknown) => value,
                    Some(before) if steps && before.is_state() && value.is_state() => value,
                    // Of an instance that stands for all, nobody knows which of its methods ran last.
                    Some(before) if is_any && before.is_state() && value.is_state() => before.join(&value),
                    Some(before) if conditional => before.join(&value),
                    Some(before) if matches!(value, Value::None | Value::Unknown) => before.join(&value),
                    _ => value,
                });
            }
        }
    }

    /// `Class(…)`.
    pub(super) fn instantiate(
        &mut self,
        frame: &mut Frame<'p>,
        class: &Rc<ClassValue>,
        arguments: Arguments,
        site: &CallSite<'_>,
    ) -> Value {
        frame.tally.tick(price::CALL * 2.0);
        let order = self.order(class);
        if let Some(value) = self.enum_member(class, &order) {
            return value;
        }
        if order.iter().any(|it| matches!(it, Ancestor::Library(name) if &**name == "typing.TypedDict")) {
            return self.typed_dict(arguments);
        }
        let mut digest = super::value::Digest::default();
        for value in &arguments.positional {
            digest.argument(value);
        }
        for (name, value) in &arguments.keywords {
            Value::Text(Some(name.clone()), Interval::ZERO).digest(&mut digest);
            digest.argument(value);
        }
        digest.number(u64::from(arguments.open) + 2 * u64::from(arguments.open_keywords));
        digest.number(super::machine::frequency(frame.scale));
        digest.number(super::machine::frequency(self.growth));
        digest.number(self.on_loop.map_or(2, u64::from));
        let plain = class.environment.is_none() && !frame.is_async;
        let key = digest.finish().filter(|_| plain).map(|digest| (class.file, Remembered::Class(class.class), digest));
        let (file, scale) = (frame.file, frame.scale);
        if self.edges.is_none() && key.is_some() {
            let outcome = self.remembered(key, |machine, _| {
                let mut inner = machine.module_frame(class.file);
                inner.scale = scale;
                let nowhere = CallSite { place: Span::default(), ..*site };
                let result = machine.make_instance(&mut inner, class, &order, arguments, &nowhere);
                Outcome::of(result, inner.tally)
            });
            let instance = outcome.result.clone();
            self.weigh(frame, &instance);
            frame.tally.cost = frame.tally.cost.plus(outcome.cost);
            frame.tally.aside += outcome.aside;
            // What is remembered does not know where it was called from.
            frame.tally.trail.extend(&outcome.trail.called_from(file, site.place), 1.0, None);
            self.subclassed_worker(frame, class, &order, &instance, site);
            return instance;
        }
        let instance = self.make_instance(frame, class, &order, arguments, site);
        self.subclassed_worker(frame, class, &order, &instance, site);
        instance
    }

    fn make_instance(
        &mut self,
        frame: &mut Frame<'p>,
        class: &Rc<ClassValue>,
        order: &Rc<[Ancestor]>,
        arguments: Arguments,
        site: &CallSite<'_>,
    ) -> Value {
        let kind = Kind::Instance { class: class.clone(), generic: false };
        let instance = self.object(kind, Value::Unknown, Value::Unknown, price::unknown_count(), None);
        self.weigh(frame, &instance);
        let library =
            order.iter().find_map(|a| if let Ancestor::Library(name) = a { Some(name.clone()) } else { None });
        match self.member(class, "__init__", None) {
            Some(Member::Function(here, function)) => {
                let closure = self.method_closure(&here, function);
                self.call_function(frame, &closure, Some(instance.clone()), &arguments, site.place);
            }
            _ => {
                self.assign_fields(frame, order, &instance, &arguments);
                if self.is_tuple(order) {
                    return instance;
                }
                if let Some(Member::Function(here, function)) = self.member(class, "__post_init__", None) {
                    let closure = self.method_closure(&here, function);
                    self.call_function(frame, &closure, Some(instance.clone()), &Arguments::default(), site.place);
                }
                if let Some(library) = &library
                    && !library.starts_with("builtins.")
                {
                    let constructor = library.clone();
                    self.call_library(frame, &constructor, Some(&Rc::new(instance.clone())), arguments, site);
                }
            }
        }
        instance
    }

    /// `Movie(title="Alien", year=1979)`: a dict.
    fn typed_dict(&mut self, arguments: Arguments) -> Value {
        if let Some(whole) = arguments.positional.first() {
            return whole.clone();
        }
        let values: Vec<Value> = arguments.keywords.iter().map(|(_, value)| value.clone()).collect();
        let count = Interval::exact(values.len() as f64);
        let dict = self.dict(Value::text(price::name_length()), super::expressions::joined(&values), count);
        if let Value::Object(reference) = &dict {
            reference.0.borrow_mut().fields.extend(arguments.keywords);
        }
        dict
    }

    /// `Color.RED`: an instance that knows its name and value. (What is derived from `int` or `str` too is used as such.)
    fn member_of_enum(&mut self, class: &Rc<ClassValue>, index: usize, name: &str, value: &Value) -> Option<Value> {
        let binding = self.class_facts(class)?.bindings.get(index)?;
        if !matches!(binding.value, BindingValue::Assigned(_)) || name.starts_with('_') {
            return None;
        }
        if matches!(value, Value::Function(_) | Value::Partial(_) | Value::LibraryMethod(..)) {
            return None;
        }
        let order = self.order(class);
        let is_plain = order.iter().all(|it| match it {
            Ancestor::Project(_) => true,
            Ancestor::Library(name) => &**name == "enum.Enum",
            Ancestor::Unknown => false,
        });
        if !is_plain || !order.iter().any(|it| matches!(it, Ancestor::Library(_))) {
            return None;
        }
        let kind = Kind::Instance { class: class.clone(), generic: false };
        let member = self.object(kind, Value::Unknown, Value::Unknown, price::unknown_count(), None);
        if let Value::Object(reference) = &member {
            let mut object = reference.0.borrow_mut();
            let text = Value::Text(Some(Rc::from(name)), Interval::exact(name.len() as f64));
            object.fields.insert(Rc::from("name"), text);
            object.fields.insert(Rc::from("value"), value.clone());
            object.fields.insert(Rc::from(super::value::MEMBER), value.clone());
        }
        Some(member)
    }

    fn enum_member(&mut self, class: &Rc<ClassValue>, order: &[Ancestor]) -> Option<Value> {
        let is_enum = order.iter().any(|a| matches!(a, Ancestor::Library(name) if name.starts_with("enum.")));
        is_enum.then(|| self.generic_instance(class))
    }

    /// A dataclass's, named tuple's or model's fields from the call's arguments.
    fn assign_fields(&mut self, frame: &mut Frame<'p>, order: &[Ancestor], instance: &Value, arguments: &Arguments) {
        let mut at = 0;
        // Base classes' fields come first.
        for ancestor in order.iter().rev() {
            let Ancestor::Project(here) = ancestor else { continue };
            let Some(facts) = self.class_facts(here) else { continue };
            let parsed = self.project.parsed(here.file);
            for statement in facts.body.iter() {
                let Some(Statement::AnnotatedAssign { target, annotation, value }) =
                    parsed.facts.statements.get(statement.index())
                else {
                    continue;
                };
                let Some(Expression::Name(name)) = parsed.facts.expressions.get(target.index()) else { continue };
                let text = self.name(here.file, *name);
                let declared = self.annotated(here.file, here.environment.as_ref(), *annotation);
                let excluded = value.is_some_and(|v| self.init_false(here.file, v));
                let given = if excluded {
                    None
                } else {
                    let positional = arguments.positional.get(at).cloned();
                    at += 1;
                    positional.or_else(|| arguments.keyword(text).cloned())
                };
                let value = match (given, value) {
                    (Some(given), _) if !given.is_unknown() => given,
                    (None, Some(default)) => {
                        let mut outer = self.module_frame(here.file);
                        let usual = self.evaluate(&mut outer, *default);
                        let plain = matches!(usual, Value::Int(_) | Value::Float(_) | Value::Text(..) | Value::Bool(_));
                        if plain || declared.is_unknown() { usual } else { declared }
                    }
                    _ => declared,
                };
                self.set_attribute(frame, instance, text, value);
            }
        }
    }

    /// True for the classes of named tuples.
    fn is_tuple(&self, order: &[Ancestor]) -> bool {
        order
            .iter()
            .any(|it| matches!(it, Ancestor::Library(name) if self.knowledge.is_subclass(name, "builtins.tuple")))
    }

    /// The fields of a data class or a named tuple, as they are declared, those of its bases first.
    pub(super) fn field_names(&self, order: &[Ancestor]) -> Vec<&'p str> {
        let mut names = Vec::new();
        for ancestor in order.iter().rev() {
            let Ancestor::Project(here) = ancestor else { continue };
            let parsed = self.project.parsed(here.file);
            let Some(facts) = parsed.facts.classes.get(here.class.index()) else { continue };
            for statement in facts.body.iter() {
                if let Some(Statement::AnnotatedAssign { target, .. }) = parsed.facts.statements.get(statement.index())
                    && let Some(Expression::Name(name)) = parsed.facts.expressions.get(target.index())
                {
                    names.push(self.name(here.file, *name));
                }
            }
        }
        names
    }

    /// What a named tuple holds, in order.
    pub(super) fn tuple_parts(&mut self, value: &Value) -> Option<Vec<Value>> {
        let Value::Object(reference) = value else { return None };
        let (class, fields) = {
            let object = reference.0.borrow();
            let Kind::Instance { class, .. } = &object.kind else { return None };
            (class.clone(), object.fields.clone())
        };
        let order = self.order(&class);
        // Who goes over itself otherwise says so.
        if !self.is_tuple(&order) || self.member(&class, "__iter__", None).is_some() {
            return None;
        }
        let part = |machine: &mut Self, name: &str| match fields.get(name) {
            Some(value) => value.clone(),
            None => machine.declared_attribute(&class, name).unwrap_or(Value::Unknown),
        };
        Some(self.field_names(&order).into_iter().map(|name| part(self, name)).collect())
    }

    /// `point._replace(x=3)`
    pub(super) fn replaced(&mut self, value: &Value, arguments: &Arguments) -> Option<Value> {
        let Value::Object(reference) = value else { return None };
        let copy = reference.0.borrow().clone();
        let copy = self.object(copy.kind, copy.item, copy.key, copy.length, copy.elements);
        if let Value::Object(new) = &copy {
            new.0.borrow_mut().fields = reference.0.borrow().fields.clone();
            for (name, value) in &arguments.keywords {
                new.0.borrow_mut().fields.insert(name.clone(), value.clone());
            }
        }
        Some(copy)
    }

    fn init_false(&self, file: FileId, value: ExpressionId) -> bool {
        let facts = &self.project.parsed(file).facts;
        let Some(Expression::Call { arguments, .. }) = facts.expressions.get(value.index()) else { return false };
        arguments.iter().any(|argument| {
            let crate::facts::ir::ArgumentKind::Keyword(name) = argument.kind else { return false };
            self.name(file, name) == "init"
                && matches!(facts.expressions.get(argument.value.index()), Some(Expression::Boolean(false)))
        })
    }

    /// `super()` in a method.
    pub(super) fn super_value(&mut self, frame: &mut Frame<'p>) -> Value {
        match (&frame.receiver, &frame.owner) {
            (Some(receiver), Some(owner)) => Value::Super(Rc::new(receiver.clone()), owner.clone()),
            _ => Value::Unknown,
        }
    }

    fn super_attribute(
        &mut self,
        frame: &mut Frame<'p>,
        receiver: &Rc<Value>,
        behind: &Rc<ClassValue>,
        name: &str,
    ) -> Value {
        let class = match &**receiver {
            Value::Object(reference) => match &reference.0.borrow().kind {
                Kind::Instance { class, .. } => class.clone(),
                _ => behind.clone(),
            },
            Value::Class(class) => class.clone(),
            _ => behind.clone(),
        };
        match self.member(&class, name, Some(behind)) {
            Some(Member::Function(here, function)) => {
                let closure = self.method_closure(&here, function);
                let definition_is_property = self
                    .project
                    .parsed(here.file)
                    .facts
                    .functions
                    .get(function.index())
                    .is_some_and(|d| matches!(self.decoration(here.file, d), Decoration::Property));
                if definition_is_property {
                    return self.call_function(
                        frame,
                        &closure,
                        Some((**receiver).clone()),
                        &Arguments::default(),
                        Span::default(),
                    );
                }
                Value::Method(receiver.clone(), closure)
            }
            Some(Member::Bound(here, index)) => self.class_binding(&here, index),
            None => {
                let order = self.order(&class);
                for ancestor in order.iter() {
                    if let Ancestor::Library(library) = ancestor {
                        if name == "__init__" {
                            return Value::LibraryMethod(receiver.clone(), Arc::from(format!("{library}.__init__")));
                        }
                        if let Some(method) = self.known.method_owner(library, name) {
                            return Value::LibraryMethod(receiver.clone(), method);
                        }
                    }
                }
                if name == "__init__" { Value::Library(Arc::from("builtins.object.__init__")) } else { Value::Unknown }
            }
        }
    }

    /// Calls a special method, if the instance's class has it.
    pub(super) fn special_call(
        &mut self,
        frame: &mut Frame<'p>,
        owner: &Value,
        name: &str,
        arguments: &Arguments,
    ) -> Value {
        let site = CallSite { id: ExpressionId(u32::MAX), place: frame.at, method: None, receiver: None };
        self.special_call_at(frame, owner, name, arguments, &site)
    }

    pub(super) fn special_call_at(
        &mut self,
        frame: &mut Frame<'p>,
        owner: &Value,
        name: &str,
        arguments: &Arguments,
        site: &CallSite<'_>,
    ) -> Value {
        let Some(class) = instance_class(owner) else { return Value::Unknown };
        match self.member(&class, name, None) {
            Some(Member::Function(here, function)) => {
                let closure = self.method_closure(&here, function);
                self.call_function(frame, &closure, Some(owner.clone()), arguments, site.place)
            }
            _ => {
                let order = self.order(&class);
                if order.iter().any(|a| !matches!(a, Ancestor::Project(_))) {
                    frame.tally.cost.unknown += price::UNKNOWN_METHOD;
                }
                Value::Unknown
            }
        }
    }

    /// Iterating over an instance of the project: item, count, cost of a step.
    pub(super) fn iterated_instance(&mut self, value: &Value) -> Option<(Value, Interval, (Cost, Trail))> {
        let class = instance_class(value)?;
        // `for` or `async for`: hardly a class has both.
        let member = self.member(&class, "__iter__", None).or_else(|| self.member(&class, "__aiter__", None));
        let Some(Member::Function(here, function)) = member else { return None };
        let closure = self.method_closure(&here, function);
        let parsed = self.project.parsed(here.file);
        let definition = parsed.facts.functions.get(function.index())?;
        if self.exhausted() || self.stack.iter().any(|a| a.node == (here.file, Some(function))) {
            return None;
        }
        let bound = self.bind(&closure, definition, Some(value.clone()), &Arguments::default());
        let outcome = self.run(&closure, bound);
        if let Some((item, count)) = outcome.yields {
            let times = count.likely.max(1.0);
            let mut trail = Trail::default();
            trail.extend(&outcome.trail, 1.0 / times, None);
            return Some((item, count, (outcome.cost.times(Interval::exact(1.0 / times)), trail)));
        }
        if instance_class(&outcome.result).is_some_and(|c| c.file == class.file && c.class == class.class) {
            // Its own iterator: each step is a call of `__next__`.
            let Some(Member::Function(here, function)) = self.member(&class, "__next__", None) else { return None };
            let closure = self.method_closure(&here, function);
            let definition = self.project.parsed(here.file).facts.functions.get(function.index())?;
            if self.exhausted() || self.stack.iter().any(|a| a.node == (here.file, Some(function))) {
                return None;
            }
            let bound = self.bind(&closure, definition, Some(value.clone()), &Arguments::default());
            let outcome = self.run(&closure, bound);
            return Some((outcome.result, price::unknown_count(), (outcome.cost, outcome.trail)));
        }
        let item = self.element(&outcome.result);
        let count = self.length(&outcome.result);
        let step = self.step_cost(&outcome.result).unwrap_or_default();
        Some((item, count, step))
    }

    /// What `with value as x` binds.
    pub(super) fn entered(&mut self, frame: &mut Frame<'p>, value: &Value, is_async: bool) -> Value {
        match value {
            Value::Iterator(lazy) if lazy.context => {
                let item = lazy.item.clone();
                self.consume(frame, value);
                item
            }
            Value::Object(reference) => {
                let kind = reference.0.borrow().kind.clone();
                match kind {
                    Kind::Instance { class, .. } => {
                        let name = if is_async { "__aenter__" } else { "__enter__" };
                        if matches!(self.member(&class, name, None), Some(Member::Function(..))) {
                            let result = self.special_call(frame, value, name, &Arguments::default());
                            let exit = if is_async { "__aexit__" } else { "__exit__" };
                            self.special_call(
                                frame,
                                value,
                                exit,
                                &Arguments::of(vec![Value::None, Value::None, Value::None]),
                            );
                            return if is_async { self.awaited(frame, &result) } else { result };
                        }
                        let order = self.order(&class);
                        if order.iter().any(|a| matches!(a, Ancestor::Library(_))) {
                            value.clone()
                        } else {
                            Value::Unknown
                        }
                    }
                    Kind::Library(class) => self.library_entered(frame, value, &class),
                    Kind::List | Kind::Set | Kind::Dict => Value::Unknown,
                }
            }
            Value::Future(result) => (**result).clone(),
            Value::Coroutine(coroutine) => coroutine.result.clone(),
            Value::Union(parts) => {
                let parts = parts.clone();
                let all: Vec<Value> = parts
                    .iter()
                    .filter(|p| !matches!(p, Value::None))
                    .map(|part| self.entered(frame, part, is_async))
                    .collect();
                super::value::union(&all)
            }
            _ => Value::Unknown,
        }
    }

    fn decoration(&self, file: FileId, definition: &Function) -> Decoration {
        let facts = &self.project.parsed(file).facts;
        let mut found = Decoration::None;
        for decorator in &definition.decorators {
            let name = match facts.expressions.get(decorator.index()) {
                Some(Expression::Name(name)) => self.name(file, *name),
                Some(Expression::Attribute { attribute, .. }) => self.name(file, *attribute),
                _ => "",
            };
            let here = match name {
                "property" | "cached_property" | "abstractproperty" | "hybrid_property" | "lazyproperty" | "reify" => {
                    Decoration::Property
                }
                "staticmethod" => Decoration::Static,
                "classmethod" | "validator" | "root_validator" => Decoration::Class,
                "abstractmethod" | "override" | "overload" | "final" | "typechecked" => Decoration::None,
                _ => Decoration::Other,
            };
            match here {
                Decoration::Other => {
                    if found == Decoration::None {
                        found = Decoration::Other;
                    }
                }
                Decoration::None => {}
                Decoration::Property | Decoration::Static | Decoration::Class => return here,
            }
        }
        found
    }

    pub(super) fn is_static(&self, file: FileId, definition: &Function) -> bool {
        self.decoration(file, definition) == Decoration::Static
    }

    pub(super) fn is_class_method(&self, file: FileId, definition: &Function) -> bool {
        self.decoration(file, definition) == Decoration::Class
            || self.name(file, definition.name) == "__new__"
            || self.name(file, definition.name) == "__init_subclass__"
    }

    /// The method of a class that is found under a name, for a worker's `run`.
    pub(super) fn method(&mut self, class: &Rc<ClassValue>, name: &str) -> Option<Rc<Closure>> {
        match self.member(class, name, None) {
            Some(Member::Function(here, function)) => Some(self.method_closure(&here, function)),
            _ => None,
        }
    }

    /// The names of the methods that a class has or inherits from the project's, of those that begin so.
    pub(super) fn methods_that_begin(&mut self, class: &Rc<ClassValue>, start: &str) -> Vec<Rc<str>> {
        let mut names = BTreeSet::new();
        for ancestor in self.order(class).iter() {
            let Ancestor::Project(here) = ancestor else { continue };
            let functions = &self.project.parsed(here.file).facts.functions;
            let own = functions.iter().filter(|it| it.class == Some(here.class));
            names.extend(own.map(|it| self.name(here.file, it.name)).filter(|it| it.starts_with(start)));
        }
        names.into_iter().map(Rc::from).collect()
    }
}

/// What a method's decorators make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decoration {
    None,
    Property,
    Static,
    Class,
    Other,
}

fn is_setter(facts: &crate::facts::ir::Facts, function: &Function) -> bool {
    function.decorators.iter().any(|d| match facts.expressions.get(d.index()) {
        Some(Expression::Attribute { attribute, .. }) => {
            matches!(facts.names.get(attribute.index()).map(|n| &**n), Some("setter" | "deleter"))
        }
        _ => false,
    })
}

fn bind_method(owner: &Value, value: Value) -> Value {
    match value {
        Value::Function(closure) => Value::Method(Rc::new(owner.clone()), closure),
        Value::Partial(partial) => {
            let mut positional = vec![owner.clone()];
            positional.extend(partial.positional.iter().cloned());
            Value::Partial(Rc::new(super::value::Partial {
                callable: partial.callable.clone(),
                positional,
                keywords: partial.keywords.clone(),
                binds: partial.binds,
            }))
        }
        other => other,
    }
}

/// The class of an instance of the project.
pub fn instance_class(value: &Value) -> Option<Rc<ClassValue>> {
    match value {
        Value::Object(reference) => match &reference.0.borrow().kind {
            Kind::Instance { class, .. } => Some(class.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Each ancestor where it comes last, as in Python's order; beyond [`MOST_ANCESTORS`] nothing is known.
fn each_once(mut order: Vec<Ancestor>) -> Vec<Ancestor> {
    let mut seen = FxHashSet::default();
    let mut last: Vec<bool> = order
        .iter()
        .rev()
        .map(|ancestor| {
            seen.insert(match ancestor {
                Ancestor::Project(class) => (Some((class.file, class.class)), None),
                Ancestor::Library(name) => (None, Some(name.clone())),
                Ancestor::Unknown => (None, None),
            })
        })
        .collect();
    order.retain(|_| last.pop().unwrap_or(true));
    if order.len() > MOST_ANCESTORS {
        order.truncate(MOST_ANCESTORS);
        order.push(Ancestor::Unknown);
    }
    order
}

/// The methods of a class that put something into a container in an attribute, and the attribute.
///
/// ```python
/// def add(self, instruction: Instruction):
///     self.instructions.append(instruction)
/// ```
fn filled_attributes(parsed: &crate::project::Parsed, class: ClassId) -> Vec<(FunctionId, NameId)> {
    const FILLERS: [&str; 7] = ["append", "appendleft", "extend", "add", "insert", "setdefault", "update"];
    let facts = &parsed.facts;
    let Some(definition) = facts.classes.get(class.index()) else { return Vec::new() };
    // Python: self.items.append(item)
    let calls = facts.expressions.iter().zip(&parsed.spans.expressions).filter_map(|(expression, span)| {
        let Expression::Call { callee, .. } = expression else { return None };
        let Expression::Attribute { value, attribute: filler } = facts.expressions.get(callee.index())? else {
            return None;
        };
        let Expression::Attribute { value: owner, attribute } = facts.expressions.get(value.index())? else {
            return None;
        };
        let Expression::Name(owner) = facts.expressions.get(owner.index())? else { return None };
        let fills = facts.names.get(filler.index()).is_some_and(|name| FILLERS.contains(&&**name));
        fills.then_some((*span, *owner, *attribute))
    });
    let calls: Vec<(Span, NameId, NameId)> = calls.collect();
    let mut filled = Vec::new();
    for method in &definition.methods {
        let (Some(function), Some(range)) =
            (facts.functions.get(method.index()), parsed.spans.functions.get(method.index()))
        else {
            continue;
        };
        let Some(receiver) = function.parameters.first().map(|p| p.name) else { continue };
        for (span, owner, attribute) in &calls {
            if *owner == receiver && span.start >= range.start && span.end <= range.end {
                filled.push((*method, *attribute));
            }
        }
    }
    filled
}

/// True if the last statement of a class method returns what it makes of its class.
fn gives_instance(facts: &crate::facts::ir::Facts, function: &Function) -> bool {
    let Some(class) = function.parameters.first().map(|it| it.name) else { return false };
    let is_made = |value: &ExpressionId| match facts.expressions.get(value.index()) {
        Some(Expression::Call { callee, .. }) => {
            matches!(facts.expressions.get(callee.index()), Some(Expression::Name(name)) if *name == class)
        }
        _ => false,
    };
    let last = function.body.last().and_then(|it| facts.statements.get(it.index()));
    matches!(last, Some(Statement::Return(Some(value))) if is_made(value))
}

/// Attributes that tell of a function, and are none of a library's names.
const OF_FUNCTIONS: [&str; 8] = [
    "__annotations__",
    "__closure__",
    "__code__",
    "__defaults__",
    "__dict__",
    "__globals__",
    "__signature__",
    "__wrapped__",
];

/// True for a container of which nobody knows what is in it.
pub(super) fn lacks_elements(value: &Value) -> bool {
    match value {
        Value::Object(reference) => {
            let object = reference.0.borrow();
            matches!(object.kind, Kind::List | Kind::Dict | Kind::Set)
                && object.item.is_unknown()
                && object.fields.is_empty()
                && object.elements.as_ref().is_none_or(Vec::is_empty)
        }
        _ => false,
    }
}

/// A container with elements of the kind that an annotation says.
pub(super) fn with_elements(value: &Value, declared: &Value) -> Value {
    let (Value::Object(reference), Value::Object(told)) = (value, declared) else { return value.clone() };
    let (kind, item, key) = {
        let told = told.0.borrow();
        (told.kind.clone(), told.item.clone(), told.key.clone())
    };
    let is_same = matches!(
        (&reference.0.borrow().kind, &kind),
        (Kind::List, Kind::List) | (Kind::Dict, Kind::Dict) | (Kind::Set, Kind::Set)
    );
    if !is_same {
        return value.clone();
    }
    let copy = value.copied(false);
    if let Value::Object(copied) = &copy {
        let mut object = copied.0.borrow_mut();
        object.item = item;
        object.key = key;
        object.digested.forget();
    }
    copy
}

/// A container that other methods fill: nobody knows how far.
fn of_any_length(value: &Value) -> Value {
    let Value::Object(reference) = value else { return generalised(value) };
    if !matches!(reference.0.borrow().kind, Kind::List | Kind::Dict | Kind::Set) {
        return generalised(value);
    }
    let copy = value.copied(false);
    if let Value::Object(copied) = &copy {
        let mut object = copied.0.borrow_mut();
        if object.length.high <= 10.0 && object.fields.is_empty() {
            if let Some(elements) = object.elements.take()
                && object.item.is_unknown()
                && let Some(joined) = elements.into_iter().reduce(|a, b| a.join(&b))
            {
                object.item = joined;
            }
            object.length = price::unknown_count();
        }
    }
    copy
}

/// A value that another method sees: its numbers and sizes are only a start.
fn generalised(value: &Value) -> Value {
    match value {
        Value::Object(reference) if reference.member().is_some() => reference.any_member(),
        Value::Int(Some(n)) if n.is_exact() && n.likely.abs() <= 1.0 => Value::Int(None),
        Value::Bool(_) => Value::Bool(None),
        Value::None => Value::Unknown,
        Value::Text(_, n) if n.high < 1.0 => Value::text(price::text_length()),
        Value::Object(reference) => {
            let is_empty = {
                let object = reference.0.borrow();
                matches!(object.kind, Kind::List | Kind::Dict | Kind::Set)
                    && object.fields.is_empty()
                    && object.elements.as_ref().is_none_or(Vec::is_empty)
            };
            if is_empty {
                let copy = value.copied(false);
                if let Value::Object(copied) = &copy {
                    let mut object = copied.0.borrow_mut();
                    object.elements = None;
                    if object.length.high <= 1.0 {
                        object.length = price::unknown_count();
                    }
                }
                return copy;
            }
            value.clone()
        }
        other => other.clone(),
    }
}

/// An iterator that costs nothing by itself.
pub fn plain_iterator(item: Value, count: Interval) -> Value {
    Value::Iterator(Rc::new(Lazy {
        item,
        count,
        guessed: !count.is_exact(),
        step: Cost::ZERO,
        trail: Trail::default(),
        is_async: false,
        context: false,
    }))
}

/// A name of the class for messages.
pub fn named(machine: &Machine<'_>, class: &ClassValue) -> String {
    let facts = &machine.project.parsed(class.file).facts;
    facts.classes.get(class.class.index()).map_or_else(String::new, |c| machine.name(class.file, c.name).to_string())
}
