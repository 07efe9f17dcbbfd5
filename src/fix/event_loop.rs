//! Blocking calls in coroutines: awaited counterparts, threads, processes, and handlers that need not be coroutines.

use super::edits::Edits;
use super::source::{self, Additions, indentation, line_end, line_start, written};
use super::swaps::{clients, counterpart};
use super::vehicle::{call_of, process_pool, replace_name};
use super::{Context, Rewrite, guard};
use crate::diagnostic::HazardState;
use crate::estimate::report::Stall;
use crate::estimate::trace::Seen;
use crate::facts::ir::{Expression, ParameterKind, Statement};
use crate::hazards::effects::{Place, Reader};
use crate::hazards::pickling::Pickling;
use crate::hazards::shape::Parent;
use crate::hazards::subject::{Passed, Subject, runs};
use crate::hazards::to_async::{Move, Way};
use crate::hazards::{Verdicts, to_async, to_process};
use crate::id::{ExpressionId, FileId, FunctionId};
use crate::text::Span;

/// The library whose event loop a file uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Library {
    Asyncio,
    Anyio,
    Trio,
}

/// The rewrite of a stall.
pub fn rewrite(context: &Context<'_>, reader: &mut Reader<'_>, stall: &Stall, computes: bool) -> Option<Rewrite> {
    let file = stall.file;
    let function = stall.function?;
    let definition = reader.facts(file).functions.get(function.index())?;
    if !definition.is_async {
        return None;
    }
    if let Some(rewrite) = plain_handler(reader, file, function) {
        return Some(rewrite);
    }
    let Some(call) = call_of(reader, file, stall.span) else {
        return if computes { whole_coroutine(context, reader, stall, function) } else { None };
    };
    // A call of the coroutine itself, not of a function nested in it.
    if reader.shape(file).function(call) != Some(function) {
        return None;
    }
    if let Some(rewrite) = awaited_counterpart(reader, stall, function, call) {
        return Some(rewrite);
    }
    if let Some(rewrite) = child_process(reader, stall, function, call) {
        return Some(rewrite);
    }
    if let Some(rewrite) = async_client(reader, stall, function, call) {
        return Some(rewrite);
    }
    if let Some(rewrite) = client_block(reader, stall, function, call) {
        return Some(rewrite);
    }
    let native = stall.cost.native.likely >= stall.cost.total().likely * 0.5;
    if computes && !native {
        let process = to_processes(context, reader, stall, function, call);
        // A long call that keeps the GIL stalls the loop from a thread just the same.
        if stall.cost.atomic.likely > stall.cost.bytecode.likely {
            return process;
        }
        let thread = to_a_thread(context, reader, stall, function, call);
        return better(process, thread, crosses_lightly(reader, file, call));
    }
    to_a_thread(context, reader, stall, function, call)
}

/// Of two rewrites the one that more people may apply; of equal ones the process, which frees the GIL too, unless
/// much would have to be pickled.
fn better(process: Option<Rewrite>, thread: Option<Rewrite>, light: bool) -> Option<Rewrite> {
    match (process, thread) {
        (Some(process), Some(thread)) => {
            let (p, t) = (process.verdicts.applicability(), thread.verdicts.applicability());
            Some(if p > t || (p == t && light) { process } else { thread })
        }
        (process, thread) => process.or(thread),
    }
}

/// True if a call takes and gives plain values only: containers may be any size, and unpickling them stalls the
/// loop again.
fn crosses_lightly(reader: &Reader<'_>, file: FileId, call: ExpressionId) -> bool {
    let is_light = |seen: &Seen| seen.alternatives().iter().all(|s| matches!(s, Seen::Plain | Seen::Tuple(_)));
    let arguments = written(reader, file, call);
    std::iter::once(call)
        .chain(arguments.iter().map(|a| a.value))
        .all(|value| reader.trace.seen(file, value).is_some_and(is_light))
}

