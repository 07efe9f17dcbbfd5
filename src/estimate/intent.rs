//! What the code around a hand-over says of its purpose: a time limit, a kill, a window to keep alive.

use super::report::Handover;
use crate::facts::ir::{BindingValue, Expression, Facts, Statement};
use crate::id::{ExpressionId, FileId, FunctionId, NameId};
use crate::knowledge::schema::Vehicle;
use crate::project::{Parsed, Project};
use crate::text::Span;
use rustc_hash::FxHashMap;

/// Why a vehicle may be right although it does not fit the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Intent {
    /// The worker is ended from outside: `terminate`, `kill`, `join(timeout)`.
    TimeLimit,
    /// Workers are replaced, resources limited, crashes contained.
    Isolation,
    /// One worker keeps a window or a server responsive.
    Responsiveness,
    /// A worker that serves for as long as the program runs.
    Service,
    /// The code is a test.
    Test,
}

impl Intent {
    /// The word for it in explanations.
    pub fn name(self) -> &'static str {
        match self {
            Intent::TimeLimit => "a time limit or a kill",
            Intent::Isolation => "isolation",
            Intent::Responsiveness => "responsiveness",
            Intent::Service => "a service that runs for as long as the program",
            Intent::Test => "a test",
        }
    }
}

/// What was looked for in files, so that each is read through once and not for every hand-over.
#[derive(Debug, Default)]
pub struct Seen {
    /// The expressions that stand at a place.
    places: FxHashMap<FileId, FxHashMap<Span, ExpressionId>>,
    /// Whether somebody ends the worker of a name.
    ended: FxHashMap<(FileId, NameId), bool>,
    /// Where resources are limited or the interpreter may end.
    isolating: FxHashMap<FileId, Vec<Span>>,
}

/// What the code around a hand-over says of its purpose.
pub fn of(project: &Project, handover: &Handover, seen: &mut Seen) -> Vec<Intent> {
    let (file, parsed) = (handover.file, project.parsed(handover.file));
    let mut found = Vec::new();
    if handover.isolated {
        found.push(Intent::Isolation);
    }
    let named = handover.bound_to.and_then(|span| {
        let places = seen.places.entry(file).or_insert_with(|| places(parsed));
        name_of(&parsed.facts, *places.get(&span)?)
    });
    if let Some(name) = named
        && *seen.ended.entry((file, name)).or_insert_with(|| is_ended(&parsed.facts, name))
    {
        found.push(Intent::TimeLimit);
    }
    if handover.vehicle == Vehicle::Process && handover.lone_worker && ends_workers(parsed, handover) {
        found.push(Intent::TimeLimit);
    }
    if let Some((file, function)) = handover.target_at {
        let target = project.parsed(file);
        let isolating = seen.isolating.entry(file).or_insert_with(|| isolating(target));
        let range = target.spans.functions.get(function.index());
        if range.is_some_and(|range| isolating.iter().any(|it| range.start <= it.start && it.end <= range.end)) {
            found.push(Intent::Isolation);
        }
    }
    if handover.endless && (handover.daemon || handover.vehicle == Vehicle::Thread) {
        found.push(Intent::Service);
    }
    if is_test(project.path(handover.file)) {
        found.push(Intent::Test);
    }
    found.dedup();
    found
}

/// True for files that hold tests, by the names that test runners look for.
pub fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("test_")
        || name.ends_with("_test.py")
        || name == "conftest.py"
        || path.split('/').any(|folder| ["tests", "test", "_tests", "testing", "pytest"].contains(&folder))
}

/// True for files whose sizes are not those of real use: tests and benchmarks.
pub fn is_trial(path: &str) -> bool {
    let is_benchmark = |part: &str| {
        let stem = part.strip_suffix(".py").unwrap_or(part);
        ["bench", "benchmark", "benchmarks"].contains(&stem) || stem.starts_with("bench_")
    };
    is_test(path) || path.split('/').any(is_benchmark)
}

/// The variable or attribute that an assignment's target names.
fn last_name(parsed: &Parsed, target: Span) -> Option<NameId> {
    let index = parsed.spans.expressions.iter().position(|span| *span == target)?;
    name_of(&parsed.facts, ExpressionId::new(index))
}

fn name_of(facts: &Facts, target: ExpressionId) -> Option<NameId> {
    match facts.expressions.get(target.index())? {
        Expression::Name(name) => Some(*name),
        Expression::Attribute { attribute, .. } => Some(*attribute),
        _ => None,
    }
}

/// The first expression at each place.
fn places(parsed: &Parsed) -> FxHashMap<Span, ExpressionId> {
    let mut places = FxHashMap::default();
    for (index, span) in parsed.spans.expressions.iter().enumerate() {
        places.entry(*span).or_insert_with(|| ExpressionId::new(index));
    }
    places
}

fn text(facts: &Facts, name: NameId) -> &str {
    facts.names.get(name.index()).map_or("", |n| n)
}

