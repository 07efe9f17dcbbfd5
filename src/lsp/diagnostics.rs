//! Findings for clients: those that ask, and those that are told.

use super::documents::{Part, Source, range, uri_of};
use super::lock;
use super::options::Run;
use super::projects::View;
use super::server::{Server, Snapshot};
use crate::diagnostic::{Confidence, Diagnostic, Severity};
use crate::id::FileId;
use crate::rules::RULES;
use crate::text::Span;
use crate::walk::real;
use rustc_hash::FxHasher;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::hash::Hasher;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// What was found in a source.
#[derive(Debug)]
pub struct Answer {
    /// The project that it was found in.
    pub view: View,
    /// What the engine found.
    pub found: Vec<Diagnostic>,
    /// The source.
    pub source: Source,
    /// The same in the client's terms, by document; a document of which nothing is found has an empty list.
    pub items: BTreeMap<String, Report>,
}

/// What was found in one document.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The findings.
    pub items: Vec<Value>,
    /// The same for the same findings.
    pub id: String,
}

/// Works out what there is to say of the document's source, if that is not known already.
pub fn answer(server: &Arc<Server>, snapshot: &Snapshot, uri: &str) -> Option<Arc<Answer>> {
    let source = snapshot.documents.source(uri)?;
    let before = lock(&server.answers).get(&source.uri).cloned();
    if snapshot.options.run == Run::OnSave
        && !source.saved
        && let Some(before) = before
    {
        return Some(before);
    }
    let view = server.projects.view(server, &source, &snapshot.documents);
    let turn = view.project.clone();
    let _turn = turn.as_ref().map(|project| lock(&project.turn));
    // Another request may have worked it out meanwhile.
    let before = lock(&server.answers).get(&source.uri).cloned();
    if let Some(before) = before.as_ref().filter(|before| still_holds(before, &view, &source)) {
        return Some(Arc::clone(before));
    }
    if let Some(before) = &before {
        view.analysis.follow(&before.view.analysis);
    }
    let found = if snapshot.options.enable && view.file.is_some() { view.analysis.diagnostics() } else { Vec::new() };
    let items = reports(snapshot, &view, &source, &found);
    let answer = Arc::new(Answer { view, found, source, items });
    let mut answers = lock(&server.answers);
    // What was closed meanwhile has been forgotten, and nobody would forget it again.
    if server.snapshot().documents.source(uri).is_some() {
        answers.insert(answer.source.uri.clone(), Arc::clone(&answer));
    }
    drop(answers);
    Some(answer)
}

fn still_holds(before: &Answer, view: &View, source: &Source) -> bool {
    let is_same = |(one, other): (&Part, &Part)| one.start == other.start && one.document.uri == other.document.uri;
    before.view.partial == view.partial
        && before.view.base == view.base
        && before.view.file.is_some() == view.file.is_some()
        && before.source.text == source.text
        && before.source.parts.len() == source.parts.len()
        && before.source.parts.iter().zip(&source.parts).all(is_same)
        && before.view.project.is_some()
        && before.view.analysis.holds_for(&view.analysis)
}

fn reports(snapshot: &Snapshot, view: &View, source: &Source, found: &[Diagnostic]) -> BTreeMap<String, Report> {
    let mut items: BTreeMap<String, Report> =
        source.parts.iter().map(|part| (part.document.uri.clone(), Report::default())).collect();
    for diagnostic in found.iter().filter(|diagnostic| Some(diagnostic.file) == view.file) {
        let Some(part) = source.part_at(diagnostic.span.start) else { continue };
        if let Some(report) = items.get_mut(&part.document.uri) {
            let range = part.range(diagnostic.span, snapshot.client.encoding);
            report.items.push(item(snapshot, view, Some(source), diagnostic, range));
        }
    }
    for report in items.values_mut() {
        report.id = id_of(&report.items);
    }
    items
}

fn id_of(items: &[Value]) -> String {
    let mut hasher = FxHasher::default();
    for item in items {
        hasher.write(item.to_string().as_bytes());
    }
    format!("{:016x}-{}", hasher.finish(), items.len())
}

