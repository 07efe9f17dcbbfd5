//! Work that is given to processes today: what certainly does not cross.

use super::Verdicts;
use super::effects::{Change, Effects, Place, Reader, Root};
use super::pickling::Pickling;
use super::shape::Parent;
use super::start::starts;
use super::subject::Subject;
use super::to_process::{self, bad_exception, is_guarded, row, stored_names, whole};
use crate::config::Target;
use crate::diagnostic::HazardState;
use crate::estimate::trace::Seen;
use crate::facts::ir::{BindingValue, Expression, Statement};
use crate::id::{ExpressionId, FileId, FunctionId, StatementId};
use crate::text::Span;

/// How new processes come to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// As copies of their parent: what is in memory is there.
    Fork,
    /// Anew: they import the main module.
    Fresh,
    /// It depends on the platform.
    Platform,
}

/// A fact that is certain.
#[derive(Debug, Clone, PartialEq)]
pub struct Certain {
    /// The hazard's code.
    pub code: &'static str,
    /// What was seen.
    pub what: String,
    /// Where.
    pub place: Place,
}

/// A hand-over to a process, with what is known of the task.
pub struct Crossing {
    /// The call.
    pub subject: Subject,
    /// What the task does.
    pub effects: Effects,
    /// How the process starts.
    pub start: Start,
}

impl Crossing {
    /// Takes a hand-over to a process of the standard library's own kind; others pickle more than `pickle` does.
    pub fn of(reader: &mut Reader<'_>, subject: Subject, target: Target) -> Option<Crossing> {
        let construct = subject.construct.as_str();
        let plain = ["multiprocessing.", "concurrent.futures.", "asyncio.", "tqdm.contrib.concurrent.", "anyio."];
        if !plain.iter().any(|start| construct.starts_with(start)) {
            return None;
        }
        let effects = whole(reader, &subject);
        let start = start_method(reader, subject.file, target);
        Some(Crossing { subject, effects, start })
    }

    /// GIL501: the task, an argument or the result cannot be pickled.
    pub fn unpicklable(&self, reader: &mut Reader<'_>) -> Option<Certain> {
        // A forked `Process` gets its task and arguments without pickling.
        if !self.subject.pooled && self.start != Start::Fresh {
            return None;
        }
        let mut verdicts = Verdicts::default();
        if self.subject.target.is_some() {
            to_process::target(reader, &self.subject, &mut verdicts);
        } else if let Some(Seen::Class(file, class)) =
            reader.trace.seen(self.subject.file, self.subject.callee).cloned()
            && let Pickling::Fails(why, Some(place)) = reader.pickling(&Seen::Instance(file, class))
        {
            // What is only made in `run` is made in the process.
            if self.is_made_at_once(reader, place) {
                verdicts.add("P3", HazardState::Breaks, why, Some(place));
            }
        }
        to_process::results(reader, &self.subject, &mut verdicts);
        to_process::arguments(reader, &self.subject, &mut verdicts);
        let mut certain = self.first(reader, verdicts)?;
        if !self.subject.pooled {
            // A forked `Process` would have its task without pickling.
            certain.what.push_str(", as every start method but `fork` has to");
        }
        Some(certain)
    }

    /// True if an attribute is set when the object is made.
    fn is_made_at_once(&self, reader: &mut Reader<'_>, place: Place) -> bool {
        let facts = reader.facts(place.file);
        let spans = &reader.project.parsed(place.file).spans;
        let init = facts.functions.iter().zip(&spans.functions).find(|(function, span)| {
            reader.name(place.file, function.name) == "__init__"
                && span.start <= place.span.start
                && place.span.end <= span.end
        });
        init.is_some()
    }

    fn first(&self, reader: &Reader<'_>, verdicts: Verdicts) -> Option<Certain> {
        let fallback = reader.place(self.subject.file, self.subject.call);
        let certain = verdicts.found.into_iter().find(|v| v.state == Some(HazardState::Breaks))?;
        Some(Certain { code: certain.code, what: certain.what, place: certain.place.unwrap_or(fallback) })
    }

