//! Events of one place put together: all contexts in which it was seen, and what they agree on.

use super::fallback::Handlers;
use super::loops;
use crate::config::Target;
use crate::cost::{Cost, Interval};
use crate::diagnostic::{Confidence, Evidence};
use crate::estimate::Report;
use crate::estimate::evidence::{Operation, Trail};
use crate::estimate::intent::{self, Intent};
use crate::estimate::report::{Event, Handover, Stall, steps};
use crate::facts::ir::{Expression, Facts, Statement};
use crate::id::{ExpressionId, FileId, FunctionId, NameId};
use crate::knowledge::Knowledge;
use crate::knowledge::schema::{Clock, Vehicle, WaitKind};
use crate::project::{Entity, Parsed, Project};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::LazyCell;
use std::rc::Rc;

/// A place where work is handed over.
pub struct HandoverSite<'a> {
    /// All files.
    pub project: &'a Project,
    /// The interpreter.
    pub target: Target,
    /// Every context in which it was seen with a known target; never empty.
    pub contexts: Vec<&'a Handover>,
    /// Two or more workers for speed.
    pub many: bool,
    /// Awaited on the spot: one piece of work moved off the event loop.
    pub awaited: bool,
    /// What the code around it says of its purpose.
    pub intents: Vec<Intent>,
    /// Only tests tell of it, or it stands in a test or a benchmark.
    pub is_test: bool,
}

/// A stretch in which an event loop stands still.
pub struct StallSite<'a> {
    /// All files.
    pub project: &'a Project,
    /// The interpreter.
    pub target: Target,
    /// Every context in which it was seen; never empty.
    pub contexts: Vec<&'a Stall>,
    /// In a test or a benchmark.
    pub is_test: bool,
    /// In no test, but nothing else tells of it.
    pub only_tests: bool,
    /// The file makes every thread a green one.
    pub is_patched: bool,
    /// What the call gives is awaited on the spot.
    pub is_awaited: bool,
    /// The file is a program of its own: it starts the event loop.
    pub starts_loop: bool,
    /// The loop runs this and nothing beside it, or there is none: see [`loops::private`], [`loops::has_driver`].
    pub is_private: bool,
    of_file: Rc<OfFile>,
}

/// What the stalls of one file are judged by, worked out once.
struct OfFile {
    /// The calls that are awaited where they stand.
    awaited: FxHashSet<Span>,
    is_patched: bool,
    handlers: Handlers,
    /// What the file has an application run once.
    hooks: FxHashSet<NameId>,
    /// See [`intent::makes_commands`].
    makes_commands: bool,
    /// See [`loops::starts_tasks`].
    starts_tasks: bool,
    /// It has nothing of `asyncio`, and so may be run by a driver of the project: see [`loops::has_driver`].
    may_be_driven: bool,
}

impl OfFile {
    fn new(project: &Project, file: FileId) -> OfFile {
        let parsed = project.parsed(file);
        OfFile {
            awaited: awaited_places(parsed),
            is_patched: intent::is_monkey_patched(&parsed.facts),
            handlers: Handlers::new(parsed),
            hooks: registered_hooks(&parsed.facts),
            makes_commands: intent::makes_commands(&parsed.facts),
            starts_tasks: loops::starts_tasks(&parsed.facts),
            may_be_driven: !project.imports_word(file, "asyncio"),
        }
    }
}

