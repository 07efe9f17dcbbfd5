//! Event loops that run one coroutine and what it awaits in turn: who blocks one keeps nobody waiting.

use crate::estimate::intent;
use crate::facts::ir::{ArgumentKind, BindingValue, Expression, Facts, Function, Statement};
use crate::id::{ExpressionId, FileId, FunctionId};
use crate::project::{Entity, Parsed, Project};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// So a coroutine is made ready to be gone through step by step.
const AWAIT: &str = ".__await__()";

/// What starts tasks that run beside others, or serves clients.
const STARTERS: [&str; 10] = [
    "create_task",
    "ensure_future",
    "gather",
    "TaskGroup",
    "start_soon",
    "create_task_group",
    "open_nursery",
    "start_server",
    "run_coroutine_threadsafe",
    "as_completed",
];

/// What may do so beside them: it serves, listens, or calls back.
const PERHAPS: [&str; 16] = [
    "add_task",
    "call_at",
    "call_later",
    "call_soon",
    "call_soon_threadsafe",
    "connect",
    "idle",
    "listen",
    "run_forever",
    "run_polling",
    "serve",
    "serve_forever",
    "start",
    "start_polling",
    "subscribe",
    "wait",
];

/// By these names functions go that a program starts with.
const STARTS: [&str; 9] = ["__main__", "_main", "cli", "entry_point", "entrypoint", "main", "run", "serve", "start"];

/// So the calls are named that a program's main coroutine awaits for as long as it serves.
const SERVES: [&str; 10] = [
    "idle",
    "run",
    "run_async",
    "run_forever",
    "run_polling",
    "serve",
    "serve_forever",
    "start",
    "start_polling",
    "wait_closed",
];

/// True in a program's main coroutine, before it gives way for the first time, if it serves then or is one for the
/// command line: nothing else runs yet.
///
/// ```python
/// async def async_main():
///     config = load_config()
///     await Service(config).run()
/// ```
pub fn is_before_service(parsed: &Parsed, function: FunctionId, place: Span) -> bool {
    let (facts, spans) = (&parsed.facts, &parsed.spans);
    let text = |id: crate::id::NameId| facts.names.get(id.index()).map_or("", |name| &**name);
    let Some(definition) = facts.functions.get(function.index()) else { return false };
    let Some(range) = spans.functions.get(function.index()) else { return false };
    if !is_main(facts, definition) {
        return false;
    }
    let within = |span: &Span| range.start <= span.start && span.end <= range.end;
    let enters = facts.statements.iter().zip(&spans.statements).filter(|(statement, span)| {
        within(span)
            && matches!(statement, Statement::With { is_async: true, .. } | Statement::For { is_async: true, .. })
    });
    let awaits = facts.expressions.iter().zip(&spans.expressions).filter_map(|(expression, span)| match expression {
        Expression::Await(inner) if within(span) => Some((*inner, *span)),
        _ => None,
    });
    let awaits: Vec<(ExpressionId, Span)> = awaits.collect();
    let serves = |id: ExpressionId| {
        let Some(Expression::Call { callee, .. }) = facts.expressions.get(id.index()) else { return false };
        matches!(facts.expressions.get(callee.index()),
            Some(Expression::Attribute { attribute, .. }) if SERVES.contains(&text(*attribute)))
    };
    enters.map(|(_, span)| span.start).chain(awaits.iter().map(|(_, span)| span.start)).all(|start| start >= place.end)
        && (intent::reads_command_line(facts) || awaits.iter().any(|(inner, _)| serves(*inner)))
}

/// True in the main coroutine of a program for the command line after it has given way for the last time: what it still
/// computes or writes, it does before the loop ends, and nobody waits for it.
///
/// ```python
/// async def main(days):
///     result = await backtest(days)
///     draw(result)
///
/// asyncio.run(main(argparse.ArgumentParser().parse_args().days))
/// ```
pub fn is_after_service(parsed: &Parsed, function: FunctionId, place: Span) -> bool {
    let (facts, spans) = (&parsed.facts, &parsed.spans);
    let Some(definition) = facts.functions.get(function.index()) else { return false };
    let Some(range) = spans.functions.get(function.index()) else { return false };
    if !is_main(facts, definition) || !intent::reads_command_line(facts) {
        return false;
    }
    let within = |span: &Span| range.start <= span.start && span.end <= range.end;
    let statements = || facts.statements.iter().zip(&spans.statements).filter(|(_, span)| within(span));
    // In a loop, what stands behind comes before as well.
    let loops = statements().filter(|(statement, span)| {
        matches!(statement, Statement::For { .. } | Statement::While { .. })
            && span.start <= place.start
            && place.end <= span.end
    });
    let start = loops.map(|(_, span)| span.start).min().unwrap_or(place.start);
    let entered = statements().filter(|(statement, _)| {
        matches!(statement, Statement::With { is_async: true, .. } | Statement::For { is_async: true, .. })
    });
    let awaits = facts.expressions.iter().zip(&spans.expressions);
    let awaits = awaits.filter(|(it, span)| matches!(it, Expression::Await(_)) && within(span));
    let mut gives_way = entered.map(|(_, span)| span).chain(awaits.map(|(_, span)| span)).peekable();
    gives_way.peek().is_some() && gives_way.all(|span| span.end <= start)
}

