//! Threads to processes and back: the constructor and its imports, the main guard, the arguments.

use super::edits::Edits;
use super::source::{self, Additions, ImportChange, Written, drop_argument, drop_import, written};
use super::swaps::{Swap, swap};
use super::{Context, Rewrite, guard};
use crate::diagnostic::{Applicability, HazardState};
use crate::estimate::report::{Event, Handover};
use crate::estimate::trace::Seen;
use crate::facts::ir::{BindingValue, Expression, Statement};
use crate::hazards::effects::{Place, Reader, Scope};
use crate::hazards::names::names;
use crate::hazards::shape::Parent;
use crate::hazards::subject::{Subject, call_at};
use crate::hazards::to_process::Guard;
use crate::hazards::{Verdicts, to_process, to_thread};
use crate::id::{ExpressionId, FileId, FunctionId};
use crate::knowledge::schema::Vehicle;
use crate::text::Span;

/// The rewrite of a hand-over to another vehicle.
pub fn rewrite(context: &Context<'_>, reader: &mut Reader<'_>, handover: &Handover, to: Vehicle) -> Option<Rewrite> {
    let subject = Subject::of(reader, handover)?;
    let last = subject.construct.rsplit('.').next().unwrap_or_default();
    match last {
        "run_in_executor" => executor(context, reader, handover, &subject, to),
        "to_thread" | "run_in_threadpool" => offload(context, reader, handover, &subject, to),
        "start_new_thread" | "start_new" => bare_thread(context, reader, handover, &subject, to),
        "Parallel" => joblib(context, reader, handover, &subject, to),
        _ if subject.target.is_none() => subclass(context, reader, handover, &subject, to),
        _ => constructor(context, reader, handover, &subject, to),
    }
}

/// Only the guard, for processes that are started without one.
pub fn guarded(reader: &mut Reader<'_>, handover: &Handover) -> Option<Rewrite> {
    let subject = Subject::of(reader, handover)?;
    let mut edits = Edits::default();
    match guard::guard(reader, (subject.file, subject.function), subject.call, &mut edits) {
        Guard::Added(_) => {
            let title = "Put it under `if __name__ == \"__main__\":`".to_string();
            Some(Rewrite { title, edits, verdicts: Verdicts::default() })
        }
        Guard::There | Guard::NoStart | Guard::Missing(_) => None,
    }
}

/// Where the vehicle is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// The file.
    pub file: FileId,
    /// The call of the class.
    pub call: ExpressionId,
}

/// `ThreadPoolExecutor(…)`, `Thread(…)`, `thread_map(…)`: another name in their place.
fn constructor(
    context: &Context<'_>,
    reader: &mut Reader<'_>,
    handover: &Handover,
    subject: &Subject,
    to: Vehicle,
) -> Option<Rewrite> {
    let made = made_at(reader, subject)?;
    let from = class_of(reader, made)?;
    let mut swap = swap(&from, to)?;
    let mut edits = Edits::default();
    let mut additions = Additions::default();
    let (_, mut verdicts) = judge(context, reader, handover, subject, to, Some(made), &mut edits);
    if to == Vehicle::Process
        && let Some((other, fewer)) = interpreters(context, reader, subject, &from, &verdicts)
    {
        (swap, verdicts) = (other, fewer);
    }
    rename(reader, &mut edits, &mut additions, made, swap, &mut verdicts)?;
    additions.finish(reader, &mut edits, made.file);
    let short = from.rsplit('.').next().unwrap_or_default();
    let title = if short == swap.name {
        format!("Use `{}.{}` instead of `{from}`", swap.module, swap.name)
    } else {
        format!("Use `{}` instead of `{short}`", swap.name)
    };
    Some(Rewrite { title, edits, verdicts })
}

/// The first version with `InterpreterPoolExecutor`.
const WITH_INTERPRETERS: u8 = 14;

