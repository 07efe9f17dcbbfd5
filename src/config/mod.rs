//! Settings as data, read from the text of `pyproject.toml` or `gilcheck.toml`; no file is opened here.
//!
//! ```toml
//! [tool.gilcheck]                       # top level in gilcheck.toml
//! select = ["cpu-in-threads", "GIL2"]   # codes, prefixes of codes, names, or "ALL"
//! target-version = "3.13t"
//! io = ["mypkg.client.fetch"]           # what the user knows of other functions
//! spawns = [{ name = "mypkg.run", vehicle = "thread", target = "0" }]
//! ```
//!
//! [`key`] lists the keys, [`layer`] reads one file; layers laid over each other make the [`Settings`].

pub mod key;
pub mod layer;
#[cfg(test)]
mod tests;

use crate::baseline::Baseline;
use crate::diagnostic::{Confidence, Severity};
use crate::text::Position;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use layer::Layer;
use std::fmt;

/// What a run is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Rules to run in place of those that are on by default.
    pub select: Option<Vec<String>>,
    /// Rules to run besides.
    pub extend_select: Vec<String>,
    /// Rules to leave out.
    pub ignore: Vec<String>,
    /// Rules to leave out of some files.
    pub per_file_ignores: Vec<FileRules>,
    /// Fixes are applied without being asked for.
    pub fix: bool,
    /// Also those that could not be proved to keep the program's meaning.
    pub unsafe_fixes: bool,
    /// Rules whose findings may be fixed.
    pub fixable: Vec<String>,
    /// Rules whose findings may not.
    pub unfixable: Vec<String>,
    /// How bad the findings of rules are, by selector; of equally strong ones the last counts.
    pub severity: Vec<(String, Severity)>,
    /// Files and folders to leave out.
    pub exclude: Vec<Located>,
    /// Excluded files are left out even where they are named.
    pub force_exclude: bool,
    /// What `.gitignore` and its like name is left out too.
    pub respect_gitignore: bool,
    /// The interpreter that the program runs on.
    pub target: Target,
    /// Somebody said so; else it is presumed.
    pub target_is_said: bool,
    /// Findings less sure than this are not shown.
    pub confidence: Confidence,
    /// Folders that hold top-level modules, the first before the others.
    pub src: Vec<Located>,
    /// `src` and other places where module names begin, as the engine knows folders: `lib`, `` for the base.
    pub roots: Vec<String>,
    /// The folder that the engine's paths are relative to, with `/`; empty where it does not matter.
    pub base: String,
    /// What the user knows of functions.
    pub knowledge: UserKnowledge,
    /// The word for a format of [`FORMATS`].
    pub output_format: Option<String>,
    /// A file of findings that are known and not shown.
    pub baseline: Option<Located>,
    /// What that file holds.
    pub known: Option<Baseline>,
    /// The folder in which it is kept what was found.
    pub cache_dir: Option<Located>,
    /// Every file is parsed, also those that nothing seems to need: for checking.
    pub exhaustive: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            select: None,
            extend_select: Vec::new(),
            ignore: Vec::new(),
            per_file_ignores: Vec::new(),
            fix: false,
            unsafe_fixes: false,
            fixable: vec!["ALL".to_string()],
            unfixable: Vec::new(),
            severity: Vec::new(),
            exclude: DEFAULT_EXCLUDE.iter().map(|pattern| Located::anywhere(pattern)).collect(),
            force_exclude: false,
            respect_gitignore: true,
            target: Target::NEWEST,
            target_is_said: false,
            confidence: Confidence::Medium,
            src: Vec::new(),
            roots: Vec::new(),
            base: String::new(),
            knowledge: UserKnowledge::default(),
            output_format: None,
            baseline: None,
            known: None,
            cache_dir: None,
            exhaustive: false,
        }
    }
}

/// A path or a pattern, and the folder that it is relative to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Located {
    /// With `/`; empty where the settings came without a file.
    pub folder: String,
    /// As it was written.
    pub text: String,
}

impl Located {
    /// One that means the same everywhere.
    pub fn anywhere(text: &str) -> Located {
        Located { folder: String::new(), text: text.to_string() }
    }
}

/// Rules for the files of one pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRules {
    /// As in a `.gitignore`; with `!` before it, all files that it does not match.
    pub pattern: Located,
    /// Selectors.
    pub rules: Vec<String>,
}

/// The words for output formats.
pub const FORMATS: &[&str] = &[
    "full",
    "concise",
    "grouped",
    "json",
    "json-lines",
    "github",
    "gitlab",
    "junit",
    "sarif",
    "rdjson",
    "pylint",
    "azure",
];

