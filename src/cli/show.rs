//! The commands that answer questions: `explain`, `knowledge`, `graph`, `rule`, `version`.

use super::check::{Progress, load};
use super::settings::{self, BaselineChoice};
use super::{
    AnswerFormat, Choice, Cli, Config, ConfigFormat, Exit, Explain, Failure, Graph, GraphFormat, Knowledge, Rule, Shell,
};
use crate::analysis::{self, AnalysisHost};
use crate::config::key::{self, KEYS, Key};
use crate::config::{Located, Settings, nearest};
use crate::cost::Workload;
use crate::discover::{Found, rule_words, unknown_rule};
use crate::knowledge::{Answer, Knowledge as KnowledgeBase};
use crate::render::harmless;
use crate::rules::{RULES, Rule as Registered};
use crate::walk::Given;
use clap::CommandFactory;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

pub(super) fn explain(arguments: &Explain) -> Result<Exit, Failure> {
    let (file, row) = place(&arguments.place)?;
    let paths = [file.clone()];
    let run = settings::find(&arguments.options, &Choice::default(), &BaselineChoice::default(), &paths)?;
    let loaded = load(&given(&paths), &run, &Progress::new(true))?;
    // Where the file could not be read, its trouble has been said.
    let Some(id) = loaded.analysis.reported_files().next() else { return Ok(Exit::Failed) };
    let lines = loaded.analysis.lines(id).lines();
    if row as usize > lines {
        return Err(format!("{}: line {row} is beyond its end ({lines} lines)", file.display()).into());
    }
    let text = loaded.analysis.explain(loaded.analysis.path(id), row);
    let text = text.unwrap_or_else(|| {
        format!("{}: no function and nothing handed to a thread, process or event loop\n", arguments.place)
    });
    print(&harmless_lines(&text))
}

fn given(paths: &[PathBuf]) -> Vec<Given> {
    paths.iter().cloned().map(Given::Path).collect()
}

/// Splits `FILE:LINE`, or `FILE:LINE:COLUMN` as findings are printed.
fn place(text: &str) -> Result<(PathBuf, u32), Failure> {
    let split = |text: &str| {
        let (file, row) = text.rsplit_once(':')?;
        let row = row.parse::<u32>().ok().filter(|row| *row > 0)?;
        Some((file.to_string(), row))
    };
    let Some((file, row)) = split(text) else {
        return Err(format!("`{text}` is no FILE:LINE; give one as in `gilcheck explain app.py:12`").into());
    };
    match split(&file) {
        Some((inner, inner_row)) if !PathBuf::from(&file).exists() => Ok((PathBuf::from(inner), inner_row)),
        _ => Ok((PathBuf::from(file), row)),
    }
}

pub(super) fn knowledge(arguments: &Knowledge) -> Result<Exit, Failure> {
    let run = settings::find(&arguments.options, &Choice::default(), &BaselineChoice::default(), &[])?;
    let names = if arguments.all { KnowledgeBase::names() } else { arguments.names.clone() };
    let answers = AnalysisHost::new(run.found.settings.clone()).analysis().knowledge(&names);
    let mut text = String::new();
    match arguments.output_format {
        AnswerFormat::Json => {
            let answers: Vec<_> = answers.iter().map(json).collect();
            text = serde_json::to_string_pretty(&answers).map_err(io::Error::from)?;
            text.push('\n');
        }
        AnswerFormat::Text => {
            for answer in answers {
                let small = if answer.class != answer.small_class {
                    format!(" ({} when small)", answer.small_class)
                } else {
                    String::new()
                };
                let source = if answer.source.is_empty() { "not known" } else { &answer.source };
                text.push_str(&format!("{}: {}{small}\n  {source}\n", answer.name, answer.class));
            }
        }
    }
    print(&harmless_lines(&text))
}

fn json(answer: &Answer) -> serde_json::Value {
    serde_json::json!({
        "name": answer.name,
        "class": answer.class,
        "small_class": answer.small_class,
        "size_dependent": answer.size_dependent,
        "source": answer.source,
    })
}

pub(super) fn graph(arguments: &Graph) -> Result<Exit, Failure> {
    let run = settings::find(&arguments.options, &Choice::default(), &BaselineChoice::default(), &arguments.paths)?;
    let progress = Progress::new(false);
    let loaded = load(&given(&arguments.paths), &run, &progress)?;
    progress.working();
    let graph = loaded.analysis.graph();
    progress.done();
    match arguments.output_format {
        GraphFormat::Json => {
            let text = serde_json::to_string_pretty(&graph.calls).map_err(io::Error::from)?;
            print(&format!("{text}\n"))
        }
        GraphFormat::Dot => print(&dot(&graph)),
    }
}