impl StallSite<'_> {
    /// True in what runs once, before the first client comes or after the last one has gone.
    pub fn is_start_or_end(&self) -> bool {
        const ONCE: [&str; 6] = ["initialize", "startup", "on_startup", "shutdown", "on_shutdown", "setup_hook"];
        self.contexts.first().is_some_and(|stall| {
            let parsed = self.project.parsed(stall.file);
            let facts = &parsed.facts;
            let Some(id) = stall.function else { return false };
            let Some(function) = facts.functions.get(id.index()) else { return false };
            let name = facts.names.get(function.name.index());
            name.is_some_and(|name| {
                ONCE.contains(&&**name)
                    || name.starts_with("initialize_")
                    || name.starts_with("init_")
                    || name.contains("lifespan")
            }) || function.decorators.iter().any(|decorator| is_hook(facts, *decorator))
                || self.of_file.hooks.contains(&function.name)
                || loops::is_before_service(parsed, id, stall.span)
                || loops::is_after_service(parsed, id, stall.span)
        })
    }

    /// True in a command for the terminal, with no other task in sight.
    pub fn is_command(&self) -> bool {
        let may_be = self.of_file.makes_commands && !self.of_file.starts_tasks;
        may_be
            && self
                .contexts
                .first()
                .is_some_and(|stall| intent::is_command(&self.project.parsed(stall.file).facts, stall.function))
    }

    /// True if the file starts tasks that run beside others, or serves clients.
    pub fn starts_tasks(&self) -> bool {
        self.of_file.starts_tasks
    }

    /// True for a shutdown that takes hardly long enough for anybody to notice.
    pub fn is_short_end(&self, stall: &Stall) -> bool {
        /// The loop has nothing else to do, so this many seconds pass unnoticed.
        const UNNOTICED: f64 = 1.0;
        const ENDS: [&str; 4] = ["shutdown", "on_shutdown", "shut_down", "on_exit"];
        let facts = &self.project.parsed(stall.file).facts;
        let function = stall.function.and_then(|f| facts.functions.get(f.index()));
        let name = function.and_then(|it| facts.names.get(it.name.index()));
        let ends = name.is_some_and(|name| ENDS.contains(&name.trim_matches('_')));
        (ends || self.is_after_yield(stall)) && stall.cost.wait.likely <= UNNOTICED
    }

    /// True behind the `yield` of a coroutine that is a context manager: what it has opened is closed there.
    ///
    /// ```python
    /// @contextlib.asynccontextmanager
    /// async def manage(self):
    ///     yield
    ///     self.executor.shutdown()
    /// ```
    fn is_after_yield(&self, stall: &Stall) -> bool {
        let parsed = self.project.parsed(stall.file);
        let (facts, spans) = (&parsed.facts, &parsed.spans);
        let Some(function) = stall.function else { return false };
        let Some(definition) = facts.functions.get(function.index()) else { return false };
        let Some(range) = spans.functions.get(function.index()) else { return false };
        let is_manager = definition.decorators.iter().any(|decorator| {
            matches!(facts.expressions.get(decorator.index()),
                Some(Expression::Name(name) | Expression::Attribute { attribute: name, .. })
                    if facts.names.get(name.index()).is_some_and(|name| &**name == "asynccontextmanager"))
        });
        is_manager
            && facts.expressions.iter().zip(&spans.expressions).any(|(expression, span)| {
                matches!(expression, Expression::Yield(_)) && range.start <= span.start && span.end <= stall.span.start
            })
    }

    /// True where a program for the terminal has handed it over to another one, and waits until it is given back.
    ///
    /// ```python
    /// with self.app.suspend():
    ///     subprocess.run([editor, path])
    /// ```
    pub fn is_suspended(&self, stall: &Stall) -> bool {
        let parsed = self.project.parsed(stall.file);
        let (facts, spans) = (&parsed.facts, &parsed.spans);
        let suspends = |id: ExpressionId| {
            let Some(Expression::Call { callee, .. }) = facts.expressions.get(id.index()) else { return false };
            matches!(facts.expressions.get(callee.index()), Some(Expression::Attribute { attribute, .. })
                if facts.names.get(attribute.index()).is_some_and(|name| &**name == "suspend"))
        };
        facts.statements.iter().zip(&spans.statements).any(|(statement, span)| {
            matches!(statement, Statement::With { items, .. } if items.iter().any(|(item, _)| suspends(*item)))
                && span.start <= stall.span.start
                && stall.span.end <= span.end
        })
    }

    /// True if the statement before puts something into the queue that this one takes from.
    ///
    /// ```python
    /// stop.put(None)
    /// stop.get()
    /// ```
    pub fn is_just_filled(&self, stall: &Stall) -> bool {
        let parsed = self.project.parsed(stall.file);
        let (facts, spans) = (&parsed.facts, &parsed.spans);
        let text = self.project.text(stall.file);
        // The receiver of a method, as it is written.
        let receiver = |id: ExpressionId, methods: &[&str]| {
            let Expression::Call { callee, .. } = facts.expressions.get(id.index())? else { return None };
            let Expression::Attribute { value, attribute } = facts.expressions.get(callee.index())? else {
                return None;
            };
            let name = facts.names.get(attribute.index())?;
            let span = spans.expressions.get(value.index()).filter(|_| methods.contains(&&**name))?;
            text.get(span.start as usize..span.end as usize)
        };
        let mut here = spans.expressions.iter().enumerate().filter(|(_, span)| **span == stall.span);
        let taken = here.find_map(|(index, _)| receiver(ExpressionId::new(index), &["get"]));
        let Some(taken) = taken else { return false };
        facts.statements.iter().zip(&spans.statements).any(|(statement, span)| {
            let Statement::Expression(put) = statement else { return false };
            let follows = text.get(span.end as usize..stall.span.start as usize);
            // Nothing but this statement's own beginning in between.
            follows.is_some_and(|it| it.matches('\n').count() == 1 && !it.contains("await"))
                && receiver(*put, &["put", "put_nowait"]) == Some(taken)
        })
    }

    /// What a stall calls, as it is written there; nothing where that is a loop, or too much to repeat.
    pub fn callee(&self, stall: &Stall) -> Option<&str> {
        const LONGEST: usize = 60;
        let parsed = self.project.parsed(stall.file);
        let (facts, spans) = (&parsed.facts, &parsed.spans);
        let mut here = facts.expressions.iter().zip(&spans.expressions).filter(|(_, span)| **span == stall.span);
        let callee = here.find_map(|(it, _)| match it {
            Expression::Call { callee, .. } => spans.expressions.get(callee.index()),
            _ => None,
        })?;
        let written = callee.of(self.project.text(stall.file));
        (written.len() <= LONGEST && !written.contains(['(', '\n'])).then_some(written)
    }

    /// True if what is opened was asked whether it is a `data:` or `file:` URL, here, where the function is called, or on the
    /// way to what opens it.
    pub fn is_local_url(&self, stall: &Stall, opens: &Operation) -> bool {
        let steps = std::iter::successors(opens.path.as_deref(), |step| step.next.as_deref());
        self.asks_for_local_url(stall.file, stall.span, stall.function)
            || steps.into_iter().any(|step| self.asks_for_local_url(step.file, step.span, None))
    }

    fn asks_for_local_url(&self, file: FileId, place: Span, function: Option<FunctionId>) -> bool {
        let parsed = self.project.parsed(file);
        let (facts, spans) = (&parsed.facts, &parsed.spans);
        let holds = |outer: &Span, inner: &Span| outer.start <= inner.start && inner.end <= outer.end;
        let asks = |condition: &Span| {
            facts.expressions.iter().zip(&spans.expressions).any(|(expression, span)| {
                matches!(expression, Expression::String { value: Some(text), .. }
                    if matches!(facts.names.get(text.index()).map_or("", |it| &**it), "data:" | "file:" | "file://"))
                    && holds(condition, span)
            })
        };
        let guarded = facts.statements.iter().filter_map(|statement| {
            let Statement::If { condition, then, otherwise } = statement else { return None };
            let is_not = matches!(facts.expressions.get(condition.index()), Some(Expression::Unary { .. }));
            let block = if is_not { otherwise } else { then };
            let first = spans.statements.get(block.first()?.index())?;
            let last = spans.statements.get(block.last()?.index())?;
            let is_one = asks(spans.expressions.get(condition.index())?);
            is_one.then_some(Span { start: first.start, end: last.end })
        });
        let guarded: Vec<Span> = guarded.collect();
        if guarded.is_empty() {
            return false;
        }
        if guarded.iter().any(|block| holds(block, &place)) {
            return true;
        }
        let Some(function) = function.and_then(|it| facts.functions.get(it.index())) else { return false };
        let mut calls = facts.expressions.iter().zip(&spans.expressions).filter(|(expression, _)| {
            matches!(expression, Expression::Name(name) | Expression::Attribute { attribute: name, .. }
                if *name == function.name)
        });
        let mut some = false;
        calls.all(|(_, span)| {
            some = true;
            guarded.iter().any(|block| holds(block, span))
        }) && some
    }

    /// True for what is left when the same has failed: see [`Handlers::is_fallback`].
    pub fn is_fallback(&self, stall: &Stall) -> bool {
        self.of_file.handlers.is_fallback(self.project.parsed(stall.file), self.project.text(stall.file), stall)
    }
}