/// True for what a program names its main coroutine.
fn is_main(facts: &Facts, definition: &Function) -> bool {
    let name = facts.names.get(definition.name.index()).map_or("", |name| &**name);
    definition.class.is_none() && name.split('_').any(|part| matches!(part, "main" | "amain"))
}

/// True if a file starts tasks that run beside others, or serves clients.
pub fn starts_tasks(facts: &Facts) -> bool {
    facts.names.iter().any(|name| STARTERS.contains(&&**name))
}

/// The coroutines of a file that only run in loops of their own, started by functions that no program begins with: a
/// caller that waits for an answer gets it from a loop with one task. `runs` are the calls that run a loop.
///
/// ```python
/// def notify(self, message):
///     asyncio.run(self.send(message))
/// ```
pub fn private(project: &Project, file: FileId, runs: &[ExpressionId]) -> FxHashSet<FunctionId> {
    let parsed = project.parsed(file);
    if may_start_tasks(&parsed.facts) || uses_what_starts_tasks(project, file) {
        return FxHashSet::default();
    }
    let mut search = Search { project, file, parsed, runs, starts: starts(parsed), known: FxHashMap::default() };
    let all = (0..parsed.facts.functions.len()).map(FunctionId::new);
    all.filter(|function| search.is_private(*function)).collect()
}

/// True if the project has something that is no event loop and goes through coroutines step by step itself: it runs
/// those of files that have nothing of `asyncio`.
///
/// ```python
/// self.steps.append(job(*arguments).__await__())
/// ```
pub fn has_driver(project: &Project) -> bool {
    project.note_look(AWAIT, "");
    let drives = |file: FileId| {
        if !project.glance(file).contains(AWAIT)
            || project.imports_word(file, "asyncio")
            || intent::is_test(project.path(file))
        {
            return false;
        }
        let parsed = project.parsed(file);
        let (facts, spans) = (&parsed.facts, &parsed.spans);
        let text = |id: crate::id::NameId| facts.names.get(id.index()).map_or("", |name| &**name);
        facts.expressions.iter().zip(&spans.expressions).any(|(expression, span)| {
            let Expression::Call { callee, .. } = expression else { return false };
            // What is awaitable hands on what it awaits, in a method of this name.
            let is_called = matches!(facts.expressions.get(callee.index()),
                Some(Expression::Attribute { value, attribute }) if text(*attribute) == "__await__"
                    && matches!(facts.expressions.get(value.index()), Some(Expression::Call { .. })));
            is_called
                && enclosing(parsed, *span)
                    .and_then(|function| facts.functions.get(function.index()))
                    .is_some_and(|function| text(function.name) != "__await__")
        })
    };
    project.files().any(drives)
}

fn may_start_tasks(facts: &Facts) -> bool {
    starts_tasks(facts) || facts.names.iter().any(|name| PERHAPS.contains(&&**name) || name.contains("websocket"))
}

/// True if names of the file stand for what other files of the project define, where tasks are started.
fn uses_what_starts_tasks(project: &Project, file: FileId) -> bool {
    let facts = &project.parsed(file).facts;
    let mut others: Vec<FileId> = Vec::new();
    for binding in &facts.bindings {
        if !matches!(binding.value, BindingValue::Import { .. } | BindingValue::ImportFrom { .. }) {
            continue;
        }
        let Some(name) = facts.names.get(binding.name.index()) else { continue };
        others.extend(project.global(file, name).iter().filter_map(|entity| match entity {
            Entity::Module(file) | Entity::Binding(file, _) => Some(*file),
            _ => None,
        }));
    }
    others.sort_unstable();
    others.dedup();
    let is_async = |facts: &Facts| facts.functions.iter().any(|function| function.is_async);
    others.into_iter().filter(|other| *other != file).any(|other| {
        let facts = &project.parsed(other).facts;
        is_async(facts) && may_start_tasks(facts)
    })
}

struct Search<'p> {
    project: &'p Project,
    file: FileId,
    parsed: &'p Parsed,
    runs: &'p [ExpressionId],
    starts: FxHashSet<FunctionId>,
    /// While it is asked for a function, its answer is yes: those that await each other are private together.
    known: FxHashMap<FunctionId, bool>,
}

