//! Reads the spec format: Markdown pages of Python programs whose comments say what is expected.
//!
//! A page has one `#` title. A `##` or `###` heading above Python blocks opens a scenario, and the
//! words under it say why. A line "`package/module.py`:" above a block gives the file's path
//! (default `main.py`); "`lib.py` (read only):" marks a file that is read but not reported on. A
//! `toml` block is the scenario's `gilcheck.toml`; a `graph` block is the call graph as JSON; a `diff safe` block is what
//! `--fix` makes of it, without context lines (`diff unsafe`: with `--unsafe-fixes`; `diff display-only`: nothing, but this
//! is shown).
//!
//! ```text
//! pool.map(count, jobs)  # error: [cpu-in-threads]
//! pool.map(count, jobs)  # error: [cpu-in-threads] "part of the message"
//! pool.map(count, jobs)  # todo: [cpu-in-threads]         should be found, is not yet
//! pool.map(fetch, jobs)  # todo-silent: [cpu-in-threads]  is found, should not be
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One Markdown file.
pub struct Page {
    /// Relative to the repository: `fixtures/analysis/imports.md`.
    pub path: String,
    /// The `#` heading.
    pub title: String,
    /// Every heading with a Python block under it.
    pub scenarios: Vec<Scenario>,
    /// Every `##` heading, with or without a block.
    pub headings: Vec<String>,
}

/// A small project and what is expected of it.
#[derive(Default)]
pub struct Scenario {
    /// The heading.
    pub title: String,
    /// The page's line of the heading, from 1.
    pub line: usize,
    /// The words between the heading and the first block.
    pub why: String,
    /// `gilcheck.toml`.
    pub settings: String,
    /// In the order of the page.
    pub files: Vec<File>,
    /// The call graph, where the scenario gives one.
    pub graph: Option<BTreeMap<String, Vec<String>>>,
    /// What the rewrite is: the word for its applicability, and its lines.
    pub rewrite: Option<(String, String)>,
}

/// One Python file of a scenario.
pub struct File {
    /// Path in the project.
    pub path: String,
    /// The whole text, comments included.
    pub text: String,
    /// The page's line of the file's first line, from 1.
    pub line: usize,
    /// False for files that are read only because others import them.
    pub reported: bool,
}

/// What a comment says about its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Row in the file, from 1.
    pub row: usize,
    /// What is expected.
    pub kind: Kind,
    /// The rule's name.
    pub rule: String,
    /// A part of the message, where the comment quotes one.
    pub message: Option<String>,
}

/// See [`Expectation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A finding.
    Error,
    /// A finding that is not there yet.
    Todo,
    /// A finding that should not be there but is.
    TodoSilent,
}

impl File {
    /// What the comments of the file say, in order.
    pub fn expectations(&self) -> Vec<Expectation> {
        let of_line = |(index, line): (usize, &str)| expectations_of(index + 1, line);
        self.text.lines().enumerate().flat_map(of_line).collect()
    }
}

/// Every page below `folder` (relative to the repository), in path order.
pub fn pages(folder: &str) -> Vec<Page> {
    let mut paths = Vec::new();
    collect(&root().join(folder), "md", &mut paths);
    paths.iter().map(|path| read_page(path)).collect()
}

/// Every file below `folder` whose name ends in `.extension`, in path order.
pub fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
}

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `path` as it is written in messages: relative to the repository, with `/`.
pub fn shown(path: &Path) -> String {
    let relative = path.strip_prefix(root()).unwrap_or(path);
    relative.to_string_lossy().replace('\\', "/")
}

fn read_page(path: &Path) -> Page {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", shown(path)));
    parse_page(&shown(path), &text)
}