/// True for decorators by which frameworks know what to run once: `@app.before_server_start`, and
/// `@app.on_event("startup")`.
///
/// The names are those of Starlette, FastAPI, Sanic and Quart.
fn is_hook(facts: &Facts, decorator: ExpressionId) -> bool {
    const HOOKS: [&str; 16] = [
        "startup",
        "shutdown",
        "on_startup",
        "on_shutdown",
        "before_serving",
        "after_serving",
        "before_server_start",
        "after_server_start",
        "before_server_stop",
        "after_server_stop",
        "main_process_start",
        "main_process_ready",
        "main_process_stop",
        "reload_process_start",
        "reload_process_stop",
        "before_reload_trigger",
    ];
    let is_one = |name: &NameId| facts.names.get(name.index()).is_some_and(|name| HOOKS.contains(&&**name));
    match facts.expressions.get(decorator.index()) {
        Some(Expression::Attribute { attribute, .. }) => is_one(attribute),
        Some(Expression::Call { callee, arguments }) => {
            is_hook(facts, *callee)
                || arguments.first().is_some_and(|argument| {
                    matches!(facts.expressions.get(argument.value.index()),
                        Some(Expression::String { value: Some(event), .. }) if is_one(event))
                })
        }
        _ => false,
    }
}

/// The functions that are put among those that an application of aiohttp runs once: `app.on_startup.append(warm_up)`.
fn registered_hooks(facts: &Facts) -> FxHashSet<NameId> {
    const LISTS: [&str; 4] = ["on_startup", "on_shutdown", "on_cleanup", "cleanup_ctx"];
    let text = |name: NameId| facts.names.get(name.index()).map_or("", |it| &**it);
    let attribute = |id: ExpressionId| match facts.expressions.get(id.index())? {
        Expression::Attribute { value, attribute } => Some((*value, text(*attribute))),
        _ => None,
    };
    let added = facts.expressions.iter().filter_map(|expression| {
        let Expression::Call { callee, arguments } = expression else { return None };
        let (list, _) = attribute(*callee).filter(|(_, method)| *method == "append")?;
        attribute(list).filter(|(_, list)| LISTS.contains(list))?;
        match facts.expressions.get(arguments.first()?.value.index())? {
            Expression::Name(name) | Expression::Attribute { attribute: name, .. } => Some(*name),
            _ => None,
        }
    });
    added.collect()
}

