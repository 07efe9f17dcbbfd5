//! Named tuples that a call makes, as the classes that they are.
//!
//! ```python
//! Point = namedtuple("Point", "x y")
//! ```

use crate::id::{ClassId, ExpressionId, NameId};
use crate::text::Span;

use super::ir::{Argument, ArgumentKind, BindingValue, Class, Expression, Statement};
use super::scopes::{Scope, ScopeKind};
use super::{Lowering, boxed};

/// Callables that make a class of what they are given.
const MAKERS: [&str; 2] = ["namedtuple", "NamedTuple"];

impl Lowering<'_> {
    /// The class that a call makes, where its fields are told by literals: as if it stood there as
    ///
    /// ```python
    /// class Point(namedtuple):
    ///     x: object
    ///     y: object
    /// ```
    pub(super) fn record(&mut self, maker: ExpressionId, arguments: &[Argument], span: Span) -> Option<ClassId> {
        let is_maker = match self.facts.expressions.get(maker.index())? {
            Expression::Name(name) | Expression::Attribute { attribute: name, .. } => {
                MAKERS.contains(&self.facts.names.get(name.index()).map_or("", |it| it))
            }
            _ => false,
        };
        let [name, fields, rest @ ..] = arguments else { return None };
        if !is_maker || name.kind != ArgumentKind::Positional || fields.kind != ArgumentKind::Positional {
            return None;
        }
        let Some(Expression::String { value: Some(class_name), .. }) = self.facts.expressions.get(name.value.index())
        else {
            return None;
        };
        let class_name = *class_name;
        let fields = self.record_fields(fields.value)?;
        let defaults = rest.iter().find_map(|it| match (it.kind, self.facts.expressions.get(it.value.index())) {
            (ArgumentKind::Keyword(name), Some(Expression::Tuple(values) | Expression::List(values)))
                if self.facts.names.get(name.index()).is_some_and(|it| &**it == "defaults") =>
            {
                Some(values.clone())
            }
            _ => None,
        });
        let defaults = defaults.unwrap_or_default();
        let (parent, outer) = (self.enclosing_function(), self.enclosing_class());
        let id = ClassId::new(self.facts.classes.len());
        self.spans.classes.push(span);
        self.spans.class_names.push(self.spans.expressions.get(name.value.index()).copied().unwrap_or_default());
        let mut scope = Scope::new(ScopeKind::Class(id));
        let mut body = Vec::new();
        let count = fields.len();
        self.scopes.push(scope);
        for (index, (field, annotation)) in fields.into_iter().enumerate() {
            let annotation = annotation.unwrap_or_else(|| self.push(Expression::Unknown(Box::default()), span));
            let target = self.push(Expression::Name(field), span);
            let value = (index + defaults.len()).checked_sub(count).and_then(|at| defaults.get(at)).copied();
            self.bind(field, value.map_or(BindingValue::Annotated(annotation), BindingValue::Assigned));
            body.push(self.push_statement(Statement::AnnotatedAssign { target, annotation, value }, span));
        }
        scope = self.scopes.pop()?;
        self.facts.classes.push(Class {
            name: class_name,
            bases: vec![maker],
            keywords: Vec::new(),
            decorators: Vec::new(),
            body: boxed(body),
            methods: Vec::new(),
            bindings: scope.bindings,
            parent,
            outer,
        });
        Some(id)
    }

    /// The names of fields, and their types where they are given: `"x y"`, `["x", "y"]`, `[("x", int)]`.
    fn record_fields(&mut self, fields: ExpressionId) -> Option<Vec<(NameId, Option<ExpressionId>)>> {
        match self.facts.expressions.get(fields.index())? {
            Expression::String { value: Some(text), .. } => {
                let text = self.facts.names.get(text.index())?.to_string();
                let names = text.split([' ', ',', '\n', '\t']).filter(|name| !name.is_empty());
                Some(names.map(|name| (self.intern_composed(name.to_owned()), None)).collect())
            }
            Expression::List(items) | Expression::Tuple(items) => {
                let field = |item: &ExpressionId| match self.facts.expressions.get(item.index())? {
                    Expression::String { value: Some(name), .. } => Some((*name, None)),
                    Expression::Tuple(pair) => match (&pair[..], self.facts.expressions.get(pair.first()?.index())?) {
                        ([_, kind], Expression::String { value: Some(name), .. }) => Some((*name, Some(*kind))),
                        _ => None,
                    },
                    _ => None,
                };
                items.iter().map(field).collect()
            }
            _ => None,
        }
    }
}