/// A finding in the protocol's form.
fn item(snapshot: &Snapshot, view: &View, source: Option<&Source>, found: &Diagnostic, range: Value) -> Value {
    let mut message = found.message.clone();
    for more in [found.note.as_deref(), Some(found.help.as_str())].into_iter().flatten() {
        message.push('\n');
        message.push_str(more);
    }
    let severity = match (found.severity, found.confidence) {
        (Severity::Error, _) => 1,
        (Severity::Warning, Confidence::High | Confidence::Medium) => 2,
        (Severity::Info, _) | (Severity::Warning, Confidence::Low) => 3,
    };
    let mut item = json!({
        "range": range,
        "severity": severity,
        "code": found.code,
        "source": "gilcheck",
        "message": message,
        "data": {
            "name": found.name,
            "workload": found.workload.name(),
            "vehicle": found.vehicle,
            "confidence": found.confidence.name(),
            "scope": found.scope,
        },
    });
    let Some(object) = item.as_object_mut() else { return item };
    if snapshot.client.code_description
        && let Some(page) = page_of(found.code)
    {
        object.insert("codeDescription".to_string(), json!({ "href": page }));
    }
    if snapshot.client.related {
        let chain: Vec<Value> = found
            .evidence
            .iter()
            .map(|link| {
                let message = match &link.knowledge {
                    Some(knowledge) => format!("{} ({knowledge})", link.what),
                    None => link.what.clone(),
                };
                json!({ "location": location(snapshot, view, source, link.file, link.span), "message": message })
            })
            .collect();
        if !chain.is_empty() {
            object.insert("relatedInformation".to_string(), Value::Array(chain));
        }
    }
    item
}

fn location(snapshot: &Snapshot, view: &View, source: Option<&Source>, file: FileId, span: Span) -> Value {
    let encoding = snapshot.client.encoding;
    if let Some(source) = source.filter(|_| Some(file) == view.file)
        && let Some(part) = source.part_at(span.start)
    {
        return json!({ "uri": part.document.uri, "range": part.range(span, encoding) });
    }
    let place = view.place(file);
    let open = snapshot.documents.sources().into_iter().find(|other| {
        other.parts.len() == 1 && other.path.as_ref().is_some_and(|path| *path == place || real(path) == place)
    });
    let uri = open.map_or_else(|| uri_of(&place), |source| source.uri);
    json!({ "uri": uri, "range": range(view.analysis.text(file), view.analysis.lines(file), span, encoding) })
}

/// A rule's page as a file in the user's cache, for editors that open it.
fn page_of(code: &str) -> Option<&'static str> {
    static PAGES: OnceLock<BTreeMap<&'static str, String>> = OnceLock::new();
    PAGES.get_or_init(write_pages).get(code).map(String::as_str)
}

fn write_pages() -> BTreeMap<&'static str, String> {
    let mut pages = BTreeMap::new();
    let Some(folder) = cache_folder() else { return pages };
    let folder = folder.join("gilcheck").join(env!("CARGO_PKG_VERSION")).join("rules");
    if fs::create_dir_all(&folder).is_err() {
        return pages;
    }
    for rule in RULES.iter().filter(|rule| !rule.page.is_empty()) {
        let file = folder.join(format!("{}.md", rule.name));
        let is_there = fs::read(&file).is_ok_and(|text| text == rule.page.as_bytes());
        if is_there || fs::write(&file, rule.page).is_ok() {
            pages.insert(rule.code, uri_of(&file));
        }
    }
    pages
}

fn cache_folder() -> Option<PathBuf> {
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::home_dir().filter(|home| home.is_absolute());
    if cfg!(windows) {
        from("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Caches"))
    } else {
        from("XDG_CACHE_HOME").or_else(|| home().map(|home| home.join(".cache")))
    }
}

/// The document of a file, as the client knows it, with the part of the source that it is.
pub fn document_of(snapshot: &Snapshot, view: &View, source: &Source, file: FileId, span: Span) -> (String, Value) {
    let location = location(snapshot, view, Some(source), file, span);
    let uri = location.get("uri").and_then(Value::as_str).unwrap_or_default().to_string();
    (uri, location.get("range").cloned().unwrap_or_default())
}

