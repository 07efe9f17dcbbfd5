//! P1 to P36: what stands against moving a task from a thread to a process.

use super::Verdicts;
use super::effects::{Change, Effects, Place, Reader, Root, never_changes};
use super::names::names;
use super::pickling::Pickling;
use super::shape::Parent;
use super::subject::Subject;
use crate::diagnostic::HazardState;
use crate::estimate::machine::Node;
use crate::estimate::trace::Seen;
use crate::facts::ir::{BindingValue, Comparison, Expression, Facts, Function, ParameterKind, Statement};
use crate::id::{ExpressionId, FileId, FunctionId, StatementId};
use crate::project::Entity;
use crate::text::Span;

/// How the program's main module is guarded.
#[derive(Debug, Clone, PartialEq)]
pub enum Guard {
    /// Every way to the hand-over leads through `if __name__ == "__main__":`.
    There,
    /// The rewrite puts these ranges under one.
    Added(Vec<Place>),
    /// The program's start is not among the files.
    NoStart,
    /// There is none, and none can be added.
    Missing(Place),
}

/// What a move is judged with.
pub struct Move<'m> {
    /// The call.
    pub subject: &'m Subject,
    /// The main module.
    pub guard: Guard,
    /// The pool's largest number of workers, where it is written as a number.
    pub workers: Option<i64>,
    /// Where the vehicle is made: the call of `Thread` or of the pool's class.
    pub made: Option<ExpressionId>,
}

use HazardState::{Breaks, Present, Undecided};

/// All that can be found.
pub fn check(reader: &mut Reader<'_>, this: &Move<'_>) -> Verdicts {
    let mut found = Verdicts::default();
    let subject = this.subject;
    let all = whole(reader, subject);
    if subject.runs.is_empty() && !is_library(&subject.seen) {
        let place = subject.target.map(|target| reader.place(subject.file, target));
        found.add("P1", Undecided, "what runs could not be resolved", place);
    }
    target(reader, subject, &mut found);
    changes(reader, subject, &all, &mut found);
    reads(reader, this, &all, &mut found);
    exceptions(reader, &all, &mut found);
    results(reader, subject, &mut found);
    arguments(reader, subject, &mut found);
    guard(reader, this, &all, &mut found);
    library(reader, subject, &all, &mut found);
    vehicle(reader, this, &mut found);
    found
}

/// The effects of all that may run.
pub fn whole(reader: &mut Reader<'_>, subject: &Subject) -> Effects {
    let mut all = Effects::default();
    for node in &subject.runs {
        let effects = reader.effects(*node);
        all.changes.extend(effects.changes.iter().cloned());
        all.reads.extend(effects.reads.iter().cloned());
        all.library.extend(effects.library.iter().cloned());
        all.unresolved.extend(effects.unresolved.iter().cloned());
        all.raises.extend(effects.raises.iter().copied());
        all.functions.extend(effects.functions.iter().copied());
        all.returned.extend(effects.returned.iter().copied());
        all.is_generator |= effects.is_generator;
    }
    for one in subject.seen.alternatives() {
        let place = Place { file: subject.file, span: reader.span(subject.file, subject.call) };
        match one {
            Seen::Library(name) => {
                all.library.insert((name.to_string(), place));
            }
            Seen::LibraryMethod(owner, name) => {
                all.library.insert((name.to_string(), place));
                if !never_changes(owner) {
                    let name = subject.target.map(|t| reader.code(subject.file, t)).unwrap_or_default();
                    all.changes.insert(Change { root: Root::Unknown, name, place, certain: false });
                }
            }
            _ => {}
        }
    }
    all
}

fn is_library(seen: &Seen) -> bool {
    seen.alternatives().iter().all(|s| matches!(s, Seen::Library(_) | Seen::LibraryMethod(..)))
}

