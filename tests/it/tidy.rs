//! Wishes about the code base, each a test.

use crate::markdown;
use gilcheck::rules::RULES;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A module names only modules above it: the order of `pub mod` in `src/lib.rs` is the layering.
#[test]
fn layers_name_only_what_stands_above() {
    let layers = layers();
    let mut failures = String::new();
    for (index, layer) in layers.iter().enumerate() {
        for path in files_of(layer) {
            let text = read(&path);
            for (number, line) in text.lines().enumerate() {
                for name in crate_paths(line) {
                    let position = layers.iter().position(|other| *other == name);
                    let is_above = position.is_some_and(|position| position <= index);
                    if !is_above {
                        let place = format!("{}:{}", markdown::shown(&path), number + 1);
                        let _ = writeln!(failures, "{place}: `{layer}` names `{name}`, which is not above it");
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// Every module of `src/` is in the list of layers, except `main`, and `build` which is no part of the program.
#[test]
fn every_module_is_a_layer() {
    let layers = layers();
    let mut names: Vec<String> = std::fs::read_dir(markdown::root().join("src"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path().file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| !["lib", "main", "build"].contains(&name.as_str()))
        .collect();
    names.sort();
    let mut listed = layers;
    listed.sort();
    assert_eq!(names, listed);
}

/// Each rule is two files of its name, `src/rules/<name>.rs` and `fixtures/rules/<name>.md`, and a line of the
/// register.
#[test]
fn a_rule_is_two_files() {
    let stems = |folder: &str, extension: &str| {
        let mut paths = Vec::new();
        markdown::collect(&markdown::root().join(folder), extension, &mut paths);
        let stem = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().replace('_', "-");
        let mut stems: Vec<String> = paths.iter().map(stem).collect();
        stems.sort();
        stems
    };
    let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    names.sort_unstable();
    assert_eq!(stems("fixtures/rules", "md"), names);
    // Besides the rules, the folder holds what they share.
    let sources = stems("src/rules", "rs");
    let missing: Vec<&&str> = names.iter().filter(|name| !sources.contains(&name.to_string())).collect();
    assert!(missing.is_empty(), "no file for {missing:?}");
}

/// A rule's page is titled with its name and code and has the sections that readers look for.
#[test]
fn a_rule_page_is_whole() {
    let sections = [
        "What it does",
        "Why is this bad?",
        "Example",
        "Use instead",
        "Known problems",
        "Confidence",
        "Options",
        "References",
    ];
    for page in markdown::pages("fixtures/rules") {
        let name = page.path.trim_start_matches("fixtures/rules/").trim_end_matches(".md");
        let code = RULES.iter().find(|rule| rule.name == name).map_or("no rule", |rule| rule.code);
        assert_eq!(page.title, format!("{name} ({code})"), "{}", page.path);
        let found: Vec<&str> = page.headings.iter().map(String::as_str).filter(|it| sections.contains(it)).collect();
        assert_eq!(found, sections, "{}", page.path);
    }
}

/// A scenario says in words why it is as it is, and no two of a page have one title.
#[test]
fn a_scenario_gives_its_reason() {
    let mut failures = String::new();
    for folder in ["fixtures/analysis", "fixtures/intent", "fixtures/graph", "fixtures/fixes"] {
        for page in markdown::pages(folder) {
            for (index, scenario) in page.scenarios.iter().enumerate() {
                if scenario.why.trim().is_empty() {
                    let _ = writeln!(failures, "{}:{}: no reason", page.path, scenario.line);
                }
                let is_graph = folder == "fixtures/graph";
                if is_graph != scenario.graph.is_some() {
                    let _ =
                        writeln!(failures, "{}:{}: a graph block is missing or misplaced", page.path, scenario.line);
                }
                if (folder == "fixtures/fixes") != scenario.rewrite.is_some() {
                    let _ = writeln!(failures, "{}:{}: a diff block is missing or misplaced", page.path, scenario.line);
                }
                let before = page.scenarios.get(..index).unwrap_or(&[]);
                if before.iter().any(|other| other.title == scenario.title) {
                    let _ = writeln!(failures, "{}:{}: the title is taken", page.path, scenario.line);
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// Expectations name rules that have a page.
#[test]
fn expectations_name_rules() {
    let pages = markdown::pages("fixtures/rules");
    let names: Vec<&str> = pages.iter().filter_map(|page| page.title.split(' ').next()).collect();
    let mut failures = String::new();
    for page in markdown::pages("fixtures") {
        for scenario in &page.scenarios {
            for file in &scenario.files {
                for expectation in file.expectations() {
                    if !names.contains(&expectation.rule.as_str()) {
                        let line = file.line + expectation.row - 1;
                        let _ = writeln!(failures, "{}:{line}: no rule `{}`", page.path, expectation.rule);
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// Every knowledge file is compiled in.
#[test]
fn all_knowledge_is_compiled_in() {
    let mut files = Vec::new();
    markdown::collect(&markdown::root().join("src/knowledge"), "toml", &mut files);
    let mut sources = Vec::new();
    markdown::collect(&markdown::root().join("src/knowledge"), "rs", &mut sources);
    let code: String = sources.iter().map(|path| read(path)).collect();
    let knowledge = markdown::root().join("src/knowledge");
    let is_missing = |path: &&PathBuf| {
        let relative = path.strip_prefix(&knowledge).unwrap().to_string_lossy().replace('\\', "/");
        !code.contains(&format!("\"{relative}\"")) && !code.contains(&format!("/{relative}\""))
    };
    let missing: Vec<String> = files.iter().filter(is_missing).map(|path| markdown::shown(path)).collect();
    assert!(missing.is_empty(), "not compiled in: {missing:#?}");
}

/// Nothing in the repository tells of the machine it was written on.
#[test]
fn no_machine_is_named() {
    // Written in halves, so that this file does not name what it looks for.
    let words = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];
    let mut files = Vec::new();
    for folder in ["src", "tests", "fixtures", "queries", "editors", ".ci", ".github", "action", "docs", "pre-commit"] {
        all_files(&markdown::root().join(folder), &mut files);
    }
    for name in
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "Cargo.toml", "LICENSE", "action.yml"]
    {
        files.push(markdown::root().join(name));
    }
    let mut failures = String::new();
    for path in files {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            for word in words {
                if line.contains(word) {
                    let _ = writeln!(failures, "{}:{}: `{word}`", markdown::shown(&path), number + 1);
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// The README, once there is one, shows what `gilcheck --help` prints.
#[test]
fn the_readme_has_the_help() {
    let Ok(readme) = std::fs::read_to_string(markdown::root().join("README.md")) else { return };
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_gilcheck")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(readme.contains(help.trim()), "the README does not have this help text:\n{help}");
}

/// Source files open with a sentence that says what they are.
#[test]
fn a_source_file_says_what_it_is() {
    let mut files = Vec::new();
    markdown::collect(&markdown::root().join("src"), "rs", &mut files);
    markdown::collect(&markdown::root().join("tests"), "rs", &mut files);
    let is_silent = |path: &&PathBuf| !read(path).starts_with("//! ");
    let silent: Vec<String> = files.iter().filter(is_silent).map(|path| markdown::shown(path)).collect();
    assert!(silent.is_empty(), "no `//!` at the top: {silent:#?}");
}

/// Names of the modules in `src/lib.rs`, top to bottom.
fn layers() -> Vec<String> {
    let text = read(&markdown::root().join("src/lib.rs"));
    let name = |line: &str| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned());
    text.lines().filter_map(name).collect()
}

fn files_of(layer: &str) -> Vec<PathBuf> {
    let source = markdown::root().join("src");
    let mut files = Vec::new();
    markdown::collect(&source.join(layer), "rs", &mut files);
    let single = source.join(format!("{layer}.rs"));
    if single.is_file() {
        files.push(single);
    }
    files
}

/// The first names behind `crate::` in a line of code: both of `use crate::{id, text::Span};`.
fn crate_paths(line: &str) -> Vec<String> {
    let code = line.trim_start();
    let is_macro = |at: usize| line.get(..at).is_some_and(|before| before.ends_with('$'));
    let mut names = Vec::new();
    if code.starts_with("//") {
        return names;
    }
    for (at, mark) in line.match_indices("crate::") {
        let Some(rest) = line.get(at + mark.len()..) else { continue };
        if is_macro(at) {
            continue;
        }
        match rest.strip_prefix('{') {
            None => names.push(first_word(rest)),
            Some(list) => {
                let mut depth = 0;
                for part in list.split_inclusive([',', '{', '}']) {
                    if depth == 0 {
                        names.push(first_word(part.trim_start()));
                    }
                    depth += part.matches('{').count();
                    depth -= part.matches('}').count().min(depth);
                }
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn all_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() && !path.ends_with("node_modules") {
            all_files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", markdown::shown(path)))
}

#[test]
fn crate_paths_are_read() {
    assert_eq!(crate_paths("use crate::text::Span;"), ["text"]);
    assert_eq!(crate_paths("use crate::{id::FileId, text::{Span, LineIndex}, cost};"), ["id", "text", "cost"]);
    assert_eq!(crate_paths("    // crate::lsp"), Vec::<String>::new());
}
