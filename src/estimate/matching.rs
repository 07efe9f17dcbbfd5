//! `match`: which of its cases can be taken, and what their patterns bind.

use super::expressions::decide;
use super::machine::{Frame, Machine, Tally};
use super::price;
use super::statements::{FAILURES, Flow, handled_sum};
use super::value::{Kind, Value, Variables, union};
use crate::facts::ir::{Case, Comparison, Expression, Pattern};
use crate::id::ExpressionId;

/// Classes of which `case str(name):` binds the subject itself.
const WHOLE: [&str; 11] =
    ["bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"];

impl<'p> Machine<'p> {
    /// Runs the cases that the subject can match, each for its share; those behind one that surely matches never run.
    pub(super) fn match_statement(&mut self, frame: &mut Frame<'p>, subject: ExpressionId, cases: &'p [Case]) -> Flow {
        let value = self.evaluate(frame, subject);
        let before = self.snapshot(frame);
        let saved = std::mem::take(&mut frame.tally);
        let mut taken: Vec<(Tally, Flow)> = Vec::new();
        let mut joined: Option<Variables> = None;
        let mut is_complete = false;
        for case in cases {
            self.restore(frame, before.clone());
            for name in case.names.iter() {
                self.set_name(frame, *name, Value::Unknown);
            }
            let (mut fits, narrowed) = self.fits(frame, &case.pattern, &value);
            if fits == Some(false) {
                continue;
            }
            if let Some(Expression::Name(name)) = frame.facts.expressions.get(subject.index()) {
                self.set_name(frame, *name, narrowed);
            }
            if let Some(guard) = case.guard {
                match self.evaluate(frame, guard).truth() {
                    Some(true) => {}
                    Some(false) => continue,
                    None => fits = None,
                }
                self.narrow(frame, guard, true);
            }
            is_complete = fits == Some(true);
            let is_certain = is_complete && taken.is_empty();
            frame.branches += u32::from(!is_certain);
            let flow = self.block(frame, &case.body);
            frame.branches -= u32::from(!is_certain);
            taken.push((std::mem::take(&mut frame.tally), flow));
            if !flow.leaves() {
                if let Some(other) = joined.take() {
                    self.join_variables(frame, &other);
                }
                joined = Some(self.snapshot(frame));
            }
            if is_complete {
                break;
            }
        }
        self.restore(frame, joined.unwrap_or(before));
        frame.tally = saved;
        frame.tally.tick(price::COMPARE * cases.len() as f64 * 0.5);
        if taken.is_empty() {
            return Flow::NEXT;
        }
        // What always ends in an exception is hardly ever taken.
        let weight = |flow: &Flow| if flow.raises > 0.9 { FAILURES } else { 1.0 };
        let sum: f64 = taken.iter().map(|(_, flow)| weight(flow)).sum();
        let mut flow = Flow::NONE;
        let mut most = Tally::default();
        for (tally, here) in &taken {
            let share = weight(here) / sum;
            let mut either = Tally::default();
            either.either(&most, tally);
            most = either;
            frame.tally.add_but_recursions(tally, share);
            flow = handled_sum(flow, *here, share);
        }
        frame.tally.add(&Tally { recursions: most.recursions, ..Tally::default() }, 1.0);
        // Some subject may match no case.
        if !is_complete && flow.falls < 0.05 {
            flow = flow.mixed(0.9, Flow::NEXT);
        }
        flow
    }