/// True if the function that starts workers also ends them from outside: `child.terminate()` in a loop over them.
fn ends_workers(parsed: &Parsed, handover: &Handover) -> bool {
    let range = handover.function.and_then(|f| parsed.spans.functions.get(f.index())).copied();
    let facts = &parsed.facts;
    facts.expressions.iter().zip(&parsed.spans.expressions).any(|(expression, span)| {
        if range.is_some_and(|r| span.start < r.start || span.end > r.end) {
            return false;
        }
        let Expression::Attribute { value, attribute } = expression else { return false };
        matches!(text(facts, *attribute), "terminate" | "kill")
            && matches!(facts.expressions.get(value.index()), Some(Expression::Name(_)))
    })
}

/// True if the function that starts a worker also waits for it, or for what it puts into a queue.
pub fn is_joined(project: &Project, handover: &Handover) -> bool {
    let parsed = project.parsed(handover.file);
    let range = handover.function.and_then(|f| parsed.spans.functions.get(f.index())).copied();
    if handover.lone_worker && polls_queue(parsed, range) {
        return true;
    }
    let Some(name) = handover.bound_to.and_then(|span| last_name(parsed, span)) else { return false };
    let facts = &parsed.facts;
    facts.expressions.iter().zip(&parsed.spans.expressions).any(|(expression, span)| {
        if range.is_some_and(|r| span.start < r.start || span.end > r.end) {
            return false;
        }
        let Expression::Attribute { value, attribute } = expression else { return false };
        matches!(text(facts, *attribute), "join" | "result" | "get" | "is_alive" | "isAlive" | "done")
            && matches!(facts.expressions.get(value.index()), Some(Expression::Name(n)) if *n == name)
    })
}

/// True if a loop asks whether a queue has something: `while results.empty():`.
fn polls_queue(parsed: &Parsed, range: Option<Span>) -> bool {
    let facts = &parsed.facts;
    facts.statements.iter().any(|statement| {
        let Statement::While { condition, .. } = statement else { return false };
        let Some(span) = parsed.spans.expressions.get(condition.index()) else { return false };
        range.is_none_or(|r| r.start <= span.start && span.end <= r.end)
            && matches!(called_attribute(facts, *condition), Some("empty"))
    })
}

/// The method that an expression calls: `results.empty()`.
fn called_attribute(facts: &Facts, id: ExpressionId) -> Option<&str> {
    let Some(Expression::Call { callee, .. }) = facts.expressions.get(id.index()) else { return None };
    match facts.expressions.get(callee.index()) {
        Some(Expression::Attribute { attribute, .. }) => Some(text(facts, *attribute)),
        _ => None,
    }
}

/// True if the work goes on until somebody says that it is enough: a watcher, not a share of a computation.
///
/// ```python
/// while True:
///     self.peak = max(self.peak, memory())
///     if not self.monitoring:
///         break
/// ```
pub fn is_stopped_from_outside(project: &Project, handover: &Handover) -> bool {
    let Some((file, function)) = handover.target_at else { return false };
    let parsed = project.parsed(file);
    let Some(range) = parsed.spans.functions.get(function.index()) else { return false };
    let facts = &parsed.facts;
    facts.statements.iter().any(|statement| {
        let condition = match statement {
            Statement::While { condition, .. } => *condition,
            Statement::If { condition, then, .. }
                if matches!(then.first().and_then(|s| facts.statements.get(s.index())), Some(Statement::Break)) =>
            {
                *condition
            }
            _ => return false,
        };
        parsed.spans.expressions.get(condition.index()).is_some_and(|s| range.start <= s.start && s.end <= range.end)
            && is_flag(facts, condition)
    })
}

/// `self.running`, `not self.stopped`, `stop.is_set()`.
fn is_flag(facts: &Facts, condition: ExpressionId) -> bool {
    match facts.expressions.get(condition.index()) {
        Some(Expression::Unary { operand, .. }) => is_flag(facts, *operand),
        Some(Expression::Attribute { .. }) => true,
        Some(Expression::Call { .. }) => matches!(called_attribute(facts, condition), Some("is_set" | "isSet")),
        _ => false,
    }
}

