//! Blocking calls in coroutines: awaited counterparts, threads, processes, and handlers that need not be coroutines.

use super::edits::Edits;
use super::source::{self, Additions, indentation, line_end, line_start, written};
use super::swaps::counterpart;
use super::vehicle::{call_of, process_pool};
use super::{Context, Rewrite, guard};
use crate::diagnostic::{Applicability, HazardState};
use crate::estimate::report::Stall;
use crate::estimate::trace::Seen;
use crate::facts::ir::{Expression, ParameterKind, Statement};
use crate::hazards::effects::{Place, Reader};
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
    let native = stall.cost.native.likely >= stall.cost.total().likely * 0.5;
    if computes && !native {
        let process = to_processes(context, reader, stall, function, call);
        let usable = process.as_ref().is_some_and(|r| r.verdicts.applicability() > Applicability::DisplayOnly);
        // A long call that keeps the GIL stalls the loop from a thread just the same.
        let atomic = stall.cost.atomic.likely > stall.cost.bytecode.likely;
        if usable || atomic {
            return process;
        }
    }
    to_a_thread(context, reader, stall, function, call)
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

/// `time.sleep(1)` is `await asyncio.sleep(1)`.
fn awaited_counterpart(
    reader: &mut Reader<'_>,
    stall: &Stall,
    function: FunctionId,
    call: ExpressionId,
) -> Option<Rewrite> {
    let file = stall.file;
    let this = moved(reader, stall, function, call, Way::Counterpart)?;
    let Some(Seen::Library(name)) = reader.trace.seen(file, this.callee).cloned() else { return None };
    let other = counterpart(&name)?;
    let new = match library(reader, file) {
        Library::Asyncio => &other.asyncio,
        Library::Anyio => &other.anyio,
        Library::Trio => &other.trio,
    };
    let (module, member) = new.rsplit_once('.')?;
    let mut edits = Edits::default();
    let mut additions = Additions::default();
    let verdicts = to_async::check(reader, &this);
    let callee = reader.span(file, this.callee);
    let new_name = match source::imported_module(reader, file, module) {
        Some(known) => format!("{known}.{member}"),
        None => {
            source::module(reader, &mut additions, file, module);
            new.clone()
        }
    };
    put_await(reader, &mut edits, file, call);
    edits.replace(file, callee, new_name);
    forget_import(reader, &mut edits, file, this.callee);
    additions.finish(reader, &mut edits, file);
    Some(Rewrite { title: format!("Use `await {new}`"), edits, verdicts })
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
    let this = moved(reader, stall, function, call, Way::Counterpart)?;
    let Some(Seen::Library(name)) = reader.trace.seen(file, this.callee).cloned() else { return None };
    let is_statement = matches!(reader.shape(file).parent(call), Parent::Statement(statement)
        if matches!(reader.facts(file).statements.get(statement.index()), Some(Statement::Expression(_))));
    match &*name {
        "subprocess.call" => {}
        "subprocess.run" if is_statement => {}
        _ => return None,
    }
    let arguments = written(reader, file, call);
    let (first, rest) = arguments.split_first()?;
    let fits = |a: &source::Written| {
        matches!(a.keyword.as_deref(), Some("cwd" | "env" | "stdin" | "stdout" | "stderr" | "start_new_session"))
    };
    if first.keyword.is_some() || first.starred || !rest.iter().all(fits) {
        return None;
    }
    let Some(Expression::List(parts)) = reader.facts(file).expressions.get(first.value.index()) else { return None };
    if parts.is_empty() {
        return None;
    }
    let verdicts = to_async::check(reader, &this);
    let mut edits = Edits::default();
    let mut additions = Additions::default();
    let asyncio = source::module(reader, &mut additions, file, "asyncio");
    let callee = reader.span(file, this.callee);
    put_await(reader, &mut edits, file, call);
    edits.replace(file, callee, format!("(await {asyncio}.create_subprocess_exec"));
    // The list's own brackets go.
    edits.delete(file, Span { start: first.span.start, end: first.span.start + 1 });
    edits.delete(file, Span { start: first.span.end - 1, end: first.span.end });
    edits.insert(file, reader.span(file, call).end, ").wait()");
    forget_import(reader, &mut edits, file, this.callee);
    additions.finish(reader, &mut edits, file);
    Some(Rewrite { title: "Use asyncio's own subprocess".into(), edits, verdicts })
}

