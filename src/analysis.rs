//! The only door to the engine: changes in, findings out. The command line and the language server
//! both come through here, so they can never disagree.

use crate::baseline::{self, Baseline};
use crate::config::{self, FileIgnores, Located, Settings, Target};
use crate::cost::Workload;
use crate::diagnostic::{Diagnostic, Fix};
use crate::estimate::relevance::{Recipe, Words};
use crate::estimate::trace::Trace;
use crate::estimate::{self, Report};
use crate::explain::{self, Account};
use crate::facts::ir::{Facts, Spans, Statement};
use crate::fix;
use crate::hazards::scope;
use crate::hazards::shape::Shapes;
use crate::id::{FileId, FunctionId};
use crate::knowledge::schema::Vehicle;
use crate::knowledge::{Answer, Knowledge, UserKnowledge, UserSpawn};
use crate::overview::{self, Site};
use crate::project::{self, Content, Layout, Project, SourceInput};
use crate::rules::{self, Check, RULES, Rule};
use crate::source::{self, Cell, Notebook};
use crate::suppress::{self, Judgement, Suppressions, Unused, Wanted};
use crate::text::{LineIndex, Nesting, Span};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
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
#[derive(Debug, Clone)]
pub struct AnalysisHost {
    /// For all folders that have none of their own.
    outer: Scope,
    /// In path order.
    inner: Vec<Scope>,
    files: BTreeMap<Arc<str>, Entry>,
    /// The cells of notebooks.
    cells: BTreeMap<String, Arc<[Cell]>>,
}

/// What holds in a folder and below it.
#[derive(Debug, Clone)]
struct Scope {
    folder: String,
    settings: Arc<Settings>,
    ignores: Arc<FileIgnores>,
    knowledge: Arc<Knowledge>,
    /// Where the files stand; kept as long as that stays the same.
    layout: OnceLock<Arc<Layout>>,
}

impl Scope {
    fn new(folder: String, settings: Settings) -> Scope {
        Scope {
            folder,
            ignores: Arc::new(FileIgnores::new(&settings)),
            knowledge: Arc::new(Knowledge::new(user_knowledge(&settings.knowledge))),
            settings: Arc::new(settings),
            layout: OnceLock::new(),
        }
    }

    fn holds(&self, path: &str) -> bool {
        self.folder.is_empty() || path.strip_prefix(&self.folder).is_some_and(|rest| rest.starts_with('/'))
    }
}

#[derive(Debug, Clone)]
struct Entry {
    content: Arc<Content>,
    reported: bool,
}

impl AnalysisHost {
    /// A host without files.
    pub fn new(settings: Settings) -> AnalysisHost {
        AnalysisHost {
            outer: Scope::new(String::new(), settings),
            inner: Vec::new(),
            files: BTreeMap::new(),
            cells: BTreeMap::new(),
        }
    }

    /// From now on `settings` hold, and others in some folders, which are in path order.
    pub fn set_scopes(&mut self, settings: Settings, folders: Vec<(String, Settings)>) {
        let outer = Scope { folder: String::new(), ..self.outer.clone() };
        let old: Vec<Scope> = std::iter::once(outer).chain(std::mem::take(&mut self.inner)).collect();
        let scope = |folder: String, settings: Settings| {
            let Some(same) = old.iter().find(|it| it.folder == folder) else { return Scope::new(folder, settings) };
            if *same.settings == settings {
                return same.clone();
            }
            let layout = if same.settings.roots == settings.roots { same.layout.clone() } else { OnceLock::new() };
            Scope { layout, ..Scope::new(folder, settings) }
        };
        self.outer = scope(String::new(), settings);
        self.inner = folders.into_iter().map(|(folder, settings)| scope(folder, settings)).collect();
    }

    /// The same files, judged for another interpreter wherever they lie.
    pub fn with_target(&self, target: Target) -> AnalysisHost {
        let mut host = self.clone();
        for scope in host.scopes_mut() {
            scope.settings = Arc::new(Settings { target, ..(*scope.settings).clone() });
        }
        host
    }

    fn scopes_mut(&mut self) -> impl Iterator<Item = &mut Scope> {
        std::iter::once(&mut self.outer).chain(&mut self.inner)
    }

    fn forget_layouts(&mut self) {
        for scope in self.scopes_mut() {
            scope.layout = OnceLock::new();
        }
    }

    /// Takes a change in. Of a notebook (`.ipynb`) the code is taken; one that cannot be read has none. What was made of a text is kept as long as the text stays the same.
    pub fn apply_change(&mut self, change: Change) {
        self.replace(change, |_, text| Content::new(text));
    }

    /// Takes in a change of a file that is being edited: its syntax tree is kept, so that the next edit costs
    /// little.
    pub fn apply_edit(&mut self, change: Change) {
        self.replace(change, Content::edited);
    }

