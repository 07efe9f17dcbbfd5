//! Comments that silence nothing.

use super::{Check, Rule};
use crate::cost::{Cost, Workload};
use crate::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Fix, Severity};
use crate::id::FileId;
use crate::suppress::Unused;
use rustc_hash::FxHashSet;
use std::borrow::Cow;

/// The rule.
pub const RULE: Rule = Rule {
    code: "GIL901",
    name: "unused-suppression",
    summary: "a comment that silences a finding which is not there",
    on_by_default: true,
    page: include_str!("../../fixtures/rules/unused-suppression.md"),
    check: Check::Suppression(check),
};

/// So many codes of one comment are named in a message.
const MOST_NAMED: usize = 10;
/// So many characters of a comment or a code are shown in a message.
const LONGEST: usize = 200;

fn check(file: FileId, unused: &Unused) -> Diagnostic {
    let text = shortened(&unused.text);
    let message = if let Some(meant) = unused.meant {
        format!("`{text}` silences nothing: it is no word of gilcheck; did you mean `{meant}`?")
    } else if !unused.unknown.is_empty() {
        let is_one = unused.unknown.iter().all(|code| Some(code) == unused.unknown.first());
        let (is, rule) = if is_one { ("is", "rule") } else { ("are", "rules") };
        format!(
            "{} {is} no {rule} of gilcheck, so this comment silences nothing by it",
            quoted(unused.unknown.iter().map(String::as_str))
        )
    } else if unused.codes.is_empty() {
        format!("`{text}` silences nothing: there is no finding here")
    } else {
        format!(
            "`{text}` silences nothing by {}: there is no such finding here",
            quoted(unused.codes.iter().map(String::as_str))
        )
    };
    let help = match unused.removal.1.as_str() {
        meant if unused.meant.is_some() => format!("write `{meant}`, or remove the comment"),
        "" => "remove the comment, so that it cannot hide a finding that comes later".to_string(),
        rest => format!("leave only {}", quoted(rest.split(", "))),
    };
    let (span, text) = unused.removal.clone();
    let (title, applicability) = match unused.meant {
        // It would begin to silence.
        Some(meant) => (format!("Write `{meant}`"), Applicability::Unsafe),
        None if text.is_empty() => ("Remove the comment".to_string(), Applicability::Safe),
        None => (format!("Leave only `{}`", shortened(&text)), Applicability::Safe),
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

/// Codes as a message names them: each once, and not more than a reader takes in.
fn quoted<'a>(codes: impl Iterator<Item = &'a str>) -> String {
    let mut seen = FxHashSet::default();
    let different: Vec<&str> = codes.filter(|code| seen.insert(*code)).collect();
    let mut named: Vec<String> =
        different.iter().take(MOST_NAMED).map(|code| format!("`{}`", shortened(code))).collect();
    if different.len() > MOST_NAMED {
        named.push(format!("{} more", different.len() - MOST_NAMED));
    }
    named.join(", ")
}

/// The beginning of a text that may be as long as its line.
fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}
