//! What a program runs with where nobody says otherwise: the defaults of its command line, and an environment in which
//! nothing is set.

use super::library::Context;
use super::machine::{Frame, Machine};
use super::value::{Arguments, Value};
use crate::cost::Interval;
use crate::facts::ir::{Comparison, Expression, Statement, UnaryOperator};
use crate::id::{ExpressionId, NameId};
use crate::knowledge::types::Entry;
use std::rc::Rc;

/// What stands before an option's name among what is known of a parser.
const OPTION: &str = "--";

/// A switch that is off where nobody asks for it, as a number.
pub const USUALLY_OFF: Interval = Interval { low: 0.0, likely: 0.0, high: 1.0 };
/// A switch that is on where nobody asks otherwise.
pub const USUALLY_ON: Interval = Interval { low: 0.0, likely: 1.0, high: 1.0 };

/// How often a condition holds that asks for a switch: as often as the program runs as it is.
pub fn switch_share(test: &Value) -> Option<f64> {
    match test.number()? {
        USUALLY_OFF => Some(0.0),
        USUALLY_ON => Some(1.0),
        _ => None,
    }
}

/// The switch turned round.
pub fn inverted(value: &Value) -> Option<Value> {
    match value.number()? {
        USUALLY_OFF => Some(Value::Int(Some(USUALLY_ON))),
        USUALLY_ON => Some(Value::Int(Some(USUALLY_OFF))),
        _ => None,
    }
}

impl<'p> Machine<'p> {
    /// Notes an option with its default, and gives parsed arguments their defaults.
    pub(super) fn options(&mut self, entry: &Entry, context: &Context<'_>, value: &Value) {
        let Some(Value::Object(parser)) = context.receiver.map(|it| &**it) else { return };
        match entry.intrinsic.as_deref().unwrap_or_default() {
            "argparse.add_argument" => {
                let Some((name, default)) = option(context.arguments) else { return };
                let name: Rc<str> = Rc::from(format!("{OPTION}{name}"));
                self.change(parser, |parser| {
                    parser.fields.insert(name, default);
                });
            }
            "argparse.parse_args" => {
                let space = match value {
                    Value::Tuple(parts) => parts.first(),
                    other => Some(other),
                };
                let Some(Value::Object(space)) = space else { return };
                let known: Vec<(Rc<str>, Value)> = parser
                    .0
                    .borrow()
                    .fields
                    .iter()
                    .filter_map(|(name, value)| Some((Rc::from(name.strip_prefix(OPTION)?), value.clone())))
                    .collect();
                self.change(space, |space| space.fields.extend(known));
            }
            _ => {}
        }
    }
}

impl<'p> Machine<'p> {
    /// What it gives to compare a variable of the environment with a text, `known` of its default: a switch.
    ///
    /// ```python
    /// SLOW = os.environ.get("SLOW") == "1"
    /// ```
    pub(super) fn environment_test(
        &mut self,
        frame: &mut Frame<'p>,
        first: ExpressionId,
        comparison: Comparison,
        right: &Value,
        known: Option<bool>,
    ) -> Option<Value> {
        let Some(Expression::Call { callee, .. }) = frame.facts.expressions.get(first.index()) else { return None };
        let equal = match comparison {
            Comparison::Equal => true,
            Comparison::NotEqual => false,
            _ => return None,
        };
        right.known_text()?;
        let name = match self.peek(frame, *callee) {
            Value::Library(name) | Value::LibraryMethod(_, name) => name,
            _ => return None,
        };
        let entries = self.known.calls(&name);
        match entries.first()?.intrinsic.as_deref().unwrap_or_default() {
            "os.environ.get" => {}
            _ => return None,
        }
        // Without a default it is equal to nothing.
        let holds = known.unwrap_or(!equal);
        Some(Value::Int(Some(if holds { USUALLY_ON } else { USUALLY_OFF })))
    }
}

impl<'p> Machine<'p> {
    /// How often a condition holds that asks for a switch or for arguments of the program, of which there are none.
    ///
    /// ```python
    /// rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    /// ```
    pub(super) fn default_share(
        &mut self,
        frame: &mut Frame<'p>,
        condition: ExpressionId,
        test: &Value,
    ) -> Option<f64> {
        switch_share(test).or_else(|| self.argument_share(frame, condition))
    }

