//! What a function does besides computing its result: what it changes, reads, calls, raises and gives back,
//! through all that it calls.
//!
//! An origin says where an object came from, seen from the function: a parameter, a name of the module, of an
//! enclosing function. Objects that the function made itself have none, so changing them concerns nobody.

use super::names::names;
use super::shape::{Shape, Shapes, children};
use crate::estimate::machine::Node;
use crate::estimate::trace::{Seen, Trace};
use crate::facts::ir::{Argument, ArgumentKind, Binding, BindingValue, Expression, Facts, Function, Statement};
use crate::id::{ExpressionId, FileId, FunctionId, NameId};
use crate::knowledge::Knowledge;
use crate::project::{Entity, Project};
use crate::text::Span;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// How deep calls are followed; deeper ones count as unknown.
const DEEPEST: usize = 30;
/// How deep names are followed to what they are bound to.
const DEEPEST_ORIGIN: usize = 12;

/// A place in the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// What part of it.
    pub span: Span,
}

/// Where an object came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// The function's parameter of that number.
    Parameter(usize),
    /// A name of an enclosing function.
    Captured(String),
    /// A name of a module.
    Global(FileId, String),
    /// Nobody knows.
    Unknown,
}

/// See [`Root`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Where from.
    pub root: Root,
    /// The object is new, but holds one from there.
    pub inside: bool,
}

/// Something that is changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What.
    pub root: Root,
    /// The code that names it: `results`, `self.total`.
    pub name: String,
    /// Where.
    pub place: Place,
    /// It is changed, not only perhaps.
    pub certain: bool,
}

/// What a function does, seen from outside.
#[derive(Debug, Clone, Default)]
pub struct Effects {
    /// What it changes that it did not make.
    pub changes: BTreeSet<Change>,
    /// Names of modules that it reads.
    pub reads: BTreeSet<(FileId, String, Place)>,
    /// Library functions that it calls, by canonical name.
    pub library: BTreeSet<(String, Place)>,
    /// Calls that could not be resolved, by their code.
    pub unresolved: BTreeSet<(String, Place)>,
    /// Exceptions that it raises: the class's or the call's expression.
    pub raises: BTreeSet<(FileId, ExpressionId)>,
    /// Where what it returns came from.
    pub result: BTreeSet<Origin>,
    /// Its `return` values, its own only.
    pub returned: Vec<(FileId, ExpressionId)>,
    /// Calling it gives a generator.
    pub is_generator: bool,
    /// It changes through `global`.
    pub functions: BTreeSet<Node>,
}

/// Reads effects off facts, types and the call graph.
pub struct Reader<'a> {
    /// All files.
    pub project: &'a Project,
    /// What libraries do.
    pub knowledge: &'a Knowledge,
    /// What expressions stand for.
    pub trace: &'a Trace,
    /// The shapes of files that any reader asked about.
    pub shapes: &'a Shapes,
    /// By their places, and the expression that each is.
    comprehensions: RefCell<FxHashMap<FileId, Vec<(Span, usize)>>>,
    known: FxHashMap<Node, Rc<Effects>>,
    open: Vec<Node>,
    /// Local names whose origins are known, and those that are being followed.
    origins: FxHashMap<(Node, NameId), BTreeSet<Origin>>,
    following: Vec<(Node, NameId)>,
}