fn library(reader: &Reader<'_>, file: FileId) -> Library {
    let imports = |module: &str| source::imported_module(reader, file, module).is_some();
    let from = |root: &str| {
        reader.facts(file).bindings.iter().any(|binding| {
            matches!(&binding.value, crate::facts::ir::BindingValue::ImportFrom { module, level: 0, .. }
                if reader.name(file, *module).split('.').next() == Some(root))
        })
    };
    if imports("asyncio") || from("asyncio") {
        Library::Asyncio
    } else if imports("trio") || from("trio") {
        Library::Trio
    } else if imports("anyio") || from("anyio") {
        Library::Anyio
    } else {
        Library::Asyncio
    }
}

/// The move that a rewrite makes.
fn moved<'s>(
    reader: &mut Reader<'_>,
    stall: &'s Stall,
    function: FunctionId,
    call: ExpressionId,
    way: Way,
) -> Option<Move<'s>> {
    let file = stall.file;
    let Some(Expression::Call { callee, .. }) = reader.facts(file).expressions.get(call.index()) else { return None };
    let callee = *callee;
    let seen = reader.trace.seen(file, callee).cloned().unwrap_or(Seen::Unknown);
    let passed = written(reader, file, call).iter().map(|a| a.value).collect();
    let runs = runs(reader, &seen);
    Some(Move { file, function, call, callee, passed, runs, stall, way })
}

/// A rewrite of a call in the making, with what all ways of awaiting it have in common.
struct Draft<'s> {
    this: Move<'s>,
    arguments: Vec<source::Written>,
    verdicts: Verdicts,
    edits: Edits,
    additions: Additions,
}

impl<'s> Draft<'s> {
    /// Nothing for a call that is awaited already.
    fn of(
        reader: &mut Reader<'_>,
        stall: &'s Stall,
        function: FunctionId,
        call: ExpressionId,
        way: Way,
    ) -> Option<Draft<'s>> {
        let this = moved(reader, stall, function, call, way)?;
        if is_awaited_already(reader, stall.file, call) {
            return None;
        }
        let verdicts = to_async::check(reader, &this);
        let arguments = written(reader, stall.file, call);
        Some(Draft { this, arguments, verdicts, edits: Edits::default(), additions: Additions::default() })
    }

    /// The canonical name of the library's function that is called.
    fn library_name(&self, reader: &Reader<'_>) -> Option<String> {
        match reader.trace.seen(self.this.file, self.this.callee) {
            Some(Seen::Library(name)) => Some(name.to_string()),
            _ => None,
        }
    }

    /// True if an argument has a name.
    fn has_keywords(&self, reader: &Reader<'_>) -> bool {
        self.arguments.iter().any(|a| a.keyword.is_some() || is_double_star(reader, self.this.file, a))
    }

    fn finish(mut self, reader: &Reader<'_>, title: impl Into<String>) -> Rewrite {
        self.additions.finish(reader, &mut self.edits, self.this.file);
        Rewrite { title: title.into(), edits: self.edits, verdicts: self.verdicts }
    }
}

/// `time.sleep(1)` is `await asyncio.sleep(1)`.
fn awaited_counterpart(
    reader: &mut Reader<'_>,
    stall: &Stall,
    function: FunctionId,
    call: ExpressionId,
) -> Option<Rewrite> {
    let file = stall.file;
    let mut draft = Draft::of(reader, stall, function, call, Way::Counterpart)?;
    let other = counterpart(&draft.library_name(reader)?)?;
    let new = match library(reader, file) {
        Library::Asyncio => &other.asyncio,
        Library::Anyio => &other.anyio,
        Library::Trio => &other.trio,
    };
    let (module, member) = new.rsplit_once('.')?;
    let new_name = format!("{}.{member}", source::module(reader, &mut draft.additions, file, module));
    put_await(reader, &mut draft.edits, file, call);
    draft.edits.replace(file, reader.span(file, draft.this.callee), new_name);
    forget_import(reader, &mut draft.edits, file, draft.this.callee);
    Some(draft.finish(reader, format!("Use `await {new}`")))
}

