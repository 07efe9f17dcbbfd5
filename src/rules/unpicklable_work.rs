//! GIL501 `unpicklable-work`: a task, argument or result that pickle refuses.

use super::{Check, Rule};
use crate::hazards::crossing::{Certain, Crossing};
use crate::hazards::effects::Reader;

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL501",
    name: "unpicklable-work",
    summary: "a task, argument or result that pickle refuses",
    on_by_default: true,
    page: include_str!("../../fixtures/rules/unpicklable-work.md"),
    check: Check::Crossing(check),
};

fn check(reader: &mut Reader<'_>, crossing: &Crossing) -> Option<Certain> {
    crossing.unpicklable(reader)
}
