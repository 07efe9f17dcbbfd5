//! GIL504 `state-lost-in-process`: state that a spawn or forkserver start loses.

use super::{Check, Rule};
use crate::hazards::crossing::{Certain, Crossing};
use crate::hazards::effects::Reader;

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL504",
    name: "state-lost-in-process",
    summary: "state that a spawn or forkserver start loses",
    on_by_default: true,
    page: include_str!("../../fixtures/rules/state-lost-in-process.md"),
    check: Check::Crossing(check),
};

fn check(reader: &mut Reader<'_>, crossing: &Crossing) -> Option<Certain> {
    crossing.lost_state(reader)
}
