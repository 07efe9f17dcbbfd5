//! The settings of a run: the nearest settings file, then the command line.

use super::{Choice, Failure, Options};
use crate::config::{Settings, nearest};
use crate::rules::RULES;
use crate::walk::Exclude;
use std::fs;
use std::path::{Path, PathBuf};

/// The settings, and the folder that their paths are relative to.
#[derive(Debug)]
pub(super) struct Found {
    pub settings: Settings,
    pub folder: PathBuf,
}

impl Found {
    /// What the walk is to leave out.
    pub fn exclude(&self, options: &Options) -> Exclude {
        Exclude { patterns: self.settings.exclude.clone(), folder: self.folder.clone(), forced: options.force_exclude }
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
    let rules: Vec<(&str, &str)> = RULES.iter().map(|rule| (rule.code, rule.name)).collect();
    match settings.unknown_selector(&rules) {
        Some(selector) => Err(unknown_rule(selector).into()),
        None => Ok(found),
    }
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
        let folder = file.parent().and_then(|folder| fs::canonicalize(here.join(folder)).ok());
        let settings = read(file)?.map(|(settings, _)| settings);
        let Some(settings) = settings else {
            return Err(format!("{}: no such settings file", file.display()).into());
        };
        return Ok(Found { settings, folder: folder.unwrap_or(here) });
    }
    let first = paths.first().map_or(here.clone(), |path| here.join(path));
    let first = fs::canonicalize(&first).unwrap_or(first);
    let mut target = None;
    for folder in first.ancestors() {
        for name in [".gilcheck.toml", "gilcheck.toml", "pyproject.toml"] {
            let Some((mut settings, is_ours)) = read(&folder.join(name))? else { continue };
            if is_ours {
                if name != "pyproject.toml" && settings.target == Settings::default().target {
                    settings.target = target_beside(folder).unwrap_or(settings.target);
                }
                return Ok(Found { settings, folder: folder.to_path_buf() });
            }
            // A `pyproject.toml` of others still says which Python the project is for.
            target.get_or_insert((settings, folder.to_path_buf()));
        }
    }
    let (settings, folder) = target.unwrap_or((Settings::default(), here));
    Ok(Found { settings, folder })
}

/// The version that a `pyproject.toml` beside a `gilcheck.toml` asks for.
fn target_beside(folder: &Path) -> Option<crate::config::Target> {
    let text = fs::read_to_string(folder.join("pyproject.toml")).ok()?;
    Settings::from_pyproject(&text).ok().map(|read| read.settings.target)
}

/// The settings in a file, and whether it is meant for gilcheck; `None` where there is no such file.
fn read(file: &Path) -> Result<Option<(Settings, bool)>, Failure> {
    if !file.is_file() {
        return Ok(None);
    }
    let text = match fs::read(file) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return Err(format!("{}: {error}", file.display()).into()),
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let settings = if file.file_name().is_some_and(|name| name == "pyproject.toml") {
        Settings::from_pyproject(text).map(|read| (read.settings, read.has_section))
    } else {
        Settings::from_toml(text).map(|settings| (settings, true))
    };
    settings.map(Some).map_err(|error| Failure::Message(format!("{}:{error}", file.display())))
}
