//! GIL202 `native-in-processes`: processes given work that lets the GIL go.

use super::sites::{HandoverSite, evidence, in_test, vehicle_name};
use super::{Check, Rule, words};
use crate::diagnostic::{Confidence, Diagnostic, Severity};
use crate::estimate::intent::Intent;
use crate::knowledge::schema::{Clock, Vehicle};

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL202",
    name: "native-in-processes",
    summary: "processes given work that lets the GIL go",
    on_by_default: false,
    page: include_str!("../../fixtures/rules/native-in-processes.md"),
    check: Check::Handover(check),
};

/// Threads scale while native code takes this share of the time.
const NATIVE_SHARE: f64 = 0.85;
/// A task shorter than this many seconds is no finding.
const SHORTEST_TASK: f64 = 0.01;

fn check(site: &HandoverSite<'_>) -> Option<Diagnostic> {
    if site.intents.iter().any(|i| matches!(i, Intent::TimeLimit | Intent::Isolation | Intent::Service)) || !site.many {
        return None;
    }
    let worst = site.agreed(|h| {
        let native = h.cost.native.likely;
        h.vehicle == Vehicle::Process
            && native >= SHORTEST_TASK
            && native / (h.cost.total().likely + h.cost.unknown) >= NATIVE_SHARE
    })?;
    let target = words::target(&worst.target);
    Some(Diagnostic {
        code: RULE.code,
        name: RULE.name,
        message: format!(
            "{target} runs in native code that lets the GIL go: threads would do as well, without pickling or copies"
        ),
        severity: Severity::Info,
        confidence: in_test(Confidence::Medium, site.is_test),
        file: worst.file,
        span: worst.span,
        label: format!("hands {target} to processes"),
        workload: worst.cost.workload(),
        vehicle: vehicle_name(worst.vehicle),
        estimate: worst.cost,
        evidence: evidence(&worst.trail, |o| o.clock == Clock::Native, 2),
        note: Some(format!("estimate: a task takes {}", words::cost(&worst.cost))),
        help: "try a `concurrent.futures.ThreadPoolExecutor` and measure both".to_string(),
        scope: site.scope(worst),
        fix: None,
    })
}
