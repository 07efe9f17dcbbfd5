//! The rules, one file each, and their register.

pub mod fallback;
pub mod loops;
pub mod sites;
pub mod words;
pub mod crossings;
pub mod cpu_in_threads;
pub mod cpu_in_background_thread;
pub mod futile_offload;
pub mod io_in_processes;
pub mod native_in_processes;
pub mod cpu_on_event_loop;
pub mod blocking_io_on_event_loop;
pub mod blocking_file_io_on_event_loop;
pub mod unpicklable_work;
pub mod change_lost_in_process;
pub mod process_without_main_guard;
pub mod state_lost_in_process;
pub mod exception_kills_pool;
pub mod unused_suppression;

use crate::config::Target;
use crate::diagnostic::Diagnostic;
use crate::estimate::Report;
use crate::estimate::trace::Trace;
use crate::hazards::crossing::{Certain, Crossing};
use crate::hazards::effects::Reader;
use crate::id::FileId;
use crate::knowledge::Knowledge;
use crate::project::Project;
use crate::suppress::Unused;
use crate::text::Span;
use sites::{HandoverSite, StallSite};

/// One rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// `GIL101`.
    pub code: &'static str,
    /// `cpu-in-threads`.
    pub name: &'static str,
    /// One line on what it objects to.
    pub summary: &'static str,
    /// It runs unless the settings say otherwise.
    pub on_by_default: bool,
    /// Its page, in Markdown.
    pub page: &'static str,
    /// What it objects to.
    pub check: Check,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// Places where work is handed over.
    Handover(fn(&HandoverSite<'_>) -> Option<Diagnostic>),
    /// Stretches in which an event loop stands still.
    Stall(fn(&StallSite<'_>) -> Option<Diagnostic>),
    /// Work given to processes, with what is certain of its crossing.
    Crossing(fn(&mut Reader<'_>, &Crossing) -> Option<Certain>),
    /// Comments that silence nothing; looked at when the other rules are done.
    Suppression(fn(FileId, &Unused) -> Diagnostic),
}

/// Every rule, by code.
pub const RULES: &[Rule] = &[
    cpu_in_threads::RULE,
    cpu_in_background_thread::RULE,
    futile_offload::RULE,
    io_in_processes::RULE,
    native_in_processes::RULE,
    cpu_on_event_loop::RULE,
    blocking_io_on_event_loop::RULE,
    blocking_file_io_on_event_loop::RULE,
    unpicklable_work::RULE,
    change_lost_in_process::RULE,
    process_without_main_guard::RULE,
    state_lost_in_process::RULE,
    exception_kills_pool::RULE,
    unused_suppression::RULE,
];

/// What the chosen rules object to in what the estimate saw; `trace` tells what the expressions around a place stand for.
pub fn check(
    project: &Project,
    knowledge: &Knowledge,
    report: &Report,
    target: Target,
    trace: impl Fn(FileId, Span) -> Trace,
    is_chosen: impl Fn(&Rule) -> bool,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let handovers = sites::handovers(project, report, target);
    let stalls = sites::stalls(project, knowledge, report, target);
    let mut crossing: Vec<&Rule> = Vec::new();
    for rule in RULES.iter().filter(|rule| is_chosen(rule)) {
        match rule.check {
            Check::Handover(check) => found.extend(handovers.iter().filter_map(check)),
            Check::Stall(check) => found.extend(stalls.iter().filter_map(check)),
            Check::Crossing(_) => crossing.push(rule),
            Check::Suppression(_) => {}
        }
    }
    if !crossing.is_empty() {
        found.extend(crossings::check(project, knowledge, target, &handovers, &crossing, trace));
    }
    found
}
