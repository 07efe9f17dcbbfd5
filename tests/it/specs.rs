//! Runs the Markdown specs through the engine's door: cold, twice, incrementally and after edits, with
//! equal results, and compares the findings with the comments beside the lines.
//!
//! `GILCHECK_SPEC=part cargo test --test it` runs only scenarios whose place or title has that part.

use crate::markdown::{self, Expectation, File, Kind, Scenario};
use gilcheck::analysis::{Analysis, AnalysisHost, Change, Graph};
use gilcheck::config::Settings;
use gilcheck::diagnostic::{Diagnostic, Fix};
use gilcheck::fix::edits::{apply, compose};
use gilcheck::id::FileId;
use gilcheck::text::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

#[test]
fn rules() {
    check_folder("fixtures/rules");
}

#[test]
fn analysis() {
    check_folder("fixtures/analysis");
}

#[test]
fn intent() {
    check_folder("fixtures/intent");
}

#[test]
fn fixes() {
    check_folder("fixtures/fixes");
}

/// The folder that the README's first command runs on, as one project and each program by itself.
#[test]
fn article() {
    let mut paths = Vec::new();
    markdown::collect(&markdown::root().join("fixtures/article"), "py", &mut paths);
    let files: Vec<File> = paths
        .iter()
        .map(|path| File {
            path: path.file_name().unwrap().to_string_lossy().into_owned(),
            text: std::fs::read_to_string(path).unwrap(),
            line: 1,
            reported: true,
        })
        .collect();
    let mut failures = String::new();
    for file in &files {
        let alone = Scenario {
            title: file.path.clone(),
            files: vec![File { path: file.path.clone(), text: file.text.clone(), line: 1, reported: true }],
            ..Scenario::default()
        };
        failures.push_str(&failures_of(&format!("fixtures/article/{}", file.path), &alone));
    }
    let all = Scenario { title: "the whole folder".to_owned(), files, ..Scenario::default() };
    failures.push_str(&failures_of("fixtures/article", &all));
    assert!(failures.is_empty(), "\n{failures}");
}

/// Precision and recall of the call graph over all specs that give one.
#[test]
fn graph() {
    let (mut right, mut expected_count, mut got_count) = (0.0, 0.0, 0.0);
    let mut differences = String::new();
    for page in markdown::pages("fixtures") {
        for scenario in &page.scenarios {
            let Some(graph) = &scenario.graph else { continue };
            let place = format!("{}:{}", page.path, scenario.line);
            if !is_asked_for(&place, scenario) {
                continue;
            }
            let expected = edges(graph);
            let got = project_edges(scenario, &cold(scenario).analysis().graph());
            right += expected.intersection(&got).count() as f64;
            expected_count += expected.len() as f64;
            got_count += got.len() as f64;
            for (caller, callee) in expected.difference(&got) {
                let _ = writeln!(differences, "{place} {}: missing {caller} -> {callee}", scenario.title);
            }
            for (caller, callee) in got.difference(&expected) {
                let _ = writeln!(differences, "{place} {}: wrong {caller} -> {callee}", scenario.title);
            }
        }
    }
    let precision = right / f64::max(got_count, 1.0);
    let recall = right / f64::max(expected_count, 1.0);
    let summary = format!("call graph: precision {precision:.3}, recall {recall:.3} of {expected_count} edges");
    println!("{differences}{summary}");
    assert!(precision >= 0.99 && recall >= 0.90, "\n{differences}{summary}");
}

fn check_folder(folder: &str) {
    let mut failures = String::new();
    let mut count = (0, 0);
    for page in markdown::pages(folder) {
        for scenario in &page.scenarios {
            let place = format!("{}:{}", page.path, scenario.line);
            if !is_asked_for(&place, scenario) {
                continue;
            }
            let failed = failures_of(&place, scenario);
            count = (count.0 + 1, count.1 + usize::from(!failed.is_empty()));
            failures.push_str(&failed);
        }
    }
    assert!(failures.is_empty(), "\n{failures}{} of {} scenarios in {folder} fail", count.1, count.0);
}

fn is_asked_for(place: &str, scenario: &Scenario) -> bool {
    let Ok(part) = std::env::var("GILCHECK_SPEC") else { return true };
    place.contains(&part) || scenario.title.contains(&part)
}

