//! The settings that hold for a path: the nearest settings file, what it extends, and what the caller says besides.
//! The only reader of settings files; the command line and the language server both ask here, by a [`Resolver`].

use crate::baseline::Baseline;
use crate::config::layer::Layer;
use crate::config::{ConfigError, Located, Settings, Target, is_selector, nearest};
use crate::rules::RULES;
use crate::source::{MOST_BYTES, too_large};
use crate::text::Position;
use crate::walk::{self, Exclude};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The names of settings files in a folder, the one that wins first.
pub const FILE_NAMES: &[&str] = &[".gilcheck.toml", "gilcheck.toml", "pyproject.toml"];

/// Files that extend each other in a longer chain than this are a mistake.
const LONGEST_CHAIN: usize = 32;

/// What the caller says besides the files.
#[derive(Debug, Default, Clone)]
pub struct Overrides {
    /// This file in place of the nearest.
    pub file: Option<PathBuf>,
    /// No file at all.
    pub isolated: bool,
    /// Laid over what the files say, in this order.
    pub layers: Vec<Layer>,
    /// The baseline is about to be written, so it need not be there.
    pub baseline_may_be_missing: bool,
    /// What is excluded is left out even where it was named, whatever the settings say.
    pub always_exclude: bool,
    /// Every file is parsed: for checking.
    pub exhaustive: bool,
}

/// Settings and where they come from.
#[derive(Debug, Clone)]
pub struct Found {
    /// What holds.
    pub settings: Settings,
    /// The folder of the settings file; without one, where the search began.
    pub folder: PathBuf,
    /// The files that were read, the nearest first.
    pub files: Vec<PathBuf>,
}

impl Found {
    /// The settings in the terms of an engine whose paths are relative to `base`, a real path.
    pub fn settings_at(&self, base: &Path) -> Settings {
        let mut settings = self.settings.clone();
        let root = |src: &Located| {
            let folder = if src.folder.is_empty() { &self.folder } else { Path::new(&src.folder) };
            walk::path_below(base, &folder.join(&src.text))
        };
        settings.roots = settings.src.iter().filter_map(root).collect();
        settings.base = engine_folder(base);
        settings
    }
}

/// Why there are no settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// The file that is wrong, as an absolute path where it is known.
    pub file: PathBuf,
    /// Where in it; `None` where it could not be read.
    pub position: Option<Position>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let here = current_folder();
        let file = shown(&self.file, &here);
        let file = file.display();
        match self.position {
            Some(at) => write!(f, "{file}:{}:{}: {}", at.row, at.column, self.message),
            None => write!(f, "{file}: {}", self.message),
        }
    }
}

impl SettingsError {
    fn new(file: &Path, message: impl Into<String>) -> SettingsError {
        SettingsError { file: file.to_path_buf(), position: None, message: message.into() }
    }

    fn at(file: &Path, position: Position, message: String) -> SettingsError {
        SettingsError { file: file.to_path_buf(), position: Some(position), message }
    }
}

/// The settings of folders: in each, those of the nearest settings file at or above it. What was read is kept.
#[derive(Debug, Default)]
pub struct Resolver {
    overrides: Overrides,
    /// By real folders. They are compared as bytes, for each file's is looked up.
    known: Mutex<BTreeMap<OsString, Resolved>>,
    /// What held where before.
    earlier: BTreeMap<OsString, Resolved>,
    /// By the folders whose settings they are.
    broken: Mutex<BTreeMap<PathBuf, SettingsError>>,
}

/// What holds in a folder.
#[derive(Debug, Clone)]
struct Resolved {
    found: Arc<Found>,
    exclude: Arc<Exclude>,
}

impl Resolver {
    /// One that has read nothing yet.
    pub fn new(overrides: Overrides) -> Resolver {
        Resolver { overrides, ..Resolver::default() }
    }

    /// One that reads everything anew; where a settings file is broken, what held before goes on to hold.
    pub fn again(&self, overrides: Overrides) -> Resolver {
        let mut earlier = self.earlier.clone();
        earlier.extend(lock(&self.known).clone());
        Resolver { overrides, earlier, ..Resolver::default() }
    }

    /// The folder in which what was found is kept, and whether whoever runs gilcheck said so. It may not be there.
    pub fn cache_folder(&self, found: &Found) -> (PathBuf, bool) {
        let is_said = self.overrides.layers.iter().any(|layer| layer.cache_dir.is_some());
        match &found.settings.cache_dir {
            Some(named) => (Path::new(&named.folder).join(expand(&named.text)), is_said),
            None => (found.folder.join(".gilcheck_cache"), false),
        }
    }