impl<'a> Reader<'a> {
    /// A reader that remembers nothing yet.
    pub fn new(project: &'a Project, knowledge: &'a Knowledge, trace: &'a Trace, shapes: &'a Shapes) -> Reader<'a> {
        Reader {
            project,
            knowledge,
            trace,
            shapes,
            comprehensions: RefCell::default(),
            known: FxHashMap::default(),
            open: Vec::new(),
            origins: FxHashMap::default(),
            following: Vec::new(),
        }
    }

    /// A file's facts.
    pub fn facts(&self, file: FileId) -> &'a Facts {
        &self.project.parsed(file).facts
    }

    /// Where an expression stands.
    pub fn span(&self, file: FileId, id: ExpressionId) -> Span {
        self.project.parsed(file).spans.expressions.get(id.index()).copied().unwrap_or_default()
    }

    /// The code of an expression, on one line and not too long.
    pub fn code(&self, file: FileId, id: ExpressionId) -> String {
        let text = self.span(file, id).of(self.project.text(file));
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() > 40 { line.chars().take(37).chain("...".chars()).collect() } else { line }
    }

    /// A file's upward links.
    pub fn shape(&self, file: FileId) -> Arc<Shape> {
        self.shapes.get(file, self.facts(file))
    }

    /// The text of a name.
    pub fn name(&self, file: FileId, name: NameId) -> &'a str {
        self.facts(file).names.get(name.index()).map_or("", |n| n)
    }

    /// What a function does.
    pub fn effects(&mut self, node: Node) -> Rc<Effects> {
        if let Some(known) = self.known.get(&node) {
            return Rc::clone(known);
        }
        if self.open.contains(&node) {
            return Rc::new(Effects::default());
        }
        let mut effects = Effects::default();
        if self.open.len() >= DEEPEST {
            let span = node.1.and_then(|f| self.project.parsed(node.0).spans.functions.get(f.index()).copied());
            effects
                .unresolved
                .insert(("calls this deep".into(), Place { file: node.0, span: span.unwrap_or_default() }));
            return Rc::new(effects);
        }
        self.open.push(node);
        self.read(node, &mut effects);
        self.open.pop();
        let effects = Rc::new(effects);
        self.known.insert(node, Rc::clone(&effects));
        effects
    }

    fn read(&mut self, node: Node, effects: &mut Effects) {
        let (file, function) = node;
        effects.functions.insert(node);
        let facts = self.facts(file);
        let shape = self.shape(file);
        let mut accounted: BTreeSet<Node> = BTreeSet::new();
        effects.is_generator =
            function.and_then(|f| facts.functions.get(f.index())).is_some_and(|f| f.is_generator && !f.is_async);
        for id in shape.statements_in(function) {
            self.statement(node, id, effects);
        }
        for id in shape.expressions_in(function) {
            match facts.expressions.get(id.index()) {
                Some(Expression::Call { callee, arguments }) => {
                    self.call(node, id, *callee, arguments, effects, &mut accounted);
                }
                Some(Expression::Name(name)) => self.name_read(node, id, *name, effects),
                Some(Expression::Attribute { value, attribute }) => {
                    self.attribute_read(file, id, *value, *attribute, effects);
                }
                Some(Expression::Unknown(_)) => {
                    effects.unresolved.insert((self.code(file, id), self.place(file, id)));
                }
                _ => {}
            }
        }
        // Properties, operators, `with`: calls without a call expression.
        let others: Vec<Node> = self.trace.callees(node).filter(|callee| !accounted.contains(callee)).collect();
        for callee in others {
            let inner = self.effects(callee);
            let unknown = vec![vec![Origin { root: Root::Unknown, inside: true }]; 64];
            self.absorb(effects, &inner, &unknown, None);
        }
    }

    /// The place of an expression.
    pub fn place(&self, file: FileId, id: ExpressionId) -> Place {
        Place { file, span: self.span(file, id) }
    }

    fn name_read(&mut self, node: Node, id: ExpressionId, name: NameId, effects: &mut Effects) {
        let (file, function) = node;
        if let Scope::Module = self.scope(file, function, name) {
            let text = self.name(file, name);
            let is_value = self.project.global(file, text).iter().any(|entity| self.is_variable(entity));
            if is_value {
                for entity in self.project.global(file, text) {
                    if let Entity::Binding(at, index) = entity
                        && let Some(binding) = self.facts(at).bindings.get(index as usize)
                    {
                        effects.reads.insert((at, self.name(at, binding.name).to_string(), self.place(file, id)));
                    }
                }
            }
        }
    }

    fn attribute_read(
        &mut self,
        file: FileId,
        id: ExpressionId,
        value: ExpressionId,
        attribute: NameId,
        effects: &mut Effects,
    ) {
        let Some(Expression::Name(module)) = self.facts(file).expressions.get(value.index()) else { return };
        let attribute = self.name(file, attribute);
        for entity in self.project.global(file, self.name(file, *module)) {
            if !matches!(entity, Entity::Module(_)) {
                continue;
            }
            for member in self.project.member(&entity, attribute) {
                if let Entity::Binding(at, _) = member
                    && self.is_variable(&member)
                {
                    effects.reads.insert((at, attribute.to_string(), self.place(file, id)));
                }
            }
        }
    }

    /// True for a module's name that is bound to a value, not to a function, a class or a module.
    fn is_variable(&self, entity: &Entity) -> bool {
        let Entity::Binding(file, index) = entity else { return false };
        let binding = self.facts(*file).bindings.get(*index as usize);
        binding.is_some_and(|b| !matches!(b.value, BindingValue::Function(_) | BindingValue::Class(_)))
    }

    fn statement(&mut self, node: Node, id: crate::id::StatementId, effects: &mut Effects) {
        let file = node.0;
        let facts = self.facts(file);
        let Some(statement) = facts.statements.get(id.index()) else { return };
        match statement {
            Statement::Assign { targets, .. } => {
                for target in targets.iter() {
                    self.store(node, *target, false, effects);
                }
            }
            Statement::AugmentedAssign { target, .. } => self.store(node, *target, true, effects),
            Statement::AnnotatedAssign { target, value: Some(_), .. } => self.store(node, *target, false, effects),
            Statement::For { target, .. } => self.store(node, *target, false, effects),
            Statement::With { items, .. } => {
                for target in items.iter().filter_map(|(_, target)| *target) {
                    self.store(node, target, false, effects);
                }
            }
            Statement::Delete(targets) => {
                for target in targets.iter() {
                    self.store(node, *target, false, effects);
                }
            }
            Statement::Return(Some(value)) => {
                effects.returned.push((file, *value));
                let origins = self.origins(node, *value, 0);
                effects.result.extend(origins);
            }
            Statement::Raise { exception: Some(exception), .. } => {
                effects.raises.insert((file, *exception));
            }
            _ => {}
        }
    }

    /// Something is bound or stored.
    fn store(&mut self, node: Node, target: ExpressionId, augmented: bool, effects: &mut Effects) {
        let (file, function) = node;
        let facts = self.facts(file);
        match facts.expressions.get(target.index()) {
            Some(Expression::Name(name)) => match self.binding_scope(file, function, *name) {
                Scope::Module if function.is_some() => {
                    self.change(effects, Root::Global(file, self.name(file, *name).into()), file, target, true);
                }
                Scope::Enclosing => {
                    self.change(effects, Root::Captured(self.name(file, *name).into()), file, target, true);
                }
                _ if augmented && !self.is_plain(file, target) => {
                    let certain = self.is_container(file, target);
                    for origin in self.origins(node, target, 0).into_iter().filter(|o| !o.inside) {
                        self.change(effects, origin.root, file, target, certain);
                    }
                }
                _ => {}
            },
            Some(Expression::Attribute { value, .. } | Expression::Subscript { value, .. }) => {
                let origins = self.holder_origins(node, *value);
                for origin in origins {
                    self.change(effects, origin.root, file, target, !origin.inside);
                }
            }
            Some(Expression::Tuple(parts) | Expression::List(parts)) => {
                for part in parts.iter() {
                    self.store(node, *part, augmented, effects);
                }
            }
            Some(Expression::Starred(inner)) => self.store(node, *inner, augmented, effects),
            _ => {}
        }
    }

    /// The origins of an object that is stored into; a module or class counts as a global name.
    fn holder_origins(&mut self, node: Node, holder: ExpressionId) -> BTreeSet<Origin> {
        let file = node.0;
        match self.trace.seen(file, holder) {
            Some(Seen::Module | Seen::Class(..) | Seen::Library(_) | Seen::Function(..)) => {
                let root = Root::Global(file, self.code(file, holder));
                BTreeSet::from([Origin { root, inside: false }])
            }
            _ => self.origins(node, holder, 0),
        }
    }

    fn change(&self, effects: &mut Effects, root: Root, file: FileId, at: ExpressionId, certain: bool) {
        let certain = certain && root != Root::Unknown;
        effects.changes.insert(Change { root, name: self.code(file, at), place: self.place(file, at), certain });
    }

    /// True if all that an expression was seen to be never changes.
    pub fn is_plain(&self, file: FileId, id: ExpressionId) -> bool {
        self.trace.seen(file, id).is_some_and(never_changes)
    }

    fn is_container(&self, file: FileId, id: ExpressionId) -> bool {
        let all = self.trace.seen(file, id).map(Seen::alternatives).unwrap_or_default();
        !all.is_empty() && all.iter().all(|s| matches!(s, Seen::List(_) | Seen::Dict(_) | Seen::Set(_)))
    }

    fn call(
        &mut self,
        node: Node,
        id: ExpressionId,
        callee: ExpressionId,
        arguments: &[Argument],
        effects: &mut Effects,
        accounted: &mut BTreeSet<Node>,
    ) {
        let file = node.0;
        let facts = self.facts(file);
        let place = self.place(file, id);
        let receiver = match facts.expressions.get(callee.index()) {
            Some(Expression::Attribute { value, attribute }) => Some((*value, self.name(file, *attribute))),
            Some(Expression::Name(name)) if self.name(file, *name) == "super" => return,
            _ => None,
        };
        let Some(seen) = self.trace.seen(file, callee).cloned() else {
            effects.unresolved.insert((self.code(file, callee), place));
            return;
        };
        for one in seen.alternatives() {
            match one {
                Seen::Function(..) | Seen::Method(..) => {
                    let (at, function, bound) = match one {
                        Seen::Method(_, at, function) => (*at, *function, true),
                        Seen::Function(at, function) => (*at, *function, false),
                        _ => continue,
                    };
                    accounted.insert((at, Some(function)));
                    let first = match receiver {
                        Some((value, _)) if bound => Some(self.origins(node, value, 0).into_iter().collect()),
                        _ if bound => Some(Vec::new()),
                        _ => None,
                    };
                    let map = self.arguments(node, at, function, first, arguments, 0);
                    let inner = self.effects((at, Some(function)));
                    self.absorb(effects, &inner, &map, Some(place));
                }
                Seen::Class(..) => {
                    let made: Vec<Node> = self.trace.callees(node).filter(|n| self.is_construction(*n)).collect();
                    for constructor in made {
                        accounted.insert(constructor);
                        let Some(function) = constructor.1 else { continue };
                        let map = self.arguments(node, constructor.0, function, Some(Vec::new()), arguments, 0);
                        let inner = self.effects(constructor);
                        self.absorb(effects, &inner, &map, Some(place));
                    }
                }
                Seen::Library(name) => self.library_call(node, name, arguments, place, effects),
                Seen::LibraryMethod(owner, name) => {
                    effects.library.insert((name.to_string(), place));
                    self.library_method(node, owner, receiver, place, effects);
                    self.callbacks(node, arguments, effects, accounted);
                }
                Seen::Partial(..) | Seen::Instance(..) => {
                    // What is bound or called there is in the call graph.
                }
                _ => {
                    // `rows.append(x)` on something unknown is a change all the same.
                    let method = receiver.map(|(_, name)| name).unwrap_or_default();
                    if let Some((value, _)) = receiver
                        && names().changing_methods.contains(method)
                    {
                        for origin in self.origins(node, value, 0) {
                            self.change(effects, origin.root, file, value, false);
                        }
                    }
                    effects.unresolved.insert((self.code(file, callee), place));
                }
            }
        }
        if matches!(seen, Seen::Library(_)) {
            self.callbacks(node, arguments, effects, accounted);
        }
    }

    /// Functions given to a library are called by it.
    fn callbacks(&mut self, node: Node, arguments: &[Argument], effects: &mut Effects, accounted: &mut BTreeSet<Node>) {
        for argument in arguments {
            let Some(seen) = self.trace.seen(node.0, argument.value).cloned() else { continue };
            for one in seen.alternatives() {
                if let Seen::Function(file, function) | Seen::Method(_, file, function) = one {
                    accounted.insert((*file, Some(*function)));
                    let inner = self.effects((*file, Some(*function)));
                    let unknown = vec![vec![Origin { root: Root::Unknown, inside: true }]; 64];
                    self.absorb(effects, &inner, &unknown, None);
                }
            }
        }
    }

    fn is_construction(&self, node: Node) -> bool {
        let Some(function) = node.1.and_then(|f| self.facts(node.0).functions.get(f.index())) else { return false };
        function.class.is_some() && matches!(self.name(node.0, function.name), "__init__" | "__new__" | "__post_init__")
    }

    fn library_call(&mut self, node: Node, name: &str, arguments: &[Argument], place: Place, effects: &mut Effects) {
        effects.library.insert((name.to_string(), place));
        let changes_first = names().changing_functions.contains(name);
        let is_known = self.is_known(name);
        if !is_known {
            effects.unresolved.insert((name.to_string(), place));
        }
        for (index, argument) in arguments.iter().enumerate() {
            let changes = changes_first && index == 0;
            if (changes || !is_known) && !self.is_plain(node.0, argument.value) {
                for origin in self.origins(node, argument.value, 0) {
                    self.change(effects, origin.root, node.0, argument.value, changes && !origin.inside);
                }
            }
        }
    }

    fn library_method(
        &mut self,
        node: Node,
        owner: &Seen,
        receiver: Option<(ExpressionId, &str)>,
        place: Place,
        effects: &mut Effects,
    ) {
        let _ = place;
        let Some((value, method)) = receiver else { return };
        if never_changes(owner) {
            return;
        }
        let listed = names().changing_methods.contains(method);
        let container = matches!(owner, Seen::List(_) | Seen::Dict(_) | Seen::Set(_));
        let of_library = matches!(owner, Seen::LibraryObject(_) | Seen::Unknown | Seen::Iterator);
        if listed || of_library {
            let is_reading = matches!(
                method,
                "get" | "keys" | "values" | "items" | "copy" | "count" | "index" | "most_common" | "elements" | "join"
            );
            for origin in self.origins(node, value, 0) {
                if !origin.inside && (listed || !is_reading) {
                    self.change(effects, origin.root, node.0, value, listed && (container || of_library));
                }
            }
        }
    }

    /// True for library functions that the knowledge base or the lists here say something of.
    fn is_known(&self, name: &str) -> bool {
        !self.knowledge.calls(name).is_empty()
            || self.knowledge.class(name).is_some()
            || names().immutable_classes.contains(name)
            || names().picklable_classes.contains(name)
    }

    /// Which origins each parameter of a function gets.
    fn arguments(
        &mut self,
        node: Node,
        at: FileId,
        function: FunctionId,
        receiver: Option<Vec<Origin>>,
        arguments: &[Argument],
        depth: usize,
    ) -> Vec<Vec<Origin>> {
        let Some(definition) = self.facts(at).functions.get(function.index()) else { return Vec::new() };
        let parameters: Vec<String> = definition.parameters.iter().map(|p| self.name(at, p.name).to_string()).collect();
        let mut map: Vec<Vec<Origin>> = vec![Vec::new(); parameters.len()];
        let shift = usize::from(receiver.is_some());
        if let (Some(receiver), Some(first)) = (receiver, map.first_mut()) {
            *first = receiver;
        }
        let mut position = shift;
        for argument in arguments {
            let origins: Vec<Origin> = self.origins(node, argument.value, depth).into_iter().collect();
            match argument.kind {
                ArgumentKind::Positional => {
                    // What lies behind the last parameter goes to `*args`.
                    let last = map.len().saturating_sub(1);
                    if let Some(slot) = map.get_mut(position.min(last)) {
                        slot.extend(origins);
                    }
                    position += 1;
                }
                ArgumentKind::Keyword(name) => {
                    let name = self.name(node.0, name);
                    let index = parameters.iter().position(|p| p == name).unwrap_or(parameters.len().saturating_sub(1));
                    if let Some(slot) = map.get_mut(index) {
                        slot.extend(origins);
                    }
                }
                ArgumentKind::Star | ArgumentKind::DoubleStar => {
                    for slot in map.iter_mut().skip(shift) {
                        slot.extend(origins.iter().cloned());
                    }
                }
            }
        }
        map
    }

    /// Takes over what a callee does.
    fn absorb(&self, effects: &mut Effects, inner: &Effects, map: &[Vec<Origin>], _place: Option<Place>) {
        for change in &inner.changes {
            match &change.root {
                Root::Parameter(index) => {
                    for origin in map.get(*index).into_iter().flatten() {
                        let certain = change.certain && !origin.inside && origin.root != Root::Unknown;
                        effects.changes.insert(Change { root: origin.root.clone(), certain, ..change.clone() });
                    }
                }
                Root::Captured(_) | Root::Global(..) | Root::Unknown => {
                    effects.changes.insert(change.clone());
                }
            }
        }
        effects.reads.extend(inner.reads.iter().cloned());
        effects.library.extend(inner.library.iter().cloned());
        effects.unresolved.extend(inner.unresolved.iter().cloned());
        effects.raises.extend(inner.raises.iter().copied());
        effects.functions.extend(inner.functions.iter().copied());
    }

    /// Where an expression's value came from, seen from the function that runs it.
    pub fn origins(&mut self, node: Node, id: ExpressionId, depth: usize) -> BTreeSet<Origin> {
        let mut found = BTreeSet::new();
        if self.is_plain(node.0, id) {
            return found;
        }
        if depth > DEEPEST_ORIGIN {
            found.insert(Origin { root: Root::Unknown, inside: false });
            return found;
        }
        let file = node.0;
        let facts = self.facts(file);
        let Some(expression) = facts.expressions.get(id.index()) else { return found };
        let deeper = depth + 1;
        match expression {
            Expression::Name(name) => self.name_origins(node, id, *name, deeper, &mut found),
            Expression::Attribute { value, .. } | Expression::Subscript { value, .. } => {
                let holder = self.trace.seen(file, *value);
                if matches!(holder, Some(Seen::Module)) {
                    found.insert(Origin { root: Root::Global(file, self.code(file, id)), inside: false });
                } else if !matches!(holder, Some(Seen::Library(_))) {
                    let part = self.origins(node, *value, deeper);
                    found.extend(part.into_iter().map(|origin| Origin { inside: false, ..origin }));
                }
            }
            Expression::Call { callee, arguments } => self.result_origins(node, *callee, arguments, deeper, &mut found),
            Expression::Tuple(_)
            | Expression::List(_)
            | Expression::Set(_)
            | Expression::Dict(_)
            | Expression::Binary { .. }
            | Expression::Comprehension { .. } => {
                for child in children(expression) {
                    let part = self.origins(node, child, deeper);
                    found.extend(part.into_iter().map(|origin| Origin { inside: true, ..origin }));
                }
            }
            Expression::Conditional { then, otherwise, .. } => {
                found.extend(self.origins(node, *then, deeper));
                found.extend(self.origins(node, *otherwise, deeper));
            }
            Expression::And(parts) | Expression::Or(parts) => {
                for part in parts.iter() {
                    found.extend(self.origins(node, *part, deeper));
                }
            }
            Expression::Named { value, .. } | Expression::Await(value) | Expression::Starred(value) => {
                found.extend(self.origins(node, *value, deeper));
            }
            Expression::Yield(_) | Expression::YieldFrom(_) | Expression::Unknown(_) => {
                found.insert(Origin { root: Root::Unknown, inside: false });
            }
            _ => {}
        }
        found
    }

    fn name_origins(&mut self, node: Node, id: ExpressionId, name: NameId, depth: usize, found: &mut BTreeSet<Origin>) {
        let (file, function) = node;
        let text = self.name(file, name);
        if self.trace.seen(file, id).is_some_and(|s| {
            s.alternatives()
                .iter()
                .all(|s| matches!(s, Seen::Function(..) | Seen::Class(..) | Seen::Module | Seen::Library(_)))
        }) {
            return;
        }
        match self.scope(file, function, name) {
            Scope::Module => {
                if function.is_some() || !self.project.global(file, text).is_empty() {
                    for entity in self.project.global(file, text) {
                        if let Entity::Binding(at, index) = &entity
                            && self.is_variable(&entity)
                            && let Some(binding) = self.facts(*at).bindings.get(*index as usize)
                        {
                            let root = Root::Global(*at, self.name(*at, binding.name).to_string());
                            found.insert(Origin { root, inside: false });
                        }
                    }
                }
            }
            Scope::Enclosing => {
                found.insert(Origin { root: Root::Captured(text.to_string()), inside: false });
            }
            Scope::Local => {
                let facts = self.facts(file);
                let Some(definition) = function.and_then(|f| facts.functions.get(f.index())) else { return };
                if let Some(index) = definition.parameters.iter().position(|p| p.name == name) {
                    found.insert(Origin { root: Root::Parameter(index), inside: false });
                }
                // `x = f(x)`: what is being followed already adds nothing.
                let key = (node, name);
                if self.following.contains(&key) {
                    return;
                }
                if let Some(known) = self.origins.get(&key) {
                    found.extend(known.iter().cloned());
                    return;
                }
                self.following.push(key);
                let mut all = BTreeSet::new();
                for (value, is_element) in self.bound_values(file, function, name) {
                    let part = self.origins(node, value, depth);
                    all.extend(
                        part.into_iter().map(|origin| Origin { inside: origin.inside && !is_element, ..origin }),
                    );
                }
                self.following.pop();
                // Within a cycle, or too deep, the answer is not whole.
                if self.following.is_empty() && depth <= 1 {
                    self.origins.insert(key, all.clone());
                }
                found.extend(all);
            }
        }
    }

    /// The values that a local name is bound to, and whether it is bound to their elements.
    pub fn bound_values(
        &mut self,
        file: FileId,
        function: Option<FunctionId>,
        name: NameId,
    ) -> Vec<(ExpressionId, bool)> {
        let facts = self.facts(file);
        let shape = self.shape(file);
        let mut values = Vec::new();
        for id in shape.statements_in(function) {
            match facts.statements.get(id.index()) {
                Some(Statement::Assign { targets, value }) => {
                    for target in targets.iter() {
                        match facts.expressions.get(target.index()) {
                            Some(Expression::Name(n)) if *n == name => values.push((*value, false)),
                            _ if binds(facts, *target, name) => values.push(unpacked(facts, *target, *value, name)),
                            _ => {}
                        }
                    }
                }
                Some(Statement::AnnotatedAssign { target, value: Some(value), .. }) if binds(facts, *target, name) => {
                    values.push((*value, false));
                }
                Some(Statement::For { target, iterable, .. }) if binds(facts, *target, name) => {
                    values.push((*iterable, true));
                }
                Some(Statement::With { items, .. }) => {
                    for (value, target) in items.iter() {
                        if target.is_some_and(|target| binds(facts, target, name)) {
                            values.push((*value, false));
                        }
                    }
                }
                _ => {}
            }
        }
        for id in shape.expressions_in(function) {
            match facts.expressions.get(id.index()) {
                Some(Expression::Named { name: n, value }) if *n == name => values.push((*value, false)),
                Some(Expression::Comprehension { clauses, .. }) => {
                    for clause in clauses.iter().filter(|clause| binds(facts, clause.target, name)) {
                        values.push((clause.iterable, true));
                    }
                }
                _ => {}
            }
        }
        values
    }

    fn result_origins(
        &mut self,
        node: Node,
        callee: ExpressionId,
        arguments: &[Argument],
        depth: usize,
        found: &mut BTreeSet<Origin>,
    ) {
        let file = node.0;
        let receiver = match self.facts(file).expressions.get(callee.index()) {
            Some(Expression::Attribute { value, .. }) => Some(*value),
            _ => None,
        };
        let Some(seen) = self.trace.seen(file, callee).cloned() else {
            found.insert(Origin { root: Root::Unknown, inside: false });
            return;
        };
        for one in seen.alternatives() {
            match one {
                Seen::Function(at, function) | Seen::Method(_, at, function) => {
                    let bound = matches!(one, Seen::Method(..));
                    let first = match receiver {
                        Some(value) if bound => Some(self.origins(node, value, depth).into_iter().collect()),
                        _ if bound => Some(Vec::new()),
                        _ => None,
                    };
                    let map = self.arguments(node, *at, *function, first, arguments, depth);
                    let inner = self.effects((*at, Some(*function)));
                    for origin in &inner.result {
                        match &origin.root {
                            Root::Parameter(index) => {
                                let given = map.get(*index).into_iter().flatten();
                                found.extend(given.map(|o| Origin { inside: o.inside || origin.inside, ..o.clone() }));
                            }
                            _ => {
                                found.insert(origin.clone());
                            }
                        }
                    }
                }
                Seen::Class(..) => {
                    for argument in arguments {
                        let part = self.origins(node, argument.value, depth);
                        found.extend(part.into_iter().map(|origin| Origin { inside: true, ..origin }));
                    }
                }
                Seen::Library(name) => {
                    if names().passing_functions.contains(&**name) {
                        for argument in arguments {
                            let part = self.origins(node, argument.value, depth);
                            found.extend(part.into_iter().map(|origin| Origin { inside: true, ..origin }));
                        }
                    } else if !self.is_known(name) {
                        found.insert(Origin { root: Root::Unknown, inside: false });
                    }
                }
                Seen::LibraryMethod(owner, _) => {
                    if let Some(value) = receiver
                        && !never_changes(owner)
                    {
                        found.extend(self.origins(node, value, depth));
                    }
                }
                _ => {
                    found.insert(Origin { root: Root::Unknown, inside: false });
                }
            }
        }
    }

    /// Where a name that a function reads is bound.
    pub fn scope(&self, file: FileId, function: Option<FunctionId>, name: NameId) -> Scope {
        let facts = self.facts(file);
        let mut here = function;
        let mut is_own = true;
        while let Some(definition) = here.and_then(|f| facts.functions.get(f.index())) {
            if definition.globals.contains(&name) {
                return Scope::Module;
            }
            let binds = definition.locals.contains(&name) && !definition.nonlocals.contains(&name);
            if binds {
                return if is_own { Scope::Local } else { Scope::Enclosing };
            }
            if is_own && self.is_comprehension_name(file, definition, here, name) {
                return Scope::Local;
            }
            is_own = false;
            here = definition.parent;
        }
        Scope::Module
    }

    fn binding_scope(&self, file: FileId, function: Option<FunctionId>, name: NameId) -> Scope {
        let facts = self.facts(file);
        match function.and_then(|f| facts.functions.get(f.index())) {
            None => Scope::Module,
            Some(definition) if definition.globals.contains(&name) => Scope::Module,
            Some(definition) if definition.nonlocals.contains(&name) => Scope::Enclosing,
            Some(_) => Scope::Local,
        }
    }

    fn is_comprehension_name(
        &self,
        file: FileId,
        _definition: &Function,
        function: Option<FunctionId>,
        name: NameId,
    ) -> bool {
        let (facts, spans) = (self.facts(file), &self.project.parsed(file).spans);
        let Some(range) = function.and_then(|f| spans.functions.get(f.index())) else { return false };
        let mut known = self.comprehensions.borrow_mut();
        let all = known.entry(file).or_insert_with(|| {
            let is_one = |expression: &Expression| matches!(expression, Expression::Comprehension { .. });
            let ids = facts.expressions.iter().enumerate().filter(|(_, it)| is_one(it)).map(|(index, _)| index);
            let mut all: Vec<(Span, usize)> = ids.filter_map(|id| Some((*spans.expressions.get(id)?, id))).collect();
            all.sort_unstable();
            all
        });
        let first = all.partition_point(|(span, _)| span.start < range.start);
        all.iter().skip(first).take_while(|(span, _)| span.start < range.end).any(|(span, id)| {
            span.end <= range.end
                && matches!(facts.expressions.get(*id), Some(Expression::Comprehension { clauses, .. })
                    if clauses.iter().any(|clause| binds(facts, clause.target, name)))
        })
    }

    /// What binds a module's name, in order.
    pub fn bindings(&self, file: FileId, name: &str) -> Vec<&'a Binding> {
        let facts = self.facts(file);
        facts.bindings.iter().filter(|b| facts.names.get(b.name.index()).is_some_and(|n| **n == *name)).collect()
    }
}

