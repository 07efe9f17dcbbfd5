//! What one settings file says, or the command line: TOML to data, errors with row and column.

use super::key::{CONFIDENCES, KEYS, Key, SEVERITIES, Takes};
use super::{ConfigError, FileRules, Located, Target, UserKnowledge, UserSpawn, VEHICLES, glob, nearest};
use crate::diagnostic::{Confidence, Severity};
use crate::text::{LineIndex, Position, Span};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What was said; the rest is `None` or empty.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The file that this one builds on, and where it is named.
    pub extend: Option<(String, Position)>,
    /// Which versions of gilcheck may run, and where that is said.
    pub required_version: Option<(String, Position)>,
    /// Every selector of rules that was named, with its place.
    pub selectors: Vec<(String, Position)>,
    /// [`super::Settings::select`].
    pub select: Option<Vec<String>>,
    /// [`super::Settings::extend_select`].
    pub extend_select: Vec<String>,
    /// [`super::Settings::ignore`].
    pub ignore: Vec<String>,
    /// In place of those said before.
    pub per_file_ignores: Option<Vec<FileRules>>,
    /// Besides those said before.
    pub extend_per_file_ignores: Vec<FileRules>,
    /// [`super::Settings::fix`].
    pub fix: Option<bool>,
    /// [`super::Settings::unsafe_fixes`].
    pub unsafe_fixes: Option<bool>,
    /// In place of those said before.
    pub fixable: Option<Vec<String>>,
    /// Besides those said before.
    pub extend_fixable: Vec<String>,
    /// [`super::Settings::unfixable`].
    pub unfixable: Vec<String>,
    /// [`super::Settings::severity`].
    pub severity: Vec<(String, Severity)>,
    /// In place of the usual ones.
    pub exclude: Option<Vec<Located>>,
    /// Besides.
    pub extend_exclude: Vec<Located>,
    /// [`super::Settings::force_exclude`].
    pub force_exclude: Option<bool>,
    /// [`super::Settings::respect_gitignore`].
    pub respect_gitignore: Option<bool>,
    /// [`super::Settings::target`].
    pub target: Option<Target>,
    /// [`super::Settings::confidence`].
    pub confidence: Option<Confidence>,
    /// [`super::Settings::src`].
    pub src: Option<Vec<Located>>,
    /// [`super::Settings::knowledge`].
    pub knowledge: UserKnowledge,
    /// [`super::Settings::output_format`].
    pub output_format: Option<String>,
    /// [`super::Settings::baseline`].
    pub baseline: Option<Located>,
    /// [`super::Settings::cache_dir`].
    pub cache_dir: Option<Located>,
}

/// What a `pyproject.toml` says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Pyproject {
    /// What stands below `[tool.gilcheck]`, if that is there.
    pub section: Option<Layer>,
    /// The lowest interpreter that `requires-python` allows.
    pub requires: Option<Target>,
}

impl Layer {
    /// Reads the text of a `gilcheck.toml` that stands in `folder`.
    pub fn from_toml(text: &str, folder: &str) -> Result<Layer, ConfigError> {
        let document = parse(text)?;
        Reader { text, folder }.layer(document.get_ref())
    }

    /// Reads a `pyproject.toml` that stands in `folder`.
    pub fn from_pyproject(text: &str, folder: &str) -> Result<Pyproject, ConfigError> {
        let document = parse(text)?;
        let project = document.get_ref();
        let requires = table_at(project, "project").and_then(|table| table.get("requires-python"));
        let requires = requires.and_then(|value| value.get_ref().as_str()).and_then(Target::lowest_allowed);
        let section = match table_at(project, "tool").and_then(|tool| tool.get("gilcheck")) {
            None => None,
            Some(section) => {
                let reader = Reader { text, folder };
                Some(reader.layer(reader.table(section, "tool.gilcheck")?)?)
            }
        };
        Ok(Pyproject { section, requires })
    }
}

fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, ConfigError> {
    DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        Reader { text, folder: "" }.error(span, error.message().replace('\n', ", "))
    })
}

fn table_at<'a, 'i>(table: &'a DeTable<'i>, key: &str) -> Option<&'a DeTable<'i>> {
    table.get(key).and_then(|value| value.get_ref().as_table())
}

/// Turns TOML values into settings; holds the text for the places of errors.
struct Reader<'a> {
    text: &'a str,
    folder: &'a str,
}

type Value<'i> = Spanned<DeValue<'i>>;