/// Takes the import of a replaced callee away, where nothing else uses it.
fn forget_import(reader: &Reader<'_>, edits: &mut Edits, file: FileId, callee: ExpressionId) {
    let span = reader.span(file, callee);
    let mut root = callee;
    loop {
        match reader.facts(file).expressions.get(root.index()) {
            Some(Expression::Attribute { value, .. }) => root = *value,
            Some(Expression::Name(name)) => {
                source::drop_import(reader, edits, file, reader.name(file, *name), &[span], None);
                return;
            }
            _ => return,
        }
    }
}

/// `subprocess.run([…])` whose result nobody uses, and `subprocess.call([…])`, are asyncio's own subprocess.
fn child_process(reader: &mut Reader<'_>, stall: &Stall, function: FunctionId, call: ExpressionId) -> Option<Rewrite> {
    let file = stall.file;
    if library(reader, file) != Library::Asyncio {
        return None;
    }
    let mut draft = Draft::of(reader, stall, function, call, Way::Counterpart)?;
    let is_statement = matches!(reader.shape(file).parent(call), Parent::Statement(statement)
        if matches!(reader.facts(file).statements.get(statement.index()), Some(Statement::Expression(_))));
    match draft.library_name(reader)?.as_str() {
        "subprocess.call" => {}
        "subprocess.run" if is_statement => {}
        _ => return None,
    }
    let arguments = std::mem::take(&mut draft.arguments);
    let (first, rest) = arguments.split_first()?;
    let is_shell = |a: &source::Written| {
        a.keyword.as_deref() == Some("shell")
            && matches!(reader.facts(file).expressions.get(a.value.index()), Some(Expression::Boolean(true)))
    };
    let fits = |a: &source::Written| {
        matches!(a.keyword.as_deref(), Some("cwd" | "env" | "stdin" | "stdout" | "stderr" | "start_new_session"))
            || is_shell(a)
    };
    if first.keyword.is_some() || first.starred || !rest.iter().all(fits) {
        return None;
    }
    let shell = arguments.iter().position(is_shell);
    let starter = if shell.is_some() { "create_subprocess_shell" } else { "create_subprocess_exec" };
    let asyncio = source::module(reader, &mut draft.additions, file, "asyncio");
    put_await(reader, &mut draft.edits, file, call);
    let callee = reader.span(file, draft.this.callee);
    draft.edits.replace(file, callee, format!("(await {asyncio}.{starter}"));
    match (shell, reader.facts(file).expressions.get(first.value.index())) {
        // A list is no command line.
        (Some(_), Some(Expression::List(_) | Expression::Tuple(_))) => return None,
        (Some(index), _) => source::drop_argument(reader, &mut draft.edits, file, &arguments, index)?,
        (None, Some(Expression::List(parts))) if !parts.is_empty() => {
            // The list's own brackets go.
            draft.edits.delete(file, Span { start: first.span.start, end: first.span.start + 1 });
            draft.edits.delete(file, Span { start: first.span.end - 1, end: first.span.end });
        }
        (None, _) => return None,
    }
    draft.edits.insert(file, reader.span(file, call).end, ").wait()");
    forget_import(reader, &mut draft.edits, file, draft.this.callee);
    Some(draft.finish(reader, "Use asyncio's own subprocess"))
}

