//! Which scope binds which name, by Python's rules.

use crate::id::{ClassId, ExpressionId, FunctionId, NameId};
use crate::syntax::{Kind, NodeId};

use super::Lowering;
use super::ir::{AttributeStore, Binding, BindingValue};

/// What is known so far of the module, a class body or a function.
pub(super) struct Scope {
    pub(super) kind: ScopeKind,
    /// Every name bound, each time it is.
    pub(super) bound: Vec<NameId>,
    pub(super) globals: Vec<NameId>,
    pub(super) nonlocals: Vec<NameId>,
    pub(super) is_generator: bool,
    pub(super) has_await: bool,
    /// Functions directly in a class body.
    pub(super) methods: Vec<FunctionId>,
    /// Of a module or class.
    pub(super) bindings: Vec<Binding>,
    /// Of a module: what functions bind under `global`.
    pub(super) from_functions: Vec<Binding>,
    /// How many `if`, `try`, `for`, `while` and `with` are open.
    pub(super) conditional: u32,
    /// How many `if TYPE_CHECKING:` are open.
    pub(super) typing_only: u32,
    /// The method that the function is, or is nested in, as long as its first parameter is in sight.
    pub(super) method: Option<Method>,
}

/// See [`Scope`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Module,
    Class(ClassId),
    Function(FunctionId),
}

/// A method and the name of its first parameter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    pub(super) class: ClassId,
    pub(super) function: FunctionId,
    pub(super) receiver: NameId,
}

/// What a target is bound to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    Assigned(ExpressionId),
    Annotated(ExpressionId),
    Augmented(ExpressionId),
    Iterated(ExpressionId),
    Entered(ExpressionId),
    Other,
    /// A comprehension's own variable: bound in a function, unseen in a module or class.
    Comprehension,
}

impl Scope {
    pub(super) fn new(kind: ScopeKind) -> Scope {
        Scope {
            kind,
            bound: Vec::new(),
            globals: Vec::new(),
            nonlocals: Vec::new(),
            is_generator: false,
            has_await: false,
            methods: Vec::new(),
            bindings: Vec::new(),
            from_functions: Vec::new(),
            conditional: 0,
            typing_only: 0,
            method: None,
        }
    }

    pub(super) fn module() -> Scope {
        Scope::new(ScopeKind::Module)
    }

    /// Names bound in a function beside its parameters, sorted and unique.
    pub(super) fn locals(&self, parameters: &[NameId]) -> Vec<NameId> {
        let declared = |name: &NameId| self.globals.contains(name) || self.nonlocals.contains(name);
        let mut locals = self.bound.clone();
        locals.sort_unstable();
        locals.dedup();
        locals.retain(|name| !declared(name) && !parameters.contains(name));
        locals
    }

    /// Names bound since `mark`, sorted and unique.
    pub(super) fn bound_since(&self, mark: usize) -> Box<[NameId]> {
        let mut names = self.bound.get(mark..).unwrap_or_default().to_vec();
        names.sort_unstable();
        names.dedup();
        names.into_boxed_slice()
    }
}

impl Lowering<'_> {
    /// Binds `name` in the scope in hand.
    pub(super) fn bind(&mut self, name: NameId, value: BindingValue) {
        let Some(scope) = self.scopes.last_mut() else { return };
        scope.bound.push(name);
        let typing_only = scope.typing_only > 0;
        let conditional = scope.conditional > 0;
        match scope.kind {
            ScopeKind::Module => scope.bindings.push(Binding { name, value, typing_only, conditional }),
            ScopeKind::Class(_) => {
                if !matches!(value, BindingValue::Function(_)) {
                    scope.bindings.push(Binding { name, value, typing_only, conditional });
                }
            }
            ScopeKind::Function(_) => {
                if scope.globals.contains(&name)
                    && let Some(module) = self.scopes.first_mut()
                {
                    module.from_functions.push(Binding { name, value, typing_only: false, conditional: true });
                }
            }
        }
    }

    /// Binds `name` to the part of `source` that the path in hand leads to.
    pub(super) fn bind_target(&mut self, name: NameId, source: Source) {
        let whole = self.path.is_empty();
        let value = match source {
            Source::Assigned(value) if whole => match self.facts.expressions.get(value.index()) {
                Some(super::ir::Expression::Class(class)) => BindingValue::Class(*class),
                _ => BindingValue::Assigned(value),
            },
            Source::Assigned(_) if self.path.contains(&u32::MAX) => BindingValue::Other,
            Source::Assigned(value) => BindingValue::Unpacked(value, self.path.as_slice().into()),
            Source::Annotated(annotation) => BindingValue::Annotated(annotation),
            Source::Augmented(value) => BindingValue::Augmented(value),
            Source::Iterated(iterable) if whole => BindingValue::Iterated(iterable),
            Source::Entered(context) if whole => BindingValue::Entered(context),
            Source::Iterated(_) | Source::Entered(_) | Source::Other => BindingValue::Other,
            Source::Comprehension => {
                if let Some(scope) = self.scope()
                    && matches!(scope.kind, ScopeKind::Function(_))
                {
                    scope.bound.push(name);
                }
                return;
            }
        };
        self.bind(name, value);
    }

    /// Notes `self.name = …`.
    pub(super) fn store_attribute(&mut self, target: NodeId) {
        let Some(method) = self.scopes.last().and_then(|scope| scope.method) else { return };
        let mut parts = self.tree.parts(target);
        let (Some(object), Some(attribute)) = (parts.next(), parts.last()) else { return };
        if self.tree.kind(object) != Kind::Identifier || self.name(object) != method.receiver {
            return;
        }
        let attribute = self.name(attribute);
        self.facts.attribute_stores.push(AttributeStore { class: method.class, function: method.function, attribute });
    }

    /// The function that encloses the scope in hand, through classes.
    pub(super) fn enclosing_function(&self) -> Option<FunctionId> {
        self.scopes.iter().rev().find_map(|scope| match scope.kind {
            ScopeKind::Function(function) => Some(function),
            ScopeKind::Class(_) | ScopeKind::Module => None,
        })
    }

    /// The class whose body is the scope in hand.
    pub(super) fn enclosing_class(&self) -> Option<ClassId> {
        match self.scopes.last()?.kind {
            ScopeKind::Class(class) => Some(class),
            ScopeKind::Function(_) | ScopeKind::Module => None,
        }
    }

    /// Does `work` as part of an `if`, a loop or the like.
    pub(super) fn conditionally<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        if let Some(scope) = self.scope() {
            scope.conditional += 1;
        }
        let result = work(self);
        if let Some(scope) = self.scope() {
            scope.conditional -= 1;
        }
        result
    }
}
