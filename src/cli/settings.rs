//! The settings of a run: the nearest settings file, then the command line.

use super::{Choice, Failure, Options};
use crate::config::{Settings, nearest};
use crate::rules::RULES;
use crate::text::Position;
use crate::walk::Exclude;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// The settings, and the folder that their paths are relative to.
#[derive(Debug, Clone)]
pub struct Found {
    /// What a run is told to do.
    pub settings: Settings,
    /// A real path.
    pub folder: PathBuf,
}

/// Settings files, in the order in which they count.
const NAMES: [&str; 3] = [".gilcheck.toml", "gilcheck.toml", "pyproject.toml"];

/// A settings file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file.
    pub file: PathBuf,
    /// Where in it, if it could be read at all.
    pub position: Option<Position>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(at) => write!(f, "{}:{}:{}: {}", self.file.display(), at.row, at.column, self.message),
            None => write!(f, "{}: {}", self.file.display(), self.message),
        }
    }
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Failure {
        Failure::Message(broken.to_string())
    }
}

impl Found {
    /// What the walk is to leave out.
    pub fn exclude(&self, forced: bool) -> Exclude {
        Exclude { patterns: self.settings.exclude.clone(), folder: self.folder.clone(), forced }
    }
}

/// Finds and merges the settings for these paths. The settings of the first one hold for all: a run
/// sees one project.
pub(super) fn find(options: &Options, choice: &Choice, paths: &[PathBuf]) -> Result<Found, Failure> {
    let mut found = from_file(options, paths)?;
    let settings = &mut found.settings;
    if let Some(select) = &choice.select {
        settings.select = Some(select.clone());
        settings.extend_select.clear();
        settings.ignore.clear();
    }
    settings.extend_select.extend(choice.extend_select.iter().cloned());
    settings.ignore.extend(choice.ignore.iter().cloned());
    settings.exclude.extend(options.extend_exclude.iter().cloned());
    settings.exhaustive = options.exhaustive;
    if let Some(level) = choice.confidence {
        settings.confidence = level.confidence();
    }
    if let Some(target) = options.target_version {
        settings.target = target;
    }
    match unknown_selector(settings) {
        Some(message) => Err(message.into()),
        None => Ok(found),
    }
}

/// What to say where the settings select a rule that there is not.
pub fn unknown_selector(settings: &Settings) -> Option<String> {
    let rules: Vec<(&str, &str)> = RULES.iter().map(|rule| (rule.code, rule.name)).collect();
    settings.unknown_selector(&rules).map(unknown_rule)
}

/// What to say where no rule has this code or name.
pub(super) fn unknown_rule(word: &str) -> String {
    let words = RULES.iter().flat_map(|rule| [rule.code, rule.name]);
    match nearest(word, words) {
        Some(near) => {
            format!("unknown rule `{word}`; did you mean `{near}`? `gilcheck rule` lists all")
        }
        None => format!("unknown rule `{word}`; `gilcheck rule` lists all"),
    }
}

fn from_file(options: &Options, paths: &[PathBuf]) -> Result<Found, Failure> {
    let current = std::env::current_dir().unwrap_or_default();
    let here = fs::canonicalize(&current).unwrap_or(current);
    if options.isolated {
        return Ok(Found { settings: Settings::default(), folder: here });
    }
    if let Some(file) = &options.config {
        return named(file).map_err(Failure::from);
    }
    let first = paths.first().map_or(here.clone(), |path| here.join(path));
    let found = above(&first)?;
    Ok(found.unwrap_or(Found { settings: Settings::default(), folder: here }))
}

/// The settings in this file.
pub fn named(file: &Path) -> Result<Found, Broken> {
    let Some((settings, _)) = read(file)? else {
        let message = "no such settings file".to_string();
        return Err(Broken { file: file.to_path_buf(), position: None, message });
    };
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
    Ok(Found { settings, folder })
}

/// The nearest settings at or above an absolute path; `None` where no file says anything.
pub fn above(place: &Path) -> Result<Option<Found>, Broken> {
    let first = fs::canonicalize(place).unwrap_or_else(|_| place.to_path_buf());
    let mut target = None;
    for folder in first.ancestors() {
        for name in NAMES {
            let Some((mut settings, is_ours)) = read(&folder.join(name))? else { continue };
            if is_ours {
                if name != "pyproject.toml" && settings.target == Settings::default().target {
                    settings.target = target_beside(folder).unwrap_or(settings.target);
                }
                return Ok(Some(Found { settings, folder: folder.to_path_buf() }));
            }
            // A `pyproject.toml` of others still says which Python the project is for.
            target.get_or_insert((settings, folder.to_path_buf()));
        }
    }
    Ok(target.map(|(settings, folder)| Found { settings, folder }))
}

/// The settings file of a folder.
pub fn file_in(folder: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).find(|file| file.is_file())
}

/// The version that a `pyproject.toml` beside a `gilcheck.toml` asks for.
fn target_beside(folder: &Path) -> Option<crate::config::Target> {
    let text = fs::read_to_string(folder.join("pyproject.toml")).ok()?;
    Settings::from_pyproject(&text).ok().map(|read| read.settings.target)
}

/// The settings in a file, and whether it is meant for gilcheck; `None` where there is no such file.
fn read(file: &Path) -> Result<Option<(Settings, bool)>, Broken> {
    if !file.is_file() {
        return Ok(None);
    }
    let broken = |position, message| Broken { file: file.to_path_buf(), position, message };
    let text = match fs::read(file) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return Err(broken(None, error.to_string())),
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let settings = if file.file_name().is_some_and(|name| name == "pyproject.toml") {
        Settings::from_pyproject(text).map(|read| (read.settings, read.has_section))
    } else {
        Settings::from_toml(text).map(|settings| (settings, true))
    };
    settings.map(Some).map_err(|error| broken(Some(error.position), error.message))
}
