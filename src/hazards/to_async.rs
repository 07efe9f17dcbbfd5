//! A1 to A12: what stands against awaiting what blocked before.

use super::Verdicts;
use super::effects::{Effects, Place, Reader, Root};
use super::names::names;
use super::shape::Parent;
use super::to_process::row;
use crate::diagnostic::HazardState;
use crate::estimate::machine::Node;
use crate::estimate::report::Stall;
use crate::estimate::trace::Seen;
use crate::facts::ir::{Expression, Statement};
use crate::id::{ExpressionId, FileId, FunctionId};
use crate::knowledge::schema::WaitKind;

use HazardState::{Breaks, Present, Undecided};

/// How the call is to be awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By a coroutine that does the same: `asyncio.sleep`.
    Counterpart,
    /// In a thread.
    Thread,
    /// In a process.
    Process,
}

/// What a rewrite is judged with.
pub struct Move<'m> {
    /// The file.
    pub file: FileId,
    /// The coroutine.
    pub function: FunctionId,
    /// The call.
    pub call: ExpressionId,
    /// What it calls.
    pub callee: ExpressionId,
    /// What is passed.
    pub passed: Vec<ExpressionId>,
    /// What runs.
    pub runs: Vec<Node>,
    /// The observation.
    pub stall: &'m Stall,
    /// How.
    pub way: Way,
}

/// All that can be found.
pub fn check(reader: &mut Reader<'_>, this: &Move<'_>) -> Verdicts {
    let mut found = Verdicts::default();
    let file = this.file;
    let place = reader.place(file, this.call);
    if !may_await(reader, file, this.call) {
        found.add("A1", Breaks, "`await` may not stand here: inside a generator expression or a lambda", Some(place));
    }
    atomicity(reader, this, &mut found);
    locks(reader, this, &mut found);
    if let Some(Seen::Iterator) = reader.trace.seen(file, this.call) {
        found.add("A10", Breaks, "the call gives a generator: the work is done where it is consumed", Some(place));
    } else if this.runs.iter().any(|node| reader.effects(*node).is_generator) {
        let what = "the call gives a context manager: the work is done where the block begins and ends";
        found.add("A10", Breaks, what, Some(place));
    }
    match this.way {
        Way::Counterpart => {}
        Way::Thread => offload(reader, this, &mut found),
        Way::Process => {}
    }
    found
}

/// True if an `await` may be put where an expression stands.
pub fn may_await(reader: &mut Reader<'_>, file: FileId, id: ExpressionId) -> bool {
    let shape = reader.shape(file);
    let facts = reader.facts(file);
    let mut here = id;
    loop {
        match shape.parent(here) {
            Parent::Expression(outer) => {
                match facts.expressions.get(outer.index()) {
                    Some(Expression::Lambda(_)) => return false,
                    Some(Expression::Comprehension { kind, clauses, .. }) => {
                        let is_first = clauses.first().is_some_and(|clause| clause.iterable == here);
                        let is_lazy = *kind == crate::facts::ir::ComprehensionKind::Generator;
                        if is_lazy && !is_first {
                            return false;
                        }
                    }
                    _ => {}
                }
                here = outer;
            }
            // A lambda's body is a statement of its own.
            Parent::Statement(statement) => {
                return !matches!(shape.around(statement), Parent::Expression(_));
            }
            Parent::Nothing => return true,
        }
    }
}

/// A3: what the coroutine itself changes or shows besides its result.
fn atomicity(reader: &mut Reader<'_>, this: &Move<'_>, found: &mut Verdicts) {
    let effects = reader.effects((this.file, Some(this.function)));
    for change in &effects.changes {
        // What the moved work changes is told as A2.
        if change.place.file != this.file || this.way != Way::Counterpart && is_inside_runs(reader, this, change.place)
        {
            continue;
        }
        let state = if change.certain { Present } else { Undecided };
        let what = format!(
            "`{}` is changed at line {}: others may see or change it during the new `await`",
            change.name,
            row(reader, change.place)
        );
        found.add("A3", state, what, Some(change.place));
    }
    for (name, place) in &effects.library {
        if names().has_state("output", name) && !is_inside_runs(reader, this, *place) {
            let plain = name.strip_prefix("builtins.").unwrap_or(name);
            let what = format!("`{plain}` at line {}: the output of several tasks may mix now", row(reader, *place));
            found.add("A3", Present, what, Some(*place));
        }
    }
}

