//! The only door to the engine: changes in, findings out. The command line and the language server
//! both come through here, so they can never disagree.

use crate::config::{self, Selection, Settings};
use crate::cost::Workload;
use crate::diagnostic::{Diagnostic, Fix};
use crate::estimate::trace::Trace;
use crate::estimate::{self, Report};
use crate::explain::{self, Account};
use crate::facts::ir::{Facts, Spans, Statement};
use crate::fix;
use crate::hazards::scope;
use crate::id::FileId;
use crate::knowledge::schema::Vehicle;
use crate::knowledge::{Answer, Knowledge, UserKnowledge, UserSpawn};
use crate::project::{self, Content, Layout, Project};
use crate::rules::{self, Rule};
use crate::suppress::{self, Suppressions};
use crate::text::{LineIndex, Span};
use rayon::prelude::*;
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
    settings: Arc<Settings>,
    knowledge: Arc<Knowledge>,
    files: BTreeMap<Arc<str>, Entry>,
    /// Where the files stand; kept as long as that stays the same.
    layout: OnceLock<Arc<Layout>>,
}

#[derive(Debug)]
struct Entry {
    content: Arc<Content>,
    reported: bool,
}

impl AnalysisHost {
    /// A host without files.
    pub fn new(settings: Settings) -> AnalysisHost {
        let knowledge = Arc::new(Knowledge::new(user_knowledge(&settings.knowledge)));
        AnalysisHost { settings: Arc::new(settings), knowledge, files: BTreeMap::new(), layout: OnceLock::new() }
    }

    /// Other settings hold from now on.
    pub fn set_settings(&mut self, settings: Settings) {
        if settings != *self.settings {
            self.knowledge = Arc::new(Knowledge::new(user_knowledge(&settings.knowledge)));
            self.settings = Arc::new(settings);
        }
    }

    /// Takes a change in. What was made of a text is kept as long as the text stays the same.
    pub fn apply_change(&mut self, change: Change) {
        self.replace(change, |_, text| Content::new(text));
    }

    /// Takes in a change of a file that is being edited: its syntax tree is kept, so that the next edit costs
    /// little.
    pub fn apply_edit(&mut self, change: Change) {
        self.replace(change, Content::edited);
    }

    fn replace(&mut self, change: Change, next: impl FnOnce(&Content, Arc<str>) -> Content) {
        let Change { path, text, reported } = change;
        match (self.files.get_mut(path.as_str()), text) {
            (Some(entry), Some(text)) => {
                entry.reported = reported;
                let old = entry.content.text();
                if *old == text {
                    return;
                }
                if let Some(layout) = self.layout.get()
                    && !project::mention_the_same(old, &text)
                {
                    self.layout = OnceLock::from(Arc::new(layout.with_other_mentions()));
                }
                entry.content = Arc::new(next(&entry.content, text));
            }
            (None, Some(text)) => {
                let content = Arc::new(next(&Content::new(Arc::from("")), text));
                self.files.insert(Arc::from(path), Entry { content, reported });
                self.layout = OnceLock::new();
            }
            (Some(_), None) => {
                self.files.remove(path.as_str());
                self.layout = OnceLock::new();
            }
            (None, None) => {}
        }
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&Arc<str>> {
        self.files.get(path).map(|entry| entry.content.text())
    }

    /// The files as they are now, ready to be asked about.
    pub fn analysis(&self) -> Analysis {
        self.analysis_with(|_, entry| entry.reported)
    }

    /// The files as they are now, where findings are wanted in these alone.
    pub fn analysis_of(&self, paths: &[&str]) -> Analysis {
        self.analysis_with(|path, _| paths.contains(&path))
    }

    fn analysis_with(&self, is_reported: impl Fn(&str, &Entry) -> bool) -> Analysis {
        let layout = self.layout.get_or_init(|| Arc::new(Layout::new(self.files.keys().cloned().collect())));
        let files = self.files.iter().map(|(path, entry)| (Arc::clone(&entry.content), is_reported(path, entry)));
        Analysis {
            settings: Arc::clone(&self.settings),
            knowledge: Arc::clone(&self.knowledge),
            project: Project::with_layout(Arc::clone(layout), files),
            outcome: OnceLock::new(),
        }
    }
}

/// One state of all files. Files are numbered in path order.
#[derive(Debug)]
pub struct Analysis {
    settings: Arc<Settings>,
    knowledge: Arc<Knowledge>,
    project: Project,
    outcome: OnceLock<Outcome>,
}

/// The call graph that was resolved. Functions go by `module.Class.method`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    /// What each function of the project calls, sorted and unique.
    pub calls: BTreeMap<String, Vec<String>>,
    /// What each does with its time.
    pub workloads: BTreeMap<String, Workload>,
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

/// So many bytes are parsed in some hundredths of a second.
const LITTLE: usize = 256 << 10;

/// What one run of the engine gives.
#[derive(Debug, Default)]
struct Outcome {
    /// In any order, also those that nobody is to see.
    diagnostics: Vec<Diagnostic>,
    /// What they rest on.
    report: Report,
}

impl Analysis {
    /// All findings in the reported files, in path and position order, without suppressed ones.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let is_shown =
            |found: &&Diagnostic| self.project.reported(found.file) && found.confidence >= self.settings.confidence;
        let mut found: Vec<Diagnostic> = self.outcome().diagnostics.iter().filter(is_shown).cloned().collect();
        found.sort_by(|a, b| (a.file, a.span, a.code, &a.message).cmp(&(b.file, b.span, b.code, &b.message)));
        found.dedup();
        self.without_silenced(found)
    }