/// What is wrong with the scenario, as text; empty if nothing is.
fn failures_of(place: &str, scenario: &Scenario) -> String {
    let host = cold(scenario);
    let found = host.analysis().diagnostics();
    let analysis = host.analysis();
    let wanted = comparable(&analysis, &found);
    let mut failures = mismatches(place, scenario, &analysis, &found);

    let again = comparable(&analysis, &analysis.diagnostics());
    differ(&mut failures, "a second look", &wanted, &again);
    let fresh = cold(scenario);
    differ(&mut failures, "a second run", &wanted, &comparable(&fresh.analysis(), &fresh.analysis().diagnostics()));
    for (what, host) in other_ways(scenario) {
        let now = comparable(&host.analysis(), &host.analysis().diagnostics());
        differ(&mut failures, what, &wanted, &now);
    }
    if let Some((word, lines)) = &scenario.rewrite {
        rewrite(&mut failures, scenario, word, lines);
    }
    if failures.is_empty() { failures } else { format!("{place} {}\n{failures}\n", scenario.title) }
}

/// All rewrites at once are those that the scenario shows, of that applicability, and leave nothing to rewrite.
fn rewrite(failures: &mut String, scenario: &Scenario, word: &str, lines: &str) {
    let mut host = cold(scenario);
    let analysis = host.analysis();
    let found = analysis.diagnostics_with_fixes();
    let fixes: Vec<&Fix> = found.iter().filter_map(|it| it.fix.as_deref()).collect();
    let words: BTreeSet<&str> = fixes.iter().map(|fix| fix.applicability.name()).collect();
    if words.iter().ne([&word]) {
        let hazards: Vec<_> = fixes.iter().flat_map(|fix| &fix.hazards).collect();
        let _ = writeln!(failures, "  expected a rewrite that is {word}, got {words:?}: {hazards:?}");
    }
    let (edits, _) = compose(fixes);
    let mut got = String::new();
    for (file, edits) in &edits {
        let before = analysis.text(*file);
        let after = apply(before, edits);
        let marks = similar::TextDiff::from_lines(before, &after);
        for change in marks.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal) {
            let line = format!("{}{}", change.tag(), change.value());
            got.push_str(line.trim_end());
            got.push('\n');
        }
        let path = analysis.path(*file).to_string();
        host.apply_change(Change { path, text: Some(Arc::from(after)), reported: true });
    }
    if got != lines {
        let _ = writeln!(failures, "  expected the rewrite\n{lines}  got\n{got}");
    }
    if word == "display-only" {
        return;
    }
    let left = host.analysis().diagnostics_with_fixes();
    let left = left.iter().filter(|it| it.fix.as_ref().is_some_and(|fix| !fix.edits.is_empty()));
    for it in left {
        let _ = writeln!(failures, "  there is something to rewrite again: {}", it.message);
    }
}

/// All files at once.
fn cold(scenario: &Scenario) -> AnalysisHost {
    let mut host = AnalysisHost::new(settings(scenario));
    for file in &scenario.files {
        set(&mut host, file, Some(&file.text));
    }
    host
}

/// The same project by other ways: every file parsed, files one by one from the last to the first, each
/// file broken and restored, each file gone and back.
fn other_ways(scenario: &Scenario) -> Vec<(&'static str, AnalysisHost)> {
    let mut hosts = Vec::new();
    let mut host = AnalysisHost::new(Settings { exhaustive: true, ..settings(scenario) });
    for file in &scenario.files {
        set(&mut host, file, Some(&file.text));
    }
    hosts.push(("every file parsed", host));

    let mut host = AnalysisHost::new(settings(scenario));
    for file in scenario.files.iter().rev() {
        set(&mut host, file, Some(&file.text));
        host.analysis().diagnostics();
    }
    hosts.push(("one file after the other", host));

    let mut host = cold(scenario);
    for file in &scenario.files {
        host.analysis().diagnostics();
        set(&mut host, file, Some(&format!("def broken(:\n{}", file.text)));
        host.analysis().diagnostics();
        set(&mut host, file, Some(&file.text));
    }
    hosts.push(("every file broken and restored", host));

    let mut host = cold(scenario);
    for file in &scenario.files {
        host.analysis().diagnostics();
        set(&mut host, file, None);
        host.analysis().diagnostics();
        set(&mut host, file, Some(&file.text));
    }
    hosts.push(("every file removed and back", host));
    hosts
}

fn settings(scenario: &Scenario) -> Settings {
    let settings = Settings::from_toml(&scenario.settings);
    let mut settings = settings.unwrap_or_else(|error| panic!("{}: {error}", scenario.title));
    settings.roots = settings.src.iter().map(|src| src.text.clone()).collect();
    settings
}

fn set(host: &mut AnalysisHost, file: &File, text: Option<&str>) {
    host.apply_change(Change { path: file.path.clone(), text: text.map(Arc::from), reported: file.reported });
}

