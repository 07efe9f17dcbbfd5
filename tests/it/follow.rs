//! What is taken from the analysis before an edit, and what must not be.

use gilcheck::analysis::{Analysis, AnalysisHost, Change};
use gilcheck::config::Settings;

const HELPER: &str = "SIZE = 10**7\n\n\nclass Base:\n    def work(self):\n        return 1\n\n\ndef total(n=10**7):\n    found = 0\n    for number in range(n):\n        found += number\n    return found\n";
const MAIN: &str = "import threading\nfrom helper import *\n\n\nclass Task(Base):\n    def work(self):\n        return total(SIZE)\n\n\ndef run():\n    workers = [threading.Thread(target=Task().work) for _ in range(4)]\n    for worker in workers:\n        worker.start()\n\n\nasync def serve():\n    total()\n    await pause()\n";

fn change(path: &str, text: Option<&str>) -> Change {
    Change { path: path.to_string(), text: text.map(Into::into), reported: path == "main.py" }
}

fn host(files: &[(String, String)]) -> AnalysisHost {
    let mut host = AnalysisHost::new(Settings::default());
    for (path, text) in files {
        host.apply_change(change(path, Some(text)));
    }
    host
}

fn shown(analysis: &Analysis) -> String {
    format!("{:#?}\n{:?}", analysis.diagnostics(), analysis.oddities())
}

fn files() -> Vec<(String, String)> {
    [("main.py", MAIN), ("helper.py", HELPER), ("other/helper.py", "")]
        .map(|(a, b)| (a.to_string(), b.to_string()))
        .to_vec()
}

/// Makes an edit, and says whether anything was taken from before; what is found must be what is found from nothing.
fn edit(path: &str, old: &str, new: &str) -> bool {
    let mut files = files();
    let mut host = host(&files);
    let before = host.analysis();
    assert!(shown(&before).contains("GIL101") && shown(&before).contains("GIL301"), "{}", shown(&before));
    let (_, text) = files.iter_mut().find(|it| it.0 == path).unwrap();
    assert!(text.contains(old), "{old}");
    *text = text.replacen(old, new, 1);
    host.apply_edit(change(path, Some(text)));
    let after = host.analysis();
    let taken = after.follow(&before);
    assert_eq!(shown(&after), shown(&self::host(&files).analysis()), "{path}: {old:?} -> {new:?}");
    // What rests on what was taken is known, too: the next edit of a helper is seen.
    let (_, helper) = files.iter_mut().find(|it| it.0 == "helper.py").unwrap();
    helper.push_str("\n\ndef total(n=1):\n    return n\n");
    host.apply_edit(change("helper.py", Some(helper)));
    let last = host.analysis();
    assert!(!after.holds_for(&last));
    last.follow(&after);
    assert_eq!(shown(&last), shown(&self::host(&files).analysis()), "{path}: {old:?} -> {new:?}, and a helper");
    taken
}

#[test]
fn what_moves_alone_is_not_worked_out_again() {
    for (path, old, new) in [
        ("main.py", "import threading\n", "# é 😀\nimport threading\n"),
        ("main.py", "def run():\n", "def run():\n\n    # Threads.\n"),
        ("main.py", "total(SIZE)\n", "total(SIZE)  # here\n"),
        ("main.py", "total(SIZE)", "total( SIZE )"),
        ("main.py", "class Task", "\n\nclass Task"),
        ("main.py", "Thread(target", "Thread(\n        target"),
        ("main.py", "    await pause()\n", "    await pause()\n\n# the end"),
        ("helper.py", "SIZE", "# How much.\nSIZE"),
        ("helper.py", "    for", "\n    # Adds up.\n    for"),
    ] {
        assert!(edit(path, old, new), "{path}: {old:?} -> {new:?}");
    }
}

#[test]
fn what_changes_a_fact_is_worked_out_again() {
    for (path, old, new) in [
        ("main.py", "import threading\n", "import threading, time\n"),
        ("main.py", "    total()\n", "    x\n    total()\n"),
        ("main.py", "Thread(target", "Timer(target"),
        ("main.py", "class Task", "class Other"),
        ("main.py", "Task(Base)", "Task(threading.Thread)"),
        ("main.py", "def run", "@cache\ndef run"),
        ("main.py", "    total()", "    total(1)"),
        ("main.py", "async def", "def"),
        ("helper.py", "SIZE = 10**7", "SIZE = 10"),
        ("helper.py", "n=10**7", "n=1"),
        ("helper.py", "SIZE", "__all__ = ['Base']\nSIZE"),
        ("helper.py", "def total", "@profile\ndef total"),
        ("helper.py", "    for number", "    n = 1\n    for number"),
        ("helper.py", "found += number\n    return", "found += number\n        return"),
        ("helper.py", "class Base", "# class Base"),
    ] {
        assert!(!edit(path, old, new), "{path}: {old:?} -> {new:?}");
    }
}

#[test]
fn files_that_come_and_go_are_seen() {
    let mut files = files();
    let mut host = host(&files);
    for (path, text) in [
        ("helper/__init__.py", Some("def total(n=1):\n    return n\nSIZE = 1\n")),
        ("helper/__init__.py", None),
        ("helper.py", None),
    ] {
        let before = host.analysis();
        before.diagnostics();
        host.apply_change(change(path, text));
        files.retain(|it| it.0 != path);
        files.extend(text.map(|text| (path.to_string(), text.to_string())));
        let after = host.analysis();
        assert!(!after.follow(&before));
        assert_eq!(shown(&after), shown(&self::host(&files).analysis()), "{path}: {text:?}");
    }
}
