//! What there is to say of the function, the hand-over or the silencing comment under the cursor.

use super::diagnostics::answer;
use super::documents::{Position, uri_of};
use super::projects::View;
use super::server::{Server, Snapshot};
use crate::explain::{self, Account};
use crate::rules::{RULES, Rule};
use crate::text::Span;
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;

/// `textDocument/hover`.
pub fn at(server: &Arc<Server>, snapshot: &Snapshot, uri: &str, place: Position) -> Value {
    let Some(answer) = answer(server, snapshot, uri) else { return Value::Null };
    let (Some(part), Some(file)) = (answer.source.part(uri), answer.view.file) else { return Value::Null };
    let encoding = snapshot.client.encoding;
    let offset = part.offset(place, encoding);
    let analysis = &answer.view.analysis;
    let (span, text) = if let Some(comment) = analysis.comment_at(file, offset) {
        let Some(text) = pages(comment.of(&answer.source.text)) else { return Value::Null };
        (comment, text)
    } else {
        let accounts = analysis.accounts_at(file, offset);
        let Some(first) = accounts.first() else { return Value::Null };
        let span: Span = first.span;
        let texts: Vec<String> =
            accounts.iter().map(|account| words(account, &answer.view, snapshot.client.markdown)).collect();
        (span, texts.join("\n\n"))
    };
    let kind = if snapshot.client.markdown { "markdown" } else { "plaintext" };
    json!({ "contents": { "kind": kind, "value": text }, "range": part.range(span, encoding) })
}

/// An account, with links to the places that it rests on.
fn words(account: &Account, view: &View, markdown: bool) -> String {
    let mut text = match account.handed_to {
        Some(vehicle) => format!("`{}`, handed to a {vehicle}: ", account.name),
        None => format!("`{}`: ", account.name),
    };
    let _ = write!(text, "{} work, {} a {}", account.workload.name(), explain::about(account), unit(account));
    let clocks = [
        ("Python bytecode", account.cost.bytecode),
        ("C calls that keep the GIL", account.cost.atomic),
        ("computing without the GIL", account.cost.native),
        ("waiting", account.cost.wait),
    ];
    let total = account.cost.total().likely;
    for (name, clock) in clocks {
        if total > 0.0 && clock.likely / total >= 0.01 {
            let _ = write!(text, "\n- {name}: {:.0} %", clock.likely / total * 100.0);
        }
    }
    if account.cost.unknown > total && account.cost.unknown > 0.0 {
        text.push_str("\n- most of it is in calls that could not be resolved");
    }
    for link in &account.chain {
        let row = view.analysis.lines(link.file).row(link.span.start);
        let path = view.analysis.path(link.file);
        let name = path.rsplit('/').next().unwrap_or(path);
        if markdown {
            let _ = write!(text, "\n- [{name}:{row}]({}#L{row}) {}", uri_of(&view.place(link.file)), link.what);
        } else {
            let _ = write!(text, "\n- {name}:{row} {}", link.what);
        }
    }
    for intent in &account.intents {
        let _ = write!(text, "\n- meant: {intent}");
    }
    text
}

fn unit(account: &Account) -> &'static str {
    if account.handed_to.is_some() { "task" } else { "call" }
}

/// The pages of the rules that a comment silences.
fn pages(comment: &str) -> Option<String> {
    if !comment.contains("gilcheck:") && !comment.to_ascii_lowercase().contains("noqa") {
        return None;
    }
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let names = |word: &str| {
        comment.match_indices(word).any(|(at, _)| {
            let bytes = comment.as_bytes();
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            !is_word(before) && !is_word(bytes.get(at + word.len()))
        })
    };
    let named = |rule: &&Rule| names(rule.code) || names(rule.name);
    let pages: Vec<&str> = RULES.iter().filter(named).map(|rule| rule.page).filter(|page| !page.is_empty()).collect();
    (!pages.is_empty()).then(|| pages.join("\n\n"))
}
