//! The program from outside: exit codes, what it prints where, and input that nobody wishes for.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A coroutine that sleeps: one finding, in row 4.
pub const SLEEPY: &str = "import time\n\nasync def nap():\n    time.sleep(1)\n";

/// A folder that is a project of its own, and goes away with the test.
pub struct Project {
    pub root: PathBuf,
}

impl Project {
    pub fn new(files: &[(&str, &str)]) -> Project {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("gilcheck-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let root = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&root).unwrap();
        let project = Project { root: root.canonicalize().unwrap() };
        project.write("pyproject.toml", b"");
        for (path, text) in files {
            project.write(path, text.as_bytes());
        }
        project
    }

    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gilcheck"));
        command.args(arguments).current_dir(&self.root).env_remove("NO_COLOR");
        // The user's own caches are left alone.
        command.env("XDG_CACHE_HOME", std::env::temp_dir().join("gilcheck-test-caches"));
        command.env_remove("GILCHECK_NO_CACHE").env_remove("GILCHECK_CACHE_DIR");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).stdin(Stdio::null()).output().unwrap())
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Ran::from(child.wait_with_output().unwrap())
    }

    /// The lines of the concise format.
    pub fn concise(&self, arguments: &[&str]) -> Vec<String> {
        let mut all = vec!["check", "--output-format", "concise"];
        all.extend(arguments);
        self.run(&all).stdout.lines().map(str::to_owned).collect()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// How a run went.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code().expect("it ended by itself"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It could not work, and says so with these words.
    #[track_caller]
    pub fn failed_with(&self, part: &str) {
        assert_eq!(self.code, 2, "{self:?}");
        assert!(self.stderr.contains(part), "{part:?} is not in {}", self.stderr);
        assert!(self.stdout.is_empty(), "{}", self.stdout);
    }
}

#[test]
fn exit_codes_say_how_it_went() {
    let project = Project::new(&[("good.py", "x = 1\n"), ("bad.py", SLEEPY)]);
    assert_eq!(project.run(&["good.py"]).code, 0);
    assert_eq!(project.run(&["check", "bad.py"]).code, 1);
    assert_eq!(project.run(&[]).code, 1);
    assert_eq!(project.run(&["--exit-zero"]).code, 0);
    assert_eq!(project.run(&["--ignore", "GIL302"]).code, 0);
    assert_eq!(project.run(&["--select", "cpu-in-threads", "--no-cache"]).code, 0);
    assert_eq!(project.run(&["--select", "GIL3", "--exhaustive"]).code, 1);
    project.run(&["nothing.py"]).failed_with("nothing.py: no such file or folder");
}

#[test]
fn what_is_wrong_is_said_with_the_remedy() {
    let project = Project::new(&[("good.py", "x = 1\n")]);
    project.run(&["god.py"]).failed_with("did you mean `good.py`?");
    project.run(&["chek"]).failed_with("did you mean `gilcheck check`?");
    project.run(&["--selct", "GIL101"]).failed_with("--select");
    project.run(&["--select", "GIL999"]).failed_with("unknown rule `GIL999`");
    project.run(&["--ignore", "cpu-in-thread"]).failed_with("did you mean `cpu-in-threads`?");
    project.run(&["--output-format", "xml"]).failed_with("json");
    project.run(&["--target-version", "3.7"]).failed_with("3.8 to 3.15");
    project.run(&["--extend-exclude", "a{b"]).failed_with("cannot exclude `a{b`");
    project.run(&["rule", "GIL999"]).failed_with("`gilcheck rule` lists all");
    project.run(&["explain", "good.py"]).failed_with("FILE:LINE");
    project.run(&["explain", "good.py:99"]).failed_with("beyond its end");
    project.run(&["--config", "none.toml"]).failed_with("no such settings file");
}

#[test]
fn settings_are_found_and_their_errors_placed() {
    let project = Project::new(&[("pkg/bad.py", SLEEPY)]);
    project.write("pyproject.toml", b"[tool.gilcheck]\nignore = ['GIL302']\n");
    assert_eq!(project.run(&["pkg"]).code, 0);
    assert_eq!(project.run(&["--isolated", "pkg"]).code, 1);
    assert_eq!(project.run(&["--select", "GIL302", "pkg"]).code, 1);
    project.write("pyproject.toml", b"[tool.gilcheck]\nignroe = ['GIL302']\n");
    project.run(&["pkg"]).failed_with("pyproject.toml:2:1: unknown key `ignroe`; did you mean `ignore`?");
    project.write("pyproject.toml", b"[project]\nname = 'x'\n");
    project.write("gilcheck.toml", b"extend-exclude = ['pkg']\n");
    assert_eq!(project.run(&["."]).code, 0);
    assert_eq!(project.run(&["pkg/bad.py"]).code, 1);
    assert_eq!(project.run(&["--force-exclude", "pkg/bad.py"]).code, 0);
}