    /// The settings for the file or folder at `path`, which need not exist.
    pub fn settings(&self, path: &Path) -> Result<Arc<Found>, SettingsError> {
        Ok(self.at(&walk::real(path))?.found)
    }

    /// What the walk is to leave out of a real folder. A broken settings file is noted: [`Resolver::broken`].
    pub fn exclude(&self, folder: &Path) -> Arc<Exclude> {
        // The second time, what holds above a broken file is known.
        let resolved = self.at(folder).or_else(|_| self.at(folder));
        resolved.map(|resolved| resolved.exclude).unwrap_or_default()
    }

    /// The settings files that were read, in path order.
    pub fn files(&self) -> Vec<PathBuf> {
        let known = lock(&self.known);
        let files: BTreeSet<PathBuf> =
            known.values().flat_map(|resolved| resolved.found.files.iter().cloned()).collect();
        files.into_iter().collect()
    }

    /// The settings files that could not be read, in path order.
    pub fn broken(&self) -> Vec<SettingsError> {
        lock(&self.broken).values().cloned().collect()
    }

    /// The first of them that concerns the file at a real path.
    pub fn broken_for(&self, place: &Path) -> Option<SettingsError> {
        let broken = lock(&self.broken);
        broken.iter().find(|(folder, _)| place.starts_with(folder)).map(|(_, broken)| broken.clone())
    }

    /// The folders below `base` where other settings begin to hold than above, in the terms of an engine whose paths
    /// are relative to it: `outer` holds where none of them does.
    pub fn scopes(&self, base: &Path, outer: &Settings) -> Vec<(String, Settings)> {
        let mut scopes: Vec<(String, Settings)> = Vec::new();
        // Folders stand before what is in them.
        let known = lock(&self.known);
        for (folder, resolved) in known.iter().map(|(folder, it)| (Path::new(folder), it)) {
            if !folder.starts_with(base) {
                continue;
            }
            let parent = folder.parent().filter(|parent| parent.starts_with(base));
            let parent = parent.and_then(|parent| known.get(parent.as_os_str()));
            if parent.is_some_and(|parent| Arc::ptr_eq(&parent.found, &resolved.found)) {
                continue;
            }
            let path = walk::engine_path(base, folder);
            let settings = resolved.found.settings_at(base);
            let above = scopes.iter().rev().find(|(above, _)| is_inside(&path, above));
            if settings != *above.map_or(outer, |(_, settings)| settings) {
                scopes.push((path, settings));
            }
        }
        scopes
    }

    fn at(&self, place: &Path) -> Result<Resolved, SettingsError> {
        let is_one_for_all = self.overrides.isolated || self.overrides.file.is_some();
        let has_own = |folder: &Path| FILE_NAMES.iter().any(|name| folder.join(name).is_file());
        // The folders from here upwards that have no settings file of their own, and the first that has one.
        let mut inside: Vec<&Path> = Vec::new();
        let mut top = place;
        let known = loop {
            if let Some(known) = lock(&self.known).get(top.as_os_str()) {
                break Some(known.clone());
            }
            inside.push(top);
            match top.parent() {
                Some(parent) if is_one_for_all || !has_own(top) => top = parent,
                Some(_) | None => break None,
            }
        };
        let resolved = match known {
            Some(resolved) => resolved,
            None => self.read_at(top)?,
        };
        let mut known = lock(&self.known);
        for folder in inside {
            known.insert(folder.as_os_str().to_owned(), resolved.clone());
        }
        Ok(resolved)
    }

