//! What each function does with its time, above it as a code lens or behind its head as an inlay hint. Both are off
//! unless the user wants them.

use super::diagnostics::{Answer, answer};
use super::documents::Range;
use super::server::{Server, Snapshot};
use crate::cost::Workload;
use crate::explain::{self, Account};
use crate::text::Span;
use serde_json::{Value, json};
use std::sync::Arc;

/// `textDocument/codeLens`.
pub fn lenses(server: &Arc<Server>, snapshot: &Snapshot, uri: &str) -> Value {
    if !snapshot.options.code_lens {
        return json!([]);
    }
    let Some(answer) = answer(server, snapshot, uri) else { return json!([]) };
    let Some(part) = answer.source.part(uri) else { return json!([]) };
    let lens = |account: Account| {
        let range = part.range(account.span, snapshot.client.encoding);
        // A lens without a command is not shown; one with an empty command cannot be clicked.
        json!({ "range": range, "command": { "title": label(&account), "command": "" } })
    };
    Value::Array(known(&answer, uri).into_iter().map(lens).collect())
}

/// `textDocument/inlayHint`.
pub fn hints(server: &Arc<Server>, snapshot: &Snapshot, uri: &str, range: Range) -> Value {
    if !snapshot.options.inlay_hints {
        return json!([]);
    }
    let Some(answer) = answer(server, snapshot, uri) else { return json!([]) };
    let Some(part) = answer.source.part(uri) else { return json!([]) };
    let encoding = snapshot.client.encoding;
    let (start, end) = (part.offset(range.start, encoding), part.offset(range.end, encoding));
    let document = &part.document;
    let hint = |account: Account| {
        let lines = document.lines();
        let line = lines.line_span(&document.text, lines.row(account.span.start - part.start));
        let behind = Span { start: part.start + line.end, end: part.start + line.end };
        let place = part.range(behind, encoding).get("start").cloned();
        json!({ "position": place, "label": label(&account), "paddingLeft": true })
    };
    let within =
        known(&answer, uri).into_iter().filter(|account| start <= account.span.start && account.span.start <= end);
    Value::Array(within.map(hint).collect())
}

/// The functions of a document of which something is known.
fn known(answer: &Answer, uri: &str) -> Vec<Account> {
    let Some(file) = answer.view.file else { return Vec::new() };
    let mut accounts = answer.view.analysis.functions(file);
    accounts.retain(|account| {
        account.workload != Workload::Unknown
            && answer.source.part_at(account.span.start).is_some_and(|part| part.document.uri == uri)
    });
    accounts
}

fn label(account: &Account) -> String {
    format!("{}, {}", account.workload.name(), explain::about(account))
}