/// `r = httpx.get(url)` where httpx is imported already: its own asynchronous client.
fn async_client(reader: &mut Reader<'_>, stall: &Stall, function: FunctionId, call: ExpressionId) -> Option<Rewrite> {
    let file = stall.file;
    let this = moved(reader, stall, function, call, Way::Counterpart)?;
    let Some(Seen::Library(name)) = reader.trace.seen(file, this.callee).cloned() else { return None };
    let method = name.strip_prefix("httpx.")?;
    if !matches!(method, "get" | "post" | "put" | "patch" | "delete" | "head" | "options" | "request") {
        return None;
    }
    let httpx = source::imported_module(reader, file, "httpx")?;
    // These belong to the client, not to the request.
    let arguments = written(reader, file, call);
    let of_client = |a: &source::Written| {
        a.starred || matches!(a.keyword.as_deref(), Some("verify" | "cert" | "proxy" | "proxies" | "trust_env"))
    };
    if arguments.iter().any(of_client) || source::is_taken(reader, file, "client") {
        return None;
    }
    let statement = match reader.shape(file).parent(call) {
        Parent::Statement(statement) => statement,
        _ => return None,
    };
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
    let verdicts = to_async::check(reader, &this);
    let mut edits = Edits::default();
    let end = line_end(text);
    let mut inner = Edits::default();
    source::indent(reader, &mut inner, file, span);
    for edit in inner.all {
        let head = format!("{blank}async with {httpx}.AsyncClient() as client:{end}");
        let text = if edit.span.start == start { format!("{head}{}", edit.text) } else { edit.text.clone() };
        edits.insert(file, edit.span.start, text);
    }
    edits.replace(file, reader.span(file, this.callee), format!("await client.{method}"));
    Some(Rewrite { title: "Use httpx's `AsyncClient`".into(), edits, verdicts })
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
    let this = moved(reader, stall, function, call, Way::Thread)?;
    if is_awaited_already(reader, file, call) {
        return None;
    }
    let mut verdicts = to_async::check(reader, &this);
    let mut edits = Edits::default();
    let mut additions = Additions::default();
    let arguments = written(reader, file, call);
    let has_keywords = arguments.iter().any(|a| a.keyword.is_some() || is_double_star(reader, file, a));
    let is_old = context.target.major == 3 && context.target.minor < 9;
    let (head, partial) = match library(reader, file) {
        Library::Asyncio if is_old => {
            let asyncio = source::module(reader, &mut additions, file, "asyncio");
            (format!("{asyncio}.get_running_loop().run_in_executor(None, "), has_keywords)
        }
        Library::Asyncio => {
            let asyncio = source::module(reader, &mut additions, file, "asyncio");
            (format!("{asyncio}.to_thread("), false)
        }
        Library::Anyio => {
            let run = source::member(reader, &mut additions, file, "anyio.to_thread", "run_sync");
            (format!("{run}("), has_keywords)
        }
        Library::Trio => {
            let run = source::member(reader, &mut additions, file, "trio.to_thread", "run_sync");
            (format!("{run}("), has_keywords)
        }
    };
    hand_over(reader, &mut edits, &mut additions, file, call, &head, partial);
    if stall.cost.atomic.likely > stall.cost.total().likely * 0.5 {
        let what = "one C call keeps the GIL for most of the time, so the loop stalls all the same";
        verdicts.add("A2", HazardState::Breaks, what, Some(reader.place(file, call)));
    }
    additions.finish(reader, &mut edits, file);
    Some(Rewrite { title: "Run it in a thread and await it".into(), edits, verdicts })
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
    let this = moved(reader, stall, function, call, Way::Process)?;
    if is_awaited_already(reader, file, call) {
        return None;
    }
    let mut verdicts = to_async::check(reader, &this);
    let mut edits = Edits::default();
    let mut additions = Additions::default();
    let arguments = written(reader, file, call);
    let seen = reader.trace.seen(file, this.callee).cloned().unwrap_or(Seen::Unknown);
    let passed = arguments
        .iter()
        .map(|a| Passed { value: a.value, seen: reader.trace.seen(file, a.value).cloned().unwrap_or(Seen::Unknown) })
        .collect();
    let subject = Subject {
        file,
        function: Some(function),
        call,
        callee: this.callee,
        construct: "asyncio".into(),
        target: Some(this.callee),
        passed,
        runs: this.runs.clone(),
        seen,
        pooled: true,
    };
    let guard = guard::guard(reader, (file, Some(function)), call, &mut edits);
    let process = to_process::check(reader, &to_process::Move { subject: &subject, guard, workers: None, made: None });
    across(&mut verdicts, process);
    let pool = process_pool(context, reader, &mut additions, file)?;
    let asyncio = source::module(reader, &mut additions, file, "asyncio");
    let has_keywords = arguments.iter().any(|a| a.keyword.is_some() || is_double_star(reader, file, a));
    let head = format!("{asyncio}.get_running_loop().run_in_executor({pool}, ");
    hand_over(reader, &mut edits, &mut additions, file, call, &head, has_keywords);
    additions.finish(reader, &mut edits, file);
    Some(Rewrite { title: "Run it in a process pool and await it".into(), edits, verdicts })
}

/// A9: what keeps the work from crossing to a process, with the codes of those hazards.
fn across(verdicts: &mut Verdicts, process: Verdicts) {
    verdicts.found.extend(process.found);
}

fn is_double_star(reader: &Reader<'_>, file: FileId, argument: &source::Written) -> bool {
    argument.starred && argument.span.of(reader.project.text(file)).starts_with("**")
}

fn is_awaited_already(reader: &mut Reader<'_>, file: FileId, call: ExpressionId) -> bool {
    let Parent::Expression(parent) = reader.shape(file).parent(call) else { return false };
    matches!(reader.facts(file).expressions.get(parent.index()), Some(Expression::Await(_)))
}

/// Writes `await head callee, arguments)` where `callee(arguments)` stands.
fn hand_over(
    reader: &mut Reader<'_>,
    edits: &mut Edits,
    additions: &mut Additions,
    file: FileId,
    call: ExpressionId,
    head: &str,
    partial: bool,
) {
    let Some(Expression::Call { callee, .. }) = reader.facts(file).expressions.get(call.index()) else { return };
    let text = reader.project.text(file);
    let (callee, whole) = (reader.span(file, *callee), reader.span(file, call));
    let arguments = written(reader, file, call);
    let mut head = head.to_string();
    if partial {
        let name = source::member(reader, additions, file, "functools", "partial");
        head.push_str(&format!("{name}("));
    }
    put_await(reader, edits, file, call);
    edits.insert(file, callee.start, head);
    // `f(x for x in xs)`: the generator's brackets are the call's own.
    let lone_generator =
        arguments.first().is_some_and(|a| reader.span(file, a.value).start == opening(text, callee.end));
    let open = opening(text, callee.end);
    if lone_generator {
        edits.insert(file, open, ", ");
        edits.insert(file, whole.end, if partial { "))" } else { ")" });
        return;
    }
    let bracket = Span { start: callee.end, end: open + 1 };
    if arguments.is_empty() {
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