    /// GIL502: the task changes what the parent reads afterwards.
    pub fn lost_change(&self, reader: &mut Reader<'_>) -> Option<Certain> {
        for change in self.effects.changes.iter().filter(|change| change.certain) {
            let read = match &change.root {
                Root::Global(file, name) => self.global_read(reader, *file, name),
                Root::Parameter(index) => self.argument_read(reader, *index, change),
                Root::Captured(_) | Root::Unknown => None,
            };
            if let Some(read) = read {
                let what = format!(
                    "`{}` is changed at line {} in the process, and read at line {} in its parent, which has a copy of its own",
                    change.name,
                    row(reader, change.place),
                    row(reader, read)
                );
                let code = if matches!(change.root, Root::Global(..)) { "P5" } else { "P6" };
                return Some(Certain { code, what, place: change.place });
            }
        }
        None
    }

    /// Where the handing-over function reads a module's variable after the hand-over.
    fn global_read(&self, reader: &mut Reader<'_>, file: FileId, name: &str) -> Option<Place> {
        if file != self.subject.file || !self.is_own_memory(reader, file, name) {
            return None;
        }
        // Who sets it in the parent as well knows what it does.
        let facts = reader.facts(file);
        let after = reader.span(file, self.subject.call).end;
        let shape = reader.shape(file);
        let reads = shape.expressions_in(self.subject.function).find(|id| {
            let span = reader.span(file, *id);
            span.start >= after
                && matches!(facts.expressions.get(id.index()), Some(Expression::Name(n)) if reader.name(file, *n) == name)
                && !is_store(reader, file, *id)
                && !is_only_changed(reader, file, *id)
        })?;
        let local = self.subject.function.and_then(|f| facts.functions.get(f.index()));
        let shadowed = local.is_some_and(|f| f.locals.iter().any(|n| reader.name(file, *n) == name));
        (!shadowed).then(|| reader.place(file, reads))
    }

    /// True if a variable is a plain container or value, not something that processes share.
    fn is_own_memory(&self, reader: &Reader<'_>, file: FileId, name: &str) -> bool {
        let bindings = reader.bindings(file, name);
        !bindings.is_empty()
            && bindings.iter().all(|binding| match &binding.value {
                BindingValue::Assigned(value) => reader.trace.seen(file, *value).is_some_and(is_container),
                BindingValue::Augmented(_) | BindingValue::Annotated(_) => true,
                _ => false,
            })
    }