fn dot(graph: &analysis::Graph) -> String {
    let quoted = |name: &str| format!("\"{}\"", harmless(name).replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = String::from(
        "digraph calls {\n  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fillcolor=\"#eeeeee\"];\n",
    );
    for (name, workload) in &graph.workloads {
        let color = match workload {
            Workload::Cpu => "#f4a582",
            Workload::Native => "#b8e186",
            Workload::Io => "#92c5de",
            Workload::Mixed => "#d1c4e9",
            Workload::Unknown => "#eeeeee",
        };
        let (name, word) = (quoted(name), workload.name());
        text.push_str(&format!("  {name} [fillcolor=\"{color}\", tooltip=\"{word}\"];\n"));
    }
    for (name, calls) in &graph.calls {
        for called in calls {
            text.push_str(&format!("  {} -> {};\n", quoted(name), quoted(called)));
        }
    }
    text.push_str("}\n");
    text
}

pub(super) fn rule(arguments: &Rule) -> Result<Exit, Failure> {
    let page = |rule: &Registered| {
        let fallback = format!("# {} ({})\n\n{}\n", rule.name, rule.code, rule.summary);
        if rule.page.is_empty() { fallback } else { rule.page.to_string() }
    };
    let rules: Vec<&Registered> = match &arguments.rule {
        None => RULES.iter().collect(),
        Some(word) => {
            let is_meant = |rule: &&Registered| rule.code.eq_ignore_ascii_case(word) || rule.name == word.as_str();
            vec![RULES.iter().find(is_meant).ok_or_else(|| unknown_rule(word))?]
        }
    };
    if arguments.output_format == AnswerFormat::Json {
        let list: Vec<_> = rules.iter().map(|rule| rule_json(rule)).collect();
        // One rule is an object, several are a list, as ruff has it.
        let value = match list.as_slice() {
            [one] if arguments.rule.is_some() => one.clone(),
            _ => list.into(),
        };
        let text = serde_json::to_string_pretty(&value).map_err(io::Error::from)?;
        return print(&format!("{text}\n"));
    }
    if arguments.rule.is_none() && !arguments.all {
        let line = |rule: &Registered| {
            let state = if rule.on_by_default { "" } else { " (off by default)" };
            format!("{}  {:30}  {}{state}\n", rule.code, rule.name, rule.summary)
        };
        return print(&RULES.iter().map(line).collect::<String>());
    }
    print(&rules.into_iter().map(page).collect::<Vec<_>>().join("\n"))
}

fn rule_json(rule: &Registered) -> serde_json::Value {
    serde_json::json!({
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "on_by_default": rule.on_by_default,
        "explanation": rule.page,
    })
}

pub(super) fn version(format: AnswerFormat) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    match format {
        AnswerFormat::Text => print(&format!("gilcheck {version}\n")),
        AnswerFormat::Json => print(&format!("{}\n", serde_json::json!({ "version": version }))),
    }
}

fn harmless_lines(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => harmless(line) + "\n",
            None => harmless(line),
        })
        .collect()
}

fn print(text: &str) -> Result<Exit, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Exit::Clean)
}

/// The settings that hold, as a `gilcheck.toml` that says the same.
pub(super) fn settings(found: &Found) -> Result<Exit, Failure> {
    print(&harmless_lines(&to_toml(found)))
}

