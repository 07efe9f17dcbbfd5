//! What is computed once and kept: caches by decorator, and by the shape of the code.
//!
//! ```python
//! if self._table is None:        # once, however often the function runs
//!     self._table = build()
//! ```

use super::evidence::Trail;
use super::machine::{Frame, Machine, Outcome};
use super::value::{Arguments, ClassValue, Kind, Value};
use crate::cost::Interval;
use crate::facts::ir::{Comparison, Expression, Facts, Function, Spans, Statement, UnaryOperator};
use crate::id::{ExpressionId, FileId, FunctionId, NameId, StatementId};
use crate::project::Parsed;
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// How often a value that is kept is not there yet.
const MISSES: f64 = 0.02;
/// How often a value that is kept for each set of arguments is not there yet, where clients choose them.
const MISSES_BY_ARGUMENTS: f64 = 0.1;
/// How often that holds for a look-up by a key that callers choose: nothing tells how often one comes again.
const MISSES_BY_KEY: f64 = 0.45;
/// What surely computes for so many seconds is felt the first time too.
const LONG: f64 = 0.1;

/// Names that a function stores to and that outlive its run: attributes, globals, containers by their name.
pub type Stores = FxHashSet<NameId>;

impl<'p> Machine<'p> {
    /// What a call costs of a function that keeps its results.
    pub(super) fn kept(
        &self,
        Parsed { facts, spans, .. }: &Parsed,
        definition: &Function,
        arguments: &Arguments,
        mut outcome: Outcome,
    ) -> Outcome {
        let is_long = outcome.cost.cpu().low >= LONG && !is_warmed(facts, spans, definition);
        if definition.decorators.is_empty() || is_long || !is_memoised(facts, definition) {
            return outcome;
        }
        // Each call with the same literals gives what the first one gave.
        let is_plain = definition.parameters.len() <= usize::from(definition.class.is_some())
            || arguments.positional.iter().chain(arguments.keywords.iter().map(|(_, value)| value)).all(is_literal);
        let share = match (is_plain, self.on_loop) {
            (true, _) => MISSES,
            (false, Some(true)) => MISSES_BY_ARGUMENTS,
            (false, _) => return outcome,
        };
        outcome.cost = outcome.cost.times(Interval::exact(share));
        let mut trail = Trail::default();
        trail.extend(&outcome.trail, share, None);
        outcome.trail = trail;
        outcome
    }

    /// How often the first branch of an `if` runs that asks whether something was computed before.
    pub(super) fn memo_share(
        &mut self,
        frame: &mut Frame<'p>,
        condition: ExpressionId,
        then: &[StatementId],
        otherwise: &[StatementId],
    ) -> Option<f64> {
        let function = frame.function?;
        let definition = frame.facts.functions.get(function.index())?;
        let (place, is_missing) = asked(frame.facts, definition, condition)?;
        // The branch that computes stores, or what follows the early return does.
        let branch = if is_missing { then } else { otherwise };
        let mut stores = Stores::default();
        collect(frame.facts, branch, &mut stores);
        let follows = !is_missing && otherwise.is_empty();
        let stored = stores.contains(&place)
            || follows
                && self.stores(frame.file, function).contains(&place)
                && !is_only_flagged(frame.facts, &definition.body, place)
            || self.stored_by_methods(frame, definition, branch, place);
        // However often a loop around asks, what outlives it is computed once; what is kept by a key, for each of them.
        let misses = if is_keyed(frame.facts, definition, condition, 0) {
            MISSES_BY_KEY
        } else if frame.scale >= 2.0 && self.asks_what_outlives(frame, condition) {
            MISSES / frame.scale
        } else {
            MISSES
        };
        stored.then_some(if is_missing { misses } else { 1.0 - misses })
    }