fn is_inside_runs(reader: &mut Reader<'_>, this: &Move<'_>, place: Place) -> bool {
    this.runs.iter().any(|node| {
        let effects = reader.effects(*node);
        effects.functions.iter().any(|(file, function)| {
            let span = function.and_then(|f| reader.project.parsed(*file).spans.functions.get(f.index()).copied());
            *file == place.file && span.is_some_and(|span| span.start <= place.span.start && place.span.end <= span.end)
        })
    })
}

/// A4 and A5: what is held around the call.
fn locks(reader: &mut Reader<'_>, this: &Move<'_>, found: &mut Verdicts) {
    let file = this.file;
    let shape = reader.shape(file);
    let facts = reader.facts(file);
    let mut here = shape.statement_of(this.call);
    while let Some(statement) = here {
        if let Some(Statement::With { items, is_async: false, .. }) = facts.statements.get(statement.index()) {
            for (context, _) in items.iter() {
                let place = reader.place(file, *context);
                let code = reader.code(file, *context);
                let line = row(reader, place);
                match reader.trace.seen(file, *context) {
                    Some(Seen::LibraryObject(class))
                        if class.starts_with("threading.") || class.starts_with("multiprocessing.") =>
                    {
                        let what = format!(
                            "`{code}` at line {line} is held over the new `await`: the loop may wait for itself"
                        );
                        found.add("A4", Breaks, what, Some(place));
                    }
                    Some(Seen::LibraryObject(class)) if class.starts_with("io.") => {}
                    // A class's own `__enter__` and `__exit__` run where the block begins and ends, whoever made the object.
                    _ if *context == this.call
                        && matches!(reader.trace.seen(file, this.callee), Some(Seen::Class(..))) =>
                    {
                        let what = format!("`{code}` at line {line} may wait where its block begins and ends");
                        found.add("A5", Breaks, what, Some(place));
                    }
                    _ if *context == this.call => {
                        let what = format!("`{code}` at line {line} opens a block whose parts block as well");
                        found.add("A5", Present, what, Some(place));
                    }
                    _ => {
                        let what = format!("whether `{code}` at line {line} may be held over an `await` is not known");
                        found.add("A4", Undecided, what, Some(place));
                    }
                }
            }
        }
        here = match shape.around(statement) {
            Parent::Statement(outer) => Some(outer),
            Parent::Expression(outer) => shape.statement_of(outer),
            Parent::Nothing => None,
        };
    }
}

