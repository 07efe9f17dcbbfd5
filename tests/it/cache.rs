//! What was found is kept, and never believed where it does not hold.

use crate::cli::{Project, Ran, SLEEPY};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

const RECALLED: &str = "Nothing that matters has changed since it was kept in";

/// Runs twice, with what was kept and without, and finds no difference. Gives the former.
#[track_caller]
fn agree(project: &Project, arguments: &[&str]) -> Ran {
    let with = project.run(arguments);
    let without = project.run(&[arguments, &["--no-cache"]].concat());
    assert_eq!(with.stdout, without.stdout, "{arguments:?}");
    assert_eq!(with.stderr, without.stderr, "{arguments:?}");
    assert_eq!(with.code, without.code, "{arguments:?}");
    with
}

/// Whether a run finds what it needs kept; it says the same as one that looks nothing up.
#[track_caller]
fn is_recalled(project: &Project, arguments: &[&str]) -> bool {
    agree(project, arguments);
    project.run(&[arguments, &["-v"]].concat()).stderr.contains(RECALLED)
}

fn kept(project: &Project) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(project.root.join(".gilcheck_cache")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "cached"));
    files.sort();
    files
}

/// After this, what was written before counts as settled.
fn settle() {
    std::thread::sleep(Duration::from_millis(3100));
}

#[test]
fn every_format_says_the_same_again() {
    let project =
        Project::new(&[("a.py", SLEEPY), ("b/c.py", "def f(:\n    pass\n"), ("d.py", "x = 1  # noqa: GIL301\n")]);
    let formats = gilcheck::config::FORMATS.iter().map(|format| vec!["--output-format", format]);
    let others =
        [vec!["--statistics"], vec!["--exhaustive"], vec!["--confidence", "low"], vec!["--select", "ALL", "a.py"]];
    for arguments in formats.chain(others) {
        let arguments: Vec<&str> = arguments.into_iter().collect();
        assert!(is_recalled(&project, &arguments), "{arguments:?}");
    }
    assert!(!is_recalled(&project, &["--diff"]), "what is rewritten is read");
    assert_eq!(project.run_with_input(&["-"], SLEEPY.as_bytes()).code, 1);
}

#[test]
fn what_a_finding_rests_on_is_looked_at() {
    let helper = "import time\n\ndef work():\n    time.sleep(1)\n";
    let main = "from helper import work\n\nasync def go():\n    work()\n";
    let project = Project::new(&[("helper.py", helper), ("main.py", main), ("pkg/other.py", "")]);
    assert_eq!(agree(&project, &[]).code, 1);
    settle();
    assert_eq!(agree(&project, &[]).code, 1);
    // As long, and of the same time: other tools tell by these.
    let file = project.root.join("helper.py");
    let before = fs::metadata(&file).unwrap().modified().unwrap();
    project.write("helper.py", helper.replace("sleep(1)", "sleep(0)").as_bytes());
    fs::File::options().write(true).open(&file).unwrap().set_modified(before).unwrap();
    assert_eq!(agree(&project, &[]).code, 0);
    // Only its time is another.
    fs::File::options().write(true).open(&file).unwrap().set_modified(SystemTime::now()).unwrap();
    assert!(is_recalled(&project, &[]));
    // Another module takes the name, and is gone again.
    project.write("helper/__init__.py", helper.as_bytes());
    assert_eq!(agree(&project, &[]).code, 1);
    fs::remove_dir_all(project.root.join("helper")).unwrap();
    assert_eq!(agree(&project, &[]).code, 0);
    // A file that was looked for and not found.
    project.write("main.py", b"from pkg.late import work\n\nasync def go():\n    work()\n");
    assert_eq!(agree(&project, &[]).code, 0);
    project.write("pkg/late.py", helper.as_bytes());
    assert_eq!(agree(&project, &[]).code, 1);
    // It is left out, and with it what rests on it.
    project.write(".gitignore", b"late.py\n");
    assert_eq!(agree(&project, &[]).code, 0);
    project.write("pyproject.toml", b"[tool.gilcheck]\nrespect-gitignore = false\n");
    assert_eq!(agree(&project, &[]).code, 1);
    project.write("pyproject.toml", b"[tool.gilcheck]\nrespect-gitignore = false\nneutral = ['pkg.late.work']\n");
    assert_eq!(agree(&project, &[]).code, 0);
}