/// `InterpreterPoolExecutor` in the place of processes, with what stands against it: where the version is said to have
/// it, nothing but Python and the standard library is imported, and the code uses interpreters already or fewer hazards
/// are left than for processes.
fn interpreters(
    context: &Context<'_>,
    reader: &mut Reader<'_>,
    subject: &Subject,
    from: &str,
    process: &Verdicts,
) -> Option<(&'static Swap, Verdicts)> {
    let target = context.target;
    if !context.target_is_said || target.free_threaded || (target.major, target.minor) < (3, WITH_INTERPRETERS) {
        return None;
    }
    let swap = swap(from, Vehicle::Interpreter)?;
    let mut files: Vec<FileId> = vec![subject.file];
    for node in &subject.runs {
        files.extend(reader.effects(*node).functions.iter().map(|(file, _)| *file));
    }
    files.sort_unstable();
    files.dedup();
    if !files.iter().all(|file| imports_only_python(reader, *file)) {
        return None;
    }
    // Nothing is forked, nobody is killed with a parent, and Windows sets no limit.
    let of_processes = ["P19", "P28", "P30", "P33"];
    let mut left = process.clone();
    left.found.retain(|verdict| !of_processes.contains(&verdict.code));
    let is_better = process.applicability() != Applicability::Safe && left.found.len() < process.found.len();
    let is_used = reader.project.text(subject.file).contains("InterpreterPoolExecutor");
    if !is_better && !is_used {
        return None;
    }
    let place = reader.place(subject.file, subject.call);
    let what = "each interpreter imports the modules anew, which not all of them bear";
    left.add("P18", HazardState::Undecided, what, Some(place));
    Some((swap, left))
}

/// True if a file imports modules of the project and of the standard library only.
fn imports_only_python(reader: &Reader<'_>, file: FileId) -> bool {
    reader.facts(file).bindings.iter().all(|binding| {
        let module = match &binding.value {
            BindingValue::Import { module, .. } | BindingValue::ImportFrom { module, level: 0, .. } => {
                reader.name(file, *module)
            }
            _ => return true,
        };
        let root = module.split('.').next().unwrap_or(module);
        let is_own = |other: FileId| reader.project.module_name(other).split('.').next() == Some(root);
        names().is_package("standard", module) || reader.project.files().any(is_own)
    })
}

/// The verdicts for a move, and the guard that it needs.
fn judge(
    context: &Context<'_>,
    reader: &mut Reader<'_>,
    handover: &Handover,
    subject: &Subject,
    to: Vehicle,
    made: Option<Made>,
    edits: &mut Edits,
) -> (Guard, Verdicts) {
    let others = made.map(|made| others(context, reader, handover, made)).unwrap_or_default();
    let made_call = made.map(|m| (m.file, m.call));
    match to {
        Vehicle::Thread => {
            let busy = others
                .iter()
                .filter(|other| other.cost.held().likely > other.cost.total().likely * 0.2 || !other.known)
                .map(|other| Place { file: other.file, span: other.span })
                .collect();
            let this = to_thread::Move { subject, cost: &handover.cost, made: made_call, others: busy };
            let mut verdicts = to_thread::check(reader, &this);
            completion_order(reader, subject, "T1", &mut verdicts);
            if let Some(made) = made {
                handed_on(reader, made, "T3", &mut verdicts);
            }
            (Guard::There, verdicts)
        }
        _ => {
            let site = (subject.file, subject.function);
            let guard = guard::guard(reader, site, subject.call, edits);
            let workers = made.and_then(|made| workers(reader, made));
            let this = to_process::Move { subject, guard: guard.clone(), workers, made: made.map(|m| m.call) };
            let mut verdicts = to_process::check(reader, &this);
            for other in others {
                let Some(subject) = Subject::of(reader, other) else {
                    let place = Place { file: other.file, span: other.span };
                    verdicts.add(
                        "P1",
                        HazardState::Undecided,
                        "the pool also gets work that is not known",
                        Some(place),
                    );
                    continue;
                };
                let this = to_process::Move { subject: &subject, guard: guard.clone(), workers, made: None };
                verdicts.found.extend(to_process::check(reader, &this).found);
            }
            other_threads(context, reader, handover, &mut verdicts);
            completion_order(reader, subject, "P31", &mut verdicts);
            if let Some(made) = made {
                handed_on(reader, made, "P25", &mut verdicts);
            }
            (guard, verdicts)
        }
    }
}

