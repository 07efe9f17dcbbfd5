//! Rewrites: for a finding the edits that mend it, and whether they keep the program's meaning.

pub mod edits;
pub mod event_loop;
pub mod guard;
pub mod source;
pub mod swaps;
pub mod vehicle;

use crate::config::Target;
use crate::diagnostic::{Applicability, Diagnostic, Fix};
use crate::estimate::Report;
use crate::estimate::report::{Event, Handover, Stall};
use crate::estimate::trace::Trace;
use crate::hazards::Verdicts;
use crate::hazards::effects::{Place, Reader};
use crate::hazards::shape::Shapes;
use crate::id::FileId;
use crate::knowledge::Knowledge;
use crate::knowledge::schema::Vehicle;
use crate::project::Project;

/// What a rewrite is made from.
pub struct Context<'a> {
    /// All files.
    pub project: &'a Project,
    /// What libraries do.
    pub knowledge: &'a Knowledge,
    /// The interpreter.
    pub target: Target,
    /// Somebody said so; what only new versions have is not written where it is presumed.
    pub target_is_said: bool,
    /// What the estimate saw.
    pub report: &'a Report,
    /// What the expressions of the finding's file and of those around it stand for.
    pub trace: &'a Trace,
    /// The shapes of files that any rewrite asked about.
    pub shapes: &'a Shapes,
}

/// A rewrite in the making.
#[derive(Debug)]
pub struct Rewrite {
    /// See [`Fix::title`].
    pub title: String,
    /// The edits.
    pub edits: edits::Edits,
    /// What stands against it.
    pub verdicts: Verdicts,
}

/// The rewrite for a finding, where there is one.
pub fn fix(context: &Context<'_>, found: &Diagnostic) -> Option<Fix> {
    let rewrite = rewrite(context, found)?;
    let place = Place { file: found.file, span: found.span };
    let mut applicability = rewrite.verdicts.applicability();
    let hazards = rewrite.verdicts.hazards(place);
    let edits = rewrite.edits.finish()?;
    if edits.is_empty() {
        applicability = Applicability::DisplayOnly;
    }
    // A file that is only context, or that is no Python throughout, is not written to.
    let is_writable =
        |file: FileId| context.project.reported(file) && context.project.parsed(file).spans.errors.is_empty();
    if !edits.iter().all(|edit| is_writable(edit.file)) {
        applicability = Applicability::DisplayOnly;
    }
    Some(Fix { title: rewrite.title, applicability, edits, hazards })
}

/// The rewrite with all verdicts, for explanations.
pub fn rewrite(context: &Context<'_>, found: &Diagnostic) -> Option<Rewrite> {
    let mut reader = Reader::new(context.project, context.knowledge, context.trace, context.shapes);
    let is_computing = found.code == "GIL301";
    match found.code {
        "GIL101" | "GIL102" | "GIL103" => {
            let handover = handover(context, found, Vehicle::Thread)?;
            vehicle::rewrite(context, &mut reader, handover, Vehicle::Process)
        }
        "GIL201" | "GIL202" => {
            let handover = handover(context, found, Vehicle::Process)?;
            vehicle::rewrite(context, &mut reader, handover, Vehicle::Thread)
        }
        "GIL301" | "GIL302" | "GIL303" => {
            let stall = stall(context, found)?;
            event_loop::rewrite(context, &mut reader, stall, is_computing)
        }
        "GIL503" => {
            let handover = handover(context, found, Vehicle::Process)?;
            vehicle::guarded(&mut reader, handover)
        }
        _ => None,
    }
}

/// The observation that a finding rests on: of several contexts the costliest.
fn handover<'c>(context: &Context<'c>, found: &Diagnostic, vehicle: Vehicle) -> Option<&'c Handover> {
    let all = context.report.events.iter().filter_map(|event| match event {
        Event::Handover(h) if h.file == found.file && h.span == found.span && h.vehicle == vehicle => Some(h),
        Event::Handover(_) | Event::Stall(_) => None,
    });
    all.max_by(|a, b| {
        (a.known, a.cost.total().likely)
            .partial_cmp(&(b.known, b.cost.total().likely))
            .unwrap_or(std::cmp::Ordering::Equal)
    })
}

fn stall<'c>(context: &Context<'c>, found: &Diagnostic) -> Option<&'c Stall> {
    let all = context.report.events.iter().filter_map(|event| match event {
        Event::Stall(s) if s.file == found.file && s.span == found.span => Some(s),
        Event::Stall(_) | Event::Handover(_) => None,
    });
    all.max_by(|a, b| a.cost.total().likely.total_cmp(&b.cost.total().likely))
}
