//! What can be done about findings: mending them, or silencing them.

use super::diagnostics::{Answer, answer, document_of};
use super::documents::{Range, Source};
use super::projects::View;
use super::server::{Server, Snapshot};
use crate::diagnostic::{Applicability, Diagnostic, Edit};
use crate::text::Span;
use serde_json::{Value, json};
use std::collections::BTreeMap;
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
    let here = |found: &&Diagnostic| Some(found.file) == answer.view.file && touches(found.span);
    let mut actions = Vec::new();
    let fixes = wanted.wants("quickfix") || wanted.wants("refactor.rewrite.gilcheck");
    if fixes && answer.found.iter().any(|found| here(&found)) {
        let view = server.projects.view(server, &answer.source, &snapshot.documents);
        let view = newest(&answer, &view);
        for found in answer.found.iter().filter(here) {
            actions.extend(mend(snapshot, &answer, view, uri, found, wanted));
        }
    }
    for (index, found) in answer.found.iter().enumerate() {
        if here(&found) && wanted.wants("quickfix") {
            actions.extend(silence(snapshot, &answer, uri, index, found, wanted));
        }
    }
    // All fixes of a file are worked out only for those who ask for them.
    if wanted.only.is_some()
        && wanted.wants("source.fixAll.gilcheck")
        && let Some(edit) = fix_all(server, snapshot, &answer)
    {
        let title = "Apply all safe fixes of gilcheck";
        actions.push(json!({ "title": title, "kind": "source.fixAll.gilcheck", "edit": edit }));
    }
    Value::Array(actions)
}

/// What fixes are made from: a caller elsewhere may have changed without changing what is found here.
fn newest<'a>(answer: &'a Answer, view: &'a View) -> &'a View {
    if answer.view.analysis.is_same_as(&view.analysis) { &answer.view } else { view }
}

/// The rewrite of a finding: a quick fix where it is safe, else a refactoring that says why it is not.
fn mend(
    snapshot: &Snapshot,
    answer: &Answer,
    view: &View,
    uri: &str,
    found: &Diagnostic,
    wanted: &Wanted,
) -> Option<Value> {
    let fix = view.analysis.fix(found)?;
    let kind = match fix.applicability {
        Applicability::Safe => "quickfix",
        Applicability::Unsafe => "refactor.rewrite.gilcheck",
        Applicability::DisplayOnly => return None,
    };
    if !wanted.wants(kind) {
        return None;
    }
    let title = match (fix.applicability, fix.hazards.first()) {
        (Applicability::Unsafe, Some(hazard)) => format!("{} (unsafe: {})", fix.title, hazard.what),
        (Applicability::Unsafe, None) => format!("{} (unsafe)", fix.title),
        (Applicability::Safe | Applicability::DisplayOnly, _) => fix.title.clone(),
    };
    Some(json!({
        "title": title,
        "kind": kind,
        "isPreferred": fix.applicability == Applicability::Safe,
        "diagnostics": shown_as(snapshot, answer, uri, found, wanted),
        "edit": edit_of(snapshot, view, &answer.source, &fix.edits),
    }))
}

/// All safe fixes that fit together, as one edit; `None` where there are none.
pub fn fix_all(server: &Arc<Server>, snapshot: &Snapshot, answer: &Answer) -> Option<Value> {
    let view = server.projects.view(server, &answer.source, &snapshot.documents);
    let view = newest(answer, &view);
    let mut edits: Vec<Edit> = Vec::new();
    for found in &answer.found {
        let fix = view.analysis.fix(found).filter(|fix| fix.applicability == Applicability::Safe);
        let Some(fix) = fix else { continue };
        let new: Vec<Edit> = fix.edits.into_iter().filter(|edit| !edits.contains(edit)).collect();
        let collides = |one: &Edit| {
            let near = |other: &&Edit| {
                one.file == other.file && one.span.start <= other.span.end && other.span.start <= one.span.end
            };
            edits.iter().any(|other| near(&other))
        };
        if !new.iter().any(collides) {
            edits.extend(new);
        }
    }
    edits.sort();
    (!edits.is_empty()).then(|| edit_of(snapshot, view, &answer.source, &edits))
}

fn edit_of(snapshot: &Snapshot, view: &View, source: &Source, edits: &[Edit]) -> Value {
    let mut by_document: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for edit in edits {
        let (uri, range) = document_of(snapshot, view, source, edit.file, edit.span);
        by_document.entry(uri).or_default().push(json!({ "range": range, "newText": edit.text }));
    }
    workspace_edit(snapshot, by_document)
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
    let edits = vec![json!({ "range": range, "newText": text })];
    Some(workspace_edit(snapshot, BTreeMap::from([(uri.to_string(), edits)])))
}

fn workspace_edit(snapshot: &Snapshot, edits: BTreeMap<String, Vec<Value>>) -> Value {
    if !snapshot.client.versioned_edits {
        return json!({ "changes": edits });
    }
    let document = |(uri, edits): (String, Vec<Value>)| {
        let version = snapshot.documents.document(&uri).map(|document| document.version);
        json!({ "textDocument": { "uri": uri, "version": version }, "edits": edits })
    };
    json!({ "documentChanges": edits.into_iter().map(document).collect::<Vec<Value>>() })
}
