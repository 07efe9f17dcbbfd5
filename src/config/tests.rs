//! Settings from text: what is read, what is refused, and how.

use super::key::KEYS;
use super::layer::{Layer, Pyproject};
use super::*;

#[track_caller]
fn error(text: &str, expected: &str) {
    assert_eq!(Settings::from_toml(text).unwrap_err().to_string(), expected);
}

#[test]
fn errors_say_where_and_what_to_write() {
    error("selct = []", "1:1: unknown key `selct`; did you mean `select`?");
    error("\nsrc = [1]", "2:8: `src` must be a string in quotes");
    error("io = 'a.b'", "1:6: `io` must be a list of strings: [\"…\"]");
    error(
        "target-version = '3.7'",
        "1:18: unknown Python version `3.7`; give 3.8 to 3.15, with a `t` behind it for a free-threaded build (`3.14t`)",
    );
    error(
        "spawns = [{ name = 'a.b', vehicle = 'boat', target = '0' }]",
        "1:37: unknown vehicle `boat`; give one of thread, process, event-loop, interpreter, green",
    );
    assert!(Settings::from_toml("select = [").unwrap_err().to_string().starts_with("1:1"));
}

#[test]
fn a_pyproject_gives_settings_and_the_target() {
    let text = "[project]\nrequires-python = '>=3.9,<4'\n[tool.gilcheck]\nio = ['a.b']\nextend-exclude = ['gen']\n";
    let read = Layer::from_pyproject(text, "/p").unwrap();
    assert_eq!(read.requires.unwrap().to_string(), "3.9");
    let mut settings = Settings::default();
    settings.apply(&read.section.unwrap());
    assert_eq!(settings.knowledge.io, ["a.b"]);
    assert!(settings.exclude.contains(&Located { folder: "/p".to_string(), text: "gen".to_string() }));
    assert!(settings.exclude.contains(&Located::anywhere(".venv")));
    let without = Layer::from_pyproject("[tool.ruff]\nline-length = 3", "/p").unwrap();
    assert_eq!(without, Pyproject::default());
}

/// Every key is read, the README's and the pages' examples are right, and no value of a wrong kind is taken.
#[test]
fn every_key_is_read() {
    for key in KEYS {
        let layer = Layer::from_toml(key.example, "").unwrap_or_else(|error| panic!("{}: {error}", key.name));
        assert_ne!(layer, Layer::default(), "{} changes nothing", key.name);
        let wrong = Layer::from_toml(&format!("{} = 1979-05-27", key.name), "").unwrap_err();
        assert!(wrong.to_string().contains(key.name), "{}: {wrong}", key.name);
    }
}

#[test]
fn more_errors_say_where_and_what_to_write() {
    error("extend_select = []", "1:1: unknown key `extend_select`; did you mean `extend-select`?");
    error("force-exclude = 'yes'", "1:17: `force-exclude` must be true or false, without quotes");
    error("severity = { GIL101 = 'bad' }", "1:23: unknown severity `bad`; give one of error, warning, info");
    error("extend = ''", "1:10: `extend` must not be empty; leave it out");
    error(
        "output-format = 'sarf'",
        "1:17: unknown output-format `sarf`; did you mean `sarif`? give one of full, concise, grouped, json, \
         json-lines, github, gitlab, junit, sarif, rdjson, pylint, azure",
    );
    error(
        "exclude = ['ok', 'a{b']",
        "1:18: `exclude`: `a{b` is no pattern: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?); \
         write it as in a .gitignore",
    );
}

#[test]
fn selectors_are_noted_with_their_places() {
    let text = "select = ['A',\n  'B']\n[per-file-ignores]\n'x.py' = ['C']\n[severity]\nD = 'info'\n";
    let layer = Layer::from_toml(text, "").unwrap();
    let at = |row, column| Position { row, column };
    let places = [("A", at(1, 11)), ("B", at(2, 3)), ("C", at(4, 11)), ("D", at(6, 1))];
    assert_eq!(layer.selectors, places.map(|(selector, place)| (selector.to_string(), place)));
}

#[test]
fn per_file_ignores_go_by_the_settings_files_folder() {
    let mut settings = Settings { base: "/p".to_string(), ..Settings::default() };
    let text = "per-file-ignores = { 'tests/**' = ['GIL1'], '!src/**' = ['GIL302'], 'x.py' = ['cpu-on-event-loop'] }";
    settings.apply(&Layer::from_toml(text, "/p/a").unwrap());
    let ignores = FileIgnores::new(&settings);
    assert!(ignores.holds("a/tests/t.py", "GIL101", "cpu-in-threads"));
    assert!(!ignores.holds("tests/t.py", "GIL101", "cpu-in-threads"));
    assert!(!ignores.holds("b/a/tests/t.py", "GIL101", "cpu-in-threads"));
    assert!(!ignores.holds("a/tests/t.py", "GIL201", "io-in-processes"));
    assert!(ignores.holds("a/other.py", "GIL302", "blocking-io-on-event-loop"));
    assert!(!ignores.holds("a/src/m.py", "GIL302", "blocking-io-on-event-loop"));
    assert!(ignores.holds("a/deep/x.py", "GIL301", "cpu-on-event-loop"));
    assert!(!FileIgnores::new(&Settings::default()).holds("x.py", "GIL301", "cpu-on-event-loop"));
}