    /// Where the handing-over function reads a changed argument, or a changed attribute of the object, afterwards.
    fn argument_read(&self, reader: &mut Reader<'_>, index: usize, change: &Change) -> Option<Place> {
        let file = self.subject.file;
        let facts = reader.facts(file);
        let after = reader.span(file, self.subject.call).end;
        let shape = reader.shape(file);
        let is_method = matches!(self.subject.seen, Seen::Method(..)) || self.subject.target.is_none();
        if is_method && index == 0 {
            // `self.total` in the task, `job.total` in the parent.
            let attribute = change.name.split(['.', '[', '(']).nth(1)?.to_string();
            let class = match (&self.subject.seen, reader.trace.seen(file, self.subject.callee)) {
                (Seen::Method(owner, ..), _) => match &**owner {
                    Seen::Instance(at, class) => (*at, *class),
                    _ => return None,
                },
                (_, Some(Seen::Class(at, class))) => (*at, *class),
                _ => return None,
            };
            let kept = reader.attribute_values(class.0, class.1);
            let is_plain = kept
                .iter()
                .filter(|(name, _)| *name == attribute)
                .all(|(_, value)| reader.trace.seen(class.0, *value).is_some_and(is_container));
            if !is_plain || !kept.iter().any(|(name, _)| *name == attribute) {
                return None;
            }
            let read = shape.expressions_in(self.subject.function).find(|id| {
                let Some(Expression::Attribute { value, attribute: a }) = facts.expressions.get(id.index()) else {
                    return false;
                };
                let owner_is_it = reader
                    .trace
                    .seen(file, *value)
                    .is_some_and(|seen| seen.alternatives().iter().all(|s| **s == Seen::Instance(class.0, class.1)));
                reader.span(file, *id).start >= after
                    && reader.name(file, *a) == attribute
                    && owner_is_it
                    && !is_store(reader, file, *id)
                    && !is_only_changed(reader, file, *id)
            })?;
            return Some(reader.place(file, read));
        }
        let position = index - usize::from(is_method);
        let passed = self.subject.passed.get(position)?;
        let Some(Expression::Name(name)) = facts.expressions.get(passed.value.index()) else { return None };
        if !is_container(&passed.seen) || matches!(passed.seen, Seen::Plain) {
            return None;
        }
        // What `map` passes are elements, not the list itself.
        if !self.subject.construct.ends_with("Process") && !self.subject.construct.ends_with("submit") {
            return None;
        }
        let read = shape.expressions_in(self.subject.function).find(|id| {
            reader.span(file, *id).start >= after
                && matches!(facts.expressions.get(id.index()), Some(Expression::Name(n)) if n == name)
                && !is_store(reader, file, *id)
                && !is_only_changed(reader, file, *id)
        })?;
        Some(reader.place(file, read))
    }

    /// GIL503: importing the main module starts the process again.
    pub fn unguarded(&self, reader: &mut Reader<'_>) -> Option<Certain> {
        if self.start == Start::Fork {
            return None;
        }
        let site = (self.subject.file, self.subject.function);
        let starts = starts(reader, site, self.subject.call);
        let (file, statement) = *starts.open.first()?;
        // A module that others import is no main module; it may still be none where nobody does.
        if reader.project.module_name(file).contains('.') {
            return None;
        }
        let span = reader.project.parsed(file).spans.statements.get(statement.index()).copied()?;
        let place = Place { file, span: Span { start: span.start, end: span.start } };
        let what = format!(
            "line {} runs when the module is imported, and a process that is not forked imports it to begin with",
            row(reader, place)
        );
        Some(Certain { code: "P16", what, place })
    }

    /// GIL504: the task reads what the parent set while it ran, and the process starts anew.
    pub fn lost_state(&self, reader: &mut Reader<'_>) -> Option<Certain> {
        if self.start != Start::Fresh || self.has_initializer(reader) {
            return None;
        }
        let reads: Vec<(FileId, String, Place)> = self.effects.reads.iter().cloned().collect();
        for (file, name, place) in reads {
            if let Some(set) = self.set_before(reader, file, &name) {
                let what = format!(
                    "`{name}`, which the task reads at line {}, is set at line {} in the parent only: a process that starts anew imports the module and has the old value",
                    row(reader, place),
                    row(reader, set)
                );
                return Some(Certain { code: "P7", what, place: set });
            }
        }
        self.lost_logging(reader).or_else(|| self.lost_context(reader)).or_else(|| self.lost_environment(reader))
    }

    fn has_initializer(&self, reader: &Reader<'_>) -> bool {
        let file = self.subject.file;
        reader.facts(file).expressions.iter().any(|expression| match expression {
            Expression::Call { arguments, .. } => arguments.iter().any(|argument| {
                matches!(argument.kind, crate::facts::ir::ArgumentKind::Keyword(n) if reader.name(file, n) == "initializer")
            }),
            _ => false,
        })
    }