/// `httpx.get(url)` where httpx is imported already: its own asynchronous client, for this one call.
fn async_client(reader: &mut Reader<'_>, stall: &Stall, function: FunctionId, call: ExpressionId) -> Option<Rewrite> {
    let file = stall.file;
    let mut draft = Draft::of(reader, stall, function, call, Way::Counterpart)?;
    let name = draft.library_name(reader)?;
    let (module, method) = name.rsplit_once('.')?;
    let client = clients().iter().find(|client| client.module == module)?;
    if !client.shortcuts.iter().any(|shortcut| shortcut == method) {
        return None;
    }
    let known = source::imported_module(reader, file, module)?;
    // These belong to the client, not to the request.
    let of_client =
        |a: &source::Written| a.starred || a.keyword.as_ref().is_some_and(|name| client.of_client.contains(name));
    if draft.arguments.iter().any(of_client) || source::is_taken(reader, file, "client") {
        return None;
    }
    let Parent::Statement(statement) = reader.shape(file).parent(call) else { return None };
    let is_simple = matches!(
        reader.facts(file).statements.get(statement.index()),
        Some(Statement::Assign { .. } | Statement::Return(_) | Statement::Expression(_))
    );
    let text = reader.project.text(file);
    let span = reader.project.parsed(file).spans.statements.get(statement.index()).copied()?;
    let start = line_start(text, span.start);
    let blank = indentation(text, span.start);
    let is_alone = Span { start, end: span.start }.of(text) == blank;
    if !is_simple || !is_alone {
        return None;
    }
    let end = line_end(text);
    let mut inner = Edits::default();
    source::indent(reader, &mut inner, file, span);
    for edit in inner.all {
        let head = format!("{blank}async with {known}.{}() as client:{end}", client.asynchronous);
        let text = if edit.span.start == start { format!("{head}{}", edit.text) } else { edit.text.clone() };
        draft.edits.insert(file, edit.span.start, text);
    }
    draft.edits.replace(file, reader.span(file, draft.this.callee), format!("await client.{method}"));
    Some(draft.finish(reader, format!("Use {module}'s `{}`", client.asynchronous)))
}

/// `with httpx.Client() as client: client.get(url)`: the block and all calls in it become asynchronous.
fn client_block(reader: &mut Reader<'_>, stall: &Stall, function: FunctionId, call: ExpressionId) -> Option<Rewrite> {
    let file = stall.file;
    let facts = reader.facts(file);
    let mut draft = Draft::of(reader, stall, function, call, Way::Counterpart)?;
    let Some(Expression::Attribute { value, .. }) = facts.expressions.get(draft.this.callee.index()) else {
        return None;
    };
    let Some(Expression::Name(name)) = facts.expressions.get(value.index()) else { return None };
    let shape = reader.shape(file);
    let mut around = shape.statement_of(call);
    let (statement, made) = loop {
        let here = around?;
        if let Some(Statement::With { items, is_async: false, .. }) = facts.statements.get(here.index())
            && let [(made, Some(target))] = &**items
            && matches!(facts.expressions.get(target.index()), Some(Expression::Name(n)) if n == name)
        {
            break (here, *made);
        }
        around = match shape.around(here) {
            Parent::Statement(outer) => Some(outer),
            Parent::Expression(_) | Parent::Nothing => return None,
        };
    };
    let Some(Expression::Call { callee: class, .. }) = facts.expressions.get(made.index()) else { return None };
    let Some(Seen::Library(class_name)) = reader.trace.seen(file, *class).cloned() else { return None };
    let client = clients().iter().find(|c| *class_name == format!("{}.{}", c.module, c.blocking))?;
    let other =
        |a: &source::Written| a.starred || a.keyword.as_ref().is_some_and(|name| client.differently.contains(name));
    if written(reader, file, made).iter().any(other) {
        return None;
    }
    let block = reader.project.parsed(file).spans.statements.get(statement.index()).copied()?;
    // Whoever else has the object goes on to use it without an `await`.
    for (index, expression) in facts.expressions.iter().enumerate() {
        let id = ExpressionId::new(index);
        if !matches!(expression, Expression::Name(n) if n == name) || shape.parent(id) == Parent::Statement(statement) {
            continue;
        }
        let span = reader.span(file, id);
        let Parent::Expression(attribute) = shape.parent(id) else { return None };
        let Parent::Expression(used) = shape.parent(attribute) else { return None };
        let Some(Expression::Attribute { attribute: method, .. }) = facts.expressions.get(attribute.index()) else {
            return None;
        };
        let is_known = client.shortcuts.iter().any(|shortcut| shortcut == reader.name(file, *method));
        let is_called = matches!(facts.expressions.get(used.index()), Some(Expression::Call { callee, .. }) if *callee == attribute);
        let is_here = block.start <= span.start && span.end <= block.end && shape.function(id) == Some(function);
        if !is_known || !is_called || !is_here || !to_async::may_await(reader, file, used) {
            return None;
        }
        put_await(reader, &mut draft.edits, file, used);
    }
    // The client's own block is not what is held over the `await`.
    let own = reader.place(file, made);
    draft.verdicts.found.retain(|verdict| !matches!(verdict.code, "A4" | "A5") || verdict.place != Some(own));
    draft.edits.insert(file, block.start, "async ");
    let (module, member) = (client.module.as_str(), client.asynchronous.as_str());
    replace_name(reader, &mut draft.edits, &mut draft.additions, file, *class, module, member);
    Some(draft.finish(reader, format!("Use {module}'s `{member}`")))
}

