//! The keys of a settings file: what each is for, what it takes, and the JSON schema made of that.

use super::{FORMATS, VEHICLES};
use serde_json::{Map, Value, json};

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written: `extend-exclude`.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What holds without it, as TOML; empty where nothing does.
    pub default: &'static str,
    /// A line of TOML.
    pub example: &'static str,
    /// What it is for, in one or two sentences.
    pub purpose: &'static str,
}

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A string.
    Text,
    /// A path, relative to the settings file.
    Path,
    /// Codes, beginnings of codes, names of rules, or `ALL`.
    Rules,
    /// `.gitignore` patterns.
    Patterns,
    /// Paths, relative to the settings file.
    Paths,
    /// Qualified names, perhaps with a `*` at the end.
    Names,
    /// `true` or `false`.
    Flag,
    /// A Python version.
    Version,
    /// One of some words.
    Word(&'static [&'static str]),
    /// A table from patterns to rules.
    RulesByPattern,
    /// A table from rules to `error`, `warning` or `info`.
    SeverityByRule,
    /// Tables of `name`, `vehicle` and `target`.
    Spawns,
}

impl Takes {
    /// The kind of value, for people.
    pub fn words(self) -> String {
        match self {
            Takes::Text => "a string".to_string(),
            Takes::Path => "a path".to_string(),
            Takes::Rules => "a list of rules".to_string(),
            Takes::Patterns => "a list of patterns".to_string(),
            Takes::Paths => "a list of paths".to_string(),
            Takes::Names => "a list of qualified names".to_string(),
            Takes::Flag => "true or false".to_string(),
            Takes::Version => "a Python version".to_string(),
            Takes::Word(words) => format!("one of {}", words.join(", ")),
            Takes::RulesByPattern => "a table from patterns to lists of rules".to_string(),
            Takes::SeverityByRule => "a table from rules to error, warning or info".to_string(),
            Takes::Spawns => "a list of tables with name, vehicle and target".to_string(),
        }
    }
}

/// Confidences, the least first.
pub const CONFIDENCES: &[&str] = &["low", "medium", "high"];
/// Severities, the worst first.
pub const SEVERITIES: &[&str] = &["error", "warning", "info"];