    /// [`Analysis::diagnostics`], each with its fix.
    pub fn diagnostics_with_fixes(&self) -> Vec<Diagnostic> {
        let mut found = self.diagnostics();
        // Findings of one function share what is run for them.
        let place = |found: &Diagnostic| (found.file, scope::outermost(&self.project, found.file, found.span));
        let mut groups: Vec<&mut [Diagnostic]> = found.chunk_by_mut(|a, b| place(a) == place(b)).collect();
        groups.par_iter_mut().for_each(|group| {
            let Some(first) = group.first() else { return };
            let trace = self.trace(first.file, first.span);
            for found in group.iter_mut() {
                self.add_fix(found, &trace);
            }
        });
        found
    }

    fn add_fix(&self, found: &mut Diagnostic, trace: &Trace) {
        found.fix = fix::fix(&self.fix_context(trace), found).map(Box::new);
        if let Some(fix) = &found.fix {
            found.help = format!("{}. {}", found.help.trim_end_matches('.'), fix.advice());
        }
    }

    /// The rewrite that mends a finding of this state of the files, where there is one: its title, who may
    /// apply it, its edits (possibly in several files), and what stands against it.
    ///
    /// It runs the finding's file once more, so it is asked for by itself and not part of every finding.
    pub fn fix(&self, found: &Diagnostic) -> Option<Fix> {
        fix::fix(&self.fix_context(&self.trace(found.file, found.span)), found)
    }

    fn fix_context<'a>(&'a self, trace: &'a Trace) -> fix::Context<'a> {
        fix::Context {
            project: &self.project,
            knowledge: &self.knowledge,
            target: self.settings.target,
            report: &self.outcome().report,
            trace,
        }
    }

    /// What the expressions around a place stand for.
    fn trace(&self, file: FileId, span: Span) -> Trace {
        scope::trace(&self.project, &self.knowledge, self.settings.target, file, span)
    }

    fn outcome(&self) -> &Outcome {
        self.outcome.get_or_init(|| self.run_engine())
    }

    /// The engine's door from this side: the estimate over the project, and the rules over that.
    fn run_engine(&self) -> Outcome {
        let target = self.settings.target;
        let report = estimate::analyse(&self.project, &self.knowledge, target, self.settings.exhaustive);
        let trace = |file, span| self.trace(file, span);
        let diagnostics =
            rules::check(&self.project, &self.knowledge, &report, target, trace, |rule| self.is_rule_on(rule));
        Outcome { diagnostics, report }
    }

    fn is_rule_on(&self, rule: &Rule) -> bool {
        match self.settings.selection(rule.code, rule.name) {
            Selection::On => true,
            Selection::Off => false,
            Selection::Default => rule.on_by_default,
        }
    }

    /// `found` is in path order.
    fn without_silenced(&self, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let mut kept = Vec::with_capacity(found.len());
        for group in found.chunk_by(|a, b| a.file == b.file) {
            let Some(first) = group.first() else { continue };
            let parsed = self.project.parsed(first.file);
            let (text, lines) = (self.text(first.file), self.lines(first.file));
            let suppressions = Suppressions::read(text, lines, &parsed.spans.comments);
            let is_silenced = |it: &&Diagnostic| {
                let rows = |span: Span| lines.row(span.start)..=lines.row(span.end);
                let statement = statement_head(&parsed.facts, &parsed.spans, it.span);
                suppressions.silence(it.code, it.name, rows(it.span), rows(statement.unwrap_or(it.span)))
            };
            kept.extend(group.iter().filter(|it| !is_silenced(it)).cloned());
        }
        kept
    }

    /// What was odd in the reported files: the first place of each that is no Python.
    ///
    /// Only files that the engine parsed are known to be odd; where there is little to parse, the others
    /// are looked at too.
    pub fn oddities(&self) -> Vec<Oddity> {
        self.outcome();
        let reported: Vec<FileId> = self.reported_files().collect();
        let bytes: usize = reported.iter().map(|file| self.text(*file).len()).sum();
        if bytes <= LITTLE {
            reported.par_iter().for_each(|file| {
                self.project.parsed(*file);
            });
        }
        let oddity = |file: &FileId| {
            let span = self.project.parsed_already(*file)?.spans.errors.first().copied()?;
            let what = "a syntax error, or syntax that gilcheck does not know; the rest was checked";
            Some(Oddity { file: *file, span, what: what.to_string() })
        };
        reported.iter().filter_map(oddity).collect()
    }

