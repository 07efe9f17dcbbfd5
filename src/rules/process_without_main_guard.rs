//! GIL503 `process-without-main-guard`: processes started when the main module is imported.

use super::{Check, Rule};
use crate::hazards::crossing::{Certain, Crossing};
use crate::hazards::effects::Reader;

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL503",
    name: "process-without-main-guard",
    summary: "processes started when the main module is imported",
    on_by_default: true,
    page: include_str!("../../fixtures/rules/process-without-main-guard.md"),
    check: Check::Crossing(check),
};

fn check(reader: &mut Reader<'_>, crossing: &Crossing) -> Option<Certain> {
    crossing.unguarded(reader)
}