    /// A statement of the handing-over function, or of the main guard, that sets a variable before the hand-over.
    fn set_before(&self, reader: &mut Reader<'_>, file: FileId, name: &str) -> Option<Place> {
        if file != self.subject.file {
            return None;
        }
        let facts = reader.facts(file);
        let shape = reader.shape(file);
        let before = reader.span(file, self.subject.call).start;
        for index in 0..facts.statements.len() {
            let id = StatementId::new(index);
            let span = reader.project.parsed(file).spans.statements.get(index).copied().unwrap_or_default();
            for (target, is_part) in stored_names(facts, id) {
                let Some(Expression::Name(found)) = facts.expressions.get(target.index()) else { continue };
                if reader.name(file, *found) != name || is_part {
                    continue;
                }
                let function = shape.function_of(id);
                let is_set = match function {
                    None => is_guarded(facts, reader, file, &shape, id),
                    Some(f) => {
                        Some(f) == self.subject.function
                            && facts.functions.get(f.index()).is_some_and(|f| f.globals.contains(found))
                            && span.end <= before
                    }
                };
                // A name that exists only under the guard is a `NameError` in the process; one that is set again
                // has its old value. Both are lost.
                if is_set && !self.task_sets(reader, file, name) {
                    return Some(Place { file, span });
                }
            }
        }
        None
    }

    fn task_sets(&self, reader: &Reader<'_>, file: FileId, name: &str) -> bool {
        let _ = reader;
        self.effects.changes.iter().any(|c| matches!(&c.root, Root::Global(at, n) if *at == file && n == name))
    }

    /// P9: the parent sets up logging where only it comes by, and the task logs.
    fn lost_logging(&self, reader: &mut Reader<'_>) -> Option<Certain> {
        let quiet = ["logging.info", "logging.debug", "logging.Logger.info", "logging.Logger.debug"];
        let (_, logs) = self.effects.library.iter().find(|(name, _)| quiet.contains(&name.as_str()))?;
        let logs = *logs;
        if self.effects.library.iter().any(|(name, _)| super::names::names().has_state("logging_setup", name)) {
            return None;
        }
        let file = self.subject.file;
        let facts = reader.facts(file);
        let shape = reader.shape(file);
        for (index, expression) in facts.expressions.iter().enumerate() {
            let id = ExpressionId::new(index);
            let Expression::Call { callee, .. } = expression else { continue };
            let sets_up = matches!(reader.trace.seen(file, *callee), Some(Seen::Library(name))
                if matches!(&**name, "logging.basicConfig" | "logging.config.dictConfig"));
            let function: Option<FunctionId> = shape.function(id);
            let only_parent = match function {
                Some(_) => function == self.subject.function,
                None => shape.statement_of(id).is_some_and(|s| is_guarded(facts, reader, file, &shape, s)),
            };
            if sets_up && only_parent {
                let place = reader.place(file, id);
                let what = format!(
                    "logging is set up at line {} in the parent only: what the task logs at line {} is lost in a process that starts anew",
                    row(reader, place),
                    row(reader, logs)
                );
                return Some(Certain { code: "P9", what, place });
            }
        }
        None
    }

    /// P10: the task asks for a context variable, or data of the thread, that the parent sets for itself.
    fn lost_context(&self, reader: &mut Reader<'_>) -> Option<Certain> {
        let file = self.subject.file;
        let facts = reader.facts(file);
        let reads: Vec<(FileId, String, Place)> = self.effects.reads.iter().cloned().collect();
        for (at, name, place) in reads {
            let bindings = reader.bindings(at, &name);
            let values = bindings.iter().filter_map(|binding| match &binding.value {
                BindingValue::Assigned(value) => Some(*value),
                _ => None,
            });
            let is_kind = |seen: &Seen| {
                matches!(seen, Seen::LibraryObject(class)
                    if matches!(&**class, "contextvars.ContextVar" | "threading.local"))
            };
            let is_own = values.map(|value| reader.trace.seen(at, value).is_some_and(is_kind)).collect::<Vec<_>>();
            if is_own.is_empty() || !is_own.iter().all(|is_own| *is_own) || self.task_fills(reader, at, &name) {
                continue;
            }
            // Imported under another name it is still found by its own, or not at all.
            let Some(set) = (0..facts.expressions.len())
                .map(ExpressionId::new)
                .find(|id| self.is_filling(reader, file, *id, &name) && self.is_before_in_parent(reader, *id))
            else {
                continue;
            };
            let set = reader.place(file, set);
            let what = format!(
                "`{name}`, which the task asks for at line {}, is set at line {} for the parent's own context: a process that starts anew has an empty one",
                row(reader, place),
                row(reader, set)
            );
            return Some(Certain { code: "P10", what, place: set });
        }
        None
    }