/// Hand-overs by place.
pub fn handovers<'a>(project: &'a Project, report: &'a Report, target: Target) -> Vec<HandoverSite<'a>> {
    let all: Vec<&Handover> = report
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Handover(handover) => Some(handover),
            Event::Stall(_) => None,
        })
        .collect();
    let mut functions: FxHashMap<(FileId, Option<FunctionId>), Vec<&Handover>> = FxHashMap::default();
    for handover in &all {
        functions.entry((handover.file, handover.function)).or_default().push(handover);
    }
    let (mut sites, mut seen) = (Vec::new(), intent::Seen::default());
    let mut surroundings: FxHashMap<FileId, Surroundings> = FxHashMap::default();
    for group in all.chunk_by(|a, b| a.file == b.file && a.span == b.span) {
        let mut contexts: Vec<&Handover> =
            group.iter().copied().filter(|h| h.known && !starts_anything(project, h)).collect();
        let is_test = only_tests(&mut contexts, |handover| handover.from_test);
        let Some(first) = contexts.first().copied() else { continue };
        let parsed = project.parsed(first.file);
        let around = surroundings.entry(first.file).or_insert_with(|| Surroundings::new(parsed));
        let fans_out = around.fans_out(parsed, first);
        let mut awaited = around.awaited.contains(&first.span) && !fans_out;
        let mut many = fans_out
            || multiplied(project, around, &contexts, awaited)
            || has_siblings(functions.get(&(first.file, first.function)), first, awaited);
        // Python: await loop.run_in_executor(None, function), in a wrapper: what some callers run several of at once says
        // nothing of what others wait for, one by one.
        let is_fanned = |it: &&Handover| it.offload && it.fanned;
        if !many && contexts.iter().any(is_fanned) {
            contexts.retain(is_fanned);
            (many, awaited) = (true, false);
        }
        let mut intents: Vec<Intent> = contexts.iter().flat_map(|h| intent::of(project, h, &mut seen)).collect();
        intents.sort_unstable();
        intents.dedup();
        sites.push(HandoverSite {
            project,
            target,
            many,
            awaited,
            intents,
            is_test: is_test || intent::is_trial(project.path(first.file)),
            contexts,
        });
    }
    sites
}

/// Leaves out what tests alone tell of, as long as something else does; true if nothing else does.
fn only_tests<T>(contexts: &mut Vec<&T>, from_test: impl Fn(&T) -> bool) -> bool {
    if contexts.iter().all(|context| from_test(context)) {
        return !contexts.is_empty();
    }
    contexts.retain(|context| !from_test(context));
    false
}

/// True for a worker's class that starts whatever it was made with: who makes one decides, and that is not here.
///
/// ```python
/// class Worker(Process):
///     def __init__(self, target):
///         super().__init__(target=target, daemon=True)
/// ```
fn starts_anything(project: &Project, handover: &Handover) -> bool {
    let facts = &project.parsed(handover.file).facts;
    let function = handover.function.and_then(|it| facts.functions.get(it.index()));
    let Some(class) = function.and_then(|it| it.class) else { return false };
    let name = function.and_then(|it| facts.names.get(it.name.index()));
    let is_start = name.is_some_and(|name| matches!(&**name, "__init__" | "start"));
    // `run` of a subclass is what it is made for.
    let is_own = handover.target_at.is_some_and(|(file, target)| {
        let facts = &project.parsed(file).facts;
        let name = facts.functions.get(target.index()).and_then(|it| facts.names.get(it.name.index()));
        name.is_some_and(|name| &**name == "run")
    });
    // A pool or a thread that the object keeps is no part of it.
    let is_worker = facts.classes.get(class.index()).is_some_and(|it| {
        it.bases.iter().any(|base| {
            let name = match facts.expressions.get(base.index()) {
                Some(Expression::Name(name) | Expression::Attribute { attribute: name, .. }) => {
                    facts.names.get(name.index())
                }
                _ => None,
            };
            name.is_some_and(|name| name.ends_with("Process") || name.ends_with("Thread"))
        })
    });
    is_start && is_worker && !is_own
}

