//! GIL302 `blocking-io-on-event-loop`: a blocking wait run by a coroutine, itself or through helpers.

use super::sites::{StallSite, gets_ready, in_test, is_bounded, scope, stall_evidence};
use super::{Check, Rule, words};
use crate::diagnostic::{Confidence, Diagnostic, Severity};
use crate::estimate::evidence::{Operation, Step};
use crate::estimate::report::{Stall, steps};
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
/// How often at least a wait happens, and how many calls below the coroutine at most, by what can be said of it.
/// Conditions that can't be decided and long chains multiply: beyond this, findings that were read were wrong
/// more often than right.
const HIGH: (f64, usize) = (0.5, 3);
const MEDIUM: (f64, usize) = (0.4, 4);
/// The same for a wait that nothing on the way to it makes doubtful.
const SURE: (f64, usize) = (CERTAIN, 6);
/// How often at least a wait in the coroutine itself happens: its author sees the condition.
const OWN: f64 = 0.2;
/// The same for a pause: nobody writes one by chance, be it for the case that something has failed.
const PAUSE: (f64, usize) = (0.1, 1);
/// How many calls below the coroutine a wait stands at most that tests alone tell of.
const NEAR_TEST: usize = 1;
/// A wait that no condition guards.
const CERTAIN: f64 = 0.95;
/// A wait shorter than this many seconds is no finding.
const SHORTEST: f64 = 0.008;
/// Nor is a pause whose whole length is shorter: nobody notices it.
const SHORTEST_PAUSE: f64 = 0.03;
/// The same for a pause that is made only when something has failed, which is rare: asyncio's debug mode lets less pass.
const SHORTEST_AFTER_FAILURE: f64 = 0.1;

fn check(site: &StallSite<'_>) -> Option<Diagnostic> {
    if site.is_patched {
        return None;
    }
    let candidates = site.contexts.iter().flat_map(|stall| {
        let waits = stall.trail.operations.iter().filter(|o| is_blocking(o) && !is_over(site, stall, o));
        waits.map(|wait| (*stall, wait, confidence(site, stall, wait)))
    });
    let is_known = |stall: &Stall| is_bounded(stall.cost.wait);
    let (worst, wait, confidence) = candidates.max_by(|a, b| {
        a.2.cmp(&b.2).then(is_known(a.0).cmp(&is_known(b.0))).then(a.1.seconds.total_cmp(&b.1.seconds))
    })?;
    if site.is_awaited && (wait.weight < CERTAIN || wait.depth() == 0) {
        // A function that is awaited gives an awaitable here: the branch that blocks is for other callers.
        return None;
    }
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
        evidence: stall_evidence(worst, is_blocking, 1),
        note: words::wait_note(&worst.cost),
        help: match worst.registered {
            Some(_) => words::CALLBACK_HELP.to_string(),
            None => format!(
                "await an asynchronous form of it, or move it to a thread: `await asyncio.to_thread({}, …)`",
                site.callee(worst).unwrap_or("…")
            ),
        },
        scope: scope(site.project, worst.file, worst.function),
        fix: None,
    })
}

/// True if what is waited for is there already.
fn is_over(site: &StallSite<'_>, stall: &Stall, wait: &Operation) -> bool {
    match wait.wait {
        Some(WaitKind::Queue) => wait.depth() == 0 && site.is_just_filled(stall),
        Some(WaitKind::Network) => {
            let opens = wait.what.starts_with("urllib.") || wait.what.starts_with("http.client.");
            opens && site.is_local_url(stall, wait)
        }
        _ => false,
    }
}

/// True if what waits asks a person as well: a pause after the wrong password, say.
fn is_dialogue(stall: &Stall, wait: &Operation) -> bool {
    let place = |step: &Step| (step.file, step.span);
    let own: Vec<_> = steps(wait.path.as_ref()).into_iter().map(place).collect();
    let asks = |it: &&Operation| it.wait == Some(WaitKind::Terminal);
    !own.is_empty()
        && stall.trail.operations.iter().filter(asks).any(|question| {
            let theirs = steps(question.path.as_ref()).into_iter().map(place);
            theirs.take(own.len()).eq(own.iter().copied())
        })
}

/// How sure it is that a wait happens, and that somebody else waits for it.
fn confidence(site: &StallSite<'_>, stall: &Stall, wait: &Operation) -> Confidence {
    let (weight, depth) = (wait.weight, wait.depth());
    let at_least = |(least, deepest): (f64, usize)| weight >= least && depth <= deepest;
    if wait.wait == Some(WaitKind::Terminal) {
        // A program that asks a person at a terminal seldom has others to serve meanwhile.
        let alone = !site.starts_tasks();
        return if weight >= CERTAIN && depth == 0 && !stall.conditional && !alone {
            Confidence::Medium
        } else {
            Confidence::Low
        };
    }
    if is_dialogue(stall, wait) {
        // Who answers at a terminal has the program to himself.
        return Confidence::Low;
    }
    let is_alone = site.is_start_or_end() || site.is_command() || site.is_private || site.is_suspended(stall);
    // What tests pass to a coroutine is of the kind that it gets, but may be made as only tests make it.
    let is_doubtful = site.only_tests && depth > NEAR_TEST;
    if is_alone || is_doubtful || site.is_short_end(stall) || site.is_fallback(stall) || gets_ready(stall, wait) {
        Confidence::Low
    } else if at_least(HIGH) {
        Confidence::High
    } else if at_least(MEDIUM)
        || at_least(SURE)
        || (depth == 0 && weight >= OWN)
        || (wait.wait == Some(WaitKind::Sleep) && at_least(PAUSE))
    {
        Confidence::Medium
    } else {
        Confidence::Low
    }
}

/// A wait for anything but local files.
fn is_blocking(operation: &Operation) -> bool {
    operation.clock == Clock::Wait
        && !matches!(operation.wait, Some(WaitKind::File) | None)
        && operation.weight >= RAREST
        // Putting waits only where the queue is full.
        && !operation.what.ends_with(".put")
        && (operation.each >= SHORTEST || operation.wait == Some(WaitKind::Queue))
        && (operation.wait != Some(WaitKind::Sleep)
            || operation.each.max(operation.seconds)
                >= if operation.exceptional { SHORTEST_AFTER_FAILURE } else { SHORTEST_PAUSE })
}