    /// `VARIABLE.set(x)`, `local.attribute = x`.
    fn is_filling(&self, reader: &mut Reader<'_>, file: FileId, id: ExpressionId, name: &str) -> bool {
        let facts = reader.facts(file);
        let Some(Expression::Attribute { value, attribute }) = facts.expressions.get(id.index()) else { return false };
        let is_it =
            matches!(facts.expressions.get(value.index()), Some(Expression::Name(n)) if reader.name(file, *n) == name);
        is_it && (reader.name(file, *attribute) == "set" || is_store(reader, file, id))
    }

    /// True if a function of the task fills the variable by itself.
    fn task_fills(&self, reader: &mut Reader<'_>, file: FileId, name: &str) -> bool {
        let functions: Vec<_> = self.effects.functions.iter().copied().collect();
        functions.into_iter().any(|(at, function)| {
            let shape = reader.shape(at);
            let inside: Vec<ExpressionId> = shape.expressions_in(function).collect();
            at == file && inside.into_iter().any(|id| self.is_filling(reader, at, id, name))
        })
    }

    /// True for what the handing-over function does before the hand-over, and for what only the main module does.
    fn is_before_in_parent(&self, reader: &mut Reader<'_>, id: ExpressionId) -> bool {
        let file = self.subject.file;
        let shape = reader.shape(file);
        let is_before = reader.span(file, id).end <= reader.span(file, self.subject.call).start;
        match shape.function(id) {
            Some(function) => Some(function) == self.subject.function && is_before,
            None => shape
                .statement_of(id)
                .is_some_and(|statement| is_guarded(reader.facts(file), reader, file, &shape, statement)),
        }
    }

    /// P8: the task asks for an environment variable that the parent sets when the workers, or the fork server,
    /// run already.
    fn lost_environment(&self, reader: &mut Reader<'_>) -> Option<Certain> {
        let file = self.subject.file;
        let facts = reader.facts(file);
        // Each process that is spawned gets the environment as it is then.
        if is_quoted(reader.project.text(file), "spawn") {
            return None;
        }
        let asked = self.asked_environment(reader);
        for index in 0..facts.statements.len() {
            let id = StatementId::new(index);
            let Some(Statement::Assign { targets, .. }) = facts.statements.get(index) else { continue };
            let key = targets.iter().find_map(|target| environment_key(reader, file, *target));
            let Some((key, stored)) = key else { continue };
            let Some((_, read)) = asked.iter().find(|(name, _)| *name == key) else { continue };
            let set = reader.place(file, stored);
            if !self.is_before_in_parent(reader, stored) || !self.runs_already(reader, id, set.span) {
                continue;
            }
            let what = format!(
                "`{key}`, which the task asks for at line {}, is put into the environment at line {}, when processes are started already: neither they nor what a fork server starts afterwards see it",
                row(reader, *read),
                row(reader, set)
            );
            return Some(Certain { code: "P8", what, place: set });
        }
        None
    }

