//! Expressions.
//!
//! Chains that grow to the left (`a + b + c`, `x.a().b()`) and conditional expressions that grow to the right
//! are walked in loops, so they may be of any length; brackets inside brackets cost a level each.

use crate::id::{ExpressionId, FunctionId};
use crate::syntax::{Kind, NodeId};
use crate::text::Span;

use super::ir::{
    Argument, ArgumentKind, BindingValue, Clause, Comparison, ComprehensionKind, Expression, Function, Operator,
    Parameter, ParameterKind, Statement, UnaryOperator,
};
use super::scopes::{Scope, ScopeKind, Source};
use super::{Lowering, MOST_NESTED_EXPRESSIONS, boxed};

impl Lowering<'_> {
    /// Lowers an expression.
    pub(super) fn expression(&mut self, node: NodeId) -> ExpressionId {
        if self.expression_depth >= MOST_NESTED_EXPRESSIONS {
            self.cut(node);
            return self.push(Expression::Unknown(Box::default()), self.tree.span(node));
        }
        self.expression_depth += 1;
        let tree = self.tree;
        let base = self.chain.len();
        let mut at = node;
        loop {
            let kind = tree.kind(at);
            let links = matches!(
                kind,
                Kind::Attribute | Kind::Call | Kind::Subscript | Kind::BinaryOperator | Kind::BooleanOperator
            );
            let passes = matches!(kind, Kind::ParenthesizedExpression | Kind::Type | Kind::AsPatternTarget);
            if !links && !passes {
                break;
            }
            let Some(first) = tree.parts(at).next() else { break };
            if links {
                self.chain.push(at);
            }
            at = first;
        }
        let mut value = self.atom(at);
        while self.chain.len() > base {
            let Some(link) = self.chain.pop() else { break };
            value = self.link(link, value, base);
        }
        self.expression_depth -= 1;
        value
    }

    /// Lowers a node of a chain whose first operand is `first`.
    fn link(&mut self, node: NodeId, first: ExpressionId, base: usize) -> ExpressionId {
        let tree = self.tree;
        let span = tree.span(node);
        let second = tree.parts(node).nth(1);
        let expression = match (tree.kind(node), second) {
            (Kind::Attribute, Some(second)) => {
                let attribute = self.name(second);
                Expression::Attribute { value: first, attribute }
            }
            (Kind::Call, Some(second)) => {
                let arguments = self.arguments(second);
                match self.record(first, &arguments, span) {
                    Some(class) => Expression::Class(class),
                    None => Expression::Call { callee: first, arguments },
                }
            }
            (Kind::Subscript, Some(second)) => {
                let index = self.index(node, second);
                Expression::Subscript { value: first, index }
            }
            (Kind::BinaryOperator, Some(second)) => {
                let operator = tree.children(node).find_map(|child| operator(tree.kind(child)));
                let right = self.expression(second);
                match operator {
                    Some(operator) => Expression::Binary { operator, left: first, right },
                    None => Expression::Unknown(boxed(vec![first, right])),
                }
            }
            (Kind::BooleanOperator, Some(second)) => return self.boolean(node, first, second, base),
            _ => Expression::Unknown(boxed(vec![first])),
        };
        self.push(expression, span)
    }

    /// `a and b`, and all of the chain that goes on with the same word.
    fn boolean(&mut self, node: NodeId, first: ExpressionId, second: NodeId, base: usize) -> ExpressionId {
        let tree = self.tree;
        let word = |node| tree.children(node).map(|child| tree.kind(child)).find(|kind| !kind.is_part());
        let operator = word(node);
        let mut operands = vec![first, self.expression(second)];
        let mut span = tree.span(node);
        while self.chain.len() > base {
            let Some(&next) = self.chain.last() else { break };
            if tree.kind(next) != Kind::BooleanOperator || word(next) != operator {
                break;
            }
            self.chain.pop();
            span = tree.span(next);
            if let Some(operand) = tree.parts(next).nth(1) {
                operands.push(self.expression(operand));
            }
        }
        let operands = boxed(operands);
        let expression = if operator == Some(Kind::Or) { Expression::Or(operands) } else { Expression::And(operands) };
        self.push(expression, span)
    }

    /// `x[index]`, `x[a, b]`.
    fn index(&mut self, node: NodeId, first: NodeId) -> ExpressionId {
        let tree = self.tree;
        let several = tree.parts(node).nth(2).is_some() || tree.children(node).any(|c| tree.kind(c) == Kind::Comma);
        if !several {
            return self.expression(first);
        }
        let rest: Vec<NodeId> = tree.parts(node).skip(1).collect();
        let end = rest.last().map_or(tree.span(first).end, |&last| tree.span(last).end);
        let span = Span { start: tree.span(first).start, end };
        let items = rest.into_iter().map(|part| self.expression(part)).collect();
        self.push(Expression::Tuple(items), span)
    }

    /// What is not a chain.
    fn atom(&mut self, node: NodeId) -> ExpressionId {
        let tree = self.tree;
        let span = tree.span(node);
        let expression = match tree.kind(node) {
            Kind::Identifier => {
                if span.start == span.end {
                    Expression::Unknown(Box::default())
                } else {
                    Expression::Name(self.name(node))
                }
            }
            Kind::DottedName => return self.dotted(node),
            Kind::Integer => self.integer(node),
            Kind::Float => self.float(node),
            Kind::String | Kind::ConcatenatedString => return self.string(node),
            Kind::True => Expression::Boolean(true),
            Kind::False => Expression::Boolean(false),
            Kind::None => Expression::None,
            Kind::Ellipsis => Expression::Ellipsis,
            Kind::Tuple | Kind::ExpressionList | Kind::PatternList | Kind::TuplePattern => {
                Expression::Tuple(self.items(node))
            }
            Kind::List | Kind::ListPattern => Expression::List(self.items(node)),
            Kind::Set => Expression::Set(self.items(node)),
            Kind::Dictionary => self.dictionary(node),
            Kind::UnaryOperator => self.unary(node),
            Kind::NotOperator => {
                self.operand(node, |operand| Expression::Unary { operator: UnaryOperator::Not, operand })
            }
            Kind::ComparisonOperator => self.comparison(node),
            Kind::ConditionalExpression => return self.conditional(node),
            Kind::Lambda => Expression::Lambda(self.lambda(node)),
            Kind::ListComprehension => self.comprehension(node, ComprehensionKind::List),
            Kind::SetComprehension => self.comprehension(node, ComprehensionKind::Set),
            Kind::DictionaryComprehension => self.comprehension(node, ComprehensionKind::Dict),
            Kind::GeneratorExpression => self.comprehension(node, ComprehensionKind::Generator),
            Kind::Pair => Expression::Tuple(self.items(node)),
            Kind::Await => {
                if let Some(scope) = self.scope() {
                    scope.has_await = true;
                }
                self.operand(node, Expression::Await)
            }
            Kind::Yield => self.yielded(node),
            Kind::NamedExpression => self.named(node),
            Kind::ListSplat | Kind::ListSplatPattern | Kind::SplatType => self.operand(node, Expression::Starred),
            Kind::Slice => self.slice(node),
            Kind::GenericType => self.generic_type(node),
            Kind::UnionType => self.union_type(node),
            Kind::MemberType => self.member_type(node),
            Kind::ConstrainedType => self.constrained_type(node),
            Kind::Parameters
            | Kind::LambdaParameters
            | Kind::Block
            | Kind::FunctionDefinition
            | Kind::ClassDefinition => Expression::Unknown(Box::default()),
            _ => Expression::Unknown(self.readable(node)),
        };
        self.push(expression, span)
    }

    /// The expressions directly in a node.
    pub(super) fn items(&mut self, node: NodeId) -> Box<[ExpressionId]> {
        let tree = self.tree;
        tree.parts(node).map(|part| self.expression(part)).collect()
    }

    /// The expressions in a node that has no meaning as a whole.
    pub(super) fn readable(&mut self, node: NodeId) -> Box<[ExpressionId]> {
        let tree = self.tree;
        let children = tree.children(node);
        let readable = children.filter(|&child| tree.kind(child).is_part() || tree.kind(child) == Kind::Error);
        readable.map(|child| self.expression(child)).collect()
    }

    /// An expression made of its only part.
    fn operand(&mut self, node: NodeId, make: impl FnOnce(ExpressionId) -> Expression) -> Expression {
        match self.tree.parts(node).next() {
            Some(part) => make(self.expression(part)),
            None => Expression::Unknown(Box::default()),
        }
    }

    /// `a.b.c` where the grammar has it as one name: in patterns.
    fn dotted(&mut self, node: NodeId) -> ExpressionId {
        let tree = self.tree;
        let mut parts = tree.parts(node);
        let Some(first) = parts.next() else {
            return self.push(Expression::Unknown(Box::default()), tree.span(node));
        };
        let mut value = self.expression(first);
        for part in parts {
            let attribute = self.name(part);
            let span = Span { start: tree.span(node).start, end: tree.span(part).end };
            value = self.push(Expression::Attribute { value, attribute }, span);
        }
        value
    }

    fn dictionary(&mut self, node: NodeId) -> Expression {
        let tree = self.tree;
        let mut items = Vec::new();
        for part in tree.parts(node) {
            match tree.kind(part) {
                Kind::Pair => {
                    let mut sides = tree.parts(part);
                    let (Some(key), Some(value)) = (sides.next(), sides.next()) else { continue };
                    let key = self.expression(key);
                    items.push((Some(key), self.expression(value)));
                }
                Kind::DictionarySplat => {
                    if let Some(value) = tree.parts(part).next() {
                        items.push((None, self.expression(value)));
                    }
                }
                _ => items.push((None, self.expression(part))),
            }
        }
        Expression::Dict(boxed(items))
    }

    fn unary(&mut self, node: NodeId) -> Expression {
        let tree = self.tree;
        let operator = tree.children(node).find_map(|child| match tree.kind(child) {
            Kind::Minus => Some(UnaryOperator::Minus),
            Kind::Plus => Some(UnaryOperator::Plus),
            Kind::Tilde => Some(UnaryOperator::Invert),
            _ => None,
        });
        self.operand(node, |operand| match operator {
            Some(operator) => Expression::Unary { operator, operand },
            None => Expression::Unknown(boxed(vec![operand])),
        })
    }

    fn comparison(&mut self, node: NodeId) -> Expression {
        let tree = self.tree;
        let mut first = None;
        let mut operators = Vec::new();
        let mut rest = Vec::new();
        for child in tree.children(node) {
            if let Some(operator) = comparison(tree.kind(child)) {
                operators.push(operator);
            } else if tree.kind(child).is_part() {
                let operand = self.expression(child);
                match first {
                    None => first = Some(operand),
                    Some(_) => rest.push(operand),
                }
            }
        }
        match first {
            Some(first) if operators.len() == rest.len() => {
                Expression::Compare { first, rest: operators.into_iter().zip(rest).collect() }
            }
            Some(first) => Expression::Unknown(std::iter::once(first).chain(rest).collect()),
            None => Expression::Unknown(Box::default()),
        }
    }

    /// `a if p else b if q else c`, from the left; built from the right.
    fn conditional(&mut self, node: NodeId) -> ExpressionId {
        let tree = self.tree;
        let mut arms = Vec::new();
        let mut at = node;
        let otherwise = loop {
            let mut parts = tree.parts(at);
            let (Some(then), Some(condition), Some(otherwise)) = (parts.next(), parts.next(), parts.next()) else {
                let readable = self.readable(at);
                break self.push(Expression::Unknown(readable), tree.span(at));
            };
            let then = self.expression(then);
            let condition = self.expression(condition);
            arms.push((then, condition, tree.span(at)));
            if tree.kind(otherwise) != Kind::ConditionalExpression {
                break self.expression(otherwise);
            }
            at = otherwise;
        };
        arms.into_iter().rev().fold(otherwise, |otherwise, (then, condition, span)| {
            self.push(Expression::Conditional { condition, then, otherwise }, span)
        })
    }

    /// A lambda is a function.
    fn lambda(&mut self, node: NodeId) -> FunctionId {
        let tree = self.tree;
        let span = tree.span(node);
        let name = self.intern("<lambda>");
        let mut parameters = Vec::new();
        let mut body = None;
        for part in tree.parts(node) {
            match tree.kind(part) {
                Kind::LambdaParameters => parameters = self.parameters(part),
                _ => body = Some(part),
            }
        }
        let name_span = Span::new(span.start as usize, span.start as usize + "lambda".len());
        let function = self.open_function(name, span, name_span);
        let parent = self.enclosing_function();
        let mut scope = Scope::new(ScopeKind::Function(function));
        scope.method = self.visible_method(&parameters);
        self.scopes.push(scope);
        let body = body.map(|body| (self.expression(body), tree.span(body)));
        let statements = body.map(|(value, span)| self.push_statement(Statement::Return(Some(value)), span));
        let mut lambda = Function {
            name,
            parameters,
            decorators: Vec::new(),
            returns: None,
            body: statements.into_iter().collect(),
            is_async: false,
            is_generator: false,
            has_await: false,
            parent,
            class: None,
            locals: Vec::new(),
            globals: Vec::new(),
            nonlocals: Vec::new(),
        };
        self.close_function(function, &mut lambda);
        function
    }

    fn comprehension(&mut self, node: NodeId, kind: ComprehensionKind) -> Expression {
        let tree = self.tree;
        let mut element = None;
        let mut clauses: Vec<Clause> = Vec::new();
        let mut conditions: Vec<ExpressionId> = Vec::new();
        for part in tree.parts(node) {
            match tree.kind(part) {
                Kind::ForInClause => {
                    if let Some(last) = clauses.last_mut() {
                        last.conditions = std::mem::take(&mut conditions).into();
                    }
                    if let Some(clause) = self.clause(part) {
                        clauses.push(clause);
                    }
                }
                Kind::IfClause => {
                    if let Some(condition) = tree.parts(part).next() {
                        conditions.push(self.expression(condition));
                    }
                }
                _ => element = element.or(Some(self.expression(part))),
            }
        }
        if let Some(last) = clauses.last_mut() {
            last.conditions = conditions.into();
        }
        match element {
            Some(element) => Expression::Comprehension { kind, element, clauses: boxed(clauses) },
            None => Expression::Unknown(Box::default()),
        }
    }

    /// `for target in iterable`.
    fn clause(&mut self, node: NodeId) -> Option<Clause> {
        let tree = self.tree;
        let is_async = tree.children(node).any(|child| tree.kind(child) == Kind::Async);
        if is_async && let Some(scope) = self.scope() {
            scope.has_await = true;
        }
        let parts: Vec<NodeId> = tree.parts(node).collect();
        let (&target, iterables) = parts.split_first()?;
        let iterable = match iterables {
            [] => return None,
            [iterable] => self.expression(*iterable),
            several => {
                let items: Box<[ExpressionId]> = several.iter().map(|&item| self.expression(item)).collect();
                self.push(Expression::Tuple(items), tree.span(node))
            }
        };
        let target = self.target(target, Source::Comprehension);
        Some(Clause { target, iterable, conditions: Box::default(), is_async })
    }

    fn yielded(&mut self, node: NodeId) -> Expression {
        let tree = self.tree;
        if let Some(scope) = self.scope() {
            scope.is_generator = true;
        }
        let value = tree.parts(node).next().map(|part| self.expression(part));
        let from = tree.children(node).any(|child| tree.kind(child) == Kind::From);
        match value {
            Some(value) if from => Expression::YieldFrom(value),
            value => Expression::Yield(value),
        }
    }

    /// `name := value`.
    fn named(&mut self, node: NodeId) -> Expression {
        let tree = self.tree;
        let mut parts = tree.parts(node);
        let (Some(target), Some(value)) = (parts.next(), parts.next()) else {
            return Expression::Unknown(self.readable(node));
        };
        let value = self.expression(value);
        let name = self.name(target);
        self.bind(name, BindingValue::Assigned(value));
        Expression::Named { name, value }
    }

    /// `lower:upper:step`.
    fn slice(&mut self, node: NodeId) -> Expression {
        let tree = self.tree;
        let mut places = [None; 3];
        let mut place = 0;
        for child in tree.children(node) {
            let kind = tree.kind(child);
            if kind == Kind::Colon {
                place += 1;
            } else if kind.is_part() {
                let value = self.expression(child);
                if let Some(slot) = places.get_mut(place) {
                    *slot = Some(value);
                }
            }
        }
        let [lower, upper, step] = places;
        Expression::Slice { lower, upper, step }
    }

    /// `list[int]`, where the grammar takes it for a type.
    fn generic_type(&mut self, node: NodeId) -> Expression {
        let tree = self.tree;
        let mut parts = tree.parts(node);
        let (Some(value), Some(parameters)) = (parts.next(), parts.next()) else {
            return Expression::Unknown(self.readable(node));
        };
        let value = self.expression(value);
        let items = self.items(parameters);
        let index = match *items {
            [only] => only,
            _ => self.push(Expression::Tuple(items), tree.span(parameters)),
        };
        Expression::Subscript { value, index }
    }

    /// `A | B` in a type.
    fn union_type(&mut self, node: NodeId) -> Expression {
        match *self.items(node) {
            [left, right] => Expression::Binary { operator: Operator::BitOr, left, right },
            ref items => Expression::Unknown(items.into()),
        }
    }

    /// `key: value` in a type, `dict[str: int]`.
    fn constrained_type(&mut self, node: NodeId) -> Expression {
        match *self.items(node) {
            [lower, upper] => Expression::Slice { lower: Some(lower), upper: Some(upper), step: None },
            ref items => Expression::Unknown(items.into()),
        }
    }

    /// The `type(x).y` of a statement `type(x).y = z`, of which the grammar makes `type` and an expression `(x).y`.
    pub(super) fn call_of_type(&mut self, statement: NodeId, left: NodeId) -> Option<ExpressionId> {
        let tree = self.tree;
        let base = self.chain.len();
        let mut at = left;
        while matches!(tree.kind(at), Kind::Type | Kind::Attribute | Kind::Subscript | Kind::Call) {
            if tree.kind(at) != Kind::Type {
                self.chain.push(at);
            }
            let Some(first) = tree.parts(at).next() else { break };
            at = first;
        }
        if !matches!(tree.kind(at), Kind::ParenthesizedExpression | Kind::Tuple) || self.chain.len() == base {
            self.chain.truncate(base);
            return None;
        }
        let start = tree.span(statement).start;
        let callee = self.intern("type");
        let callee = self.push(Expression::Name(callee), Span::new(start as usize, start as usize + "type".len()));
        let arguments = self.arguments(at);
        let span = Span { start, end: tree.span(at).end };
        let mut value = self.push(Expression::Call { callee, arguments }, span);
        while self.chain.len() > base {
            let Some(link) = self.chain.pop() else { break };
            value = self.link(link, value, base);
        }
        Some(value)
    }

    /// `A.B` in a type.
    fn member_type(&mut self, node: NodeId) -> Expression {
        let mut parts = self.tree.parts(node);
        let (Some(value), Some(attribute)) = (parts.next(), parts.next()) else {
            return Expression::Unknown(self.readable(node));
        };
        let value = self.expression(value);
        let attribute = self.name(attribute);
        Expression::Attribute { value, attribute }
    }

    /// The arguments of a call, or keyword and positional arguments of a class.
    pub(super) fn arguments(&mut self, node: NodeId) -> Box<[Argument]> {
        let tree = self.tree;
        if tree.kind(node) == Kind::GeneratorExpression {
            let value = self.expression(node);
            return Box::new([Argument { kind: ArgumentKind::Positional, value }]);
        }
        let mut arguments = Vec::new();
        for child in tree.children(node) {
            let kind = tree.kind(child);
            let (kind, value) = match kind {
                Kind::KeywordArgument => {
                    let mut sides = tree.parts(child);
                    let (Some(name), Some(value)) = (sides.next(), sides.next()) else { continue };
                    (ArgumentKind::Keyword(self.name(name)), value)
                }
                Kind::ListSplat | Kind::DictionarySplat => {
                    let Some(value) = tree.parts(child).next() else { continue };
                    let star = kind == Kind::ListSplat;
                    (if star { ArgumentKind::Star } else { ArgumentKind::DoubleStar }, value)
                }
                Kind::Error => (ArgumentKind::Positional, child),
                kind if kind.is_part() => (ArgumentKind::Positional, child),
                _ => continue,
            };
            let value = self.expression(value);
            arguments.push(Argument { kind, value });
        }
        boxed(arguments)
    }

    /// The parameters of a function or lambda; defaults and annotations belong to the scope in hand.
    pub(super) fn parameters(&mut self, node: NodeId) -> Vec<Parameter> {
        let tree = self.tree;
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut plain = ParameterKind::Plain;
        for part in tree.parts(node) {
            let kind = match tree.kind(part) {
                Kind::PositionalSeparator => {
                    for earlier in &mut parameters {
                        earlier.kind = ParameterKind::PositionalOnly;
                    }
                    continue;
                }
                Kind::KeywordSeparator => {
                    plain = ParameterKind::KeywordOnly;
                    continue;
                }
                kind => kind,
            };
            let mut target = part;
            let mut annotation = None;
            let mut default = None;
            if matches!(kind, Kind::TypedParameter | Kind::DefaultParameter | Kind::TypedDefaultParameter) {
                let mut pieces = tree.parts(part);
                let Some(first) = pieces.next() else { continue };
                target = first;
                for piece in pieces {
                    let value = self.expression(piece);
                    if tree.kind(piece) == Kind::Type {
                        annotation = Some(value);
                    } else {
                        default = Some(value);
                    }
                }
            }
            let kind = match tree.kind(target) {
                Kind::ListSplatPattern => ParameterKind::Star,
                Kind::DictionarySplatPattern => ParameterKind::DoubleStar,
                _ => plain,
            };
            if kind == ParameterKind::Star {
                plain = ParameterKind::KeywordOnly;
            }
            let name = match tree.kind(target) {
                Kind::ListSplatPattern | Kind::DictionarySplatPattern => tree.parts(target).next(),
                Kind::Identifier => Some(target),
                _ => None,
            };
            let name = match name {
                Some(name) => self.name(name),
                None => self.intern(""),
            };
            parameters.push(Parameter { name, kind, annotation, default });
        }
        parameters
    }
}