/// True if somebody ends the worker of that name: `p.terminate()`, `self.p.kill()`, `p.join(5)`, `os.kill(pid)`.
fn is_ended(facts: &Facts, name: NameId) -> bool {
    let is_named = |id: ExpressionId| match facts.expressions.get(id.index()) {
        Some(Expression::Name(n)) => *n == name,
        Some(Expression::Attribute { attribute, .. }) => *attribute == name,
        _ => false,
    };
    // Python: pids.append(p.pid), and elsewhere os.kill(pid, signal.SIGTERM)
    let kills = facts.expressions.iter().any(|expression| {
        let Expression::Attribute { value, attribute } = expression else { return false };
        matches!(text(facts, *attribute), "kill" | "killpg")
            && matches!(facts.expressions.get(value.index()), Some(Expression::Name(n)) if text(facts, *n) == "os")
    });
    let looks = facts.expressions.iter().any(|expression| {
        matches!(expression, Expression::Attribute { value, attribute }
            if matches!(text(facts, *attribute), "is_alive" | "isAlive" | "exitcode") && is_named(*value))
    });
    facts.expressions.iter().any(|expression| {
        let is_pid = matches!(expression, Expression::Attribute { attribute, .. } if text(facts, *attribute) == "pid");
        if is_pid && kills {
            return matches!(expression, Expression::Attribute { value, .. } if is_named(*value));
        }
        let Expression::Call { callee, arguments } = expression else { return false };
        let Some(Expression::Attribute { value, attribute }) = facts.expressions.get(callee.index()) else {
            return false;
        };
        if !is_named(*value) {
            return false;
        }
        match text(facts, *attribute) {
            "terminate" | "kill" => true,
            // Who waits for so long only and then looks has something else in mind for the rest of the time.
            "join" => !arguments.is_empty() && looks,
            _ => false,
        }
    })
}

/// Where a file limits its own resources or may end the interpreter: who does so wants a process of its own.
fn isolating(parsed: &Parsed) -> Vec<Span> {
    let facts = &parsed.facts;
    let all = facts.expressions.iter().zip(&parsed.spans.expressions);
    let isolating = all.filter(|(expression, _)| {
        let Expression::Attribute { value, attribute } = expression else { return false };
        let owner = match facts.expressions.get(value.index()) {
            Some(Expression::Name(name)) => text(facts, *name),
            _ => return false,
        };
        matches!(
            (owner, text(facts, *attribute)),
            ("resource", "setrlimit")
                | (
                    "os",
                    "_exit"
                        | "setsid"
                        | "setuid"
                        | "setgid"
                        | "chroot"
                        | "nice"
                        | "fork"
                        | "execv"
                        | "execvp"
                        | "execve"
                )
                | ("signal", "signal" | "alarm" | "setitimer")
        )
    });
    isolating.map(|(_, span)| *span).collect()
}

/// Packages that make commands for the terminal of functions.
const COMMAND_LINES: [&str; 6] = ["asyncclick", "click", "cyclopts", "fire", "rich_click", "typer"];

/// True if a file imports what makes commands for the terminal of functions.
pub fn makes_commands(facts: &Facts) -> bool {
    let makes = |module: NameId| {
        let root = text(facts, module).split('.').next().unwrap_or_default();
        COMMAND_LINES.contains(&root)
    };
    facts.bindings.iter().any(|binding| match &binding.value {
        BindingValue::Import { module, .. } => makes(*module),
        BindingValue::ImportFrom { module, level: 0, .. } | BindingValue::ImportStar { module, level: 0 } => {
            makes(*module)
        }
        _ => false,
    })
}

/// True if a file takes its options from the command line: somebody calls it and waits for what it prints.
pub fn reads_command_line(facts: &Facts) -> bool {
    const READERS: [&str; 4] = ["ArgumentParser", "OptionParser", "docopt", "getopt"];
    makes_commands(facts) || facts.names.iter().any(|name| READERS.contains(&&**name))
}

/// True if a coroutine of a file that [`makes_commands`] is one, or helps one: nobody else waits for that event loop.
///
/// ```python
/// @app.command
/// async def login(): ...
/// ```
pub fn is_command(facts: &Facts, function: Option<FunctionId>) -> bool {
    const REGISTER: [&str; 6] = ["command", "callback", "default", "group", "pass_context", "pass_obj"];
    let Some(function) = function.and_then(|it| facts.functions.get(it.index())) else { return false };
    function.decorators.iter().all(|decorator| {
        let callee = match facts.expressions.get(decorator.index()) {
            Some(Expression::Call { callee, .. }) => *callee,
            _ => *decorator,
        };
        match facts.expressions.get(callee.index()) {
            Some(Expression::Attribute { value, attribute }) => {
                let owner = matches!(facts.expressions.get(value.index()),
                    Some(Expression::Name(name)) if COMMAND_LINES.contains(&text(facts, *name)));
                owner || REGISTER.contains(&text(facts, *attribute))
            }
            // A function of the project: it wraps.
            Some(Expression::Name(_)) => true,
            _ => false,
        }
    })
}

/// True if a statement of a module makes every thread a green one.
pub fn is_monkey_patched(facts: &Facts) -> bool {
    facts.body.iter().any(|id| {
        let Some(Statement::Expression(value)) = facts.statements.get(id.index()) else { return false };
        let Some(Expression::Call { callee, .. }) = facts.expressions.get(value.index()) else { return false };
        match facts.expressions.get(callee.index()) {
            Some(Expression::Attribute { attribute, .. }) => {
                matches!(text(facts, *attribute), "patch_all" | "monkey_patch")
            }
            Some(Expression::Name(name)) => matches!(text(facts, *name), "patch_all" | "monkey_patch"),
            _ => false,
        }
    })
}