/// `f(a, k=b)` is `await asyncio.to_thread(f, a, k=b)`.
fn to_a_thread(
    context: &Context<'_>,
    reader: &mut Reader<'_>,
    stall: &Stall,
    function: FunctionId,
    call: ExpressionId,
) -> Option<Rewrite> {
    let file = stall.file;
    let mut draft = Draft::of(reader, stall, function, call, Way::Thread)?;
    let has_keywords = draft.has_keywords(reader);
    let is_old = context.target.major == 3 && context.target.minor < 9;
    let (head, partial) = match library(reader, file) {
        Library::Asyncio if is_old => {
            let asyncio = source::module(reader, &mut draft.additions, file, "asyncio");
            (format!("{asyncio}.get_running_loop().run_in_executor(None, "), has_keywords)
        }
        Library::Asyncio => {
            let asyncio = source::module(reader, &mut draft.additions, file, "asyncio");
            (format!("{asyncio}.to_thread("), false)
        }
        Library::Anyio => {
            let threads = source::member(reader, &mut draft.additions, file, "anyio", "to_thread");
            (format!("{threads}.run_sync("), has_keywords)
        }
        Library::Trio => {
            let threads = source::member(reader, &mut draft.additions, file, "trio", "to_thread");
            (format!("{threads}.run_sync("), has_keywords)
        }
    };
    hand_over(reader, &mut draft, call, &head, partial);
    if stall.cost.atomic.likely > stall.cost.total().likely * 0.5 {
        let what = "one C call keeps the GIL for most of the time, so the loop stalls all the same";
        draft.verdicts.add("A2", HazardState::Breaks, what, Some(reader.place(file, call)));
    }
    Some(draft.finish(reader, "Run it in a thread and await it"))
}

/// `f(a)` is `await loop.run_in_executor(process_pool(), f, a)`.
fn to_processes(
    context: &Context<'_>,
    reader: &mut Reader<'_>,
    stall: &Stall,
    function: FunctionId,
    call: ExpressionId,
) -> Option<Rewrite> {
    let file = stall.file;
    let mut draft = Draft::of(reader, stall, function, call, Way::Process)?;
    let seen_as = |value| reader.trace.seen(file, value).cloned().unwrap_or(Seen::Unknown);
    let subject = Subject {
        file,
        function: Some(function),
        call,
        callee: draft.this.callee,
        construct: "asyncio".into(),
        target: Some(draft.this.callee),
        passed: draft.arguments.iter().map(|a| Passed { value: a.value, seen: seen_as(a.value) }).collect(),
        runs: draft.this.runs.clone(),
        seen: seen_as(draft.this.callee),
        pooled: true,
    };
    let result = seen_as(call);
    let guard = guard::guard(reader, (file, Some(function)), call, &mut draft.edits);
    let mut process =
        to_process::check(reader, &to_process::Move { subject: &subject, guard, workers: None, made: None });
    if draft.this.runs.is_empty() {
        // What a library function gives back is known from the call itself.
        match reader.pickling(&result) {
            Pickling::Works => {}
            Pickling::Fails(why, _) | Pickling::Inherited(why) => {
                process.add("P13", HazardState::Breaks, why, Some(reader.place(file, call)));
            }
            Pickling::Unknown(why) => {
                process.add("P13", HazardState::Undecided, why, Some(reader.place(file, call)));
            }
        }
    }
    across(&mut draft.verdicts, process);
    let pool = process_pool(context, reader, &mut draft.additions, file)?;
    let asyncio = source::module(reader, &mut draft.additions, file, "asyncio");
    let head = format!("{asyncio}.get_running_loop().run_in_executor({pool}, ");
    let partial = draft.has_keywords(reader);
    hand_over(reader, &mut draft, call, &head, partial);
    Some(draft.finish(reader, "Run it in a process pool and await it"))
}