    /// The text of a file.
    pub fn text(&self, file: FileId) -> &str {
        self.project.text(file)
    }

    /// The path of a file.
    pub fn path(&self, file: FileId) -> &str {
        self.project.path(file)
    }

    /// Where the lines of a file start.
    pub fn lines(&self, file: FileId) -> &LineIndex {
        self.project.lines(file)
    }

    /// The file at a path.
    pub fn file_at(&self, path: &str) -> Option<FileId> {
        self.project.file_at(path)
    }

    /// True if the findings here are those of `later` too: nothing that they rest on has changed.
    pub fn holds_for(&self, later: &Analysis) -> bool {
        Arc::ptr_eq(&self.settings, &later.settings) && self.project.holds_for(&later.project)
    }

    /// True if `later` is the same state of the same files, where also fixes are the same.
    pub fn is_same_as(&self, later: &Analysis) -> bool {
        Arc::ptr_eq(&self.settings, &later.settings) && self.project.is_same_as(&later.project)
    }

    /// The files that findings are wanted in.
    pub fn reported_files(&self) -> impl Iterator<Item = FileId> {
        self.project.files().filter(|file| self.project.reported(*file))
    }

    /// Why the function or the spawn site in that row (from 1) is judged as it is; `None` where the
    /// row holds neither.
    pub fn explain(&self, path: &str, row: u32) -> Option<String> {
        let file = self.file_at(path)?;
        let lines = self.lines(file);
        let mut text = crate::explain::at(&self.project, &self.knowledge, self.settings.target, file, row, lines)?;
        let is_there = |found: &&Diagnostic| {
            found.file == file && (lines.row(found.span.start)..=lines.row(found.span.end)).contains(&row)
        };
        for found in self.outcome().diagnostics.iter().filter(is_there) {
            let trace = self.trace(file, found.span);
            crate::explain::write_rewrite(&mut text, &self.fix_context(&trace), found);
        }
        Some(text)
    }

    /// What there is to say of each function of a file.
    pub fn functions(&self, file: FileId) -> Vec<Account> {
        explain::functions(&self.project, &self.knowledge, self.settings.target, file)
    }

    /// What there is to say of the function whose name stands at a byte, or of the work handed over there.
    pub fn accounts_at(&self, file: FileId, offset: u32) -> Vec<Account> {
        explain::here(&self.project, &self.knowledge, self.settings.target, file, offset)
    }

    /// The comment at a byte.
    pub fn comment_at(&self, file: FileId, offset: u32) -> Option<Span> {
        let comments = &self.project.parsed(file).spans.comments;
        comments.iter().copied().find(|span| span.start <= offset && offset <= span.end)
    }

    /// Where to write what so that a finding is silenced.
    pub fn silencing_edit(&self, found: &Diagnostic) -> Option<(Span, String)> {
        let parsed = self.project.parsed(found.file);
        let statement = statement_head(&parsed.facts, &parsed.spans, found.span).unwrap_or(found.span);
        let (text, lines) = (self.text(found.file), self.lines(found.file));
        suppress::edit(text, lines, &parsed.spans.comments, found.code, found.span, statement)
    }

    /// The call graph.
    pub fn graph(&self) -> Graph {
        let (edges, summaries) = estimate::graph(&self.project, &self.knowledge, self.settings.target);
        let name = |(file, function): estimate::machine::Node| rules::sites::scope(&self.project, file, function);
        let mut graph = Graph::default();
        for (&node, summary) in &summaries {
            graph.calls.entry(name(node)).or_default();
            graph.workloads.insert(name(node), summary.cost.workload());
        }
        for &(caller, callee) in &edges {
            graph.calls.entry(name(caller)).or_default().push(name(callee));
            graph.calls.entry(name(callee)).or_default();
        }
        for calls in graph.calls.values_mut() {
            calls.sort_unstable();
            calls.dedup();
        }
        graph
    }

    /// What the knowledge base, with the user's own, says of qualified names.
    pub fn knowledge(&self, names: &[String]) -> Vec<Answer> {
        names.iter().map(|name| self.knowledge.answer(name)).collect()
    }
}

/// The settings' words in the knowledge's terms.
fn user_knowledge(user: &config::UserKnowledge) -> UserKnowledge {
    let vehicle = |word: &str| match word {
        "process" => Vehicle::Process,
        "event-loop" => Vehicle::EventLoop,
        "interpreter" => Vehicle::Interpreter,
        "green" => Vehicle::Green,
        _ => Vehicle::Thread,
    };
    let spawn = |spawn: &config::UserSpawn| UserSpawn {
        name: spawn.name.clone(),
        vehicle: vehicle(&spawn.vehicle),
        target: spawn.target.clone(),
    };
    UserKnowledge {
        io: user.io.clone(),
        cpu: user.cpu.clone(),
        native: user.native.clone(),
        neutral: user.neutral.clone(),
        spawns: user.spawns.iter().map(spawn).collect(),
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
