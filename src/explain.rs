//! Why a function or a hand-over is judged as it is, silence included, in words for a terminal.

use crate::config::Target;
use crate::cost::{Cost, Interval, Workload};
use crate::diagnostic::{Diagnostic, Evidence};
use crate::estimate::evidence::Trail;
use crate::estimate::report::{Event, Handover, Stall, steps};
use crate::estimate::{inspect, intent};
use crate::fix;
use crate::hazards::{Kind, TO_ASYNC, TO_PROCESS, TO_THREAD};
use crate::id::{FileId, FunctionId};
use crate::knowledge::Knowledge;
use crate::project::Project;
use crate::rules::{self, words};
use crate::text::{LineIndex, Span};
use std::fmt::Write;

/// What is known of the innermost function around a row (from 1), and of what it hands over there.
pub fn at(
    project: &Project,
    knowledge: &Knowledge,
    target: Target,
    file: FileId,
    row: u32,
    lines: &LineIndex,
) -> Option<String> {
    let parsed = project.parsed(file);
    let holds =
        |span: Span| lines.row(span.start) <= row && row <= lines.row(span.end.saturating_sub(1).max(span.start));
    let function = parsed
        .spans
        .functions
        .iter()
        .enumerate()
        .filter(|(_, span)| holds(**span))
        .min_by_key(|(_, span)| span.end - span.start)
        .map(|(index, _)| FunctionId::new(index));
    let root = outermost(project, file, function);
    let (summary, events) = inspect(project, knowledge, target, file, function);
    let (_, outer) =
        if root == function { (None, Vec::new()) } else { inspect(project, knowledge, target, file, root) };
    let (_, module) = inspect(project, knowledge, target, file, None);
    let mut text = String::new();
    let summary = summary?;
    let _ = writeln!(text, "{}", rules::sites::scope(project, file, function));
    let _ = writeln!(text, "  workload: {}", summary.cost.workload().name());
    write_cost(&mut text, "  ", &summary.cost);
    write_trail(&mut text, project, &summary.trail);
    if summary.endless {
        let _ = writeln!(text, "  it holds a loop that never ends by itself");
    }
    let mut seen: Vec<String> = Vec::new();
    for event in events.iter().chain(&outer).chain(&module) {
        let mut part = String::new();
        match event {
            Event::Handover(handover) if handover.file == file && holds(handover.span) => {
                write_handover(&mut part, project, target, handover);
            }
            Event::Stall(stall) if stall.file == file && holds(stall.span) => write_stall(&mut part, project, stall),
            Event::Handover(_) | Event::Stall(_) => {}
        }
        if !part.is_empty() && !seen.contains(&part) {
            text.push_str(&part);
            seen.push(part);
        }
    }
    Some(text)
}

/// The rewrite for a finding, and each hazard with what was found of it.
pub fn write_rewrite(text: &mut String, context: &fix::Context<'_>, found: &Diagnostic) {
    let Some(rewrite) = fix::rewrite(context, found) else {
        let _ = writeln!(text, "  {}: no rewrite is known", found.code);
        return;
    };
    let applicability = rewrite.verdicts.applicability().name();
    let _ = writeln!(text, "  {}: {} ({applicability}); its hazards:", found.code, rewrite.title);
    let lists: &[&[Kind]] = match found.code.get(..4) {
        Some("GIL2") => &[TO_THREAD],
        Some("GIL3") => &[TO_ASYNC, TO_PROCESS],
        _ => &[TO_PROCESS],
    };
    for kinds in lists {
        // A call that is awaited in a thread does not cross to a process.
        let concerns = kinds.iter().any(|kind| rewrite.verdicts.found.iter().any(|v| v.code == kind.code));
        if lists.len() > 1 && kinds.iter().any(|kind| kind.code == "P1") && !concerns {
            continue;
        }
        for verdict in rewrite.verdicts.listed(kinds) {
            let about = kinds.iter().find(|kind| kind.code == verdict.code).map_or("", |kind| kind.about);
            match verdict.state {
                None => {
                    let _ = writeln!(text, "    {:4} absent     {about}", verdict.code);
                }
                Some(state) => {
                    let _ = writeln!(text, "    {:4} {:10} {}", verdict.code, state.name(), verdict.what);
                }
            }
        }
    }
}