    fn replace(&mut self, change: Change, next: impl FnOnce(&Content, Arc<str>) -> Content) {
        let Change { path, mut text, reported } = change;
        self.cells.remove(&path);
        if let Some(json) = text.take_if(|_| source::is_notebook(&path)) {
            let notebook = source::notebook(&json).unwrap_or_default();
            self.cells.insert(path.clone(), notebook.cells.into());
            text = Some(notebook.text.into());
        }
        match (self.files.get_mut(path.as_str()), text) {
            (Some(entry), Some(text)) => {
                entry.reported = reported;
                let old = entry.content.text();
                if *old == text {
                    return;
                }
                if !project::mention_the_same(old, &text) {
                    for scope in std::iter::once(&mut self.outer).chain(&mut self.inner) {
                        if let Some(layout) = scope.layout.get() {
                            scope.layout = OnceLock::from(Arc::new(layout.with_other_mentions()));
                        }
                    }
                }
                entry.content = Arc::new(next(&entry.content, text));
            }
            (None, Some(text)) => {
                let content = Arc::new(next(&Content::new(Arc::from("")), text));
                self.files.insert(Arc::from(path), Entry { content, reported });
                self.forget_layouts();
            }
            (Some(_), None) => {
                self.files.remove(path.as_str());
                self.forget_layouts();
            }
            (None, None) => {}
        }
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&Arc<str>> {
        self.files.get(path).map(|entry| entry.content.text())
    }

    /// Takes the files of another host; what was made of texts that are the same here is kept.
    pub fn take_files(&mut self, other: &AnalysisHost) {
        let mut files = other.files.clone();
        for (path, entry) in &mut files {
            if let Some(old) = self.files.get(path)
                && old.content.text() == entry.content.text()
            {
                entry.content = Arc::clone(&old.content);
            }
        }
        self.files = files;
        self.cells.clone_from(&other.cells);
        self.forget_layouts();
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
        // Which scope a file belongs to: 0 is the outer one.
        let scope_of = |path: &str| self.inner.iter().rposition(|scope| scope.holds(path)).map_or(0, |index| index + 1);
        let scopes: Vec<usize> = match self.inner.is_empty() {
            true => Vec::new(),
            false => self.files.keys().map(|path| scope_of(path)).collect(),
        };
        let scope = |index: usize| scopes.get(index).copied().unwrap_or_default();
        let reported: Vec<bool> = self.files.iter().map(|(path, entry)| is_reported(path, entry)).collect();
        let wanted = reported.iter().enumerate().filter(|(_, reported)| **reported).map(|(index, _)| scope(index));
        let wanted: BTreeSet<usize> = wanted.collect();
        let part =
            |which: usize| {
                let it = which.checked_sub(1).and_then(|index| self.inner.get(index)).unwrap_or(&self.outer);
                let layout = || Arc::new(Layout::new(self.files.keys().cloned().collect(), &it.settings.roots));
                let layout = Arc::clone(it.layout.get_or_init(layout));
                let files =
                    self.files.values().zip(&reported).enumerate().map(|(index, (entry, reported))| {
                        (Arc::clone(&entry.content), *reported && scope(index) == which)
                    });
                Part {
                    settings: Arc::clone(&it.settings),
                    ignores: Arc::clone(&it.ignores),
                    knowledge: Arc::clone(&it.knowledge),
                    project: Project::with_layout(layout, files),
                    outcome: OnceLock::new(),
                }
            };
        let mut order = wanted.iter().copied();
        Analysis {
            first: part(order.next().unwrap_or_default()),
            rest: order.map(part).collect(),
            part_of: scopes.iter().map(|which| wanted.iter().position(|it| it == which).unwrap_or_default()).collect(),
            cells: self.cells.clone(),
            fixed: OnceLock::new(),
            oddities: OnceLock::new(),
            shapes: Shapes::default(),
        }
    }
}

/// One state of all files. Files are numbered in path order.
#[derive(Debug)]
pub struct Analysis {
    /// All files are in every part, but each is reported in one only.
    first: Part,
    rest: Vec<Part>,
    /// By file: 0 is the first part. Empty where there is but one.
    part_of: Vec<usize>,
    cells: BTreeMap<String, Arc<[Cell]>>,
    /// See [`Analysis::diagnostics_with_fixes`].
    fixed: OnceLock<Vec<Diagnostic>>,
    /// See [`Analysis::oddities`].
    oddities: OnceLock<Vec<Oddity>>,
    /// What rewrites ask of files.
    shapes: Shapes,
}

/// What an [`Analysis`] has to say, without the files that it rests on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdicts {
    /// The findings of each part, of every confidence.
    parts: Vec<Vec<Diagnostic>>,
    /// See [`Analysis::diagnostics_with_fixes`]; empty where nobody asked.
    fixed: Vec<Diagnostic>,
    oddities: Vec<Oddity>,
}