/// What follows in the order in which tasks end: `imap_unordered`, `as_completed`, and coroutines that change
/// something when their own task is done.
fn completion_order(reader: &mut Reader<'_>, subject: &Subject, code: &'static str, verdicts: &mut Verdicts) {
    let file = subject.file;
    let place = reader.place(file, subject.call);
    if subject.construct.ends_with("_unordered") {
        let what = "results come in the order in which they are ready, which changes";
        verdicts.add(code, HazardState::Present, what, Some(place));
    }
    let node = (file, subject.function);
    let effects = reader.effects(node);
    for (name, at) in &effects.library {
        if name.ends_with(".as_completed") {
            let what = format!(
                "`{name}` at line {} gives the order in which tasks end, which changes",
                to_process::row(reader, *at)
            );
            verdicts.add(code, HazardState::Present, what, Some(*at));
        }
    }
    let is_coroutine = subject
        .function
        .and_then(|f| reader.facts(file).functions.get(f.index()))
        .is_some_and(|function| function.is_async);
    if is_coroutine {
        for change in &effects.changes {
            let what = format!(
                "`{}` is changed at line {} when a task is done: the order of tasks changes",
                change.name,
                to_process::row(reader, change.place)
            );
            verdicts.add(code, HazardState::Undecided, what, Some(change.place));
        }
    }
}

/// P28: other threads of the same function that stay threads.
fn other_threads(context: &Context<'_>, reader: &Reader<'_>, handover: &Handover, verdicts: &mut Verdicts) {
    for event in &context.report.events {
        let Event::Handover(other) = event else { continue };
        let is_other = other.file == handover.file
            && other.function == handover.function
            && other.span != handover.span
            && other.vehicle == Vehicle::Thread
            && other.lone_worker
            && !handover.lone_worker;
        if is_other {
            let place = Place { file: other.file, span: other.span };
            let what =
                format!("a thread is started at line {}: forking beside it may hang", to_process::row(reader, place));
            verdicts.add("P28", HazardState::Present, what, Some(place));
        }
    }
}

/// The pool is given to somebody, returned or kept: what else is done with it is not known.
fn handed_on(reader: &mut Reader<'_>, made: Made, code: &'static str, verdicts: &mut Verdicts) {
    let shape = reader.shape(made.file);
    let facts = reader.facts(made.file);
    let Some(name) = bound_name(reader, made) else { return };
    for (index, expression) in facts.expressions.iter().enumerate() {
        let id = ExpressionId::new(index);
        if !matches!(expression, Expression::Name(n) if *n == name) || shape.function(id) != shape.function(made.call) {
            continue;
        }
        let crate::hazards::shape::Parent::Expression(parent) = shape.parent(id) else { continue };
        let is_handed = match facts.expressions.get(parent.index()) {
            Some(Expression::Call { callee, arguments }) => {
                let is_executor = matches!(reader.trace.seen(made.file, *callee),
                    Some(Seen::LibraryMethod(_, name) | Seen::Library(name))
                        if name.ends_with("run_in_executor") || name.ends_with(".append"));
                *callee != id && arguments.iter().any(|a| a.value == id) && !is_executor
            }
            Some(Expression::Attribute { .. }) => false,
            _ => false,
        };
        if is_handed {
            let place = reader.place(made.file, id);
            let what =
                format!("`{}` is handed on at line {}", reader.code(made.file, id), to_process::row(reader, place));
            verdicts.add(code, HazardState::Undecided, what, Some(place));
        }
    }
}

/// The name that a vehicle is bound to where it is made.
fn bound_name(reader: &mut Reader<'_>, made: Made) -> Option<crate::id::NameId> {
    let facts = reader.facts(made.file);
    let shape = reader.shape(made.file);
    let statement = shape.statement_of(made.call)?;
    let target = match facts.statements.get(statement.index())? {
        crate::facts::ir::Statement::Assign { targets, value } if *value == made.call => targets.first().copied(),
        crate::facts::ir::Statement::With { items, .. } => {
            items.iter().find(|(value, _)| *value == made.call).and_then(|(_, target)| *target)
        }
        _ => None,
    }?;
    match facts.expressions.get(target.index()) {
        Some(Expression::Name(name)) => Some(*name),
        _ => None,
    }
}

/// Other hand-overs to the same pool.
fn others<'c>(context: &Context<'c>, reader: &mut Reader<'_>, handover: &Handover, made: Made) -> Vec<&'c Handover> {
    let mut found: Vec<&Handover> = Vec::new();
    for event in &context.report.events {
        let Event::Handover(other) = event else { continue };
        let is_near = other.file == made.file || other.file == handover.file;
        if !is_near || (other.file, other.span) == (handover.file, handover.span) {
            continue;
        }
        if found.iter().any(|f| f.file == other.file && f.span == other.span) {
            continue;
        }
        let Some(subject) = Subject::of(reader, other) else { continue };
        let same = made_at(reader, &subject) == Some(made);
        if same {
            found.push(other);
        }
    }
    found
}

