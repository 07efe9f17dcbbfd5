//! Facts as text, for tests: Python with every bracket written out, and what is known in brackets behind `#`.

use std::fmt::Write;

use super::ir::{
    ArgumentKind, Binding, BindingValue, Clause, Comparison, ComprehensionKind, Expression, Facts, Operator,
    ParameterKind, Pattern, Statement, UnaryOperator,
};
use crate::id::{ClassId, ExpressionId, FunctionId, NameId, StatementId};

/// The module's statements.
pub(super) fn dump(facts: &Facts) -> String {
    let mut dump = Dump { facts, text: String::new() };
    dump.block(&facts.body, 0);
    dump.text
}

/// The bindings of a module or class, one a line.
pub(super) fn bindings(facts: &Facts, bindings: &[Binding]) -> String {
    let dump = Dump { facts, text: String::new() };
    bindings.iter().map(|binding| dump.binding(binding) + "\n").collect()
}

struct Dump<'f> {
    facts: &'f Facts,
    text: String,
}

impl Dump<'_> {
    fn name(&self, id: NameId) -> &str {
        &self.facts.names[id.index()]
    }

    fn names(&self, ids: &[NameId]) -> String {
        ids.iter().map(|&id| self.name(id)).collect::<Vec<_>>().join(" ")
    }

    fn line(&mut self, depth: usize, line: &str) {
        let _ = writeln!(self.text, "{}{line}", "  ".repeat(depth));
    }

    fn block(&mut self, block: &[StatementId], depth: usize) {
        for &statement in block {
            self.statement(statement, depth);
        }
    }

    fn headed(&mut self, depth: usize, head: &str, block: &[StatementId]) {
        self.line(depth, head);
        self.block(block, depth + 1);
    }

    fn optional(&mut self, depth: usize, head: &str, block: &[StatementId]) {
        if !block.is_empty() {
            self.headed(depth, head, block);
        }
    }

    fn pattern(&self, pattern: &Pattern) -> String {
        let all = |parts: &[Pattern], between: &str| {
            parts.iter().map(|part| self.pattern(part)).collect::<Vec<_>>().join(between)
        };
        match pattern {
            Pattern::Any => "_".to_owned(),
            Pattern::Unknown => "?".to_owned(),
            Pattern::Capture(name) => self.name(*name).to_owned(),
            Pattern::Equal(value) => format!("={}", self.expression(*value)),
            Pattern::Either(parts) => all(parts, " | "),
            Pattern::Sequence(parts) => format!("[{}]", all(parts, ", ")),
            Pattern::Rest(name) => format!("*{}", name.map_or("_", |name| self.name(name))),
            Pattern::Mapping(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    let key = self.expression(*key);
                    format!("{key}: {}", self.pattern(value))
                });
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            Pattern::Class { class, positional, keywords } => {
                let mut parts: Vec<String> = positional.iter().map(|part| self.pattern(part)).collect();
                for (name, part) in keywords {
                    let name = self.name(*name);
                    parts.push(format!("{name}={}", self.pattern(part)));
                }
                format!("{}({})", self.expression(*class), parts.join(", "))
            }
            Pattern::Named(part, name) => format!("{} as {}", self.pattern(part), self.name(*name)),
        }
    }

    fn statement(&mut self, id: StatementId, depth: usize) {
        let facts = self.facts;
        match &facts.statements[id.index()] {
            Statement::Expression(value) => {
                let line = self.expression(*value);
                self.line(depth, &line);
            }
            Statement::Assign { targets, value } => {
                let mut line = String::new();
                for &target in targets {
                    line += &self.expression(target);
                    line += " = ";
                }
                line += &self.expression(*value);
                self.line(depth, &line);
            }
            Statement::AugmentedAssign { target, operator, value } => {
                let line = format!("{} {}= {}", self.expression(*target), binary(*operator), self.expression(*value));
                self.line(depth, &line);
            }
            Statement::AnnotatedAssign { target, annotation, value } => {
                let mut line = format!("{}: {}", self.expression(*target), self.expression(*annotation));
                if let Some(value) = value {
                    line += &format!(" = {}", self.expression(*value));
                }
                self.line(depth, &line);
            }
            Statement::Return(value) => self.word(depth, "return", *value),
            Statement::Raise { exception, cause } => {
                let cause = cause.map(|cause| format!(" from {}", self.expression(cause))).unwrap_or_default();
                let exception = exception.map(|e| format!(" {}", self.expression(e))).unwrap_or_default();
                self.line(depth, &format!("raise{exception}{cause}"));
            }
            Statement::For { target, iterable, body, otherwise, is_async, assigned } => {
                let is_async = if *is_async { "async " } else { "" };
                let head = format!(
                    "{is_async}for {} in {}: # [{}]",
                    self.expression(*target),
                    self.expression(*iterable),
                    self.names(assigned)
                );
                self.headed(depth, &head, body);
                self.optional(depth, "else:", otherwise);
            }
            Statement::While { condition, body, otherwise, assigned } => {
                let head = format!("while {}: # [{}]", self.expression(*condition), self.names(assigned));
                self.headed(depth, &head, body);
                self.optional(depth, "else:", otherwise);
            }
            Statement::If { condition, then, otherwise } => {
                let head = format!("if {}:", self.expression(*condition));
                self.headed(depth, &head, then);
                self.optional(depth, "else:", otherwise);
            }
            Statement::With { items, body, is_async } => {
                let is_async = if *is_async { "async " } else { "" };
                let items: Vec<String> = items
                    .iter()
                    .map(|&(context, target)| match target {
                        Some(target) => {
                            format!("{} as {}", self.expression(context), self.expression(target))
                        }
                        None => self.expression(context),
                    })
                    .collect();
                self.headed(depth, &format!("{is_async}with {}:", items.join(", ")), body);
            }
            Statement::Try { body, handlers, otherwise, finally } => {
                self.headed(depth, "try:", body);
                for handler in handlers {
                    let mut head = "except".to_owned();
                    if let Some(exception) = handler.exception {
                        head += &format!(" {}", self.expression(exception));
                    }
                    if let Some(name) = handler.name {
                        head += &format!(" as {}", self.name(name));
                    }
                    self.headed(depth, &(head + ":"), &handler.body);
                }
                self.optional(depth, "else:", otherwise);
                self.optional(depth, "finally:", finally);
            }
            Statement::Match { subject, cases } => {
                let head = format!("match {}:", self.expression(*subject));
                self.line(depth, &head);
                for case in cases {
                    let mut head = format!("case {}", self.pattern(&case.pattern));
                    if let Some(guard) = case.guard {
                        head += &format!(" if {}", self.expression(guard));
                    }
                    self.headed(depth + 1, head.trim_end(), &case.body);
                }
            }
            Statement::Function(id) => self.function(*id, depth),
            Statement::Class(id) => self.class(*id, depth),
            Statement::Import(bindings) => {
                for binding in bindings {
                    let line = self.binding(binding);
                    self.line(depth, &format!("import {line}"));
                }
            }
            Statement::Assert { test, message } => {
                let message = message.map(|m| format!(", {}", self.expression(m))).unwrap_or_default();
                let line = format!("assert {}{message}", self.expression(*test));
                self.line(depth, &line);
            }
            Statement::Delete(targets) => {
                let line = format!("del {}", self.list(targets));
                self.line(depth, &line);
            }
            Statement::Break => self.line(depth, "break"),
            Statement::Continue => self.line(depth, "continue"),
            Statement::Nothing => self.line(depth, "pass"),
        }
    }

    fn word(&mut self, depth: usize, word: &str, value: Option<ExpressionId>) {
        let value = value.map(|value| format!(" {}", self.expression(value))).unwrap_or_default();
        self.line(depth, &format!("{word}{value}"));
    }

    fn function(&mut self, id: FunctionId, depth: usize) {
        let function = &self.facts.functions[id.index()];
        for &decorator in &function.decorators {
            let line = format!("@{}", self.expression(decorator));
            self.line(depth, &line);
        }
        let mut notes = format!("[{}]", self.names(&function.locals));
        for (names, word) in [(&function.globals, "global"), (&function.nonlocals, "nonlocal")] {
            if !names.is_empty() {
                notes += &format!(" {word} [{}]", self.names(names));
            }
        }
        let flags = [
            (function.is_generator, " yields"),
            (function.has_await, " awaits"),
            (function.class.is_some(), " method"),
        ];
        for (flag, word) in flags {
            if flag {
                notes += word;
            }
        }
        let is_async = if function.is_async { "async " } else { "" };
        let returns = function.returns.map(|r| format!(" -> {}", self.expression(r))).unwrap_or_default();
        let head = format!("{is_async}def {}({}){returns}: # {notes}", self.name(function.name), self.parameters(id));
        self.headed(depth, &head, &function.body);
    }

    fn parameters(&self, id: FunctionId) -> String {
        let parameter = |parameter: &super::ir::Parameter| {
            let mark = match parameter.kind {
                ParameterKind::PositionalOnly => "/",
                ParameterKind::Plain => "",
                ParameterKind::Star => "*",
                ParameterKind::KeywordOnly => "+",
                ParameterKind::DoubleStar => "**",
            };
            let mut text = format!("{mark}{}", self.name(parameter.name));
            if let Some(annotation) = parameter.annotation {
                text += &format!(": {}", self.expression(annotation));
            }
            if let Some(default) = parameter.default {
                text += &format!("={}", self.expression(default));
            }
            text
        };
        self.facts.functions[id.index()].parameters.iter().map(parameter).collect::<Vec<_>>().join(", ")
    }

    fn class(&mut self, id: ClassId, depth: usize) {
        let class = &self.facts.classes[id.index()];
        for &decorator in &class.decorators {
            let line = format!("@{}", self.expression(decorator));
            self.line(depth, &line);
        }
        let mut arguments = vec![self.list(&class.bases)];
        for &(name, value) in &class.keywords {
            arguments.push(format!("{}={}", self.name(name), self.expression(value)));
        }
        arguments.retain(|text| !text.is_empty());
        let methods: Vec<&str> =
            class.methods.iter().map(|id| self.name(self.facts.functions[id.index()].name)).collect();
        let head = format!("class {}({}): # [{}]", self.name(class.name), arguments.join(", "), methods.join(" "));
        self.headed(depth, &head, &class.body);
    }

    fn binding(&self, binding: &Binding) -> String {
        let value = match &binding.value {
            BindingValue::Assigned(value) => format!("= {}", self.expression(*value)),
            BindingValue::Unpacked(value, path) => format!("= {}{path:?}", self.expression(*value)),
            BindingValue::Annotated(annotation) => format!(": {}", self.expression(*annotation)),
            BindingValue::Augmented(value) => format!("op= {}", self.expression(*value)),
            BindingValue::Iterated(iterable) => format!("in {}", self.expression(*iterable)),
            BindingValue::Entered(context) => format!("with {}", self.expression(*context)),
            BindingValue::Function(_) => "def".to_owned(),
            BindingValue::Class(_) => "class".to_owned(),
            BindingValue::Import { module, aliased } => {
                format!("{} {}", if *aliased { "is" } else { "from" }, self.name(*module))
            }
            BindingValue::ImportFrom { module, level, member } => {
                let dots = ".".repeat(*level as usize);
                format!("is {dots}{}:{}", self.name(*module), self.name(*member))
            }
            BindingValue::ImportStar { module, level } => {
                format!("* {}{}", ".".repeat(*level as usize), self.name(*module))
            }
            BindingValue::Other => "?".to_owned(),
        };
        let typing = if binding.typing_only { " typing" } else { "" };
        let maybe = if binding.conditional { " maybe" } else { "" };
        format!("{} {value}{typing}{maybe}", self.name(binding.name))
    }

    fn list(&self, ids: &[ExpressionId]) -> String {
        ids.iter().map(|&id| self.expression(id)).collect::<Vec<_>>().join(", ")
    }

    fn expression(&self, id: ExpressionId) -> String {
        let of = |id: &ExpressionId| self.expression(*id);
        let maybe = |id: &Option<ExpressionId>| id.as_ref().map(of).unwrap_or_default();
        match &self.facts.expressions[id.index()] {
            Expression::Name(name) => self.name(*name).to_owned(),
            Expression::Attribute { value, attribute } => format!("{}.{}", of(value), self.name(*attribute)),
            Expression::Call { callee, arguments } => {
                let argument = |argument: &super::ir::Argument| {
                    let value = self.expression(argument.value);
                    match argument.kind {
                        ArgumentKind::Positional => value,
                        ArgumentKind::Keyword(name) => format!("{}={value}", self.name(name)),
                        ArgumentKind::Star => format!("*{value}"),
                        ArgumentKind::DoubleStar => format!("**{value}"),
                    }
                };
                let arguments: Vec<String> = arguments.iter().map(argument).collect();
                format!("{}({})", of(callee), arguments.join(", "))
            }
            Expression::Subscript { value, index } => format!("{}[{}]", of(value), of(index)),
            Expression::Slice { lower, upper, step } => {
                format!("{}:{}:{}", maybe(lower), maybe(upper), maybe(step))
            }
            Expression::Integer(value) => value.to_string(),
            Expression::BigInteger => "BIG".to_owned(),
            Expression::Float(value) => format!("{value:?}"),
            Expression::String { value, length } => match value {
                Some(value) => format!("{:?}{length}", self.name(*value)),
                None => format!("str{length}"),
            },
            Expression::Bytes { length } => format!("b{length}"),
            Expression::FormatString { length, parts, .. } => format!("f{length}<{}>", self.list(parts)),
            Expression::Boolean(value) => if *value { "True" } else { "False" }.to_owned(),
            Expression::None => "None".to_owned(),
            Expression::Ellipsis => "...".to_owned(),
            Expression::Tuple(items) => format!("({},)", self.list(items)),
            Expression::List(items) => format!("[{}]", self.list(items)),
            Expression::Set(items) => format!("{{{}}}", self.list(items)),
            Expression::Dict(items) => {
                let item = |(key, value): &(Option<ExpressionId>, ExpressionId)| match key {
                    Some(key) => format!("{}: {}", of(key), of(value)),
                    None => format!("**{}", of(value)),
                };
                format!("{{{}}}", items.iter().map(item).collect::<Vec<_>>().join(", "))
            }
            Expression::Binary { operator, left, right } => {
                format!("({} {} {})", of(left), binary(*operator), of(right))
            }
            Expression::Unary { operator, operand } => {
                let sign = match operator {
                    UnaryOperator::Not => "not ",
                    UnaryOperator::Minus => "-",
                    UnaryOperator::Plus => "+",
                    UnaryOperator::Invert => "~",
                };
                format!("({sign}{})", of(operand))
            }
            Expression::And(items) => {
                format!("({})", items.iter().map(of).collect::<Vec<_>>().join(" and "))
            }
            Expression::Or(items) => {
                format!("({})", items.iter().map(of).collect::<Vec<_>>().join(" or "))
            }
            Expression::Compare { first, rest } => {
                let mut text = of(first);
                for (operator, operand) in rest {
                    text += &format!(" {} {}", compare(*operator), of(operand));
                }
                format!("({text})")
            }
            Expression::Conditional { condition, then, otherwise } => {
                format!("({} if {} else {})", of(then), of(condition), of(otherwise))
            }
            Expression::Class(id) => format!("class {}", self.name(self.facts.classes[id.index()].name)),
            Expression::Lambda(id) => {
                let function = &self.facts.functions[id.index()];
                let Statement::Return(Some(value)) = &self.facts.statements[function.body[0].index()] else {
                    return "lambda?".to_owned();
                };
                format!("(lambda {}: {} [{}])", self.parameters(*id), of(value), self.names(&function.locals))
            }
            Expression::Comprehension { kind, element, clauses } => {
                let clause = |clause: &Clause| {
                    let is_async = if clause.is_async { "async " } else { "" };
                    let mut text = format!("{is_async}for {} in {}", of(&clause.target), of(&clause.iterable));
                    for condition in &clause.conditions {
                        text += &format!(" if {}", of(condition));
                    }
                    text
                };
                let clauses: Vec<String> = clauses.iter().map(clause).collect();
                let kind = match kind {
                    ComprehensionKind::List => "list",
                    ComprehensionKind::Set => "set",
                    ComprehensionKind::Dict => "dict",
                    ComprehensionKind::Generator => "iter",
                };
                format!("{kind}<{} {}>", of(element), clauses.join(" "))
            }
            Expression::Await(value) => format!("(await {})", of(value)),
            Expression::Yield(value) => format!("(yield {})", maybe(value)),
            Expression::YieldFrom(value) => format!("(yield from {})", of(value)),
            Expression::Named { name, value } => format!("({} := {})", self.name(*name), of(value)),
            Expression::Starred(value) => format!("*{}", of(value)),
            Expression::Unknown(parts) => format!("?<{}>", self.list(parts)),
        }
    }
}

fn binary(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::FloorDivide => "//",
        Operator::Modulo => "%",
        Operator::Power => "**",
        Operator::MatrixMultiply => "@",
        Operator::LeftShift => "<<",
        Operator::RightShift => ">>",
        Operator::BitAnd => "&",
        Operator::BitOr => "|",
        Operator::BitXor => "^",
    }
}

fn compare(operator: Comparison) -> &'static str {
    match operator {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterEqual => ">=",
        Comparison::In => "in",
        Comparison::NotIn => "not in",
        Comparison::Is => "is",
        Comparison::IsNot => "is not",
    }
}