#[test]
fn layers_lie_over_each_other() {
    let mut settings = Settings::default();
    let first = "select = ['GIL1']\nignore = ['GIL102']\nio = ['a']\nsrc = ['x']\nconfidence = 'low'\nexclude = ['e']";
    settings.apply(&Layer::from_toml(first, "/one").unwrap());
    let second =
        "extend-select = ['GIL2']\nio = ['b']\nsrc = ['y']\nextend-exclude = ['f']\nseverity = {GIL1 = 'info'}";
    settings.apply(&Layer::from_toml(second, "/two").unwrap());
    assert_eq!(settings.selection("GIL201", "io-in-processes"), Selection::On);
    assert_eq!(settings.selection("GIL102", "cpu-in-background-thread"), Selection::Off);
    assert_eq!(settings.knowledge.io, ["a", "b"]);
    assert_eq!(settings.src, [Located { folder: "/two".to_string(), text: "y".to_string() }]);
    assert_eq!(settings.exclude.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["e", "f"]);
    assert_eq!(settings.confidence, Confidence::Low);
    settings.apply(&Layer::from_toml("severity = {cpu-in-threads = 'error'}", "").unwrap());
    assert_eq!(settings.severity("GIL101", "cpu-in-threads"), Some(Severity::Error));
    assert_eq!(settings.severity("GIL102", "cpu-in-background-thread"), Some(Severity::Info));
    assert_eq!(settings.severity("GIL201", "io-in-processes"), None);
    settings.apply(&Layer::from_toml("select = ['ALL']", "").unwrap());
    assert_eq!(settings.selection("GIL102", "cpu-in-background-thread"), Selection::On);
}

#[test]
fn the_lowest_allowed_version() {
    for (requires, expected) in [
        (">=3.9", "3.9"),
        (">= 3.10.2, <3.13", "3.10"),
        (">=3.6", "3.8"),
        (">3.8", "3.8"),
        ("~=3.11", "3.11"),
        ("~=3.11.4", "3.11"),
        ("==3.12.*", "3.12"),
        (">=3.9,!=3.9.*", "3.10"),
        ("<3.12", "3.11"),
        ("<4", "3.14"),
        (">=3", "3.8"),
        ("!=3.9.1,>=3.9", "3.9"),
    ] {
        let found = Target::lowest_allowed(requires).map(|target| target.to_string());
        assert_eq!(found.as_deref(), Some(expected), "{requires}");
    }
    assert_eq!(Target::lowest_allowed("nonsense"), None);
}

#[test]
fn targets_are_ordered_and_checked() {
    let parse = |text| Target::parse(text).unwrap();
    assert!(parse("3.9") < parse("3.13") && parse("3.13") < parse("3.13t"));
    assert_eq!(parse("3.14t").to_string(), "3.14t");
    assert_eq!(parse("py314t").to_string(), "3.14t");
    for wrong in ["3.12t", "2.7", "3", "py27", "3.16", "3.+9", ""] {
        assert!(Target::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_longer_selector_wins() {
    let settings = |select: &[&str], ignore: &[&str]| Settings {
        select: (!select.is_empty()).then(|| select.iter().map(ToString::to_string).collect()),
        ignore: ignore.iter().map(ToString::to_string).collect(),
        ..Settings::default()
    };
    let of = |settings: Settings| settings.selection("GIL102", "cpu-in-background-thread");
    assert_eq!(of(settings(&[], &[])), Selection::Default);
    assert_eq!(of(settings(&["ALL"], &[])), Selection::On);
    assert_eq!(of(settings(&["GIL1"], &["GIL102"])), Selection::Off);
    assert_eq!(of(settings(&["GIL102"], &["GIL1"])), Selection::On);
    assert_eq!(of(settings(&["cpu-in-background-thread"], &["ALL"])), Selection::On);
    assert_eq!(of(settings(&["GIL2"], &[])), Selection::Off);
    let rules = [("GIL101", "cpu-in-threads")];
    assert_eq!(settings(&["GIL1", "GIL9"], &[]).unknown_selector(&rules), Some("GIL9"));
}
