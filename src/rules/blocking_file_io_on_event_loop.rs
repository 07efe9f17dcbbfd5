//! GIL303 `blocking-file-io-on-event-loop`: local file I/O run by a coroutine.

use super::sites::{StallSite, in_test, scope, stall_evidence};
use super::{Check, Rule, words};
use crate::diagnostic::{Confidence, Diagnostic, Severity};
use crate::estimate::evidence::Operation;
use crate::knowledge::schema::{Clock, WaitKind};

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL303",
    name: "blocking-file-io-on-event-loop",
    summary: "local file I/O run by a coroutine",
    on_by_default: false,
    page: include_str!("../../fixtures/rules/blocking-file-io-on-event-loop.md"),
    check: Check::Stall(check),
};

fn check(site: &StallSite<'_>) -> Option<Diagnostic> {
    let (worst, wait) = site
        .contexts
        .iter()
        .filter_map(|stall| {
            let wait =
                stall.trail.operations.iter().filter(|o| is_file(o)).max_by(|a, b| a.seconds.total_cmp(&b.seconds))?;
            Some((*stall, wait))
        })
        .max_by(|a, b| a.1.seconds.total_cmp(&b.1.seconds))?;
    let name = wait.what.strip_prefix("builtins.").unwrap_or(&wait.what);
    Some(Diagnostic {
        code: RULE.code,
        name: RULE.name,
        message: format!("`{name}` works on local files on the event loop"),
        severity: Severity::Info,
        confidence: in_test(Confidence::Medium, site.is_test),
        file: worst.file,
        span: worst.span,
        label: "the event loop waits for the file system here".to_string(),
        workload: crate::cost::Workload::Io,
        vehicle: "event-loop",
        estimate: worst.cost,
        evidence: stall_evidence(worst, is_file, 1),
        note: Some(format!("estimate: {}; a slow or remote disk makes it far more", words::cost(&worst.cost))),
        help: "for large files or slow disks, move it to a thread: `await asyncio.to_thread(…)`".to_string(),
        scope: scope(site.project, worst.file, worst.function),
        fix: None,
    })
}

fn is_file(operation: &Operation) -> bool {
    operation.clock == Clock::Wait && operation.wait == Some(WaitKind::File) && operation.weight >= 0.01
}
