//! The settings of a run: what the files say, with the command line laid over it.

use super::{Choice, Failure, Options};
use crate::config::layer::Layer;
use crate::config::{FileRules, Located, glob};
use crate::discover::{Found, Overrides, Resolver, current_folder, engine_folder, rule_words, unknown_rule};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a command says of baselines.
#[derive(Debug, Default, Clone)]
pub(super) struct BaselineChoice {
    pub file: Option<PathBuf>,
    /// It is about to be written, so it need not be there.
    pub may_be_missing: bool,
}

/// The settings of a run.
#[derive(Debug)]
pub(super) struct Run {
    /// What holds for the first path, and for what concerns the run as a whole: the format, for one.
    pub found: Arc<Found>,
    /// What holds for each file.
    pub resolver: Resolver,
}

/// Finds and merges the settings for these paths.
pub(super) fn find(
    options: &Options,
    choice: &Choice,
    baseline: &BaselineChoice,
    paths: &[PathBuf],
) -> Result<Run, Failure> {
    let resolver = Resolver::new(overrides(options, choice, baseline)?);
    let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
    let found = resolver.settings(first).map_err(|error| error.to_string())?;
    match found.settings.unknown_selector(&rule_words()) {
        Some(selector) => Err(unknown_rule(selector).into()),
        None => Ok(Run { found, resolver }),
    }
}

fn overrides(options: &Options, choice: &Choice, baseline: &BaselineChoice) -> Result<Overrides, Failure> {
    let mut overrides = Overrides {
        isolated: options.isolated,
        baseline_may_be_missing: baseline.may_be_missing,
        exhaustive: options.exhaustive,
        ..Overrides::default()
    };
    let folder = engine_folder(&current_folder());
    for value in &options.config {
        if is_file(value) {
            if options.isolated {
                return Err(format!("`--config {value}` names a file, and `--isolated` reads none; drop one").into());
            }
            if overrides.file.replace(PathBuf::from(value)).is_some() {
                return Err("`--config` names two files; give one, which may `extend` the other".to_string().into());
            }
        } else {
            let layer = Layer::from_toml(value, &folder);
            overrides.layers.push(layer.map_err(|error| format!("--config `{value}`: {error}"))?);
        }
    }
    let located = |text: &String| Located { folder: folder.clone(), text: text.clone() };
    let pair = |text: &str| file_rules(text, &folder);
    let per_file = choice.per_file_ignores.as_ref();
    let layer = Layer {
        select: choice.select.clone(),
        extend_select: choice.extend_select.clone(),
        ignore: choice.ignore.clone(),
        fixable: choice.fixable.clone(),
        extend_fixable: choice.extend_fixable.clone(),
        unfixable: choice.unfixable.clone(),
        per_file_ignores: per_file.map(|list| list.iter().map(|it| pair(it)).collect()).transpose()?,
        extend_per_file_ignores: choice.extend_per_file_ignores.iter().map(|it| pair(it)).collect::<Result<_, _>>()?,
        exclude: options.exclude.as_ref().map(|list| list.iter().map(located).collect()),
        extend_exclude: options.extend_exclude.iter().map(located).collect(),
        force_exclude: flag(options.force_exclude, options.no_force_exclude),
        respect_gitignore: flag(options.respect_gitignore, options.no_respect_gitignore),
        target: options.target_version,
        confidence: choice.confidence.map(super::Level::confidence),
        baseline: baseline.file.as_ref().map(|file| located(&file.to_string_lossy().into_owned())),
        cache_dir: options.cache_dir.as_ref().map(|folder| located(&folder.to_string_lossy().into_owned())),
        ..Layer::default()
    };
    overrides.layers.push(layer);
    Ok(overrides)
}

pub(super) fn flag(yes: bool, no: bool) -> Option<bool> {
    if yes { Some(true) } else { no.then_some(false) }
}

/// A file, or what looks like the name of one.
fn is_file(value: &str) -> bool {
    PathBuf::from(value).exists() || !value.contains('=')
}

/// `tests/*.py:GIL101`; several rules of one pattern come as several pairs.
fn file_rules(text: &str, folder: &str) -> Result<FileRules, Failure> {
    let wrong = |reason: &str| Failure::Message(format!("`{text}`: {reason}; write it as in `tests/**:GIL101`"));
    let (pattern, rule) = text.rsplit_once(':').ok_or_else(|| wrong("no pattern and rule with a colon between"))?;
    glob(pattern.strip_prefix('!').unwrap_or(pattern)).map_err(|reason| wrong(&reason))?;
    let pattern = Located { folder: folder.to_string(), text: pattern.trim().to_string() };
    Ok(FileRules { pattern, rules: vec![rule.trim().to_string()] })
}
