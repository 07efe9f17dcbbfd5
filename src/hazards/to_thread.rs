//! T1 to T10: what stands against moving a task from a process to a thread.

use super::Verdicts;
use super::effects::{Effects, Place, Reader, Root, never_changes};
use super::names::names;
use super::subject::Subject;
use super::to_process::{is_joined, row, whole};
use crate::cost::Cost;
use crate::diagnostic::HazardState;
use crate::estimate::trace::Seen;
use crate::facts::ir::{ArgumentKind, BindingValue, Expression};
use crate::id::{ExpressionId, FileId};

use HazardState::{Breaks, Present, Undecided};

/// Above this share of computing with the GIL held, threads take turns.
const SERIAL_SHARE: f64 = 0.2;

/// What a move is judged with.
pub struct Move<'m> {
    /// The call.
    pub subject: &'m Subject,
    /// What one task costs.
    pub cost: &'m Cost,
    /// Where the pool is made, or the process.
    pub made: Option<(FileId, ExpressionId)>,
    /// Other calls that give work to the same pool: what they run computes, or nobody knows.
    pub others: Vec<Place>,
}

/// All that can be found.
pub fn check(reader: &mut Reader<'_>, this: &Move<'_>) -> Verdicts {
    let mut found = Verdicts::default();
    let subject = this.subject;
    let all = whole(reader, subject);
    if subject.runs.is_empty() && !matches!(subject.seen, Seen::Library(_) | Seen::LibraryMethod(..)) {
        found.add("T1", Undecided, "what runs could not be resolved", Some(reader.place(subject.file, subject.call)));
    }
    shared(reader, &all, &mut found);
    handles(reader, subject, &all, &mut found);
    isolation(reader, this, &mut found);
    library(reader, &all, &mut found);
    let held = this.cost.held().likely;
    let total = this.cost.total().likely;
    let place = Some(reader.place(subject.file, subject.call));
    if held > total * SERIAL_SHARE {
        let share = (held / total * 100.0).round();
        found.add(
            "T8",
            Present,
            format!("about {share:.0} % of the work computes, which threads do one after the other"),
            place,
        );
    }
    for other in &this.others {
        let what =
            format!("the pool also gets other work at line {}, which threads may slow down", row(reader, *other));
        found.add("T8", Breaks, what, Some(*other));
    }
    vehicle(reader, this, &mut found);
    found
}

/// T1.
fn shared(reader: &Reader<'_>, all: &Effects, found: &mut Verdicts) {
    for change in &all.changes {
        let line = row(reader, change.place);
        let name = &change.name;
        let state = if change.certain { Present } else { Undecided };
        let verb = if change.certain { "is" } else { "may be" };
        let what = match &change.root {
            Root::Parameter(_) => {
                format!("`{name}` {verb} changed at line {line}: threads would change the caller's own object")
            }
            Root::Captured(_) | Root::Global(..) | Root::Unknown => {
                format!("`{name}` {verb} changed at line {line}: threads would all change the same object")
            }
        };
        found.add("T1", state, what, Some(change.place));
    }
    for (code, place) in &all.unresolved {
        let what = format!("`{code}` at line {} could not be followed: it may share state", row(reader, *place));
        found.add("T1", Undecided, what, Some(*place));
    }
}

/// T2 and T7.
fn handles(reader: &mut Reader<'_>, subject: &Subject, all: &Effects, found: &mut Verdicts) {
    let mut values: Vec<(String, Seen, Place)> = Vec::new();
    for (file, name, place) in &all.reads {
        for binding in reader.bindings(*file, name) {
            if let BindingValue::Assigned(value) | BindingValue::Entered(value) = &binding.value {
                let seen = reader.trace.seen(*file, *value).cloned().unwrap_or(Seen::Unknown);
                values.push((name.clone(), seen, *place));
            }
        }
    }
    for passed in &subject.passed {
        let place = reader.place(subject.file, passed.value);
        values.push((reader.code(subject.file, passed.value), passed.seen.clone(), place));
    }
    if let Seen::Method(owner, ..) = &subject.seen
        && let Seen::Instance(file, class) = &**owner
    {
        for (at, class) in reader.ancestors(*file, *class) {
            for (attribute, value) in reader.attribute_values(at, class) {
                let seen = reader.trace.seen(at, value).cloned().unwrap_or(Seen::Unknown);
                values.push((format!("self.{attribute}"), seen, reader.place(at, value)));
            }
        }
    }
    for (name, seen, place) in values {
        for one in seen.alternatives() {
            match one {
                Seen::LibraryObject(class) => {
                    let class = &**class;
                    if names().thread_bound_classes.contains(class) {
                        let what = format!("`{name}` is a `{class}`, which threads must not share");
                        found.add("T2", Present, what, Some(place));
                    } else if names().inherited_classes.contains(class) {
                        let what = format!("`{name}` is a `{class}`, made for processes");
                        found.add("T7", Present, what, Some(place));
                    } else if !never_changes(one) && !names().picklable_classes.contains(class) {
                        let what = format!("whether threads may share `{name}`, a `{class}`, is not known");
                        found.add("T2", Undecided, what, Some(place));
                    }
                }
                Seen::Unknown => {
                    let what = format!("what `{name}` is, and whether threads may share it, is not known");
                    found.add("T2", Undecided, what, Some(place));
                }
                _ => {}
            }
        }
    }
}