/// The operator that a token is, also of `+=` and its kind.
pub(super) fn operator(token: Kind) -> Option<Operator> {
    Some(match token {
        Kind::Plus | Kind::PlusEqual => Operator::Add,
        Kind::Minus | Kind::MinusEqual => Operator::Subtract,
        Kind::Star | Kind::StarEqual => Operator::Multiply,
        Kind::Slash | Kind::SlashEqual => Operator::Divide,
        Kind::DoubleSlash | Kind::DoubleSlashEqual => Operator::FloorDivide,
        Kind::Percent | Kind::PercentEqual => Operator::Modulo,
        Kind::DoubleStar | Kind::DoubleStarEqual => Operator::Power,
        Kind::At | Kind::AtEqual => Operator::MatrixMultiply,
        Kind::ShiftLeft | Kind::ShiftLeftEqual => Operator::LeftShift,
        Kind::ShiftRight | Kind::ShiftRightEqual => Operator::RightShift,
        Kind::Ampersand | Kind::AmpersandEqual => Operator::BitAnd,
        Kind::Bar | Kind::BarEqual => Operator::BitOr,
        Kind::Caret | Kind::CaretEqual => Operator::BitXor,
        _ => return None,
    })
}

/// The comparison that a token is.
fn comparison(token: Kind) -> Option<Comparison> {
    Some(match token {
        Kind::EqualEqual => Comparison::Equal,
        Kind::NotEqual | Kind::LessGreater => Comparison::NotEqual,
        Kind::Less => Comparison::Less,
        Kind::LessEqual => Comparison::LessEqual,
        Kind::Greater => Comparison::Greater,
        Kind::GreaterEqual => Comparison::GreaterEqual,
        Kind::In => Comparison::In,
        Kind::NotIn => Comparison::NotIn,
        Kind::Is => Comparison::Is,
        Kind::IsNot => Comparison::IsNot,
        _ => return None,
    })
}
