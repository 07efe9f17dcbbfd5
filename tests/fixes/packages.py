#!/usr/bin/env python3
"""Applies all fixes to copies of published packages and checks what comes of it.

    python3 tests/fixes/packages.py GILCHECK [--only NAME ...] [--folder FOLDER ...]

Takes the packages below, each by its version, from PyPI into `target/fixes`, where they stay for the next run; or takes
FOLDERs as they are. On a copy of each `--fix-only --unsafe-fixes` is run. Then every file must still parse, a second run must
change nothing, each finding that had a fix must be gone, and none may be there that was not before. Where a package names its
tests, they are run in an environment of their own before and after: what passed must pass.
"""
import argparse
import collections
import difflib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import xml.etree.ElementTree
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from common import contents, copied, findings, fix_all, parses, same_finding  # noqa: E402

WORK = Path(__file__).resolve().parents[2] / "target" / "fixes"
# The rewrites are judged for the Python that runs the tests.
VERSION = ("--target-version", f"3.{min(sys.version_info.minor, 15)}")


class Package:
    def __init__(self, pin, needs=(), tests=(), path=".", form="sdist"):
        self.pin, self.needs, self.tests, self.path, self.form = pin, needs, tests, path, form
        self.name = pin.split("==")[0]


# Each has findings with fixes. `needs` is what its tests import, besides what the package itself asks for.
PACKAGES = [
    Package("starlette==1.10.0", ["starlette[full]==1.10.0", "httpx2[zstd]", "blockbuster", "importlib-metadata",
                                  "opentelemetry-sdk", "pytest", "trio"], ["tests"]),
    Package("gunicorn==27.0.1", ["gunicorn[testing,http2]==27.0.1", "gunicorn_h1c", "h2", "packaging"],
            ["-o", "addopts=", "tests"]),
    Package("streamlink==8.6.3", ["streamlink==8.6.3", "freezegun", "pytest", "pytest-asyncio", "pytest-trio",
                                  "requests-mock"], ["tests"], path="src"),
    Package("fsspec==2026.9.0"),
    Package("Red-DiscordBot==3.5.24"),
    Package("fschat==0.2.36"),
    Package("distributed==2026.8.0"),
    Package("chainlit==2.12.0", form="wheel"),
    Package("marimo==0.25.2", form="wheel"),
    Package("Pyrogram==2.0.106", form="wheel"),
]


def fetched(package):
    """The unpacked package."""
    folder = WORK / "packages" / package.pin.replace("==", "-")
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory(dir=WORK) as name:
        kind = ["--no-binary", ":all:"] if package.form == "sdist" else ["--only-binary", ":all:"]
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", name, *kind, package.pin],
                       check=True, timeout=600)
        archive, = Path(name).iterdir()
        inside = Path(name) / "inside"
        if archive.suffix == ".whl":
            zipfile.ZipFile(archive).extractall(inside)
            inside.rename(folder)
        else:
            with tarfile.open(archive) as tar:
                tar.extractall(inside, filter="data")
            only, = inside.iterdir()
            only.rename(folder)
    return folder


def environment(package):
    """The Python of an environment with what a package's tests need."""
    folder = WORK / "environments" / package.name
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    done = folder / "is-complete"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "coverage", *package.needs], check=True, timeout=1800)
        done.touch()
    return python


def outcomes(package, python, folder, work):
    """The tests that pass and those that do not, by name, and the lines that they run, by file."""
    report, lines = work / "report.xml", work / "coverage.json"
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COVERAGE"))}
    env.update(PYTHONPATH=str(folder / package.path), PYTHONDONTWRITEBYTECODE="1",
               COVERAGE_FILE=str(work / "coverage"))
    where = subprocess.run([python, "-c", f"import {package.name} as p; print(p.__file__)"], cwd=folder, env=env,
                           capture_output=True, text=True, check=True).stdout.strip()
    if not Path(where).resolve().is_relative_to(folder.resolve()):
        raise SystemExit(f"{package.name}: the tests would import {where}")
    command = [python, "-m", "coverage", "run", f"--source={package.name}", "-m", "pytest", "-q",
               "-p", "no:cacheprovider", f"--junitxml={report}", *package.tests]
    done = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=3600)
    if done.returncode not in (0, 1) or not report.exists():
        raise SystemExit(f"{package.name}: the tests do not run: {done.stdout[-3000:]}{done.stderr[-2000:]}")
    passed, other = set(), set()
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        # Parameters may be paths of the copy.
        name = f"{case.get('classname')}::{case.get('name')}".replace(str(folder), "")
        (other if any(child.tag in ("failure", "error", "skipped") for child in case) else passed).add(name)
    subprocess.run([python, "-m", "coverage", "json", "-q", "-o", lines], cwd=folder, env=env, check=True,
                   capture_output=True, timeout=600)
    files = json.loads(lines.read_text())["files"]
    ran = {(folder / name).resolve(): set(data["executed_lines"]) for name, data in files.items()}
    return passed, other, ran