    /// The environment variables that the task reads by name.
    fn asked_environment(&self, reader: &mut Reader<'_>) -> Vec<(String, Place)> {
        let mut found = Vec::new();
        let functions: Vec<_> = self.effects.functions.iter().copied().collect();
        for (at, function) in functions {
            let facts = reader.facts(at);
            let shape = reader.shape(at);
            for id in shape.expressions_in(function).collect::<Vec<_>>() {
                let key = match facts.expressions.get(id.index()) {
                    Some(Expression::Call { callee, arguments }) => {
                        let code = reader.code(at, *callee);
                        let asks = ["os.getenv", "getenv", "os.environ.get", "environ.get"].contains(&code.as_str());
                        arguments.first().filter(|_| asks).and_then(|argument| string(reader, at, argument.value))
                    }
                    Some(Expression::Subscript { .. }) if !is_store(reader, at, id) => {
                        environment_key(reader, at, id).map(|(key, _)| key)
                    }
                    _ => None,
                };
                found.extend(key.map(|key| (key, reader.place(at, id))));
            }
        }
        found
    }

    /// True if a process was started before a statement, in the same function, by calls that follow each other.
    fn runs_already(&self, reader: &mut Reader<'_>, statement: StatementId, set: Span) -> bool {
        let file = self.subject.file;
        let facts = reader.facts(file);
        let shape = reader.shape(file);
        let function = shape.function_of(statement);
        (0..facts.expressions.len()).map(ExpressionId::new).any(|id| {
            let Some(Expression::Call { callee, .. }) = facts.expressions.get(id.index()) else { return false };
            let name = match reader.trace.seen(file, *callee) {
                Some(Seen::Library(name) | Seen::LibraryMethod(_, name)) => name,
                _ => return false,
            };
            let starts = super::names::names().has_state("starts_now", name);
            starts && shape.function(id) == function && reader.span(file, id).end <= set.start
        })
    }

    /// GIL505: an exception that cannot be unpickled ends the pool.
    pub fn bad_exception(&self, reader: &mut Reader<'_>) -> Option<Certain> {
        if !self.subject.pooled {
            return None;
        }
        let raises: Vec<(FileId, ExpressionId)> = self.effects.raises.iter().copied().collect();
        for (file, raised) in raises {
            if self.is_caught(reader, file, raised) {
                continue;
            }
            let class = match reader.facts(file).expressions.get(raised.index()) {
                Some(Expression::Call { callee, .. }) => *callee,
                _ => raised,
            };
            let Some(Seen::Class(at, class)) = reader.trace.seen(file, class).cloned() else { continue };
            if let Some(what) = bad_exception(reader, at, class) {
                return Some(Certain { code: "P11", what, place: reader.place(file, raised) });
            }
        }
        None
    }

    /// True if a handler may keep the exception from leaving the task.
    fn is_caught(&self, reader: &mut Reader<'_>, file: FileId, raised: ExpressionId) -> bool {
        let shape = reader.shape(file);
        let function = shape.function(raised);
        let is_own = self.subject.runs.contains(&(file, function));
        let has_handlers = |reader: &Reader<'_>, at: FileId, id: StatementId| matches!(reader.facts(at).statements.get(id.index()), Some(Statement::Try { handlers, .. }) if !handlers.is_empty());
        if !is_own {
            // Any handler on the way may be the one.
            let functions: Vec<_> = self.effects.functions.iter().copied().collect();
            return functions.into_iter().any(|(at, function)| {
                let shape = reader.shape(at);
                shape.statements_in(function).any(|id| has_handlers(reader, at, id))
            });
        }
        let mut here = shape.statement_of(raised);
        while let Some(statement) = here {
            if has_handlers(reader, file, statement) {
                return true;
            }
            here = match shape.around(statement) {
                Parent::Statement(outer) => Some(outer),
                _ => None,
            };
        }
        false
    }
}

/// `os.environ["KEY"]`: the key, and the expression.
fn environment_key(reader: &Reader<'_>, file: FileId, id: ExpressionId) -> Option<(String, ExpressionId)> {
    let Some(Expression::Subscript { value, index }) = reader.facts(file).expressions.get(id.index()) else {
        return None;
    };
    let is_environment = matches!(reader.code(file, *value).as_str(), "os.environ" | "environ");
    string(reader, file, *index).filter(|_| is_environment).map(|key| (key, id))
}

