//! Input, files and repositories that mean harm: what `SECURITY.md` promises, as far as it is quick to show.
//! At full size, and under load, `tests/hostile/run.py` shows the same.

use crate::cli::{Project, Ran, SLEEPY};
use std::fmt::Write;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A program in which something is to be found, and whose `work` is handed to threads, so that it is looked at.
fn looked_at(text: &str) -> String {
    format!("{text}\n\nimport threading\nfor _ in range(4):\n    threading.Thread(target=work).start()\n\n{SLEEPY}")
}

/// Runs to the end, or fails after five minutes: what has no end has none then, either.
#[track_caller]
fn in_time(mut command: Command) -> Ran {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    match receiver.recv_timeout(Duration::from_secs(300)) {
        Ok(output) => Ran::from(output.unwrap()),
        Err(_) => {
            let _ = Command::new("kill").args(["-9", &id]).status();
            panic!("it does not end");
        }
    }
}

fn functions(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn programs_without_end_end() {
    let nested = |before: &str, after: &str| {
        looked_at(&format!("def work():\n    x = {}1{}\n", before.repeat(20_000), after.repeat(20_000)))
    };
    let doubling = |line: &str| looked_at(&format!("def work(x=1, f=len):\n{}    return x\n", line.repeat(200)));
    let n = 2000;
    let mut inputs = vec![
        ("parentheses", nested("(", ")")),
        ("calls", nested("f(", ")")),
        ("subscripts", nested("x[", ":]")),
        ("lambdas", nested("lambda: ", "")),
        ("conditions", nested("1 if a else ", "")),
        ("chain", nested("", ".f(1)")),
        ("powers", nested("2 ** ", "")),
        ("tuples", doubling("    x = (x, x)\n")),
        ("lists", doubling("    x = x + x + [x]\n")),
        ("texts", doubling("    x = f'{x}{x}' + x\n")),
        ("lambda_of_lambdas", doubling("    f = (lambda g: lambda y: g(g(y)))(f)\n")),
        ("products", doubling("    x = x * x\n    for i in range(x): pass\n")),
    ];
    let cycle = functions(n, |i| format!("def f{i}(x):\n    return f{}((x, x)) + f{}(x)\n", (i + 1) % n, i * 7 % n));
    inputs.push(("cycle", looked_at(&format!("{cycle}def work():\n    f0(1)\n"))));
    let chain = functions(n, |i| format!("class C{}(C{i}): pass\n", i + 1));
    inputs.push(("bases", looked_at(&format!("class C0: pass\n{chain}def work():\n    C{n}().run()\n"))));
    let sides = functions(300, |i| format!("class S{i}(A): pass\n"));
    let bases: Vec<String> = (0..300).map(|i| format!("S{i}")).collect();
    let diamond = format!("class A: pass\n{sides}class D({}): pass\ndef work():\n    D().run()\n", bases.join(", "));
    inputs.push(("diamond", looked_at(&diamond)));
    let layers = functions(60, |i| {
        format!("class L{i}(A{i}): pass\nclass R{i}(A{i}): pass\nclass A{}(L{i}, R{i}): pass\n", i + 1)
    });
    inputs.push(("diamonds", looked_at(&format!("class A0: pass\n{layers}def work():\n    A60().run()\n"))));
    let literal = functions(30_000, |i| format!("('n{i}', {i}, f(x)), "));
    inputs.push(("literal", looked_at(&format!("def f(x): return [x]\ndef work():\n    for a in [{literal}]: a()\n"))));
    let spawning =
        functions(500, |i| format!("def f{i}():\n    threading.Thread(target=f{}).start()\n", (i + 1) % 500));
    inputs.push(("workers", looked_at(&format!("import threading\n{spawning}def work():\n    f0()\n"))));
    inputs.push(("towers", looked_at("def work():\n    for i in range(10 ** 10 ** 10 ** 10): i\n    x = 'a' * 10 ** 15 * 10 ** 15\n    y = 1 << 10 ** 12\n")));
    let blocks = functions(300, |i| format!("{}if x:\n", " ".repeat(i + 1)));
    inputs.push(("blocks", looked_at(&format!("def work():\n{blocks}{}pass\n", " ".repeat(301)))));
    let comments = "    # work\n".repeat(200_000);
    inputs.push(("comments", looked_at(&format!("def work():\n    x = 1\n{comments}    return x\n"))));
    let continued = "\\\n".repeat(200_000);
    inputs.push(("continued", looked_at(&format!("def work():\n    return 1 + \\\n{continued}  2\n"))));
    let project = Project::new(&[]);
    for (name, text) in &inputs {
        project.write(&format!("{name}.py"), text.as_bytes());
    }
    for i in 0..50 {
        let text = format!(
            "from ring{} import *\nfrom ring{} import f\nimport time\nasync def g():\n    time.sleep(1)\n    f()\n",
            (i + 1) % 50,
            i * 7 % 50
        );
        project.write(&format!("ring{i}.py"), text.as_bytes());
    }
    for arguments in
        [&["--output-format", "concise"][..], &["--output-format", "concise", "--exhaustive", "--select", "ALL"]]
    {
        let ran = in_time(project.command(arguments));
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        let lost: Vec<&str> = inputs
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| {
                !ran.stdout.lines().any(|line| line.starts_with(&format!("{name}.py:")) && line.contains("GIL302"))
            })
            .collect();
        assert!(lost.is_empty(), "nothing is found in {lost:?}");
        assert_eq!(ran.stdout.lines().filter(|line| line.starts_with("ring") && line.contains("GIL302")).count(), 50);
        let note = "nested deeper than Python itself allows; what is inside was left out, the rest was checked";
        for name in ["subscripts.py:2:", "blocks.py:101:"] {
            let is_said = ran.stderr.lines().any(|line| line.starts_with(name) && line.ends_with(note));
            assert!(is_said, "{name}: {}", ran.stderr);
        }
    }
    let ran = in_time(project.command(&["--diff", "--unsafe-fixes", "cycle.py", "tuples.py", "workers.py"]));
    assert!(ran.code <= 1, "{}", ran.stderr);
}

