//! What a module's own statements do to an object that one of its names is bound to, before any function uses it.
//!
//! ```python
//! bus = EventBus()
//! bus.subscribe("order", send_invoice)
//!
//! @bus.on("refund")
//! def refund(order): ...
//! ```

use super::machine::{Frame, Machine};
use super::registry::{MOST_FILES, plain_function};
use super::value::{Kind, Value};
use crate::facts::ir::{Block, Expression, Facts, Statement};
use crate::id::{ExpressionId, FunctionId, NameId, StatementId};
use crate::project::{Entity, Parsed};

/// How many statements are looked at for one object.
const MOST_STEPS: usize = 24;

/// What changes an object at module level.
enum Step {
    /// `bus.subscribe("order", send)`, `settings.run = fast`, `TABLE["csv"] = read`
    Statement(StatementId),
    /// `@bus.on("order")`
    Decorator(FunctionId, ExpressionId),
}

impl<'p> Machine<'p> {
    /// The object as module-level statements leave it; those of other modules too, where it is an instance of a class of the
    /// project.
    pub(super) fn configured(&mut self, frame: &mut Frame<'p>, name: NameId, index: u32, value: Value) -> Value {
        let Value::Object(reference) = &value else { return value };
        let (kind, is_frozen) = {
            let object = reference.0.borrow();
            (object.kind.clone(), object.frozen)
        };
        if is_frozen || matches!(kind, Kind::Library(_) | Kind::Set) {
            return value;
        }
        let is_container = matches!(kind, Kind::List | Kind::Dict);
        let file = frame.file;
        let mut left = MOST_STEPS;
        self.take_steps(frame, name, &value, &mut left);
        if is_container {
            if left < MOST_STEPS {
                // Functions may add more.
                let mut object = reference.0.borrow_mut();
                object.guessed = true;
                object.elements = None;
                object.length.high = object.length.high.max(1.0) * 3.0;
            }
            return value;
        }
        let text = self.name(file, name);
        for other in self.project.users(file, text, MOST_FILES).into_iter().skip(1) {
            if !matches!(self.project.global(other, text)[..], [Entity::Binding(of, at)] if of == file && at == index) {
                continue;
            }
            let facts = &self.project.parsed(other).facts;
            let Some(known) = facts.names.iter().position(|it| **it == *text) else { continue };
            let mut frame = self.module_frame(other);
            self.take_steps(&mut frame, NameId::new(known), &value, &mut left);
        }
        value
    }

    fn take_steps(&mut self, frame: &mut Frame<'p>, name: NameId, value: &Value, left: &mut usize) {
        let steps = steps(self.project.parsed(frame.file), name);
        if steps.is_empty() {
            return;
        }
        frame.environment.variables.borrow_mut().insert(name, value.clone());
        for step in steps {
            if *left == 0 {
                return;
            }
            *left -= 1;
            match step {
                Step::Statement(id) => {
                    self.statement(frame, id);
                }
                Step::Decorator(function, decorator) => {
                    let function = plain_function(frame.file, function);
                    self.decorated(frame, function, &[decorator]);
                }
            }
        }
    }
}

/// The steps of a module, in their order.
fn steps(parsed: &Parsed, name: NameId) -> Vec<Step> {
    let facts = &parsed.facts;
    let mut found: Vec<(u32, Step)> = Vec::new();
    let mut blocks: Vec<&Block> = vec![&facts.body];
    while let Some(block) = blocks.pop() {
        for id in block.iter() {
            let Some(statement) = facts.statements.get(id.index()) else { continue };
            let changes = match statement {
                Statement::Expression(call) => {
                    matches!(facts.expressions.get(call.index()), Some(Expression::Call { callee, .. })
                        if is_method_of(facts, *callee, name))
                }
                Statement::Assign { targets, .. } => {
                    targets.iter().any(|target| match facts.expressions.get(target.index()) {
                        Some(Expression::Attribute { value, .. } | Expression::Subscript { value, .. }) => {
                            is_name(facts, *value, name)
                        }
                        _ => false,
                    })
                }
                // `if __name__ == "__main__":` above all.
                Statement::If { then, .. } => {
                    blocks.push(then);
                    false
                }
                Statement::Try { body, .. } | Statement::With { body, .. } => {
                    blocks.push(body);
                    false
                }
                _ => false,
            };
            if changes {
                let at = parsed.spans.statements.get(id.index()).map_or(0, |span| span.start);
                found.push((at, Step::Statement(*id)));
            }
        }
    }
    for (index, function) in facts.functions.iter().enumerate() {
        if function.parent.is_some() || function.class.is_some() {
            continue;
        }
        for decorator in &function.decorators {
            let callee = match facts.expressions.get(decorator.index()) {
                Some(Expression::Call { callee, .. }) => *callee,
                _ => *decorator,
            };
            if is_method_of(facts, callee, name) {
                let id = FunctionId::new(index);
                let at = parsed.spans.functions.get(index).map_or(0, |span| span.start);
                found.push((at, Step::Decorator(id, *decorator)));
            }
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, step)| step).collect()
}

/// True for `bus.on`, `bus.on("a").then`: what begins with the name.
fn is_method_of(facts: &Facts, callee: ExpressionId, name: NameId) -> bool {
    let mut at = callee;
    let mut is_method = false;
    loop {
        match facts.expressions.get(at.index()) {
            Some(Expression::Attribute { value, .. }) => {
                is_method = true;
                at = *value;
            }
            Some(Expression::Call { callee, .. }) => at = *callee,
            Some(Expression::Name(it)) => return is_method && *it == name,
            _ => return false,
        }
    }
}

fn is_name(facts: &Facts, expression: ExpressionId, name: NameId) -> bool {
    matches!(facts.expressions.get(expression.index()), Some(Expression::Name(it)) if *it == name)
}
