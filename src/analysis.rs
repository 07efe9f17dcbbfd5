//! The only door to the engine: changes in, findings out. The command line and the language server
//! both come through here, so they can never disagree.

use crate::config::Settings;
use crate::cost::Workload;
use crate::diagnostic::Diagnostic;
use crate::id::FileId;
use crate::text::{LineIndex, Span};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// A file that appeared, changed or vanished.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its path with `/`, relative to the folder that all paths are relative to.
    pub path: String,
    /// Its text; `None` where it is gone.
    pub text: Option<Arc<str>>,
    /// Findings in it are wanted; otherwise it is only context for the others.
    pub reported: bool,
}

/// Holds the files and brings them up to date.
#[derive(Debug)]
pub struct AnalysisHost {
    settings: Settings,
    files: BTreeMap<String, (Arc<str>, bool)>,
}

impl AnalysisHost {
    /// A host without files.
    pub fn new(settings: Settings) -> AnalysisHost {
        AnalysisHost { settings, files: BTreeMap::new() }
    }

    /// Takes a change in.
    pub fn apply_change(&mut self, change: Change) {
        match change.text {
            Some(text) => self.files.insert(change.path, (text, change.reported)),
            None => self.files.remove(&change.path),
        };
    }

    /// The files as they are now, ready to be asked about.
    pub fn analysis(&self) -> Analysis {
        let file = |(path, (text, reported)): (&String, &(Arc<str>, bool))| File {
            path: path.clone(),
            text: Arc::clone(text),
            reported: *reported,
            lines: OnceLock::new(),
        };
        Analysis { settings: self.settings.clone(), files: self.files.iter().map(file).collect() }
    }
}

/// One state of all files. Files are numbered in path order.
#[derive(Debug)]
pub struct Analysis {
    settings: Settings,
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    path: String,
    text: Arc<str>,
    reported: bool,
    lines: OnceLock<LineIndex>,
}

/// The call graph that was resolved.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    /// By name.
    pub functions: Vec<GraphFunction>,
}

/// A function of the project in the call graph.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphFunction {
    /// `module.Class.method`.
    pub name: String,
    /// What it does with its time.
    pub workload: Workload,
    /// What it calls: functions of the project and of libraries, sorted and unique.
    pub calls: Vec<String>,
}

/// What the knowledge base says of a name.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Answer {
    /// The name as asked.
    pub name: String,
    /// `io`, `cpu`, `cpu-nogil`, `neutral` or `unknown`, at a size where a call takes tens of milliseconds.
    pub class: String,
    /// The same for a small input.
    pub small_class: String,
    /// Whether the size decides.
    pub size_dependent: bool,
    /// Where the knowledge comes from.
    pub source: String,
}

/// Something odd about a file that did not keep the rest from being analysed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// The file.
    pub file: FileId,
    /// Where.
    pub span: Span,
    /// What.
    pub what: String,
}

impl Analysis {
    /// All findings in the reported files, in path and position order, without suppressed ones.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut found = self.run_engine();
        found.retain(|diagnostic| self.file(diagnostic.file).is_some_and(|file| file.reported));
        found.retain(|diagnostic| diagnostic.confidence >= self.settings.confidence);
        found.sort_by(|a, b| (a.file, a.span, a.code, &a.message).cmp(&(b.file, b.span, b.code, &b.message)));
        found
    }

    /// The engine's door from this side: the estimate over the project, and the rules over that.
    fn run_engine(&self) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// What was odd: a syntax error, say. One line each in the reported files.
    pub fn oddities(&self) -> Vec<Oddity> {
        Vec::new()
    }

    /// The text of a file.
    pub fn text(&self, file: FileId) -> &str {
        self.file(file).map_or("", |file| &file.text)
    }

    /// The path of a file.
    pub fn path(&self, file: FileId) -> &str {
        self.file(file).map_or("", |file| &file.path)
    }

    /// Where the lines of a file start.
    pub fn lines(&self, file: FileId) -> &LineIndex {
        static EMPTY: OnceLock<LineIndex> = OnceLock::new();
        match self.file(file) {
            Some(file) => file.lines.get_or_init(|| LineIndex::new(&file.text)),
            None => EMPTY.get_or_init(|| LineIndex::new("")),
        }
    }

    /// The file at a path.
    pub fn file_at(&self, path: &str) -> Option<FileId> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().map(FileId::new)
    }

    /// The files that findings are wanted in.
    pub fn reported_paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|file| file.reported).map(|file| file.path.as_str())
    }

    /// How many files findings are wanted in.
    pub fn reported_files(&self) -> usize {
        self.files.iter().filter(|file| file.reported).count()
    }

    /// Why the function or the spawn site in that row (from 1) is judged as it is; `None` where the
    /// row holds neither.
    pub fn explain(&self, path: &str, row: u32) -> Option<String> {
        let _ = (self.file_at(path)?, row);
        None
    }

    /// The call graph.
    pub fn graph(&self) -> Graph {
        Graph::default()
    }

    /// What the knowledge base, with the user's own, says of qualified names.
    pub fn knowledge(&self, names: &[String]) -> Vec<Answer> {
        let unknown = |name: &String| Answer {
            name: name.clone(),
            class: "unknown".to_string(),
            small_class: "unknown".to_string(),
            size_dependent: false,
            source: String::new(),
        };
        names.iter().map(unknown).collect()
    }

    fn file(&self, file: FileId) -> Option<&File> {
        self.files.get(file.index())
    }
}
