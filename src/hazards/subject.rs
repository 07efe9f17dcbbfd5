//! A call that hands work over, taken apart: what runs, with what.

use super::effects::Reader;
use crate::estimate::machine::Node;
use crate::estimate::report::Handover;
use crate::estimate::trace::Seen;
use crate::facts::ir::{ArgumentKind, Expression};
use crate::id::{ExpressionId, FileId, FunctionId};
use crate::text::Span;

/// The call and its parts.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The file.
    pub file: FileId,
    /// The function that hands over; nothing for the module.
    pub function: Option<FunctionId>,
    /// The whole call.
    pub call: ExpressionId,
    /// What is called.
    pub callee: ExpressionId,
    /// The construct's canonical name: `threading.Thread`.
    pub construct: String,
    /// The task, as it is written; nothing for a subclass of `Thread` or `Process`.
    pub target: Option<ExpressionId>,
    /// What is passed to the task.
    pub passed: Vec<Passed>,
    /// What runs.
    pub runs: Vec<Node>,
    /// The functions that run, as the target was seen.
    pub seen: Seen,
    /// A pool takes the task, and gives its result back.
    pub pooled: bool,
}

/// One argument of a task.
#[derive(Debug, Clone)]
pub struct Passed {
    /// The expression in the call.
    pub value: ExpressionId,
    /// What the task gets of it.
    pub seen: Seen,
}

/// The expression of a file that fills a range.
pub fn call_at(reader: &Reader<'_>, file: FileId, span: Span) -> Option<ExpressionId> {
    let parsed = reader.project.parsed(file);
    let at = |(index, other): (usize, &Span)| {
        let is_call = matches!(parsed.facts.expressions.get(index), Some(Expression::Call { .. }));
        (*other == span && is_call).then(|| ExpressionId::new(index))
    };
    parsed.spans.expressions.iter().enumerate().find_map(at)
}

impl Subject {
    /// Takes a hand-over apart; nothing where its shape is not known.
    pub fn of(reader: &mut Reader<'_>, handover: &Handover) -> Option<Subject> {
        let file = handover.file;
        let call = call_at(reader, file, handover.span)?;
        let facts = reader.facts(file);
        let Some(Expression::Call { callee, arguments }) = facts.expressions.get(call.index()) else { return None };
        let construct = handover.construct.to_string();
        let positional: Vec<ExpressionId> =
            arguments.iter().filter(|a| a.kind == ArgumentKind::Positional).map(|a| a.value).collect();
        let keyword = |name: &str| {
            arguments.iter().find_map(|argument| match argument.kind {
                ArgumentKind::Keyword(n) if reader.name(file, n) == name => Some(argument.value),
                _ => None,
            })
        };
        let last = construct.rsplit('.').next().unwrap_or(&construct);
        let at = |index: usize| positional.get(index).copied();
        let mut passed_whole: Vec<ExpressionId> = Vec::new();
        let mut passed_each: Vec<ExpressionId> = Vec::new();
        let mut passed_tuple: Option<ExpressionId> = None;
        let mut pooled = true;
        let target = match last {
            "Thread" | "Process" | "SpawnProcess" | "ForkProcess" => {
                pooled = false;
                passed_tuple = keyword("args").or(at(3));
                passed_whole.extend(keyword("kwargs").or(at(4)));
                keyword("target").or(at(1))
            }
            "Timer" => {
                pooled = false;
                passed_tuple = keyword("args").or(at(2));
                passed_whole.extend(keyword("kwargs").or(at(3)));
                keyword("function").or(at(1))
            }
            "start_new_thread" | "start_new" => {
                pooled = false;
                passed_tuple = at(1);
                at(0)
            }
            "apply" | "apply_async" => {
                passed_tuple = keyword("args").or(at(1));
                passed_whole.extend(keyword("kwds").or(at(2)));
                keyword("func").or(at(0))
            }
            "map" | "imap" | "imap_unordered" | "map_async" | "thread_map" | "process_map" => {
                // The second of a multiprocessing pool's arguments is its last iterable.
                let most =
                    if construct.contains("pool") || construct.contains("Pool.") && !construct.contains("concurrent") {
                        2
                    } else {
                        usize::MAX
                    };
                passed_each.extend(positional.iter().skip(1).take(most - 1));
                passed_each.extend(keyword("iterable"));
                keyword("func").or(at(0))
            }
            "starmap" | "starmap_async" => {
                passed_each.extend(at(1).or(keyword("iterable")));
                keyword("func").or(at(0))
            }
            "run_in_executor" => {
                passed_whole.extend(positional.iter().skip(2));
                at(1)
            }
            "Parallel" => return Subject::of_joblib(reader, handover, call, *callee, construct),
            _ => {
                passed_whole.extend(positional.iter().skip(1));
                passed_whole
                    .extend(arguments.iter().filter(|a| !matches!(a.kind, ArgumentKind::Positional)).map(|a| a.value));
                at(0)
            }
        };
        // `Watcher(…)`, a subclass: its `run` is the task, the arguments are those of its making.
        let is_subclass = matches!(reader.trace.seen(file, *callee), Some(Seen::Class(..)));
        let target = if is_subclass { None } else { target };
        if target.is_none() && !is_subclass {
            return None;
        }
        let mut passed: Vec<Passed> = Vec::new();
        if !is_subclass {
            let seen_of = |id: ExpressionId| reader.trace.seen(file, id).cloned().unwrap_or(Seen::Unknown);
            passed.extend(passed_whole.into_iter().map(|value| Passed { value, seen: seen_of(value) }));
            passed.extend(passed_each.into_iter().map(|value| Passed { value, seen: element(&seen_of(value)) }));
            if let Some(tuple) = passed_tuple {
                match facts.expressions.get(tuple.index()) {
                    Some(Expression::Tuple(parts) | Expression::List(parts)) => {
                        passed.extend(parts.iter().map(|value| Passed { value: *value, seen: seen_of(*value) }));
                    }
                    _ => passed.push(Passed { value: tuple, seen: seen_of(tuple) }),
                }
            }
        }
        let seen = match target {
            Some(target) => reader.trace.seen(file, target).cloned().unwrap_or(Seen::Unknown),
            None => Seen::Unknown,
        };
        let runs = match (target, handover.target_at) {
            (None, Some((at, function))) => vec![(at, Some(function))],
            (None, None) => Vec::new(),
            (Some(_), at) => {
                let runs = runs(reader, &seen);
                match (runs.is_empty(), at) {
                    (true, Some((at, function))) => vec![(at, Some(function))],
                    _ => runs,
                }
            }
        };
        Some(Subject {
            file,
            function: handover.function,
            call,
            callee: *callee,
            construct,
            target,
            passed,
            runs,
            seen,
            pooled,
        })
    }

