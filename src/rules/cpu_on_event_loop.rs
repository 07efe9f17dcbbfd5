//! GIL301 `cpu-on-event-loop`: CPU work run by a coroutine, itself or through helpers.

use super::sites::{KNOWN, StallSite, computes, gets_ready, in_test, is_bounded, scope, stall_evidence};
use super::{Check, Rule, words};
use crate::diagnostic::{Confidence, Diagnostic, Severity};
use crate::estimate::evidence::Operation;
use crate::estimate::report::Stall;
use crate::knowledge::schema::Clock;

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL301",
    name: "cpu-on-event-loop",
    summary: "CPU work run by a coroutine",
    on_by_default: true,
    page: include_str!("../../fixtures/rules/cpu-on-event-loop.md"),
    check: Check::Stall(check),
};

/// A loop that stands still for this many seconds is noticed by its clients.
const NOTICED: f64 = 0.05;
/// Where sizes are guessed: what it takes by the best guess, what it may well take, and what it can take.
const GUESS: (f64, f64, f64) = (0.012, 0.025, 0.1);
/// How far below the guess the lower bound may lie: one size that nothing tells, not two multiplied.
const GUESSED: f64 = 80.0;
/// How much of the whole one operation takes at least: many small guesses add up to nothing certain.
const MAIN_SHARE: f64 = 0.3;
/// How many calls below the coroutine it stands at most, and how often it is reached at least.
const REACH: (usize, f64) = (3, 0.3);

/// Where sizes are guessed and the program that runs the coroutine is not in sight: shorter ones that were read were
/// hardly ever worth a change.
const WORTH_A_GUESS: f64 = 0.03;
/// The same for a loop of the project's own, where the guess is how many turns it makes.
const WORTH_GUESSED_TURNS: f64 = 0.1;

/// Where sizes are guessed, more seconds than this are a wrong guess.
const LONGEST_GUESS: f64 = 60.0;

/// What one execution takes at least, in seconds, of an operation that a loop of unknown length repeats.
const LITTLE: f64 = 3e-4;

/// A loop of so many turns is long because of its turns.
const MANY_TURNS: f64 = 300.0;

fn check(site: &StallSite<'_>) -> Option<Diagnostic> {
    // One caller of whom all is known tells more than another of whom much must be guessed.
    let (worst, confidence) = site
        .contexts
        .iter()
        .copied()
        .filter(|stall| is_long(stall))
        .map(|stall| (stall, confidence(site, stall)))
        .max_by(|a, b| {
            let (x, y) = (a.0.cost.cpu(), b.0.cost.cpu());
            a.1.cmp(&b.1).then(is_bounded(x).cmp(&is_bounded(y))).then(x.likely.total_cmp(&y.likely))
        })?;
    let cpu = worst.cost.cpu();
    let is_alone = site.is_start_or_end() || site.is_command() || site.is_private || site.only_tests;
    let is_alone = is_alone || site.is_fallback(worst);
    let confidence = if is_alone { Confidence::Low } else { confidence };
    let subject = if worst.callee.is_empty() {
        "this loop".to_string()
    } else {
        words::target(worst.callee.strip_prefix("builtins.").unwrap_or(&worst.callee))
    };
    let native = worst.cost.native.likely > 0.5 * cpu.likely;
    let atomic = worst.cost.longest_atomic > 0.5 * cpu.likely;
    let help = if worst.registered.is_some() {
        words::CALLBACK_HELP
    } else if native {
        "move it to a thread: `await asyncio.to_thread(…)`; it lets the GIL go, so the loop runs on meanwhile"
    } else if atomic {
        "move it to a process: `await loop.run_in_executor(process_pool, …)`; a thread would not help, since this C call keeps the GIL"
    } else {
        "move it to a process: `await loop.run_in_executor(process_pool, …)`; a thread keeps the loop responsive but brings no speed"
    };
    Some(Diagnostic {
        code: RULE.code,
        name: RULE.name,
        message: format!(
            "{subject} computes for {} on the event loop: nothing else in it runs meanwhile",
            words::about(cpu.likely)
        ),
        severity: Severity::Warning,
        confidence: in_test(confidence, site.is_test),
        file: worst.file,
        span: worst.span,
        label: "the event loop stands still here".to_string(),
        workload: worst.cost.workload(),
        vehicle: "event-loop",
        estimate: worst.cost,
        evidence: stall_evidence(worst, computes, 2),
        note: Some(format!("estimate: {}", words::cost(&worst.cost))),
        help: help.to_string(),
        scope: scope(site.project, worst.file, worst.function),
        fix: None,
    })
}