/// Every key, in the order in which people look for them.
pub const KEYS: &[Key] = &[
    Key {
        name: "extend",
        takes: Takes::Path,
        default: "",
        example: "extend = \"../gilcheck.toml\"",
        purpose: "Another settings file that this one builds on: what is said here is laid over what is said there. \
                  `~` and environment variables (`$NAME`, `${NAME}`) are replaced.",
    },
    Key {
        name: "required-version",
        takes: Takes::Text,
        default: "",
        example: "required-version = \">=0.1\"",
        purpose: "The versions of gilcheck that may run with these settings; another one ends with an error.",
    },
    Key {
        name: "select",
        takes: Takes::Rules,
        default: "",
        example: "select = [\"GIL1\", \"cpu-on-event-loop\"]",
        purpose: "The rules to run, in place of those that are on by default: codes, beginnings of codes, names, or \
                  `ALL`. Where two selectors disagree, the longer one holds.",
    },
    Key {
        name: "extend-select",
        takes: Takes::Rules,
        default: "[]",
        example: "extend-select = [\"GIL202\"]",
        purpose: "Rules to run besides.",
    },
    Key {
        name: "ignore",
        takes: Takes::Rules,
        default: "[]",
        example: "ignore = [\"GIL302\"]",
        purpose: "Rules to leave out.",
    },
    Key {
        name: "per-file-ignores",
        takes: Takes::RulesByPattern,
        default: "{}",
        example: "per-file-ignores = { \"tests/**\" = [\"ALL\"] }",
        purpose: "Rules to leave out of some files, by `.gitignore` patterns relative to the settings file; a `!` \
                  before a pattern means all files that it does not match.",
    },
    Key {
        name: "extend-per-file-ignores",
        takes: Takes::RulesByPattern,
        default: "{}",
        example: "extend-per-file-ignores = { \"scripts/*.py\" = [\"GIL2\"] }",
        purpose: "More of `per-file-ignores`, besides those of the file that this one extends.",
    },
    Key {
        name: "fix",
        takes: Takes::Flag,
        default: "false",
        example: "fix = true",
        purpose: "Apply fixes without `--fix`; `--no-fix` leaves them out for a run.",
    },
    Key {
        name: "unsafe-fixes",
        takes: Takes::Flag,
        default: "false",
        example: "unsafe-fixes = true",
        purpose: "Apply also fixes that could not be proved to keep the program's meaning, as `--unsafe-fixes` does.",
    },
    Key {
        name: "fixable",
        takes: Takes::Rules,
        default: "[\"ALL\"]",
        example: "fixable = [\"GIL9\"]",
        purpose: "The rules whose findings may be fixed. Where `unfixable` disagrees, the longer selector holds.",
    },
    Key {
        name: "extend-fixable",
        takes: Takes::Rules,
        default: "[]",
        example: "extend-fixable = [\"GIL302\"]",
        purpose: "Rules whose findings may be fixed besides.",
    },
    Key {
        name: "unfixable",
        takes: Takes::Rules,
        default: "[]",
        example: "unfixable = [\"GIL101\"]",
        purpose: "Rules whose findings are shown and never fixed, neither on the command line nor in editors.",
    },
    Key {
        name: "severity",
        takes: Takes::SeverityByRule,
        default: "{}",
        example: "severity = { GIL301 = \"error\", cpu-in-threads = \"info\" }",
        purpose: "How bad the findings of a rule are. It changes how they are shown, not whether they are.",
    },
    Key {
        name: "confidence",
        takes: Takes::Word(CONFIDENCES),
        default: "\"medium\"",
        example: "confidence = \"high\"",
        purpose: "The least confidence that a finding must have to be shown.",
    },
    Key {
        name: "target-version",
        takes: Takes::Version,
        default: "\"3.14\"",
        example: "target-version = \"3.13t\"",
        purpose: "The interpreter to judge for, `3.8` to `3.15`, with a `t` behind it for a free-threaded build; \
                  `py313` is understood too. Without it, the lowest version that `requires-python` allows.",
    },
    Key {
        name: "exclude",
        takes: Takes::Patterns,
        default: "[\".venv\", …]",
        example: "exclude = [\"build/\", \"*_pb2.py\"]",
        purpose: "Files and folders to leave out, as `.gitignore` patterns relative to the settings file, in place of \
                  the usual ones (`.git`, `.venv`, `node_modules`, …).",
    },
    Key {
        name: "extend-exclude",
        takes: Takes::Patterns,
        default: "[]",
        example: "extend-exclude = [\"generated/\"]",
        purpose: "Files and folders to leave out besides.",
    },
    Key {
        name: "force-exclude",
        takes: Takes::Flag,
        default: "false",
        example: "force-exclude = true",
        purpose: "Leave excluded files out even where they are named on the command line.",
    },
    Key {
        name: "respect-gitignore",
        takes: Takes::Flag,
        default: "true",
        example: "respect-gitignore = false",
        purpose: "Leave out what `.gitignore`, `.ignore` and git's own exclude files name.",
    },
    Key {
        name: "src",
        takes: Takes::Paths,
        default: "[]",
        example: "src = [\"lib\", \"services/billing\"]",
        purpose: "Folders that hold top-level modules, relative to the settings file. The project's root, `src` and \
                  `lib` need not be named.",
    },
    Key {
        name: "io",
        takes: Takes::Names,
        default: "[]",
        example: "io = [\"mypkg.client.fetch\", \"mypkg.db.*\"]",
        purpose: "Functions that wait, by qualified name; `*` at the end stands for all below.",
    },
    Key {
        name: "cpu",
        takes: Takes::Names,
        default: "[]",
        example: "cpu = [\"mypkg.scoring.*\"]",
        purpose: "Functions that compute and hold the GIL.",
    },
    Key {
        name: "native",
        takes: Takes::Names,
        default: "[]",
        example: "native = [\"mypkg._speedups.run\"]",
        purpose: "Functions that compute with the GIL released.",
    },
    Key {
        name: "neutral",
        takes: Takes::Names,
        default: "[]",
        example: "neutral = [\"mypkg.log\"]",
        purpose: "Functions that take no time worth counting.",
    },
    Key {
        name: "spawns",
        takes: Takes::Spawns,
        default: "[]",
        example: "spawns = [{ name = \"mypkg.background\", vehicle = \"thread\", target = \"0\" }]",
        purpose: "Functions that hand a callable to a thread, a process, an event loop or an interpreter; `target` \
                  says which argument it is, by place, by name, or both (`0:target`).",
    },
    Key {
        name: "output-format",
        takes: Takes::Word(FORMATS),
        default: "\"full\"",
        example: "output-format = \"concise\"",
        purpose: "How findings are written.",
    },
    Key {
        name: "baseline",
        takes: Takes::Path,
        default: "",
        example: "baseline = \".gilcheck-baseline.json\"",
        purpose: "A file of findings that are known and not shown; `gilcheck --baseline FILE --update-baseline` \
                  writes it.",
    },
    Key {
        name: "cache-dir",
        takes: Takes::Path,
        default: "\".gilcheck_cache\"",
        example: "cache-dir = \"build/gilcheck\"",
        purpose: "The folder in which gilcheck keeps what it found, so that a run over the same files costs little; \
                  below the folder of the settings, unless `--cache-dir` says another one.",
    },
];

