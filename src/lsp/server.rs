//! The server's state, all of it in one place, and what notifications do to it.
//!
//! Notifications are taken in as they come over the wire, before anything else is read, so no request ever sees
//! an older text than the client had when it asked. Nothing here waits for the client or computes for long.

use super::diagnostics::{Answer, Report};
use super::documents::{ContentChange, Document, Documents, Notebook, uri_of};
use super::log::{Level, Log};
use super::options::{Client, Options};
use super::outbox::Outbox;
use super::projects::{Projects, real_path_of};
use super::{documents, lock};
use crate::discover::SettingsError;
use crate::text::{LineIndex, Span};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How far the conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was said yet.
    New,
    /// Requests are answered.
    Running,
    /// Only `exit` is waited for.
    ShutDown,
    /// It is over.
    Exited,
}

/// The server.
pub struct Server {
    state: Mutex<State>,
    /// The way to the client.
    pub outbox: Outbox,
    /// The projects of the open documents.
    pub projects: Projects,
    /// What was found last in each source, by its name.
    pub answers: Mutex<BTreeMap<String, Arc<Answer>>>,
    /// Where things are said.
    pub log: Log,
    /// Requests for trials of the protocol are answered too.
    pub trials: bool,
    /// Settings files that cannot be read, with the projects that say so.
    broken: Mutex<BTreeMap<PathBuf, BTreeSet<PathBuf>>>,
    pulse: Mutex<Pulse>,
    beat: Condvar,
    /// Told when the conversation is over.
    pub over: tokio::sync::Notify,
}

struct State {
    phase: Phase,
    was_shut_down: bool,
    parent: Option<u32>,
    documents: Arc<Documents>,
    client: Arc<Client>,
    options: Arc<Options>,
    folders: Arc<BTreeMap<String, PathBuf>>,
    /// The newest request for findings in each document, by its number.
    pulls: BTreeMap<String, u64>,
    pulled: u64,
    /// The version and the findings that each document was last told.
    published: BTreeMap<String, (i64, String)>,
}

/// What has changed since the background last looked.
#[derive(Debug, Default)]
struct Pulse {
    changes: u64,
    /// The only document that changed; `None` in the outer place for nothing, in the inner for more.
    document: Option<Option<String>>,
    is_over: bool,
}

