#!/usr/bin/env python3
"""Shows that each hazard of `hazards.md` is real, and that gilcheck does not call the rewrite safe.

    python3 tests/fixes/hazards.py GILCHECK [--python PYTHON] [--only P5 ...]

Needs a Python with nothing installed, on a platform with the start methods fork, forkserver and spawn.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from common import apply, copied  # noqa: E402

METHODS = ("fork", "forkserver", "spawn")
SITE = """
import multiprocessing, os
try:
    multiprocessing.set_start_method(os.environ.get("START_METHOD", "fork"))
except RuntimeError:
    pass
"""


class Hazard:
    """A section of `hazards.md`."""

    def __init__(self, part, prelude):
        self.code = part.split("\n", 1)[0].strip()
        self.differs = re.search(r"Differs: ([a-z ]+)", part).group(1).split()
        words = re.search(r"Options: ([^.]*\.\d+)", part)
        self.words = words.group(1).split() if words else []
        self.on_stdin = "Given: stdin" in part
        program = re.search(r"```python\n(.*?)```", part, re.S).group(1)
        self.program = program.replace("PRELUDE\n", f"\n\n{prelude}\n\n")


def hazards():
    text = Path(__file__).with_name("hazards.md").read_text()
    prelude = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    return [Hazard(part, prelude) for part in re.split(r"^## ", text, flags=re.M)[1:]]


def run(python, hazard, folder, site, method):
    """Exit code, output, errors."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    env.update(START_METHOD=method, PYTHONPATH=str(site), PYTHONDONTWRITEBYTECODE="1")
    with open(folder / "main.py" if hazard.on_stdin else os.devnull) as stdin:
        try:
            done = subprocess.run([python, "-" if hazard.on_stdin else "main.py"], cwd=folder, env=env, stdin=stdin,
                                  capture_output=True, text=True, timeout=20, start_new_session=True)
        except subprocess.TimeoutExpired:
            return "timeout", "", ""
    return done.returncode, done.stdout, done.stderr


def offered(options, hazard, folder):
    """The rewrites that gilcheck has for a program."""
    source = "-" if hazard.on_stdin else "."
    done = subprocess.run([options.gilcheck, source, "--isolated", "-q", "--output-format", "json", *hazard.words],
                          cwd=folder, input=hazard.program, capture_output=True, text=True, timeout=60)
    fixes = [finding["fix"] for finding in json.loads(done.stdout) if finding["fix"]]
    for edit in (edit for fix in fixes for edit in fix["edits"]):
        edit["filename"] = "main.py"
    return fixes


def check(options, work, hazard):
    """Complaints about one program."""
    code, differs = hazard.code, hazard.differs
    folder, site = work / code, work / "site"
    folder.mkdir()
    (folder / "main.py").write_text(hazard.program)
    fixes = offered(options, hazard, folder)
    if differs == ["none"]:
        return [f"{code}: a rewrite is offered: {fix['message']}" for fix in fixes if fix["edits"]]
    if not fixes:
        return [f"{code}: no rewrite is offered"]
    wrong = [f"{code}: the rewrite is called safe" for fix in fixes if fix["applicability"] == "safe"]
    if differs == ["kept"]:
        wrong = []
    named = fixes if differs == ["kept"] else [fix for fix in fixes if any(h["code"] == code for h in fix["hazards"])]
    if not named:
        seen = sorted({h["code"] for fix in fixes for h in fix["hazards"]})
        return [*wrong, f"{code}: the hazard is not named, only {seen}"]
    if differs == ["never"] or not named[0]["edits"]:
        return wrong
    fixed = copied(folder, work / f"{code}-fixed")
    if not apply(fixed, named[0]):
        return [*wrong, f"{code}: the rewrite does not parse"]
    methods = METHODS if code.startswith("P") else ("fork",)
    for method in methods:
        before = run(options.python, hazard, folder, site, method)
        after = run(options.python, hazard, fixed, site, method)
        changed = before[:2] != after[:2]
        expected = method in differs or differs == ["always"]
        if changed != expected:
            what = "changes nothing" if expected else "changes what the program does"
            wrong.append(f"{code}: the rewrite {what} under {method}: {before[:2]} -> {after[:2]} {after[2][-200:]}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gilcheck")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    options.gilcheck = str(Path(options.gilcheck).resolve())
    wrong, count = [], 0
    with tempfile.TemporaryDirectory(prefix="gilcheck-hazards") as name:
        work = Path(name)
        (work / "site").mkdir()
        (work / "site" / "sitecustomize.py").write_text(SITE)
        todo = [hazard for hazard in hazards() if not options.only or hazard.code in options.only]
        with ThreadPoolExecutor(2) as pool:
            for hazard, complaints in zip(todo, pool.map(lambda hazard: check(options, work, hazard), todo)):
                count += 1
                print(f"{hazard.code:4} {' '.join(hazard.differs):24} {'WRONG' if complaints else 'ok'}", flush=True)
                wrong.extend(complaints)
        missing = {*(f"P{n}" for n in range(1, 37)), *(f"T{n}" for n in range(1, 11)), *(f"A{n}" for n in range(1, 13))}
        missing -= {hazard.code for hazard in hazards()}
        wrong.extend(f"{code}: there is no program" for code in sorted(missing))
    for complaint in wrong:
        print("FAILED", complaint)
    print(f"{count} hazards, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
