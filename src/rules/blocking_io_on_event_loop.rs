//! GIL302 `blocking-io-on-event-loop`: a blocking wait run by a coroutine, itself or through helpers.

use super::sites::{StallSite, evidence, in_test, scope};
use super::{Check, Rule, words};
use crate::diagnostic::{Confidence, Diagnostic, Severity};
use crate::estimate::evidence::Operation;
use crate::estimate::report::Stall;
use crate::knowledge::schema::{Clock, WaitKind};

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL302",
    name: "blocking-io-on-event-loop",
    summary: "a blocking wait run by a coroutine",
    on_by_default: true,
    page: include_str!("../../fixtures/rules/blocking-io-on-event-loop.md"),
    check: Check::Stall(check),
};

/// A wait that happens more rarely than this is too far-fetched.
const RAREST: f64 = 0.004;
/// Through helpers, a wait that happens more rarely than this is doubtful.
const RARE: f64 = 0.06;
/// A wait that no condition guards.
const CERTAIN: f64 = 0.95;
/// A wait shorter than this many seconds is no finding.
const SHORTEST: f64 = 0.004;

fn check(site: &StallSite<'_>) -> Option<Diagnostic> {
    if site.is_patched {
        return None;
    }
    let (worst, wait) = site
        .contexts
        .iter()
        .filter_map(|stall| blocking(stall).map(|wait| (*stall, wait)))
        .max_by(|a, b| a.1.seconds.total_cmp(&b.1.seconds))?;
    if site.is_awaited && (wait.weight < CERTAIN || wait.depth() == 0) {
        // A function that is awaited gives an awaitable here: the branch that blocks is for other callers.
        return None;
    }
    // A program that asks a person at a terminal seldom has others to serve meanwhile.
    let confidence = if wait.wait == Some(WaitKind::Terminal) {
        if wait.weight >= CERTAIN && wait.depth() == 0 { Confidence::Medium } else { Confidence::Low }
    } else if wait.weight >= 0.2 && wait.depth() <= 3 {
        Confidence::High
    } else if wait.weight >= RARE || (wait.depth() == 0 && wait.weight >= 0.01) {
        Confidence::Medium
    } else {
        Confidence::Low
    };
    let name = wait.what.strip_prefix("builtins.").unwrap_or(&wait.what);
    let through = if worst.callee.is_empty() || *worst.callee == *wait.what {
        String::new()
    } else {
        format!(", reached through {}", words::target(&worst.callee))
    };
    Some(Diagnostic {
        code: RULE.code,
        name: RULE.name,
        message: format!(
            "`{name}`{through} {} and blocks the event loop: no other coroutine runs meanwhile",
            words::waiting(wait.wait)
        ),
        severity: Severity::Error,
        confidence: in_test(confidence, site.is_test),
        file: worst.file,
        span: worst.span,
        label: "the event loop waits here".to_string(),
        workload: crate::cost::Workload::Io,
        vehicle: "event-loop",
        estimate: worst.cost,
        evidence: evidence(&worst.trail, is_blocking, 1),
        note: Some(format!("estimate: {}", words::cost(&worst.cost))),
        help: format!(
            "await an asynchronous form of it, or move it to a thread: `await asyncio.to_thread({}, …)`",
            target(worst)
        ),
        scope: scope(site.project, worst.file, worst.function),
        fix: None,
    })
}

fn target(stall: &Stall) -> &str {
    if stall.callee.is_empty() { "…" } else { stall.callee.strip_prefix("builtins.").unwrap_or(&stall.callee) }
}

fn blocking(stall: &Stall) -> Option<&Operation> {
    stall.trail.operations.iter().filter(|o| is_blocking(o)).max_by(|a, b| a.seconds.total_cmp(&b.seconds))
}

/// A wait for anything but local files.
fn is_blocking(operation: &Operation) -> bool {
    operation.clock == Clock::Wait
        && !matches!(operation.wait, Some(WaitKind::File) | None)
        && operation.weight >= RAREST
        // Putting waits only where the queue is full.
        && !operation.what.ends_with(".put")
        && (operation.seconds / operation.weight.max(1.0) >= SHORTEST || operation.wait == Some(WaitKind::Queue))
}
