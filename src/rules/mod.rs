//! The rules, one file each, and their register.

pub mod sites;
pub mod words;
pub mod cpu_in_threads;
pub mod cpu_in_background_thread;
pub mod futile_offload;
pub mod io_in_processes;
pub mod native_in_processes;
pub mod cpu_on_event_loop;
pub mod blocking_io_on_event_loop;
pub mod blocking_file_io_on_event_loop;
pub mod unused_suppression;

use crate::config::Target;
use crate::diagnostic::Diagnostic;
use crate::estimate::Report;
use crate::id::FileId;
use crate::project::Project;
use crate::suppress::Unused;
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
    unused_suppression::RULE,
];

/// What the chosen rules object to in what the estimate saw.
pub fn check(project: &Project, report: &Report, target: Target, is_chosen: impl Fn(&Rule) -> bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let handovers = sites::handovers(project, report, target);
    let stalls = sites::stalls(project, report, target);
    for rule in RULES.iter().filter(|rule| is_chosen(rule)) {
        match rule.check {
            Check::Handover(check) => found.extend(handovers.iter().filter_map(check)),
            Check::Stall(check) => found.extend(stalls.iter().filter_map(check)),
            Check::Suppression(_) => {}
        }
    }
    found
}
