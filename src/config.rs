//! Settings as data, read from the text of `pyproject.toml` or `gilcheck.toml`; no file is opened here.
//!
//! ```toml
//! [tool.gilcheck]                       # top level in gilcheck.toml
//! select = ["cpu-in-threads", "GIL2"]   # codes, prefixes of codes, names, or "ALL"
//! target-version = "3.13t"
//! io = ["mypkg.client.fetch"]           # what the user knows of other functions
//! spawns = [{ name = "mypkg.run", vehicle = "thread", target = "0" }]
//! ```

use crate::diagnostic::Confidence;
use crate::text::{LineIndex, Position, Span};
use std::fmt;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What a run is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Rules to run in place of those that are on by default.
    pub select: Option<Vec<String>>,
    /// Rules to run besides.
    pub extend_select: Vec<String>,
    /// Rules to leave out.
    pub ignore: Vec<String>,
    /// Files and folders to leave out, as `.gitignore` patterns.
    pub exclude: Vec<String>,
    /// The interpreter that the program runs on.
    pub target: Target,
    /// Findings less sure than this are not shown.
    pub confidence: Confidence,
    /// Folders that hold top-level modules, relative to the settings file.
    pub src: Vec<String>,
    /// What the user knows of functions.
    pub knowledge: UserKnowledge,
    /// Every file is parsed, also those that nothing seems to need: for checking.
    pub exhaustive: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            select: None,
            extend_select: Vec::new(),
            ignore: Vec::new(),
            exclude: DEFAULT_EXCLUDE.iter().map(ToString::to_string).collect(),
            target: Target::NEWEST,
            confidence: Confidence::Medium,
            src: Vec::new(),
            knowledge: UserKnowledge::default(),
            exhaustive: false,
        }
    }
}

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

    /// Reads `3.12` or `3.14t`; an error says what may be written.
    pub fn parse(text: &str) -> Result<Target, String> {
        let (digits, free_threaded) = match text.strip_suffix('t') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let minor = digits.strip_prefix("3.").and_then(|minor| minor.parse::<u8>().ok());
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
        let strongest =
            |selectors: &[String]| selectors.iter().filter_map(|selector| strength(selector, code, name)).max();
        let selected = self.select.as_deref().and_then(strongest).max(strongest(&self.extend_select));
        let ignored = strongest(&self.ignore);
        match (selected, ignored) {
            (Some(selected), ignored) if Some(selected) > ignored => Selection::On,
            (_, Some(_)) => Selection::Off,
            (_, None) if self.select.is_none() => Selection::Default,
            (_, None) => Selection::Off,
        }
    }

    /// The first selector that fits no rule, if there is one. `rules` lists codes and names.
    pub fn unknown_selector<'a>(&'a self, rules: &[(&str, &str)]) -> Option<&'a str> {
        let known = |selector: &&String| rules.iter().any(|(code, name)| strength(selector, code, name).is_some());
        let selectors = self.select.iter().flatten().chain(&self.extend_select).chain(&self.ignore);
        selectors.into_iter().find(|selector| !known(selector)).map(String::as_str)
    }

    /// Reads the text of a `gilcheck.toml`, or what stands below `[tool.gilcheck]`.
    pub fn from_toml(text: &str) -> Result<Settings, ConfigError> {
        let document = parse(text)?;
        Reader { text }.settings(document.get_ref(), Settings::default())
    }

    /// Reads a `pyproject.toml`. A file without `[tool.gilcheck]` still gives the target version.
    pub fn from_pyproject(text: &str) -> Result<Pyproject, ConfigError> {
        let document = parse(text)?;
        let project = document.get_ref();
        let mut settings = Settings::default();
        let requires = table_at(project, "project").and_then(|table| table.get("requires-python"));
        if let Some(target) = requires.and_then(|v| v.get_ref().as_str()).and_then(Target::lowest_allowed) {
            settings.target = target;
        }
        match table_at(project, "tool").and_then(|tool| tool.get("gilcheck")) {
            None => Ok(Pyproject { settings, has_section: false }),
            Some(section) => {
                let reader = Reader { text };
                let table = reader.table(section, "tool.gilcheck")?;
                let settings = reader.settings(table, settings)?;
                Ok(Pyproject { settings, has_section: true })
            }
        }
    }
}

/// What a `pyproject.toml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pyproject {
    /// The settings, the defaults where it says nothing.
    pub settings: Settings,
    /// True if it has a `[tool.gilcheck]`.
    pub has_section: bool,
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

const KEYS: &[&str] = &[
    "select",
    "extend-select",
    "ignore",
    "exclude",
    "extend-exclude",
    "target-version",
    "confidence",
    "src",
    "io",
    "cpu",
    "native",
    "neutral",
    "spawns",
];

fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, ConfigError> {
    DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        Reader { text }.error(span, error.message().replace('\n', ", "))
    })
}

fn table_at<'a, 'i>(table: &'a DeTable<'i>, key: &str) -> Option<&'a DeTable<'i>> {
    table.get(key).and_then(|value| value.get_ref().as_table())
}

/// Turns TOML values into settings; holds the text for the places of errors.
struct Reader<'a> {
    text: &'a str,
}

type Value<'i> = Spanned<DeValue<'i>>;

impl Reader<'_> {
    fn error(&self, span: Range<usize>, message: String) -> ConfigError {
        let position = LineIndex::new(self.text).position(self.text, Span::new(span.start, span.end).start);
        ConfigError { position, message }
    }

    fn settings(&self, table: &DeTable<'_>, mut settings: Settings) -> Result<Settings, ConfigError> {
        self.check_keys(table, KEYS)?;
        // In the order of KEYS, not of the table, so that `exclude` precedes `extend-exclude`.
        for &key in KEYS {
            let Some(value) = table.get(key) else { continue };
            match key {
                "select" => settings.select = Some(self.strings(value, key)?),
                "extend-select" => settings.extend_select = self.strings(value, key)?,
                "ignore" => settings.ignore = self.strings(value, key)?,
                "exclude" => settings.exclude = self.strings(value, key)?,
                "extend-exclude" => settings.exclude.extend(self.strings(value, key)?),
                "target-version" => {
                    let text = self.string(value, key)?;
                    settings.target = Target::parse(text).map_err(|message| self.error(value.span(), message))?;
                }
                "confidence" => settings.confidence = self.confidence(value)?,
                "src" => settings.src = self.strings(value, key)?,
                "io" => settings.knowledge.io = self.strings(value, key)?,
                "cpu" => settings.knowledge.cpu = self.strings(value, key)?,
                "native" => settings.knowledge.native = self.strings(value, key)?,
                "neutral" => settings.knowledge.neutral = self.strings(value, key)?,
                "spawns" => {
                    let spawns = self.array(value, key)?;
                    settings.knowledge.spawns =
                        spawns.iter().map(|spawn| self.spawn(spawn)).collect::<Result<_, _>>()?;
                }
                _ => {}
            }
        }
        Ok(settings)
    }

    fn check_keys(&self, table: &DeTable<'_>, known: &[&str]) -> Result<(), ConfigError> {
        let unknown =
            table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())).min_by_key(|key| key.span().start);
        let Some(key) = unknown else { return Ok(()) };
        let word = key.get_ref().as_ref();
        let remedy = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known keys: {}", known.join(", ")),
        };
        Err(self.error(key.span(), format!("unknown key `{word}`; {remedy}")))
    }

    fn spawn(&self, value: &Value<'_>) -> Result<UserSpawn, ConfigError> {
        let keys = &["name", "vehicle", "target"];
        let table = self.table(value, "spawns")?;
        self.check_keys(table, keys)?;
        let get = |key: &str| {
            let example = "{ name = \"pkg.run\", vehicle = \"thread\", target = \"0\" }";
            table.get(key).ok_or_else(|| self.error(value.span(), format!("`spawns` needs `{key}`: {example}")))
        };
        let vehicle = get("vehicle")?;
        let word = self.string(vehicle, "vehicle")?;
        if !VEHICLES.contains(&word) {
            let message = format!("unknown vehicle `{word}`; give one of {}", VEHICLES.join(", "));
            return Err(self.error(vehicle.span(), message));
        }
        Ok(UserSpawn {
            name: self.string(get("name")?, "name")?.to_string(),
            vehicle: word.to_string(),
            target: self.string(get("target")?, "target")?.to_string(),
        })
    }

    fn confidence(&self, value: &Value<'_>) -> Result<Confidence, ConfigError> {
        match self.string(value, "confidence")? {
            "low" => Ok(Confidence::Low),
            "medium" => Ok(Confidence::Medium),
            "high" => Ok(Confidence::High),
            other => {
                let message = format!("unknown confidence `{other}`; give low, medium or high");
                Err(self.error(value.span(), message))
            }
        }
    }

    fn table<'v, 'i>(&self, value: &'v Value<'i>, key: &str) -> Result<&'v DeTable<'i>, ConfigError> {
        let found = value.get_ref().as_table();
        found.ok_or_else(|| self.error(value.span(), format!("`{key}` must be a table")))
    }

    fn array<'v, 'i>(&self, value: &'v Value<'i>, key: &str) -> Result<&'v [Value<'i>], ConfigError> {
        let found = value.get_ref().as_array().map(|array| &**array);
        found.ok_or_else(|| self.error(value.span(), format!("`{key}` must be a list")))
    }

    fn string<'v>(&self, value: &'v Value<'_>, key: &str) -> Result<&'v str, ConfigError> {
        let found = value.get_ref().as_str();
        found.ok_or_else(|| self.error(value.span(), format!("`{key}` must be a string in quotes")))
    }

    fn strings(&self, value: &Value<'_>, key: &str) -> Result<Vec<String>, ConfigError> {
        let Some(items) = value.get_ref().as_array() else {
            return Err(self.error(value.span(), format!("`{key}` must be a list of strings: [\"…\"]")));
        };
        items.iter().map(|item| self.string(item, key).map(str::to_string)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn error(text: &str, expected: &str) {
        assert_eq!(Settings::from_toml(text).unwrap_err().to_string(), expected);
    }

    #[test]
    fn errors_say_where_and_what_to_write() {
        error("selct = []", "1:1: unknown key `selct`; did you mean `select`?");
        error("\nsrc = [1]", "2:8: `src` must be a string in quotes");
        error("io = 'a.b'", "1:6: `io` must be a list of strings: [\"…\"]");
        error(
            "target-version = '3.7'",
            "1:18: unknown Python version `3.7`; give 3.8 to 3.15, with a `t` behind it for a free-threaded build (`3.14t`)",
        );
        error(
            "spawns = [{ name = 'a.b', vehicle = 'boat', target = '0' }]",
            "1:37: unknown vehicle `boat`; give one of thread, process, event-loop, interpreter, green",
        );
        assert!(Settings::from_toml("select = [").unwrap_err().to_string().starts_with("1:1"));
    }

    #[test]
    fn a_pyproject_gives_settings_and_the_target() {
        let text = "[project]\nrequires-python = '>=3.9,<4'\n[tool.gilcheck]\nio = ['a.b']\nextend-exclude = ['gen']\n";
        let read = Settings::from_pyproject(text).unwrap();
        assert!(read.has_section);
        assert_eq!(read.settings.target.to_string(), "3.9");
        assert_eq!(read.settings.knowledge.io, ["a.b"]);
        assert!(read.settings.exclude.contains(&"gen".to_string()));
        assert!(read.settings.exclude.contains(&".venv".to_string()));
        let without = Settings::from_pyproject("[tool.ruff]\nline-length = 3").unwrap();
        assert!(!without.has_section);
        assert_eq!(without.settings, Settings::default());
    }

    #[test]
    fn the_lowest_allowed_version() {
        for (requires, expected) in [
            (">=3.9", "3.9"),
            (">= 3.10.2, <3.13", "3.10"),
            (">=3.6", "3.8"),
            (">3.8", "3.8"),
            ("~=3.11", "3.11"),
            ("~=3.11.4", "3.11"),
            ("==3.12.*", "3.12"),
            (">=3.9,!=3.9.*", "3.10"),
            ("<3.12", "3.11"),
            ("<4", "3.14"),
            (">=3", "3.8"),
            ("!=3.9.1,>=3.9", "3.9"),
        ] {
            let found = Target::lowest_allowed(requires).map(|target| target.to_string());
            assert_eq!(found.as_deref(), Some(expected), "{requires}");
        }
        assert_eq!(Target::lowest_allowed("nonsense"), None);
    }

    #[test]
    fn targets_are_ordered_and_checked() {
        let parse = |text| Target::parse(text).unwrap();
        assert!(parse("3.9") < parse("3.13") && parse("3.13") < parse("3.13t"));
        assert_eq!(parse("3.14t").to_string(), "3.14t");
        for wrong in ["3.12t", "2.7", "3", "py312", "3.16", ""] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_longer_selector_wins() {
        let settings = |select: &[&str], ignore: &[&str]| Settings {
            select: (!select.is_empty()).then(|| select.iter().map(ToString::to_string).collect()),
            ignore: ignore.iter().map(ToString::to_string).collect(),
            ..Settings::default()
        };
        let of = |settings: Settings| settings.selection("GIL102", "cpu-in-background-thread");
        assert_eq!(of(settings(&[], &[])), Selection::Default);
        assert_eq!(of(settings(&["ALL"], &[])), Selection::On);
        assert_eq!(of(settings(&["GIL1"], &["GIL102"])), Selection::Off);
        assert_eq!(of(settings(&["GIL102"], &["GIL1"])), Selection::On);
        assert_eq!(of(settings(&["cpu-in-background-thread"], &["ALL"])), Selection::On);
        assert_eq!(of(settings(&["GIL2"], &[])), Selection::Off);
        let rules = [("GIL101", "cpu-in-threads")];
        assert_eq!(settings(&["GIL1", "GIL9"], &[]).unknown_selector(&rules), Some("GIL9"));
    }
}