#[test]
fn what_takes_too_long_is_followed_less_far_and_said() {
    let project = Project::new(&[]);
    let n = 1200;
    let text = functions(n, |i| {
        format!(
            "async def f{i}(x, y=None):\n    z = [f{}((x, {i})), f{}((y, {i})), f{}([x])]\n    await z\n",
            (i + 1) % n,
            i * 7 % n,
            i * 3 % n
        )
    });
    project.write("round.py", format!("{SLEEPY}{text}").as_bytes());
    let ran = in_time(project.command(&["--output-format", "concise", "--exhaustive"]));
    assert!(ran.stdout.contains("round.py:4:5: GIL302"), "{ran:?}");
    let note = "more to follow than gilcheck takes time for; from here on calls were followed less far";
    assert!(ran.stderr.contains(note), "{}", ran.stderr);
}

#[test]
fn files_that_are_too_large_are_not_read() {
    let project = Project::new(&[("good.py", SLEEPY)]);
    // A file of a terabyte that takes no room.
    for (name, size) in [("large.py", 17 << 20), ("huge.py", 1_u64 << 40), ("huge.ipynb", 1 << 40)] {
        std::fs::File::create(project.root.join(name)).unwrap().set_len(size).unwrap();
    }
    let ran = in_time(project.command(&["--output-format", "concise"]));
    assert!(ran.code == 1 && ran.stdout.starts_with("good.py:4:5: GIL302"), "{ran:?}");
    for name in ["large.py", "huge.py", "huge.ipynb"] {
        let line = format!(
            "{name}: line 1: more than 10 MB, which gilcheck does not read; leave it out with `extend-exclude`"
        );
        assert!(ran.stderr.lines().any(|it| it == line), "{}", ran.stderr);
    }
    std::fs::File::create(project.root.join("gilcheck.toml")).unwrap().set_len(1 << 40).unwrap();
    in_time(project.command(&["good.py"])).failed_with("gilcheck.toml: more than 10 MB");
}

#[test]
fn many_findings_in_one_line_are_placed_and_written() {
    let text = format!("import time\nasync def nap(): {}\n", "time.sleep(1); ".repeat(5000));
    let project = Project::new(&[("line.py", &text)]);
    let ran = in_time(project.command(&["--output-format", "concise"]));
    assert_eq!(ran.stdout.lines().count(), 5000);
    assert!(ran.stdout.contains(&format!("line.py:2:{}: GIL302", 18 + 15 * 4999)), "the last one stands where it is");
}