/// The function around a nested one that stands by itself.
fn outermost(project: &Project, file: FileId, function: Option<FunctionId>) -> Option<FunctionId> {
    let facts = &project.parsed(file).facts;
    let mut here = function?;
    while let Some(parent) = facts.functions.get(here.index()).and_then(|f| f.parent) {
        here = parent;
    }
    Some(here)
}

fn write_cost(text: &mut String, indent: &str, cost: &Cost) {
    let line = |name: &str, interval: Interval| {
        if interval.high <= 0.0 {
            return String::new();
        }
        format!(
            "{indent}{name:9} {} (between {} and {})\n",
            figure(interval.likely),
            figure(interval.low),
            figure(interval.high)
        )
    };
    text.push_str(&line("bytecode", cost.bytecode));
    text.push_str(&line("atomic", cost.atomic));
    text.push_str(&line("native", cost.native));
    text.push_str(&line("wait", cost.wait));
    if cost.unknown > 0.0 {
        let _ = writeln!(
            text,
            "{indent}unknown   calls that could not be resolved, presumed to take up to {}",
            figure(cost.unknown)
        );
    }
}

fn figure(seconds: f64) -> String {
    const YEAR: f64 = 365.0 * 86_400.0;
    if seconds >= YEAR {
        "more than a year".to_string()
    } else if seconds >= 2.0 * 86_400.0 {
        format!("{:.1} days", seconds / 86_400.0)
    } else if seconds >= 7200.0 {
        format!("{:.1} h", seconds / 3600.0)
    } else if seconds >= 600.0 {
        format!("{:.1} min", seconds / 60.0)
    } else if seconds >= 1.0 {
        format!("{seconds:.3} s")
    } else if seconds >= 1e-3 {
        format!("{:.3} ms", seconds * 1e3)
    } else {
        format!("{:.3} us", seconds * 1e6)
    }
}

fn write_trail(text: &mut String, project: &Project, trail: &Trail) {
    let mut operations: Vec<_> = trail.operations.iter().collect();
    operations.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    // What takes less than a ten thousandth of what matters most says nothing.
    let least = operations.first().map_or(0.0, |first| first.seconds * 1e-4);
    let shown = operations.iter().take_while(|operation| operation.seconds >= least).count().max(1);
    for operation in operations.iter().take(shown) {
        let row = project.lines(operation.file).row(operation.span.start);
        let path: String = steps(operation.path.as_ref()).iter().map(|step| format!("{} > ", step.callee)).collect();
        let _ = writeln!(
            text,
            "    {path}{} [{}:{row}] {} times",
            words::operation(operation),
            project.path(operation.file),
            times(operation.weight)
        );
    }
    if shown < operations.len() {
        let _ = writeln!(text, "    and {} that take next to nothing", operations.len() - shown);
    }
}

