//! GIL101 `cpu-in-threads`: two or more threads given work that holds the GIL.

use super::sites::{HandoverSite, evidence, holds_gil, in_test, vehicle_name};
use super::{Check, Rule, words};
use crate::cost::Cost;
use crate::diagnostic::{Confidence, Diagnostic, Severity};
use crate::estimate::report::Handover;
use crate::knowledge::schema::Vehicle;

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL101",
    name: "cpu-in-threads",
    summary: "two or more threads given work that holds the GIL",
    on_by_default: true,
    page: include_str!("../../fixtures/rules/cpu-in-threads.md"),
    check: Check::Handover(check),
};

/// Threads bring nothing below this share of time with the GIL held: measured, two threads of which
/// four fifths hold it are 1.25 times as fast as one.
const HELD_SHARE: f64 = 0.75;
/// A task shorter than this many seconds is not worth a process, nor a finding.
const SHORTEST_TASK: f64 = 0.005;

fn check(site: &HandoverSite<'_>) -> Option<Diagnostic> {
    if site.target.free_threaded || !site.many {
        return None;
    }
    let worst = site.agreed(objectionable)?;
    if worst.offload && site.awaited {
        return None;
    }
    let confidence = in_test(confidence(&worst.cost), site.is_test);
    Some(diagnostic(site, worst, confidence))
}

fn objectionable(handover: &Handover) -> bool {
    handover.vehicle == Vehicle::Thread && is_cpu_bound(&handover.cost)
}

/// True if time with the GIL held dominates what is known and what is not.
pub fn is_cpu_bound(cost: &Cost) -> bool {
    let held = cost.held().plausible();
    let rest = cost.native.plausible() + cost.wait.plausible() + cost.unknown;
    held >= SHORTEST_TASK && held / (held + rest) >= HELD_SHARE
}

/// How sure it is that the task is long and holds the GIL.
pub fn confidence(cost: &Cost) -> Confidence {
    let held = cost.held();
    let doubtful = cost.unknown > held.likely * 0.1;
    if held.low >= SHORTEST_TASK && !doubtful {
        Confidence::High
    } else if held.plausible() >= SHORTEST_TASK * 2.0 && held.high >= 0.05 {
        Confidence::Medium
    } else {
        Confidence::Low
    }
}

fn diagnostic(site: &HandoverSite<'_>, handover: &Handover, confidence: Confidence) -> Diagnostic {
    let target = words::target(&handover.target);
    let each = handover.cost.held().likely;
    let tasks = if handover.tasks.likely > 1.5 { handover.tasks.likely } else { 2.0 };
    let message = format!(
        "threads do not speed up {target}: it holds the GIL for {} a task, so only one thread runs at a time",
        words::about(each)
    );
    let cores = 4.0;
    let note = format!(
        "estimate: a task takes {}; {} of them take {} in threads and {} in processes on {cores:.0} cores",
        words::cost(&handover.cost),
        words::count(crate::cost::Interval::exact(tasks.round())),
        words::about(each * tasks),
        words::about((each * tasks / tasks.min(cores)).max(each) + 0.05),
    );
    Diagnostic {
        code: RULE.code,
        name: RULE.name,
        message,
        severity: Severity::Warning,
        confidence,
        file: handover.file,
        span: handover.span,
        label: format!("hands {target} to threads"),
        workload: handover.cost.workload(),
        vehicle: vehicle_name(handover.vehicle),
        estimate: handover.cost,
        evidence: evidence(&handover.trail, holds_gil, 2),
        note: Some(note),
        help: help(&handover.construct),
        scope: site.scope(handover),
        fix: None,
    }
}

fn help(construct: &str) -> String {
    let instead =
        if construct.ends_with("Thread") || construct.ends_with("Timer") || construct.ends_with("start_new_thread") {
            "`multiprocessing.Process`, or a `concurrent.futures.ProcessPoolExecutor`"
        } else if construct.starts_with("joblib") {
            "joblib's default process backend (leave `prefer=\"threads\"` out)"
        } else if construct.ends_with("thread_map") {
            "`tqdm.contrib.concurrent.process_map`"
        } else if construct.contains("pool.ThreadPool") || construct.contains("dummy") {
            "`multiprocessing.Pool`"
        } else {
            "a `concurrent.futures.ProcessPoolExecutor`"
        };
    format!(
        "give it to processes: {instead}; arguments and results must be picklable. A free-threaded Python (3.13t and later) runs it in threads as it stands"
    )
}