#[test]
#[cfg(unix)]
fn settings_and_ignore_files_that_are_no_files_are_not_waited_for() {
    use std::os::unix::fs::symlink;
    let pipe = |project: &Project, name: &str| {
        assert!(Command::new("mkfifo").arg(project.root.join(name)).status().unwrap().success());
    };
    for name in ["gilcheck.toml", ".gitignore", ".ignore", "pkg/.gitignore"] {
        for is_pipe in [true, false] {
            let project = Project::new(&[("pkg/bad.py", SLEEPY)]);
            if is_pipe {
                pipe(&project, name);
            } else {
                symlink("/dev/zero", project.root.join(name)).unwrap();
            }
            let ran = in_time(project.command(&["--output-format", "concise"]));
            assert!(ran.code == 1 && ran.stdout.starts_with("pkg/bad.py:4:5"), "{name}: {ran:?}");
            let is_said = ran.stderr.contains(&format!("{name}: not a file that can be read"));
            assert_eq!(is_said, name.ends_with("ignore"), "{name}: {}", ran.stderr);
        }
    }
    let project = Project::new(&[("bad.py", SLEEPY), ("gilcheck.toml", "baseline = 'known.json'\n")]);
    pipe(&project, "known.json");
    in_time(project.command(&["."])).failed_with("known.json: not a regular file");
}

/// What of a repository could be run by a tool that is careless: settings of Git, hooks, plugins, programs by the
/// names of those that are called.
#[test]
#[cfg(unix)]
fn nothing_of_the_tree_is_run() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new(&[("pkg/__init__.py", ""), ("pkg/bad.py", &format!("{SLEEPY}\nopen('MARK', 'w')\n"))]);
    let mark = project.root.join("MARK");
    let shell = format!("#!/bin/sh\ntouch '{}'\n", mark.display());
    let python = format!("open({:?}, 'w')\n", mark.display().to_string());
    for name in ["git", "python", "python3", "gilcheck", "sh", ".git/hooks/post-checkout", ".git/hooks/fsmonitor"] {
        project.write(name, shell.as_bytes());
        std::fs::set_permissions(project.root.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let git = format!(
        "[core]\n\tfsmonitor = {0}\n\tpager = {0}\n\thooksPath = .git/hooks\n[include]\n\tpath = ../x\n",
        project.root.join("git").display()
    );
    project.write(".git/config", git.as_bytes());
    project.write(".git/HEAD", b"ref: refs/heads/main\n");
    for name in ["sitecustomize.py", "conftest.py", "setup.py", "usercustomize.py", "pkg/__main__.py"] {
        project.write(name, python.as_bytes());
    }
    project.write("gilcheck.py", python.as_bytes());
    let path = format!("{}:{}", project.root.display(), std::env::var("PATH").unwrap_or_default());
    for arguments in [
        &["."][..],
        &["--diff", "--unsafe-fixes", "."],
        &["--add-ignore", "."],
        &["report", "--html", "out.html"],
        &["explain", "pkg/bad.py:4"],
        &["graph"],
        &["--show-settings"],
        &["server"],
    ] {
        let mut command = project.command(arguments);
        command.env("PATH", &path);
        in_time(command);
        assert!(!mark.exists(), "{arguments:?} runs something");
    }
}

#[test]
fn settings_cannot_write_elsewhere_nor_tell_secrets() {
    let outside = Project::new(&[("precious.txt", "precious")]);
    let project = Project::new(&[("pkg/bad.py", SLEEPY)]);
    let name = outside.root.file_name().unwrap().to_str().unwrap();
    let named = format!("../{name}/precious.txt");
    project.write("gilcheck.toml", format!("baseline = '{named}'\n").as_bytes());
    project.run(&["--update-baseline"]).failed_with("it lies outside the folder of the settings that name it");
    project.write("gilcheck.toml", b"");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.root.join("precious.txt"), project.root.join("known.json")).unwrap();
        project.write("gilcheck.toml", b"baseline = 'known.json'\n");
        project.run(&["--update-baseline"]).failed_with("it lies outside the folder of the settings that name it");
    }
    assert_eq!(std::fs::read_to_string(outside.root.join("precious.txt")).unwrap(), "precious");
    // Who names it on the command line means it.
    project.write("gilcheck.toml", b"");
    assert_eq!(project.run(&["--baseline", &named, "--update-baseline"]).code, 0);
    // No setting names a file for the output, and none is taken from elsewhere.
    project.write("gilcheck.toml", b"output-file = '../findings.txt'\n");
    project.run(&["."]).failed_with("unknown key `output-file`");
    for key in ["extend", "baseline"] {
        project.write("gilcheck.toml", format!("{key} = '$GILCHECK_SECRET/base.toml'\n").as_bytes());
        let mut command = project.command(&["."]);
        let ran = in_time({
            command.env("GILCHECK_SECRET", "hunter2");
            command
        });
        assert_eq!(ran.code, 2, "{key}: {ran:?}");
        assert!(!ran.stderr.contains("hunter2") && !ran.stdout.contains("hunter2"), "{key}: {}", ran.stderr);
    }
}

