//! The only door to the engine: changes in, findings out. The command line and the language server
//! both come through here, so they can never disagree.

use crate::config::{Selection, Settings};
use crate::cost::Workload;
use crate::diagnostic::Diagnostic;
use crate::facts::ir::{Facts, Spans, Statement};
use crate::id::FileId;
use crate::rules::RULES;
use crate::suppress::Suppressions;
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
        Analysis {
            settings: self.settings.clone(),
            files: self.files.iter().map(file).collect(),
            outcome: OnceLock::new(),
        }
    }
}

/// One state of all files. Files are numbered in path order.
#[derive(Debug)]
pub struct Analysis {
    settings: Settings,
    files: Vec<File>,
    outcome: OnceLock<Outcome>,
}

#[derive(Debug)]
struct File {
    path: String,
    text: Arc<str>,
    reported: bool,
    lines: OnceLock<LineIndex>,
}

/// The call graph that was resolved. Functions go by `module.Class.method`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    /// What each function of the project calls, sorted and unique.
    pub calls: BTreeMap<String, Vec<String>>,
    /// What each does with its time.
    pub workloads: BTreeMap<String, Workload>,
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

/// What one run of the engine gives.
#[derive(Debug, Default)]
struct Outcome {
    /// In any order, also those that nobody is to see.
    diagnostics: Vec<Diagnostic>,
    /// The facts of each file that was parsed, by [`FileId`].
    facts: Vec<Option<Arc<(Facts, Spans)>>>,
}

impl Analysis {
    /// All findings in the reported files, in path and position order, without suppressed ones.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let is_shown = |found: &&Diagnostic| {
            self.file(found.file).is_some_and(|file| file.reported)
                && self.is_selected(found)
                && found.confidence >= self.settings.confidence
        };
        let mut found: Vec<Diagnostic> =
            self.outcome().diagnostics.iter().filter(is_shown).cloned().collect();
        found.sort_by(|a, b| (a.file, a.span, a.code, &a.message).cmp(&(b.file, b.span, b.code, &b.message)));
        found.dedup();
        self.without_silenced(found)
    }

    fn is_selected(&self, found: &Diagnostic) -> bool {
        match self.settings.selection(found.code, found.name) {
            Selection::On => true,
            Selection::Off => false,
            Selection::Default => RULES.iter().any(|rule| rule.code == found.code && rule.on_by_default),
        }
    }

    fn outcome(&self) -> &Outcome {
        self.outcome.get_or_init(|| self.run_engine())
    }

    /// The engine's door from this side: the estimate over the project, and the rules over that.
    fn run_engine(&self) -> Outcome {
        Outcome::default()
    }

    /// `found` is in path order.
    fn without_silenced(&self, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let mut kept = Vec::with_capacity(found.len());
        for group in found.chunk_by(|a, b| a.file == b.file) {
            let Some(first) = group.first() else { continue };
            let facts = self.facts(first.file);
            let (text, lines) = (self.text(first.file), self.lines(first.file));
            let comments = facts.map_or(&[][..], |(_, spans)| &spans.comments);
            let suppressions = Suppressions::read(text, lines, comments);
            let is_silenced = |it: &&Diagnostic| {
                let rows = |span: Span| lines.row(span.start)..=lines.row(span.end);
                let statement = facts.and_then(|(facts, spans)| statement_head(facts, spans, it.span));
                suppressions.silence(it.code, it.name, rows(it.span), rows(statement.unwrap_or(it.span)))
            };
            kept.extend(group.iter().filter(|it| !is_silenced(it)).cloned());
        }
        kept
    }

    /// What was odd in the reported files: the first place of each that is no Python.
    pub fn oddities(&self) -> Vec<Oddity> {
        let oddity = |(index, file): (usize, &File)| {
            let id = FileId::new(index);
            let (_, spans) = self.facts(id).filter(|_| file.reported)?;
            let span = spans.errors.first().copied()?;
            Some(Oddity {
                file: id,
                span,
                what: "syntax error; the rest of the file was checked".to_string(),
            })
        };
        self.files.iter().enumerate().filter_map(oddity).collect()
    }

    fn facts(&self, file: FileId) -> Option<(&Facts, &Spans)> {
        let facts = self.outcome().facts.get(file.index())?.as_deref()?;
        Some((&facts.0, &facts.1))
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

/// The innermost statement that holds the range; of one with a body, its beginning.
fn statement_head(facts: &Facts, spans: &Spans, range: Span) -> Option<Span> {
    let holds = |span: &Span| span.start <= range.start && range.end <= span.end;
    let (index, span) = spans
        .statements
        .iter()
        .enumerate()
        .filter(|(_, span)| holds(span))
        .min_by_key(|(_, span)| span.end - span.start)?;
    match facts.statements.get(index)? {
        Statement::For { .. }
        | Statement::While { .. }
        | Statement::If { .. }
        | Statement::With { .. }
        | Statement::Try { .. }
        | Statement::Match { .. }
        | Statement::Function(_)
        | Statement::Class(_) => Some(Span { start: span.start, end: span.start }),
        Statement::Expression(_)
        | Statement::Assign { .. }
        | Statement::AugmentedAssign { .. }
        | Statement::AnnotatedAssign { .. }
        | Statement::Return(_)
        | Statement::Raise { .. }
        | Statement::Import(_)
        | Statement::Assert { .. }
        | Statement::Delete(_)
        | Statement::Break
        | Statement::Continue
        | Statement::Nothing => Some(*span),
    }
}