/// Stalls by place.
pub fn stalls<'a>(
    project: &'a Project,
    knowledge: &Knowledge,
    report: &'a Report,
    target: Target,
) -> Vec<StallSite<'a>> {
    let all: Vec<&Stall> = report
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Stall(stall) => Some(stall),
            Event::Handover(_) => None,
        })
        .collect();
    let mut files: Vec<FileId> = all.iter().map(|stall| stall.file).collect();
    files.sort_unstable();
    files.dedup();
    let of_file = |file: &FileId| (*file, Rc::new(OfFile::new(project, *file)));
    let known: FxHashMap<FileId, Rc<OfFile>> = files.iter().map(of_file).collect();
    let starting: FxHashMap<FileId, Vec<ExpressionId>> = files
        .into_iter()
        .map(|file| (file, loop_runs(project, knowledge, file)))
        .filter(|(_, runs)| !runs.is_empty())
        .collect();
    let has_driver = LazyCell::new(|| loops::has_driver(project));
    let mut private: FxHashMap<FileId, FxHashSet<FunctionId>> = FxHashMap::default();
    all.chunk_by(|a, b| a.file == b.file && a.span == b.span)
        .filter_map(|group| {
            let first = group.first()?;
            let of_file = known.get(&first.file)?;
            let mut contexts = group.to_vec();
            let only_tests = only_tests(&mut contexts, |stall| stall.from_test);
            Some(StallSite {
                starts_loop: starting.contains_key(&first.file),
                is_private: of_file.may_be_driven && *has_driver || is_private(project, &mut private, &starting, first),
                project,
                target,
                contexts,
                only_tests,
                is_test: intent::is_trial(project.path(first.file)),
                is_patched: of_file.is_patched,
                is_awaited: of_file.awaited.contains(&first.span),
                of_file: Rc::clone(of_file),
            })
        })
        .collect()
}

/// True if a stall keeps nobody waiting but who called.
fn is_private(
    project: &Project,
    private: &mut FxHashMap<FileId, FxHashSet<FunctionId>>,
    starting: &FxHashMap<FileId, Vec<ExpressionId>>,
    stall: &Stall,
) -> bool {
    let (Some(runs), Some(function)) = (starting.get(&stall.file), stall.function) else { return false };
    private.entry(stall.file).or_insert_with(|| loops::private(project, stall.file, runs)).contains(&function)
}

/// Where a file runs an event loop until its work is done: `asyncio.run(main())`, `loop.run_until_complete(main())`.
fn loop_runs(project: &Project, knowledge: &Knowledge, file: FileId) -> Vec<ExpressionId> {
    let facts = &project.parsed(file).facts;
    let name = |id: NameId| facts.names.get(id.index()).map_or("", |name| &**name);
    let runs = |qualified: &str| {
        knowledge.calls(qualified).iter().any(|entry| {
            entry.calls.is_some() && entry.spawn.as_ref().is_some_and(|it| it.vehicle == Some(Vehicle::EventLoop))
        })
    };
    let is_library = |of: NameId, rest: &str| {
        project.global(file, name(of)).iter().any(|entity| match entity {
            Entity::Library(library) => runs(&format!("{library}{rest}")),
            _ => false,
        })
    };
    let is_run = |expression: &Expression| {
        let Expression::Call { callee, .. } = expression else { return false };
        match facts.expressions.get(callee.index()) {
            Some(Expression::Name(function)) => is_library(*function, ""),
            Some(Expression::Attribute { value, attribute }) => {
                let method = name(*attribute);
                matches!(method, "run_until_complete" | "run_forever")
                    || matches!(facts.expressions.get(value.index()),
                        Some(Expression::Name(module)) if is_library(*module, &format!(".{method}")))
            }
            _ => false,
        }
    };
    let all = facts.expressions.iter().enumerate();
    all.filter(|(_, expression)| is_run(expression)).map(|(index, _)| ExpressionId::new(index)).collect()
}

/// What the hand-overs of one file are judged by, worked out once.
struct Surroundings {
    /// The calls that are awaited where they stand.
    awaited: FxHashSet<Span>,
    /// The names of coroutines that are started several times at once.
    fanned_out: FxHashSet<NameId>,
    /// Where pools are named, in source order.
    pools: Vec<Span>,
}

impl Surroundings {
    fn new(parsed: &Parsed) -> Surroundings {
        let mut pools = spans_of(parsed, |expression| {
            let (Expression::Name(name) | Expression::Attribute { attribute: name, .. }) = expression else {
                return false;
            };
            parsed.facts.names.get(name.index()).is_some_and(|it| it.ends_with("Executor") || it.ends_with("Pool"))
        });
        pools.sort_unstable_by_key(|span| span.start);
        Surroundings { awaited: awaited_places(parsed), fanned_out: fanned_out(parsed), pools }
    }

    /// True if the coroutine that hands work over is started several times at once.
    fn fans_out(&self, parsed: &Parsed, handover: &Handover) -> bool {
        if !handover.offload {
            return false;
        }
        let facts = &parsed.facts;
        let mut here = handover.function;
        while let Some(function) = here.and_then(|it| facts.functions.get(it.index())) {
            if self.fanned_out.contains(&function.name) || self.decorates_fanned_out(facts, function.name) {
                return true;
            }
            here = function.parent;
        }
        false
    }

    /// True if a coroutine that is started several times at once is decorated by the function of that name.
    fn decorates_fanned_out(&self, facts: &Facts, decorator: NameId) -> bool {
        let is_it = |expression: &ExpressionId| {
            let callee = match facts.expressions.get(expression.index()) {
                Some(Expression::Call { callee, .. }) => callee,
                _ => expression,
            };
            matches!(facts.expressions.get(callee.index()), Some(Expression::Name(name)) if *name == decorator)
        };
        let mut all = facts.functions.iter().filter(|it| self.fanned_out.contains(&it.name));
        all.any(|it| it.decorators.iter().any(is_it))
    }