#[test]
fn standard_input_is_a_file() {
    let project = Project::new(&[("pkg/__init__.py", ""), ("pkg/bad.py", "x = 1\n")]);
    let ran = project.run_with_input(&["--output-format", "concise", "-"], SLEEPY.as_bytes());
    assert!(ran.stdout.starts_with("-:4:5: GIL302 "), "{ran:?}");
    assert_eq!(ran.code, 1);
    let arguments = ["--output-format", "concise", "--stdin-filename", "pkg/bad.py", "-"];
    let ran = project.run_with_input(&arguments, SLEEPY.as_bytes());
    assert!(ran.stdout.starts_with("pkg/bad.py:4:5: GIL302 "), "{ran:?}");
    let ran = project.run_with_input(&["-"], b"x = 1\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
}

#[test]
fn paths_are_shown_as_given() {
    let project = Project::new(&[("src/a.py", SLEEPY), ("src/pkg/b.py", SLEEPY)]);
    let shown = |arguments: &[&str]| -> Vec<String> {
        let lines = project.concise(arguments);
        lines.iter().map(|line| line.split(":4:5:").next().unwrap().to_owned()).collect()
    };
    assert_eq!(shown(&["."]), ["src/a.py", "src/pkg/b.py"]);
    assert_eq!(shown(&["src/"]), ["src/a.py", "src/pkg/b.py"]);
    assert_eq!(shown(&["./src"]), ["src/a.py", "src/pkg/b.py"]);
    assert_eq!(shown(&["src/a.py", "src/a.py"]), ["src/a.py"]);
    assert_eq!(shown(&["src/a.py", "src"]), ["src/a.py", "src/pkg/b.py"]);
    let absolute = project.root.join("src/pkg");
    let expected = absolute.join("b.py").display().to_string();
    assert_eq!(shown(&[absolute.to_str().unwrap()]), [expected]);
    let name = project.root.file_name().unwrap().to_str().unwrap();
    let around = format!("../{name}/src/a.py");
    assert_eq!(shown(&[&around]), [around.as_str()]);
}

#[test]
fn only_python_files_that_count_are_taken() {
    let project = Project::new(&[
        ("a.py", SLEEPY),
        ("b.pyw", SLEEPY),
        ("c.pyi", SLEEPY),
        ("d.txt", SLEEPY),
        ("ignored.py", SLEEPY),
        ("generated/e.py", SLEEPY),
        (".venv/lib/f.py", SLEEPY),
        ("node_modules/g.py", SLEEPY),
        (".hidden/h.py", SLEEPY),
        (".gitignore", "ignored.py\ngenerated/\n"),
        ("script", SLEEPY),
    ]);
    let names = |arguments: &[&str]| -> Vec<String> {
        let lines = project.concise(arguments);
        lines.iter().map(|line| line.split(':').next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["."]), [".hidden/h.py", "a.py", "b.pyw"]);
    assert_eq!(names(&["ignored.py"]), ["ignored.py"]);
    assert_eq!(names(&["script"]), ["script"]);
    assert_eq!(names(&[".venv"]), [".venv/lib/f.py"]);
    let nothing = Project::new(&[("readme.md", "")]).run(&["."]);
    assert_eq!(nothing.code, 0);
    assert!(nothing.stderr.contains("no Python files"), "{nothing:?}");
}

#[test]
fn a_single_file_is_judged_with_its_project() {
    let project = Project::new(&[
        ("pkg/__init__.py", ""),
        ("pkg/slow.py", "import time\n\ndef pause():\n    time.sleep(1)\n\nasync def own():\n    time.sleep(1)\n"),
        ("pkg/app.py", "from pkg.slow import pause\n\nasync def run():\n    pause()\n"),
    ]);
    for given in ["pkg/app.py", "pkg", "."] {
        let lines = project.concise(&[given]);
        assert!(lines.iter().any(|line| line.starts_with("pkg/app.py:4:5: GIL302 ")), "{given}: {lines:?}");
    }
    assert_eq!(project.concise(&["pkg/app.py"]).len(), 1, "findings of the context are not shown");
    let mut command = project.command(&["--output-format", "json", "app.py"]);
    let ran = Ran::from(command.current_dir(project.root.join("pkg")).output().unwrap());
    assert!(ran.stdout.contains("\"filename\": \"app.py\""), "{ran:?}");
    assert!(ran.stdout.contains("\"filename\": \"slow.py\""), "the evidence is in the neighbour: {ran:?}");
}

#[test]
fn bad_input_is_said_and_stops_nothing() {
    let project = Project::new(&[("good.py", SLEEPY), ("syntax.py", "def broken(:\n    (\n")]);
    project.write("cookie.py", b"# -*- coding: latin-1 -*-\nname = '\xe9'\n");
    project.write("mark.py", b"\xef\xbb\xbfimport time\nasync def nap():\n    time.sleep(1)\n");
    project.write("latin.py", b"a = 1\nname = '\xe9'\n");
    project.write("nul.py", b"a = 1\n\0\n");
    project.write("unknown.py", b"# coding: klingon\n");
    project.write("empty.py", b"");
    let ran = project.run(&["--output-format", "concise", "."]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let found: Vec<&str> = ran.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(found, ["good.py:4:5:", "mark.py:3:5:"]);
    for line in [
        "latin.py: line 2: byte 0xe9 is not UTF-8; save it as UTF-8 or name its encoding on the first line (`# coding: latin-1`)",
        "nul.py: line 2: a NUL byte, which Python source cannot hold",
        "unknown.py: line 1: unknown encoding `klingon`; save it as UTF-8",
    ] {
        assert!(ran.stderr.lines().any(|it| it == line), "{line:?} is not in {}", ran.stderr);
    }
    assert!(ran.stderr.lines().any(|line| line.starts_with("syntax.py:")), "{}", ran.stderr);
    assert!(!ran.stderr.contains("cookie.py"), "{}", ran.stderr);
    project.run(&["latin.py", "nul.py"]).failed_with("none of the given files could be read");
}

#[test]
#[cfg(unix)]
fn what_is_no_regular_file_is_never_opened() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    let project = Project::new(&[("good.py", SLEEPY), ("folder.py/inside.py", SLEEPY)]);
    let at = |name: &str| project.root.join(name);
    assert!(Command::new("mkfifo").arg(at("pipe.py")).status().unwrap().success());
    let _socket = UnixListener::bind(at("socket.py")).unwrap();
    symlink(&project.root, at("loop")).unwrap();
    symlink(at("circle_b.py"), at("circle_a.py")).unwrap();
    symlink(at("circle_a.py"), at("circle_b.py")).unwrap();
    symlink(at("gone.py"), at("dangling.py")).unwrap();
    symlink(at("good.py"), at("same.py")).unwrap();
    symlink(at("pipe.py"), at("link_to_pipe.py")).unwrap();
    assert_eq!(project.concise(&["."]).len(), 2, "good.py once, and inside.py: {:?}", project.concise(&["."]));
    let ran = project.run(&["pipe.py", "good.py"]);
    assert!(ran.stderr.contains("pipe.py: a named pipe, not a regular file"), "{ran:?}");
    assert_eq!(ran.code, 1);
    project.run(&["dangling.py"]).failed_with("dangling.py: no such file");
}

#[test]
#[cfg(unix)]
fn what_may_not_be_read_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new(&[("good.py", SLEEPY), ("secret.py", SLEEPY), ("closed/a.py", SLEEPY)]);
    let set = |name: &str, mode: u32| {
        std::fs::set_permissions(project.root.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set("secret.py", 0o000);
    set("closed", 0o000);
    // Nothing is closed to the superuser.
    let superuser = std::fs::read(project.root.join("secret.py")).is_ok();
    let ran = project.run(&["--output-format", "concise", "."]);
    set("closed", 0o755);
    assert_eq!(ran.code, 1);
    if !superuser {
        assert!(ran.stderr.contains("secret.py: permission denied"), "{ran:?}");
        assert!(ran.stderr.contains("closed: permission denied"), "{ran:?}");
        assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    }
}

#[test]
#[cfg(unix)]
fn names_that_are_no_text_do_not_reach_the_terminal() {
    use std::os::unix::ffi::OsStrExt;
    let project = Project::new(&[]);
    for name in [&b"a\x1b[31m.py"[..], b"b\xff.py", b"c\nd.py"] {
        let path = project.root.join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(path, SLEEPY.replace("(1)", "(1)  # \x1b[2J\u{202e}")).unwrap();
    }
    for format in ["concise", "full"] {
        let ran = project.run(&["--output-format", format, "."]);
        assert_eq!(ran.code, 1);
        assert!(!ran.stdout.contains(['\x1b', '\u{202e}']), "{}", ran.stdout);
        assert!(ran.stdout.contains("a?[31m.py:4:5") && ran.stdout.contains("c?d.py:4:5"), "{}", ran.stdout);
        assert!(ran.stdout.contains("b\u{fffd}.py:4:5"), "{}", ran.stdout);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let project = Project::new(&[]);
    for format in ["full", "concise", "json"] {
        let mut command = project.command(&["--output-format", format, "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        child.stdin.take().unwrap().write_all(SLEEPY.repeat(50).as_bytes()).unwrap();
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{format}");
    }
}

#[test]
fn every_run_gives_the_same_bytes() {
    let project = Project::new(&[]);
    for folder in 0..5 {
        for file in 0..10 {
            project.write(&format!("p{folder}/m{file}.py"), SLEEPY.as_bytes());
        }
    }
    for format in ["full", "concise", "json"] {
        let arguments = ["--output-format", format, "p0", "p1", "p2", "p3", "p4"];
        let first = project.run(&arguments).stdout;
        assert!(first.contains("GIL302"), "{first}");
        assert_eq!(first, project.run(&arguments).stdout);
        let mut single = project.command(&arguments);
        assert_eq!(first, Ran::from(single.env("RAYON_NUM_THREADS", "1").output().unwrap()).stdout);
    }
}

#[test]
fn colours_are_for_terminals() {
    let project = Project::new(&[("bad.py", SLEEPY)]);
    let has_colour = |ran: Ran| ran.stdout.contains('\x1b');
    assert!(!has_colour(project.run(&["."])));
    assert!(!has_colour(project.run(&["--color", "never", "."])));
    assert!(has_colour(project.run(&["--color", "always", "."])));
    let mut command = project.command(&["check", "--color=auto", "."]);
    assert!(!has_colour(Ran::from(command.env("NO_COLOR", "1").output().unwrap())));
}

#[test]
fn results_go_to_stdout_and_talk_to_stderr() {
    let project = Project::new(&[("bad.py", SLEEPY), ("good.py", "")]);
    let ran = project.run(&["--output-format", "concise"]);
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (1, "Found 1 problem in 2 files.\n"));
    assert_eq!(project.run(&["--quiet"]).stderr, "");
    assert_eq!(project.run(&["good.py"]).stderr, "All checks passed! (1 file)\n");
    let ran = project.run(&["--output-format", "json", "good.py"]);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("[]\n", ""));
}

#[test]
fn json_has_what_tools_need() {
    let project = Project::new(&[("bad.py", "import time\nasync def nap():\n    é = time.sleep(1)\n")]);
    let list: serde_json::Value = serde_json::from_str(&project.run(&["--output-format", "json"]).stdout).unwrap();
    let found = &list[0];
    assert_eq!(found["code"], "GIL302");
    assert_eq!(found["name"], "blocking-io-on-event-loop");
    assert_eq!(found["filename"], "bad.py");
    assert_eq!(found["location"], serde_json::json!({"row": 3, "column": 9}));
    assert_eq!(found["end_location"], serde_json::json!({"row": 3, "column": 22}));
    for key in ["message", "severity", "confidence", "workload", "vehicle", "help", "url"] {
        assert!(found[key].is_string(), "{key}");
    }
    for clock in ["bytecode", "atomic", "native", "wait"] {
        assert!(found["estimate"][clock].is_number(), "{clock}");
    }
    assert!(found["evidence"].is_array());
}

#[test]
fn comments_silence() {
    let line = "    time.sleep(1)";
    for (suffix, code) in [
        ("  # gilcheck: ignore[GIL302]", 0),
        ("  # gilcheck: ignore[blocking-io-on-event-loop] it is a stub", 0),
        ("  # noqa: GIL302", 0),
        ("  # gilcheck: ignore[GIL101]", 1),
        ("  # gilcheck: ignore[GIL302, GIL101]", 1),
        ("  # gilcheck: ignore[GIL302, GIL202]", 0),
    ] {
        let project = Project::new(&[("a.py", &SLEEPY.replace(line, &format!("{line}{suffix}")))]);
        assert_eq!(project.run(&["."]).code, code, "{suffix}");
    }
    let text =
        "import time\n\nasync def nap():\n    # gilcheck: ignore[GIL302]\n    x = (\n        time.sleep(1)\n    )\n";
    assert_eq!(Project::new(&[("a.py", text)]).run(&["."]).code, 0);
    let text = "import time\n\nasync def nap():\n    x = (\n        time.sleep(1)\n    )  # noqa\n";
    assert_eq!(Project::new(&[("a.py", text)]).run(&["."]).code, 0);
}

#[test]
fn a_settings_file_may_build_on_another() {
    let project = Project::new(&[("pkg/bad.py", SLEEPY), ("pkg/tests/t.py", SLEEPY)]);
    project.write("base.toml", b"ignore = ['GIL302']\n");
    project.write("gilcheck.toml", b"extend = 'base.toml'\nper-file-ignores = { 'pkg/tests/' = ['GIL3'] }\n");
    assert_eq!(project.run(&["pkg"]).code, 0);
    project.write("base.toml", b"severity = { GIL302 = 'error' }\n");
    let ran = project.run(&["--output-format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 1, "{ran:?}");
    assert_eq!((&list[0]["filename"], &list[0]["severity"]), (&"pkg/bad.py".into(), &"error".into()));
    project.write("base.toml", b"extend = 'gilcheck.toml'\n");
    project.run(&["pkg"]).failed_with("base.toml:1:10: `extend`: gilcheck.toml extends this file again");
    project.write("gilcheck.toml", b"\nextend = 'gone.toml'\n");
    project.run(&["pkg"]).failed_with("gilcheck.toml:2:10: `extend`: gone.toml: no such file");
    project.write("gilcheck.toml", b"required-version = '>=99'\n");
    project.run(&["pkg"]).failed_with("gilcheck.toml:1:20: `required-version`: >=99 is asked for");
    project.write("gilcheck.toml", b"select = [\n  'GIL302',\n  'GIL310',\n]\n");
    project.run(&["pkg"]).failed_with("gilcheck.toml:3:3: unknown rule `GIL310`; did you mean `GIL3");
    project.write("gilcheck.toml", b"per-file-ignores = { 'a{b' = [] }\n");
    project.run(&["pkg"]).failed_with("gilcheck.toml:1:22: `per-file-ignores`: `a{b` is no pattern");
    project.write("gilcheck.toml", b"select = ['GIL302'\nignore = []\n");
    project.run(&["pkg"]).failed_with("gilcheck.toml:2:1: ");
}

#[test]
fn the_command_line_lies_over_the_files() {
    let project = Project::new(&[("pkg/bad.py", SLEEPY), ("other.toml", "ignore = ['GIL302']\n")]);
    project.write("gilcheck.toml", b"output-format = 'concise'\n");
    assert!(project.run(&["pkg"]).stdout.starts_with("pkg/bad.py:4:5: GIL302"));
    assert!(project.run(&["--output-format", "json", "pkg"]).stdout.starts_with('['));
    assert!(project.run(&["--config", "output-format = 'json'", "pkg"]).stdout.starts_with('['));
    let mut command = project.command(&["pkg"]);
    assert!(Ran::from(command.env("GILCHECK_OUTPUT_FORMAT", "json").output().unwrap()).stdout.starts_with('['));
    assert_eq!(project.run(&["--config", "other.toml", "pkg"]).code, 0);
    assert_eq!(project.run(&["--config", "other.toml", "--config", "select = ['ALL']", "pkg"]).code, 1);
    assert_eq!(project.run(&["--per-file-ignores", "pkg/*:GIL302", "pkg"]).code, 0);
    assert_eq!(project.run(&["--exclude", "pkg", "."]).code, 0);
    project.run(&["--config", "outputformat = 'json'"]).failed_with("did you mean `output-format`?");
    project.run(&["--config", "other.toml", "--isolated"]).failed_with("`--isolated` reads none");
    project.run(&["--config", "other.toml", "--config", "gilcheck.toml"]).failed_with("names two files");
    project.run(&["--per-file-ignores", "pkg"]).failed_with("tests/**:GIL101");
    project.write(".gitignore", b"pkg\n");
    assert_eq!(project.run(&["."]).code, 0);
    assert_eq!(project.run(&["--no-respect-gitignore", "."]).code, 1);
}

#[test]
fn settings_and_files_can_be_shown() {
    let project = Project::new(&[("pkg/bad.py", SLEEPY), ("out/gen.py", SLEEPY), ("a.txt", "")]);
    let text = "extend-exclude = ['out']\nsrc = ['lib']\nselect = ['GIL3']\nignore = ['GIL303']\ncpu = ['a.b']\n\
                per-file-ignores = { 'x.py' = ['ALL'] }\nseverity = { GIL1 = 'info' }\ntarget-version = '3.13t'\n\
                spawns = [{ name = 'a.b', vehicle = 'thread', target = '0' }]\n";
    project.write("gilcheck.toml", text.as_bytes());
    assert_eq!(project.run(&["--show-files"]).stdout, "pkg/bad.py\n");
    let shown = project.run(&["--show-settings"]).stdout;
    assert!(shown.contains("# Rules that run: GIL301 GIL302\n"), "{shown}");
    // What is shown is a settings file that says the same.
    project.write("gilcheck.toml", shown.as_bytes());
    let again = project.run(&["--show-settings"]);
    assert_eq!((again.stdout, again.code), (shown, 0), "{}", again.stderr);
}

/// A folder's settings hold for what is in it, whatever else is checked in the same run.
#[test]
fn the_nearest_settings_hold_for_every_file() {
    const THREADS: &str = "import threading\nfrom work import count\n\nfor _ in range(4):\n    \
                           threading.Thread(target=count).start()\n";
    const COUNT: &str = "def count():\n    total = 0\n    for number in range(10**8):\n        total += number\n";
    let project = Project::new(&[
        ("pyproject.toml", "[tool.gilcheck]\nignore = ['GIL302']\nextend-exclude = ['gen_*.py']"),
        ("top.py", SLEEPY),
        ("gen_top.py", SLEEPY),
        ("loud/gilcheck.toml", "per-file-ignores = { 'quiet.py' = ['ALL'] }\nseverity = { GIL302 = 'info' }"),
        ("loud/bad.py", SLEEPY),
        ("loud/gen_bad.py", SLEEPY),
        ("loud/quiet.py", SLEEPY),
        ("loud/deep/quiet.py", SLEEPY),
        ("sure/.gilcheck.toml", "extend = '../pyproject.toml'\nselect = ['ALL']\nexclude = ['no']"),
        ("sure/bad.py", SLEEPY),
        ("sure/no/bad.py", SLEEPY),
        ("free/gilcheck.toml", "target-version = '3.14t'"),
        ("free/app.py", THREADS),
        ("free/work.py", COUNT),
        ("held/app.py", THREADS),
        ("held/work.py", COUNT),
        ("known/gilcheck.toml", "io = ['fetch.get']"),
        ("known/fetch.py", "def get():\n    ..."),
        ("known/bad.py", "import fetch\n\nasync def run():\n    fetch.get()\n"),
    ]);
    let all = project.concise(&["."]);
    let places: Vec<String> = all.iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "held/app.py:5:5: GIL101",
        "known/bad.py:4:5: GIL302",
        "loud/bad.py:4:5: GIL302",
        "loud/gen_bad.py:4:5: GIL302",
        "sure/bad.py:4:5: GIL302",
    ];
    assert_eq!(places, expected);
    // By itself, with others, and from standard input, a file gets what it gets there.
    for file in ["held/app.py", "known/bad.py", "loud/bad.py", "loud/deep/quiet.py", "sure/bad.py", "top.py"] {
        let in_all: Vec<String> = all.iter().filter(|line| line.starts_with(file)).cloned().collect();
        assert_eq!(project.concise(&[file]), in_all);
        assert_eq!(project.concise(&["top.py", file]), in_all);
        let text = std::fs::read(project.root.join(file)).unwrap();
        let ran = project.run_with_input(&["--output-format", "concise", "--stdin-filename", file, "-"], &text);
        assert_eq!(ran.stdout.lines().collect::<Vec<_>>(), in_all);
    }
    let shown = project.run(&["--show-settings", "free/app.py"]).stdout;
    assert!(shown.contains("free/gilcheck.toml") && shown.contains("target-version = \"3.14t\""), "{shown}");
    let json = project.run(&["--output-format", "json", "."]).stdout;
    let found: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&found[2]["severity"], &found[4]["severity"]), (&"info".into(), &"error".into()));
    // One file for all, or none.
    let one = project.concise(&["--config", "free/gilcheck.toml", "."]);
    assert!(one.iter().all(|line| !line.contains("GIL101")) && one.iter().any(|line| line.starts_with("top.py")));
    assert!(project.concise(&["--isolated", "loud"]).iter().any(|line| line.starts_with("loud/quiet.py")));
    // The command line lies over each.
    assert_eq!(project.concise(&["--ignore", "GIL302", "."]).len(), 1);
    // A comment about a rule that does not run there is not called unused there.
    project.write("top.py", SLEEPY.replace("(1)", "(1)  # gilcheck: ignore[GIL302]").as_bytes());
    assert_eq!(project.concise(&["."]).len(), expected.len());
}

#[test]
fn settings_below_may_be_broken_or_have_a_baseline() {
    let project = Project::new(&[("a/bad.py", SLEEPY), ("b/bad.py", SLEEPY), ("b/c/bad.py", SLEEPY)]);
    project.write("b/gilcheck.toml", b"selct = []");
    let ran = project.run(&["."]);
    ran.failed_with("b/gilcheck.toml:1:1: unknown key `selct`; did you mean `select`?");
    assert_eq!(project.concise(&["a"]).len(), 1);
    project.write("pyproject.toml", b"[tool.gilcheck]\nbaseline = 'outer.json'");
    project.write("b/gilcheck.toml", b"baseline = 'inner.json'");
    let ran = project.run(&["--update-baseline", "."]);
    assert_eq!(ran.stderr, "1 finding in the baseline outer.json.\n2 findings in the baseline inner.json.\n");
    let inner = std::fs::read_to_string(project.root.join("b/inner.json")).unwrap();
    assert!(inner.contains("\"c/bad.py\""), "{inner}");
    for given in [".", "a", "b", "b/c/bad.py"] {
        assert_eq!(project.concise(&[given]), Vec::<String>::new());
    }
    // A file that is not there yet, in a folder that is not: the settings above hold.
    let given = ["--force-exclude", "--output-format", "concise", "--stdin-filename"];
    let unsaved = |name| project.run_with_input(&[&given[..], &[name, "-"]].concat(), SLEEPY.as_bytes()).stdout;
    assert_eq!(unsaved("b/new/bad.py").lines().count(), 1);
    assert_eq!(unsaved("b/venv/bad.py"), "");
    project.write("b/c/bad.py", b"");
    project.write("a/bad.py", b"");
    assert!(project.run(&["."]).stderr.contains("2 findings of the baseline no longer found"));
}

#[test]
fn the_schema_is_that_of_the_settings() {
    let project = Project::new(&[]);
    let schema = project.run(&["config", "--output-format", "json-schema"]).stdout;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("gilcheck.schema.json");
    if std::env::var_os("GILCHECK_UPDATE").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, schema, "run `GILCHECK_UPDATE=1 cargo test schema`");
    let keys: serde_json::Value =
        serde_json::from_str(&project.run(&["config", "--output-format", "json"]).stdout).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(keys.as_array().unwrap().len(), schema["properties"].as_object().unwrap().len());
    assert!(project.run(&["config", "io"]).stdout.starts_with("io: a list of qualified names\n"));
    project.run(&["config", "oi"]).failed_with("did you mean `io`?");
}

#[test]
fn a_baseline_hides_what_is_known() {
    let project = Project::new(&[("pkg/bad.py", SLEEPY), ("pkg/more.py", SLEEPY)]);
    let base = ["--baseline", "known.json"];
    let run = |more: &[&str]| project.run(&[&base[..], more].concat());
    run(&[]).failed_with("known.json: no such file; write the baseline with");
    let ran = run(&["--update-baseline"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "2 findings in the baseline known.json.\n"));
    assert_eq!(run(&[]).code, 0);
    // Lines move, and the folder from which it is run changes.
    project.write("pkg/bad.py", format!("# one\n# two\n{SLEEPY}").as_bytes());
    assert_eq!(run(&[]).code, 0);
    let mut command = project.command(&["--baseline", "../known.json", "bad.py"]);
    assert_eq!(Ran::from(command.current_dir(project.root.join("pkg")).output().unwrap()).code, 0);
    // A second one of the same kind is new.
    project.write("pkg/bad.py", format!("{SLEEPY}    time.sleep(1)\n").as_bytes());
    let ran = run(&["--output-format", "concise"]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (1, 1), "{ran:?}");
    // What is gone is said, and leaves with the next update; what was not looked at stays.
    project.write("pkg/bad.py", b"x = 1\n");
    assert!(run(&[]).stderr.contains("1 finding of the baseline no longer found"), "{:?}", run(&[]));
    run(&["--update-baseline", "pkg/bad.py"]);
    assert_eq!(run(&[]).code, 0);
    std::fs::remove_file(project.root.join("pkg/more.py")).unwrap();
    run(&["--update-baseline", "pkg/bad.py"]);
    let text = std::fs::read_to_string(project.root.join("known.json")).unwrap();
    assert_eq!(text, "{\n  \"version\": 1,\n  \"findings\": []\n}\n");
    project.write("known.json", b"{]");
    run(&[]).failed_with("known.json:1:2: not a baseline");
    project.run(&["--update-baseline"]).failed_with("needs to know which file");
    // The settings can name it too.
    project.write("pkg/bad.py", SLEEPY.as_bytes());
    project.write("gilcheck.toml", b"baseline = 'known.json'\n");
    assert_eq!(project.run(&["--update-baseline"]).code, 0);
    assert_eq!(project.run(&["pkg"]).code, 0);
}

#[test]
fn comments_can_be_written() {
    let text = "import time\n\nasync def nap():\n    time.sleep(1)\n    x = [\n        time.sleep(1),\n    ]\n    \
                for i in [time.sleep(1)]:\n        pass\n    time.sleep(1); y = 1\n    time.sleep(1)  # noqa: E501\n    \
                time.sleep(1)  # gilcheck: ignore[GIL301]\n    if x: time.sleep(1)\n";
    let project = Project::new(&[("a.py", text), ("good.py", "x = 1\n")]);
    let ran = project.run(&["--add-ignore=until the rewrite", "--ignore", "GIL901"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let new = std::fs::read_to_string(project.root.join("a.py")).unwrap();
    let because = "# gilcheck: ignore[GIL302] until the rewrite";
    let expected = text
        .replace("():\n    time.sleep(1)\n", &format!("():\n    time.sleep(1)  {because}\n"))
        .replace("    ]\n", &format!("    ]  {because}\n"))
        .replace("    for i", &format!("    {because}\n    for i"))
        .replace("    time.sleep(1);", &format!("    {because}\n    time.sleep(1);"))
        .replace("# noqa: E501\n", &format!("# noqa: E501  {because}\n"))
        .replace("[GIL301]", "[GIL301, GIL302]")
        .replace("if x: time.sleep(1)\n", &format!("if x: time.sleep(1)  {because}\n"));
    assert_eq!(new, expected);
    assert_eq!(project.run(&["--select", "GIL302"]).code, 0);
    let windows = Project::new(&[("a.py", "import time\r\nasync def nap():\r\n    time.sleep(1)\r\n")]);
    windows.run(&["--add-ignore"]);
    let new = std::fs::read_to_string(windows.root.join("a.py")).unwrap();
    assert!(new.ends_with("    time.sleep(1)  # gilcheck: ignore[GIL302]\r\n"), "{new:?}");
    let latin = Project::new(&[]);
    latin.write("a.py", b"# coding: latin-1\nimport time\nasync def nap():\n    time.sleep(1)  # \xe9\n");
    let ran = latin.run(&["--add-ignore"]);
    assert!(ran.code == 1 && ran.stderr.contains("a.py: left as it is"), "{ran:?}");
}

#[test]
fn notebooks_are_checked_cell_by_cell() {
    let notebook = serde_json::json!({
        "cells": [
            { "cell_type": "markdown", "metadata": {}, "source": ["# Naps"] },
            { "cell_type": "code", "metadata": {}, "outputs": [], "execution_count": null,
              "source": ["%load_ext x\n", "import time"] },
            { "cell_type": "code", "metadata": {}, "outputs": [], "execution_count": null,
              "source": "\nasync def nap():\n    !ls\n    time.sleep(1)\n" },
        ],
        "metadata": { "language_info": { "name": "python" } }, "nbformat": 4, "nbformat_minor": 5,
    });
    let project = Project::new(&[("naps.ipynb", &notebook.to_string()), ("broken.ipynb", "{")]);
    let ran = project.run(&["--output-format", "concise"]);
    assert!(ran.stdout.starts_with("naps.ipynb:cell 3:4:5: GIL302 "), "{ran:?}");
    assert!(ran.stderr.contains("broken.ipynb: line 1: not a notebook"), "{ran:?}");
    let found: serde_json::Value =
        serde_json::from_str(&project.run(&["--output-format", "json", "naps.ipynb"]).stdout).unwrap();
    assert_eq!((&found[0]["cell"], &found[0]["location"]["row"]), (&3.into(), &4.into()));
    let full = project.run(&["naps.ipynb"]).stdout;
    assert!(full.contains("naps.ipynb:cell 3:4:5") && full.contains(" 4 │     time.sleep(1)"), "{full}");
    let ran = project.run(&["--add-ignore", "naps.ipynb"]);
    assert!(ran.code == 1 && ran.stderr.contains("left as it is"), "{ran:?}");
}

#[test]
fn a_watch_sees_changes() {
    use std::io::{BufRead, BufReader};
    let project = Project::new(&[("pkg/a.py", "x = 1\n")]);
    let mut command = project.command(&["--watch", "--output-format", "concise", "."]);
    let (reader, writer) = std::io::pipe().unwrap();
    let mut child = command.stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer).spawn().unwrap();
    drop(command);
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(reader).lines().map_while(Result::ok).try_for_each(|line| sender.send(line).ok())
    });
    let next = |part: &str| loop {
        let line = lines.recv_timeout(std::time::Duration::from_secs(20)).expect(part);
        if line.contains(part) {
            break;
        }
    };
    next("All checks passed! (1 file)");
    next("Watching");
    project.write("pkg/a.py", SLEEPY.as_bytes());
    next("pkg/a.py:4:5: GIL302");
    next("Watching");
    project.write("new/b.py", SLEEPY.as_bytes());
    next("new/b.py:4:5: GIL302");
    next("Watching");
    project.write("gilcheck.toml", b"ignroe = ['GIL302']\n");
    next("did you mean `ignore`?");
    next("Watching");
    project.write("gilcheck.toml", b"ignore = ['GIL302']\n");
    next("All checks passed! (2 files)");
    child.kill().unwrap();
    child.wait().unwrap();
    project.run(&["--watch", "-"]).failed_with("standard input does not change");
}