/// Sources whose every part wants to be markup, an escape or a command.
#[test]
fn no_source_steers_what_reads_the_output() {
    let evil = "\u{1b}]0;pwned\u{7} \u{9b}31m \u{202e} ##vso[task.setvariable variable=x]y ##[error]z ]]> </script><script>alert(1)</script> <img src=x onerror=alert(1)> &amp; %0A::error::x";
    let text = format!(
        "'''\n::error::first\n  ::set-output name=x::y\n##vso[task.complete]\n{evil}\n'''\nimport time, threading\n\n\
         async def nap():\n    x = '{evil}'; time.sleep(1)  # {evil}\n\n\
         def work(n=10 ** 8):\n    for i in range(n): i * i\n\nfor _ in range(4):\n    threading.Thread(target=work, name='{evil}').start()\n"
    );
    let project = Project::new(&[("a.py", &text), ("::warning::b.py", &text), ("<b>&'\"]]>.py", &text)]);
    let check = |what: &str, text: &str| {
        for character in ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'] {
            assert!(!text.contains(character), "{what}: {character:?}");
        }
        for line in text.lines() {
            let is_ours = line.starts_with("::error title=gilcheck ")
                || line.starts_with("::warning title=gilcheck ")
                || line.starts_with("##vso[task.logissue ");
            assert!(is_ours || !line.trim_start().starts_with("::"), "{what}: {line}");
            assert!(line.matches("##vso[").count() <= usize::from(is_ours), "{what}: {line}");
            assert!(!line.contains("##["), "{what}: {line}");
        }
    };
    for format in gilcheck::config::FORMATS {
        let ran = project.run(&["--output-format", format, "."]);
        assert_eq!(ran.code, 1, "{format}: {}", ran.stderr);
        check(format, &ran.stdout);
        check(format, &ran.stderr);
        if *format == "junit" {
            assert!(!ran.stdout.contains("<script") && !ran.stdout.contains("<b>"), "{}", ran.stdout);
            assert!(!ran.stdout.contains("<img"), "{}", ran.stdout);
        }
        if let "json" | "gitlab" | "sarif" | "rdjson" = *format {
            serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap();
        }
    }
    for arguments in
        [&["explain", "a.py:10"][..], &["explain", "a.py:16"], &["graph"], &["graph", "--output-format", "dot"]]
    {
        let ran = project.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        check(&format!("{arguments:?}"), &ran.stdout);
    }
    // A log that obeys commands gets a diff that holds none; a pipe gets one that can be applied.
    let mut command = project.command(&["--diff", "--unsafe-fixes", "a.py"]);
    let shown = Ran::from(command.env("CI", "true").output().unwrap());
    assert_eq!(shown.code, 1, "{}", shown.stderr);
    check("--diff", &shown.stdout);
    let mut command = project.command(&["--diff", "--unsafe-fixes", "a.py"]);
    let exact = Ran::from(command.env_remove("CI").output().unwrap());
    assert!(exact.stdout.lines().count() == shown.stdout.lines().count() && exact.stdout != shown.stdout);
    let page = project.root.join("out.html");
    assert_eq!(project.run(&["report", "--html", "out.html", "--title", evil]).code, 0);
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(page.matches("</script").count(), page.matches("<script").count(), "no script of theirs");
    assert!(!page.contains("<script>alert") && !page.contains("<img src=x") && !page.contains("<b>"), "{page}");
}