    fn read_at(&self, folder: &Path) -> Result<Resolved, SettingsError> {
        let overrides = &self.overrides;
        let resolved = settings_for(folder, overrides).and_then(|found| {
            let Settings { exclude, force_exclude, respect_gitignore, .. } = &found.settings;
            let exclude = Exclude::new(exclude, *force_exclude || overrides.always_exclude, *respect_gitignore);
            let exclude = Arc::new(exclude.map_err(|message| SettingsError::new(folder, message))?);
            Ok(Resolved { found: Arc::new(found), exclude })
        });
        resolved.or_else(|broken| {
            lock(&self.broken).insert(folder.to_path_buf(), broken.clone());
            if let Some(earlier) = self.earlier.get(folder.as_os_str()) {
                return Ok(earlier.clone());
            }
            // What is asked about the folder later is answered by what holds above it.
            if let Some(above) = folder.parent().and_then(|parent| self.at(parent).ok()) {
                lock(&self.known).insert(folder.as_os_str().to_owned(), above);
            }
            Err(broken)
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the engine's `path` is that of the folder or lies below it.
fn is_inside(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn settings_for(path: &Path, overrides: &Overrides) -> Result<Found, SettingsError> {
    let here = current_folder();
    let mut found = if overrides.isolated {
        Found { settings: Settings::default(), folder: here, files: Vec::new() }
    } else if let Some(file) = &overrides.file {
        let folder = file.parent().and_then(|folder| fs::canonicalize(here.join(folder)).ok()).unwrap_or(here);
        let Some(Read { layer: Some(layer), .. }) = read(file)? else {
            let message = match file.exists() {
                true => "it has no [tool.gilcheck]; add one, or give another file".to_string(),
                false => "no such settings file".to_string(),
            };
            return Err(SettingsError::new(file, message));
        };
        let requires = target_from(&folder);
        from_layer(file, layer, requires, folder)?
    } else {
        nearest_file(path, here)?
    };
    for layer in &overrides.layers {
        found.settings.apply(layer);
    }
    found.settings.exhaustive = overrides.exhaustive;
    let is_asked_for = overrides.layers.iter().any(|layer| layer.baseline.is_some());
    if overrides.baseline_may_be_missing
        && !is_asked_for
        && let Some(named) = &found.settings.baseline
    {
        stays_inside(named, "--baseline FILE")?;
    }
    read_baseline(&mut found.settings, overrides.baseline_may_be_missing)?;
    if !overrides.layers.iter().any(|layer| layer.cache_dir.is_some())
        && let Some(named) = &found.settings.cache_dir
    {
        stays_inside(named, "--cache-dir FOLDER")?;
    }
    Ok(found)
}

/// A file that is to be written because a settings file names it must lie in that one's folder: who checks a
/// repository of others does not mean to write elsewhere.
fn stays_inside(named: &Located, option: &str) -> Result<(), SettingsError> {
    let file = Path::new(&named.folder).join(expand(&named.text));
    // What is not there yet is made where the folder above it is.
    let goes_up = file.components().any(|part| part == std::path::Component::ParentDir);
    let real = file.ancestors().find_map(|above| fs::canonicalize(above).ok());
    let folder = fs::canonicalize(&named.folder);
    match (real, folder) {
        (Some(real), Ok(folder)) if real.starts_with(&folder) && (!goes_up || file.exists()) => Ok(()),
        _ => {
            let message = format!("it lies outside the folder of the settings that name it; give it with `{option}`");
            Err(SettingsError::new(Path::new(&named.text), message))
        }
    }
}

/// Reads the baseline that the settings name, and says where it really is.
fn read_baseline(settings: &mut Settings, may_be_missing: bool) -> Result<(), SettingsError> {
    let Some(named) = &settings.baseline else { return Ok(()) };
    let file = Path::new(&named.folder).join(expand(&named.text));
    let parent = file.parent().map(Path::to_path_buf).unwrap_or_default();
    let folder = fs::canonicalize(&parent).unwrap_or(parent);
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // What a variable holds may be a secret, and messages end in logs.
    let shown = if named.text.contains('$') { Path::new(&named.text) } else { &file };
    settings.known = match text_of(&file) {
        Ok(text) => match Baseline::parse(&text) {
            Ok(known) => Some(known),
            Err(_) if may_be_missing => None,
            Err((position, message)) => return Err(SettingsError::at(shown, position, message)),
        },
        Err(_) if may_be_missing => None,
        Err(error) => {
            let why = if error.kind() == std::io::ErrorKind::NotFound { "no such file" } else { &error.to_string() };
            let remedy = "write the baseline with `gilcheck --baseline FILE --update-baseline`";
            return Err(SettingsError::new(shown, format!("{why}; {remedy}")));
        }
    };
    settings.baseline = Some(Located { folder: engine_folder(&folder), text: name });
    Ok(())
}

/// What to say where no rule has this code or name.
pub fn unknown_rule(word: &str) -> String {
    let words = RULES.iter().flat_map(|rule| [rule.code, rule.name]);
    match nearest(word, words) {
        Some(near) => format!("unknown rule `{word}`; did you mean `{near}`? `gilcheck rule` lists all"),
        None => format!("unknown rule `{word}`; `gilcheck rule` lists all"),
    }
}

/// The codes and names of all rules.
pub fn rule_words() -> Vec<(&'static str, &'static str)> {
    RULES.iter().map(|rule| (rule.code, rule.name)).collect()
}

/// The folder that relative paths are relative to.
pub fn current_folder() -> PathBuf {
    let current = std::env::current_dir().unwrap_or_default();
    fs::canonicalize(&current).unwrap_or(current)
}

/// A path as the engine writes folders: with `/`.
pub fn engine_folder(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    if text == "/" { text } else { text.trim_end_matches('/').to_string() }
}

fn nearest_file(path: &Path, here: PathBuf) -> Result<Found, SettingsError> {
    let start = here.join(path);
    let start = fs::canonicalize(&start).unwrap_or(start);
    for folder in start.ancestors() {
        for name in FILE_NAMES {
            let file = folder.join(name);
            // A `pyproject.toml` without a section of ours is somebody else's.
            let Some(Read { layer: Some(layer), requires }) = read(&file)? else { continue };
            let requires = requires.or_else(|| target_from(&start));
            return from_layer(&file, layer, requires, folder.to_path_buf());
        }
    }
    let folder = project_above(&start).unwrap_or(here);
    if let Some(file) = user_file().filter(|file| file.is_file())
        && let Some(Read { layer: Some(layer), .. }) = read(&file)?
    {
        return from_layer(&file, layer, target_from(&start), folder);
    }
    let settings = presumed(target_from(&start));
    Ok(Found { settings, folder, files: Vec::new() })
}

/// Error messages name files the short way.
fn shown(file: &Path, here: &Path) -> PathBuf {
    file.strip_prefix(here).map_or_else(|_| file.to_path_buf(), Path::to_path_buf)
}

/// The settings file of the person, for folders without one.
fn user_file() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let folder = folder.or_else(|| if cfg!(windows) { set("APPDATA") } else { None });
    let folder = folder.or_else(|| std::env::home_dir().map(|home| home.join(".config")))?;
    Some(folder.join("gilcheck").join("gilcheck.toml"))
}

/// The nearest folder with a `pyproject.toml`, whoever it is for.
fn project_above(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|folder| folder.join("pyproject.toml").is_file()).map(Path::to_path_buf)
}

/// The version that the nearest `pyproject.toml` asks for. One that cannot be read asks for nothing.
fn target_from(start: &Path) -> Option<Target> {
    let text = text_of(&project_above(start)?.join("pyproject.toml")).ok()?;
    Layer::from_pyproject(&text, "").ok()?.requires
}

/// The settings where no file says anything, for the lowest interpreter that the project allows.
fn presumed(requires: Option<Target>) -> Settings {
    let target = requires.unwrap_or(Target::NEWEST);
    Settings { target, target_is_said: requires.is_some(), ..Settings::default() }
}

/// Lays the file over what it extends.
fn from_layer(file: &Path, layer: Layer, requires: Option<Target>, folder: PathBuf) -> Result<Found, SettingsError> {
    let here = current_folder();
    let near = |file: &Path| shown(file, &here).display().to_string();
    // What a variable holds may be a secret, and messages end in logs.
    let named = |text: &str, file: &Path| if text.contains('$') { text.to_string() } else { near(file) };
    let mut files = vec![file.to_path_buf()];
    let mut layers = vec![layer];
    while let Some((file, layer)) = files.last().zip(layers.last()) {
        check(file, layer)?;
        let Some((text, position)) = &layer.extend else { break };
        let base = file.parent().unwrap_or(Path::new("")).join(expand(text));
        let wrong = |message: String| SettingsError::at(file, *position, message);
        let same = |other: &PathBuf| fs::canonicalize(other).ok() == fs::canonicalize(&base).ok();
        if !base.is_file() {
            return Err(wrong(format!("`extend`: {}: no such file; give its path from here", named(text, &base))));
        }
        if files.iter().any(same) || files.len() > LONGEST_CHAIN {
            return Err(wrong(format!(
                "`extend`: {} extends this file again; leave one of them out",
                named(text, &base)
            )));
        }
        let Some(Read { layer: Some(layer), .. }) = read(&base)? else {
            return Err(wrong(format!("`extend`: {} has no [tool.gilcheck]", named(text, &base))));
        };
        files.push(base);
        layers.push(layer);
    }
    let mut settings = presumed(requires);
    for layer in layers.iter().rev() {
        settings.apply(layer);
    }
    Ok(Found { settings, folder, files })
}

/// `~` and `$NAME` as a shell has them; what is not set stays as it is.
fn expand(text: &str) -> PathBuf {
    let home = std::env::home_dir().map(|home| home.to_string_lossy().into_owned());
    let text = match (text.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with(['/', '\\']) => format!("{home}{rest}"),
        _ => text.to_string(),
    };
    let mut result = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        let (name, behind) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, behind)) => (name, behind),
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                after.split_at(end)
            }
        };
        match std::env::var(name) {
            Ok(value) if !name.is_empty() => {
                result.push_str(&value);
                rest = behind;
            }
            _ => {
                result.push('$');
                rest = after;
            }
        }
    }
    result.push_str(rest);
    PathBuf::from(result)
}

