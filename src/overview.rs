//! Where a project's concurrency stands: every hand-over with its vehicle, its workload and the calls below it.

use crate::config::Target;
use crate::cost::{Cost, Workload};
use crate::estimate::Report;
use crate::estimate::evidence::{Operation, Step, Trail};
use crate::estimate::report::{Event, Handover, steps};
use crate::id::FileId;
use crate::knowledge::schema::Clock;
use crate::project::Project;
use crate::rules::{sites, words};
use crate::text::Span;

/// A place where work is handed over.
#[derive(Debug, Clone)]
pub struct Site {
    /// Where.
    pub file: FileId,
    /// The call that hands it over.
    pub span: Span,
    /// Dotted path of the function that it stands in.
    pub scope: String,
    /// What is called: `threading.Thread`.
    pub construct: String,
    /// `thread`, `process`, `event-loop`, `interpreter`, `green-thread`.
    pub vehicle: &'static str,
    /// The work, as users write it.
    pub target: String,
    /// The target could be resolved.
    pub known: bool,
    /// What it does with its time.
    pub workload: Workload,
    /// Seconds of one task.
    pub cost: Cost,
    /// How many tasks, in words.
    pub tasks: String,
    /// Two or more workers for speed.
    pub many: bool,
    /// The task never ends by itself.
    pub endless: bool,
    /// What the code around it says of its purpose.
    pub intents: Vec<&'static str>,
    /// What the target calls, as far as it costs something.
    pub calls: Vec<Call>,
}

/// A call below a target, or an operation that takes time.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where.
    pub file: FileId,
    /// The call, or the head of the loop.
    pub span: Span,
    /// What is called, or what happens.
    pub what: String,
    /// Seconds in all, with what is below it.
    pub seconds: f64,
    /// The clock of an operation; `None` for a call of the project's own.
    pub clock: Option<&'static str>,
    /// The knowledge entry that says so.
    pub knowledge: Option<String>,
    /// What it calls.
    pub calls: Vec<Call>,
}

/// Every hand-over in the reported files, in path order.
pub fn sites(project: &Project, report: &Report, target: Target) -> Vec<Site> {
    let known = sites::handovers(project, report, target);
    let all: Vec<&Handover> = report
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Handover(handover) if project.reported(handover.file) => Some(handover),
            Event::Handover(_) | Event::Stall(_) => None,
        })
        .collect();
    let groups = all.chunk_by(|a, b| a.file == b.file && a.span == b.span);
    groups
        .filter_map(|group| {
            let first = group.first()?;
            let site = known
                .iter()
                .find(|site| site.contexts.first().is_some_and(|it| it.file == first.file && it.span == first.span));
            let handover = site.and_then(|site| site.largest()).unwrap_or(first);
            Some(Site {
                file: handover.file,
                span: handover.span,
                scope: sites::scope(project, handover.file, handover.function),
                construct: handover.construct.to_string(),
                vehicle: sites::vehicle_name(handover.vehicle),
                target: handover.target.to_string(),
                known: handover.known,
                workload: if handover.known { handover.cost.workload() } else { Workload::Unknown },
                cost: handover.cost,
                tasks: words::count(handover.tasks),
                many: site.is_some_and(|site| site.many),
                endless: handover.endless,
                intents: site.map_or(Vec::new(), |site| site.intents.iter().map(|intent| intent.name()).collect()),
                calls: tree(&handover.trail),
            })
        })
        .collect()
}

/// The paths to the operations, put together where they share calls; the costliest first.
fn tree(trail: &Trail) -> Vec<Call> {
    let mut roots: Vec<Call> = Vec::new();
    for operation in &trail.operations {
        insert(&mut roots, &steps(operation.path.as_ref()), operation);
    }
    sort(&mut roots);
    roots
}

fn insert(level: &mut Vec<Call>, path: &[&Step], operation: &Operation) {
    let Some((step, rest)) = path.split_first() else {
        level.push(leaf(operation));
        return;
    };
    let same = |it: &Call| it.clock.is_none() && it.file == step.file && it.span == step.span;
    let at = level.iter().position(same).unwrap_or_else(|| {
        let what = format!("{}()", step.callee);
        let (file, span) = (step.file, step.span);
        level.push(Call { file, span, what, seconds: 0.0, clock: None, knowledge: None, calls: Vec::new() });
        level.len() - 1
    });
    if let Some(call) = level.get_mut(at) {
        call.seconds += operation.seconds;
        insert(&mut call.calls, rest, operation);
    }
}

fn leaf(operation: &Operation) -> Call {
    Call {
        file: operation.file,
        span: operation.span,
        what: words::operation(operation),
        seconds: operation.seconds,
        clock: Some(match operation.clock {
            Clock::Bytecode => "bytecode",
            Clock::Atomic => "atomic",
            Clock::Native => "native",
            Clock::Wait => "wait",
            Clock::None => "none",
        }),
        knowledge: operation.source.as_ref().map(|source| format!("{}: {source}", operation.what)),
        calls: Vec::new(),
    }
}

fn sort(calls: &mut [Call]) {
    calls.sort_by(|a, b| b.seconds.total_cmp(&a.seconds).then_with(|| (a.file, a.span).cmp(&(b.file, b.span))));
    for call in calls {
        sort(&mut call.calls);
    }
}