/// `textDocument/diagnostic`.
pub fn document(server: &Arc<Server>, snapshot: &Snapshot, uri: &str, previous: Option<&str>) -> Value {
    let answer = answer(server, snapshot, uri);
    let report = answer.and_then(|answer| answer.items.get(uri).cloned()).unwrap_or_default();
    report_of(report, previous)
}

fn report_of(report: Report, previous: Option<&str>) -> Value {
    let id = if report.id.is_empty() { id_of(&[]) } else { report.id };
    if previous == Some(id.as_str()) {
        json!({ "kind": "unchanged", "resultId": id })
    } else {
        json!({ "kind": "full", "resultId": id, "items": report.items })
    }
}

/// `workspace/diagnostic`: every file of the workspace's folders.
pub fn workspace(server: &Arc<Server>, snapshot: &Snapshot, previous: &BTreeMap<String, String>) -> Value {
    let mut reports: BTreeMap<String, (Option<i64>, Report)> = BTreeMap::new();
    if snapshot.options.workspace && snapshot.options.enable {
        for folder in snapshot.folders.values() {
            let view = server.projects.view_of_folder(server, folder, &snapshot.documents);
            let found = view.analysis.diagnostics();
            for file in view.analysis.reported_files() {
                let here = found.iter().filter(|diagnostic| diagnostic.file == file);
                let (text, lines) = (view.analysis.text(file), view.analysis.lines(file));
                let encoding = snapshot.client.encoding;
                let items: Vec<Value> = here
                    .map(|found| item(snapshot, &view, None, found, range(text, lines, found.span, encoding)))
                    .collect();
                let uri = uri_of(&view.place(file));
                let version = snapshot.documents.document(&uri).map(|document| document.version);
                reports.insert(uri, (version, Report { id: id_of(&items), items }));
            }
        }
    }
    let items: Vec<Value> = reports
        .into_iter()
        .filter(|(uri, (_, report))| !report.items.is_empty() || previous.contains_key(uri))
        .map(|(uri, (version, report))| {
            let mut item = report_of(report, previous.get(&uri).map(String::as_str));
            if let Some(object) = item.as_object_mut() {
                object.insert("uri".to_string(), json!(uri));
                object.insert("version".to_string(), json!(version));
            }
            item
        })
        .collect();
    json!({ "items": items })
}

/// After a pause in the edits: `edited` is the only document that changed.
pub fn in_background(server: &Arc<Server>, edited: Option<&str>) {
    let snapshot = server.snapshot();
    let mut has_others_changed = false;
    for source in snapshot.documents.sources() {
        let ids = |answer: &Answer| -> Vec<String> { answer.items.values().map(|report| report.id.clone()).collect() };
        let before = lock(&server.answers).get(&source.uri).map(|answer| ids(answer));
        // A client that asks will ask for the document that it edits.
        if snapshot.client.pull && edited == Some(source.uri.as_str()) {
            continue;
        }
        // What it never asked for, it does not show.
        if snapshot.client.pull && before.is_none() {
            continue;
        }
        let Some(answer) = answer(server, &snapshot, &source.uri) else { continue };
        has_others_changed |= before.as_ref() != Some(&ids(&answer));
        if !snapshot.client.pull {
            publish(server, &source, &answer);
        }
    }
    if snapshot.client.pull && has_others_changed && snapshot.client.refresh_diagnostics {
        server.refresh("workspace/diagnostic/refresh");
    }
    if edited.is_none() && snapshot.client.refresh_lenses && snapshot.options.code_lens {
        server.refresh("workspace/codeLens/refresh");
    }
    if edited.is_none() && snapshot.client.refresh_hints && snapshot.options.inlay_hints {
        server.refresh("workspace/inlayHint/refresh");
    }
}

/// Sends what was found in a source, unless a document of it has changed since.
fn publish(server: &Arc<Server>, source: &Source, answer: &Answer) {
    // Where findings are wanted on saving only, they are of an older text until then.
    if answer.source.text != source.text {
        return;
    }
    for part in &source.parts {
        if let Some(report) = answer.items.get(&part.document.uri) {
            server.publish(&part.document, report);
        }
    }
}