/// What was asked of every file, also of those on which nothing rests because the answer was no.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Looks {
    words: Vec<Recipe>,
    names: BTreeSet<(String, String)>,
    reported_bytes: usize,
}

impl Looks {
    /// True if all questions are answered with no for these texts too, which take the place of others on which nothing
    /// rests: each with its path, whether it is reported, and how many bytes the former text had.
    pub fn say_nothing_of(&mut self, texts: &[(&str, &str, bool, usize)]) -> bool {
        let old: usize = texts.iter().filter(|it| it.2).map(|it| it.3).sum();
        let new: usize = texts.iter().filter(|it| it.2).map(|it| it.1.len()).sum();
        let bytes = self.reported_bytes.saturating_sub(old) + new;
        // Where there is little, all of it is parsed.
        if (bytes <= LITTLE) != (self.reported_bytes <= LITTLE) {
            return false;
        }
        self.reported_bytes = bytes;
        let words: Vec<Words> = self.words.iter().map(Recipe::words).collect();
        texts.iter().all(|(path, text, reported, _)| {
            let is_looked_for = |(name, imported): &(String, String)| {
                text.contains(name.as_str()) && project::scan::imports_word(text, imported)
            };
            let input = SourceInput { path: path.to_string(), text: Arc::from(*text), reported: *reported };
            let alone = Project::new(vec![input]);
            !has_mark(text)
                && !self.names.iter().any(is_looked_for)
                && !words.iter().any(|words| words.may_matter(&alone, FileId(0)))
        })
    }
}

impl Verdicts {
    /// Every file that something is said of, and every place in one: what a reader is shown lies there.
    pub fn files(&self) -> BTreeSet<FileId> {
        let found = self.parts.iter().flatten().chain(&self.fixed);
        let of = |found: &Diagnostic| {
            let fix = found.fix.iter();
            let edited = fix.clone().flat_map(|fix| fix.edits.iter().map(|edit| edit.file)).collect::<Vec<_>>();
            let hazards = fix.flat_map(|fix| fix.hazards.iter().map(|hazard| hazard.file)).collect::<Vec<_>>();
            let evidence = found.evidence.iter().map(|evidence| evidence.file).collect::<Vec<_>>();
            std::iter::once(found.file).chain(evidence).chain(edited).chain(hazards)
        };
        found.flat_map(of).chain(self.oddities.iter().map(|oddity| oddity.file)).collect()
    }
}

/// The files for which the same settings hold, with all others as their context.
#[derive(Debug)]
struct Part {
    settings: Arc<Settings>,
    ignores: Arc<FileIgnores>,
    knowledge: Arc<Knowledge>,
    project: Project,
    outcome: OnceLock<Outcome>,
}

impl Part {
    fn is_rule_on(&self, rule: &Rule) -> bool {
        self.settings.runs(rule.code, rule.name, rule.on_by_default)
    }

    fn reported_files(&self) -> impl Iterator<Item = FileId> {
        self.project.files().filter(|file| self.project.reported(*file))
    }

    /// Whether a comment for this code, or for all, can be called unused.
    fn judgement(&self, code: Option<&str>) -> Judgement {
        // There the same comments are of use with another interpreter.
        let free_threaded = self.settings.target.free_threaded;
        let counts = |is_on: bool| {
            if is_on && !free_threaded { Judgement::Counts } else { Judgement::Abstains }
        };
        match code {
            None => counts(RULES.iter().all(|rule| !rule.on_by_default || self.is_rule_on(rule))),
            Some(code) => {
                let rule = RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code) || rule.name == code);
                // A comment about comments is not judged by itself.
                match rule.map(|rule| (rule, rule.check)) {
                    None => Judgement::Unknown,
                    Some((_, Check::Suppression(_))) => Judgement::Abstains,
                    Some((rule, Check::Handover(_) | Check::Stall(_) | Check::Crossing(_))) => {
                        counts(self.is_rule_on(rule))
                    }
                }
            }
        }
    }
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oddity {
    /// The file.
    pub file: FileId,
    /// Where.
    pub span: Span,
    /// What.
    pub what: String,
}

/// So many findings of a file get a fix at once: making one takes the longer the larger its file and its function are.
const MOST_FIXES: usize = 1000;
/// So many do in any file.
const LEAST_FIXES: usize = 5;
/// And as many in between as make so many bytes: each costs what its file has, and [`FUNCTION_COSTS`] times what its
/// function has.
const FIXED_BYTES: usize = 100 << 20;
/// Larger files get none: nobody writes such a file by hand.
const LARGEST_FIXED: usize = 2 << 20;
/// What is read of a function is read for each fix in it, through all that it calls.
const FUNCTION_COSTS: usize = 8;

/// So many bytes are parsed in some hundredths of a second.
const LITTLE: usize = 256 << 10;

/// What one run of the engine gives.
#[derive(Debug, Default)]
struct Outcome {
    /// In path and position order, of every confidence.
    diagnostics: Vec<Diagnostic>,
    /// What they rest on.
    report: Report,
}