/// A file on which nothing rests may change, as long as nothing would rest on what it is now.
#[test]
fn edits_that_matter_to_nobody_cost_nothing() {
    let plain = format!("import re\n\ndef plain():\n{}", "    x = 1\n".repeat(30000));
    let helper = "import time\n\ndef work():\n    time.sleep(0)\n";
    let main = "import helper, plain\n\nasync def go():\n    helper.work()\n";
    let project = Project::new(&[("helper.py", helper), ("main.py", main), ("plain.py", &plain)]);
    assert!(is_recalled(&project, &[]));
    let runs_after = |path: &str, text: &str| {
        project.write(path, text.as_bytes());
        let recalled = project.run(&["-v"]).stderr.contains(RECALLED);
        agree(&project, &[]);
        recalled
    };
    assert!(runs_after("plain.py", &format!("{plain}\ndef more():\n    return 1\n")));
    assert!(runs_after("plain.py", &plain));
    assert!(!runs_after("helper.py", &helper.replace("(0)", "(0.0)")), "it is run");
    for more in ["async def go():\n    pass\n", "x = 1  # noqa: GIL302\n", "from helper import work\n"] {
        assert!(!runs_after("plain.py", &format!("{plain}\n{more}")), "{more}");
        assert!(!runs_after("plain.py", &plain), "{more}");
    }
}

#[test]
fn files_that_cannot_be_read_are_asked_again() {
    let project = Project::new(&[("a.py", SLEEPY), ("b.py", "")]);
    project.write("b.py", b"x = '\xff'\n");
    assert!(agree(&project, &[]).stderr.contains("is not UTF-8"));
    assert!(is_recalled(&project, &[]));
    project.write("b.py", SLEEPY.as_bytes());
    assert_eq!(agree(&project, &["--output-format", "concise"]).stdout.matches("GIL302").count(), 2);
}

#[test]
fn what_was_damaged_is_not_believed() {
    let project = Project::new(&[("a.py", SLEEPY), ("b.py", "import a\n")]);
    let expected = project.run(&["--no-cache"]);
    project.run(&[]);
    let [file] = kept(&project).try_into().unwrap();
    let whole = fs::read(&file).unwrap();
    let step = (whole.len() / 40).max(1);
    for at in (0..whole.len()).step_by(step).chain([whole.len() - 1]) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        let longer = [&whole[..], &whole[..at]].concat();
        for damaged in [flipped, whole[..at].to_vec(), longer] {
            if damaged == whole {
                continue;
            }
            fs::write(&file, &damaged).unwrap();
            let ran = project.run(&["-v"]);
            assert!(!ran.stderr.contains(RECALLED), "{at}");
            assert_eq!((ran.stdout, ran.code), (expected.stdout.clone(), expected.code), "{at}");
        }
    }
    assert!(is_recalled(&project, &[]), "and it is mended");
}