/// Folders that hold no code of the project's own; ruff's list.
pub const DEFAULT_EXCLUDE: &[&str] = &[
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pycache__",
    "__pypackages__",
    "_build",
    "buck-out",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
];

/// A Python interpreter, as far as it matters to threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// 3.
    pub major: u8,
    /// 14 of 3.14.
    pub minor: u8,
    /// Built without the GIL (`3.14t`).
    pub free_threaded: bool,
}

impl Target {
    /// The newest release with a GIL: what is presumed where nothing is said.
    pub const NEWEST: Target = Target { major: 3, minor: 14, free_threaded: false };
    /// Minor versions that may be asked for.
    const MINORS: std::ops::RangeInclusive<u8> = 8..=15;

    /// Reads `3.12` or `3.14t`, or `py312` and `py314t` as ruff has it; an error says what may be written.
    pub fn parse(text: &str) -> Result<Target, String> {
        let (digits, free_threaded) = match text.strip_suffix('t') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let minor = digits.strip_prefix("3.").or_else(|| digits.strip_prefix("py3"));
        let minor = minor.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let minor = minor.and_then(|minor| minor.parse::<u8>().ok());
        let Some(minor) = minor.filter(|minor| Target::MINORS.contains(minor)) else {
            return Err(format!(
                "unknown Python version `{text}`; give 3.8 to 3.15, with a `t` behind it for a free-threaded build (`3.14t`)"
            ));
        };
        if free_threaded && minor < 13 {
            return Err(format!("`{text}`: free-threaded builds begin with 3.13t"));
        }
        Ok(Target { major: 3, minor, free_threaded })
    }

    /// The lowest version that a `requires-python` such as `>=3.9,<4` allows; where it names no
    /// lower bound, the newest that it allows.
    pub fn lowest_allowed(requires_python: &str) -> Option<Target> {
        let clauses: Vec<Clause> = requires_python.split(',').filter_map(Clause::parse).collect();
        let allowed = |minor: &u8| clauses.iter().all(|clause| clause.allows(*minor));
        let minor = if clauses.iter().any(|clause| clause.is_lower_bound()) {
            Target::MINORS.clone().find(allowed)
        } else if clauses.is_empty() {
            None
        } else {
            (*Target::MINORS.start()..=Target::NEWEST.minor).rev().find(allowed)
        };
        minor.map(|minor| Target { major: 3, minor, free_threaded: false })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}{}", self.major, self.minor, if self.free_threaded { "t" } else { "" })
    }
}

/// What the user says of functions, by qualified name.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct UserKnowledge {
    /// They wait.
    pub io: Vec<String>,
    /// They compute and hold the GIL.
    pub cpu: Vec<String>,
    /// They compute and let the GIL go.
    pub native: Vec<String>,
    /// They take no time worth counting.
    pub neutral: Vec<String>,
    /// They hand a callable to a vehicle.
    pub spawns: Vec<UserSpawn>,
}

/// A function of the user's that hands a callable to a vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSpawn {
    /// Its qualified name.
    pub name: String,
    /// One of [`VEHICLES`].
    pub vehicle: String,
    /// Which argument is the callable: `0`, `target`, or `0:target`.
    pub target: String,
}

/// What may run work.
pub const VEHICLES: &[&str] = &["thread", "process", "event-loop", "interpreter", "green"];

/// What the settings say of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// It runs.
    On,
    /// It does not.
    Off,
    /// It runs if it is on by default.
    Default,
}

impl Settings {
    /// Whether the rule of this code and name is to run. The longer selector wins, so that
    /// `select = ["GIL1"]` with `ignore = ["GIL102"]` runs all of the family but one.
    pub fn selection(&self, code: &str, name: &str) -> Selection {
        let selected = self.select.as_deref().and_then(|list| strongest(list, code, name)).max(strongest(
            &self.extend_select,
            code,
            name,
        ));
        let ignored = strongest(&self.ignore, code, name);
        match (selected, ignored) {
            (Some(selected), ignored) if Some(selected) > ignored => Selection::On,
            (_, Some(_)) => Selection::Off,
            (_, None) if self.select.is_none() => Selection::Default,
            (_, None) => Selection::Off,
        }
    }

    /// Whether the rule of this code and name runs, given whether it does by default.
    pub fn runs(&self, code: &str, name: &str, by_default: bool) -> bool {
        match self.selection(code, name) {
            Selection::On => true,
            Selection::Off => false,
            Selection::Default => by_default,
        }
    }

    /// Whether findings of the rule of this code and name may be fixed.
    pub fn may_fix(&self, code: &str, name: &str) -> bool {
        strongest(&self.fixable, code, name) > strongest(&self.unfixable, code, name)
    }