impl Analysis {
    fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// The part that a file belongs to.
    fn part(&self, file: FileId) -> &Part {
        let index = self.part_of.get(file.index()).and_then(|index| index.checked_sub(1));
        index.and_then(|index| self.rest.get(index)).unwrap_or(&self.first)
    }

    /// All findings in the reported files, in path and position order, without suppressed and known ones.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.split_by_baseline().0
    }

    /// All findings as [`Analysis::diagnostics`] has them, those that the baseline knows included.
    pub fn all_diagnostics(&self) -> Vec<Diagnostic> {
        let mut shown: Vec<Diagnostic> = self.parts().flat_map(|part| self.diagnostics_of(part)).collect();
        shown.sort_by_key(|found| found.file);
        shown
    }

    fn diagnostics_of(&self, part: &Part) -> Vec<Diagnostic> {
        let is_shown = |found: &&Diagnostic| {
            found.confidence >= part.settings.confidence
                && !part.ignores.holds(self.path(found.file), found.code, found.name)
        };
        let mut shown: Vec<Diagnostic> = self.outcome(part).diagnostics.iter().filter(is_shown).cloned().collect();
        for found in &mut shown {
            found.severity = part.settings.severity(found.code, found.name).unwrap_or(found.severity);
        }
        shown
    }

    /// The findings that baselines do not know, and how many they know of the reported files that are no longer found.
    pub fn split_by_baseline(&self) -> (Vec<Diagnostic>, usize) {
        let (mut fresh, mut gone) = (Vec::new(), 0);
        for part in self.parts() {
            let all = self.diagnostics_of(part);
            let Some(known) = &part.settings.known else {
                fresh.extend(all);
                continue;
            };
            let mut rest = known.clone();
            let reported = baseline_paths(part);
            rest.retain(|path| reported.contains(path));
            fresh.extend(all.into_iter().filter(|found| !rest.take(&self.baseline_key(found))));
            gone += rest.len();
        }
        fresh.sort_by_key(|found| found.file);
        (fresh, gone)
    }

    /// The baselines that know all findings, each with where it is written. Those of files that are not reported stay
    /// as they were where `remains` says that the file, by the baseline's folder and its path from there, is still
    /// there.
    pub fn new_baselines(&self, remains: impl Fn(&str, &str) -> bool) -> Vec<(Located, Baseline)> {
        let mut baselines: Vec<(Located, Baseline)> = Vec::new();
        for part in self.parts() {
            let Some(place) = &part.settings.baseline else { continue };
            let known = baselines.iter().position(|(known, _)| known == place);
            let mut baseline = match known {
                Some(index) => baselines.swap_remove(index).1,
                None => {
                    let mut baseline = part.settings.known.clone().unwrap_or_default();
                    baseline.retain(|path| remains(&place.folder, path));
                    baseline
                }
            };
            let reported = baseline_paths(part);
            baseline.retain(|path| !reported.contains(path));
            for found in self.diagnostics_of(part) {
                baseline.add(self.baseline_key(&found));
            }
            baselines.push((place.clone(), baseline));
        }
        baselines.sort_by(|a, b| a.0.cmp(&b.0));
        baselines
    }

    fn baseline_key(&self, found: &Diagnostic) -> baseline::Key {
        baseline::Key {
            path: self.part(found.file).settings.baseline_path(self.path(found.file)),
            rule: found.code.to_string(),
            function: found.scope.clone(),
            message: found.message.clone(),
        }
    }

    /// [`Analysis::diagnostics`], each with its fix; in a file with very many findings the later ones have none, until
    /// those before them are mended.
    pub fn diagnostics_with_fixes(&self) -> Vec<Diagnostic> {
        self.fixed.get_or_init(|| self.find_fixes()).clone()
    }

    fn find_fixes(&self) -> Vec<Diagnostic> {
        let mut found = self.diagnostics();
        // Findings of one function share what is run for them.
        let place = |found: &Diagnostic| (found.file, scope::outermost(&self.first.project, found.file, found.span));
        let mut groups: Vec<&mut [Diagnostic]> = found.chunk_by_mut(|a, b| place(a) == place(b)).collect();
        // How many fixes a file was given, and the bytes that they cost.
        let mut given: BTreeMap<FileId, (usize, usize)> = BTreeMap::new();
        for group in &mut groups {
            let Some((file, function)) = group.first().map(place) else { continue };
            let spans = &self.first.project.parsed(file).spans.functions;
            let span = function.and_then(|function| spans.get(function.index()));
            let of_function = span.map_or(0, |span| (span.end - span.start) as usize);
            let one = self.text(file).len() + FUNCTION_COSTS * of_function;
            if self.text(file).len() > LARGEST_FIXED {
                *group = Default::default();
                continue;
            }
            let (count, bytes) = given.entry(file).or_default();
            let affordable = (FIXED_BYTES.saturating_sub(*bytes) / one.max(1)).max(LEAST_FIXES.saturating_sub(*count));
            let more = group.len().min(affordable).min(MOST_FIXES.saturating_sub(*count));
            *count += more;
            *bytes += more * one;
            *group = std::mem::take(group).get_mut(..more).unwrap_or_default();
        }
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
        // A comment that silences nothing is found with its fix, and nothing is written into notebooks.
        let may_fix = self.part(found.file).settings.may_fix(found.code, found.name);
        if found.fix.is_some() || !may_fix || self.cells.contains_key(self.path(found.file)) {
            return;
        }
        found.fix = fix::fix(&self.fix_context(found.file, trace), found).map(Box::new);
        if let Some(fix) = &found.fix {
            found.help = format!("{}. {}", found.help.trim_end_matches('.'), fix.advice());
        }
    }

    /// The rewrite that mends a finding of this state of the files, where there is one: its title, who may
    /// apply it, its edits (possibly in several files), and what stands against it.
    ///
    /// It runs the finding's file once more, so it is asked for by itself and not part of every finding.
    pub fn fix(&self, found: &Diagnostic) -> Option<Fix> {
        let mut found = found.clone();
        let trace = self.trace(found.file, found.span);
        self.add_fix(&mut found, &trace);
        found.fix.map(|fix| *fix)
    }

    fn fix_context<'a>(&'a self, file: FileId, trace: &'a Trace) -> fix::Context<'a> {
        let part = self.part(file);
        fix::Context {
            project: &part.project,
            knowledge: &part.knowledge,
            target: part.settings.target,
            target_is_said: part.settings.target_is_said,
            report: &self.outcome(part).report,
            trace,
            shapes: &self.shapes,
        }
    }

    /// What the expressions around a place stand for.
    fn trace(&self, file: FileId, span: Span) -> Trace {
        let part = self.part(file);
        scope::trace(&part.project, &part.knowledge, part.settings.target, file, span)
    }

    fn outcome<'a>(&self, part: &'a Part) -> &'a Outcome {
        part.outcome.get_or_init(|| self.run_engine(part))
    }

    /// The engine's door from this side: the estimate over the project, and the rules over that.
    fn run_engine(&self, part: &Part) -> Outcome {
        let Part { settings, knowledge, project, .. } = part;
        let target = settings.target;
        self.judge(part, estimate::analyse(project, knowledge, target, settings.exhaustive))
    }

    /// Takes from an earlier state of the same files what was found there, where the edit since then changed no more
    /// than places, so that it has not to be worked out again. True if anything was taken.
    pub fn follow(&self, earlier: &Analysis) -> bool {
        let Some(pairs) = earlier.same_parts(self) else { return false };
        let mut has_taken = false;
        for (old, part) in pairs {
            let (Some(found), None) = (old.outcome.get(), part.outcome.get()) else { continue };
            // What was recalled came without what it rests on.
            if found.report.waves.is_empty() || !Arc::ptr_eq(&old.knowledge, &part.knowledge) {
                continue;
            }
            let (knowledge, exhaustive) = (&part.knowledge, part.settings.exhaustive);
            let report = estimate::reuse::after_edit(&part.project, knowledge, exhaustive, &old.project, &found.report);
            if let Some(report) = report {
                part.outcome.get_or_init(|| self.judge(part, report));
                has_taken = true;
            }
        }
        has_taken
    }

    fn judge(&self, part: &Part, report: Report) -> Outcome {
        let Part { settings, knowledge, project, .. } = part;
        let target = settings.target;
        let trace = |file, span| self.trace(file, span);
        let mut diagnostics = rules::check(project, knowledge, &report, target, trace, |rule| part.is_rule_on(rule));
        diagnostics.retain(|found| project.reported(found.file));
        sort(&mut diagnostics);
        let mut diagnostics = self.judge_suppressions(part, diagnostics);
        sort(&mut diagnostics);
        Outcome { diagnostics, report }
    }

    /// `found`, in path order, without what comments silence, and with what is to be said of these comments.
    fn judge_suppressions(&self, part: &Part, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let mut groups: BTreeMap<FileId, Vec<Diagnostic>> = BTreeMap::new();
        for diagnostic in found {
            groups.entry(diagnostic.file).or_default().push(diagnostic);
        }
        let unused = RULES.iter().filter(|rule| part.is_rule_on(rule)).find_map(|rule| match rule.check {
            Check::Suppression(check) => Some(check),
            Check::Handover(_) | Check::Stall(_) | Check::Crossing(_) => None,
        });
        // A file without such a comment need not be parsed.
        let marked = part.reported_files().filter(|file| unused.is_some() && has_mark(self.glance(*file)));
        for file in marked {
            groups.entry(file).or_default();
        }
        let groups: Vec<(FileId, Vec<Diagnostic>)> = groups.into_iter().collect();
        groups.into_par_iter().flat_map_iter(|(file, found)| self.judge_file(file, found, unused)).collect()
    }

    fn judge_file(
        &self,
        file: FileId,
        mut found: Vec<Diagnostic>,
        unused: Option<fn(FileId, &Unused) -> Diagnostic>,
    ) -> Vec<Diagnostic> {
        let part = self.part(file);
        let parsed = part.project.parsed(file);
        let (text, lines, spans) = (self.text(file), self.lines(file), &parsed.spans);
        let suppressions = Suppressions::read(text, lines, &spans.comments, &spans.statements);
        if suppressions.directives().is_empty() {
            return found;
        }
        let statements = Nesting::new(&spans.statements);
        let silencers = |it: &Diagnostic| {
            let rows = |span: Span| lines.row(span.start)..=lines.row(span.end);
            let statement = statement_head(&parsed.facts, spans, &statements, it.span);
            let statement = statement.map(|head| head_rows(text, lines, &statements, head));
            suppressions.silence(it.code, it.name, rows(it.span), statement.unwrap_or(rows(it.span)))
        };
        let mut uses = BTreeSet::new();
        found.retain(|it| {
            let by = silencers(it);
            uses.extend(by.iter().copied());
            by.is_empty()
        });
        let Some(check) = unused else { return found };
        let functions = Nesting::new(&spans.functions);
        for unused in suppressions.unused(text, lines, &uses, |code| part.judgement(code)) {
            let mut diagnostic = check(file, &unused);
            let may_fix = part.settings.may_fix(diagnostic.code, diagnostic.name);
            diagnostic.fix.take_if(|_| !may_fix || self.cells.contains_key(self.path(file)));
            diagnostic.scope =
                rules::sites::scope(&part.project, file, functions.innermost(diagnostic.span).map(FunctionId::new));
            // A comment for all rules does not excuse itself.
            if !silencers(&diagnostic).iter().any(|(_, code)| code.is_some()) {
                found.push(diagnostic);
            }
        }
        found
    }

    /// The file's text with a comment for each of these findings that silences it, as far as one can.
    pub fn with_ignores(&self, file: FileId, found: &[&Diagnostic], reason: &str) -> String {
        let mut text = self.text(file).to_string();
        let edits = self.ignore_edits(file, found, reason);
        // From the end, so that the places before stay where they are.
        for (span, new) in edits.iter().rev() {
            if let (true, true) = (text.is_char_boundary(span.start as usize), text.is_char_boundary(span.end as usize))
            {
                text.replace_range(span.start as usize..span.end as usize, new);
            }
        }
        text
    }

    /// What [`Analysis::with_ignores`] changes: ranges in source order, and what takes their place.
    pub fn ignore_edits(&self, file: FileId, found: &[&Diagnostic], reason: &str) -> Vec<(Span, String)> {
        let parsed = self.first.project.parsed(file);
        let statements = Nesting::new(&parsed.spans.statements);
        let wanted = |it: &&Diagnostic| Wanted {
            code: it.code,
            span: it.span,
            statement: statement_head(&parsed.facts, &parsed.spans, &statements, it.span),
        };
        let wanted: Vec<Wanted<'_>> = found.iter().map(wanted).collect();
        suppress::insertions(self.text(file), self.lines(file), &parsed.spans.comments, &wanted, reason)
    }

    /// What was odd in the reported files: the first place of each that is no Python.
    ///
    /// Only files that the engine parsed are known to be odd; where there is little to parse, the others
    /// are looked at too.
    pub fn oddities(&self) -> Vec<Oddity> {
        self.oddities.get_or_init(|| self.find_oddities()).clone()
    }

    fn find_oddities(&self) -> Vec<Oddity> {
        for part in self.parts() {
            self.outcome(part);
        }
        let reported: Vec<FileId> = self.reported_files().collect();
        if self.reported_bytes() <= LITTLE {
            reported.par_iter().for_each(|file| {
                self.first.project.parsed(*file);
            });
        }
        let oddities = |file: &FileId| {
            let oddity = |span: Span, what: &str| Oddity { file: *file, span, what: what.to_string() };
            let spans = self.first.project.parsed_already(*file).map(|parsed| &parsed.spans)?;
            let error = spans.errors.first().map(|span| {
                oddity(*span, "a syntax error, or syntax that gilcheck does not know; the rest was checked")
            });
            let deep = spans.cut.map(|span| {
                oddity(
                    span,
                    "nested deeper than Python itself allows; what is inside was left out, the rest was checked",
                )
            });
            let cut = self.outcome(self.part(*file)).report.cut.get(file).map(|root| {
                let span = root.and_then(|function| spans.function_names.get(function.index()).copied());
                let what = "more to follow than gilcheck takes time for; from here on calls were followed less far";
                oddity(span.unwrap_or_default(), what)
            });
            Some(error.into_iter().chain(deep).chain(cut))
        };
        reported.iter().filter_map(oddities).flatten().collect()
    }

    /// Its text, where that is no reason to say that anything rests on it.
    pub fn glance(&self, file: FileId) -> &str {
        self.first.project.glance(file)
    }

    fn reported_bytes(&self) -> usize {
        self.reported_files().map(|file| self.glance(file).len()).sum()
    }

    /// True if something that was said rests on the file's text. Where nothing does, what is said stays the same
    /// with another text that has the same
    /// [`crate::project::scan::import_lines`] and that [`Looks::say_nothing_of`].
    pub fn rests_on(&self, file: FileId) -> bool {
        self.cells.contains_key(self.path(file)) || self.parts().any(|part| part.project.rests_on(file))
    }

    /// What there is to say, to be kept: with fixes as far as they were asked for.
    pub fn verdicts(&self) -> Verdicts {
        Verdicts {
            parts: self.parts().map(|part| self.outcome(part).diagnostics.clone()).collect(),
            fixed: self.fixed.get().cloned().unwrap_or_default(),
            oddities: self.oddities(),
        }
    }

    /// What was asked of all files.
    pub fn looks(&self) -> Looks {
        Looks {
            words: self.parts().flat_map(|part| self.outcome(part).report.words.clone()).collect(),
            names: self.parts().flat_map(|part| part.project.looks()).collect(),
            reported_bytes: self.reported_bytes(),
        }
    }

    /// An analysis that says what another one of the same files and settings said before, and has not to be worked
    /// out: of the files only the texts of [`Verdicts::files`] are needed. `None` where the verdicts are of others.
    pub fn recalled(self, verdicts: Verdicts) -> Option<Analysis> {
        let is_known = |file: &FileId| file.index() < self.first.project.len();
        if verdicts.parts.len() != self.parts().count() || !verdicts.files().iter().all(is_known) {
            return None;
        }
        for (part, diagnostics) in self.parts().zip(verdicts.parts) {
            part.outcome.set(Outcome { diagnostics, report: Report::default() }).ok()?;
        }
        self.fixed.set(verdicts.fixed).ok()?;
        self.oddities.set(verdicts.oddities).ok()?;
        Some(self)
    }

    /// Every hand-over in the reported files, in path order.
    pub fn sites(&self) -> Vec<Site> {
        let of = |part: &Part| overview::sites(&part.project, &self.outcome(part).report, part.settings.target);
        let mut sites: Vec<Site> = self.parts().flat_map(of).collect();
        sites.sort_by_key(|site| site.file);
        sites
    }

    /// The text of a file.
    pub fn text(&self, file: FileId) -> &str {
        self.first.project.text(file)
    }

    /// The path of a file.
    pub fn path(&self, file: FileId) -> &str {
        self.first.project.path(file)
    }

    /// Where the lines of a file start.
    pub fn lines(&self, file: FileId) -> &LineIndex {
        self.first.project.lines(file)
    }

    /// The cell of a notebook that a row (from 1) of its text belongs to, and the row there.
    pub fn cell(&self, file: FileId, row: u32) -> Option<(u32, u32)> {
        Notebook::place(self.cells.get(self.path(file))?, row)
    }

    /// The file at a path.
    pub fn file_at(&self, path: &str) -> Option<FileId> {
        self.first.project.file_at(path)
    }

    /// True if the findings here are those of `later` too: nothing that they rest on has changed.
    pub fn holds_for(&self, later: &Analysis) -> bool {
        self.same_parts(later).is_some_and(|mut pairs| pairs.all(|(a, b)| a.project.holds_for(&b.project)))
    }

    /// True if `later` is the same state of the same files, where also fixes are the same.
    pub fn is_same_as(&self, later: &Analysis) -> bool {
        self.same_parts(later).is_some_and(|mut pairs| pairs.all(|(a, b)| a.project.is_same_as(&b.project)))
    }

    /// Each part with the one of `later` for which the same settings hold, if both have the same parts.
    fn same_parts<'a>(&'a self, later: &'a Analysis) -> Option<impl Iterator<Item = (&'a Part, &'a Part)>> {
        let mut pairs = self.parts().zip(later.parts());
        let same = pairs.all(|(a, b)| Arc::ptr_eq(&a.settings, &b.settings)) && self.rest.len() == later.rest.len();
        same.then(|| self.parts().zip(later.parts()))
    }

    /// The files that findings are wanted in.
    pub fn reported_files(&self) -> impl Iterator<Item = FileId> {
        self.first.project.files().filter(|file| self.part(*file).project.reported(*file))
    }

    /// Why the function or the spawn site in that row (from 1) is judged as it is; `None` where the
    /// row holds neither.
    pub fn explain(&self, path: &str, row: u32) -> Option<String> {
        let file = self.file_at(path)?;
        let lines = self.lines(file);
        let part = self.part(file);
        let mut text = crate::explain::at(&part.project, &part.knowledge, part.settings.target, file, row, lines)?;
        let is_there = |found: &&Diagnostic| {
            found.file == file && (lines.row(found.span.start)..=lines.row(found.span.end)).contains(&row)
        };
        for found in self.outcome(part).diagnostics.iter().filter(is_there) {
            let trace = self.trace(file, found.span);
            crate::explain::write_rewrite(&mut text, &self.fix_context(file, &trace), found);
        }
        Some(text)
    }

    /// What there is to say of each function of a file.
    pub fn functions(&self, file: FileId) -> Vec<Account> {
        let part = self.part(file);
        explain::functions(&part.project, &part.knowledge, part.settings.target, file)
    }

    /// What there is to say of the function whose name stands at a byte, or of the work handed over there.
    pub fn accounts_at(&self, file: FileId, offset: u32) -> Vec<Account> {
        let part = self.part(file);
        explain::here(&part.project, &part.knowledge, part.settings.target, file, offset)
    }

    /// The comment at a byte.
    pub fn comment_at(&self, file: FileId, offset: u32) -> Option<Span> {
        let comments = &self.first.project.parsed(file).spans.comments;
        comments.iter().copied().find(|span| span.start <= offset && offset <= span.end)
    }

    /// Where to write what so that a finding is silenced.
    pub fn silencing_edit(&self, found: &Diagnostic) -> Option<(Span, String)> {
        self.ignore_edits(found.file, &[found], "").into_iter().next()
    }

    /// The call graph.
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        for Part { settings, knowledge, project, .. } in self.parts() {
            let (edges, summaries) = estimate::graph(project, knowledge, settings.target);
            let name = |(file, function): estimate::machine::Node| rules::sites::scope(project, file, function);
            for (&node, summary) in &summaries {
                graph.calls.entry(name(node)).or_default();
                graph.workloads.insert(name(node), summary.cost.workload());
            }
            for &(caller, callee) in &edges {
                graph.calls.entry(name(caller)).or_default().push(name(callee));
                graph.calls.entry(name(callee)).or_default();
            }
        }
        for calls in graph.calls.values_mut() {
            calls.sort_unstable();
            calls.dedup();
        }
        graph
    }

    /// What the knowledge base, with the user's own, says of qualified names.
    pub fn knowledge(&self, names: &[String]) -> Vec<Answer> {
        names.iter().map(|name| self.first.knowledge.answer(name)).collect()
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

/// The part's reported files, as its baseline names them.
fn baseline_paths(part: &Part) -> BTreeSet<String> {
    part.reported_files().map(|file| part.settings.baseline_path(part.project.path(file))).collect()
}

/// By path and place.
fn sort(found: &mut Vec<Diagnostic>) {
    found.sort_by(|a, b| (a.file, a.span, a.code, &a.message).cmp(&(b.file, b.span, b.code, &b.message)));
    found.dedup();
}

/// Whether the text may hold a comment that silences gilcheck.
fn has_mark(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has = |word: &[u8]| memchr::memmem::find(bytes, word).is_some();
    // `noqa` in any case, as ruff has it, before one of our codes.
    let names_us = |at: usize| {
        let line = bytes.get(at..).unwrap_or(b"");
        let line = line.get(..memchr::memchr(b'\n', line).unwrap_or(line.len())).unwrap_or(line);
        line.to_ascii_lowercase().windows(3).any(|part| part == b"gil")
    };
    has(b"gilcheck:")
        || [&b"noqa:"[..], b"NOQA:", b"NoQA:"].iter().any(|word| memchr::memmem::find_iter(bytes, word).any(names_us))
}

/// The rows of what [`statement_head`] gives; of one with a body, to the row with its colon.
fn head_rows(text: &str, lines: &LineIndex, statements: &Nesting, head: Span) -> RangeInclusive<u32> {
    let first = lines.row(head.start);
    if head.end > head.start {
        return first..=lines.row(head.end);
    }
    // The heads of statements hold none.
    let body = statements.next_start(head.start);
    let mut last = body.map_or(first, |start| lines.row(start)).max(first);
    let is_on_row = |row: u32| body.is_some_and(|start| lines.row(start) == row);
    let says_nothing = |row: u32| {
        let line = lines.line_span(text, row).of(text).trim_start();
        line.is_empty() || line.starts_with('#')
    };
    let begins_row = body
        .is_some_and(|start| Span { start: lines.start_of(lines.row(start)), end: start }.of(text).trim().is_empty());
    while last > first && ((is_on_row(last) && begins_row) || says_nothing(last)) {
        last -= 1;
    }
    first..=last
}

/// The innermost statement that holds the range; of one with a body, its beginning.
fn statement_head(facts: &Facts, spans: &Spans, statements: &Nesting, range: Span) -> Option<Span> {
    let index = statements.innermost(range)?;
    let span = spans.statements.get(index)?;
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
