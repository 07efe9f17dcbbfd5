//! The shape of one file: what each expression and statement stands in.
//!
//! Facts number children before parents and name no parents; hazards and rewrites ask upwards.

use crate::facts::ir::{Block, Expression, Facts, Statement};
use crate::id::{ExpressionId, FileId, FunctionId, StatementId};
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What something stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// Part of an expression.
    Expression(ExpressionId),
    /// Part of a statement; for a statement, of its body.
    Statement(StatementId),
    /// At the top of the module, or not in the module's statements at all.
    Nothing,
}

/// Upward links of one file.
#[derive(Debug)]
pub struct Shape {
    expressions: Vec<(Parent, Option<FunctionId>)>,
    statements: Vec<(Parent, Option<FunctionId>)>,
}

/// The shapes of all files that were asked about, each made once.
#[derive(Debug, Default)]
pub struct Shapes(Mutex<FxHashMap<FileId, Arc<Shape>>>);

impl Shapes {
    /// The shape of a file with these facts.
    pub fn get(&self, file: FileId, facts: &Facts) -> Arc<Shape> {
        let all = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all().get(&file) {
            return Arc::clone(known);
        }
        // Made without the lock, so that other files need not wait.
        let made = Arc::new(Shape::of(facts));
        Arc::clone(all().entry(file).or_insert(made))
    }
}

impl Shape {
    /// Reads the links off the facts.
    pub fn of(facts: &Facts) -> Shape {
        let mut shape = Shape {
            expressions: vec![(Parent::Nothing, None); facts.expressions.len()],
            statements: vec![(Parent::Nothing, None); facts.statements.len()],
        };
        let mut work: Vec<(Work, Parent, Option<FunctionId>)> = Vec::new();
        push_block(&mut work, &facts.body, Parent::Nothing, None);
        while let Some((item, parent, function)) = work.pop() {
            match item {
                Work::Statement(id) => {
                    if let Some(slot) = shape.statements.get_mut(id.index()) {
                        *slot = (parent, function);
                    }
                    shape.statement(facts, id, function, &mut work);
                }
                Work::Expression(id) => {
                    if let Some(slot) = shape.expressions.get_mut(id.index()) {
                        *slot = (parent, function);
                    }
                    let Some(expression) = facts.expressions.get(id.index()) else { continue };
                    if let Expression::Lambda(inner) = expression
                        && let Some(lambda) = facts.functions.get(inner.index())
                    {
                        for default in lambda.parameters.iter().filter_map(|p| p.default) {
                            work.push((Work::Expression(default), Parent::Expression(id), function));
                        }
                        for statement in lambda.body.iter() {
                            work.push((Work::Statement(*statement), Parent::Expression(id), Some(*inner)));
                        }
                    }
                    for child in children(expression) {
                        work.push((Work::Expression(child), Parent::Expression(id), function));
                    }
                }
            }
        }
        shape
    }

    fn statement(
        &mut self,
        facts: &Facts,
        id: StatementId,
        function: Option<FunctionId>,
        work: &mut Vec<(Work, Parent, Option<FunctionId>)>,
    ) {
        let Some(statement) = facts.statements.get(id.index()) else { return };
        let here = Parent::Statement(id);
        for expression in own_expressions(statement) {
            work.push((Work::Expression(expression), here, function));
        }
        for block in blocks(statement) {
            push_block(work, block, here, function);
        }
        match statement {
            Statement::Function(inner) => {
                let Some(definition) = facts.functions.get(inner.index()) else { return };
                let outside = definition.decorators.iter().copied().chain(definition.returns);
                let parameters = definition.parameters.iter().flat_map(|p| [p.annotation, p.default]).flatten();
                for expression in outside.chain(parameters) {
                    work.push((Work::Expression(expression), here, function));
                }
                push_block(work, &definition.body, here, Some(*inner));
            }
            Statement::Class(class) => {
                let Some(definition) = facts.classes.get(class.index()) else { return };
                let keywords = definition.keywords.iter().map(|(_, value)| *value);
                let all = definition.bases.iter().chain(&definition.decorators).copied().chain(keywords);
                for expression in all {
                    work.push((Work::Expression(expression), here, function));
                }
                push_block(work, &definition.body, here, function);
            }
            _ => {}
        }
    }