    /// True if the function that hands work over makes the pool itself, by the names that pools go by.
    fn makes_pool(&self, parsed: &Parsed, handover: &Handover) -> bool {
        let range = handover.function.and_then(|it| parsed.spans.functions.get(it.index()));
        let Some(range) = range else { return !self.pools.is_empty() };
        let next = self.pools.partition_point(|span| span.start < range.start);
        self.pools.get(next).is_some_and(|span| span.end <= range.end)
    }
}

/// The names of what is called within the call that starts tasks, several times or in a loop.
///
/// ```python
/// await asyncio.gather(*(season(n) for n in numbers))
/// await asyncio.gather(*map(season, numbers))
/// ```
fn fanned_out(parsed: &Parsed) -> FxHashSet<NameId> {
    /// Brackets are nested no deeper.
    const MOST_BRACKETS: usize = 200;
    const STARTERS: [&str; 6] = ["gather", "wait", "as_completed", "create_task", "ensure_future", "start_soon"];
    let (facts, spans) = (&parsed.facts, &parsed.spans);
    let named = |id: ExpressionId| match facts.expressions.get(id.index())? {
        Expression::Name(name) | Expression::Attribute { attribute: name, .. } => Some(*name),
        _ => None,
    };
    let called = |expression: &Expression| -> Option<NameId> {
        let Expression::Call { callee, .. } = expression else { return None };
        named(*callee)
    };
    let is_starter = |name: &NameId| facts.names.get(name.index()).is_some_and(|it| STARTERS.contains(&&**it));
    let all = facts.expressions.iter().zip(&spans.expressions);
    let mut calls: Vec<(Span, NameId)> = all.clone().filter_map(|(it, span)| Some((*span, called(it)?))).collect();
    // `group.start_soon(fetch, url)` takes the function and its arguments.
    let started = all.clone().filter_map(|(it, _)| {
        let Expression::Call { callee, arguments } = it else { return None };
        let first = arguments.first().filter(|_| named(*callee).is_some_and(|name| is_starter(&name)))?;
        Some((*spans.expressions.get(first.value.index())?, named(first.value)?))
    });
    calls.extend(started);
    if !calls.iter().any(|(_, name)| is_starter(name)) {
        return FxHashSet::default();
    }
    calls.sort_unstable_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
    let comprehensions = spans_of(parsed, |expression| matches!(expression, Expression::Comprehension { .. }));
    let loops = facts.statements.iter().zip(&spans.statements).filter_map(|(statement, span)| {
        matches!(statement, Statement::For { .. } | Statement::While { .. }).then_some(*span)
    });
    let mut repeated: Vec<Span> = comprehensions.into_iter().chain(loops).collect();
    repeated.sort_unstable_by_key(|span| span.start);
    // Blocks are nested or apart: of those that begin before a call, the one that reaches furthest holds it if any does.
    let reach: Vec<u32> = repeated
        .iter()
        .scan(0, |furthest, span| {
            *furthest = span.end.max(*furthest);
            Some(*furthest)
        })
        .collect();
    let is_repeated = |call: Span| {
        let before = repeated.partition_point(|span| span.start <= call.start);
        before.checked_sub(1).and_then(|last| reach.get(last)).is_some_and(|furthest| *furthest >= call.end)
    };
    // What gathers waits for all that it was given: a loop around it makes no more of them.
    let is_repeated_within = |start: Span, call: Span| {
        let before = repeated.partition_point(|span| span.start <= call.start);
        let inside = repeated.iter().take(before).rev().take_while(|span| span.start >= start.start);
        inside.take(MOST_BRACKETS).any(|span| span.end >= call.end)
    };
    let gathers = |name: &NameId| {
        facts.names.get(name.index()).is_some_and(|it| matches!(&**it, "gather" | "wait" | "as_completed"))
    };
    // `gather(*map(season, numbers))` calls it for each.
    let mapped: FxHashMap<Span, NameId> = all
        .filter_map(|(it, span)| {
            let Expression::Call { callee, arguments } = it else { return None };
            let is_map = matches!(facts.expressions.get(callee.index()),
                Some(Expression::Name(name)) if facts.names.get(name.index()).is_some_and(|it| &**it == "map"));
            Some((*span, named(arguments.first().filter(|_| is_map)?.value)?))
        })
        .collect();
    let mut found = FxHashSet::default();
    for (index, (start, name)) in calls.iter().enumerate() {
        if !is_starter(name) {
            continue;
        }
        let gathers = gathers(name);
        let mut once = FxHashSet::default();
        for (call, name) in calls.iter().skip(index + 1).take_while(|(call, _)| call.start < start.end) {
            let is_repeated = if gathers { is_repeated_within(*start, *call) } else { is_repeated(*call) };
            if is_repeated || !once.insert(*name) {
                found.insert(*name);
            }
            found.extend(mapped.get(call));
        }
    }
    found
}