/// P1 to P3: the task itself.
pub fn target(reader: &mut Reader<'_>, subject: &Subject, found: &mut Verdicts) {
    let Some(target) = subject.target else { return };
    let place = reader.place(subject.file, target);
    for one in subject.seen.alternatives() {
        match one {
            Seen::Function(file, function) => {
                let decorated = is_decorated(reader, subject.file, target);
                match reader.function_pickling(*file, *function) {
                    Pickling::Fails(..) if decorated => {
                        let code = reader.code(subject.file, target);
                        let what = format!("`{code}` is replaced by its decorator, so pickle does not find it");
                        found.add("P2", Breaks, what, Some(place));
                    }
                    Pickling::Fails(why, at) => found.add("P1", Breaks, why, at.or(Some(place))),
                    // Decorated with `functools.wraps`: found by the name that it was given.
                    Pickling::Unknown(_) if decorated => {}
                    Pickling::Unknown(why) | Pickling::Inherited(why) => found.add("P1", Undecided, why, Some(place)),
                    Pickling::Works => {
                        if let Some(why) = unknown_decorator(reader, *file, *function) {
                            found.add("P2", Undecided, why, Some(place));
                        }
                    }
                }
            }
            other => match reader.pickling(other) {
                Pickling::Works => {}
                Pickling::Fails(why, at) => found.add("P3", Breaks, why, at.or(Some(place))),
                Pickling::Inherited(why) => {
                    let state = if subject.pooled { Breaks } else { Present };
                    found.add("P15", state, why, Some(place));
                }
                Pickling::Unknown(why) => found.add("P3", Undecided, why, Some(place)),
            },
        }
    }
}

/// True if a name leads to a function of a module that has decorators.
fn is_decorated(reader: &Reader<'_>, site: FileId, target: ExpressionId) -> bool {
    named_functions(reader, site, target).iter().any(|(at, f)| {
        reader.facts(*at).functions.get(f.index()).is_some_and(|f| f.parent.is_none() && !f.decorators.is_empty())
    })
}