impl Search<'_> {
    fn is_private(&mut self, function: FunctionId) -> bool {
        if let Some(known) = self.known.get(&function) {
            return *known;
        }
        self.known.insert(function, true);
        let is = self.is_only_run_alone(function).unwrap_or(false);
        self.known.insert(function, is);
        is
    }

    /// True if each mention of a coroutine is a call, and that is run in a loop of its own or awaited by such a one.
    fn is_only_run_alone(&mut self, function: FunctionId) -> Option<bool> {
        let parsed = self.parsed;
        let (facts, spans) = (&parsed.facts, &parsed.spans);
        let definition = facts.functions.get(function.index())?;
        if !definition.is_async || !definition.decorators.is_empty() {
            return Some(false);
        }
        let name = facts.names.get(definition.name.index())?;
        let mentions = |expression: &Expression| matches!(expression, Expression::Name(id) | Expression::Attribute { attribute: id, .. } if *id == definition.name);
        let all = facts.expressions.iter().enumerate().filter(|(_, it)| mentions(it));
        let all: Vec<ExpressionId> = all.map(|(index, _)| ExpressionId::new(index)).collect();
        if all.is_empty() || self.is_used_elsewhere(name) {
            return Some(false);
        }
        for mention in all {
            let call = position(facts, |it| matches!(it, Expression::Call { callee, .. } if *callee == mention));
            let Some(call) = call else { return Some(false) };
            let outer = enclosing(parsed, *spans.expressions.get(call.index())?);
            let Some(outer) = outer else { return Some(false) };
            let is_fine = if self.runs.iter().any(|run| is_given(facts, *run, call)) {
                !self.starts.contains(&outer)
            } else {
                let awaits = |it: &Expression| matches!(it, Expression::Await(inner) if *inner == call);
                facts.expressions.iter().any(awaits) && self.is_private(outer)
            };
            if !is_fine {
                return Some(false);
            }
        }
        Some(true)
    }

    /// True if another file that imports this one has the name; tests are nobody's callers.
    fn is_used_elsewhere(&self, name: &str) -> bool {
        let mut others = self.project.users(self.file, name, usize::MAX).into_iter().skip(1);
        others.any(|other| !intent::is_test(self.project.path(other)))
    }
}

fn position(facts: &Facts, is_it: impl Fn(&Expression) -> bool) -> Option<ExpressionId> {
    facts.expressions.iter().position(is_it).map(ExpressionId::new)
}

/// True if a call is what a loop is to run, perhaps with a time limit around it.
fn is_given(facts: &Facts, run: ExpressionId, call: ExpressionId) -> bool {
    let first = |id: ExpressionId| match facts.expressions.get(id.index()) {
        Some(Expression::Call { arguments, .. }) => {
            arguments.first().filter(|it| it.kind == ArgumentKind::Positional).map(|it| it.value)
        }
        _ => None,
    };
    let given = first(run);
    given == Some(call) || given.and_then(first) == Some(call)
}

/// The innermost function around a place.
fn enclosing(parsed: &Parsed, place: Span) -> Option<FunctionId> {
    let all = parsed.spans.functions.iter().enumerate();
    let around = all.filter(|(_, span)| span.start <= place.start && place.end <= span.end);
    around.min_by_key(|(_, span)| span.end - span.start).map(|(index, _)| FunctionId::new(index))
}

/// The functions that a program begins with: what the module's body leads to within the file, what commands and mains
/// are, and what may be a command that is named somewhere else.
fn starts(parsed: &Parsed) -> FxHashSet<FunctionId> {
    let (facts, spans) = (&parsed.facts, &parsed.spans);
    let text = |id: crate::id::NameId| facts.names.get(id.index()).map_or("", |name| &**name);
    let mut mentions: Vec<(Span, &str)> = Vec::new();
    for (expression, span) in facts.expressions.iter().zip(&spans.expressions) {
        if let Expression::Name(name) | Expression::Attribute { attribute: name, .. } = expression {
            mentions.push((*span, text(*name)));
        }
    }
    let class_of = |it: &Function| it.class.and_then(|class| facts.classes.get(class.index()));
    // Python: if __name__ == "__main__": App().run()
    let is_named = |it: &Function, name: &str| {
        let own = text(it.name);
        own == name || own.starts_with("__") && class_of(it).is_some_and(|class| text(class.name) == name)
    };
    let named = |name: &str| -> Vec<FunctionId> {
        let all = facts.functions.iter().enumerate().filter(|(_, it)| is_named(it, name));
        all.map(|(index, _)| FunctionId::new(index)).collect()
    };
    let mut open: Vec<FunctionId> = Vec::new();
    for (span, name) in &mentions {
        if enclosing(parsed, *span).is_none() {
            open.extend(named(name));
        }
    }
    for (index, it) in facts.functions.iter().enumerate() {
        let name = text(it.name);
        let is_alone = it.class.is_none()
            && it.parent.is_none()
            && it.parameters.is_empty()
            && !mentions.iter().any(|(_, mentioned)| *mentioned == name);
        let is_start = it.class.is_none() && STARTS.contains(&name);
        if is_start || is_alone || !it.decorators.is_empty() && it.class.is_none() {
            open.push(FunctionId::new(index));
        }
    }
    let mut found = FxHashSet::default();
    while let Some(function) = open.pop() {
        if !found.insert(function) {
            continue;
        }
        let Some(range) = spans.functions.get(function.index()) else { continue };
        for (_, name) in mentions.iter().filter(|(span, _)| range.start <= span.start && span.end <= range.end) {
            open.extend(named(name));
        }
    }
    found
}