/// Where the expressions of a kind stand.
fn spans_of(parsed: &Parsed, is_wanted: impl Fn(&Expression) -> bool) -> Vec<Span> {
    let all = parsed.facts.expressions.iter().zip(&parsed.spans.expressions);
    all.filter(|(expression, _)| is_wanted(expression)).map(|(_, span)| *span).collect()
}

/// The calls that are awaited where they stand.
fn awaited_places(parsed: &Parsed) -> FxHashSet<Span> {
    let awaited = parsed.facts.expressions.iter().filter_map(|expression| match expression {
        Expression::Await(inner) => parsed.spans.expressions.get(inner.index()).copied(),
        _ => None,
    });
    awaited.collect()
}

/// Several tasks at this very place.
fn multiplied(project: &Project, around: &Surroundings, contexts: &[&Handover], awaited: bool) -> bool {
    contexts.iter().any(|h| {
        let several = h.tasks.likely > 1.5
            || h.recursive && !is_timer(h)
            || ((h.repeated || h.repeated_outside && !is_alone(project, h)) && !awaited)
            || is_shared(project, around, h, awaited);
        several && h.workers != Some(1.0)
    })
}

/// True if a pool of so many workers is made elsewhere: several were asked for, so there are several tasks.
///
/// ```python
/// def request(self, name):
///     self.pending[name] = self.pool.submit(self.plan, name)    # ThreadPoolExecutor(max_workers=4)
/// ```
fn is_shared(project: &Project, around: &Surroundings, handover: &Handover, awaited: bool) -> bool {
    handover.workers.is_some_and(|workers| workers >= 2.0)
        && !(awaited || handover.offload || handover.in_coroutine || handover.lone_worker)
        && !around.makes_pool(project.parsed(handover.file), handover)
}

/// True if there is one worker at a time, however often the function is called that starts it.
fn is_alone(project: &Project, handover: &Handover) -> bool {
    let feeds = |name: &str| handover.trail.operations.iter().any(|o| is_queue(o) && o.what.ends_with(name));
    // A timer comes in place of the last one, a producer feeds the consumers, and who moves a call off an
    // event loop awaits it.
    is_timer(handover)
        || handover.offload
        || (feeds(".put") && !feeds(".get"))
        || intent::is_joined(project, handover)
        || intent::is_stopped_from_outside(project, handover)
}

fn is_timer(handover: &Handover) -> bool {
    handover.construct.ends_with("Timer")
}

fn is_queue(operation: &Operation) -> bool {
    operation.wait == Some(WaitKind::Queue)
}

/// Other hand-overs in the same function that run at the same time.
fn has_siblings(neighbours: Option<&Vec<&Handover>>, site: &Handover, awaited: bool) -> bool {
    // A stage of a pipeline runs beside other stages, not as one of several of its kind.
    let is_stage = site.trail.operations.iter().any(is_queue);
    !awaited
        && !is_stage
        && site.workers != Some(1.0)
        // Nothing is like a task without any load, so that there is no need to look at all the others.
        && site.cost.total().likely > 0.0
        && neighbours.into_iter().flatten().any(|other| {
            other.span != site.span
                && other.vehicle == site.vehicle
                && other.lone_worker == site.lone_worker
                && other.known
                && !other.endless
                && similar(&other.cost, &site.cost)
        })
}

/// True if two tasks have the same kind of load, and are of a size.
fn similar(a: &Cost, b: &Cost) -> bool {
    let (x, y) = (a.total().likely, b.total().likely);
    a.workload() == b.workload() && x > 0.0 && y > 0.0 && x / y < 50.0 && y / x < 50.0
}

/// How far a bound lies from the best guess at most where sizes are known: as far as speeds differ.
pub const KNOWN: f64 = 8.0;

/// True if what a task takes is known but for the speed of the machine.
fn is_precise(handover: &Handover) -> bool {
    let total = handover.cost.total();
    total.low * KNOWN >= total.likely && is_bounded(total)
}

/// True if no more than the speed of the machine decides how long a stall takes at most: who runs the coroutine tells
/// how much it is given. The coroutine by itself can only presume it.
pub fn is_bounded(cost: Interval) -> bool {
    cost.high <= cost.likely * KNOWN
}