/// `max_workers=4`, as a number.
fn workers(reader: &Reader<'_>, made: Made) -> Option<i64> {
    let all = written(reader, made.file, made.call);
    let value = all.iter().find(|a| {
        matches!(a.keyword.as_deref(), Some("max_workers" | "processes")) || (a.keyword.is_none() && !a.starred)
    })?;
    match reader.facts(made.file).expressions.get(value.value.index()) {
        Some(Expression::Integer(number)) => Some(*number),
        _ => None,
    }
}

/// The canonical name of what is called.
fn class_of(reader: &Reader<'_>, made: Made) -> Option<String> {
    let facts = reader.facts(made.file);
    let Some(Expression::Call { callee, .. }) = facts.expressions.get(made.call.index()) else { return None };
    match reader.trace.seen(made.file, *callee) {
        Some(Seen::Library(name)) => Some(name.to_string()),
        // `get_context("spawn").Pool(4)`: a method of the context.
        Some(Seen::LibraryMethod(_, name)) if name.starts_with("multiprocessing") => {
            Some(format!("multiprocessing.{}", name.rsplit('.').next().unwrap_or_default()))
        }
        _ => match facts.expressions.get(callee.index()) {
            Some(Expression::Attribute { value, attribute }) => {
                let is_context = matches!(facts.expressions.get(value.index()), Some(Expression::Call { callee, .. })
                    if matches!(reader.trace.seen(made.file, *callee), Some(Seen::Library(n)) if n.ends_with("get_context")));
                is_context.then(|| format!("multiprocessing.{}", reader.name(made.file, *attribute)))
            }
            _ => None,
        },
    }
}

/// Where the thread, process or pool of a hand-over is made: one place, or nothing.
fn made_at(reader: &mut Reader<'_>, subject: &Subject) -> Option<Made> {
    let file = subject.file;
    let here = Made { file, call: subject.call };
    let facts = reader.facts(file);
    if class_of(reader, here)
        .is_some_and(|c| swap(&c, Vehicle::Process).is_some() || swap(&c, Vehicle::Thread).is_some())
    {
        return Some(here);
    }
    let receiver = match facts.expressions.get(subject.callee.index())? {
        Expression::Attribute { value, .. } => {
            let is_executor = subject.construct.ends_with("run_in_executor");
            if is_executor { written(reader, file, subject.call).first()?.value } else { *value }
        }
        _ => return None,
    };
    let shape = reader.shape(file);
    vehicle_of(reader, file, shape.function(subject.call), receiver)
}

/// The one call that makes the object that an expression stands for.
fn vehicle_of(
    reader: &mut Reader<'_>,
    file: FileId,
    function: Option<FunctionId>,
    expression: ExpressionId,
) -> Option<Made> {
    let facts = reader.facts(file);
    let values: Vec<(FileId, ExpressionId)> = match facts.expressions.get(expression.index())? {
        Expression::Call { .. } => vec![(file, expression)],
        Expression::Name(name) if entered_around(reader, file, expression, *name).is_some() => {
            entered_around(reader, file, expression, *name).map(|value| (file, value)).into_iter().collect()
        }
        Expression::Name(name) => match reader.scope(file, function, *name) {
            Scope::Local => {
                let definition = function.and_then(|f| facts.functions.get(f.index()))?;
                if definition.parameters.iter().any(|p| p.name == *name) {
                    return None;
                }
                reader.bound_values(file, function, *name).into_iter().map(|(value, _)| (file, value)).collect()
            }
            Scope::Enclosing => {
                let mut outer = function.and_then(|f| facts.functions.get(f.index()))?.parent;
                let mut values = Vec::new();
                while let Some(at) = outer {
                    values = reader.bound_values(file, Some(at), *name);
                    if !values.is_empty() {
                        break;
                    }
                    outer = facts.functions.get(at.index())?.parent;
                }
                values.into_iter().map(|(value, _)| (file, value)).collect()
            }
            Scope::Module => {
                let text = reader.name(file, *name);
                let value = |binding: &crate::facts::ir::Binding| match &binding.value {
                    BindingValue::Assigned(value) | BindingValue::Entered(value) => Some((file, *value)),
                    _ => None,
                };
                reader.bindings(file, text).into_iter().filter_map(value).collect()
            }
        },
        Expression::Attribute { value, attribute } => {
            let owner = reader.trace.seen(file, *value).cloned()?;
            let Seen::Instance(at, class) = owner else { return None };
            let wanted = reader.name(file, *attribute);
            let mut values = Vec::new();
            for (at, class) in reader.ancestors(at, class) {
                for (name, value) in reader.attribute_values(at, class) {
                    let is_none = matches!(reader.facts(at).expressions.get(value.index()), Some(Expression::None));
                    if name == wanted && !is_none {
                        values.push((at, value));
                    }
                }
            }
            values
        }
        _ => return None,
    };
    let [(at, call)] = values.as_slice() else { return None };
    let made = Made { file: *at, call: *call };
    class_of(reader, made).map(|_| made)
}

