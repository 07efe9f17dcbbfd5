//! Statements and the definitions among them.

use crate::id::{ClassId, ExpressionId, FunctionId, NameId, StatementId};
use crate::syntax::{Kind, NodeId};
use crate::text::Span;

use super::expressions::operator;
use super::ir::{
    ArgumentKind, Binding, BindingValue, Block, Case, Class, Comparison, Expression, Function, Handler, Parameter,
    Pattern, Statement,
};
use super::scopes::{Method, Scope, ScopeKind, Source};
use super::{Lowering, MOST_NESTED_BLOCKS, boxed};

/// What an `if` asks, as far as it decides which branch ever runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Branch {
    /// Either may run.
    Open,
    /// Only type checkers take it: `if TYPE_CHECKING:`.
    TypingOnly,
    /// What runs: `if not TYPE_CHECKING:`.
    Certain,
}

impl Lowering<'_> {
    /// The statements of a block, of the module, or among what the grammar could not read.
    pub(super) fn block(&mut self, node: NodeId) -> Block {
        let mut statements = Vec::new();
        self.statements(node, &mut statements);
        boxed(statements)
    }

    fn statements(&mut self, node: NodeId, statements: &mut Vec<StatementId>) {
        if self.block_depth >= MOST_NESTED_BLOCKS {
            self.cut(node);
            return;
        }
        self.block_depth += 1;
        let tree = self.tree;
        let mut stray = Vec::new();
        for child in tree.children(node) {
            let kind = tree.kind(child);
            if kind.is_statement() {
                self.flush(&mut stray, statements);
                self.statement(child, statements);
            } else if kind.is_expression() {
                stray.push(self.expression(child));
            } else if kind.is_part() || kind == Kind::Error {
                self.flush(&mut stray, statements);
                self.statements(child, statements);
            }
        }
        self.flush(&mut stray, statements);
        self.block_depth -= 1;
    }

    /// Makes a statement of expressions that stand among errors.
    fn flush(&mut self, stray: &mut Vec<ExpressionId>, statements: &mut Vec<StatementId>) {
        let span_of = |id: &ExpressionId| self.spans.expressions.get(id.index()).copied();
        let (Some(first), Some(last)) = (stray.first().and_then(span_of), stray.last().and_then(span_of)) else {
            return;
        };
        let span = Span { start: first.start, end: last.end };
        let unknown = self.push(Expression::Unknown(boxed(std::mem::take(stray))), span);
        statements.push(self.push_statement(Statement::Expression(unknown), span));
    }

    /// Lowers one statement, and what is readable in the errors inside it.
    fn statement(&mut self, node: NodeId, statements: &mut Vec<StatementId>) {
        let tree = self.tree;
        let statement = match tree.kind(node) {
            Kind::ExpressionStatement => self.expression_statement(node),
            Kind::ReturnStatement => Statement::Return(tree.parts(node).next().map(|value| self.expression(value))),
            Kind::RaiseStatement => self.raise(node),
            Kind::AssertStatement => {
                let mut parts = tree.parts(node);
                match parts.next() {
                    Some(test) => {
                        let test = self.expression(test);
                        let message = parts.next().map(|message| self.expression(message));
                        Statement::Assert { test, message }
                    }
                    None => Statement::Nothing,
                }
            }
            Kind::DeleteStatement => {
                let mut targets = Vec::new();
                for part in tree.parts(node) {
                    self.deleted(part, &mut targets);
                }
                Statement::Delete(boxed(targets))
            }
            Kind::BreakStatement => Statement::Break,
            Kind::ContinueStatement => Statement::Continue,
            Kind::GlobalStatement | Kind::NonlocalStatement => self.declaration(node),
            Kind::PrintStatement | Kind::ExecStatement => {
                let readable = self.readable(node);
                Statement::Expression(self.push(Expression::Unknown(readable), tree.span(node)))
            }
            Kind::ImportStatement => self.import(node),
            Kind::ImportFromStatement | Kind::FutureImportStatement => self.import_from(node),
            Kind::TypeAliasStatement => self.type_alias(node),
            Kind::IfStatement => {
                self.if_statement(node, statements);
                return;
            }
            Kind::ForStatement => self.for_statement(node),
            Kind::WhileStatement => self.while_statement(node),
            Kind::WithStatement => self.with_statement(node),
            Kind::TryStatement => self.try_statement(node),
            Kind::MatchStatement => self.match_statement(node),
            Kind::DecoratedDefinition => self.decorated(node),
            Kind::FunctionDefinition => Statement::Function(self.function(node, Vec::new())),
            Kind::ClassDefinition => Statement::Class(self.class(node, Vec::new())),
            _ => Statement::Nothing,
        };
        statements.push(self.push_statement(statement, tree.span(node)));
        for child in tree.children(node) {
            if tree.kind(child) == Kind::Error {
                self.statements(child, statements);
            }
        }
    }

    fn expression_statement(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let mut parts = tree.parts(node);
        let Some(first) = parts.next() else { return Statement::Nothing };
        match tree.kind(first) {
            Kind::Assignment => self.assignment(first),
            Kind::AugmentedAssignment => self.augmented_assignment(first),
            _ if parts.next().is_some() => {
                let items = self.items(node);
                Statement::Expression(self.push(Expression::Tuple(items), tree.span(node)))
            }
            _ => {
                let value = self.expression(first);
                self.note_export_call(value);
                Statement::Expression(value)
            }
        }
    }

    /// `a = b = value`, `a: T = value`, `a: T`.
    fn assignment(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let mut targets = Vec::new();
        let mut annotation = None;
        let mut at = node;
        let value = loop {
            let mut right = None;
            for (index, part) in tree.parts(at).enumerate() {
                match tree.kind(part) {
                    _ if index == 0 => targets.push(part),
                    Kind::Type => annotation = Some(part),
                    _ => right = Some(part),
                }
            }
            match right {
                Some(next) if tree.kind(next) == Kind::Assignment => at = next,
                right => break right,
            }
        };
        let value = value.map(|value| self.expression(value));
        if let (Some(annotation), &[target]) = (annotation, targets.as_slice()) {
            let annotation = self.expression(annotation);
            let source = value.map_or(Source::Annotated(annotation), Source::Assigned);
            let target = self.target(target, source);
            self.note_exports(target, value);
            return Statement::AnnotatedAssign { target, annotation, value };
        }
        let Some(value) = value else { return Statement::Nothing };
        let targets: Box<[ExpressionId]> = targets
            .into_iter()
            .map(|target| {
                let target = self.target(target, Source::Assigned(value));
                self.note_exports(target, Some(value));
                target
            })
            .collect();
        Statement::Assign { targets, value }
    }

    fn augmented_assignment(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let operator = tree.children(node).find_map(|child| operator(tree.kind(child)));
        let mut parts = tree.parts(node);
        let (Some(target), Some(value), Some(operator)) = (parts.next(), parts.next(), operator) else {
            let readable = self.readable(node);
            return Statement::Expression(self.push(Expression::Unknown(readable), tree.span(node)));
        };
        let value = self.expression(value);
        let target = self.target(target, Source::Augmented(value));
        self.extend_exports(target, value);
        Statement::AugmentedAssign { target, operator, value }
    }

    fn raise(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let mut exception = None;
        let mut cause = None;
        let mut from = false;
        for child in tree.children(node) {
            let kind = tree.kind(child);
            if kind == Kind::From {
                from = true;
            } else if kind.is_part() {
                let value = Some(self.expression(child));
                if from { cause = value } else { exception = value }
            }
        }
        Statement::Raise { exception, cause }
    }

    /// `global a, b` and `nonlocal a, b`.
    fn declaration(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let names: Vec<NameId> = tree.parts(node).map(|part| self.name(part)).collect();
        if let Some(scope) = self.scope() {
            let declared =
                if tree.kind(node) == Kind::GlobalStatement { &mut scope.globals } else { &mut scope.nonlocals };
            for name in names {
                if !declared.contains(&name) {
                    declared.push(name);
                }
            }
        }
        Statement::Nothing
    }

    /// `type Name = value`.
    fn type_alias(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let mut parts = tree.parts(node);
        let (Some(left), Some(right)) = (parts.next(), parts.next()) else { return Statement::Nothing };
        let value = self.expression(right);
        // `type(self).cache = {}`: the grammar takes it for an alias.
        if let Some(target) = self.call_of_type(node, left) {
            return Statement::Assign { targets: Box::new([target]), value };
        }
        // `Name`, or the `Name` of `Name[T]`.
        let mut name = left;
        while let Some(inner) = tree.parts(name).next() {
            name = inner;
        }
        if tree.kind(name) == Kind::Identifier {
            let name = self.name(name);
            self.bind(name, BindingValue::Assigned(value));
        }
        Statement::Nothing
    }

    fn import(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let mut bindings = Vec::new();
        for part in tree.parts(node) {
            if tree.kind(part) == Kind::AliasedImport {
                let mut sides = tree.parts(part);
                let (Some(module), Some(alias)) = (sides.next(), sides.next()) else { continue };
                let value = BindingValue::Import { module: self.name(module), aliased: true };
                let name = self.name(alias);
                self.imported(name, value, &mut bindings);
            } else {
                let Some(first) = tree.parts(part).next() else { continue };
                let value = BindingValue::Import { module: self.name(part), aliased: false };
                let name = self.name(first);
                self.imported(name, value, &mut bindings);
            }
        }
        Statement::Import(boxed(bindings))
    }

    fn import_from(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let mut parts = tree.parts(node);
        let (mut module, mut level) = (self.intern("__future__"), 0);
        if tree.kind(node) == Kind::ImportFromStatement {
            let Some(from) = parts.next() else { return Statement::Nothing };
            (module, level) = self.module_of(from);
        }
        let mut bindings = Vec::new();
        for part in parts {
            match tree.kind(part) {
                Kind::WildcardImport => {
                    let name = self.intern("");
                    self.imported(name, BindingValue::ImportStar { module, level }, &mut bindings);
                }
                Kind::AliasedImport => {
                    let mut sides = tree.parts(part);
                    let (Some(member), Some(alias)) = (sides.next(), sides.next()) else { continue };
                    let value = BindingValue::ImportFrom { module, level, member: self.name(member) };
                    let name = self.name(alias);
                    self.imported(name, value, &mut bindings);
                }
                Kind::DottedName => {
                    let member = self.name(part);
                    self.imported(member, BindingValue::ImportFrom { module, level, member }, &mut bindings);
                }
                _ => {}
            }
        }
        Statement::Import(boxed(bindings))
    }

    /// The module behind `from`, and how many dots stand before it.
    fn module_of(&mut self, node: NodeId) -> (NameId, u32) {
        let tree = self.tree;
        if tree.kind(node) != Kind::RelativeImport {
            return (self.name(node), 0);
        }
        let mut module = None;
        let mut level = 0;
        for part in tree.parts(node) {
            if tree.kind(part) == Kind::ImportPrefix {
                let dots = self.source(part).bytes().filter(|&byte| byte == b'.').count();
                level = u32::try_from(dots).unwrap_or(u32::MAX);
            } else {
                module = Some(self.name(part));
            }
        }
        (module.unwrap_or_else(|| self.intern("")), level)
    }

    fn imported(&mut self, name: NameId, value: BindingValue, bindings: &mut Vec<Binding>) {
        let (typing_only, conditional) =
            self.scope().map_or((false, false), |scope| (scope.typing_only > 0, scope.conditional > 0));
        bindings.push(Binding { name, value: value.clone(), typing_only, conditional });
        self.bind(name, value);
    }

    /// `if`, its `elif`s as an `if` in the `else` of the one before.
    fn if_statement(&mut self, node: NodeId, statements: &mut Vec<StatementId>) {
        let tree = self.tree;
        let whole = tree.span(node);
        let mut arms: Vec<(ExpressionId, Block, Span)> = Vec::new();
        let mut otherwise: Block = Box::default();
        let mut last = Branch::Open;
        let mut arm = |lowering: &mut Self, node: NodeId, arms: &mut Vec<(ExpressionId, Block, Span)>| {
            let mut parts = tree.parts(node);
            let Some(condition) = parts.next() else { return };
            let (then, rest) = lowering.branches(condition);
            last = rest;
            let condition = lowering.expression(condition);
            if arms.is_empty() && lowering.is_main_guard(condition) {
                lowering.facts.has_main_guard = true;
            }
            let body = parts.find(|&part| tree.kind(part) == Kind::Block);
            let body = body.map(|body| lowering.branch(body, then)).unwrap_or_default();
            arms.push((condition, body, Span { start: tree.span(node).start, end: whole.end }));
        };
        arm(self, node, &mut arms);
        for part in tree.parts(node) {
            if tree.kind(part) == Kind::ElifClause {
                arm(self, part, &mut arms);
            }
        }
        for part in tree.parts(node).filter(|&part| tree.kind(part) == Kind::ElseClause) {
            let branch = if arms.len() == 1 { last } else { Branch::Open };
            if let Some(body) = self.body_of(part) {
                otherwise = self.branch(body, branch);
            }
        }
        let mut first = true;
        while let Some((condition, then, span)) = arms.pop() {
            let id = self.push_statement(Statement::If { condition, then, otherwise }, span);
            otherwise = Box::new([id]);
            first = false;
        }
        if !first {
            statements.extend(otherwise);
        }
        for child in tree.children(node) {
            if tree.kind(child) == Kind::Error {
                self.statements(child, statements);
            }
        }
    }

    /// A branch of an `if`.
    fn branch(&mut self, body: NodeId, branch: Branch) -> Block {
        match branch {
            Branch::Open => self.conditionally(|lowering| lowering.block(body)),
            Branch::Certain => self.block(body),
            Branch::TypingOnly => {
                if let Some(scope) = self.scope() {
                    scope.typing_only += 1;
                }
                let block = self.block(body);
                if let Some(scope) = self.scope() {
                    scope.typing_only -= 1;
                }
                block
            }
        }
    }

    /// What a condition says of its branch and of the `else`.
    fn branches(&self, condition: NodeId) -> (Branch, Branch) {
        let text = self.source(condition);
        let (text, negated) = text.strip_prefix("not ").map_or((text, false), |rest| (rest.trim_start(), true));
        let typing = text == "TYPE_CHECKING" || text.ends_with(".TYPE_CHECKING") || text == "False" || text == "0";
        match (typing, negated) {
            (true, false) => (Branch::TypingOnly, Branch::Certain),
            (true, true) => (Branch::Certain, Branch::TypingOnly),
            (false, _) => (Branch::Open, Branch::Open),
        }
    }

    /// `__name__ == "__main__"`, either way round.
    fn is_main_guard(&self, condition: ExpressionId) -> bool {
        let expression = |id: ExpressionId| self.facts.expressions.get(id.index());
        let named = |id: NameId, name: &str| self.facts.names.get(id.index()).is_some_and(|text| &**text == name);
        let Some(Expression::Compare { first, rest }) = expression(condition) else { return false };
        let [(Comparison::Equal, second)] = **rest else { return false };
        let is_name = |id| matches!(expression(id), Some(&Expression::Name(name)) if named(name, "__name__"));
        let is_main = |id| matches!(expression(id), Some(&Expression::String { value: Some(value), .. }) if named(value, "__main__"));
        (is_name(*first) && is_main(second)) || (is_main(*first) && is_name(second))
    }

    /// The block of a clause.
    fn body_of(&self, clause: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        tree.parts(clause).find(|&part| tree.kind(part) == Kind::Block)
    }

    /// The block directly in a statement.
    fn own_block(&mut self, node: NodeId) -> Block {
        self.body_of(node).map(|body| self.block(body)).unwrap_or_default()
    }

    /// The block of the clause of a kind, if there is one.
    fn clause_block(&mut self, node: NodeId, kind: Kind) -> Block {
        let tree = self.tree;
        let clause = tree.parts(node).find(|&part| tree.kind(part) == kind);
        clause.map(|clause| self.own_block(clause)).unwrap_or_default()
    }

    fn is_async(&self, node: NodeId) -> bool {
        let tree = self.tree;
        tree.children(node).any(|child| tree.kind(child) == Kind::Async)
    }

    /// Notes that the scope in hand awaits.
    fn note_await(&mut self, is_async: bool) {
        if let Some(scope) = self.scope() {
            scope.has_await |= is_async;
        }
    }

    fn for_statement(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let is_async = self.is_async(node);
        self.note_await(is_async);
        let mut parts = tree.parts(node).filter(|&part| tree.kind(part) != Kind::Block);
        let (Some(target), Some(iterable)) = (parts.next(), parts.next()) else { return Statement::Nothing };
        let iterable = self.expression(iterable);
        let mark = self.scopes.last().map_or(0, |scope| scope.bound.len());
        self.conditionally(|lowering| {
            let target = lowering.target(target, Source::Iterated(iterable));
            let body = lowering.own_block(node);
            let assigned = lowering.scopes.last().map(|scope| scope.bound_since(mark)).unwrap_or_default();
            let otherwise = lowering.clause_block(node, Kind::ElseClause);
            Statement::For { target, iterable, body, otherwise, is_async, assigned }
        })
    }

    fn while_statement(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let Some(condition) = tree.parts(node).next() else { return Statement::Nothing };
        let mark = self.scopes.last().map_or(0, |scope| scope.bound.len());
        let condition = self.expression(condition);
        self.conditionally(|lowering| {
            let body = lowering.own_block(node);
            let assigned = lowering.scopes.last().map(|scope| scope.bound_since(mark)).unwrap_or_default();
            let otherwise = lowering.clause_block(node, Kind::ElseClause);
            Statement::While { condition, body, otherwise, assigned }
        })
    }

    fn with_statement(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let is_async = self.is_async(node);
        self.note_await(is_async);
        let mut items = Vec::new();
        self.conditionally(|lowering| {
            for clause in tree.parts(node).filter(|&part| tree.kind(part) == Kind::WithClause) {
                for item in tree.parts(clause) {
                    for value in tree.parts(item) {
                        lowering.with_item(value, &mut items);
                    }
                }
            }
            let body = lowering.own_block(node);
            Statement::With { items: boxed(items), body, is_async }
        })
    }

    /// `context as target`; several in brackets may look like a tuple.
    fn with_item(&mut self, node: NodeId, items: &mut Vec<(ExpressionId, Option<ExpressionId>)>) {
        let tree = self.tree;
        let mut node = node;
        while tree.kind(node) == Kind::ParenthesizedExpression {
            let Some(inner) = tree.parts(node).next() else { return };
            node = inner;
        }
        let holds_as = |node| tree.parts(node).any(|part| tree.kind(part) == Kind::AsPattern);
        if tree.kind(node) == Kind::Tuple && holds_as(node) {
            for part in tree.parts(node).filter(|&part| tree.kind(part) != Kind::Tuple) {
                self.with_item(part, items);
            }
            return;
        }
        if tree.kind(node) != Kind::AsPattern {
            items.push((self.expression(node), None));
            return;
        }
        let mut parts = tree.parts(node);
        let Some(context) = parts.next() else { return };
        let context = self.expression(context);
        let target = parts.next().map(|target| self.target(target, Source::Entered(context)));
        items.push((context, target));
    }

    fn try_statement(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        self.conditionally(|lowering| {
            let body = lowering.own_block(node);
            let mut handlers = Vec::new();
            for clause in tree.parts(node).filter(|&part| tree.kind(part) == Kind::ExceptClause) {
                handlers.push(lowering.handler(clause));
            }
            let otherwise = lowering.clause_block(node, Kind::ElseClause);
            let finally = lowering.clause_block(node, Kind::FinallyClause);
            Statement::Try { body, handlers: boxed(handlers), otherwise, finally }
        })
    }

    /// `except E as name:`, `except A, B:`.
    fn handler(&mut self, node: NodeId) -> Handler {
        let tree = self.tree;
        let mut caught = Vec::new();
        let mut target = None;
        let mut named = false;
        for child in tree.children(node) {
            match tree.kind(child) {
                Kind::As => named = true,
                Kind::Block => {}
                Kind::AsPattern => {
                    let mut parts = tree.parts(child);
                    caught.extend(parts.next().map(|part| self.expression(part)));
                    target = parts.next();
                }
                kind if kind.is_part() && named => target = Some(child),
                kind if kind.is_part() => caught.push(self.expression(child)),
                _ => {}
            }
        }
        // Python 2's `except E, name:`; with types alone it is Python 3.14's.
        if let ([_, second], None) = (caught.as_slice(), target)
            && let Some(Expression::Name(name)) = self.facts.expressions.get(second.index())
            && self.facts.names.get(name.index()).is_some_and(|name| name.starts_with(char::is_lowercase))
        {
            target = tree.parts(node).nth(1);
            caught.pop();
        }
        let exception = match *caught {
            [] => None,
            [only] => Some(only),
            _ => Some(self.push(Expression::Tuple(boxed(caught)), tree.span(node))),
        };
        if let Some(inner) = target.filter(|&t| tree.kind(t) == Kind::AsPatternTarget) {
            target = tree.parts(inner).next();
        }
        let name = target.filter(|&target| tree.kind(target) == Kind::Identifier).map(|target| self.name(target));
        if let Some(name) = name {
            self.bind(name, BindingValue::Other);
        }
        let body = self.own_block(node);
        Handler { exception, name, body }
    }

    fn match_statement(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let subjects: Vec<NodeId> = tree.parts(node).filter(|&part| tree.kind(part) != Kind::Block).collect();
        let subject = match *subjects {
            [only] => self.expression(only),
            _ => {
                let items = subjects.into_iter().map(|part| self.expression(part)).collect();
                self.push(Expression::Tuple(items), tree.span(node))
            }
        };
        let mut cases = Vec::new();
        if let Some(block) = self.body_of(node) {
            self.conditionally(|lowering| {
                for clause in tree.parts(block).filter(|&part| tree.kind(part) == Kind::CaseClause) {
                    cases.push(lowering.case(clause));
                }
            });
        }
        Statement::Match { subject, cases: boxed(cases) }
    }

    fn case(&mut self, node: NodeId) -> Case {
        let tree = self.tree;
        let mut names = Vec::new();
        let mut patterns = Vec::new();
        let mut guard = None;
        let mut is_tuple = false;
        let mut end = None;
        for part in tree.parts(node) {
            match tree.kind(part) {
                Kind::IfClause => guard = tree.parts(part).next().map(|guard| self.expression(guard)),
                Kind::Block => {}
                _ => {
                    patterns.push(self.pattern(part, &mut names, 0));
                    end = Some(tree.span(part).end);
                }
            }
        }
        // Python: case first,:
        if let Some(end) = end {
            is_tuple = self.text.get(end as usize..).is_some_and(|rest| rest.trim_start().starts_with(','));
        }
        let pattern = match patterns.pop() {
            Some(only) if patterns.is_empty() && !is_tuple => only,
            Some(last) => {
                patterns.push(last);
                Pattern::Sequence(boxed(patterns))
            }
            None => Pattern::Unknown,
        };
        let body = self.own_block(node);
        Case { names: boxed(names), pattern, guard, body }
    }

    fn decorated(&mut self, node: NodeId) -> Statement {
        let tree = self.tree;
        let mut decorators = Vec::new();
        for part in tree.parts(node) {
            match tree.kind(part) {
                Kind::Decorator => {
                    decorators.extend(tree.parts(part).next().map(|decorator| self.expression(decorator)));
                }
                Kind::FunctionDefinition => return Statement::Function(self.function(part, decorators)),
                Kind::ClassDefinition => return Statement::Class(self.class(part, decorators)),
                _ => {}
            }
        }
        Statement::Nothing
    }

    fn function(&mut self, node: NodeId, decorators: Vec<ExpressionId>) -> FunctionId {
        let tree = self.tree;
        let is_async = self.is_async(node);
        let mut name = None;
        let mut parameters = Vec::new();
        let mut returns = None;
        let mut body = None;
        for part in tree.parts(node) {
            match tree.kind(part) {
                Kind::Identifier => name = name.or(Some(part)),
                Kind::Parameters => parameters = self.parameters(part),
                Kind::Type => returns = Some(self.expression(part)),
                Kind::Block => body = Some(part),
                _ => {}
            }
        }
        let name_span = name.map(|name| tree.span(name)).unwrap_or_default();
        let name = match name {
            Some(name) => self.name(name),
            None => self.intern(""),
        };
        let id = self.open_function(name, tree.span(node), name_span);
        let class = self.enclosing_class();
        let parent = self.enclosing_function();
        let method = match class {
            Some(class) if !self.is_static(&decorators) => {
                let receiver = parameters.first().map(|parameter| parameter.name);
                receiver.map(|receiver| Method { class, function: id, receiver })
            }
            Some(_) => None,
            None => self.visible_method(&parameters),
        };
        if let (Some(_), Some(scope)) = (class, self.scope()) {
            scope.methods.push(id);
        }
        self.bind(name, BindingValue::Function(id));
        let mut scope = Scope::new(ScopeKind::Function(id));
        scope.method = method;
        self.scopes.push(scope);
        let body = body.map(|body| self.block(body)).unwrap_or_default();
        let mut function = Function {
            name,
            parameters,
            decorators,
            returns,
            body,
            is_async,
            is_generator: false,
            has_await: false,
            parent,
            class,
            locals: Vec::new(),
            globals: Vec::new(),
            nonlocals: Vec::new(),
        };
        self.close_function(id, &mut function);
        id
    }

    /// Keeps a place for a function, so that functions stand in source order.
    pub(super) fn open_function(&mut self, name: NameId, span: Span, name_span: Span) -> FunctionId {
        let id = FunctionId::new(self.facts.functions.len());
        self.facts.functions.push(Function {
            name,
            parameters: Vec::new(),
            decorators: Vec::new(),
            returns: None,
            body: Box::default(),
            is_async: false,
            is_generator: false,
            has_await: false,
            parent: None,
            class: None,
            locals: Vec::new(),
            globals: Vec::new(),
            nonlocals: Vec::new(),
        });
        self.spans.functions.push(span);
        self.spans.function_names.push(name_span);
        id
    }

    /// Takes the scope of a function off, and puts the function into its place.
    pub(super) fn close_function(&mut self, id: FunctionId, function: &mut Function) {
        if let Some(scope) = self.scopes.pop() {
            let mut locals: Vec<NameId> = function.parameters.iter().map(|parameter| parameter.name).collect();
            let rest = scope.locals(&locals);
            locals.extend(rest);
            function.locals = locals;
            function.is_generator = scope.is_generator;
            function.has_await = scope.has_await;
            function.globals = scope.globals;
            function.nonlocals = scope.nonlocals;
        }
        if let Some(place) = self.facts.functions.get_mut(id.index()) {
            std::mem::swap(place, function);
        }
    }

    /// The method around a nested function, unless a parameter hides its receiver.
    pub(super) fn visible_method(&self, parameters: &[Parameter]) -> Option<Method> {
        let method = self.scopes.last()?.method?;
        let hidden = parameters.iter().any(|parameter| parameter.name == method.receiver);
        (!hidden).then_some(method)
    }

    /// True under `@staticmethod`.
    fn is_static(&self, decorators: &[ExpressionId]) -> bool {
        decorators.iter().any(|decorator| match self.facts.expressions.get(decorator.index()) {
            Some(Expression::Name(name)) => {
                self.facts.names.get(name.index()).is_some_and(|name| &**name == "staticmethod")
            }
            _ => false,
        })
    }

    fn class(&mut self, node: NodeId, decorators: Vec<ExpressionId>) -> ClassId {
        let tree = self.tree;
        let mut name = None;
        let mut body = None;
        let mut bases = Vec::new();
        let mut keywords = Vec::new();
        for part in tree.parts(node) {
            match tree.kind(part) {
                Kind::Identifier => name = name.or(Some(part)),
                Kind::ArgumentList => {
                    for argument in self.arguments(part) {
                        match argument.kind {
                            ArgumentKind::Positional | ArgumentKind::Star => bases.push(argument.value),
                            ArgumentKind::Keyword(name) => keywords.push((name, argument.value)),
                            ArgumentKind::DoubleStar => {}
                        }
                    }
                }
                Kind::Block => body = Some(part),
                _ => {}
            }
        }
        self.spans.classes.push(tree.span(node));
        self.spans.class_names.push(name.map(|name| tree.span(name)).unwrap_or_default());
        let name = match name {
            Some(name) => self.name(name),
            None => self.intern(""),
        };
        let id = ClassId::new(self.facts.classes.len());
        self.facts.classes.push(Class {
            name,
            bases,
            keywords,
            decorators,
            body: Box::default(),
            methods: Vec::new(),
            bindings: Vec::new(),
            parent: self.enclosing_function(),
            outer: self.enclosing_class(),
        });
        self.bind(name, BindingValue::Class(id));
        self.scopes.push(Scope::new(ScopeKind::Class(id)));
        let body = body.map(|body| self.block(body)).unwrap_or_default();
        if let (Some(scope), Some(class)) = (self.scopes.pop(), self.facts.classes.get_mut(id.index())) {
            class.body = body;
            class.methods = scope.methods;
            class.bindings = scope.bindings;
        }
        id
    }

    /// `__all__ = ["a", "b"]`.
    fn note_exports(&mut self, target: ExpressionId, value: Option<ExpressionId>) {
        let Some(value) = value else { return };
        if !self.is_exports(target) {
            return;
        }
        self.facts.exports = self.plain_names(value);
        self.exports_unknown = self.facts.exports.is_none();
    }

    /// `__all__ += ["c"]`.
    fn extend_exports(&mut self, target: ExpressionId, value: ExpressionId) {
        if !self.is_exports(target) {
            return;
        }
        match (self.plain_names(value), &mut self.facts.exports) {
            (Some(more), Some(exports)) => exports.extend(more),
            _ => self.exports_unknown = true,
        }
    }

    /// `__all__.extend(other.__all__)`: no longer a plain literal.
    fn note_export_call(&mut self, value: ExpressionId) {
        let Some(Expression::Call { callee, .. }) = self.facts.expressions.get(value.index()) else { return };
        let Some(&Expression::Attribute { value, .. }) = self.facts.expressions.get(callee.index()) else {
            return;
        };
        if self.is_exports(value) {
            self.exports_unknown = true;
        }
    }

    fn is_exports(&self, target: ExpressionId) -> bool {
        let at_module_level = self.scopes.len() == 1;
        let Some(Expression::Name(name)) = self.facts.expressions.get(target.index()) else { return false };
        at_module_level && self.facts.names.get(name.index()).is_some_and(|name| &**name == "__all__")
    }

    /// The strings of a list or tuple of plain strings.
    fn plain_names(&self, list: ExpressionId) -> Option<Vec<NameId>> {
        let (Expression::List(items) | Expression::Tuple(items)) = self.facts.expressions.get(list.index())? else {
            return None;
        };
        let plain = |item: &ExpressionId| match self.facts.expressions.get(item.index())? {
            Expression::String { value, .. } => *value,
            _ => None,
        };
        items.iter().map(plain).collect()
    }
}