/// A link is read where it leads, and never written through.
#[test]
#[cfg(unix)]
fn nothing_is_written_through_links_out_of_the_tree() {
    use std::os::unix::fs::symlink;
    let outside = Project::new(&[("own.py", SLEEPY), ("pkg/inner.py", SLEEPY)]);
    let project = Project::new(&[("a.py", SLEEPY)]);
    symlink(outside.root.join("own.py"), project.root.join("link.py")).unwrap();
    symlink(outside.root.join("pkg"), project.root.join("pkg")).unwrap();
    for arguments in [&["--fix", "--unsafe-fixes", "."][..], &["--add-ignore", "."]] {
        let ran = project.run(arguments);
        assert!(!ran.stderr.contains("inner.py"), "links to folders are not followed: {}", ran.stderr);
        assert_eq!(std::fs::read_to_string(outside.root.join("own.py")).unwrap(), SLEEPY, "{arguments:?}");
        assert_eq!(std::fs::read_to_string(outside.root.join("pkg/inner.py")).unwrap(), SLEEPY);
    }
}

#[test]
#[cfg(unix)]
fn a_killed_fix_leaves_whole_files() {
    let before = format!(
        "import asyncio\nimport time\n\n\nasync def rest():\n    time.sleep(1)\n\n\nasyncio.run(rest())\n# {}\n",
        "x".repeat(100_000)
    );
    let after = before.replace("time.sleep", "await asyncio.sleep").replace("import time\n", "");
    let project = Project::new(&[]);
    let names: Vec<String> = (0..10).map(|i| format!("m{i}.py")).collect();
    for moment in 0..15 {
        for name in &names {
            project.write(name, before.as_bytes());
        }
        let mut child = project.command(&["--fix-only", "."]).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(moment * 6));
        child.kill().unwrap();
        child.wait().unwrap();
        for name in &names {
            let text = std::fs::read_to_string(project.root.join(name)).unwrap();
            assert!(text == before || text == after, "{name} is neither old nor new");
        }
    }
    let ran = project.run(&["--fix-only", "."]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(names.iter().all(|name| std::fs::read_to_string(project.root.join(name)).unwrap() == after));
}

/// In a workspace that nobody trusts, no setting of it says which program is run or where a file is written.
#[test]
fn the_extension_takes_no_path_from_an_untrusted_workspace() {
    let path = crate::markdown::root().join("editors/vscode/package.json");
    let package: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let trust = &package["capabilities"]["untrustedWorkspaces"];
    assert_eq!(trust["supported"], "limited");
    let restricted: Vec<&str> =
        trust["restrictedConfigurations"].as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    let properties = package["contributes"]["configuration"]["properties"].as_object().unwrap();
    let mut free = String::new();
    for (name, property) in properties {
        // Words from a list are no paths.
        let is_text = property["type"] == "string" && property["enum"].is_null();
        if is_text && !restricted.contains(&name.as_str()) {
            let _ = write!(free, "{name} ");
        }
    }
    assert_eq!(free, "", "these settings may hold a path, and an untrusted workspace may set them");
    for name in ["gilcheck.path", "gilcheck.importStrategy"] {
        assert!(restricted.contains(&name) && properties[name]["scope"] == "machine-overridable", "{name}");
    }
}

/// Found by `fuzz::fixes`: the parentheses around what is called were left behind.
#[test]
fn calls_of_what_stands_in_parentheses_keep_them() {
    let text =
        "import subprocess\n\n\nasync def list_files():\n    return [*((lambda x=1: subprocess.run(['ls']))(2)), 3]\n";
    let project = Project::new(&[("a.py", text)]);
    assert!(project.concise(&["."]).iter().any(|line| line.contains("GIL302")), "{:?}", project.run(&["."]));
    project.run(&["--fix", "--unsafe-fixes", "."]);
    let new = std::fs::read_to_string(project.root.join("a.py")).unwrap();
    assert!(gilcheck::facts::extract(&new).1.errors.is_empty(), "{new}");
}