/// The key of that name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The JSON schema of a settings file. `rules` lists codes and names.
pub fn schema(rules: &[(&str, &str)]) -> Value {
    let properties: Map<String, Value> = KEYS.iter().map(|key| (key.name.to_string(), property(key))).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://gilcheck.github.io/gilcheck/gilcheck.schema.json",
        "title": "gilcheck",
        "description": "Settings of gilcheck, in gilcheck.toml or below [tool.gilcheck] in pyproject.toml.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "definitions": { "rule": rule_schema(rules) },
    })
}

fn property(key: &Key) -> Value {
    let strings = json!({ "type": "array", "items": { "type": "string" } });
    let selectors = json!({ "type": "array", "items": { "$ref": "#/definitions/rule" } });
    let mut schema = match key.takes {
        Takes::Text | Takes::Path => json!({ "type": "string", "minLength": 1 }),
        Takes::Rules => selectors,
        Takes::Patterns | Takes::Paths | Takes::Names => strings,
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::Version => json!({ "type": "string", "pattern": VERSION }),
        Takes::Word(words) => json!({ "type": "string", "enum": words }),
        Takes::RulesByPattern => json!({ "type": "object", "additionalProperties": selectors }),
        Takes::SeverityByRule => json!({
            "type": "object",
            "propertyNames": { "$ref": "#/definitions/rule" },
            "additionalProperties": { "type": "string", "enum": SEVERITIES },
        }),
        Takes::Spawns => json!({
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["name", "vehicle", "target"],
                "properties": {
                    "name": { "type": "string" },
                    "vehicle": { "type": "string", "enum": VEHICLES },
                    "target": { "type": "string" },
                },
            },
        }),
    };
    if let Some(object) = schema.as_object_mut() {
        object.insert("description".to_string(), Value::String(key.purpose.to_string()));
        if let Ok(table) = format!("value = {}", key.default).parse::<toml::Table>()
            && let Some(value) = table.get("value").and_then(|value| serde_json::to_value(value).ok())
            && !key.default.contains('…')
        {
            object.insert("default".to_string(), value);
        }
    }
    schema
}

/// 3.8 to 3.15, free-threaded from 3.13.
const VERSION: &str = r"^(3\.|py3)([89]|1[0-5]|1[345]t)$";

/// `ALL`, every code, every beginning of one, and every name.
fn rule_schema(rules: &[(&str, &str)]) -> Value {
    let mut words: Vec<&str> = vec!["ALL"];
    for (code, name) in rules {
        words.extend((1..=code.len()).filter_map(|end| code.get(..end)));
        words.push(name);
    }
    words.sort_unstable();
    words.dedup();
    json!({ "type": "string", "enum": words })
}