/// Where a name is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In the function itself.
    Local,
    /// In a function around it.
    Enclosing,
    /// In the module, or nowhere.
    Module,
}

/// `a, b = x, y`: the value that a name in a target gets, or the whole, of which it is an element.
fn unpacked(facts: &Facts, target: ExpressionId, value: ExpressionId, name: NameId) -> (ExpressionId, bool) {
    let parts = |id: ExpressionId| match facts.expressions.get(id.index()) {
        Some(Expression::Tuple(parts) | Expression::List(parts)) => Some(parts),
        _ => None,
    };
    if let (Some(targets), Some(values)) = (parts(target), parts(value))
        && targets.len() == values.len()
        && !targets.iter().any(|t| matches!(facts.expressions.get(t.index()), Some(Expression::Starred(_))))
        && let Some((target, value)) = targets.iter().zip(values.iter()).find(|(t, _)| binds(facts, **t, name))
    {
        return match facts.expressions.get(target.index()) {
            Some(Expression::Name(_)) => (*value, false),
            _ => unpacked(facts, *target, *value, name),
        };
    }
    (value, true)
}

/// True if a target binds the name.
pub fn binds(facts: &Facts, target: ExpressionId, name: NameId) -> bool {
    match facts.expressions.get(target.index()) {
        Some(Expression::Name(n)) => *n == name,
        Some(Expression::Tuple(parts) | Expression::List(parts)) => parts.iter().any(|part| binds(facts, *part, name)),
        Some(Expression::Starred(inner)) => binds(facts, *inner, name),
        _ => false,
    }
}

/// True if nothing can change the object.
pub fn never_changes(seen: &Seen) -> bool {
    match seen {
        Seen::Plain => true,
        Seen::Tuple(parts) => parts.iter().all(never_changes),
        Seen::LibraryObject(class) => names().immutable_classes.contains(&**class),
        Seen::Either(all) => all.iter().all(never_changes),
        _ => false,
    }
}