/// A string that is written out.
fn string(reader: &Reader<'_>, file: FileId, id: ExpressionId) -> Option<String> {
    match reader.facts(file).expressions.get(id.index()) {
        Some(Expression::String { value: Some(text), .. }) => Some(reader.name(file, *text).to_string()),
        _ => None,
    }
}

/// A value in this process's own memory.
fn is_container(seen: &Seen) -> bool {
    seen.alternatives().iter().all(|s| matches!(s, Seen::List(_) | Seen::Dict(_) | Seen::Set(_) | Seen::Plain))
}

/// True for a name or attribute that is bound, not read.
fn is_store(reader: &mut Reader<'_>, file: FileId, id: ExpressionId) -> bool {
    let shape = reader.shape(file);
    let Parent::Statement(statement) = shape.parent(id) else { return false };
    match reader.facts(file).statements.get(statement.index()) {
        Some(Statement::Assign { targets, .. }) => targets.contains(&id),
        Some(Statement::AugmentedAssign { target, .. } | Statement::AnnotatedAssign { target, .. }) => *target == id,
        Some(Statement::For { target, .. }) => *target == id,
        _ => false,
    }
}

/// True if a word stands in quotes in a text: who names a start method means it.
fn is_quoted(text: &str, word: &str) -> bool {
    [format!("\"{word}\""), format!("'{word}'")].iter().any(|quoted| text.contains(quoted.as_str()))
}

/// True for `results` in `results.clear()`, whose result nobody uses, and in `del results[0]`: what it holds is not asked.
fn is_only_changed(reader: &mut Reader<'_>, file: FileId, id: ExpressionId) -> bool {
    let shape = reader.shape(file);
    let facts = reader.facts(file);
    let Parent::Expression(part) = shape.parent(id) else { return false };
    match facts.expressions.get(part.index()) {
        Some(Expression::Subscript { value, .. }) if *value == id => is_store_or_deletion(reader, file, part),
        Some(Expression::Attribute { attribute, .. }) => {
            let Parent::Expression(call) = shape.parent(part) else { return false };
            let is_call =
                matches!(facts.expressions.get(call.index()), Some(Expression::Call { callee, .. }) if *callee == part);
            let is_statement = matches!(shape.parent(call), Parent::Statement(s)
                if matches!(facts.statements.get(s.index()), Some(Statement::Expression(_))));
            let changes = super::names::names().changing_methods.contains(reader.name(file, *attribute));
            is_call && is_statement && changes
        }
        _ => false,
    }
}

fn is_store_or_deletion(reader: &mut Reader<'_>, file: FileId, id: ExpressionId) -> bool {
    let shape = reader.shape(file);
    let Parent::Statement(statement) = shape.parent(id) else { return false };
    is_store(reader, file, id)
        || matches!(reader.facts(file).statements.get(statement.index()), Some(Statement::Delete(parts)) if parts.contains(&id))
}

/// How processes of a file start, as far as the code and the version say.
fn start_method(reader: &Reader<'_>, file: FileId, target: Target) -> Start {
    let text = reader.project.text(file);
    let names = |method: &str| is_quoted(text, method);
    let chooses = text.contains("get_context") || text.contains("set_start_method") || text.contains("mp_context");
    if chooses {
        return match (names("fork"), names("spawn") || names("forkserver")) {
            (true, false) => Start::Fork,
            (false, true) => Start::Fresh,
            _ => Start::Platform,
        };
    }
    // The project may choose elsewhere.
    reader.project.note_look("set_start_method", "");
    if reader.project.first_mention("set_start_method").is_some() {
        Start::Platform
    } else if (target.major, target.minor) >= (3, 14) {
        Start::Fresh
    } else {
        Start::Platform
    }
}