/// What a request sees: everything as it was when the request came.
#[derive(Clone)]
pub struct Snapshot {
    /// What is open.
    pub documents: Arc<Documents>,
    /// What the client can do.
    pub client: Arc<Client>,
    /// What the user wants.
    pub options: Arc<Options>,
    /// The workspace's folders by name.
    pub folders: Arc<BTreeMap<String, PathBuf>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TextDocumentItem {
    uri: String,
    #[serde(default)]
    language_id: String,
    #[serde(default)]
    version: i64,
    text: String,
}

#[derive(Deserialize)]
struct Named {
    uri: String,
}

#[derive(Deserialize)]
struct Versioned {
    uri: String,
    #[serde(default)]
    version: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    text_document: TextDocumentItem,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    text_document: Versioned,
    content_changes: Vec<ContentChange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Concerned {
    text_document: Named,
}

#[derive(Deserialize)]
struct Watched {
    changes: Vec<FileEvent>,
}

#[derive(Deserialize)]
struct FileEvent {
    uri: String,
    #[serde(rename = "type")]
    kind: u32,
}

#[derive(Deserialize)]
struct FoldersChanged {
    event: FoldersEvent,
}

#[derive(Deserialize)]
struct FoldersEvent {
    #[serde(default)]
    added: Vec<Named>,
    #[serde(default)]
    removed: Vec<Named>,
}

#[derive(Deserialize)]
struct Cell {
    document: String,
}

#[derive(Deserialize)]
struct NotebookItem {
    uri: String,
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NotebookOpened {
    notebook_document: NotebookItem,
    cell_text_documents: Vec<TextDocumentItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NotebookChanged {
    notebook_document: Named,
    change: NotebookChange,
}

#[derive(Deserialize)]
struct NotebookChange {
    cells: Option<CellsChange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CellsChange {
    structure: Option<CellStructure>,
    text_content: Option<Vec<CellText>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CellStructure {
    array: CellArray,
    #[serde(default)]
    did_open: Vec<TextDocumentItem>,
    #[serde(default)]
    did_close: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CellArray {
    start: usize,
    delete_count: usize,
    #[serde(default)]
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct CellText {
    document: Versioned,
    changes: Vec<ContentChange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NotebookClosed {
    notebook_document: Named,
    #[serde(default)]
    cell_text_documents: Vec<Named>,
}

impl Server {
    /// A server that nobody has spoken to.
    pub fn new(outbox: Outbox, log: Log, trials: bool) -> Server {
        Server {
            state: Mutex::new(State {
                phase: Phase::New,
                was_shut_down: false,
                parent: None,
                documents: Arc::default(),
                client: Arc::default(),
                options: Arc::default(),
                folders: Arc::default(),
                pulls: BTreeMap::new(),
                pulled: 0,
                published: BTreeMap::new(),
            }),
            outbox,
            projects: Projects::default(),
            answers: Mutex::default(),
            log,
            trials,
            broken: Mutex::default(),
            pulse: Mutex::default(),
            beat: Condvar::new(),
            over: tokio::sync::Notify::new(),
        }
    }

    /// Everything as it is now.
    pub fn snapshot(&self) -> Snapshot {
        let state = lock(&self.state);
        Snapshot {
            documents: Arc::clone(&state.documents),
            client: Arc::clone(&state.client),
            options: Arc::clone(&state.options),
            folders: Arc::clone(&state.folders),
        }
    }

    /// What the user wants now.
    pub fn options(&self) -> Arc<Options> {
        Arc::clone(&lock(&self.state).options)
    }

    /// How far the conversation is.
    pub fn phase(&self) -> Phase {
        lock(&self.state).phase
    }

    /// The number of a request for findings in a document, which makes those before it stale.
    pub fn begin_pull(&self, uri: &str) -> u64 {
        let mut state = lock(&self.state);
        state.pulled += 1;
        let number = state.pulled;
        state.pulls.insert(uri.to_string(), number);
        number
    }

    /// True if a newer request for the same document came, and the document has changed since this one.
    pub fn is_superseded(&self, uri: &str, number: u64, documents: &Documents) -> bool {
        let state = lock(&self.state);
        let version = |documents: &Documents| documents.document(uri).map(|document| Arc::clone(&document.text));
        let is_same = match (version(documents), version(&state.documents)) {
            (Some(then), Some(now)) => Arc::ptr_eq(&then, &now),
            (None, None) => true,
            _ => false,
        };
        !is_same && state.pulls.get(uri).is_some_and(|newest| *newest > number)
    }

    /// `initialize`: what the server offers.
    pub fn initialize(&self, params: &Value) -> Value {
        let client = Client::read(params);
        let given = params.get("initializationOptions").cloned().unwrap_or(Value::Null);
        let (options, odd) = Options::read(&given);
        self.log.say(Level::Info, &format!("client: {}", client.name));
        for line in odd {
            self.log.say(Level::Warning, &line);
        }
        if let Some(level) = options.log_level {
            self.log.set_level(level);
        }
        let named = |folder: &Value| folder.get("uri").and_then(Value::as_str).map(str::to_string);
        let folders = params.get("workspaceFolders").and_then(Value::as_array);
        let mut names: Vec<String> = folders.into_iter().flatten().filter_map(named).collect();
        if names.is_empty() {
            let root = params.get("rootUri").and_then(Value::as_str).map(str::to_string);
            let path = params.get("rootPath").and_then(Value::as_str).map(|path| uri_of(Path::new(path)));
            names.extend(root.or(path));
        }
        let folders = names.into_iter().filter_map(|name| real_path_of(&name).map(|path| (name, path)));
        let mut state = lock(&self.state);
        let offered = super::options::capabilities(&client, &options);
        state.client = Arc::new(client);
        state.options = Arc::new(options);
        state.folders = Arc::new(folders.collect());
        state.parent = params.get("processId").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        state.phase = Phase::Running;
        json!({
            "capabilities": offered,
            "serverInfo": { "name": "gilcheck", "version": env!("CARGO_PKG_VERSION") },
        })
    }

    /// `shutdown`.
    pub fn shut_down(&self) {
        lock(&self.state).phase = Phase::ShutDown;
    }

    /// A notification, in the order of the wire. What cannot be understood is logged and changes nothing.
    pub fn notify(self: &Arc<Server>, method: &str, params: Value) {
        if method == "exit" {
            return self.exit();
        }
        if self.phase() != Phase::Running {
            return;
        }
        let understood = match method {
            "initialized" => {
                self.initialized();
                Ok(())
            }
            "textDocument/didOpen" => read(params).map(|it: Opened| {
                let item = it.text_document;
                self.edit(Some(item.uri.clone()), |documents| documents.open(item.uri, item.version, item.text));
            }),
            "textDocument/didChange" => read(params).map(|it: Changed| {
                let Versioned { uri, version } = it.text_document;
                self.change(uri, version, &it.content_changes);
            }),
            "textDocument/didSave" => read(params).map(|it: Concerned| self.saved(&it.text_document.uri)),
            "textDocument/didClose" => read(params).map(|it: Concerned| self.closed(&it.text_document.uri)),
            "notebookDocument/didOpen" => read(params).map(|it: NotebookOpened| self.notebook_opened(it)),
            "notebookDocument/didChange" => read(params).map(|it: NotebookChanged| self.notebook_changed(it)),
            "notebookDocument/didSave" => Ok(()),
            "notebookDocument/didClose" => read(params).map(|it: NotebookClosed| self.notebook_closed(&it)),
            "workspace/didChangeWatchedFiles" => read(params).map(|it: Watched| self.heard(&it.changes)),
            "workspace/didChangeConfiguration" => {
                self.configuration_changed(&params);
                Ok(())
            }
            "workspace/didChangeWorkspaceFolders" => {
                read(params).map(|it: FoldersChanged| self.folders_changed(it.event))
            }
            _ => Ok(()),
        };
        if let Err(error) = understood {
            self.log.say(Level::Warning, &format!("{method}: cannot be understood: {error}"));
        }
    }

    fn exit(&self) {
        let mut state = lock(&self.state);
        state.was_shut_down = state.phase == Phase::ShutDown;
        state.phase = Phase::Exited;
        drop(state);
        self.stop();
        self.over.notify_one();
    }

    /// True if `shutdown` came before `exit`.
    pub fn was_shut_down(&self) -> bool {
        lock(&self.state).was_shut_down
    }

    /// The process that started the server, which should not outlive it.
    pub fn parent(&self) -> Option<u32> {
        lock(&self.state).parent
    }

    /// The background has nothing more to do.
    pub fn stop(&self) {
        lock(&self.pulse).is_over = true;
        self.beat.notify_all();
    }

    fn initialized(self: &Arc<Server>) {
        let snapshot = self.snapshot();
        let mut registrations = Vec::new();
        if snapshot.client.register_watchers {
            let globs =
                ["**/*.py", "**/*.pyw", "**/pyproject.toml", "**/gilcheck.toml", "**/.gilcheck.toml", "**/.gitignore"];
            let watchers: Vec<Value> = globs.iter().map(|glob| json!({ "globPattern": glob })).collect();
            registrations.push(json!({
                "id": "gilcheck-files",
                "method": "workspace/didChangeWatchedFiles",
                "registerOptions": { "watchers": watchers },
            }));
        }
        if snapshot.client.register_configuration {
            registrations.push(json!({
                "id": "gilcheck-configuration",
                "method": "workspace/didChangeConfiguration",
                "registerOptions": { "section": "gilcheck" },
            }));
        }
        if !registrations.is_empty() {
            let server = Arc::clone(self);
            let params = json!({ "registrations": registrations });
            self.outbox.request("client/registerCapability", Some(params), move |result| {
                if let Err(error) = result {
                    server.log.say(Level::Warning, &format!("the client does not watch files: {error}"));
                }
            });
        }
        self.ask_for_configuration();
        let server = Arc::clone(self);
        let work = move || server.beat();
        let thread = std::thread::Builder::new().name("background".to_string()).stack_size(super::STACK).spawn(work);
        if let Err(error) = thread {
            self.log.say(Level::Error, &format!("no background work: {error}"));
        }
        self.something_changed(None);
    }

    fn ask_for_configuration(self: &Arc<Server>) {
        if !self.snapshot().client.configuration {
            return;
        }
        let server = Arc::clone(self);
        let params = json!({ "items": [{ "section": "gilcheck" }] });
        self.outbox.request("workspace/configuration", Some(params), move |result| match result {
            Ok(value) => {
                // A client that knows nothing of gilcheck says nothing: what `initialize` said holds.
                if let Some(given) = value.get(0).filter(|given| given.as_object().is_some_and(|it| !it.is_empty())) {
                    server.configure(given);
                }
            }
            Err(error) => server.log.say(Level::Warning, &format!("no configuration from the client: {error}")),
        });
    }

    fn configuration_changed(self: &Arc<Server>, params: &Value) {
        let given = params.get("settings").and_then(|settings| settings.get("gilcheck"));
        match given.filter(|given| given.is_object()) {
            Some(given) => self.configure(given),
            None => self.ask_for_configuration(),
        }
    }

    fn configure(&self, given: &Value) {
        let (options, odd) = Options::read(given);
        for line in odd {
            self.log.say(Level::Warning, &line);
        }
        if let Some(level) = options.log_level {
            self.log.set_level(level);
        }
        let mut state = lock(&self.state);
        if *state.options == options {
            return;
        }
        state.options = Arc::new(options);
        let refresh = state.client.refresh_diagnostics;
        drop(state);
        lock(&self.answers).clear();
        self.projects.read_settings_again();
        self.something_changed(None);
        if refresh {
            self.refresh("workspace/diagnostic/refresh");
        }
    }

    fn edit(&self, uri: Option<String>, edit: impl FnOnce(&mut Documents)) {
        edit(Arc::make_mut(&mut lock(&self.state).documents));
        self.something_changed(uri);
    }

    fn change(&self, uri: String, version: Option<i64>, changes: &[ContentChange]) {
        let encoding = self.snapshot().client.encoding;
        let mut known = true;
        self.edit(Some(uri.clone()), |documents| {
            let version =
                version.unwrap_or_else(|| documents.document(&uri).map_or(0, |document| document.version + 1));
            known = documents.change(&uri, version, changes, encoding);
        });
        if !known {
            self.log.say(Level::Warning, &format!("{uri}: was edited but is not open"));
        }
    }

    fn saved(&self, uri: &str) {
        // A client that watches no files says by this alone that one has changed.
        if !self.snapshot().client.register_watchers
            && let Some(path) = real_path_of(uri)
        {
            self.projects.heard(&[(path, true)]);
        }
        self.edit(Some(uri.to_string()), |documents| documents.save(uri));
    }

    fn closed(&self, uri: &str) {
        self.edit(None, |documents| documents.close(uri));
        lock(&self.state).pulls.remove(uri);
        self.forget(uri);
    }

    fn forget(&self, uri: &str) {
        lock(&self.answers).remove(uri);
        lock(&self.state).published.remove(uri);
        if !self.snapshot().client.pull {
            self.outbox.notify("textDocument/publishDiagnostics", json!({ "uri": uri, "diagnostics": [] }));
        }
    }

    fn notebook_opened(&self, it: NotebookOpened) {
        let cells = it.notebook_document.cells.into_iter().map(|cell| cell.document).collect();
        let notebook = Notebook { uri: it.notebook_document.uri, cells };
        self.edit(None, |documents| {
            for item in it.cell_text_documents.into_iter().filter(is_python) {
                documents.open(item.uri, item.version, item.text);
            }
            documents.open_notebook(notebook);
        });
    }

    fn notebook_changed(&self, it: NotebookChanged) {
        let Some(cells) = it.change.cells else { return };
        let encoding = self.snapshot().client.encoding;
        let uri = it.notebook_document.uri;
        let mut gone = Vec::new();
        self.edit(None, |documents| {
            if let Some(structure) = cells.structure {
                for item in structure.did_open.into_iter().filter(is_python) {
                    documents.open(item.uri, item.version, item.text);
                }
                // Cells of text count in the list that the client keeps, so they must in ours.
                let new = structure.array.cells.into_iter().map(|cell| cell.document).collect();
                documents.splice_cells(&uri, structure.array.start, structure.array.delete_count, new);
                for closed in structure.did_close {
                    documents.close(&closed.uri);
                    gone.push(closed.uri);
                }
            }
            for text in cells.text_content.into_iter().flatten() {
                let version = text.document.version.unwrap_or(0);
                documents.change(&text.document.uri, version, &text.changes, encoding);
            }
        });
        for cell in gone {
            self.forget(&cell);
        }
    }

    fn notebook_closed(&self, it: &NotebookClosed) {
        let uri = &it.notebook_document.uri;
        self.edit(None, |documents| {
            documents.close_notebook(uri);
            for cell in &it.cell_text_documents {
                documents.close(&cell.uri);
            }
        });
        lock(&self.answers).remove(uri);
        for cell in &it.cell_text_documents {
            self.forget(&cell.uri);
        }
    }

    fn heard(&self, events: &[FileEvent]) {
        const CHANGED: u32 = 2;
        let paths: Vec<(PathBuf, bool)> = events
            .iter()
            .filter_map(|event| real_path_of(&event.uri).map(|path| (path, event.kind != CHANGED)))
            .collect();
        self.projects.heard(&paths);
        self.something_changed(None);
    }

    fn folders_changed(&self, event: FoldersEvent) {
        let mut state = lock(&self.state);
        let folders = Arc::make_mut(&mut state.folders);
        for gone in event.removed {
            folders.remove(&gone.uri);
        }
        for new in event.added {
            if let Some(path) = real_path_of(&new.uri) {
                folders.insert(new.uri, path);
            }
        }
        drop(state);
        self.something_changed(None);
    }

    /// Which settings files of a project cannot be read: they say so themselves, and what held before goes on to hold.
    pub fn settings_are_broken(&self, folder: &Path, broken: &[SettingsError]) {
        let files: BTreeSet<PathBuf> = broken.iter().map(|broken| broken.file.clone()).collect();
        let before = match files.is_empty() {
            true => lock(&self.broken).remove(folder),
            false => lock(&self.broken).insert(folder.to_path_buf(), files.clone()),
        };
        for file in before.unwrap_or_default().difference(&files) {
            self.outbox.notify("textDocument/publishDiagnostics", json!({ "uri": uri_of(file), "diagnostics": [] }));
        }
        for broken in broken {
            self.say_broken(broken);
        }
    }

    fn say_broken(&self, broken: &SettingsError) {
        self.log.say(Level::Warning, &broken.to_string());
        let text = std::fs::read_to_string(&broken.file).unwrap_or_default();
        let lines = LineIndex::new(&text);
        let span = broken.position.map_or(Span::default(), |at| {
            let line = lines.line_span(&text, at.row);
            let column = at.column.saturating_sub(1) as usize;
            let start = line
                .of(&text)
                .char_indices()
                .nth(column)
                .map_or(line.end, |(at, _)| line.start + Span::new(at, 0).start);
            Span { start, end: line.end }
        });
        let range = documents::range(&text, &lines, span, self.snapshot().client.encoding);
        let diagnostic = json!({ "range": range, "severity": 1, "source": "gilcheck", "message": broken.message });
        let params = json!({ "uri": uri_of(&broken.file), "diagnostics": [diagnostic] });
        self.outbox.notify("textDocument/publishDiagnostics", params);
    }

    /// Something that findings depend on has changed; `document` if it is the text of that one alone.
    pub fn something_changed(&self, document: Option<String>) {
        let mut pulse = lock(&self.pulse);
        pulse.changes += 1;
        pulse.document = match (&pulse.document, document) {
            (None, document) => Some(document),
            (Some(before), document) if *before == document => Some(document),
            (Some(_), _) => Some(None),
        };
        drop(pulse);
        self.beat.notify_all();
    }

    /// The background: once the edits pause, findings are sent to clients that do not ask, and others are told
    /// to ask again where an edit has changed the findings of another file.
    fn beat(self: &Arc<Server>) {
        const PAUSE: Duration = Duration::from_millis(60);
        const LONGEST_PAUSE: u32 = 6;
        let mut seen = 0;
        loop {
            let pulse = lock(&self.pulse);
            let idle = |pulse: &mut Pulse| pulse.changes == seen && !pulse.is_over;
            let waited = self.beat.wait_while(pulse, idle);
            let mut pulse = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
            let mut pauses = 0;
            while !pulse.is_over && pauses < LONGEST_PAUSE {
                let before = pulse.changes;
                let waited =
                    self.beat.wait_timeout_while(pulse, PAUSE, |pulse| pulse.changes == before && !pulse.is_over);
                pulse = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
                if pulse.changes == before {
                    break;
                }
                pauses += 1;
            }
            if pulse.is_over {
                return;
            }
            seen = pulse.changes;
            let document = pulse.document.take().flatten();
            drop(pulse);
            let work = std::panic::AssertUnwindSafe(|| super::diagnostics::in_background(self, document.as_deref()));
            if std::panic::catch_unwind(work).is_err() {
                self.log.say(Level::Error, "the background work failed inside; please report the lines above");
            }
        }
    }

    /// Tells the client to ask again; nobody waits for its answer.
    pub fn refresh(&self, method: &'static str) {
        self.outbox.request(method, None, |_| {});
    }

    /// Sends findings for a document, unless it has another text by now or they were sent already.
    pub fn publish(&self, document: &Document, report: &Report) {
        let uri = &document.uri;
        // The lock is held while sending, so that no older findings can follow newer ones.
        let mut state = lock(&self.state);
        let is_current = state.documents.document(uri).is_some_and(|now| {
            // Numbers may begin anew when a document is closed and opened again.
            now.version == document.version && Arc::ptr_eq(&now.text, &document.text)
        });
        let sent = (document.version, report.id.clone());
        if !is_current || state.published.get(uri) == Some(&sent) {
            return;
        }
        state.published.insert(uri.clone(), sent);
        let params = json!({ "uri": uri, "version": document.version, "diagnostics": report.items });
        self.outbox.notify("textDocument/publishDiagnostics", params);
    }

    /// Shows that something goes on, if it lasts; it ends with what is returned.
    pub fn progress(self: &Arc<Server>, title: &'static str) -> Progress {
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        if self.snapshot().client.progress {
            let (server, shared) = (Arc::clone(self), Arc::clone(&ended));
            // Without a thread there is just nothing to see.
            let _ =
                std::thread::Builder::new().name("progress".to_string()).spawn(move || show(&server, title, &shared));
        }
        Progress { ended }
    }
}

/// Something that goes on.
pub struct Progress {
    ended: Arc<(Mutex<bool>, Condvar)>,
}

impl Drop for Progress {
    fn drop(&mut self) {
        *lock(&self.ended.0) = true;
        self.ended.1.notify_all();
    }
}

fn show(server: &Arc<Server>, title: &'static str, ended: &(Mutex<bool>, Condvar)) {
    const PATIENCE: Duration = Duration::from_millis(250);
    let waited = ended.1.wait_timeout_while(lock(&ended.0), PATIENCE, |ended| !*ended);
    if *waited.unwrap_or_else(std::sync::PoisonError::into_inner).0 {
        return;
    }
    let token = format!("gilcheck-{:p}", ended);
    let (begun, begin) = (Arc::clone(server), token.clone());
    server.outbox.request("window/workDoneProgress/create", Some(json!({ "token": token })), move |created| {
        if created.is_ok() {
            let value = json!({ "kind": "begin", "title": title, "cancellable": false });
            begun.outbox.notify("$/progress", json!({ "token": begin, "value": value }));
        }
    });
    drop(ended.1.wait_while(lock(&ended.0), |ended| !*ended));
    server.outbox.notify("$/progress", json!({ "token": token, "value": { "kind": "end" } }));
}

/// Cells of text have documents too.
fn is_python(item: &TextDocumentItem) -> bool {
    item.language_id == "python"
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(params)
}