impl Reader<'_> {
    fn position(&self, span: &Range<usize>) -> Position {
        LineIndex::new(self.text).position(self.text, Span::new(span.start, span.end).start)
    }

    fn error(&self, span: Range<usize>, message: String) -> ConfigError {
        ConfigError { position: self.position(&span), message }
    }

    fn layer(&self, table: &DeTable<'_>) -> Result<Layer, ConfigError> {
        let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
        self.check_keys(table, &names)?;
        let mut layer = Layer::default();
        // In the order of KEYS, not of the table, so that of several errors always the same one is said.
        for key in KEYS {
            if let Some(value) = table.get(key.name) {
                self.read(&mut layer, key, value)?;
            }
        }
        Ok(layer)
    }

    fn read(&self, layer: &mut Layer, key: &Key, value: &Value<'_>) -> Result<(), ConfigError> {
        let name = key.name;
        match name {
            "extend" => layer.extend = Some((self.some_text(value, name)?, self.position(&value.span()))),
            "required-version" => {
                layer.required_version = Some((self.some_text(value, name)?, self.position(&value.span())));
            }
            "select" => layer.select = Some(self.rules(layer, value, name)?),
            "extend-select" => layer.extend_select = self.rules(layer, value, name)?,
            "ignore" => layer.ignore = self.rules(layer, value, name)?,
            "per-file-ignores" => layer.per_file_ignores = Some(self.file_rules(layer, value, name)?),
            "extend-per-file-ignores" => layer.extend_per_file_ignores = self.file_rules(layer, value, name)?,
            "fix" => layer.fix = Some(self.flag(value, name)?),
            "unsafe-fixes" => layer.unsafe_fixes = Some(self.flag(value, name)?),
            "fixable" => layer.fixable = Some(self.rules(layer, value, name)?),
            "extend-fixable" => layer.extend_fixable = self.rules(layer, value, name)?,
            "unfixable" => layer.unfixable = self.rules(layer, value, name)?,
            "severity" => layer.severity = self.severities(layer, value)?,
            "exclude" => layer.exclude = Some(self.patterns(value, name)?),
            "extend-exclude" => layer.extend_exclude = self.patterns(value, name)?,
            "force-exclude" => layer.force_exclude = Some(self.flag(value, name)?),
            "respect-gitignore" => layer.respect_gitignore = Some(self.flag(value, name)?),
            "target-version" => {
                let text = self.string(value, name)?;
                layer.target = Some(Target::parse(text).map_err(|message| self.error(value.span(), message))?);
            }
            "confidence" => layer.confidence = confidence(self.word(value, key)?),
            "src" => layer.src = Some(self.strings(value, name)?.iter().map(|text| self.located(text)).collect()),
            "io" => layer.knowledge.io = self.strings(value, name)?,
            "cpu" => layer.knowledge.cpu = self.strings(value, name)?,
            "native" => layer.knowledge.native = self.strings(value, name)?,
            "neutral" => layer.knowledge.neutral = self.strings(value, name)?,
            "spawns" => {
                let spawns = self.array(value, name)?;
                layer.knowledge.spawns = spawns.iter().map(|spawn| self.spawn(spawn)).collect::<Result<_, _>>()?;
            }
            "output-format" => layer.output_format = Some(self.word(value, key)?.to_string()),
            "baseline" => layer.baseline = Some(self.located(&self.some_text(value, name)?)),
            "cache-dir" => layer.cache_dir = Some(self.located(&self.some_text(value, name)?)),
            // A test reads the example of every key, so none can be forgotten here.
            _ => return Err(self.error(value.span(), format!("`{name}` is not read yet"))),
        }
        Ok(())
    }

    fn located(&self, text: &str) -> Located {
        Located { folder: self.folder.to_string(), text: text.to_string() }
    }

    fn check_keys(&self, table: &DeTable<'_>, known: &[&str]) -> Result<(), ConfigError> {
        let unknown =
            table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())).min_by_key(|key| key.span().start);
        let Some(key) = unknown else { return Ok(()) };
        let word = key.get_ref().as_ref();
        // ruff and others write some keys with `_`.
        let remedy = match nearest(&word.replace('_', "-"), known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known keys: {}", known.join(", ")),
        };
        Err(self.error(key.span(), format!("unknown key `{word}`; {remedy}")))
    }

    /// Selectors, noted with their places: which rules there are is not known here.
    fn rules(&self, layer: &mut Layer, value: &Value<'_>, key: &str) -> Result<Vec<String>, ConfigError> {
        let rules = self.strings(value, key)?;
        let items = value.get_ref().as_array().into_iter().flat_map(|items| items.iter());
        layer.selectors.extend(rules.iter().cloned().zip(items.map(|item| self.position(&item.span()))));
        Ok(rules)
    }

    fn file_rules(&self, layer: &mut Layer, value: &Value<'_>, key: &str) -> Result<Vec<FileRules>, ConfigError> {
        let table = self.table(value, key)?;
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(pattern, _)| pattern.span().start);
        let mut all = Vec::with_capacity(entries.len());
        for (pattern, rules) in entries {
            let text = pattern.get_ref().as_ref();
            self.check_pattern(text.strip_prefix('!').unwrap_or(text), pattern.span(), key)?;
            all.push(FileRules { pattern: self.located(text), rules: self.rules(layer, rules, key)? });
        }
        Ok(all)
    }

    fn severities(&self, layer: &mut Layer, value: &Value<'_>) -> Result<Vec<(String, Severity)>, ConfigError> {
        let mut entries: Vec<_> = self.table(value, "severity")?.iter().collect();
        entries.sort_by_key(|(selector, _)| selector.span().start);
        let mut all = Vec::with_capacity(entries.len());
        for (selector, value) in entries {
            let word = self.string(value, "severity")?;
            let Some(severity) = severity(word) else {
                let message = format!("unknown severity `{word}`; give one of {}", SEVERITIES.join(", "));
                return Err(self.error(value.span(), message));
            };
            let selector_text = selector.get_ref().to_string();
            layer.selectors.push((selector_text.clone(), self.position(&selector.span())));
            all.push((selector_text, severity));
        }
        Ok(all)
    }

    fn patterns(&self, value: &Value<'_>, key: &str) -> Result<Vec<Located>, ConfigError> {
        let texts = self.strings(value, key)?;
        for item in value.get_ref().as_array().into_iter().flat_map(|items| items.iter()) {
            self.check_pattern(self.string(item, key)?, item.span(), key)?;
        }
        Ok(texts.iter().map(|text| self.located(text)).collect())
    }

    fn check_pattern(&self, pattern: &str, span: Range<usize>, key: &str) -> Result<(), ConfigError> {
        let wrong = |reason: String| {
            self.error(span, format!("`{key}`: `{pattern}` is no pattern: {reason}; write it as in a .gitignore"))
        };
        glob(pattern).map(drop).map_err(wrong)
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

    /// One of the words that the key takes.
    fn word<'v>(&self, value: &'v Value<'_>, key: &Key) -> Result<&'v str, ConfigError> {
        let word = self.string(value, key.name)?;
        let Takes::Word(words) = key.takes else { return Ok(word) };
        if words.contains(&word) {
            return Ok(word);
        }
        let remedy = match nearest(word, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? "),
            None => String::new(),
        };
        let message = format!("unknown {} `{word}`; {remedy}give one of {}", key.name, words.join(", "));
        Err(self.error(value.span(), message))
    }

    fn table<'v, 'i>(&self, value: &'v Value<'i>, key: &str) -> Result<&'v DeTable<'i>, ConfigError> {
        let found = value.get_ref().as_table();
        found.ok_or_else(|| self.error(value.span(), format!("`{key}` must be a table")))
    }

    fn array<'v, 'i>(&self, value: &'v Value<'i>, key: &str) -> Result<&'v [Value<'i>], ConfigError> {
        let found = value.get_ref().as_array().map(|array| &**array);
        found.ok_or_else(|| self.error(value.span(), format!("`{key}` must be a list")))
    }

    fn flag(&self, value: &Value<'_>, key: &str) -> Result<bool, ConfigError> {
        let found = value.get_ref().as_bool();
        found.ok_or_else(|| self.error(value.span(), format!("`{key}` must be true or false, without quotes")))
    }

    fn string<'v>(&self, value: &'v Value<'_>, key: &str) -> Result<&'v str, ConfigError> {
        let found = value.get_ref().as_str();
        found.ok_or_else(|| self.error(value.span(), format!("`{key}` must be a string in quotes")))
    }

    fn some_text(&self, value: &Value<'_>, key: &str) -> Result<String, ConfigError> {
        match self.string(value, key)? {
            "" => Err(self.error(value.span(), format!("`{key}` must not be empty; leave it out"))),
            text => Ok(text.to_string()),
        }
    }

    fn strings(&self, value: &Value<'_>, key: &str) -> Result<Vec<String>, ConfigError> {
        let Some(items) = value.get_ref().as_array() else {
            return Err(self.error(value.span(), format!("`{key}` must be a list of strings: [\"…\"]")));
        };
        items.iter().map(|item| self.string(item, key).map(str::to_string)).collect()
    }
}

/// The confidence of that word in [`CONFIDENCES`].
pub fn confidence(word: &str) -> Option<Confidence> {
    let all = [Confidence::Low, Confidence::Medium, Confidence::High];
    CONFIDENCES.iter().zip(all).find(|(name, _)| **name == word).map(|(_, confidence)| confidence)
}

/// The severity of that word in [`SEVERITIES`].
pub fn severity(word: &str) -> Option<Severity> {
    let all = [Severity::Error, Severity::Warning, Severity::Info];
    SEVERITIES.iter().zip(all).find(|(name, _)| **name == word).map(|(_, severity)| severity)
}