/// `with ThreadPoolExecutor() as pool:` around a use of `pool`: what was entered, whatever else has that name.
fn entered_around(
    reader: &mut Reader<'_>,
    file: FileId,
    id: ExpressionId,
    name: crate::id::NameId,
) -> Option<ExpressionId> {
    let shape = reader.shape(file);
    let facts = reader.facts(file);
    let is_it = |target: &ExpressionId| matches!(facts.expressions.get(target.index()), Some(Expression::Name(n)) if *n == name);
    let mut here = shape.statement_of(id)?;
    while let Parent::Statement(outer) = shape.around(here) {
        if let Some(Statement::With { items, .. }) = facts.statements.get(outer.index())
            && let Some((value, _)) = items.iter().find(|(_, target)| target.as_ref().is_some_and(is_it))
        {
            return Some(*value);
        }
        here = outer;
    }
    None
}

/// Puts the other class's name where the vehicle is made, and takes out what it does not know.
fn rename(
    reader: &Reader<'_>,
    edits: &mut Edits,
    additions: &mut Additions,
    made: Made,
    swap: &Swap,
    verdicts: &mut Verdicts,
) -> Option<()> {
    let file = made.file;
    let facts = reader.facts(file);
    let Some(Expression::Call { callee, .. }) = facts.expressions.get(made.call.index()) else { return None };
    replace_name(reader, edits, additions, file, *callee, &swap.module, &swap.name);
    let arguments = written(reader, file, made.call);
    for (index, argument) in arguments.iter().enumerate() {
        let Some(keyword) = &argument.keyword else { continue };
        if swap.drop.contains(keyword) {
            drop_argument(reader, edits, file, &arguments, index)?;
            // `mp_context=get_context("spawn")`: what was imported for it.
            if let Some(name) = root_name(reader, file, argument.value) {
                drop_import(reader, edits, file, &name, &[argument.span], None);
            }
            if keyword == "thread_name_prefix" {
                // Names of threads are for people; what reads them is told as P26 by itself.
                continue;
            }
        }
    }
    if arguments.iter().any(|a| a.starred) && !swap.drop.is_empty() {
        let code = if swap.to == Vehicle::Process { "P26" } else { "T6" };
        let what = "its arguments come from a dict or list: some may not fit";
        verdicts.add(code, HazardState::Undecided, what, Some(reader.place(file, made.call)));
    }
    Some(())
}

/// Puts `module.member` in the place of a name, with the imports that follow from it.
pub fn replace_name(
    reader: &Reader<'_>,
    edits: &mut Edits,
    additions: &mut Additions,
    file: FileId,
    old: ExpressionId,
    module: &str,
    member: &str,
) {
    let facts = reader.facts(file);
    let span = reader.span(file, old);
    match facts.expressions.get(old.index()) {
        Some(Expression::Name(name)) => {
            let name = reader.name(file, *name);
            // `from concurrent.futures import ThreadPoolExecutor as Workers`: the import itself changes.
            let known = source::imported_module(reader, file, module);
            let has_member = source::is_taken(reader, file, member);
            let replacement = (!has_member && known.is_none()).then_some((module, member));
            match drop_import(reader, edits, file, name, &[span], replacement) {
                ImportChange::Replaced => edits.replace(file, span, member),
                ImportChange::Kept | ImportChange::Removed => {
                    let new = source::member(reader, additions, file, module, member);
                    edits.replace(file, span, new);
                }
            }
        }
        Some(Expression::Attribute { value, .. }) => {
            let owner = reader.span(file, *value);
            let text = reader.project.text(file);
            let owner_text = owner.of(text);
            // `futures.ThreadPoolExecutor`, `mp.Process`: another member of the same module.
            if source::imported_module(reader, file, module).is_some_and(|known| known == owner_text) {
                edits.replace(file, Span { start: owner.end, end: span.end }, format!(".{member}"));
                return;
            }
            if let Some(new) = sibling(reader, edits, file, *value, module) {
                edits.replace(file, span, format!("{new}.{member}"));
                return;
            }
            let root = root_name(reader, file, *value);
            let new = source::member(reader, additions, file, module, member);
            edits.replace(file, span, new.clone());
            if let Some(root) = root
                && !new.starts_with(&format!("{root}."))
            {
                drop_import(reader, edits, file, &root, &[span], None);
            }
        }
        _ => {
            let new = source::member(reader, additions, file, module, member);
            edits.replace(file, span, new);
        }
    }
}