/// A2, A11, A12: what runs in a thread while the loop goes on.
fn offload(reader: &mut Reader<'_>, this: &Move<'_>, found: &mut Verdicts) {
    let file = this.file;
    let mut all = Effects::default();
    for node in &this.runs {
        let effects = reader.effects(*node);
        all.changes.extend(effects.changes.iter().cloned());
        all.library.extend(effects.library.iter().cloned());
        all.unresolved.extend(effects.unresolved.iter().cloned());
        all.reads.extend(effects.reads.iter().cloned());
    }
    for change in &all.changes {
        let state = if change.certain { Present } else { Undecided };
        let verb = if change.certain { "is" } else { "may be" };
        let what = format!(
            "`{}` {verb} changed at line {}, in another thread than the event loop",
            change.name,
            row(reader, change.place)
        );
        found.add("A2", state, what, Some(change.place));
    }
    for (code, place) in &all.unresolved {
        let what =
            format!("`{code}` at line {} could not be followed: it may not be safe in a thread", row(reader, *place));
        found.add("A2", Undecided, what, Some(*place));
    }
    for (name, place) in &all.library {
        let line = row(reader, *place);
        let plain = name.strip_prefix("builtins.").unwrap_or(name);
        if name.starts_with("asyncio.") {
            found.add(
                "A2",
                Breaks,
                format!("`{plain}` at line {line} belongs to the event loop's thread"),
                Some(*place),
            );
        } else if names().has_state("context", name) || names().has_state("threads", name) {
            found.add(
                "A2",
                Present,
                format!("`{plain}` at line {line} means the thread in which it runs"),
                Some(*place),
            );
        } else if names().has_state("signals", name) || names().has_state("directory", name) {
            found.add("A2", Present, format!("`{plain}` at line {line} concerns the whole process"), Some(*place));
        } else if names().has_state("output", name) {
            found.add("A2", Present, format!("`{plain}` at line {line} writes from another thread"), Some(*place));
        } else if names().has_state("random", name) {
            found.add(
                "A2",
                Present,
                format!("`{plain}` at line {line} draws in another order than before"),
                Some(*place),
            );
        }
    }
    // Objects that two threads would use at once, or that belong to one.
    let receiver = match reader.facts(file).expressions.get(this.callee.index()) {
        Some(Expression::Attribute { value, .. }) => Some(*value),
        _ => None,
    };
    let node = (file, Some(this.function));
    for value in receiver.into_iter().chain(this.passed.iter().copied()) {
        let seen = reader.trace.seen(file, value).cloned().unwrap_or(Seen::Unknown);
        let place = reader.place(file, value);
        let code = reader.code(file, value);
        if let Some(class) = thread_bound(reader, &seen) {
            found.add("A11", Present, format!("`{code}` is a `{class}`, which belongs to one thread"), Some(place));
            continue;
        }
        if reader.is_plain(file, value) {
            continue;
        }
        let shared = reader
            .origins(node, value, 0)
            .into_iter()
            .find(|o| !matches!(&o.root, Root::Global(..)) || !matches!(seen, Seen::Library(_) | Seen::Module));
        let is_code = matches!(seen, Seen::Library(_) | Seen::Module | Seen::Function(..) | Seen::Class(..));
        if shared.is_some() && !is_code {
            let what = format!("`{code}` is used in a thread while the event loop may use it too");
            found.add("A2", Undecided, what, Some(place));
        }
    }
    for (at, name, place) in &all.reads {
        for binding in reader.bindings(*at, name) {
            if let crate::facts::ir::BindingValue::Assigned(value) = &binding.value {
                let seen = reader.trace.seen(*at, *value).cloned().unwrap_or(Seen::Unknown);
                if let Some(class) = thread_bound(reader, &seen) {
                    found.add(
                        "A11",
                        Present,
                        format!("`{name}` is a `{class}`, which belongs to one thread"),
                        Some(*place),
                    );
                }
            }
        }
    }
    let waits_long = this
        .stall
        .trail
        .operations
        .iter()
        .any(|o| matches!(o.wait, Some(WaitKind::Lock | WaitKind::Queue | WaitKind::Terminal | WaitKind::Device)));
    if waits_long {
        let place = reader.place(file, this.call);
        found.add(
            "A12",
            Present,
            "it may wait for long, and keeps one of the default executor's few threads",
            Some(place),
        );
    }
    if is_cancelled(reader, file) {
        let place = reader.place(file, this.call);
        found.add(
            "A2",
            Present,
            "tasks are cancelled or limited in time in this file, which does not stop a thread",
            Some(place),
        );
    }
}

fn thread_bound(_reader: &Reader<'_>, seen: &Seen) -> Option<String> {
    seen.alternatives().iter().find_map(|one| match one {
        Seen::LibraryObject(class) if names().thread_bound_classes.contains(&**class) => Some(class.to_string()),
        _ => None,
    })
}

fn is_cancelled(reader: &Reader<'_>, file: FileId) -> bool {
    let facts = reader.facts(file);
    facts.expressions.iter().any(|expression| match expression {
        Expression::Attribute { attribute, .. } => {
            matches!(
                reader.name(file, *attribute),
                "cancel" | "wait_for" | "timeout" | "timeout_at" | "move_on_after" | "fail_after"
            )
        }
        _ => false,
    })
}