/// What can be said only with the rules and the version at hand.
fn check(file: &Path, layer: &Layer) -> Result<(), SettingsError> {
    let rules = rule_words();
    if let Some((selector, position)) = layer.selectors.iter().find(|(selector, _)| !is_selector(selector, &rules)) {
        return Err(SettingsError::at(file, *position, unknown_rule(selector)));
    }
    if let Some((required, position)) = &layer.required_version {
        match satisfies(env!("CARGO_PKG_VERSION"), required) {
            Some(true) => {}
            Some(false) => {
                let message = format!(
                    "`required-version`: {required} is asked for, this is {}; install another version",
                    env!("CARGO_PKG_VERSION")
                );
                return Err(SettingsError::at(file, *position, message));
            }
            None => {
                let message = format!("`required-version`: `{required}` is no version; write `0.1.0` or `>=0.1,<1`");
                return Err(SettingsError::at(file, *position, message));
            }
        }
    }
    Ok(())
}

/// Whether a version is one of those that `required` names; `None` where that is no list of versions.
fn satisfies(version: &str, required: &str) -> Option<bool> {
    let numbers = |text: &str| -> Option<Vec<u64>> { text.trim().split('.').map(|part| part.parse().ok()).collect() };
    let version = numbers(version)?;
    let mut all = true;
    for clause in required.split(',') {
        let clause = clause.trim();
        let digits = clause.find(|c: char| c.is_ascii_digit())?;
        let (operator, bound) = clause.split_at(digits);
        let mut bound = numbers(bound)?;
        let given = bound.len();
        bound.resize(version.len().max(given), 0);
        let mut version = version.clone();
        version.resize(bound.len(), 0);
        all &= match operator.trim() {
            ">=" => version >= bound,
            ">" => version > bound,
            "<=" => version <= bound,
            "<" => version < bound,
            "!=" => version != bound,
            "" | "==" => version == bound,
            "~=" => {
                let shared = given.saturating_sub(1);
                version >= bound && version.iter().take(shared).eq(bound.iter().take(shared))
            }
            _ => return None,
        };
    }
    Some(all)
}