/// `from anyio import to_process` becomes `from anyio import to_thread`, if nothing else uses it: the new name.
fn sibling(reader: &Reader<'_>, edits: &mut Edits, file: FileId, old: ExpressionId, module: &str) -> Option<String> {
    let Some(Expression::Name(name)) = reader.facts(file).expressions.get(old.index()) else { return None };
    let (package, new) = module.rsplit_once('.')?;
    if source::is_taken(reader, file, new) || source::imported_module(reader, file, module).is_some() {
        return None;
    }
    let is_from_there = reader.facts(file).bindings.iter().any(|binding| {
        binding.name == *name
            && matches!(&binding.value, BindingValue::ImportFrom { module, level: 0, .. }
                if reader.name(file, *module) == package)
    });
    let (name, gone) = (reader.name(file, *name), [reader.span(file, old)]);
    let changed =
        is_from_there && drop_import(reader, edits, file, name, &gone, Some((package, new))) == ImportChange::Replaced;
    changed.then(|| new.to_string())
}

/// The first name of `a.b.c` or of `a(…).b`.
fn root_name(reader: &Reader<'_>, file: FileId, mut id: ExpressionId) -> Option<String> {
    loop {
        match reader.facts(file).expressions.get(id.index())? {
            Expression::Name(name) => return Some(reader.name(file, *name).to_string()),
            Expression::Attribute { value, .. } => id = *value,
            Expression::Call { callee, .. } => id = *callee,
            _ => return None,
        }
    }
}

/// `class Watcher(Process)`: the base, if all instances are flagged alike.
fn subclass(
    context: &Context<'_>,
    reader: &mut Reader<'_>,
    handover: &Handover,
    subject: &Subject,
    to: Vehicle,
) -> Option<Rewrite> {
    let Some(Seen::Class(file, class)) = reader.trace.seen(subject.file, subject.callee).cloned() else { return None };
    let facts = reader.facts(file);
    let bases = facts.classes.get(class.index())?.bases.clone();
    let mut edits = Edits::default();
    let mut additions = Additions::default();
    let (base, swap) = bases.iter().find_map(|base| match reader.trace.seen(file, *base) {
        Some(Seen::Library(name)) => swap(name, to).map(|swap| (*base, swap)),
        _ => None,
    })?;
    let (_, mut verdicts) = judge(context, reader, handover, subject, to, None, &mut edits);
    if to == Vehicle::Process {
        // The object itself is pickled when it starts.
        if let crate::hazards::pickling::Pickling::Fails(why, place) = reader.pickling(&Seen::Instance(file, class)) {
            verdicts.add("P3", HazardState::Breaks, why, place);
        }
    } else {
        // `multiprocessing.Process` attributes that a thread lacks would be found as T3.
        for change in reader.effects(subject.runs.first().copied().unwrap_or((file, None))).changes.iter() {
            if matches!(change.root, crate::hazards::effects::Root::Parameter(0)) {
                let what = format!("`{}` is set by `run`: with a thread the parent sees it", change.name);
                verdicts.add("T1", HazardState::Present, what, Some(change.place));
            }
        }
    }
    replace_name(reader, &mut edits, &mut additions, file, base, &swap.module, &swap.name);
    // `Process.__init__(self)` in its body.
    for (index, expression) in facts.expressions.iter().enumerate() {
        let Expression::Attribute { value, attribute } = expression else { continue };
        let is_init = reader.name(file, *attribute) == "__init__";
        let same = reader.trace.seen(file, *value) == reader.trace.seen(file, base) && *value != base;
        if is_init && same && matches!(reader.trace.seen(file, *value), Some(Seen::Library(_))) {
            let id = ExpressionId::new(index);
            let what = "the base is also called by its name: change it there too";
            verdicts.add(
                if to == Vehicle::Process { "P26" } else { "T6" },
                HazardState::Breaks,
                what,
                Some(reader.place(file, id)),
            );
        }
    }
    additions.finish(reader, &mut edits, file);
    let name = class_name(reader, file, base);
    Some(Rewrite { title: format!("Derive from `{}` instead of `{name}`", swap.name), edits, verdicts })
}