fn to_toml(found: &Found) -> String {
    let Settings {
        select,
        extend_select,
        ignore,
        per_file_ignores,
        fix,
        unsafe_fixes,
        fixable,
        unfixable,
        severity,
        exclude,
        force_exclude,
        respect_gitignore,
        target,
        confidence,
        src,
        knowledge,
        output_format,
        baseline,
        cache_dir,
        ..
    } = &found.settings;
    let mut text = String::new();
    match found.files.as_slice() {
        [] => text.push_str("# No settings file; these are the defaults.\n"),
        files => {
            for (index, file) in files.iter().enumerate() {
                let word = if index == 0 { "From" } else { "which extends" };
                text.push_str(&format!("# {word} {}\n", file.display()));
            }
        }
    }
    text.push_str(&format!("# Paths are relative to {}\n", found.folder.display()));
    let on: Vec<&str> = RULES
        .iter()
        .filter(|rule| found.settings.runs(rule.code, rule.name, rule.on_by_default))
        .map(|rule| rule.code)
        .collect();
    text.push_str(&format!("# Rules that run: {}\n", on.join(" ")));
    let mut line = |key: &str, value: toml::Value| text.push_str(&format!("{key} = {value}\n"));
    let strings = |list: &[String]| toml::Value::from(list.to_vec());
    let place = |it: &Located| {
        let path = std::path::Path::new(&it.folder).join(&it.text);
        path.to_string_lossy().into_owned()
    };
    if let Some(select) = select {
        line("select", strings(select));
    }
    line("extend-select", strings(extend_select));
    line("ignore", strings(ignore));
    let per_file: toml::Table =
        per_file_ignores.iter().map(|it| (it.pattern.text.clone(), strings(&it.rules))).collect();
    line("per-file-ignores", per_file.into());
    line("fix", (*fix).into());
    line("unsafe-fixes", (*unsafe_fixes).into());
    line("fixable", strings(fixable));
    line("unfixable", strings(unfixable));
    let severities: toml::Table =
        severity.iter().map(|(selector, severity)| (selector.clone(), severity.name().into())).collect();
    line("severity", severities.into());
    line("confidence", confidence.name().into());
    line("target-version", target.to_string().into());
    line("exclude", exclude.iter().map(|it| it.text.clone()).collect::<Vec<_>>().into());
    line("force-exclude", (*force_exclude).into());
    line("respect-gitignore", (*respect_gitignore).into());
    line("src", src.iter().map(place).collect::<Vec<_>>().into());
    line("io", strings(&knowledge.io));
    line("cpu", strings(&knowledge.cpu));
    line("native", strings(&knowledge.native));
    line("neutral", strings(&knowledge.neutral));
    let spawn = |spawn: &crate::config::UserSpawn| {
        let pairs = [("name", &spawn.name), ("vehicle", &spawn.vehicle), ("target", &spawn.target)];
        toml::Value::from(
            pairs.into_iter().map(|(key, value)| (key.to_string(), value.as_str().into())).collect::<toml::Table>(),
        )
    };
    line("spawns", knowledge.spawns.iter().map(spawn).collect::<Vec<_>>().into());
    line("output-format", output_format.as_deref().unwrap_or("full").into());
    if let Some(baseline) = baseline {
        line("baseline", place(baseline).into());
    }
    if let Some(cache_dir) = cache_dir {
        line("cache-dir", place(cache_dir).into());
    }
    text
}

pub(super) fn config(arguments: &Config) -> Result<Exit, Failure> {
    if arguments.output_format == ConfigFormat::JsonSchema {
        let schema = serde_json::to_string_pretty(&key::schema(&rule_words())).map_err(io::Error::from)?;
        return print(&format!("{schema}\n"));
    }
    let keys: Vec<&Key> = match &arguments.key {
        None => KEYS.iter().collect(),
        Some(word) => vec![key::find(word).ok_or_else(|| unknown_key(word))?],
    };
    if arguments.output_format == ConfigFormat::Json {
        let list: Vec<_> = keys.iter().map(|key| key_json(key)).collect();
        let text = serde_json::to_string_pretty(&list).map_err(io::Error::from)?;
        return print(&format!("{text}\n"));
    }
    if arguments.key.is_none() {
        let line = |key: &&Key| format!("{:24} {}\n", key.name, key.takes.words());
        return print(&keys.iter().map(line).collect::<String>());
    }
    let page = |key: &&Key| {
        let default = if key.default.is_empty() { String::new() } else { format!("default: {}\n", key.default) };
        format!("{}: {}\n{default}\n{}\n\n    {}\n", key.name, key.takes.words(), key.purpose, key.example)
    };
    print(&keys.iter().map(page).collect::<String>())
}

fn key_json(key: &Key) -> serde_json::Value {
    serde_json::json!({
        "name": key.name,
        "takes": key.takes.words(),
        "default": key.default,
        "example": key.example,
        "purpose": key.purpose,
    })
}

fn unknown_key(word: &str) -> Failure {
    let remedy = match nearest(word, KEYS.iter().map(|key| key.name)) {
        Some(near) => format!("did you mean `{near}`? "),
        None => String::new(),
    };
    Failure::Message(format!("unknown setting `{word}`; {remedy}`gilcheck config` lists all"))
}

pub(super) fn completions(shell: Shell) -> Result<Exit, Failure> {
    use clap_complete::aot;
    let mut text = Vec::new();
    let command = &mut Cli::command();
    match shell {
        Shell::Bash => aot::generate(aot::Bash, command, "gilcheck", &mut text),
        Shell::Elvish => aot::generate(aot::Elvish, command, "gilcheck", &mut text),
        Shell::Fish => aot::generate(aot::Fish, command, "gilcheck", &mut text),
        Shell::Nushell => aot::generate(clap_complete_nushell::Nushell, command, "gilcheck", &mut text),
        Shell::Powershell => aot::generate(aot::PowerShell, command, "gilcheck", &mut text),
        Shell::Zsh => aot::generate(aot::Zsh, command, "gilcheck", &mut text),
    }
    print(&String::from_utf8_lossy(&text))
}

pub(super) fn man() -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text)?;
    print(&String::from_utf8_lossy(&text))
}