    /// Whether a value matches a pattern, if that is known, and what is known of the value where it does. Binds the
    /// pattern's names.
    fn fits(&mut self, frame: &mut Frame<'p>, pattern: &'p Pattern, value: &Value) -> (Option<bool>, Value) {
        match pattern {
            Pattern::Any => (Some(true), value.clone()),
            Pattern::Unknown | Pattern::Rest(None) => (None, value.clone()),
            Pattern::Capture(name) => {
                self.set_name(frame, *name, value.clone());
                (Some(true), value.clone())
            }
            Pattern::Rest(Some(name)) => {
                let item = self.element(value);
                let length = self.length(value);
                let rest = self.list(item, length, None);
                self.set_name(frame, *name, rest);
                (None, value.clone())
            }
            Pattern::Named(part, name) => {
                let (fits, narrowed) = self.fits(frame, part, value);
                self.set_name(frame, *name, narrowed.clone());
                (fits, narrowed)
            }
            Pattern::Equal(expected) => {
                let expected = self.evaluate(frame, *expected);
                let comparison = match expected {
                    Value::None | Value::Bool(_) => Comparison::Is,
                    _ => Comparison::Equal,
                };
                let fits = decide(comparison, value, &expected);
                let is_open = matches!(value, Value::Unknown | Value::Text(None, _));
                let narrowed = if is_open && !expected.is_unknown() { expected } else { value.clone() };
                (fits, narrowed)
            }
            Pattern::Either(parts) => {
                let mut all = Some(false);
                let mut kinds = Vec::new();
                for part in parts {
                    let (fits, narrowed) = self.fits(frame, part, value);
                    if fits != Some(false) {
                        kinds.push(narrowed);
                    }
                    match fits {
                        Some(true) => {
                            all = Some(true);
                            break;
                        }
                        Some(false) => {}
                        None => all = None,
                    }
                }
                let is_told = !kinds.is_empty() && kinds.iter().all(|kind| !kind.is_unknown());
                (all, if is_told { union(&kinds) } else { value.clone() })
            }
            Pattern::Sequence(parts) => (self.fits_sequence(frame, parts, value), value.clone()),
            Pattern::Mapping(entries) => {
                let is_mapping = match value {
                    Value::Object(reference) => !matches!(reference.0.borrow().kind, Kind::List | Kind::Set),
                    Value::Text(..) | Value::Bytes(_) | Value::Int(_) | Value::Float(_) | Value::Tuple(_) => false,
                    Value::None | Value::Bool(_) => false,
                    _ => true,
                };
                if !is_mapping {
                    return (Some(false), value.clone());
                }
                let is_dict =
                    matches!(value, Value::Object(reference) if matches!(reference.0.borrow().kind, Kind::Dict));
                let mut all = is_dict.then_some(true);
                for (key, part) in entries {
                    let key_value = self.evaluate(frame, *key);
                    let item = self.subscript(frame, value, *key, &key_value);
                    let (fits, _) = self.fits(frame, part, &item);
                    all = both(all, if item.is_unknown() { None } else { fits });
                }
                (all, value.clone())
            }
            Pattern::Class { class, positional, keywords } => {
                let place = self.span(frame, *class);
                let class = self.evaluate(frame, *class);
                let mut all = self.is_kind_of(value, &class);
                if all == Some(false) {
                    return (all, value.clone());
                }
                let narrowed = self.of_kind(value, &class, true);
                for (name, part) in keywords {
                    let attribute = self.attribute(frame, &narrowed, self.name(frame.file, *name), place);
                    let (fits, _) = self.fits(frame, part, &attribute);
                    all = both(all, fits);
                }
                if positional.is_empty() {
                    return (all, narrowed);
                }
                let is_whole = matches!(&class, Value::Library(name)
                    if name.strip_prefix("builtins.").is_some_and(|name| WHOLE.contains(&name)));
                let names = if is_whole { Vec::new() } else { self.match_arguments(frame, &class, place) };
                for (index, part) in positional.iter().enumerate() {
                    let item = match names.get(index) {
                        _ if is_whole => narrowed.clone(),
                        Some(name) => self.attribute(frame, &narrowed, name, place),
                        None => Value::Unknown,
                    };
                    let (fits, _) = self.fits(frame, part, &item);
                    all = both(all, fits);
                }
                (all, narrowed)
            }
        }
    }

    /// `[first, *rest]`: of a sequence of that many.
    fn fits_sequence(&mut self, frame: &mut Frame<'p>, parts: &'p [Pattern], value: &Value) -> Option<bool> {
        let is_sequence = match value {
            Value::Object(reference) => !matches!(reference.0.borrow().kind, Kind::Dict | Kind::Set),
            Value::Text(..) | Value::Bytes(_) | Value::Int(_) | Value::Float(_) => false,
            Value::None | Value::Bool(_) => false,
            _ => true,
        };
        if !is_sequence {
            return Some(false);
        }
        let starred = parts.iter().position(|part| matches!(part, Pattern::Rest(_)));
        let known = self.known_elements(value);
        let mut all = known.as_ref().map(|_| true);
        if let Some(known) = &known {
            let is_length = if starred.is_some() { known.len() + 1 >= parts.len() } else { known.len() == parts.len() };
            if !is_length {
                return Some(false);
            }
        }
        for (index, part) in parts.iter().enumerate() {
            if let Pattern::Rest(_) = part {
                self.fits(frame, part, value);
                continue;
            }
            let item = match (starred, &known) {
                (Some(at), Some(known)) if index > at => {
                    known.get(known.len() + index - parts.len()).cloned().unwrap_or(Value::Unknown)
                }
                (Some(at), None) if index > at => self.element(value),
                _ => self.unpacked(value, index, None),
            };
            let (fits, _) = self.fits(frame, part, &item);
            all = both(all, fits);
        }
        all
    }

    /// The attributes that a class pattern's parts stand for by position: `__match_args__`, or the fields of a data class
    /// or a named tuple as they are declared.
    fn match_arguments(&mut self, frame: &mut Frame<'p>, class: &Value, place: crate::text::Span) -> Vec<String> {
        let Value::Class(class_value) = class else { return Vec::new() };
        if let Value::Tuple(names) = self.attribute(frame, class, "__match_args__", place) {
            return names.iter().map(|name| name.known_text().map(|it| it.to_string()).unwrap_or_default()).collect();
        }
        let order = self.order(class_value);
        self.field_names(&order).into_iter().map(str::to_owned).collect()
    }
}

/// Whether both hold.
fn both(first: Option<bool>, second: Option<bool>) -> Option<bool> {
    match (first, second) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