    /// What an expression is part of.
    pub fn parent(&self, id: ExpressionId) -> Parent {
        self.expressions.get(id.index()).map_or(Parent::Nothing, |(parent, _)| *parent)
    }

    /// What a statement stands in.
    pub fn around(&self, id: StatementId) -> Parent {
        self.statements.get(id.index()).map_or(Parent::Nothing, |(parent, _)| *parent)
    }

    /// The function that runs an expression; nothing for the module.
    pub fn function(&self, id: ExpressionId) -> Option<FunctionId> {
        self.expressions.get(id.index()).and_then(|(_, function)| *function)
    }

    /// The function that runs a statement; nothing for the module.
    pub fn function_of(&self, id: StatementId) -> Option<FunctionId> {
        self.statements.get(id.index()).and_then(|(_, function)| *function)
    }

    /// The innermost statement that holds an expression.
    pub fn statement_of(&self, id: ExpressionId) -> Option<StatementId> {
        let mut here = self.parent(id);
        loop {
            match here {
                Parent::Expression(outer) => here = self.parent(outer),
                Parent::Statement(statement) => return Some(statement),
                Parent::Nothing => return None,
            }
        }
    }

    /// The statement of the module's own body that holds this one.
    pub fn top_statement(&self, id: StatementId) -> StatementId {
        let mut here = id;
        loop {
            match self.around(here) {
                Parent::Statement(outer) => here = outer,
                Parent::Expression(outer) => match self.statement_of(outer) {
                    Some(statement) => here = statement,
                    None => return here,
                },
                Parent::Nothing => return here,
            }
        }
    }

    /// Every expression that a function runs itself, in the order of their numbers.
    pub fn expressions_in(&self, function: Option<FunctionId>) -> impl Iterator<Item = ExpressionId> {
        let is_inside = move |(_, (parent, at)): &(usize, &(Parent, Option<FunctionId>))| {
            *at == function && *parent != Parent::Nothing
        };
        self.expressions.iter().enumerate().filter(is_inside).map(|(index, _)| ExpressionId::new(index))
    }

    /// Every statement that a function runs itself, in the order of their numbers.
    pub fn statements_in(&self, function: Option<FunctionId>) -> impl Iterator<Item = StatementId> {
        let is_inside = move |(_, (_, at)): &(usize, &(Parent, Option<FunctionId>))| *at == function;
        self.statements.iter().enumerate().filter(is_inside).map(|(index, _)| StatementId::new(index))
    }
}

enum Work {
    Statement(StatementId),
    Expression(ExpressionId),
}

fn push_block(
    work: &mut Vec<(Work, Parent, Option<FunctionId>)>,
    block: &Block,
    parent: Parent,
    function: Option<FunctionId>,
) {
    work.extend(block.iter().map(|id| (Work::Statement(*id), parent, function)));
}

/// The expressions directly in a statement, without those of its blocks.
pub fn own_expressions(statement: &Statement) -> Vec<ExpressionId> {
    match statement {
        Statement::Expression(value) => vec![*value],
        Statement::Assign { targets, value } => targets.iter().copied().chain([*value]).collect(),
        Statement::AugmentedAssign { target, value, .. } => vec![*target, *value],
        Statement::AnnotatedAssign { target, annotation, value } => {
            [*target, *annotation].into_iter().chain(*value).collect()
        }
        Statement::Return(value) => value.iter().copied().collect(),
        Statement::Raise { exception, cause } => exception.iter().chain(cause).copied().collect(),
        Statement::For { target, iterable, .. } => vec![*target, *iterable],
        Statement::While { condition, .. } | Statement::If { condition, .. } => vec![*condition],
        Statement::With { items, .. } => {
            items.iter().flat_map(|(value, name)| [Some(*value), *name]).flatten().collect()
        }
        Statement::Try { handlers, .. } => handlers.iter().filter_map(|handler| handler.exception).collect(),
        Statement::Match { subject, cases } => {
            let inside = cases.iter().flat_map(|case| case.pattern.expressions().into_iter().chain(case.guard));
            std::iter::once(*subject).chain(inside).collect()
        }
        Statement::Assert { test, message } => std::iter::once(*test).chain(*message).collect(),
        Statement::Delete(targets) => targets.to_vec(),
        Statement::Function(_)
        | Statement::Class(_)
        | Statement::Import(_)
        | Statement::Break
        | Statement::Continue
        | Statement::Nothing => Vec::new(),
    }
}