def changed_lines(before, after):
    """The numbers of the lines that are new in a text."""
    old, new = before.decode().splitlines(), after.decode().splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, _, _, start, end in matcher.get_opcodes():
        if tag in ("insert", "replace"):
            yield from range(start + 1, end + 1)


def tested(package, source, folder, changed, work):
    """Runs a package's tests before and after the fixes."""
    python = environment(package)
    before, broken, _ = outcomes(package, python, copied(source, work / f"{package.name}-before"), work)
    after, failed, ran = outcomes(package, python, folder, work)
    lost = before - after
    if lost:
        # What depends on the time or the machine gets a second chance.
        again, _, _ = outcomes(package, python, folder, work)
        lost -= again
    new = hit = 0
    for path, (old, text) in changed.items():
        lines = set(changed_lines(old, text))
        new, hit = new + len(lines), hit + len(lines & ran.get(path.resolve(), set()))
    print(f"{'':24} tests: {len(before)} passed before ({len(broken)} did not or were skipped), {len(after)} after; "
          f"{hit} of {new} new lines are run by them", flush=True)
    if not before:
        return [f"{package.name}: no test passes"]
    return [f"{package.name}: {name} fails after the fixes" for name in sorted(lost)]


def is_applicable(finding):
    fix = finding["fix"]
    return bool(fix and fix["edits"] and fix["applicability"] != "display-only")


def check(options, source, work, package=None):
    """Complaints about one package."""
    folder = copied(source, work / source.name)
    texts = contents(folder)
    before = findings(options.gilcheck, folder, *VERSION)
    once = fix_all(options.gilcheck, folder, *VERSION)
    changed = {path: (texts.get(path, b""), text) for path, text in once.items() if texts.get(path) != text}
    wrong = [f"{path} does not parse any more" for path, (old, new) in changed.items() if parses(old) and not parses(new)]
    after = findings(options.gilcheck, folder, *VERSION)
    twice = fix_all(options.gilcheck, folder, *VERSION)
    wrong += [f"{path} changes in a second run" for path in once if once[path] != twice[path]]
    known = collections.Counter(map(same_finding, before))
    left = collections.Counter(same_finding(f) for f in before if not is_applicable(f))
    for finding, count in collections.Counter(map(same_finding, after)).items():
        if count > known[finding]:
            wrong.append(f"{source.name}: a new finding: {finding}")
        elif count > left[finding]:
            wrong.append(f"{source.name}: a finding is still there after its fix: {finding}")
    kinds = collections.Counter(f["fix"]["applicability"] if f["fix"] else "none" for f in before)
    shown = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    print(f"{source.name:24} {len(before):3} findings ({shown}), {len(changed)} files changed, {len(after)} left",
          flush=True)
    if package and package.tests:
        wrong += tested(package, source, folder, changed, work)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gilcheck")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these packages only")
    parser.add_argument("--folder", nargs="*", metavar="FOLDER", type=Path, help="these folders, and no package")
    options = parser.parse_args()
    options.gilcheck = str(Path(options.gilcheck).resolve())
    (WORK / "packages").mkdir(parents=True, exist_ok=True)
    wrong = []
    with tempfile.TemporaryDirectory(prefix="gilcheck-packages") as name:
        for folder in options.folder or []:
            wrong += check(options, folder.resolve(), Path(name))
        for package in [] if options.folder else PACKAGES:
            if not options.only or package.name in options.only:
                wrong += check(options, fetched(package), Path(name), package)
    for complaint in wrong:
        print("FAILED", complaint)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
