//! The commands that answer questions: `explain`, `knowledge`, `graph`, `rule`, `version`.

use super::check::{Progress, load};
use super::settings::{self, unknown_rule};
use super::{Choice, Exit, Explain, Failure, Graph, GraphFormat, Knowledge, KnowledgeFormat, Rule};
use crate::analysis::{self, AnalysisHost};
use crate::cost::Workload;
use crate::knowledge::Answer;
use crate::render::harmless;
use crate::rules::RULES;
use crate::walk::Given;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

pub(super) fn explain(arguments: &Explain) -> Result<Exit, Failure> {
    let (file, row) = place(&arguments.place)?;
    let paths = [file.clone()];
    let found = settings::find(&arguments.options, &Choice::default(), &paths)?;
    let loaded = load(given(&paths), &arguments.options, found, &Progress::new(true))?;
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
    let found = settings::find(&arguments.options, &Choice::default(), &[])?;
    let answers = AnalysisHost::new(found.settings).analysis().knowledge(&arguments.names);
    let mut text = String::new();
    match arguments.output_format {
        KnowledgeFormat::Json => {
            let answers: Vec<_> = answers.iter().map(json).collect();
            text = serde_json::to_string_pretty(&answers).map_err(io::Error::from)?;
            text.push('\n');
        }
        KnowledgeFormat::Text => {
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
    let found = settings::find(&arguments.options, &Choice::default(), &arguments.paths)?;
    let progress = Progress::new(false);
    let loaded = load(given(&arguments.paths), &arguments.options, found, &progress)?;
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
    let page = |rule: &crate::rules::Rule| {
        let fallback = format!("# {} ({})\n\n{}\n", rule.name, rule.code, rule.summary);
        if rule.page.is_empty() { fallback } else { rule.page.to_string() }
    };
    if arguments.all {
        let pages: Vec<String> = RULES.iter().map(page).collect();
        return print(&pages.join("\n"));
    }
    let Some(word) = &arguments.rule else {
        let line = |rule: &crate::rules::Rule| {
            let state = if rule.on_by_default { "" } else { " (off by default)" };
            format!("{}  {:30}  {}{state}\n", rule.code, rule.name, rule.summary)
        };
        return print(&RULES.iter().map(line).collect::<String>());
    };
    match RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(word) || rule.name == word.as_str()) {
        Some(rule) => print(&page(rule)),
        None => Err(unknown_rule(word).into()),
    }
}

pub(super) fn version() -> Result<Exit, Failure> {
    print(&format!("gilcheck {}\n", env!("CARGO_PKG_VERSION")))
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
