//! GIL101 `cpu-in-threads`: two or more threads given work that holds the GIL.

use super::sites::{HandoverSite, evidence, holds_gil, in_test, vehicle_name};
use super::{Check, Rule, words};
use crate::cost::{Cost, Interval};
use crate::diagnostic::{Confidence, Diagnostic, Severity};
use crate::estimate::evidence::Operation;
use crate::estimate::report::Handover;
use crate::knowledge::schema::{Clock, Vehicle, WaitKind};

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
/// By the best guess alone, the GIL is held for at least this part of the time spent waiting: what repeats
/// presumed numbers of times does not outweigh a wait that is sure.
const LIKELY_SHARE: f64 = 0.5;
/// No task is presumed to compute for longer than this many seconds.
const LONGEST_GUESS: f64 = 30.0;
/// This many hand-overs of small tasks add up.
const MANY_TASKS: f64 = 50.0;
/// Work of fewer seconds is a statement or two, not a computation.
const SHORTEST_WORK: f64 = 1e-6;

fn check(site: &HandoverSite<'_>) -> Option<Diagnostic> {
    if site.target.free_threaded || !site.many {
        return None;
    }
    let worst = site.agreed(objectionable)?;
    if worst.offload && site.awaited {
        return None;
    }
    let sure = if is_cpu_bound(worst) { confidence(&worst.cost) } else { Confidence::Medium };
    let confidence = in_test(sure, site.is_test);
    Some(diagnostic(site, worst, confidence))
}

fn objectionable(handover: &Handover) -> bool {
    handover.vehicle == Vehicle::Thread && (is_cpu_bound(handover) || is_overhead(handover))
}

/// True if time with the GIL held dominates what is known and what is not.
pub fn is_cpu_bound(handover: &Handover) -> bool {
    let cost = &handover.cost;
    let (held, wait) = (cost.held(), expected_wait(handover));
    // Sizes that multiply each other lead to hours that nobody would wait for: such a guess outweighs no wait.
    let plausible = held.plausible().min(held.low.max(LONGEST_GUESS));
    let rest = cost.native.plausible() + wait.plausible() + cost.unknown;
    // What is sure to hold the GIL outweighs what the rest takes by the best guess.
    let surely = held.low / (held.low + cost.native.likely + wait.likely + cost.unknown) >= HELD_SHARE;
    // What takes its work from a queue and does little with it waits for more of it.
    let serves = handover.endless && handover.trail.operations.iter().any(|o| o.wait == Some(WaitKind::Queue));
    plausible >= SHORTEST_TASK
        // How often a task hands over its like is a guess.
        && (!(serves || handover.recursive) || held.likely >= SHORTEST_TASK)
        && (plausible / (plausible + rest) >= HELD_SHARE || surely)
        && held.likely >= wait.likely * LIKELY_SHARE
}

/// True if so many tasks are handed over that hold the GIL throughout, each of less work than the hand-over itself,
/// that it adds up.
fn is_overhead(handover: &Handover) -> bool {
    let cost = &handover.cost;
    let held = cost.held().likely;
    let rest = cost.native.likely + expected_wait(handover).likely + cost.unknown;
    let takes_from_queue = handover.trail.operations.iter().any(|o| o.wait == Some(WaitKind::Queue));
    // What a pool maps over objects is small as a rule because an override is not seen.
    handover.repeated
        && handover.times * handover.tasks.likely >= MANY_TASKS
        && held >= SHORTEST_WORK
        && rest <= held * 0.05
        && !takes_from_queue
}

/// What a task waits, without what it waits for only after a failure, and without waiting for its own like.
fn expected_wait(handover: &Handover) -> Interval {
    let wait = handover.cost.wait;
    let unexpected = |o: &&Operation| {
        o.clock == Clock::Wait && (o.exceptional || handover.recursive && o.wait == Some(WaitKind::Lock))
    };
    let seconds: f64 = handover.trail.operations.iter().filter(unexpected).map(|o| o.seconds).sum();
    wait.scaled(if wait.likely > 0.0 { (1.0 - seconds / wait.likely).max(0.0) } else { 1.0 })
}

/// How sure it is that the task is long and holds the GIL.
pub fn confidence(cost: &Cost) -> Confidence {
    let held = cost.held();
    let doubtful = cost.unknown > held.likely * 0.1;
    if held.low >= SHORTEST_TASK && !doubtful {
        Confidence::High
    } else if held.plausible() >= SHORTEST_TASK * 2.0 && cost.unknown <= held.likely.max(held.low) {
        Confidence::Medium
    } else {
        Confidence::Low
    }
}

fn diagnostic(site: &HandoverSite<'_>, handover: &Handover, confidence: Confidence) -> Diagnostic {
    let target = words::target(&handover.target);
    let each = handover.cost.held().likely;
    let tasks = if handover.tasks.likely > 1.5 { handover.tasks.likely } else { 2.0 };
    // What is objected to is what a task may well take; the best guess may be less than is worth a word.
    let is_long = each >= SHORTEST_TASK;
    let message = if is_cpu_bound(handover) && !is_long {
        format!(
            "threads do not speed up {target}: it holds the GIL while it computes, so only one thread runs at a time"
        )
    } else if is_cpu_bound(handover) {
        format!(
            "threads do not speed up {target}: it holds the GIL for {} a task, so only one thread runs at a time",
            words::about(each)
        )
    } else {
        format!("threads do not speed up {target}: it only computes, for less time than it takes to hand it over")
    };
    let cores = 4.0;
    let note = if is_cpu_bound(handover) && !is_long {
        format!(
            "estimate: a task takes {}, but {} if its inputs are larger than the code tells",
            words::cost(&handover.cost),
            words::about(handover.cost.held().plausible()),
        )
    } else {
        format!(
            "estimate: a task takes {}; {} of them take {} in threads and {} in processes on {cores:.0} cores",
            words::cost(&handover.cost),
            words::count(crate::cost::Interval::exact(tasks.round())),
            words::about(each * tasks),
            words::about((each * tasks / tasks.min(cores)).max(each) + 0.05),
        )
    };
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
        help: if is_cpu_bound(handover) { help(&handover.construct) } else { SMALL.to_string() },
        scope: site.scope(handover),
        fix: None,
    }
}

const SMALL: &str = "call it in place, or hand over larger pieces of work, to processes if they compute for long";

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