    /// `Parallel(n_jobs=2)(delayed(f)(x) for x in xs)`.
    fn of_joblib(
        reader: &mut Reader<'_>,
        handover: &Handover,
        call: ExpressionId,
        callee: ExpressionId,
        construct: String,
    ) -> Option<Subject> {
        let file = handover.file;
        let facts = reader.facts(file);
        let range = handover.span;
        // The call whose callee is the call of `delayed`.
        let mut found = None;
        for (index, expression) in facts.expressions.iter().enumerate() {
            let Expression::Call { callee: inner, arguments } = expression else { continue };
            let span = reader.span(file, ExpressionId::new(index));
            if span.start < range.start || span.end > range.end {
                continue;
            }
            if let Some(Expression::Call { callee: name, arguments: given }) = facts.expressions.get(inner.index())
                && matches!(reader.trace.seen(file, *name), Some(Seen::Library(n)) if n.ends_with("delayed"))
                && let Some(target) = given.first()
            {
                found = Some((target.value, arguments.iter().map(|a| a.value).collect::<Vec<_>>()));
            }
        }
        let (target, arguments) = found?;
        let seen_of = |id: ExpressionId| reader.trace.seen(file, id).cloned().unwrap_or(Seen::Unknown);
        let seen = seen_of(target);
        let passed = arguments.into_iter().map(|value| Passed { value, seen: seen_of(value) }).collect();
        let runs = runs(reader, &seen);
        Some(Subject {
            file,
            function: handover.function,
            call,
            callee,
            construct,
            target: Some(target),
            passed,
            runs,
            seen,
            pooled: true,
        })
    }
}

/// What an iterable of this kind yields.
pub fn element(seen: &Seen) -> Seen {
    match seen {
        Seen::List(item) | Seen::Set(item) => (**item).clone(),
        Seen::Plain | Seen::Dict(_) => Seen::Plain,
        Seen::Tuple(parts) => match parts.split_first() {
            Some((first, rest)) if rest.iter().all(|part| part == first) => first.clone(),
            Some(_) => Seen::Either(parts.iter().cloned().collect()),
            None => Seen::Plain,
        },
        _ => Seen::Unknown,
    }
}

/// The project's functions that calling such a value runs.
pub fn runs(reader: &mut Reader<'_>, seen: &Seen) -> Vec<Node> {
    let mut all = Vec::new();
    for one in seen.alternatives() {
        match one {
            Seen::Function(file, function) | Seen::Method(_, file, function) => all.push((*file, Some(*function))),
            Seen::Partial(callable, _) => all.extend(runs(reader, callable)),
            Seen::Instance(file, class) => {
                if let Some((at, function)) = reader.method(*file, *class, "__call__") {
                    all.push((at, Some(function)));
                }
            }
            Seen::Class(file, class) => {
                if let Some((at, function)) = reader.method(*file, *class, "__init__") {
                    all.push((at, Some(function)));
                }
            }
            _ => {}
        }
    }
    all
}