fn is_long(stall: &Stall) -> bool {
    let cpu = stall.cost.cpu();
    let known = stall.trail.operations.iter().any(|o| o.clock != Clock::Wait);
    let (likely, plausible, high) = GUESS;
    let certain = cpu.low >= NOTICED / 2.0;
    let guessed = cpu.likely >= likely && cpu.plausible() >= plausible && cpu.high >= high;
    // Where it waits longer than it computes, the wait is the finding.
    let waits = stall.cost.wait.likely > cpu.likely;
    known && !waits && (certain || guessed) && cpu.low * GUESSED >= cpu.likely
}

/// How sure it is that the computation is long and happens.
fn confidence(site: &StallSite<'_>, stall: &Stall) -> Confidence {
    let cpu = stall.cost.cpu();
    let (deepest, rarest) = REACH;
    let near = |o: &Operation| !o.recursed && o.depth() <= deepest && o.weight >= rarest;
    let longest = |is_meant: &dyn Fn(&Operation) -> bool| {
        let computing = stall.trail.operations.iter().filter(|o| computes(o) && is_meant(o));
        computing.max_by(|a, b| a.seconds.total_cmp(&b.seconds))
    };
    // What is long enough without all that is far, rare, or a walk, tells more than that does.
    let sure = longest(&near).filter(|it| it.seconds >= WORTH_A_GUESS);
    let Some(main) = sure.or_else(|| longest(&|_| true)) else { return Confidence::Low };
    // What is certain may be made of many pieces.
    let beside = stall.trail.operations.iter().filter(|o| sure.is_some() && computes(o) && !near(o));
    let rest = cpu.likely - beside.map(|o| o.seconds).sum::<f64>();
    let is_scattered = main.seconds < MAIN_SHARE * rest && cpu.low < NOTICED / 2.0;
    let is_known = cpu.low >= NOTICED / 2.0 && cpu.low * KNOWN >= cpu.likely;
    // What is known throughout, and long, is as true further down.
    let is_long = is_known && cpu.low >= 2.0 * NOTICED;
    let far = main.depth() > deepest && !is_long || main.weight < rarest || is_scattered;
    // A little in each turn of a loop over who knows how many is a guess upon a guess.
    let repeated = main.weight > 1.5;
    let small =
        repeated && (cpu.likely < NOTICED && main.each < LITTLE || stall.callee.is_empty() && cpu.low < NOTICED / 2.0);
    // A few turns over nobody knows what, each of them long, are many small guesses added up.
    let few = main.turns < MANY_TURNS && main.weight < MANY_TURNS;
    let vague = main.guessed && main.turns > 0.0 && few && cpu.low < NOTICED / 2.0;
    // Nobody keeps a program whose loop stands still for so long: the guess is wrong.
    let absurd = !is_known && cpu.likely > LONGEST_GUESS;
    // How deep a walk over a structure goes, its code does not tell.
    let walks = main.recursed && cpu.low < NOTICED / 2.0;
    if far || small || vague || absurd || walks || gets_ready(stall, main) || is_done_once(&main.what) {
        Confidence::Low
    } else if is_known {
        Confidence::High
    } else if site.starts_loop || cpu.likely >= if main.source.is_none() { WORTH_GUESSED_TURNS } else { WORTH_A_GUESS }
    {
        Confidence::Medium
    } else {
        Confidence::Low
    }
}

/// True for what a program does once, at its start or at first use: loading code.
fn is_done_once(operation: &str) -> bool {
    ["importlib.", "pkg_resources.", "pkgutil.", "runpy.", "inspect."].iter().any(|start| operation.starts_with(start))
}