    /// How bad the settings say a rule's findings are.
    pub fn severity(&self, code: &str, name: &str) -> Option<Severity> {
        let fitting = self
            .severity
            .iter()
            .filter_map(|(selector, severity)| strength(selector, code, name).map(|strength| (strength, *severity)));
        // Of equals, `max_by_key` takes the last.
        fitting.max_by_key(|(strength, _)| *strength).map(|(_, severity)| severity)
    }

    /// The first selector that fits no rule, if there is one. `rules` lists codes and names.
    pub fn unknown_selector<'a>(&'a self, rules: &[(&str, &str)]) -> Option<&'a str> {
        let selectors = self.select.iter().flatten().chain(&self.extend_select).chain(&self.ignore);
        let selectors = selectors.chain(self.fixable.iter().chain(&self.unfixable));
        let selectors = selectors.chain(self.per_file_ignores.iter().flat_map(|it| &it.rules));
        let mut selectors = selectors.chain(self.severity.iter().map(|(selector, _)| selector));
        selectors.find(|selector| !is_selector(selector, rules)).map(String::as_str)
    }

    /// Reads the text of a `gilcheck.toml`.
    pub fn from_toml(text: &str) -> Result<Settings, ConfigError> {
        let mut settings = Settings::default();
        settings.apply(&Layer::from_toml(text, "")?);
        Ok(settings)
    }

    /// Lays what a file or the command line says over what was said before.
    pub fn apply(&mut self, layer: &Layer) {
        let layer = layer.clone();
        if layer.select.is_some() {
            self.select = layer.select;
            self.extend_select.clear();
            self.ignore.clear();
        }
        self.extend_select.extend(layer.extend_select);
        self.ignore.extend(layer.ignore);
        if let Some(per_file) = layer.per_file_ignores {
            self.per_file_ignores = per_file;
        }
        self.per_file_ignores.extend(layer.extend_per_file_ignores);
        self.fix = layer.fix.unwrap_or(self.fix);
        self.unsafe_fixes = layer.unsafe_fixes.unwrap_or(self.unsafe_fixes);
        if let Some(fixable) = layer.fixable {
            self.fixable = fixable;
            self.unfixable.clear();
        }
        self.fixable.extend(layer.extend_fixable);
        self.unfixable.extend(layer.unfixable);
        self.severity.extend(layer.severity);
        if let Some(exclude) = layer.exclude {
            self.exclude = exclude;
        }
        self.exclude.extend(layer.extend_exclude);
        self.force_exclude = layer.force_exclude.unwrap_or(self.force_exclude);
        self.respect_gitignore = layer.respect_gitignore.unwrap_or(self.respect_gitignore);
        self.target = layer.target.unwrap_or(self.target);
        self.target_is_said |= layer.target.is_some();
        self.confidence = layer.confidence.unwrap_or(self.confidence);
        if let Some(src) = layer.src {
            self.src = src;
        }
        self.knowledge.io.extend(layer.knowledge.io);
        self.knowledge.cpu.extend(layer.knowledge.cpu);
        self.knowledge.native.extend(layer.knowledge.native);
        self.knowledge.neutral.extend(layer.knowledge.neutral);
        self.knowledge.spawns.extend(layer.knowledge.spawns);
        self.output_format = layer.output_format.or(self.output_format.take());
        self.baseline = layer.baseline.or(self.baseline.take());
        self.cache_dir = layer.cache_dir.or(self.cache_dir.take());
    }
}

/// The patterns of `per-file-ignores`, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct FileIgnores {
    base: String,
    entries: Vec<(FileRules, Gitignore)>,
}

impl FileIgnores {
    /// Makes the patterns of the settings ready; they were looked at when they were read.
    pub fn new(settings: &Settings) -> FileIgnores {
        let entry = |it: &FileRules| {
            let pattern = it.pattern.text.strip_prefix('!').unwrap_or(&it.pattern.text);
            glob(pattern).ok().map(|glob| (it.clone(), glob))
        };
        FileIgnores {
            base: settings.base.clone(),
            entries: settings.per_file_ignores.iter().filter_map(entry).collect(),
        }
    }

    /// Whether the rule is to be left out of the file at the engine's `path`.
    pub fn holds(&self, path: &str, code: &str, name: &str) -> bool {
        let is_for = |(it, glob): &&(FileRules, Gitignore)| {
            let inverted = it.pattern.text.starts_with('!');
            let inside = below(&it.pattern.folder, &self.base, path);
            let matched = inside.is_some_and(|path| glob.matched_path_or_any_parents(path, false).is_ignore());
            matched != inverted
        };
        self.entries.iter().filter(is_for).any(|(it, _)| strongest(&it.rules, code, name).is_some())
    }
}