/// A9: what keeps the work from crossing to a process, with the codes of those hazards.
fn across(verdicts: &mut Verdicts, process: Verdicts) {
    let worst = process.found.iter().filter(|v| v.state.is_some()).min_by_key(|v| v.state).cloned();
    verdicts.found.extend(process.found);
    if let Some(worst) = worst
        && let Some(state) = worst.state
    {
        let what = format!("the work does not cross to a process as it is ({})", worst.what);
        verdicts.add("A9", state, what, worst.place);
    }
}

fn is_double_star(reader: &Reader<'_>, file: FileId, argument: &source::Written) -> bool {
    argument.starred && argument.span.of(reader.project.text(file)).starts_with("**")
}

fn is_awaited_already(reader: &mut Reader<'_>, file: FileId, call: ExpressionId) -> bool {
    let Parent::Expression(parent) = reader.shape(file).parent(call) else { return false };
    matches!(reader.facts(file).expressions.get(parent.index()), Some(Expression::Await(_)))
}

/// Writes `await head callee, arguments)` where `callee(arguments)` stands.
fn hand_over(reader: &mut Reader<'_>, draft: &mut Draft<'_>, call: ExpressionId, head: &str, partial: bool) {
    let file = draft.this.file;
    let text = reader.project.text(file);
    let (callee, whole) = (reader.span(file, draft.this.callee), reader.span(file, call));
    let mut head = head.to_string();
    if partial {
        let name = source::member(reader, &mut draft.additions, file, "functools", "partial");
        head.push_str(&format!("{name}("));
    }
    let edits = &mut draft.edits;
    put_await(reader, edits, file, call);
    edits.insert(file, callee.start, head);
    // `f(x for x in xs)`: the generator's brackets are the call's own.
    let open = opening(text, callee.end);
    let lone_generator = draft.arguments.first().is_some_and(|a| reader.span(file, a.value).start == open);
    if lone_generator {
        edits.insert(file, open, ", ");
        edits.insert(file, whole.end, if partial { "))" } else { ")" });
        return;
    }
    let bracket = Span { start: callee.end, end: open + 1 };
    if draft.arguments.is_empty() {
        edits.delete(file, bracket);
    } else {
        let follows = text.get(open as usize + 1..).unwrap_or("");
        let gap = if follows.starts_with(['\n', '\r', ' ']) { "," } else { ", " };
        edits.replace(file, bracket, gap);
    }
    if partial {
        edits.insert(file, whole.end, ")");
    }
}

/// Where the bracket behind a callee opens.
fn opening(text: &str, at: u32) -> u32 {
    let rest = text.get(at as usize..).unwrap_or("");
    at + Span::new(rest.find('(').unwrap_or(0), 0).start
}

