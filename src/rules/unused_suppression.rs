//! Comments that silence nothing.

use super::{Check, Rule};
use crate::cost::{Cost, Workload};
use crate::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Fix, Severity};
use crate::id::FileId;
use crate::suppress::Unused;

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL901",
    name: "unused-suppression",
    summary: "a comment that silences a finding which is not there",
    on_by_default: true,
    page: include_str!("../../fixtures/rules/unused-suppression.md"),
    check: Check::Suppression(check),
};

fn check(file: FileId, unused: &Unused) -> Diagnostic {
    let text = &unused.text;
    let quoted = |codes: &[String]| codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ");
    let message = if let Some(meant) = unused.meant {
        format!("`{text}` silences nothing: it is no word of gilcheck; did you mean `{meant}`?")
    } else if !unused.unknown.is_empty() {
        let (is, rule) = if unused.unknown.len() == 1 { ("is", "rule") } else { ("are", "rules") };
        format!("{} {is} no {rule} of gilcheck, so this comment silences nothing by it", quoted(&unused.unknown))
    } else if unused.codes.is_empty() {
        format!("`{text}` silences nothing: there is no finding here")
    } else {
        format!("`{text}` silences nothing by {}: there is no such finding here", quoted(&unused.codes))
    };
    let help = match unused.removal.1.as_str() {
        meant if unused.meant.is_some() => format!("write `{meant}`, or remove the comment"),
        "" => "remove the comment, so that it cannot hide a finding that comes later".to_string(),
        rest => format!("leave only {}", quoted(&rest.split(", ").map(str::to_string).collect::<Vec<_>>())),
    };
    let (span, text) = unused.removal.clone();
    let (title, applicability) = match unused.meant {
        // It would begin to silence.
        Some(meant) => (format!("Write `{meant}`"), Applicability::Unsafe),
        None if text.is_empty() => ("Remove the comment".to_string(), Applicability::Safe),
        None => (format!("Leave only `{text}`"), Applicability::Safe),
    };
    let edits = vec![Edit { file, span, text }];
    let fix = Fix { title, applicability, edits, hazards: Vec::new() };
    Diagnostic {
        code: RULE.code,
        name: RULE.name,
        message,
        severity: Severity::Warning,
        confidence: Confidence::High,
        file,
        span: unused.span,
        label: "silences nothing".to_string(),
        workload: Workload::Unknown,
        vehicle: "none",
        estimate: Cost::default(),
        evidence: Vec::new(),
        note: None,
        help,
        scope: String::new(),
        fix: Some(Box::new(fix)),
    }
}
