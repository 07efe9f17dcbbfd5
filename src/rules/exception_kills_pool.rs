//! GIL505 `exception-kills-pool`: an exception that cannot be unpickled, which ends the pool.

use super::{Check, Rule};
use crate::hazards::crossing::{Certain, Crossing};
use crate::hazards::effects::Reader;

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL505",
    name: "exception-kills-pool",
    summary: "an exception that cannot be unpickled, which ends the pool",
    on_by_default: true,
    page: include_str!("../../fixtures/rules/exception-kills-pool.md"),
    check: Check::Crossing(check),
};

fn check(reader: &mut Reader<'_>, crossing: &Crossing) -> Option<Certain> {
    crossing.bad_exception(reader)
}