fn class_name(reader: &Reader<'_>, file: FileId, base: ExpressionId) -> String {
    match reader.trace.seen(file, base) {
        Some(Seen::Library(name)) => name.rsplit('.').next().unwrap_or_default().to_string(),
        _ => reader.code(file, base),
    }
}

/// A rewrite to processes of a call that makes no vehicle of its own, in the making.
struct Draft {
    file: FileId,
    arguments: Vec<Written>,
    verdicts: Verdicts,
    edits: Edits,
    additions: Additions,
}

impl Draft {
    /// Nothing for a move to threads: such calls start threads already.
    fn of(
        context: &Context<'_>,
        reader: &mut Reader<'_>,
        handover: &Handover,
        subject: &Subject,
        to: Vehicle,
    ) -> Option<Draft> {
        if to != Vehicle::Process {
            return None;
        }
        let mut edits = Edits::default();
        let (_, verdicts) = judge(context, reader, handover, subject, to, None, &mut edits);
        let arguments = written(reader, subject.file, subject.call);
        Some(Draft { file: subject.file, arguments, verdicts, edits, additions: Additions::default() })
    }

    fn finish(mut self, reader: &Reader<'_>, title: &str) -> Rewrite {
        self.additions.finish(reader, &mut self.edits, self.file);
        Rewrite { title: title.into(), edits: self.edits, verdicts: self.verdicts }
    }
}

/// `_thread.start_new_thread(f, (x,))` is `Process(target=f, args=(x,)).start()`.
fn bare_thread(
    context: &Context<'_>,
    reader: &mut Reader<'_>,
    handover: &Handover,
    subject: &Subject,
    to: Vehicle,
) -> Option<Rewrite> {
    let mut draft = Draft::of(context, reader, handover, subject, to)?;
    let file = draft.file;
    replace_name(reader, &mut draft.edits, &mut draft.additions, file, subject.callee, "multiprocessing", "Process");
    for (argument, name) in draft.arguments.iter().zip(["target=", "args=", "kwargs="]) {
        draft.edits.insert(file, argument.span.start, name);
    }
    draft.edits.insert(file, reader.span(file, subject.call).end, ".start()");
    Some(draft.finish(reader, "Start a `Process` instead of a thread"))
}

/// joblib chooses by `prefer` and `backend`.
fn joblib(
    context: &Context<'_>,
    reader: &mut Reader<'_>,
    handover: &Handover,
    subject: &Subject,
    to: Vehicle,
) -> Option<Rewrite> {
    let file = subject.file;
    let facts = reader.facts(file);
    // `Parallel(n_jobs=2)(…)`: the inner call makes it. With `with Parallel(…) as p` it is elsewhere.
    let inner = match facts.expressions.get(subject.callee.index())? {
        Expression::Call { .. } => subject.callee,
        Expression::Name(_) => {
            let shape = reader.shape(file);
            vehicle_of(reader, file, shape.function(subject.call), subject.callee)?.call
        }
        _ => return None,
    };
    let mut edits = Edits::default();
    let (_, mut verdicts) = judge(context, reader, handover, subject, to, None, &mut edits);
    // joblib's own processes import the task's module by themselves and need no guard.
    verdicts.found.retain(|verdict| verdict.code != "P16");
    if to == Vehicle::Process {
        edits = Edits::default();
    }
    let arguments = written(reader, file, inner);
    let mut done = false;
    for (index, argument) in arguments.iter().enumerate() {
        if !matches!(argument.keyword.as_deref(), Some("prefer" | "backend" | "require")) {
            continue;
        }
        if to == Vehicle::Process {
            drop_argument(reader, &mut edits, file, &arguments, index)?;
        } else {
            if done {
                return None;
            }
            edits.replace(file, argument.span, "prefer=\"threads\"");
        }
        done = true;
    }
    if !done && to == Vehicle::Process {
        return None;
    }
    if !done {
        match arguments.last() {
            Some(last) => edits.insert(file, last.span.end, ", prefer=\"threads\""),
            None => edits.insert(file, reader.span(file, inner).end - 1, "prefer=\"threads\""),
        }
    }
    let title = match to {
        Vehicle::Process => "Leave joblib to its processes",
        _ => "Let joblib use threads: `prefer=\"threads\"`",
    };
    Some(Rewrite { title: title.into(), edits, verdicts })
}