/// The blocks of a statement that run in the same function.
pub fn blocks(statement: &Statement) -> Vec<&Block> {
    match statement {
        Statement::For { body, otherwise, .. } | Statement::While { body, otherwise, .. } => vec![body, otherwise],
        Statement::If { then, otherwise, .. } => vec![then, otherwise],
        Statement::With { body, .. } => vec![body],
        Statement::Try { body, handlers, otherwise, finally } => {
            let inside = handlers.iter().map(|handler| &handler.body);
            std::iter::once(body).chain(inside).chain([otherwise, finally]).collect()
        }
        Statement::Match { cases, .. } => cases.iter().map(|case| &case.body).collect(),
        Statement::Expression(_)
        | Statement::Assign { .. }
        | Statement::AugmentedAssign { .. }
        | Statement::AnnotatedAssign { .. }
        | Statement::Return(_)
        | Statement::Raise { .. }
        | Statement::Function(_)
        | Statement::Class(_)
        | Statement::Import(_)
        | Statement::Assert { .. }
        | Statement::Delete(_)
        | Statement::Break
        | Statement::Continue
        | Statement::Nothing => Vec::new(),
    }
}

/// The parts of an expression.
pub fn children(expression: &Expression) -> Vec<ExpressionId> {
    match expression {
        Expression::Attribute { value, .. }
        | Expression::Await(value)
        | Expression::YieldFrom(value)
        | Expression::Named { value, .. }
        | Expression::Starred(value) => vec![*value],
        Expression::Call { callee, arguments } => {
            std::iter::once(*callee).chain(arguments.iter().map(|argument| argument.value)).collect()
        }
        Expression::Subscript { value, index } => vec![*value, *index],
        Expression::Slice { lower, upper, step } => [*lower, *upper, *step].into_iter().flatten().collect(),
        Expression::FormatString { parts, .. }
        | Expression::Tuple(parts)
        | Expression::List(parts)
        | Expression::Set(parts)
        | Expression::And(parts)
        | Expression::Or(parts)
        | Expression::Unknown(parts) => parts.to_vec(),
        Expression::Dict(entries) => entries.iter().flat_map(|(key, value)| [*key, Some(*value)]).flatten().collect(),
        Expression::Binary { left, right, .. } => vec![*left, *right],
        Expression::Unary { operand, .. } => vec![*operand],
        Expression::Compare { first, rest } => {
            std::iter::once(*first).chain(rest.iter().map(|(_, value)| *value)).collect()
        }
        Expression::Conditional { condition, then, otherwise } => vec![*condition, *then, *otherwise],
        Expression::Comprehension { element, clauses, .. } => {
            let inside = clauses.iter().flat_map(|clause| {
                [clause.target, clause.iterable].into_iter().chain(clause.conditions.iter().copied())
            });
            std::iter::once(*element).chain(inside).collect()
        }
        Expression::Yield(value) => value.iter().copied().collect(),
        Expression::Name(_)
        | Expression::Integer(_)
        | Expression::BigInteger
        | Expression::Float(_)
        | Expression::String { .. }
        | Expression::Bytes { .. }
        | Expression::Boolean(_)
        | Expression::None
        | Expression::Ellipsis
        | Expression::Lambda(_)
        | Expression::Class(_) => Vec::new(),
    }
}