/// Puts `await` before a call, in brackets where what follows would bind tighter.
fn put_await(reader: &mut Reader<'_>, edits: &mut Edits, file: FileId, call: ExpressionId) {
    let span = reader.span(file, call);
    let facts = reader.facts(file);
    let binds_tighter = match reader.shape(file).parent(call) {
        Parent::Expression(parent) => match facts.expressions.get(parent.index()) {
            Some(Expression::Attribute { .. }) => true,
            Some(Expression::Subscript { value, .. }) => *value == call,
            Some(Expression::Call { callee, .. }) => *callee == call,
            _ => false,
        },
        Parent::Statement(_) | Parent::Nothing => false,
    };
    let callee = match facts.expressions.get(call.index()) {
        Some(Expression::Call { callee, .. }) => reader.span(file, *callee),
        _ => span,
    };
    // Edits at one place have no order, so the text that comes before the callee is one edit with it.
    let _ = callee;
    edits.prefix(file, span.start, if binds_tighter { "(await " } else { "await " });
    if binds_tighter {
        edits.suffix(file, span.end, ")");
    }
}

/// A FastAPI handler that never awaits: a plain function runs in the framework's threads.
fn plain_handler(reader: &mut Reader<'_>, file: FileId, function: FunctionId) -> Option<Rewrite> {
    let facts = reader.facts(file);
    let definition = facts.functions.get(function.index())?;
    if definition.has_await || definition.is_generator || definition.parent.is_some() || definition.class.is_some() {
        return None;
    }
    let is_route = |decorator: &ExpressionId| {
        let callee = match facts.expressions.get(decorator.index()) {
            Some(Expression::Call { callee, .. }) => *callee,
            _ => return false,
        };
        let Some(Expression::Attribute { value, attribute }) = facts.expressions.get(callee.index()) else {
            return false;
        };
        let of_fastapi = matches!(reader.trace.seen(file, *value),
            Some(Seen::LibraryObject(class)) if class.starts_with("fastapi."));
        of_fastapi
            && matches!(
                reader.name(file, *attribute),
                "get" | "post" | "put" | "patch" | "delete" | "head" | "options" | "api_route"
            )
    };
    if definition.decorators.is_empty() || !definition.decorators.iter().all(is_route) {
        return None;
    }
    let span = reader.project.parsed(file).spans.functions.get(function.index()).copied()?;
    let text = reader.project.text(file);
    let head = span.of(text);
    let rest = head.strip_prefix("async")?;
    let gap = rest.len() - rest.trim_start().len();
    let mut edits = Edits::default();
    edits.delete(file, Span { start: span.start, end: span.start + Span::new(5 + gap, 0).start });
    let mut verdicts = Verdicts::default();
    let node = (file, Some(function));
    let name = reader.name(file, definition.name);
    let used = facts.expressions.iter().any(|e| matches!(e, Expression::Name(n) if reader.name(file, *n) == name));
    if used || reader.trace.callers(node).next().is_some() {
        let place = Place { file, span: Span { start: span.start, end: span.start } };
        verdicts.add("A8", HazardState::Breaks, format!("`{name}` is also used as a coroutine elsewhere"), Some(place));
    }
    let effects = reader.effects(node);
    for change in &effects.changes {
        let state = if change.certain { HazardState::Present } else { HazardState::Undecided };
        let line = to_process::row(reader, change.place);
        let what = format!("`{}` is changed at line {line}: several requests would change it at once", change.name);
        verdicts.add("A8", state, what, Some(change.place));
    }
    for (code, place) in &effects.unresolved {
        let line = to_process::row(reader, *place);
        let what = format!("`{code}` at line {line} could not be followed: it may need the event loop's thread");
        verdicts.add("A8", HazardState::Undecided, what, Some(*place));
    }
    for (called, place) in &effects.library {
        if called.starts_with("asyncio.") || crate::hazards::names::names().has_state("context", called) {
            verdicts.add("A8", HazardState::Breaks, format!("`{called}` needs the event loop's thread"), Some(*place));
        }
    }
    let title = "Make it a plain `def`: FastAPI runs it in a thread".to_string();
    Some(Rewrite { title, edits, verdicts })
}

