//! GIL103 `futile-offload`: one long C call moved to a thread, which stalls the rest all the same.

use super::sites::{HandoverSite, evidence, in_test, vehicle_name};
use super::{Check, Rule, words};
use crate::diagnostic::{Confidence, Diagnostic, Severity};
use crate::estimate::report::Handover;
use crate::knowledge::schema::{Clock, Vehicle};

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL103",
    name: "futile-offload",
    summary: "one long C call moved to a thread, which stalls the rest all the same",
    on_by_default: true,
    page: include_str!("../../fixtures/rules/futile-offload.md"),
    check: Check::Handover(check),
};

/// A C call shorter than this many seconds stalls a loop no longer than asyncio's own debug mode lets pass.
const SHORTEST_STALL: f64 = 0.1;

fn check(site: &HandoverSite<'_>) -> Option<Diagnostic> {
    if site.target.free_threaded {
        return None;
    }
    let worst = site.agreed(objectionable)?;
    if site.many && !site.awaited {
        // Several of them are `cpu-in-threads`.
        return None;
    }
    let call = worst.trail.top(&[Clock::Atomic])?;
    let target = words::target(&worst.target);
    let name = call.what.strip_prefix("builtins.").unwrap_or(&call.what);
    let confidence = if call.guessed { Confidence::Medium } else { Confidence::High };
    Some(Diagnostic {
        code: RULE.code,
        name: RULE.name,
        message: format!(
            "a thread does not keep the event loop responsive here: `{name}` keeps the GIL for {} at a stretch",
            words::about(worst.cost.longest_atomic)
        ),
        severity: Severity::Warning,
        confidence: in_test(confidence, site.is_test),
        file: worst.file,
        span: worst.span,
        label: format!("moves {target} to a thread"),
        workload: worst.cost.workload(),
        vehicle: vehicle_name(worst.vehicle),
        estimate: worst.cost,
        evidence: evidence(&worst.trail, |o| o.clock == Clock::Atomic, 2),
        note: Some(format!(
            "estimate: the loop stands still for {} all the same; measured, `json.dumps` stalls a loop for 379 ms inline, 357 ms in `asyncio.to_thread` and 13 ms in a process",
            words::about(worst.cost.longest_atomic)
        )),
        help: "move it to a process (`loop.run_in_executor` with a `ProcessPoolExecutor`), split the data, or take a library that lets the GIL go".to_string(),
        scope: site.scope(worst),
        fix: None,
    })
}

fn objectionable(handover: &Handover) -> bool {
    handover.vehicle == Vehicle::Thread
        && handover.offload
        && handover.cost.longest_atomic >= SHORTEST_STALL
        && handover.cost.atomic.likely >= 0.5 * (handover.cost.total().likely + handover.cost.unknown)
}