/// The functions of modules that a name or an attribute of a module leads to.
pub fn named_functions(reader: &Reader<'_>, file: FileId, id: ExpressionId) -> Vec<(FileId, FunctionId)> {
    let facts = reader.facts(file);
    let entities = match facts.expressions.get(id.index()) {
        Some(Expression::Name(name)) => reader.project.global(file, reader.name(file, *name)),
        Some(Expression::Attribute { value, attribute }) => match facts.expressions.get(value.index()) {
            Some(Expression::Name(name)) => {
                let modules = reader.project.global(file, reader.name(file, *name));
                let attribute = reader.name(file, *attribute);
                modules.iter().flat_map(|module| reader.project.member(module, attribute)).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let function = |entity: &Entity| match entity {
        Entity::Binding(at, index) => match reader.facts(*at).bindings.get(*index as usize)?.value {
            BindingValue::Function(function) => Some((*at, function)),
            _ => None,
        },
        _ => None,
    };
    entities.iter().filter_map(function).collect()
}

/// A decorator that may give something else back under the function's name.
fn unknown_decorator(reader: &Reader<'_>, file: FileId, function: FunctionId) -> Option<String> {
    let facts = reader.facts(file);
    let definition = facts.functions.get(function.index())?;
    definition.decorators.iter().find_map(|decorator| {
        let callee = match facts.expressions.get(decorator.index()) {
            Some(Expression::Call { callee, .. }) => *callee,
            _ => *decorator,
        };
        match reader.trace.seen(file, callee) {
            Some(Seen::Library(name)) => {
                let kind = ["functools.", "builtins.", "abc.", "typing.", "contextlib."];
                (!kind.iter().any(|start| name.starts_with(start)))
                    .then(|| format!("what `@{}` makes of the function is not known", reader.code(file, callee)))
            }
            Some(Seen::Function(..)) => None,
            _ => Some(format!("what `@{}` makes of the function is not known", reader.code(file, callee))),
        }
    })
}

/// P4 to P6: what the task changes.
pub fn changes(reader: &Reader<'_>, subject: &Subject, all: &Effects, found: &mut Verdicts) {
    let is_method = subject.seen.alternatives().iter().any(|s| matches!(s, Seen::Method(..) | Seen::Instance(..)))
        || subject.target.is_none();
    for change in &all.changes {
        let state = if change.certain { Breaks } else { Undecided };
        let name = &change.name;
        let row = row(reader, change.place);
        let (code, what) = match &change.root {
            Root::Parameter(0) if is_method => {
                let code = if subject.target.is_none() { "P32" } else { "P4" };
                (code, format!("`{name}` is changed at line {row}: a process would change its own copy of the object"))
            }
            Root::Parameter(_) => (
                "P6",
                format!("`{name}` is changed at line {row}: a process would change its own copy of the argument"),
            ),
            Root::Captured(_) | Root::Global(..) => {
                ("P5", format!("`{name}` is changed at line {row}: a process would change its own copy"))
            }
            Root::Unknown => ("P5", format!("`{name}` may change something shared at line {row}")),
        };
        let what = if change.certain { what } else { what.replace(" is changed", " may be changed") };
        found.add(code, state, what, Some(change.place));
    }
    for (code, place) in &all.unresolved {
        let what = format!(
            "`{code}` at line {} could not be followed: it may change or read shared state",
            row(reader, *place)
        );
        found.add("P5", Undecided, what, Some(*place));
    }
}

/// The row of a place, from 1.
pub fn row(reader: &Reader<'_>, place: Place) -> u32 {
    reader.project.lines(place.file).row(place.span.start)
}

/// P7, P8, P10, P23 to P27, P34: what the task reads of its modules.
fn reads(reader: &mut Reader<'_>, this: &Move<'_>, all: &Effects, found: &mut Verdicts) {
    let mut done: Vec<(FileId, String)> = Vec::new();
    for (file, name, place) in all.reads.clone() {
        if done.contains(&(file, name.clone())) {
            continue;
        }
        done.push((file, name.clone()));
        let line = row(reader, place);
        if let Some(at) = set_at_run_time(reader, file, &name, &this.guard) {
            let what = format!(
                "`{name}` is set at line {} while the program runs: a process that does not fork does not see it",
                row(reader, at)
            );
            found.add("P7", Present, what, Some(at));
        }
        for value in bound_values(reader, file, &name) {
            let seen = reader.trace.seen(file, value).cloned().unwrap_or(Seen::Unknown);
            for one in seen.alternatives() {
                match one {
                    Seen::LibraryObject(class) => {
                        let class = &**class;
                        let names = names();
                        if class == "threading.local" || class.starts_with("contextvars.") {
                            found.add(
                                "P10",
                                Present,
                                format!("`{name}` holds data of the thread or the context"),
                                Some(place),
                            );
                        } else if class.contains("Executor") || class.contains("Pool") {
                            found.add(
                                "P25",
                                Present,
                                format!("`{name}` is a pool, used by the task at line {line}"),
                                Some(place),
                            );
                        } else if class.starts_with("threading.") || class.starts_with("queue.") {
                            let what = format!("`{name}` is a `{class}`: each process would have its own");
                            found.add("P26", Breaks, what, Some(place));
                        } else if names.is_package("windows", class) || class.starts_with("asyncio.") {
                            found.add(
                                "P27",
                                Present,
                                format!("`{name}` belongs to a window or an event loop"),
                                Some(place),
                            );
                        } else if names.unpicklable_classes.contains(class) {
                            let what = format!("`{name}` is a `{class}`: processes would share or lose its connection");
                            found.add("P34", Present, what, Some(place));
                        } else if !names.immutable_classes.contains(class)
                            && !names.picklable_classes.contains(class)
                            && !class.starts_with("logging.")
                        {
                            let what = format!("`{name}` is a `{class}`: what a process's own copy does is not known");
                            found.add("P34", Undecided, what, Some(place));
                        }
                    }
                    Seen::Unknown => {
                        let what = format!("what `{name}` holds, read at line {line}, is not known");
                        found.add("P7", Undecided, what, Some(place));
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The values that a module's name is bound to.
fn bound_values(reader: &Reader<'_>, file: FileId, name: &str) -> Vec<ExpressionId> {
    let value = |binding: &crate::facts::ir::Binding| match &binding.value {
        BindingValue::Assigned(value) | BindingValue::Entered(value) => Some(*value),
        _ => None,
    };
    reader.bindings(file, name).into_iter().filter_map(value).collect()
}

/// Where a module's name is set by something other than importing the module.
pub fn set_at_run_time(reader: &mut Reader<'_>, file: FileId, name: &str, guard: &Guard) -> Option<Place> {
    let facts = reader.facts(file);
    let shape = reader.shape(file);
    let moved: Vec<Span> = match guard {
        Guard::Added(places) => places.iter().filter(|p| p.file == file).map(|p| p.span).collect(),
        Guard::There | Guard::NoStart | Guard::Missing(_) => Vec::new(),
    };
    for index in 0..facts.statements.len() {
        let id = StatementId::new(index);
        let span = reader.project.parsed(file).spans.statements.get(index).copied().unwrap_or_default();
        let stores = stored_names(facts, id);
        let function = shape.function_of(id);
        for (target, is_part) in stores {
            let Some(Expression::Name(found)) = facts.expressions.get(target.index()) else { continue };
            if reader.name(file, *found) != name {
                continue;
            }
            let place = Some(Place { file, span });
            match function {
                Some(function) => {
                    let is_global = match facts.functions.get(function.index()) {
                        Some(f) => f.globals.contains(found) || (is_part && !shadowed(facts, f, *found)),
                        None => false,
                    };
                    if is_global {
                        return place;
                    }
                }
                None => {
                    let is_moved = moved.iter().any(|range| range.start <= span.start && span.end <= range.end);
                    if is_moved || is_guarded(facts, reader, file, &shape, id) {
                        return place;
                    }
                }
            }
        }
    }
    // `TABLE.append(x)`, `CACHE.update(…)` in a function.
    for index in 0..facts.expressions.len() {
        let id = ExpressionId::new(index);
        let Some(Expression::Call { callee, .. }) = facts.expressions.get(index) else { continue };
        let Some(Expression::Attribute { value, attribute }) = facts.expressions.get(callee.index()) else { continue };
        let Some(Expression::Name(owner)) = facts.expressions.get(value.index()) else { continue };
        if reader.name(file, *owner) != name
            || !names().changing_methods.contains(reader.name(file, *attribute))
            || reader.is_plain(file, *value)
        {
            continue;
        }
        let function = shape.function(id);
        let is_own = function.and_then(|f| facts.functions.get(f.index())).is_some_and(|f| shadowed(facts, f, *owner));
        let statement = shape.statement_of(id);
        let guarded = statement.is_some_and(|s| is_guarded(facts, reader, file, &shape, s));
        if (function.is_some() && !is_own) || guarded {
            return Some(reader.place(file, id));
        }
    }
    None
}

fn shadowed(_facts: &Facts, function: &Function, name: crate::id::NameId) -> bool {
    function.locals.contains(&name)
}

/// The names that a statement stores into, and whether only a part of their value is.
pub fn stored_names(facts: &Facts, id: StatementId) -> Vec<(ExpressionId, bool)> {
    let targets: Vec<ExpressionId> = match facts.statements.get(id.index()) {
        Some(Statement::Assign { targets, .. }) => targets.to_vec(),
        Some(Statement::AugmentedAssign { target, .. } | Statement::AnnotatedAssign { target, value: Some(_), .. }) => {
            vec![*target]
        }
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for target in targets {
        let mut here = target;
        let mut is_part = false;
        while let Some(Expression::Attribute { value, .. } | Expression::Subscript { value, .. }) =
            facts.expressions.get(here.index())
        {
            here = *value;
            is_part = true;
        }
        found.push((here, is_part));
    }
    found
}

/// True if a statement stands under `if __name__ == "__main__":`.
pub fn is_guarded(
    facts: &Facts,
    reader: &Reader<'_>,
    file: FileId,
    shape: &super::shape::Shape,
    id: StatementId,
) -> bool {
    let mut here = id;
    while let Parent::Statement(outer) = shape.around(here) {
        if let Some(Statement::If { condition, then, .. }) = facts.statements.get(outer.index())
            && then.contains(&here)
            && is_main_test(facts, reader, file, *condition)
        {
            return true;
        }
        here = outer;
    }
    false
}

/// `__name__ == "__main__"`.
fn is_main_test(facts: &Facts, reader: &Reader<'_>, file: FileId, condition: ExpressionId) -> bool {
    if let Some(Expression::And(parts)) = facts.expressions.get(condition.index()) {
        return parts.iter().any(|part| is_main_test(facts, reader, file, *part));
    }
    let Some(Expression::Compare { first, rest }) = facts.expressions.get(condition.index()) else { return false };
    let [(Comparison::Equal, second)] = &**rest else { return false };
    let is_name = |id: ExpressionId| matches!(facts.expressions.get(id.index()), Some(Expression::Name(n)) if reader.name(file, *n) == "__name__");
    let is_main = |id: ExpressionId| {
        matches!(facts.expressions.get(id.index()), Some(Expression::String { value: Some(n), .. })
            if reader.name(file, *n) == "__main__")
    };
    is_name(*first) && is_main(*second) || is_main(*first) && is_name(*second)
}

/// P11 and P12.
fn exceptions(reader: &mut Reader<'_>, all: &Effects, found: &mut Verdicts) {
    for (file, raised) in all.raises.clone() {
        let place = reader.place(file, raised);
        let (class, given) = match reader.facts(file).expressions.get(raised.index()) {
            Some(Expression::Call { callee, arguments }) => (*callee, arguments.iter().map(|a| a.value).collect()),
            _ => (raised, Vec::new()),
        };
        if let Some(Seen::Class(at, class)) = reader.trace.seen(file, class).cloned()
            && let Some(why) = bad_exception(reader, at, class)
        {
            found.add("P11", Breaks, why, Some(place));
        }
        for argument in given {
            let seen = reader.trace.seen(file, argument).cloned().unwrap_or(Seen::Plain);
            if let Pickling::Fails(why, _) = reader.pickling(&seen) {
                found.add("P12", Present, format!("the exception holds what cannot be pickled: {why}"), Some(place));
            }
        }
    }
}

/// An exception is unpickled by calling its class with `args`, which `super().__init__(…)` set.
pub fn bad_exception(reader: &mut Reader<'_>, file: FileId, class: crate::id::ClassId) -> Option<String> {
    if reader.method(file, class, "__reduce__").is_some() || reader.method(file, class, "__setstate__").is_some() {
        return None;
    }
    let (at, init) = reader.method(file, class, "__init__")?;
    let facts = reader.facts(at);
    let function = facts.functions.get(init.index())?;
    let parameters = function.parameters.get(1..).unwrap_or_default();
    if parameters.iter().any(|p| matches!(p.kind, ParameterKind::Star)) {
        return None;
    }
    let required =
        parameters.iter().filter(|p| p.default.is_none() && !matches!(p.kind, ParameterKind::DoubleStar)).count();
    let keyword_only = parameters.iter().any(|p| p.kind == ParameterKind::KeywordOnly && p.default.is_none());
    let positional =
        parameters.iter().filter(|p| matches!(p.kind, ParameterKind::Plain | ParameterKind::PositionalOnly)).count();
    // `super().__init__(a, b)`: how many arguments there are to unpickle with.
    let shape = reader.shape(at);
    let mut given: Option<usize> = None;
    for id in shape.expressions_in(Some(init)) {
        let Some(Expression::Call { callee, arguments }) = facts.expressions.get(id.index()) else { continue };
        let Some(Expression::Attribute { attribute, .. }) = facts.expressions.get(callee.index()) else { continue };
        if reader.name(at, *attribute) != "__init__" {
            continue;
        }
        if arguments.iter().any(|a| !matches!(a.kind, crate::facts::ir::ArgumentKind::Positional)) {
            return None;
        }
        // `Base.__init__(self, a)` passes the object too.
        let is_super = reader.code(at, *callee).starts_with("super(");
        given = Some(arguments.len() - usize::from(!is_super && !arguments.is_empty()));
    }
    // Without a call of `super().__init__`, `args` are those of the making: `__new__` keeps them.
    let given = given.unwrap_or(positional);
    let name = facts.classes.get(class.index()).map(|c| reader.name(file, c.name)).unwrap_or_default();
    (given < required || given > positional || keyword_only).then(|| {
        format!(
            "`{name}` takes {required} argument{} and passes {given} to its base: it cannot be unpickled, and the pool dies",
            if required == 1 { "" } else { "s" }
        )
    })
}

/// P13: what the task returns.
pub fn results(reader: &mut Reader<'_>, subject: &Subject, found: &mut Verdicts) {
    if !subject.pooled {
        return;
    }
    for node in subject.runs.clone() {
        let effects = reader.effects(node);
        let place = function_place(reader, node);
        let is_async = node.1.and_then(|f| reader.facts(node.0).functions.get(f.index())).is_some_and(|f| f.is_async);
        if effects.is_generator || is_async {
            found.add("P13", Breaks, "the task gives a generator or coroutine, which cannot be pickled", place);
            continue;
        }
        for (file, value) in effects.returned.clone() {
            let seen = reader.trace.seen(file, value).cloned().unwrap_or(Seen::Unknown);
            let place = reader.place(file, value);
            let code = reader.code(file, value);
            match reader.pickling(&seen) {
                Pickling::Works => {}
                Pickling::Fails(why, _) => {
                    found.add("P13", Breaks, format!("`{code}` is returned: {why}"), Some(place))
                }
                Pickling::Inherited(why) => {
                    found.add("P13", Breaks, format!("`{code}` is returned: {why}"), Some(place))
                }
                Pickling::Unknown(why) => {
                    found.add("P13", Undecided, format!("`{code}` is returned: {why}"), Some(place));
                }
            }
            large(&seen, &code, place, found);
        }
    }
}

fn function_place(reader: &Reader<'_>, node: Node) -> Option<Place> {
    let span = reader.project.parsed(node.0).spans.functions.get(node.1?.index()).copied()?;
    Some(Place { file: node.0, span: Span { start: span.start, end: span.start } })
}

/// P24.
fn large(seen: &Seen, code: &str, place: Place, found: &mut Verdicts) {
    let is_large = seen.alternatives().iter().any(|s| {
        matches!(s, Seen::LibraryObject(class)
            if matches!(&**class, "numpy.ndarray" | "pandas.DataFrame" | "pandas.Series" | "PIL.Image.Image"))
    });
    if is_large {
        found.add(
            "P24",
            Present,
            format!("`{code}` is pickled whole, which may take longer than the work"),
            Some(place),
        );
    }
}

/// P14 and P15: what is passed to it.
pub fn arguments(reader: &mut Reader<'_>, subject: &Subject, found: &mut Verdicts) {
    for passed in &subject.passed {
        let place = reader.place(subject.file, passed.value);
        let code = reader.code(subject.file, passed.value);
        match reader.pickling(&passed.seen) {
            Pickling::Works => {}
            Pickling::Fails(why, _) => found.add("P14", Breaks, format!("`{code}` is passed: {why}"), Some(place)),
            Pickling::Inherited(why) => {
                if subject.pooled {
                    found.add("P15", Breaks, format!("`{code}` is passed to a pool: {why}"), Some(place));
                }
            }
            Pickling::Unknown(why) => {
                found.add("P14", Undecided, format!("`{code}` is passed: {why}"), Some(place));
            }
        }
        large(&passed.seen, &code, place, found);
    }
}

/// P16 to P18.
fn guard(reader: &mut Reader<'_>, this: &Move<'_>, all: &Effects, found: &mut Verdicts) {
    let site = Place { file: this.subject.file, span: reader.span(this.subject.file, this.subject.call) };
    match &this.guard {
        Guard::There | Guard::Added(_) => {}
        Guard::NoStart => found.add(
            "P16",
            Undecided,
            "the program's start is not among the files: it needs `if __name__ == \"__main__\":`",
            Some(site),
        ),
        Guard::Missing(place) => found.add(
            "P16",
            Breaks,
            format!(
                "line {} runs when the module is imported: a process that does not fork starts it over; it needs `if __name__ == \"__main__\":`",
                row(reader, *place)
            ),
            Some(*place),
        ),
    }
    let path = reader.project.path(this.subject.file);
    // `walk` calls standard input `stdin.py` where nobody gives it a name.
    if path.ends_with(".ipynb") || path.rsplit('/').next() == Some("stdin.py") {
        found.add(
            "P17",
            Present,
            "functions of a notebook or of standard input cannot be imported by a process",
            Some(site),
        );
    }
    let mut files: Vec<FileId> = all.functions.iter().map(|(file, _)| *file).collect();
    files.push(this.subject.file);
    files.sort_unstable();
    files.dedup();
    for file in files {
        for (place, code, state) in import_effects(reader, file, &this.guard) {
            found.add(
                "P18",
                state,
                format!("`{code}` at line {} runs again in each process", row(reader, place)),
                Some(place),
            );
        }
    }
}

/// What importing a module does besides defining.
fn import_effects(reader: &mut Reader<'_>, file: FileId, guard: &Guard) -> Vec<(Place, String, HazardState)> {
    let facts = reader.facts(file);
    let shape = reader.shape(file);
    let moved: Vec<Span> = match guard {
        Guard::Added(places) => places.iter().filter(|p| p.file == file).map(|p| p.span).collect(),
        Guard::There | Guard::NoStart | Guard::Missing(_) => Vec::new(),
    };
    let mut found = Vec::new();
    for id in shape.expressions_in(None).collect::<Vec<_>>() {
        let Some(Expression::Call { callee, .. }) = facts.expressions.get(id.index()) else { continue };
        let Some(statement) = shape.statement_of(id) else { continue };
        let span = reader.span(file, id);
        if moved.iter().any(|range| range.start <= span.start && span.end <= range.end)
            || is_guarded(facts, reader, file, &shape, statement)
            || is_declaration(facts, &shape, id)
        {
            continue;
        }
        let place = Place { file, span };
        let code = reader.code(file, *callee);
        let is_statement =
            matches!(facts.statements.get(statement.index()), Some(Statement::Expression(e)) if *e == id);
        match reader.trace.seen(file, *callee).cloned() {
            Some(Seen::Library(name)) => {
                let answer = reader.knowledge.answer(&name);
                let harmless =
                    name.starts_with("logging.") || name.starts_with("warnings.") || name.starts_with("sys.path");
                if harmless {
                    continue;
                }
                let moves_data = names().has_state("output", &name) || names().has_state("input", &name);
                let waits = answer.class == "io" || answer.class == "wait";
                if is_statement || moves_data || waits || name.ends_with("parse_args") {
                    found.push((place, code, Present));
                } else if reader.knowledge.calls(&name).is_empty() && reader.knowledge.class(&name).is_none() {
                    found.push((place, code, Undecided));
                }
            }
            Some(Seen::LibraryMethod(owner, name)) => {
                if is_statement && !name.starts_with("logging.") && !name.starts_with("sys.path") {
                    let code = code.clone();
                    let state = if matches!(*owner, Seen::List(_) | Seen::Dict(_) | Seen::Set(_)) {
                        continue;
                    } else {
                        Undecided
                    };
                    found.push((place, code, state));
                }
            }
            Some(Seen::Class(..)) => {}
            Some(Seen::Function(at, function)) => {
                let effects = reader.effects((at, Some(function)));
                let acts = is_statement
                    || !effects.unresolved.is_empty()
                    || effects.library.iter().any(|(name, _)| {
                        names().has_state("output", name)
                            || matches!(reader.knowledge.answer(name).class, "io" | "wait")
                    });
                if acts {
                    found.push((place, code, Present));
                }
            }
            _ => found.push((place, code, Undecided)),
        }
    }
    found
}

/// True for calls in decorators, defaults, bases and class bodies, which define something.
fn is_declaration(facts: &Facts, shape: &super::shape::Shape, id: ExpressionId) -> bool {
    let Some(statement) = shape.statement_of(id) else { return false };
    let mut here = statement;
    loop {
        if matches!(facts.statements.get(here.index()), Some(Statement::Function(_) | Statement::Class(_))) {
            return true;
        }
        match shape.around(here) {
            Parent::Statement(outer) => here = outer,
            _ => return false,
        }
    }
}

/// What library calls say: P8 to P10, P19 to P27, P29, P31, P34.
fn library(reader: &mut Reader<'_>, subject: &Subject, all: &Effects, found: &mut Verdicts) {
    let names = names();
    let mut done: Vec<&str> = Vec::new();
    for (name, place) in &all.library {
        if done.contains(&name.as_str()) {
            continue;
        }
        done.push(name);
        let line = row(reader, *place);
        let place = Some(*place);
        let plain = name.strip_prefix("builtins.").unwrap_or(name);
        let mut add = |kind: &str, code: &'static str, what: String| {
            if names.has_state(kind, name) {
                found.add(code, Present, what, place);
            }
        };
        add("logging", "P9", format!("`{plain}` at line {line}: a process that does not fork has no logging set up"));
        add("context", "P10", format!("`{plain}` at line {line}: a process has a context of its own"));
        add(
            "starts_processes",
            "P19",
            format!("`{plain}` at line {line} starts processes: a daemonic process must not"),
        );
        add("random", "P20", format!("`{plain}` at line {line}: each process draws its own numbers"));
        add("exit", "P21", format!("`{plain}` at line {line} ends the process in which it runs"));
        add("signals", "P22", format!("`{plain}` at line {line} acts on the process in which it runs"));
        add("futures", "P25", format!("`{plain}` at line {line}: futures and executors do not cross to a process"));
        add("threads", "P26", format!("`{plain}` at line {line}: only threads of one process share it"));
        add("clock", "P22", format!("`{plain}` at line {line} asks the process in which it runs"));
        add("directory", "P22", format!("`{plain}` at line {line} sets something of the process in which it runs"));
        add(
            "output",
            "P31",
            format!("`{plain}` at line {line} writes: the output of processes comes in another order"),
        );
        add("input", "P34", format!("`{plain}` at line {line} reads what only the first process has"));
        add("descriptors", "P34", format!("`{plain}` at line {line} uses a descriptor, which only a fork inherits"));
        add("caches", "P23", format!("`{plain}`: each process would fill a cache of its own"));
        if names.is_package("windows", name) || name.starts_with("asyncio.") {
            found.add("P27", Present, format!("`{plain}` at line {line} belongs to a window or an event loop"), place);
        }
        if names.is_package("own_threads", name) && !reader.knowledge.calls(name).is_empty() {
            let split = reader.knowledge.answer(name).class;
            if split == "cpu-nogil" {
                found.add(
                    "P29",
                    Present,
                    format!("`{plain}` at line {line} starts threads of its own in each process"),
                    place,
                );
            }
        }
    }
    for node in &all.functions {
        let facts = reader.facts(node.0);
        let Some(function) = node.1.and_then(|f| facts.functions.get(f.index())) else { continue };
        for decorator in &function.decorators {
            let callee = match facts.expressions.get(decorator.index()) {
                Some(Expression::Call { callee, .. }) => *callee,
                _ => *decorator,
            };
            if let Some(Seen::Library(name)) = reader.trace.seen(node.0, callee)
                && names.has_state("caches", name)
            {
                let what = format!("`@{}`: each process would fill a cache of its own", reader.code(node.0, callee));
                found.add("P23", Present, what, Some(reader.place(node.0, *decorator)));
            }
        }
    }
    environment(reader, subject, all, found);
    packages(reader, subject, all, found);
}

/// P8: the task reads `os.environ`, and the program writes it.
fn environment(reader: &mut Reader<'_>, subject: &Subject, all: &Effects, found: &mut Verdicts) {
    let reads_it = all.functions.iter().any(|node| {
        let span = node.1.and_then(|f| reader.project.parsed(node.0).spans.functions.get(f.index()).copied());
        let text = span.map_or("", |span| span.of(reader.project.text(node.0)));
        text.contains("environ") || text.contains("getenv")
    });
    if !reads_it {
        return;
    }
    let mut files: Vec<FileId> = all.functions.iter().map(|(file, _)| *file).collect();
    files.push(subject.file);
    files.sort_unstable();
    files.dedup();
    for file in files {
        let facts = reader.facts(file);
        for index in 0..facts.statements.len() {
            for (target, is_part) in stored_parts(facts, StatementId::new(index)) {
                let code = reader.code(file, target);
                if is_part && (code == "os.environ" || code == "environ") {
                    let place = reader.place(file, target);
                    let what = format!(
                        "the environment is changed at line {}: a process of a fork server does not see it",
                        row(reader, place)
                    );
                    found.add("P8", Present, what, Some(place));
                }
            }
        }
    }
}

/// The objects that a statement stores a part of.
fn stored_parts(facts: &Facts, id: StatementId) -> Vec<(ExpressionId, bool)> {
    let targets: Vec<ExpressionId> = match facts.statements.get(id.index()) {
        Some(Statement::Assign { targets, .. }) => targets.to_vec(),
        Some(Statement::AugmentedAssign { target, .. }) => vec![*target],
        Some(Statement::Delete(targets)) => targets.to_vec(),
        _ => Vec::new(),
    };
    let part = |target: ExpressionId| match facts.expressions.get(target.index()) {
        Some(Expression::Subscript { value, .. }) => Some((*value, true)),
        _ => None,
    };
    targets.into_iter().filter_map(part).collect()
}

/// P28 and P35, by what the files import.
fn packages(reader: &Reader<'_>, subject: &Subject, all: &Effects, found: &mut Verdicts) {
    let mut files: Vec<FileId> = all.functions.iter().map(|(file, _)| *file).collect();
    files.push(subject.file);
    files.sort_unstable();
    files.dedup();
    for file in files {
        for binding in &reader.facts(file).bindings {
            let module = match &binding.value {
                BindingValue::Import { module, .. } | BindingValue::ImportFrom { module, level: 0, .. } => {
                    reader.name(file, *module)
                }
                _ => continue,
            };
            if names().is_package("fork_unsafe", module) {
                found.add(
                    "P28",
                    Present,
                    format!("`{module}` does not survive a fork; use the start method \"spawn\""),
                    None,
                );
            }
            if file == subject.file && names().is_package("mocks", module) {
                found.add(
                    "P35",
                    Present,
                    format!("`{module}`: what is patched at run time is not patched in a process"),
                    None,
                );
            }
        }
    }
}

/// P28, P30, P33: the thread or pool itself.
fn vehicle(reader: &mut Reader<'_>, this: &Move<'_>, found: &mut Verdicts) {
    let subject = this.subject;
    let file = subject.file;
    let place = Some(reader.place(file, subject.call));
    if this.workers.is_some_and(|workers| workers > 61) {
        found.add("P30", Present, "more than 61 workers: Windows refuses so many processes", place);
    }
    if subject.pooled {
        return;
    }
    let facts = reader.facts(file);
    if let Some(Expression::Call { arguments, .. }) = facts.expressions.get(subject.call.index()) {
        let is_daemon = arguments.iter().any(|argument| {
            matches!(argument.kind, crate::facts::ir::ArgumentKind::Keyword(name) if reader.name(file, name) == "daemon")
                && !matches!(facts.expressions.get(argument.value.index()), Some(Expression::Boolean(false)))
        });
        if is_daemon {
            found.add("P33", Present, "a daemonic process is ended with its parent, in the middle of its work", place);
        }
    }
    if !is_joined(reader, file, subject.function) {
        found.add("P33", Present, "nobody waits for the worker here: a process is not ended like a thread", place);
    }
}

/// True if the function that starts workers waits for them too.
pub fn is_joined(reader: &mut Reader<'_>, file: FileId, function: Option<FunctionId>) -> bool {
    let shape = reader.shape(file);
    let facts = reader.facts(file);
    shape.expressions_in(function).any(|id| {
        matches!(facts.expressions.get(id.index()), Some(Expression::Attribute { attribute, value })
            if reader.name(file, *attribute) == "join"
                && !matches!(facts.expressions.get(value.index()), Some(Expression::String { .. })))
    })
}