/// A coroutine that never awaits and only computes: its body becomes a function that a process runs.
fn whole_coroutine(
    context: &Context<'_>,
    reader: &mut Reader<'_>,
    stall: &Stall,
    function: FunctionId,
) -> Option<Rewrite> {
    let file = stall.file;
    let facts = reader.facts(file);
    let definition = facts.functions.get(function.index())?;
    let is_plain = !definition.has_await
        && !definition.is_generator
        && definition.parent.is_none()
        && definition.class.is_none()
        && definition.decorators.is_empty()
        && definition.parameters.iter().all(|p| matches!(p.kind, ParameterKind::Plain | ParameterKind::PositionalOnly));
    if !is_plain || library(reader, file) != Library::Asyncio {
        return None;
    }
    let spans = &reader.project.parsed(file).spans;
    let (whole, name_span) =
        (spans.functions.get(function.index()).copied()?, spans.function_names.get(function.index()).copied()?);
    let text = reader.project.text(file);
    let name = reader.name(file, definition.name).to_string();
    let inner = format!("_{name}");
    if source::is_taken(reader, file, &inner) || line_start(text, whole.start) != whole.start {
        return None;
    }
    let head_end = header_end(text, name_span.end)?;
    let header = Span { start: name_span.end, end: head_end }.of(text);
    let mut edits = Edits::default();
    let mut additions = Additions::default();
    let node = (file, Some(function));
    let parameters: Vec<String> = definition.parameters.iter().map(|p| reader.name(file, p.name).to_string()).collect();
    // What the parameters are, as the body uses them.
    let shape = reader.shape(file);
    let passed: Vec<Passed> = definition
        .parameters
        .iter()
        .filter_map(|parameter| {
            let uses = |id: &ExpressionId| {
                matches!(facts.expressions.get(id.index()), Some(Expression::Name(n)) if *n == parameter.name)
            };
            let value = shape.expressions_in(Some(function)).find(uses)?;
            let seen = reader.trace.seen(file, value).cloned().unwrap_or(Seen::Unknown);
            Some(Passed { value, seen })
        })
        .collect();
    let anchor = shape.expressions_in(Some(function)).next()?;
    let subject = Subject {
        file,
        function: Some(function),
        call: anchor,
        callee: anchor,
        construct: "asyncio".into(),
        target: None,
        passed,
        runs: vec![node],
        seen: Seen::Function(file, function),
        pooled: true,
    };
    let guard = guard::guard(reader, node, anchor, &mut edits);
    let mut verdicts =
        to_process::check(reader, &to_process::Move { subject: &subject, guard, workers: None, made: None });
    // It is an `async def` only until the rewrite is made.
    verdicts.found.retain(|verdict| !verdict.what.contains("generator or coroutine"));
    let pool = process_pool(context, reader, &mut additions, file)?;
    let asyncio = source::module(reader, &mut additions, file, "asyncio");
    let (end, unit) = (line_end(text), source::indent_unit(text));
    edits.replace(file, Span { start: whole.start, end: name_span.end }, format!("def {inner}"));
    let given: String = parameters.iter().map(|p| format!(", {p}")).collect();
    edits.insert(
        file,
        whole.end,
        format!(
            "{end}{end}{end}async def {name}{header}:{end}{unit}return await {asyncio}.get_running_loop().run_in_executor({pool}, {inner}{given})"
        ),
    );
    additions.finish(reader, &mut edits, file);
    Some(Rewrite { title: "Run the coroutine's work in a process pool".into(), edits, verdicts })
}

/// The colon behind a function's parameters and annotation.
fn header_end(text: &str, from: u32) -> Option<u32> {
    let mut depth = 0i32;
    for (index, c) in text.get(from as usize..)?.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ':' if depth == 0 => return Some(from + Span::new(index, 0).start),
            '#' | '"' | '\'' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}