/// Compares the findings with the comments.
fn mismatches(place: &str, scenario: &Scenario, analysis: &Analysis, found: &[Diagnostic]) -> String {
    let mut failures = String::new();
    let mut open: Vec<(String, usize, &Diagnostic)> =
        found.iter().map(|it| (analysis.path(it.file).to_string(), row(analysis, it.file, it.span), it)).collect();
    for file in &scenario.files {
        for expectation in file.expectations() {
            let at = open.iter().position(|(path, row, it)| {
                *path == file.path && *row == expectation.row && it.name == expectation.rule
            });
            let hit = at.map(|at| open.remove(at).2);
            if let Some(complaint) = complaint(&expectation, hit) {
                let line = file.line + expectation.row - 1;
                let page = place.rsplit_once(':').map_or(place, |(page, _)| page);
                let _ = writeln!(failures, "  {page}:{line} ({}:{}): {complaint}", file.path, expectation.row);
            }
        }
    }
    for (path, row, it) in open {
        let start = scenario.files.iter().find(|file| file.path == path).map_or(1, |file| file.line);
        let page = place.rsplit_once(':').map_or(place, |(page, _)| page);
        let _ = writeln!(
            failures,
            "  {page}:{} ({path}:{row}): expected nothing, got [{}] {:?} {:?}",
            start + row - 1,
            it.name,
            it.confidence.name(),
            it.message
        );
    }
    failures
}

fn complaint(expectation: &Expectation, hit: Option<&Diagnostic>) -> Option<String> {
    let rule = &expectation.rule;
    match (expectation.kind, hit) {
        (Kind::Error, None) => Some(format!("expected [{rule}], got nothing")),
        (Kind::Error, Some(it)) => {
            let part = expectation.message.as_ref()?;
            let is_there = it.message.contains(part);
            (!is_there).then(|| format!("expected {part:?} in the message of [{rule}], got {:?}", it.message))
        }
        (Kind::Todo, Some(_)) => Some(format!("[{rule}] is found now: write `# error:` for `# todo:`")),
        (Kind::TodoSilent, None) => Some(format!("[{rule}] is silent now: delete the comment `# todo-silent:`")),
        (Kind::Todo, None) | (Kind::TodoSilent, Some(_)) => None,
    }
}

fn row(analysis: &Analysis, file: FileId, span: Span) -> usize {
    analysis.lines(file).row(span.start) as usize
}

/// The findings as lines without ids, so that two hosts can be compared.
fn comparable(analysis: &Analysis, found: &[Diagnostic]) -> Vec<String> {
    let place = |file: FileId, span: Span| format!("{}[{}..{}]", analysis.path(file), span.start, span.end);
    let line = |it: &Diagnostic| {
        let evidence: Vec<String> = it
            .evidence
            .iter()
            .map(|link| format!("{} {} {:?}", place(link.file, link.span), link.what, link.knowledge))
            .collect();
        format!(
            "{} {} {} {} {} {} {} {:?} {} {} {:?} {evidence:?}",
            place(it.file, it.span),
            it.code,
            it.message,
            it.severity.name(),
            it.confidence.name(),
            it.workload.name(),
            it.vehicle,
            it.estimate,
            it.scope,
            it.help,
            it.note,
        )
    };
    found.iter().map(line).collect()
}

fn differ(failures: &mut String, what: &str, wanted: &[String], got: &[String]) {
    if wanted != got {
        let _ = writeln!(failures, "  {what} gives other findings:\n    cold: {wanted:#?}\n    now: {got:#?}");
    }
}

/// The edges between functions of the project; callees in libraries are left out.
fn project_edges(scenario: &Scenario, graph: &Graph) -> BTreeSet<(String, String)> {
    let modules: Vec<String> = scenario.files.iter().map(|file| module_of(&file.path)).collect();
    let is_inside = |name: &str, module: &str| {
        name.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let mut edges = edges(&graph.calls);
    edges.retain(|(_, callee)| modules.iter().any(|module| is_inside(callee, module)));
    edges
}

/// `garden/shed.py` is `garden.shed`, `garden/__init__.py` is `garden`.
fn module_of(path: &str) -> String {
    let path = path.trim_start_matches("src/").trim_end_matches(".py").trim_end_matches("/__init__");
    path.replace('/', ".")
}

fn edges(graph: &BTreeMap<String, Vec<String>>) -> BTreeSet<(String, String)> {
    let edge = |(caller, callees): (&String, &Vec<String>)| {
        callees.iter().map(|callee| (caller.clone(), callee.clone())).collect::<Vec<_>>()
    };
    graph.iter().flat_map(edge).collect()
}