impl Settings {
    /// A file's path relative to the folder of the baseline, with `..` where it lies elsewhere.
    pub fn baseline_path(&self, path: &str) -> String {
        let folder = self.baseline.as_ref().map_or("", |it| it.folder.as_str());
        if let Some(inside) = below(folder, &self.base, path) {
            return inside;
        }
        let whole = format!("{}/{path}", self.base.trim_end_matches('/'));
        let (from, to): (Vec<&str>, Vec<&str>) = (folder.split('/').collect(), whole.split('/').collect());
        let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let up = from.iter().skip(shared).map(|_| "..");
        up.chain(to.iter().skip(shared).copied()).collect::<Vec<_>>().join("/")
    }
}

/// The path of `base`/`path` from `folder`, if it lies below. Without a base or a folder the path is taken as it is.
fn below(folder: &str, base: &str, path: &str) -> Option<String> {
    if folder.is_empty() || base.is_empty() {
        return Some(path.trim_start_matches('/').to_string());
    }
    let whole = format!("{}/{path}", base.trim_end_matches('/'));
    let rest = whole.strip_prefix(folder.trim_end_matches('/'))?.strip_prefix('/')?;
    Some(rest.trim_start_matches('/').to_string())
}

/// A `.gitignore` pattern by itself; the error says what is wrong with it.
pub fn glob(pattern: &str) -> Result<Gitignore, String> {
    let mut builder = GitignoreBuilder::new("");
    builder.add_line(None, pattern).map_err(|error| glob_error(&error))?;
    builder.build().map_err(|error| glob_error(&error))
}

fn glob_error(error: &ignore::Error) -> String {
    match error {
        ignore::Error::Glob { err, .. } => err.clone(),
        ignore::Error::WithLineNumber { err, .. }
        | ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. } => glob_error(err),
        ignore::Error::Partial(_)
        | ignore::Error::Loop { .. }
        | ignore::Error::Io(_)
        | ignore::Error::UnrecognizedFileType(_)
        | ignore::Error::InvalidDefinition => error.to_string(),
    }
}

/// Why settings could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where in the text.
    pub position: Position,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.position.row, self.position.column, self.message)
    }
}

/// The candidate that `word` is most likely a slip of, if one is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
    candidates
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Whether a selector fits a rule. `rules` lists codes and names.
pub fn is_selector(selector: &str, rules: &[(&str, &str)]) -> bool {
    rules.iter().any(|(code, name)| strength(selector, code, name).is_some())
}

/// How closely the closest of some selectors names a rule.
fn strongest(selectors: &[String], code: &str, name: &str) -> Option<usize> {
    selectors.iter().filter_map(|selector| strength(selector, code, name)).max()
}

/// How closely a selector names a rule: the whole code or the name most, `ALL` least.
fn strength(selector: &str, code: &str, name: &str) -> Option<usize> {
    if selector == "ALL" {
        Some(0)
    } else if selector == name {
        Some(code.len())
    } else if code.starts_with(selector) && !selector.is_empty() {
        Some(selector.len())
    } else {
        None
    }
}

/// One clause of a version specifier: `>=3.9`.
struct Clause {
    operator: String,
    minor: u8,
    patch: Option<u32>,
    parts: usize,
    major: u32,
}

impl Clause {
    fn parse(text: &str) -> Option<Clause> {
        let text = text.trim();
        let digits = text.find(|c: char| c.is_ascii_digit())?;
        let (operator, version) = text.split_at(digits);
        let version = version.trim_end_matches(".*");
        let mut numbers = version.split('.').map(|part| {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part.get(..end).and_then(|digits| digits.parse::<u32>().ok())
        });
        let major = numbers.next()??;
        let minor = numbers.next().unwrap_or(Some(0))?;
        let patch = numbers.next().flatten();
        Some(Clause {
            operator: operator.trim().to_string(),
            minor: u8::try_from(minor).unwrap_or(u8::MAX),
            patch,
            parts: version.split('.').count(),
            major,
        })
    }

    fn is_lower_bound(&self) -> bool {
        matches!(self.operator.as_str(), ">=" | ">" | "~=" | "==" | "===" | "")
    }

    /// True if some patch release of 3.`minor` satisfies the clause.
    fn allows(&self, minor: u8) -> bool {
        let (here, bound) = ((3, u32::from(minor)), (self.major, u32::from(self.minor)));
        match self.operator.as_str() {
            ">=" | ">" => here >= bound,
            "<=" => here <= bound,
            "<" => here < bound || (here == bound && self.patch.is_some_and(|patch| patch > 0)),
            "~=" if self.parts <= 2 => here.0 == bound.0 && here >= bound,
            "==" | "===" | "" if self.parts == 1 => here.0 == bound.0,
            "==" | "===" | "~=" | "" => here == bound,
            "!=" => here != bound || self.patch.is_some(),
            _ => true,
        }
    }
}
