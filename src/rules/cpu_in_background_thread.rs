//! GIL102 `cpu-in-background-thread`: one background thread given work that holds the GIL.

use super::cpu_in_threads::{confidence, is_cpu_bound};
use super::sites::{HandoverSite, evidence, holds_gil, in_test, vehicle_name};
use super::{Check, Rule, words};
use crate::diagnostic::{Diagnostic, Severity};
use crate::knowledge::schema::Vehicle;

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL102",
    name: "cpu-in-background-thread",
    summary: "one background thread given work that holds the GIL",
    on_by_default: false,
    page: include_str!("../../fixtures/rules/cpu-in-background-thread.md"),
    check: Check::Handover(check),
};

fn check(site: &HandoverSite<'_>) -> Option<Diagnostic> {
    if site.target.free_threaded || site.many {
        return None;
    }
    let worst = site.agreed(|h| h.vehicle == Vehicle::Thread && is_cpu_bound(h))?;
    let target = words::target(&worst.target);
    Some(Diagnostic {
        code: RULE.code,
        name: RULE.name,
        message: format!(
            "{target} holds the GIL for {}: the thread keeps the rest waiting in turns, and nothing gets faster",
            words::about(worst.cost.held().likely)
        ),
        severity: Severity::Info,
        confidence: in_test(confidence(&worst.cost), site.is_test),
        file: worst.file,
        span: worst.span,
        label: format!("hands {target} to one thread"),
        workload: worst.cost.workload(),
        vehicle: vehicle_name(worst.vehicle),
        estimate: worst.cost,
        evidence: evidence(&worst.trail, holds_gil, 2),
        note: Some(format!("estimate: {}", words::cost(&worst.cost))),
        help: "a thread is right where it only keeps a window or a server responsive; for speed, give the work to a process".to_string(),
        scope: site.scope(worst),
        fix: None,
    })
}