    fn argument_share(&mut self, frame: &mut Frame<'p>, condition: ExpressionId) -> Option<f64> {
        match frame.facts.expressions.get(condition.index())? {
            Expression::Unary { operator: UnaryOperator::Not, operand } => {
                self.argument_share(frame, *operand).map(|share| 1.0 - share)
            }
            Expression::Compare { first, rest } => {
                let [(comparison, limit)] = &rest[..] else { return None };
                let Some(Expression::Call { callee, arguments }) = frame.facts.expressions.get(first.index()) else {
                    return None;
                };
                let counted = arguments.first().filter(|_| arguments.len() == 1)?.value;
                let is_len = matches!(frame.facts.expressions.get(callee.index()),
                    Some(Expression::Name(name)) if self.name(frame.file, *name) == "len");
                let count = if self.is_arguments(frame, counted) {
                    1.0
                } else if self.are_given(frame, counted) {
                    0.0
                } else {
                    return None;
                };
                let limit = self.peek(frame, *limit).constant().filter(|_| is_len)?;
                let holds = match comparison {
                    Comparison::Less => count < limit,
                    Comparison::LessEqual => count <= limit,
                    Comparison::Greater => count > limit,
                    Comparison::GreaterEqual => count >= limit,
                    Comparison::Equal => count == limit,
                    Comparison::NotEqual => count != limit,
                    _ => return None,
                };
                Some(if holds { 1.0 } else { 0.0 })
            }
            _ => self.are_given(frame, condition).then_some(0.0),
        }
    }

    /// `sys.argv`: the program's name, and what it was given.
    fn is_arguments(&mut self, frame: &mut Frame<'p>, expression: ExpressionId) -> bool {
        const ARGUMENTS: &str = "sys.argv";
        // Python: def configuration(argv): return read(argv[1]) if len(argv) > 1 else DEFAULTS
        if matches!(frame.facts.expressions.get(expression.index()), Some(Expression::Name(_))) {
            return matches!(self.peek(frame, expression), Value::Library(name) if &*name == ARGUMENTS);
        }
        let Some(Expression::Attribute { value, attribute }) = frame.facts.expressions.get(expression.index()) else {
            return false;
        };
        self.name(frame.file, *attribute) == "argv"
            && matches!(self.peek(frame, *value), Value::Library(name) | Value::Namespace(name) if &*name == "sys")
    }

    /// `sys.argv[1:]`
    fn are_given(&mut self, frame: &mut Frame<'p>, expression: ExpressionId) -> bool {
        let Some(Expression::Subscript { value, index }) = frame.facts.expressions.get(expression.index()) else {
            return false;
        };
        let starts_behind =
            matches!(frame.facts.expressions.get(index.index()), Some(Expression::Slice { lower: Some(_), .. }));
        starts_behind && self.is_arguments(frame, *value)
    }
}

/// The class whose objects are told their options one by one.
const PARSER: &str = "argparse.ArgumentParser";

impl<'p> Machine<'p> {
    /// A module's parser, with the options that the statements of the module add to it.
    pub(super) fn with_options(&mut self, frame: &mut Frame<'p>, name: NameId, parser: Value) -> Value {
        if parser.library_class().as_deref() != Some(PARSER) {
            return parser;
        }
        frame.environment.variables.borrow_mut().insert(name, parser.clone());
        let facts = frame.facts;
        for statement in facts.body.iter() {
            let Some(Statement::Expression(call)) = facts.statements.get(statement.index()) else { continue };
            let Some(Expression::Call { callee, .. }) = facts.expressions.get(call.index()) else { continue };
            let owner = match facts.expressions.get(callee.index()) {
                Some(Expression::Attribute { value, .. }) => facts.expressions.get(value.index()),
                _ => None,
            };
            if matches!(owner, Some(Expression::Name(owner)) if *owner == name) {
                self.evaluate(frame, *call);
            }
        }
        parser
    }
}

/// The name of an option's attribute, and what it has where nobody gives it.
fn option(arguments: &Arguments) -> Option<(String, Value)> {
    let names: Vec<Rc<str>> = arguments.positional.iter().filter_map(Value::known_text).collect();
    let long = names.iter().find_map(|name| name.strip_prefix("--"));
    let name = match arguments.keyword("dest").and_then(Value::known_text) {
        Some(name) => name.to_string(),
        None => long.or_else(|| names.first().map(|name| name.trim_start_matches('-')))?.replace('-', "_"),
    };
    let action = arguments.keyword("action").and_then(Value::known_text);
    let default = match (action.as_deref(), arguments.keyword("default")) {
        (_, Some(default)) => default.clone(),
        (Some("store_true"), None) => Value::Int(Some(USUALLY_OFF)),
        (Some("store_false"), None) => Value::Int(Some(USUALLY_ON)),
        _ => return None,
    };
    Some((name, default))
}