/// A settings file: what it says, if it is meant for gilcheck, and the interpreter of the project.
struct Read {
    layer: Option<Layer>,
    requires: Option<Target>,
}

/// The text of a file that may be anything.
fn text_of(file: &Path) -> std::io::Result<String> {
    let bytes = walk::bytes_of(file)?;
    if bytes.len() > MOST_BYTES {
        return Err(std::io::Error::other(too_large().reason));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `None` where there is no such file.
fn read(file: &Path) -> Result<Option<Read>, SettingsError> {
    if !file.is_file() {
        return Ok(None);
    }
    let text = text_of(file).map_err(|error| SettingsError::new(file, error.to_string()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let here = current_folder();
    let parent = here.join(file).parent().map(Path::to_path_buf).unwrap_or_default();
    let folder = engine_folder(&fs::canonicalize(&parent).unwrap_or(parent));
    let wrong = |error: ConfigError| SettingsError::at(&here.join(file), error.position, error.message);
    if file.file_name().is_some_and(|name| name == "pyproject.toml") {
        let read = Layer::from_pyproject(text, &folder).map_err(wrong)?;
        Ok(Some(Read { layer: read.section, requires: read.requires }))
    } else {
        let layer = Layer::from_toml(text, &folder).map_err(wrong)?;
        Ok(Some(Read { layer: Some(layer), requires: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for (required, expected) in [
            (">=0.1", Some(true)),
            (">=0.1,<0.10", Some(true)),
            ("0.2.3", Some(true)),
            ("==0.2", Some(false)),
            ("~=0.2.1", Some(true)),
            ("~=0.1.0", Some(false)),
            ("!=0.2.3", Some(false)),
            (">0.10", Some(false)),
            ("soon", None),
            (">=", None),
        ] {
            assert_eq!(satisfies("0.2.3", required), expected, "{required}");
        }
    }

    #[test]
    fn unset_variables_stay() {
        assert_eq!(
            expand("a/$GILCHECK_UNSET_1/${GILCHECK_UNSET_2}/b$"),
            PathBuf::from("a/$GILCHECK_UNSET_1/${GILCHECK_UNSET_2}/b$")
        );
    }
}