/// Reads one page; panics with the place of what does not follow the format.
pub fn parse_page(path: &str, text: &str) -> Page {
    let mut page = Page { path: path.to_owned(), title: String::new(), scenarios: Vec::new(), headings: Vec::new() };
    let mut scenario = Scenario::default();
    let mut name: Option<(String, bool)> = None;
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let number = index + 1;
        if let Some(language) = line.strip_prefix("```") {
            let mut body = String::new();
            loop {
                let Some((_, line)) = lines.next() else { panic!("{path}:{number}: the block has no end") };
                if line == "```" {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            add_block(path, number, language, body, name.take(), &mut scenario);
        } else if let Some(title) = line.strip_prefix("# ") {
            assert!(page.title.is_empty(), "{path}:{number}: a page has one title");
            page.title = title.to_owned();
        } else if let Some(title) = line.strip_prefix("## ").or(line.strip_prefix("### ")) {
            page.headings.push(title.to_owned());
            let next = Scenario { title: title.to_owned(), line: number, ..Scenario::default() };
            page.scenarios.push(std::mem::replace(&mut scenario, next));
        } else if let Some(named) = path_line(line) {
            name = Some(named);
        } else if scenario.files.is_empty() {
            let gap = if scenario.why.is_empty() || line.is_empty() { "" } else { " " };
            scenario.why = format!("{}{gap}{line}", scenario.why);
        }
    }
    page.scenarios.push(scenario);
    page.scenarios.retain(|scenario| !scenario.files.is_empty());
    assert!(!page.title.is_empty(), "{path}: a page has a title");
    page
}

/// "`path.py`:" or "`path.py` (read only):".
fn path_line(line: &str) -> Option<(String, bool)> {
    let (path, rest) = line.strip_prefix('`')?.split_once('`')?;
    match rest {
        ":" => Some((path.to_owned(), true)),
        " (read only):" => Some((path.to_owned(), false)),
        _ => None,
    }
}

fn add_block(
    page: &str,
    line: usize,
    language: &str,
    body: String,
    name: Option<(String, bool)>,
    scenario: &mut Scenario,
) {
    match language {
        "python" => {
            let (path, reported) = name.unwrap_or(("main.py".to_owned(), true));
            let taken = scenario.files.iter().any(|file| file.path == path);
            assert!(!taken, "{page}:{line}: `{path}` is given twice");
            scenario.files.push(File { path, text: body, line: line + 1, reported });
        }
        "toml" => scenario.settings.push_str(&body),
        "graph" => match serde_json::from_str(&body) {
            Ok(graph) => scenario.graph = Some(graph),
            Err(error) => panic!("{page}:{line}: not a call graph: {error}"),
        },
        "text" | "console" => {}
        _ => match language.strip_prefix("diff ") {
            Some(word) => scenario.rewrite = Some((word.to_owned(), body)),
            None => panic!("{page}:{line}: a block is python, toml, graph, diff, text or console, not `{language}`"),
        },
    }
}

fn expectations_of(row: usize, line: &str) -> Vec<Expectation> {
    let kinds = [("# error: [", Kind::Error), ("# todo: [", Kind::Todo), ("# todo-silent: [", Kind::TodoSilent)];
    let mut found = Vec::new();
    for (mark, kind) in kinds {
        for (at, _) in line.match_indices(mark) {
            let Some(rest) = line.get(at + mark.len()..) else { continue };
            let Some((rule, rest)) = rest.split_once(']') else { panic!("`{line}`: no `]`") };
            let quoted = rest.strip_prefix(" \"").and_then(|rest| rest.split_once('"'));
            let message = quoted.map(|(message, _)| message.to_owned());
            found.push(Expectation { row, kind, rule: rule.to_owned(), message });
        }
    }
    found
}

#[test]
fn a_page_is_read() {
    let page = parse_page(
        "page.md",
        "# Title\n\n## One\n\nBecause.\n\n```toml\nselect = [\"GIL101\"]\n```\n\n`a.py`:\n\n```python\nx = 1\n\
         f()  # error: [cpu-in-threads] \"10 threads\"\n```\n\n`b.py` (read only):\n\n```python\n```\n\n## Words\n",
    );
    assert_eq!(page.title, "Title");
    assert_eq!(page.headings, ["One", "Words"]);
    let [scenario] = page.scenarios.as_slice() else { panic!("one scenario has a block") };
    assert_eq!((scenario.title.as_str(), scenario.why.as_str(), scenario.line), ("One", "Because.", 3));
    assert_eq!(scenario.settings, "select = [\"GIL101\"]\n");
    let [a, b] = scenario.files.as_slice() else { panic!("two files") };
    assert_eq!((a.path.as_str(), a.line, a.reported), ("a.py", 14, true));
    assert_eq!((b.path.as_str(), b.text.as_str(), b.reported), ("b.py", "", false));
    let expected = Expectation {
        row: 2,
        kind: Kind::Error,
        rule: "cpu-in-threads".to_owned(),
        message: Some("10 threads".to_owned()),
    };
    assert_eq!(a.expectations(), [expected]);
}