impl<'a> HandoverSite<'a> {
    /// The contexts in which `objection` holds, if they are not outvoted; the most telling first.
    pub fn agreed(&self, objection: impl Fn(&Handover) -> bool) -> Option<&'a Handover> {
        let bad: Vec<&&Handover> = self.contexts.iter().filter(|h| objection(h)).collect();
        // A context of which nothing much is known has no vote. Neither has one that presumes how large the same work is
        // where another one knows: a method by itself, and who makes its object.
        let presumes = |h: &Handover| {
            !is_precise(h)
                && h.target_at.is_some()
                && bad.iter().any(|it| is_precise(it) && it.target_at == h.target_at)
        };
        let voters = self
            .contexts
            .iter()
            .filter(|h| h.cost.total().likely > h.cost.unknown && h.cost.total().likely > 1e-6)
            .filter(|h| objection(h) || !presumes(h))
            .count();
        if bad.len() * 2 < voters.max(1) {
            return None;
        }
        bad.into_iter().copied().max_by(|a, b| a.cost.total().likely.total_cmp(&b.cost.total().likely))
    }

    /// The most telling context.
    pub fn largest(&self) -> Option<&'a Handover> {
        self.contexts.iter().copied().max_by(|a, b| a.cost.total().likely.total_cmp(&b.cost.total().likely))
    }

    /// The dotted path of the function that it stands in.
    pub fn scope(&self, handover: &Handover) -> String {
        scope(self.project, handover.file, handover.function)
    }
}

/// The dotted path of a function: `module.Class.method`.
pub fn scope(project: &Project, file: FileId, function: Option<FunctionId>) -> String {
    let facts = &project.parsed(file).facts;
    let mut parts: Vec<&str> = Vec::new();
    let mut here = function;
    let mut steps = 0;
    while let Some(definition) = here.and_then(|f| facts.functions.get(f.index())) {
        parts.push(facts.names.get(definition.name.index()).map_or("?", |n| n));
        let mut class = definition.class;
        while let Some(c) = class.and_then(|c| facts.classes.get(c.index())) {
            parts.push(facts.names.get(c.name.index()).map_or("?", |n| n));
            class = c.outer;
        }
        here = definition.parent;
        steps += 1;
        if steps > 50 {
            break;
        }
    }
    parts.push(project.module_name(file));
    parts.reverse();
    parts.join(".")
}

/// The name of a vehicle in JSON.
pub fn vehicle_name(vehicle: Vehicle) -> &'static str {
    match vehicle {
        Vehicle::Thread => "thread",
        Vehicle::Process => "process",
        Vehicle::EventLoop => "event-loop",
        Vehicle::Interpreter => "interpreter",
        Vehicle::Green => "green-thread",
    }
}

/// The chain from the hand-over to the costliest operations of a kind, and those operations.
pub fn evidence(trail: &Trail, wanted: impl Fn(&Operation) -> bool, most: usize) -> Vec<Evidence> {
    let mut operations: Vec<&Operation> = trail.operations.iter().filter(|o| wanted(o)).collect();
    operations.sort_by(|a, b| b.seconds.total_cmp(&a.seconds).then(a.span.cmp(&b.span)));
    let mut chain: Vec<Evidence> = Vec::new();
    for operation in operations.iter().take(most) {
        for step in steps(operation.path.as_ref()) {
            let link = Evidence {
                file: step.file,
                span: step.span,
                what: format!("calls `{}`", step.callee),
                knowledge: None,
            };
            if !chain.iter().any(|e| e.file == link.file && e.span == link.span) {
                chain.push(link);
            }
        }
        let what = super::words::operation(operation);
        let knowledge = operation.source.as_ref().map(|source| format!("{}: {source}", operation.what));
        let link = Evidence { file: operation.file, span: operation.span, what, knowledge };
        if !chain.iter().any(|e| e.file == link.file && e.span == link.span && e.what == link.what) {
            chain.push(link);
        }
    }
    chain
}

/// The same for a stall; of a callback, first where the loop was given it.
pub fn stall_evidence(stall: &Stall, wanted: impl Fn(&Operation) -> bool, most: usize) -> Vec<Evidence> {
    let registered = stall.registered.map(|(file, span)| Evidence {
        file,
        span,
        what: "tells the event loop what to call".to_string(),
        knowledge: None,
    });
    let chain = evidence(&stall.trail, wanted, most);
    let chain = chain.into_iter().filter(|link| stall.registered != Some((link.file, link.span)));
    registered.into_iter().chain(chain).collect()
}

/// Work that holds the GIL.
pub fn holds_gil(operation: &Operation) -> bool {
    matches!(operation.clock, Clock::Bytecode | Clock::Atomic)
}

/// Work on a CPU.
pub fn computes(operation: &Operation) -> bool {
    matches!(operation.clock, Clock::Bytecode | Clock::Atomic | Clock::Native)
}

/// A wait that a CPU could be used in: not one for local files, not one for work to do.
pub fn waits(operation: &Operation) -> bool {
    operation.clock == Clock::Wait && !matches!(operation.wait, Some(WaitKind::File | WaitKind::Queue) | None)
}

/// True if what is to blame lies deep below the making of an object: work that is done once, to get ready.
pub fn gets_ready(stall: &Stall, blamed: &Operation) -> bool {
    stall.callee.ends_with(".__init__") && blamed.depth() >= 3
}

/// Lowers a confidence in a test file, where programs are odd on purpose.
pub fn in_test(confidence: Confidence, is_test: bool) -> Confidence {
    if is_test { Confidence::Low } else { confidence }
}