/// How often something happens, by three digits that matter.
fn times(weight: f64) -> String {
    if weight >= 100.0 {
        let magnitude = 10f64.powf(weight.log10().floor() - 2.0);
        return format!("{:.0}", (weight / magnitude).round() * magnitude);
    }
    let digits = if weight >= 10.0 { 1 } else { 2 };
    let text = format!("{weight:.digits$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "0" { "hardly any".to_string() } else { text.to_string() }
}

fn write_handover(text: &mut String, project: &Project, target: Target, handover: &Handover) {
    let _ = writeln!(
        text,
        "  hands `{}` to a {} through `{}` on Python {}.{}{}",
        handover.target,
        rules::sites::vehicle_name(handover.vehicle),
        handover.construct,
        target.major,
        target.minor,
        if target.free_threaded { "t" } else { "" }
    );
    if !handover.known {
        let _ = writeln!(text, "    the target could not be resolved, so nothing is said of it");
    }
    let _ = writeln!(
        text,
        "    tasks: {}; repeated: {}; workers: {:?}; offload: {}",
        words::count(handover.tasks),
        handover.repeated,
        handover.workers,
        handover.offload
    );
    for intent in intent::of(project, handover, &mut intent::Seen::default()) {
        let _ = writeln!(text, "    intent seen: {}", intent.name());
    }
    write_cost(text, "    ", &handover.cost);
    if handover.aside > 0.0 {
        let _ = writeln!(text, "    and threads that it starts compute for {}", words::about(handover.aside));
    }
    write_trail(text, project, &handover.trail);
}

fn write_stall(text: &mut String, project: &Project, stall: &Stall) {
    let what = if stall.callee.is_empty() { "a loop" } else { &stall.callee };
    let _ = writeln!(text, "  {what} keeps the event loop from running");
    write_cost(text, "    ", &stall.cost);
    write_trail(text, project, &stall.trail);
}

/// What there is to say of one function, or of one piece of work that is handed over.
#[derive(Debug, Clone)]
pub struct Account {
    /// The function as `module.Class.method`, or the work as users write it.
    pub name: String,
    /// What is handed over to what, where the account is of that.
    pub handed_to: Option<&'static str>,
    /// The function's name, or the call that hands the work over.
    pub span: Span,
    /// What it does with its time.
    pub workload: Workload,
    /// Seconds of one call or one task.
    pub cost: Cost,
    /// The calls and operations that this rests on.
    pub chain: Vec<Evidence>,
    /// What the code around says of its purpose.
    pub intents: Vec<&'static str>,
}

/// How many operations an account names.
const MOST_NAMED: usize = 4;

/// The accounts of all functions of a file that are no part of others, in source order.
pub fn functions(project: &Project, knowledge: &Knowledge, target: Target, file: FileId) -> Vec<Account> {
    let parsed = project.parsed(file);
    let count = parsed.facts.functions.len();
    (0..count).filter_map(|index| of_function(project, knowledge, target, file, FunctionId::new(index))).collect()
}

/// What there is to say of the function whose name stands at a byte, or else of the work handed over there.
pub fn here(project: &Project, knowledge: &Knowledge, target: Target, file: FileId, offset: u32) -> Vec<Account> {
    let parsed = project.parsed(file);
    let touches = |span: &Span| span.start <= offset && offset <= span.end;
    if let Some(index) = parsed.spans.function_names.iter().position(touches) {
        let account = of_function(project, knowledge, target, file, FunctionId::new(index));
        return account.into_iter().collect();
    }
    let holds = |span: &Span| span.contains(offset);
    let around = parsed.spans.functions.iter().enumerate().filter(|(_, span)| holds(span));
    let function = around.min_by_key(|(_, span)| span.end - span.start).map(|(index, _)| FunctionId::new(index));
    let root = outermost(project, file, function);
    let (_, events) = inspect(project, knowledge, target, file, root);
    let mut found: Vec<Account> = Vec::new();
    for event in &events {
        let Event::Handover(handover) = event else { continue };
        if handover.file == file && holds(&handover.span) && !found.iter().any(|known| known.name == *handover.target) {
            let mut intents: Vec<&'static str> =
                intent::of(project, handover, &mut intent::Seen::default()).iter().map(|it| it.name()).collect();
            intents.dedup();
            found.push(Account {
                name: handover.target.to_string(),
                handed_to: Some(rules::sites::vehicle_name(handover.vehicle)),
                span: handover.span,
                workload: handover.cost.workload(),
                cost: handover.cost,
                chain: rules::sites::evidence(&handover.trail, |_| true, MOST_NAMED),
                intents,
            });
        }
    }
    // The innermost call says most.
    let smallest = found.iter().map(|account| account.span.end - account.span.start).min();
    found.retain(|account| Some(account.span.end - account.span.start) == smallest);
    found
}

fn of_function(
    project: &Project,
    knowledge: &Knowledge,
    target: Target,
    file: FileId,
    function: FunctionId,
) -> Option<Account> {
    let parsed = project.parsed(file);
    let definition = parsed.facts.functions.get(function.index())?;
    if parsed.facts.names.get(definition.name.index()).is_none_or(|name| &**name == "<lambda>") {
        return None;
    }
    let (summary, _) = inspect(project, knowledge, target, file, Some(function));
    let summary = summary?;
    Some(Account {
        name: rules::sites::scope(project, file, Some(function)),
        handed_to: None,
        span: parsed.spans.function_names.get(function.index()).copied().unwrap_or_default(),
        workload: summary.cost.workload(),
        cost: summary.cost,
        chain: rules::sites::evidence(&summary.trail, |_| true, MOST_NAMED),
        intents: Vec::new(),
    })
}

/// The seconds of an account, as people say them.
pub fn about(account: &Account) -> String {
    words::about(account.cost.total().likely)
}
