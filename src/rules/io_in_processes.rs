//! GIL201 `io-in-processes`: processes given work that waits.

use super::sites::{HandoverSite, evidence, in_test, vehicle_name, waits};
use super::{Check, Rule, words};
use crate::diagnostic::{Confidence, Diagnostic, Severity};
use crate::estimate::evidence::Operation;
use crate::estimate::intent::Intent;
use crate::estimate::report::Handover;
use crate::knowledge::schema::{Vehicle, WaitKind};

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL201",
    name: "io-in-processes",
    summary: "processes given work that waits",
    on_by_default: true,
    page: include_str!("../../fixtures/rules/io-in-processes.md"),
    check: Check::Handover(check),
};

/// Threads do as well as processes only while the CPU is used this little.
const WAIT_SHARE: f64 = 0.75;
/// A wait shorter than this many seconds is no finding.
const SHORTEST_WAIT: f64 = 0.01;

fn check(site: &HandoverSite<'_>) -> Option<Diagnostic> {
    let legitimate =
        site.intents.iter().any(|intent| matches!(intent, Intent::TimeLimit | Intent::Isolation | Intent::Service));
    if legitimate {
        return None;
    }
    let worst = site.agreed(objectionable)?;
    let wait = worst.cost.wait;
    let doubtful = worst.cost.unknown > wait.likely * 0.1 || worst.cost.cpu().high > wait.likely;
    let confidence = if !site.many && !worst.offload {
        Confidence::Low
    } else if doubtful {
        Confidence::Medium
    } else {
        Confidence::High
    };
    let target = words::target(&worst.target);
    Some(Diagnostic {
        code: RULE.code,
        name: RULE.name,
        message: format!(
            "processes bring nothing to {target}: of a task's time nearly all is waiting ({} of {})",
            words::about(wait.likely).trim_start_matches("about "),
            words::about(worst.cost.total().likely).trim_start_matches("about "),
        ),
        severity: Severity::Warning,
        confidence: in_test(confidence, site.is_test),
        file: worst.file,
        span: worst.span,
        label: format!("hands {target} to processes"),
        workload: worst.cost.workload(),
        vehicle: vehicle_name(worst.vehicle),
        estimate: worst.cost,
        evidence: evidence(&worst.trail, waits, 2),
        note: Some(format!(
            "estimate: a task takes {}; a process costs 10 to 100 ms to start and tens of megabytes, a thread neither, and arguments and results need no pickling",
            words::cost(&worst.cost)
        )),
        help: help(&worst.construct),
        scope: site.scope(worst),
        fix: None,
    })
}

fn objectionable(handover: &Handover) -> bool {
    if handover.vehicle != Vehicle::Process {
        return false;
    }
    let cost = &handover.cost;
    let waited: f64 = handover
        .trail
        .operations
        .iter()
        .filter(|o| waits(o) && !is_handshake(o) && !o.exceptional && o.weight >= 0.1)
        // What a task waits for that starts its like, or waits for it, is the vehicle's own cost.
        .filter(|o| !(handover.recursive && matches!(o.wait, Some(WaitKind::Child | WaitKind::Lock))))
        .map(|o| o.seconds)
        .sum();
    let waited = waited.min(cost.wait.likely);
    // Who waits for threads of its own waits for what they compute.
    let share = waited / (cost.total().likely + cost.unknown + handover.aside);
    waited >= SHORTEST_WAIT && share >= WAIT_SHARE
}

/// True for waiting until the parent, or another worker, has done its part: threads would wait for it as well.
///
/// ```python
/// def load(batches, ready, taken):
///     for batch in batches:
///         ready.put(build(batch))
///         taken.wait()
/// ```
fn is_handshake(operation: &Operation) -> bool {
    const BETWEEN_PROCESSES: [&str; 4] = ["Condition", "Event", "Barrier", "Connection"];
    let mut parts = operation.what.rsplit('.');
    let (method, class) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let waits = matches!(method, "wait" | "wait_for" | "recv" | "recv_bytes" | "poll");
    waits && BETWEEN_PROCESSES.contains(&class.trim_start_matches("Pipe").trim_end_matches("Proxy"))
}

fn help(construct: &str) -> String {
    let instead = if construct.ends_with("Process") {
        "`threading.Thread`, or a `concurrent.futures.ThreadPoolExecutor`"
    } else if construct.starts_with("joblib") {
        "`joblib.Parallel(prefer=\"threads\")`"
    } else if construct.ends_with("process_map") {
        "`tqdm.contrib.concurrent.thread_map`"
    } else if construct.contains("Pool.") && !construct.contains("Executor") {
        "`multiprocessing.pool.ThreadPool`, which has the same methods"
    } else if construct.contains("anyio") {
        "`anyio.to_thread.run_sync`"
    } else {
        "a `concurrent.futures.ThreadPoolExecutor`"
    };
    format!(
        "give it to threads: {instead}; or to asyncio, if the libraries have asynchronous forms. Make sure that what the tasks share is safe to share"
    )
}