/// `loop.run_in_executor(pool, f, x)`.
fn executor(
    context: &Context<'_>,
    reader: &mut Reader<'_>,
    handover: &Handover,
    subject: &Subject,
    to: Vehicle,
) -> Option<Rewrite> {
    let file = subject.file;
    let arguments = written(reader, file, subject.call);
    let first = arguments.first()?;
    let is_default = matches!(reader.facts(file).expressions.get(first.value.index()), Some(Expression::None));
    if !is_default {
        return constructor(context, reader, handover, subject, to);
    }
    let mut draft = Draft::of(context, reader, handover, subject, to)?;
    let pool = process_pool(context, reader, &mut draft.additions, file)?;
    draft.edits.replace(file, first.span, pool);
    Some(draft.finish(reader, "Give the work to a process pool"))
}

/// `asyncio.to_thread(f, x)` is `loop.run_in_executor(process_pool(), f, x)`.
fn offload(
    context: &Context<'_>,
    reader: &mut Reader<'_>,
    handover: &Handover,
    subject: &Subject,
    to: Vehicle,
) -> Option<Rewrite> {
    let mut draft = Draft::of(context, reader, handover, subject, to)?;
    let file = draft.file;
    let (first, last) = (draft.arguments.first()?.span, draft.arguments.last()?.span);
    let pool = process_pool(context, reader, &mut draft.additions, file)?;
    let asyncio = source::module(reader, &mut draft.additions, file, "asyncio");
    let callee = reader.span(file, subject.callee);
    draft.edits.replace(file, callee, format!("{asyncio}.get_running_loop().run_in_executor"));
    if draft.arguments.iter().any(|a| a.keyword.is_some() || a.starred) {
        let partial = source::member(reader, &mut draft.additions, file, "functools", "partial");
        draft.edits.insert(file, first.start, format!("{pool}, {partial}("));
        draft.edits.insert(file, last.end, ")");
    } else {
        draft.edits.insert(file, first.start, format!("{pool}, "));
    }
    Some(draft.finish(reader, "Give the work to a process pool"))
}

/// The code that gives a pool of processes: one for the whole program, made when first asked for.
pub fn process_pool(
    context: &Context<'_>,
    reader: &Reader<'_>,
    additions: &mut Additions,
    file: FileId,
) -> Option<String> {
    let facts = reader.facts(file);
    let text = reader.project.text(file);
    let existing = facts.functions.iter().zip(&reader.project.parsed(file).spans.functions).any(|(function, span)| {
        function.parent.is_none()
            && function.class.is_none()
            && reader.name(file, function.name) == "process_pool"
            && span.of(text).contains("ProcessPoolExecutor")
    });
    if existing {
        return Some("process_pool()".into());
    }
    if source::is_taken(reader, file, "process_pool") {
        return None;
    }
    let class = source::member(reader, additions, file, "concurrent.futures", "ProcessPoolExecutor");
    // `functools.cache` is there from 3.9 on.
    let is_old = context.target.major == 3 && context.target.minor < 9;
    let member = if is_old { "lru_cache" } else { "cache" };
    let mut cache = source::member(reader, additions, file, "functools", member);
    if is_old {
        cache.push_str("(maxsize=None)");
    }
    let unit = source::indent_unit(text);
    additions.helper(format!(
        "@{cache}\ndef process_pool():\n{unit}\"\"\"The worker processes, started when there is work.\"\"\"\n{unit}return {class}()\n"
    ));
    Some("process_pool()".into())
}

/// The call at a place, if its arguments stand right behind what is called: `(f)(x)` would need its parentheses.
pub fn call_of(reader: &Reader<'_>, file: FileId, span: Span) -> Option<ExpressionId> {
    let call = call_at(reader, file, span)?;
    let Some(Expression::Call { callee, .. }) = reader.facts(file).expressions.get(call.index()) else { return None };
    let behind = reader.project.text(file).get(reader.span(file, *callee).end as usize..)?;
    behind.trim_start().starts_with('(').then_some(call)
}