/// T3, T4, T6: the process or pool itself, and what is asked of it.
fn isolation(reader: &mut Reader<'_>, this: &Move<'_>, found: &mut Verdicts) {
    let subject = this.subject;
    let file = subject.file;
    let facts = reader.facts(file);
    for (index, expression) in facts.expressions.iter().enumerate() {
        let Expression::Attribute { attribute, .. } = expression else { continue };
        let id = ExpressionId::new(index);
        let name = reader.name(file, *attribute);
        let wants_process = matches!(name, "terminate" | "kill" | "exitcode" | "sentinel" | "pid");
        if wants_process && reader.shape(file).function(id) == subject.function && !subject.pooled {
            let place = reader.place(file, id);
            let what =
                format!("`{}` at line {}: a thread has no such thing", reader.code(file, id), row(reader, place));
            found.add("T3", Breaks, what, Some(place));
        }
    }
    let Some((at, made)) = this.made else { return };
    let Some(Expression::Call { arguments, .. }) = reader.facts(at).expressions.get(made.index()) else { return };
    for argument in arguments.iter() {
        let ArgumentKind::Keyword(name) = argument.kind else { continue };
        let place = Some(reader.place(at, argument.value));
        match reader.name(at, name) {
            "initializer" => found.add(
                "T4",
                Present,
                "the initializer sets what each process has for itself; threads share it",
                place,
            ),
            name @ ("maxtasksperchild" | "max_tasks_per_child") => {
                found.add("T6", Present, format!("`{name}` has no meaning for threads: it is taken out"), place);
            }
            "daemon" if !subject.pooled => {
                found.add("T10", Present, "a daemonic thread is stopped anywhere when the program ends", place);
            }
            _ => {}
        }
    }
}

/// T1, T2, T5 and T7 by library calls.
fn library(reader: &Reader<'_>, all: &Effects, found: &mut Verdicts) {
    let names = names();
    for (name, place) in &all.library {
        let line = row(reader, *place);
        let place = Some(*place);
        let plain = name.strip_prefix("builtins.").unwrap_or(name);
        let mut add = |kind: &str, code: &'static str, state: HazardState, what: String| {
            if names.has_state(kind, name) {
                found.add(code, state, what, place);
            }
        };
        add(
            "output",
            "T1",
            Present,
            format!("`{plain}` at line {line} writes: lines of threads may run into each other"),
        );
        add("input", "T1", Present, format!("`{plain}` at line {line} reads what threads share"));
        add("random", "T1", Present, format!("`{plain}` at line {line}: threads draw from one generator"));
        add("environment", "T1", Present, format!("`{plain}` at line {line} changes the environment of all threads"));
        add("logging_setup", "T1", Present, format!("`{plain}` at line {line} sets up logging for all threads"));
        add("directory", "T2", Present, format!("`{plain}` at line {line} sets something of the whole process"));
        add("clock", "T2", Present, format!("`{plain}` at line {line} counts for the whole process"));
        add("signals", "T2", Breaks, format!("`{plain}` at line {line} works in the main thread only"));
        add("unsafe_shared", "T2", Present, format!("`{plain}` at line {line} is not made for threads"));
        add(
            "exit",
            "T5",
            Breaks,
            format!("`{plain}` at line {line} ends the process: with threads the whole program, or only the thread"),
        );
        add(
            "processes",
            "T7",
            Present,
            format!("`{plain}` at line {line} asks for the process, which all threads share"),
        );
    }
}

/// T10.
fn vehicle(reader: &mut Reader<'_>, this: &Move<'_>, found: &mut Verdicts) {
    let subject = this.subject;
    if !subject.pooled && !is_joined(reader, subject.file, subject.function) {
        let place = Some(reader.place(subject.file, subject.call));
        found.add("T10", Present, "nobody waits for the worker here: a thread may outlive what it works on", place);
    }
}