#[test]
fn findings_can_go_to_a_file_and_be_counted() {
    let project = Project::new(&[("bad.py", SLEEPY), ("more.py", SLEEPY)]);
    let ran = project.run(&["--output-format", "json", "--output-file", "out.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    let text = std::fs::read_to_string(project.root.join("out.json")).unwrap();
    assert_eq!(text, project.run(&["--output-format", "json"]).stdout);
    project.run(&["-o", "none/out.json"]).failed_with("none/out.json: cannot write the findings");
    let ran = project.run(&["--statistics"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "2  GIL302  blocking-io-on-event-loop\n"));
    let counts = project.run(&["--statistics", "--output-format", "json"]).stdout;
    let counts: serde_json::Value = serde_json::from_str(&counts).unwrap();
    assert_eq!(counts, serde_json::json!([{"code": "GIL302", "name": "blocking-io-on-event-loop", "count": 2}]));
}

#[test]
#[cfg(unix)]
fn no_file_name_breaks_a_format() {
    let names = [
        "::error::x.py",
        "##vso[task.setvariable]y.py",
        "a\nb\x1b[2J.py",
        "q\"<&'>]]>.py",
        "%0A,c:d;e].py",
        "\u{202e}é 𝄞.py",
    ];
    let project = Project::new(&names.map(|name| (name, SLEEPY)));
    let formats = gilcheck::config::FORMATS;
    for format in formats {
        let ran = project.run(&["--output-format", format, "."]);
        assert_eq!(ran.code, 1, "{format}: {ran:?}");
        let text = &ran.stdout;
        assert!(!text.contains(['\x1b', '\u{202e}']), "{format}: {text}");
        for line in text.lines() {
            let is_ours = line.starts_with("::error title=gilcheck ") || line.starts_with("##vso[task.logissue ");
            assert!(is_ours || !line.trim_start().starts_with("::"), "{format}: {line}");
            assert!(line.matches("##vso[").count() <= usize::from(is_ours), "{format}: {line}");
            assert!(!line.contains("##["), "{format}: {line}");
        }
        let lines = text.lines().count();
        match *format {
            "concise" | "pylint" | "json-lines" | "github" | "azure" => assert_eq!(lines, names.len(), "{format}"),
            "json" | "gitlab" | "sarif" | "rdjson" => drop(serde_json::from_str::<serde_json::Value>(text).unwrap()),
            _ => {}
        }
    }
    let list: serde_json::Value = serde_json::from_str(&project.run(&["--output-format", "json"]).stdout).unwrap();
    let mut found: Vec<&str> = list.as_array().unwrap().iter().map(|it| it["filename"].as_str().unwrap()).collect();
    let mut names = names.to_vec();
    found.sort_unstable();
    names.sort_unstable();
    assert_eq!(found, names, "machines get the names as they are");
}

#[test]
fn fingerprints_do_not_hold_lines() {
    let project = Project::new(&[("a.py", &format!("{SLEEPY}    time.sleep(1)\n"))]);
    let prints = || -> Vec<String> {
        let text = project.run(&["--output-format", "gitlab"]).stdout;
        let list: serde_json::Value = serde_json::from_str(&text).unwrap();
        list.as_array().unwrap().iter().map(|it| it["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let before = prints();
    assert!(before.len() == 2 && before[0] != before[1], "{before:?}");
    project.write("a.py", format!("# moved\n{SLEEPY}    time.sleep(1)\n").as_bytes());
    assert_eq!(prints(), before);
}

#[test]
fn a_report_is_one_page() {
    let project = Project::new(&[("a.py", SLEEPY)]);
    let title = "</script><b>&";
    let ran = project.run(&["report", "--html", "out.html", "--title", title]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "Wrote out.html: 0 hand-overs, 1 finding.\n"));
    let page = std::fs::read_to_string(project.root.join("out.html")).unwrap();
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!((&data["title"], &data["findings"][0]["code"]), (&title.into(), &"GIL302".into()));
    assert!(page.contains("<title>gilcheck: &lt;/script&gt;&lt;b&gt;&amp;</title>"), "{page}");
    assert!(!page.contains("src=") && !page.contains("@import") && !page.contains("{{"), "it loads nothing");
    project.run(&["report", "--html", "none/out.html"]).failed_with("none/out.html: cannot write the report");
}

#[test]
fn shells_and_man_are_served() {
    let project = Project::new(&[]);
    for (shell, part) in [
        ("bash", "complete -F _gilcheck"),
        ("zsh", "#compdef gilcheck"),
        ("fish", "complete -c gilcheck"),
        ("elvish", "edit:completion"),
        ("nushell", "export extern gilcheck"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let ran = project.run(&["completions", shell]);
        assert!(ran.code == 0 && ran.stdout.contains(part), "{shell}: {ran:?}");
    }
    assert!(project.run(&["man"]).stdout.contains(".TH gilcheck 1"));
}

/// As ruff gives them: one rule is an object, several are a list.
#[test]
fn rules_and_the_version_can_be_read_by_programs() {
    let project = Project::new(&[]);
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&project.run(&[arguments, &["--output-format", "json"]].concat()).stdout).unwrap()
    };
    let rule = json(&["rule", "cpu-in-threads"]);
    assert_eq!((&rule["code"], &rule["on_by_default"]), (&"GIL101".into(), &true.into()));
    assert!(rule["explanation"].as_str().unwrap().starts_with("# cpu-in-threads"));
    assert_eq!(json(&["rule"]), json(&["rule", "--all"]));
    assert_eq!(json(&["rule", "--all"])[0], rule);
    assert_eq!(json(&["version"])["version"], env!("CARGO_PKG_VERSION"));
    let script = project.run(&["generate-shell-completion", "bash"]).stdout;
    assert_eq!(script, project.run(&["completions", "bash"]).stdout);
}

#[test]
fn questions_are_answered() {
    let project = Project::new(&[("bad.py", SLEEPY)]);
    assert!(project.run(&["version"]).stdout.starts_with("gilcheck "));
    assert!(project.run(&["--version"]).stdout.starts_with("gilcheck "));
    assert!(project.run(&["--help"]).stdout.contains("explain"));
    assert!(project.run(&["rule"]).stdout.contains("GIL101  cpu-in-threads"));
    assert!(project.run(&["rule", "GIL101"]).stdout.starts_with("# cpu-in-threads (GIL101)"));
    assert!(project.run(&["rule", "cpu-in-threads"]).stdout.starts_with("# cpu-in-threads (GIL101)"));
    assert!(project.run(&["rule", "--all"]).stdout.contains("# blocking-io-on-event-loop (GIL302)"));
    let explained = project.run(&["explain", "bad.py:4"]);
    assert_eq!((explained.code, explained.stdout.is_empty()), (0, false));
    let graph: serde_json::Value = serde_json::from_str(&project.run(&["graph"]).stdout).unwrap();
    assert!(graph.is_object());
    assert!(project.run(&["graph", "--output-format", "dot"]).stdout.starts_with("digraph"));
    let arguments = ["knowledge", "time.sleep", "nobody.knows", "--output-format", "json"];
    let answers: serde_json::Value = serde_json::from_str(&project.run(&arguments).stdout).unwrap();
    assert_eq!(answers[0]["class"], "io");
    assert_eq!(answers[1]["class"], "unknown");
    let all = project.run(&["knowledge", "--all", "--output-format", "json"]).stdout;
    let all: Vec<serde_json::Value> = serde_json::from_str(&all).unwrap();
    assert!(all.len() > 1000 && all.iter().all(|it| it["class"] != "unknown" && it["source"] != ""), "{}", all.len());
}

#[test]
fn depth_and_size_do_not_crash() {
    let project = Project::new(&[]);
    let depth = 10_000;
    project.write("deep.py", format!("x = {}1{}\n", "(".repeat(depth), ")".repeat(depth)).as_bytes());
    project.write(
        "chain.py",
        format!("import time\nasync def f():\n    x = {}1\n    time.sleep(1)\n", "1 + ".repeat(depth)).as_bytes(),
    );
    project.write("long.py", format!("x = '{}'\n{SLEEPY}", "y".repeat(1 << 20)).as_bytes());
    let nested: String = (0..90).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    project.write("nested.py", format!("{nested}{}pass\n", " ".repeat(90)).as_bytes());
    for arguments in [&["--exhaustive", "."][..], &["."]] {
        let ran = project.run(arguments);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stdout.contains("chain.py:4:5") && ran.stdout.contains("long.py:5:5"), "{ran:?}");
    }
}

/// The tests run somewhere that is no project.
#[test]
fn the_temporary_folder_is_no_project() {
    let folder = std::env::temp_dir();
    assert!(folder.is_absolute() && !Path::new(&folder).join("pyproject.toml").exists());
}

/// A program with a blocking call that can safely be awaited, its line ends and tabs those of Windows.
const AWAITABLE: &str = "import asyncio\r\nimport time\r\n\r\n\r\nasync def rest():\r\n\t# Enough.\r\n\ttime.sleep(1)\r\n\r\n\r\nasyncio.run(rest())\r\n";

#[test]
fn fixes_keep_line_ends_and_are_made_once() {
    let project = Project::new(&[("rest.py", AWAITABLE)]);
    let ran = project.run(&["--diff"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("-\ttime.sleep(1)"), "{}", ran.stdout);
    assert_eq!(std::fs::read_to_string(project.root.join("rest.py")).unwrap(), AWAITABLE);
    let ran = project.run(&["--fix", "--show-fixes"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("rest.py: GIL302: Use `await asyncio.sleep`"), "{}", ran.stderr);
    let once = std::fs::read_to_string(project.root.join("rest.py")).unwrap();
    assert_eq!(once, AWAITABLE.replace("time.sleep", "await asyncio.sleep").replace("import time\r\n", ""));
    project.run(&["--fix-only", "--unsafe-fixes"]);
    assert_eq!(std::fs::read_to_string(project.root.join("rest.py")).unwrap(), once);
}

#[cfg(unix)]
/// A comment that silences nothing has a safe fix.
#[test]
fn settings_say_what_may_be_fixed() {
    const IDLE: &str = "x = 1  # gilcheck: ignore[GIL101]\n";
    let project = Project::new(&[("a.py", IDLE), ("b/a.py", IDLE), ("b/gilcheck.toml", "unfixable = ['GIL901']")]);
    let fix = |arguments: &[&str]| {
        project.write("a.py", IDLE.as_bytes());
        let ran = project.run(arguments);
        (ran.code, std::fs::read_to_string(project.root.join("a.py")).unwrap() != IDLE)
    };
    assert_eq!(fix(&["--fix", "a.py"]), (0, true));
    assert_eq!(fix(&["--fix", "--exit-non-zero-on-fix", "a.py"]), (1, true));
    assert_eq!(fix(&["--fix-only", "--exit-non-zero-on-fix", "a.py"]), (1, true));
    assert_eq!(fix(&["--fix", "--exit-non-zero-on-fix", "--exit-zero", "a.py"]), (0, true));
    assert_eq!(fix(&["--fix", "--no-fix", "a.py"]), (1, false));
    assert_eq!(fix(&["--fix", "--unfixable", "unused-suppression", "a.py"]), (1, false));
    assert_eq!(fix(&["--fix", "--fixable", "GIL1", "a.py"]), (1, false));
    assert_eq!(fix(&["--fix", "--fixable", "GIL1", "--extend-fixable", "GIL9", "a.py"]), (0, true));
    // Where it lies below settings of its own, those hold.
    assert_eq!(fix(&["--fix", "."]), (1, true));
    assert_eq!(std::fs::read_to_string(project.root.join("b/a.py")).unwrap(), IDLE);
    project.write("pyproject.toml", b"[tool.gilcheck]\nfix = true\nunfixable = ['GIL1']");
    assert_eq!(fix(&["a.py"]), (0, true));
    assert_eq!(fix(&["--no-fix", "a.py"]), (1, false));
    project.run(&["--fixable", "GIL7"]).failed_with("unknown rule `GIL7`");
}

#[test]
fn arguments_may_stand_in_a_file() {
    let project =
        Project::new(&[("a.py", SLEEPY), ("b c.py", SLEEPY), ("list.txt", "--output-format\nconcise\na.py\nb c.py\n")]);
    assert_eq!(project.run(&["@list.txt"]).stdout.lines().count(), 2);
    project.run(&["check", "@none.txt"]).failed_with("none.txt");
}

#[test]
fn much_and_nothing_can_be_said() {
    let project = Project::new(&[("a.py", SLEEPY), ("b/a.py", SLEEPY), ("b/gilcheck.toml", "ignore = ['ALL']")]);
    let ran = project.run(&["--silent", "."]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (1, "", ""));
    let ran = project.run(&["--silent", "--output-file", "found.txt", "--output-format", "concise"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    assert!(std::fs::read_to_string(project.root.join("found.txt")).unwrap().starts_with("a.py:4:5: GIL302"));
    project.run(&["--silent", "--selct"]).failed_with("--selct");
    let said = project.run(&["--verbose", "a.py"]).stderr;
    for part in ["gilcheck.toml", "Python 3.14", "Read 1 file to check and 1 as context below"] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn fixes_keep_to_the_given_paths_and_to_modes() {
    use std::os::unix::fs::PermissionsExt;
    let outside = Project::new(&[("rest.py", AWAITABLE)]);
    let project = Project::new(&[("own.py", AWAITABLE), ("locked.py", AWAITABLE)]);
    std::os::unix::fs::symlink(outside.root.join("rest.py"), project.root.join("link.py")).unwrap();
    let mode = |name: &str, mode: u32| {
        let path = project.root.join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("own.py", 0o750);
    mode("locked.py", 0o444);
    let ran = project.run(&["--fix-only"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("a link leads to it") && ran.stderr.contains("read-only"), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(outside.root.join("rest.py")).unwrap(), AWAITABLE);
    assert_eq!(std::fs::read_to_string(project.root.join("locked.py")).unwrap(), AWAITABLE);
    let own = project.root.join("own.py");
    assert!(std::fs::read_to_string(&own).unwrap().contains("await asyncio.sleep"));
    assert_eq!(std::fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o750);
}
