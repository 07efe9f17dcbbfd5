//! GIL502 `change-lost-in-process`: a change that stays in a process and is read in its parent.

use super::{Check, Rule};
use crate::hazards::crossing::{Certain, Crossing};
use crate::hazards::effects::Reader;

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL502",
    name: "change-lost-in-process",
    summary: "a change that stays in a process and is read in its parent",
    on_by_default: true,
    page: include_str!("../../fixtures/rules/change-lost-in-process.md"),
    check: Check::Crossing(check),
};

fn check(reader: &mut Reader<'_>, crossing: &Crossing) -> Option<Certain> {
    crossing.lost_change(reader)
}