/// Who commits a cache to a repository could hide findings, or print what they like.
#[test]
fn what_another_user_wrote_is_not_believed() {
    let project = Project::new(&[("a.py", "import time\n\nasync def nap():\n    time.sleep(0)\n")]);
    let other = Project::new(&[]);
    let run_as = |home: &Path| {
        let mut command = project.command(&["-v"]);
        Ran::from(command.env("XDG_CACHE_HOME", home).stdin(Stdio::null()).output().unwrap())
    };
    let (theirs, ours) = (other.root.join("theirs"), other.root.join("ours"));
    assert_eq!(run_as(&theirs).code, 0);
    assert!(run_as(&theirs).stderr.contains(RECALLED));
    project.write("a.py", SLEEPY.as_bytes());
    assert_eq!(run_as(&ours).code, 1);
    // Even under the name that ours is looked for.
    let files = kept(&project);
    assert_eq!(files.len(), 2, "each has its own");
    for (from, to) in [(0, 1), (1, 0)] {
        let bytes = fs::read(&files[from]).unwrap();
        let old = fs::read(&files[to]).unwrap();
        fs::write(&files[to], bytes).unwrap();
        let ran = run_as(&ours);
        assert!(ran.code == 1, "{ran:?}");
        fs::write(&files[to], old).unwrap();
    }
    // A secret that others may read, as they may what Git lays somewhere, is none.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let key = ours.join("gilcheck/key");
        fs::copy(theirs.join("gilcheck/key"), &key).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(!run_as(&ours).stderr.contains(RECALLED));
        assert_ne!(fs::read(&key).unwrap(), fs::read(theirs.join("gilcheck/key")).unwrap());
    }
    // Nor is one that comes with the repository.
    fs::create_dir_all(project.root.join("home/gilcheck")).unwrap();
    fs::copy(theirs.join("gilcheck/key"), project.root.join("home/gilcheck/key")).unwrap();
    let ran = run_as(&project.root.join("home"));
    assert!(ran.code == 1 && ran.stderr.contains("lies in what is checked"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn nothing_is_kept_through_links() {
    let other = Project::new(&[]);
    let project = Project::new(&[("a.py", SLEEPY)]);
    std::os::unix::fs::symlink(&other.root, project.root.join(".gilcheck_cache")).unwrap();
    let before = fs::read_dir(&other.root).unwrap().count();
    assert!(!is_recalled(&project, &[]));
    assert_eq!(fs::read_dir(&other.root).unwrap().count(), before);
    project.run(&["clean"]);
    assert_eq!(fs::read_dir(&other.root).unwrap().count(), before);
    let folder = other.root.join("kept");
    assert!(is_recalled(&project, &["--cache-dir", folder.to_str().unwrap()]));
    // Nor through a link in the place of what is kept.
    let victim = other.root.join("victim");
    fs::write(&victim, "mine").unwrap();
    for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(&victim, &file).unwrap();
    }
    assert!(is_recalled(&project, &["--cache-dir", folder.to_str().unwrap()]));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
}

#[test]
fn where_nothing_can_be_kept_runs_go_on() {
    let project = Project::new(&[("a.py", SLEEPY)]);
    project.write(".gilcheck_cache", b"a file");
    assert!(!is_recalled(&project, &[]));
    assert_eq!(fs::read(project.root.join(".gilcheck_cache")).unwrap(), b"a file");
    assert!(!is_recalled(&project, &["--cache-dir", "pyproject.toml/below"]));
    fs::remove_file(project.root.join(".gilcheck_cache")).unwrap();
    fs::create_dir(project.root.join(".gilcheck_cache")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let folder = project.root.join(".gilcheck_cache");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        agree(&project, &[]);
        agree(&project, &[]);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
        agree(&project, &[]);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = project.command(&["-v"]);
    let ran = Ran::from(command.env("XDG_CACHE_HOME", "/dev/null/nowhere").stdin(Stdio::null()).output().unwrap());
    assert!(ran.code == 1 && ran.stderr.contains("Nothing is kept"), "{ran:?}");
}

#[test]
fn settings_say_where_and_whether() {
    let project = Project::new(&[("a.py", SLEEPY)]);
    let variable = |name: &str, value: &str| {
        let mut command = project.command(&["-v"]);
        Ran::from(command.env(name, value).stdin(Stdio::null()).output().unwrap())
    };
    assert_eq!(variable("GILCHECK_NO_CACHE", "1").code, 1);
    project.run(&["--no-cache"]);
    assert!(!project.root.join(".gilcheck_cache").exists());
    variable("GILCHECK_CACHE_DIR", "there");
    assert!(variable("GILCHECK_CACHE_DIR", "there").stderr.contains(RECALLED));
    for mark in ["CACHEDIR.TAG", ".gitignore"] {
        assert!(project.root.join("there").join(mark).is_file());
    }
    project.write("pyproject.toml", b"[tool.gilcheck]\ncache-dir = 'build/kept'\n");
    assert!(is_recalled(&project, &[]));
    assert!(project.root.join("build/kept/CACHEDIR.TAG").is_file());
    assert!(!project.root.join(".gilcheck_cache").exists());
    project.write("build/kept/notes.txt", b"mine");
    assert_eq!(project.run(&["clean"]).code, 0);
    assert_eq!(fs::read_dir(project.root.join("build/kept")).unwrap().count(), 1, "what is not gilcheck's stays");
    assert_eq!(project.run(&["clean", "--cache-dir", "there"]).code, 0);
    assert!(!project.root.join("there").exists());
    for outside in ["../elsewhere", "/tmp/gilcheck-elsewhere"] {
        project.write("pyproject.toml", format!("[tool.gilcheck]\ncache-dir = '{outside}'\n").as_bytes());
        project.run(&[]).failed_with("`--cache-dir FOLDER`");
    }
}

#[test]
fn the_folder_does_not_grow() {
    let project = Project::new(&[("a.py", SLEEPY)]);
    for number in 0..40 {
        project.run(&["--config", &format!("io = ['made.up{number}']")]);
    }
    assert!(kept(&project).len() <= 32, "{}", kept(&project).len());
    assert!(is_recalled(&project, &["--config", "io = ['made.up39']"]));
}

#[test]
fn runs_at_once_do_not_disturb_each_other() {
    let project = Project::new(&[("a.py", SLEEPY), ("b.py", SLEEPY)]);
    for round in 0..4 {
        project.write("b.py", format!("{SLEEPY}# {round}\n").as_bytes());
        let expected = project.run(&["--no-cache", "--quiet"]);
        let start = |_| {
            let mut command = project.command(&["--quiet"]);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let children: Vec<_> = (0..8).map(start).collect();
        for child in children {
            let ran = Ran::from(child.wait_with_output().unwrap());
            assert_eq!((&ran.stdout, &ran.stderr, ran.code), (&expected.stdout, &expected.stderr, expected.code));
        }
        assert!(is_recalled(&project, &[]));
    }
    assert!(fs::read_dir(project.root.join(".gilcheck_cache")).unwrap().count() <= 4, "nothing unfinished is left");
}

/// Numbers that are the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// A module that hands work of another one over.
    fn module(&mut self, names: &[String]) -> String {
        let other = self.one_of(names).replace('/', ".");
        let other = other.trim_end_matches(".py").trim_end_matches(".__init__");
        let body = *self.one_of(&[
            "    time.sleep(1)\n",
            "    time.sleep(0)\n",
            "    return sum(i * i for i in range(3000000))\n",
            "    return other.work()\n",
            "    return 1\n",
            "    pass  # noqa: GIL301\n",
            "    return (\n",
        ]);
        let import = match self.below(4) {
            0 => format!("from {other} import *\nimport {other} as other\n"),
            1 => format!("from {other} import work as other_work\nimport {other} as other\n"),
            _ => format!("import {other} as other\n"),
        };
        let use_of = *self.one_of(&[
            "async def go():\n    other.work()\n",
            "def go():\n    threads = [threading.Thread(target=other.work) for _ in range(4)]\n    for t in threads: t.start()\n",
            "def go(pool):\n    with ThreadPoolExecutor() as pool:\n        return list(pool.map(other.work, range(10)))\n",
            "def go():\n    return other.go()\n",
            "async def go():\n    await asyncio.to_thread(work)\n",
            "",
        ]);
        let libraries = *self.one_of(&[
            "import asyncio, threading, time\nfrom concurrent.futures import ThreadPoolExecutor\n",
            "import time\n",
            "",
        ]);
        format!("{libraries}{import}\ndef work(n=0):\n{body}\n{use_of}")
    }
}

#[test]
fn random_edits_never_leave_anything_stale() {
    let mut numbers = Numbers(0x5eed_cafe);
    let mut names: Vec<String> = (0..36).map(|n| format!("{}m{n}.py", ["", "a/", "a/b/", "c/"][n % 4])).collect();
    names.extend(["a/__init__.py", "a/b/__init__.py"].map(str::to_string));
    let project = Project::new(&[]);
    for name in names.clone() {
        let text = numbers.module(&names);
        project.write(&name, text.as_bytes());
    }
    // So much that files of which nothing is said need not be looked at.
    for n in 0..8 {
        names.push(format!("plain{n}.py"));
        project.write(&names[names.len() - 1], format!("def plain{n}():\n{}", "    x = 1\n".repeat(4000)).as_bytes());
    }
    agree(&project, &[]);
    settle();
    let (mut recalled, mut held) = (0, 0);
    for step in 0..160 {
        let action = numbers.below(20);
        // Edits of what matters to nobody are the ones that must be told from the others.
        let is_plain = action > 9 && numbers.below(2) == 0;
        let plain = format!("plain{}.py", numbers.below(8));
        let name = if is_plain { plain } else { numbers.one_of(&names).clone() };
        let file = project.root.join(&name);
        let text = fs::read_to_string(&file).unwrap_or_default();
        let is_edit = action > 9 && file.exists();
        match action {
            0 | 1 => project.write(&name, numbers.module(&names).as_bytes()),
            2 => project.write(&name, format!("{text}\n# {step}\n").as_bytes()),
            3 => {
                let _ = fs::remove_file(&file);
            }
            4 => {
                let new = format!("{}new{step}.py", ["", "a/", "d/"][step % 3]);
                let _ = fs::rename(&file, project.root.join(&new));
                names.push(new);
            }
            5 if file.exists() => {
                fs::File::options().write(true).open(&file).unwrap().set_modified(SystemTime::now()).unwrap();
            }
            6 if file.exists() => {
                let before = fs::metadata(&file).unwrap().modified().unwrap();
                let other = text.replace("sleep(1)", "sleep(2)").replace("sleep(0)", "sleep(1)").replace("(2)", "(0)");
                project.write(&name, other.as_bytes());
                fs::File::options().write(true).open(&file).unwrap().set_modified(before).unwrap();
            }
            7 => {
                let settings = numbers.one_of(&[
                    "",
                    "[tool.gilcheck]\nconfidence = 'low'\n",
                    "[tool.gilcheck]\ntarget-version = '3.13t'\n",
                    "[tool.gilcheck]\nextend-exclude = ['c']\n",
                    "[tool.gilcheck]\nselect = ['ALL']\n",
                    "[project]\nrequires-python = '>=3.9'\n",
                ]);
                project.write("pyproject.toml", settings.as_bytes());
            }
            8 => project.write(
                "a/gilcheck.toml",
                format!("per-file-ignores = {{ 'm{}.py' = ['ALL'] }}\n", step % 9).as_bytes(),
            ),
            9 => {}
            _ => {
                let more = *numbers.one_of(&[
                    "# thoughts\n",
                    "def more():\n    return Thread(target=work)\n",
                    "async def more():\n    work()\n",
                    "y = 1  # noqa: GIL301\n",
                    "import threading\nt = threading.Thread(target=work)\n",
                    "from other import go\n",
                    "def unused():\n    pass\n",
                    "go()\n",
                    "if go: work()\n",
                    "multiprocessing.set_start_method('fork')\n",
                ]);
                project.write(&name, format!("{text}\n{more}").as_bytes());
            }
        }
        let arguments: &[&str] = match step / 8 % 4 {
            0 => &["--output-format", "json"],
            1 => &["--output-format", "concise", "a"],
            _ => &["--output-format", "concise"],
        };
        let first = project.run(&[arguments, &["-v"]].concat());
        held += usize::from(is_edit && first.stderr.contains(RECALLED));
        let second = agree(&project, arguments);
        assert_eq!((first.stdout, first.code), (second.stdout, second.code), "{step}");
        recalled += usize::from(project.run(&[arguments, &["-v"]].concat()).stderr.contains(RECALLED));
    }
    assert_eq!(recalled, 160, "the second run finds what the first one kept");
    assert!(held > 5, "after {held} edits only nothing was worked out anew");
}
