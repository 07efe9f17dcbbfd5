//! What can be done about findings: silencing them.

use super::diagnostics::{Answer, answer};
use super::documents::Range;
use super::server::{Server, Snapshot};
use crate::diagnostic::Diagnostic;
use crate::text::Span;
use serde_json::{Value, json};
use std::sync::Arc;

/// Which actions the client asks for.
pub struct Wanted {
    /// Only these kinds and those below them.
    pub only: Option<Vec<String>>,
    /// The findings that the client shows there.
    pub diagnostics: Vec<Value>,
}

impl Wanted {
    fn wants(&self, kind: &str) -> bool {
        let holds = |only: &String| {
            only.is_empty()
                || kind == only
                || kind.strip_prefix(only.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        self.only.as_ref().is_none_or(|only| only.iter().any(holds))
    }
}

/// `textDocument/codeAction`.
pub fn at(server: &Arc<Server>, snapshot: &Snapshot, uri: &str, range: Range, wanted: &Wanted) -> Value {
    let Some(answer) = answer(server, snapshot, uri) else { return json!([]) };
    let Some(part) = answer.source.part(uri) else { return json!([]) };
    let encoding = snapshot.client.encoding;
    let (start, end) = (part.offset(range.start, encoding), part.offset(range.end, encoding));
    let touches = |span: Span| span.start <= end && start <= span.end;
    let mut actions = Vec::new();
    for (index, found) in answer.found.iter().enumerate() {
        let is_here = Some(found.file) == answer.view.file && touches(found.span);
        if is_here && wanted.wants("quickfix") {
            actions.extend(silence(snapshot, &answer, uri, index, found, wanted));
        }
    }
    Value::Array(actions)
}

/// "Ignore on this line".
fn silence(
    snapshot: &Snapshot,
    answer: &Answer,
    uri: &str,
    index: usize,
    found: &Diagnostic,
    wanted: &Wanted,
) -> Option<Value> {
    let title = format!("Ignore {} ({}) on this line", found.code, found.name);
    let shown = shown_as(snapshot, answer, uri, found, wanted);
    let mut action = json!({ "title": title, "kind": "quickfix", "diagnostics": shown });
    let object = action.as_object_mut()?;
    if snapshot.client.resolve_edit && snapshot.client.action_data {
        let version = snapshot.documents.document(uri)?.version;
        object.insert("data".to_string(), json!({ "uri": uri, "version": version, "ignore": index }));
    } else {
        object.insert("edit".to_string(), silencing_edit(snapshot, answer, uri, found)?);
    }
    Some(action)
}

/// The finding as the client shows it, which is how it knows it.
fn shown_as(snapshot: &Snapshot, answer: &Answer, uri: &str, found: &Diagnostic, wanted: &Wanted) -> Vec<Value> {
    let Some(part) = answer.source.part(uri) else { return Vec::new() };
    let range = part.range(found.span, snapshot.client.encoding);
    let is_it = |shown: &Value| shown.get("range") == Some(&range) && shown.get("code") == Some(&json!(found.code));
    let given: Vec<Value> = wanted.diagnostics.iter().filter(|shown| is_it(shown)).cloned().collect();
    if !given.is_empty() {
        return given;
    }
    let known = answer.items.get(uri).map(|report| report.items.as_slice()).unwrap_or_default();
    known.iter().filter(|shown| is_it(shown)).cloned().collect()
}

/// `codeAction/resolve`: the edit of an action that was given without one.
pub fn resolve(server: &Arc<Server>, snapshot: &Snapshot, mut action: Value) -> Value {
    let Some(edit) = resolved(server, snapshot, &action) else { return action };
    if let Some(object) = action.as_object_mut() {
        object.insert("edit".to_string(), edit);
    }
    action
}

fn resolved(server: &Arc<Server>, snapshot: &Snapshot, action: &Value) -> Option<Value> {
    let data = action.get("data")?;
    let uri = data.get("uri")?.as_str()?;
    let index = usize::try_from(data.get("ignore")?.as_u64()?).ok()?;
    // What was offered for another text does not fit this one.
    if snapshot.documents.document(uri)?.version != data.get("version")?.as_i64()? {
        return None;
    }
    let answer = answer(server, snapshot, uri)?;
    silencing_edit(snapshot, &answer, uri, answer.found.get(index)?)
}

fn silencing_edit(snapshot: &Snapshot, answer: &Answer, uri: &str, found: &Diagnostic) -> Option<Value> {
    let (span, text) = answer.view.analysis.silencing_edit(found)?;
    let part = answer.source.part(uri)?;
    let range = part.range(span, snapshot.client.encoding);
    Some(workspace_edit(snapshot, uri, vec![json!({ "range": range, "newText": text })]))
}

fn workspace_edit(snapshot: &Snapshot, uri: &str, edits: Vec<Value>) -> Value {
    if snapshot.client.versioned_edits {
        let version = snapshot.documents.document(uri).map(|document| document.version);
        json!({ "documentChanges": [{ "textDocument": { "uri": uri, "version": version }, "edits": edits }] })
    } else {
        json!({ "changes": { uri: edits } })
    }
}