    /// True if a condition asks for the state of what was there before the call and stays: a variable of the module, an
    /// attribute of a class, of an object that the module keeps or of the only instance of its class.
    pub(super) fn asks_what_outlives(&mut self, frame: &mut Frame<'p>, condition: ExpressionId) -> bool {
        let facts = frame.facts;
        let Some(definition) = frame.function.and_then(|f| facts.functions.get(f.index())) else { return false };
        let Some(mut place) = place_asked(facts, condition, 0) else { return false };
        if let Some(Expression::Name(name)) = facts.expressions.get(place.index())
            && definition.locals.contains(name)
            && !definition.globals.contains(name)
        {
            // Python: proxies = self.__class__._proxies, and then `if proxies is None:`
            let looked_up = looked_up(facts, &definition.body, *name, 0);
            let Some(behind) = looked_up.and_then(|value| place_asked(facts, value, 0)) else { return false };
            place = behind;
        }
        match facts.expressions.get(place.index()) {
            Some(Expression::Name(name)) => !definition.locals.contains(name) || definition.globals.contains(name),
            Some(Expression::Attribute { value, .. }) => {
                if let Some(Expression::Attribute { attribute, .. }) = facts.expressions.get(value.index())
                    && self.name(frame.file, *attribute) == "__class__"
                {
                    return true;
                }
                match self.peek(frame, *value) {
                    Value::Class(_) => true,
                    Value::Object(reference) => {
                        let object = reference.0.borrow();
                        let class = match &object.kind {
                            Kind::Instance { class, .. } => Some(class.clone()),
                            Kind::List | Kind::Set | Kind::Dict | Kind::Library(_) => None,
                        };
                        object.frozen || class.is_some_and(|class| self.makes_one_instance(&class))
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// True if a class makes its instances itself, which it does to make one only.
    fn makes_one_instance(&self, class: &ClassValue) -> bool {
        let facts = &self.project.parsed(class.file).facts;
        let methods = facts.classes.get(class.class.index()).map(|it| &*it.methods).unwrap_or_default();
        methods.iter().any(|method| {
            let name = facts.functions.get(method.index()).and_then(|it| facts.names.get(it.name.index()));
            name.is_some_and(|name| &**name == "__new__")
        })
    }

    /// `self._load()` in the branch, and `_load` stores it.
    fn stored_by_methods(
        &self,
        frame: &Frame<'p>,
        definition: &Function,
        branch: &[StatementId],
        place: NameId,
    ) -> bool {
        let facts = frame.facts;
        let storing: Vec<NameId> = facts
            .attribute_stores
            .iter()
            .filter(|store| store.attribute == place && Some(store.class) == definition.class)
            .filter_map(|store| facts.functions.get(store.function.index()).map(|f| f.name))
            .collect();
        !storing.is_empty()
            && branch.iter().any(|statement| {
                let value = match facts.statements.get(statement.index()) {
                    Some(Statement::Expression(value) | Statement::Return(Some(value))) => *value,
                    Some(Statement::Assign { value, .. }) => *value,
                    _ => return false,
                };
                let call = match facts.expressions.get(value.index()) {
                    Some(Expression::Await(inner)) => facts.expressions.get(inner.index()),
                    other => other,
                };
                let Some(Expression::Call { callee, .. }) = call else { return false };
                matches!(facts.expressions.get(callee.index()),
                    Some(Expression::Attribute { attribute, .. }) if storing.contains(attribute))
            })
    }

    fn stores(&mut self, file: FileId, function: FunctionId) -> Rc<Stores> {
        if let Some(known) = self.stores.get(&(file, function)) {
            return known.clone();
        }
        let facts = &self.project.parsed(file).facts;
        let mut stores = Stores::default();
        if let Some(definition) = facts.functions.get(function.index()) {
            collect(facts, &definition.body, &mut stores);
        }
        let stores = Rc::new(stores);
        self.stores.insert((file, function), stores.clone());
        stores
    }
}

/// True if the module calls a function where it is loaded, or where the program begins: what the function keeps is there
/// before anybody waits for it.
fn is_warmed(facts: &Facts, spans: &Spans, definition: &Function) -> bool {
    facts.expressions.iter().zip(&spans.expressions).any(|(expression, place)| {
        let Expression::Call { callee, .. } = expression else { return false };
        let is_named = matches!(facts.expressions.get(callee.index()),
            Some(Expression::Name(name)) if *name == definition.name);
        is_named && !spans.functions.iter().any(|it| it.start <= place.start && place.end <= it.end)
    })
}

/// True if the value is known to the last digit, as only one that the code spells out is.
fn is_literal(value: &Value) -> bool {
    match value {
        Value::None | Value::Bool(Some(_)) | Value::Text(Some(_), _) => true,
        Value::Int(Some(number)) | Value::Float(Some(number)) => number.is_exact(),
        _ => false,
    }
}

/// The storage whose state a condition asks for, and whether it holds where nothing is stored yet.
fn asked(facts: &Facts, definition: &Function, condition: ExpressionId) -> Option<(NameId, bool)> {
    let storage = |id: &ExpressionId| storage(facts, definition, *id, 0);
    match facts.expressions.get(condition.index())? {
        Expression::Compare { first, rest } => match rest.as_ref() {
            [(Comparison::Is, right)] if is_none(facts, *right) => Some((storage(first)?, true)),
            [(Comparison::IsNot, right)] if is_none(facts, *right) => Some((storage(first)?, false)),
            [(Comparison::NotIn, right)] => Some((storage(right)?, true)),
            [(Comparison::In, right)] => Some((storage(right)?, false)),
            _ => None,
        },
        Expression::Unary { operator: UnaryOperator::Not, operand } => {
            let (place, missing) = asked(facts, definition, *operand)?;
            Some((place, !missing))
        }
        Expression::And(parts) => {
            let missing = parts.iter().find_map(|part| asked(facts, definition, *part).filter(|(_, missing)| *missing));
            // Python: if self._token is not None and self._token.valid: return self._token
            missing.or_else(|| asked(facts, definition, *parts.first()?))
        }
        Expression::Or(parts) => {
            parts.iter().find_map(|part| asked(facts, definition, *part).filter(|(_, missing)| *missing))
        }
        _ => Some((storage(&condition)?, false)),
    }
}

/// True if a condition asks for what is stored under a key that is the function's own parameter: `code not in rates`.
fn is_keyed(facts: &Facts, definition: &Function, id: ExpressionId, depth: u32) -> bool {
    if depth > 4 {
        return false;
    }
    let is_parameter = |id: ExpressionId| {
        matches!(facts.expressions.get(id.index()),
            Some(Expression::Name(name)) if definition.parameters.iter().any(|it| it.name == *name))
    };
    let inner = |id: ExpressionId| is_keyed(facts, definition, id, depth + 1);
    match facts.expressions.get(id.index()) {
        Some(Expression::Compare { first, rest }) => match rest.as_ref() {
            [(Comparison::In | Comparison::NotIn, _)] => is_parameter(*first),
            [(Comparison::Is | Comparison::IsNot, _)] => inner(*first),
            _ => false,
        },
        Some(Expression::Unary { operand, .. }) => inner(*operand),
        Some(Expression::And(parts) | Expression::Or(parts)) => parts.first().is_some_and(|part| inner(*part)),
        Some(Expression::Named { value, .. }) => inner(*value),
        // Python: rates.get(code)
        Some(Expression::Call { arguments, .. }) => arguments.first().is_some_and(|it| is_parameter(it.value)),
        Some(Expression::Name(name)) => looked_up(facts, &definition.body, *name, 0).is_some_and(inner),
        Some(Expression::Subscript { index, .. }) => is_parameter(*index),
        _ => false,
    }
}

/// The variable or attribute whose state a condition asks for first.
fn place_asked(facts: &Facts, condition: ExpressionId, depth: u32) -> Option<ExpressionId> {
    if depth > 6 {
        return None;
    }
    match facts.expressions.get(condition.index())? {
        Expression::Compare { first, rest } => {
            let right = rest.first().filter(|(how, _)| matches!(how, Comparison::In | Comparison::NotIn));
            place_asked(facts, right.map_or(*first, |(_, right)| *right), depth + 1)
        }
        Expression::Unary { operator: UnaryOperator::Not, operand } => place_asked(facts, *operand, depth + 1),
        Expression::And(parts) | Expression::Or(parts) => place_asked(facts, *parts.first()?, depth + 1),
        Expression::Subscript { value, .. } => place_asked(facts, *value, depth + 1),
        Expression::Name(_) | Expression::Attribute { .. } => Some(condition),
        _ => None,
    }
}

fn is_none(facts: &Facts, id: ExpressionId) -> bool {
    matches!(facts.expressions.get(id.index()), Some(Expression::None))
}

/// The name of what outlives the function's run: `_table` of `self._table`, `cache` of `cache.get(key)`.
fn storage(facts: &Facts, definition: &Function, id: ExpressionId, depth: u32) -> Option<NameId> {
    if depth > 3 {
        return None;
    }
    match facts.expressions.get(id.index())? {
        Expression::Attribute { attribute, .. } => Some(*attribute),
        Expression::Subscript { value, .. } => storage(facts, definition, *value, depth + 1),
        Expression::Named { value, .. } | Expression::Await(value) => storage(facts, definition, *value, depth + 1),
        Expression::Call { callee, .. } => match facts.expressions.get(callee.index())? {
            Expression::Attribute { value, attribute }
                if facts.names.get(attribute.index()).is_some_and(|n| &**n == "get") =>
            {
                storage(facts, definition, *value, depth + 1)
            }
            _ => None,
        },
        Expression::Name(name) => {
            let is_local = definition.locals.contains(name) && !definition.globals.contains(name);
            if !is_local {
                return Some(*name);
            }
            // Python: client = clients.get(key)
            looked_up(facts, &definition.body, *name, 0).and_then(|value| storage(facts, definition, value, depth + 1))
        }
        _ => None,
    }
}

/// What a local is first assigned, where that is a look-up.
fn looked_up(facts: &Facts, block: &[StatementId], name: NameId, depth: u32) -> Option<ExpressionId> {
    if depth > 4 {
        return None;
    }
    for statement in block {
        match facts.statements.get(statement.index())? {
            Statement::Assign { targets, value } => {
                let is_named = targets
                    .iter()
                    .any(|t| matches!(facts.expressions.get(t.index()), Some(Expression::Name(n)) if *n == name));
                let is_look_up = matches!(
                    facts.expressions.get(value.index()),
                    Some(Expression::Call { .. } | Expression::Subscript { .. } | Expression::Attribute { .. })
                );
                if is_named {
                    return is_look_up.then_some(*value);
                }
            }
            Statement::With { body, .. } | Statement::Try { body, .. } => {
                if let Some(found) = looked_up(facts, body, name, depth + 1) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

/// Notes what statements store to, those in nested blocks included.
fn collect(facts: &Facts, block: &[StatementId], stores: &mut Stores) {
    let mut waiting: Vec<&[StatementId]> = vec![block];
    while let Some(block) = waiting.pop() {
        for statement in block {
            let Some(statement) = facts.statements.get(statement.index()) else { continue };
            match statement {
                Statement::Assign { targets, value } => {
                    for target in targets {
                        store(facts, *target, stores);
                    }
                    named(facts, *value, stores);
                }
                Statement::AnnotatedAssign { target, .. } | Statement::AugmentedAssign { target, .. } => {
                    store(facts, *target, stores);
                }
                Statement::Expression(value) | Statement::Return(Some(value)) => named(facts, *value, stores),
                Statement::For { body, otherwise, .. } | Statement::While { body, otherwise, .. } => {
                    waiting.extend([&**body, &**otherwise]);
                }
                Statement::If { then, otherwise, .. } => waiting.extend([&**then, &**otherwise]),
                Statement::With { body, .. } => waiting.push(body),
                Statement::Try { body, handlers, otherwise, finally } => {
                    waiting.extend([&**body, &**otherwise, &**finally]);
                    waiting.extend(handlers.iter().map(|handler| &*handler.body));
                }
                Statement::Match { cases, .. } => waiting.extend(cases.iter().map(|case| &*case.body)),
                _ => {}
            }
        }
    }
}

/// True if all that is ever stored is `True`, on a condition: that tells the others to stop, not that all is done.
///
/// ```python
/// def attempt(word):
///     if found[0]:
///         return
///     if digest(word) == wanted:
///         found[0] = True
/// ```
fn is_only_flagged(facts: &Facts, block: &[StatementId], place: NameId) -> bool {
    let mut waiting: Vec<(&[StatementId], bool)> = vec![(block, false)];
    let mut flagged = false;
    while let Some((block, on_condition)) = waiting.pop() {
        for id in block {
            match facts.statements.get(id.index()) {
                Some(Statement::If { then, otherwise, .. }) => waiting.extend([(&**then, true), (&**otherwise, true)]),
                Some(Statement::For { body, .. } | Statement::While { body, .. } | Statement::With { body, .. }) => {
                    waiting.push((body, on_condition));
                }
                Some(Statement::Assign { targets, value }) if on_condition => {
                    let mut stores = Stores::default();
                    targets.iter().for_each(|target| store(facts, *target, &mut stores));
                    let is_true = matches!(facts.expressions.get(value.index()), Some(Expression::Boolean(true)));
                    match (stores.contains(&place), is_true) {
                        (true, true) => flagged = true,
                        (true, false) => return false,
                        (false, _) => {}
                    }
                }
                _ => {
                    let mut stores = Stores::default();
                    collect(facts, std::slice::from_ref(id), &mut stores);
                    if stores.contains(&place) {
                        return false;
                    }
                }
            }
        }
    }
    flagged
}

/// `cache.add(key)`, `cache.setdefault(key, value)`.
fn named(facts: &Facts, value: ExpressionId, stores: &mut Stores) {
    let Some(Expression::Call { callee, .. }) = facts.expressions.get(value.index()) else { return };
    let Some(Expression::Attribute { value, attribute }) = facts.expressions.get(callee.index()) else { return };
    let method = facts.names.get(attribute.index()).map_or("", |n| n);
    if matches!(method, "add" | "setdefault" | "set" | "append" | "update" | "put") {
        store(facts, *value, stores);
    }
}

fn store(facts: &Facts, target: ExpressionId, stores: &mut Stores) {
    match facts.expressions.get(target.index()) {
        Some(Expression::Name(name)) => {
            stores.insert(*name);
        }
        Some(Expression::Attribute { attribute, .. }) => {
            stores.insert(*attribute);
        }
        Some(Expression::Subscript { value, .. }) => store(facts, *value, stores),
        Some(Expression::Tuple(parts)) => {
            for part in parts {
                store(facts, *part, stores);
            }
        }
        _ => {}
    }
}

/// True if a decorator keeps results.
pub(super) fn is_memoised(facts: &Facts, definition: &Function) -> bool {
    definition.decorators.iter().any(|decorator| {
        let mut at = *decorator;
        if let Some(Expression::Call { callee, .. }) = facts.expressions.get(at.index()) {
            at = *callee;
        }
        let (Some(Expression::Name(name)) | Some(Expression::Attribute { attribute: name, .. })) =
            facts.expressions.get(at.index())
        else {
            return false;
        };
        let name = facts.names.get(name.index()).map_or("", |n| n);
        matches!(
            name,
            "cache"
                | "lru_cache"
                | "cached_property"
                | "cached"
                | "cachedmethod"
                | "memoize"
                | "memoized"
                | "ttl_cache"
                | "singleton"
                | "lazy_property"
                | "reify"
                | "cache_data"
                | "cache_resource"
        )
    })
}
