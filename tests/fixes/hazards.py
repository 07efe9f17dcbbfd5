#!/usr/bin/env python3
"""Shows that each hazard of `hazards.md` is real, and that gilcheck does not call the rewrite safe.

    python tests/fixes/hazards.py GILCHECK [--python PYTHON] [--only P5 ...]

Needs a Python with nothing installed, on a platform with the start methods fork, forkserver and spawn.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bench import apply  # noqa: E402

METHODS = ("fork", "forkserver", "spawn")
SITE = """
import multiprocessing, os
try:
    multiprocessing.set_start_method(os.environ.get("START_METHOD", "fork"))
except RuntimeError:
    pass
"""


def sections():
    text = Path(__file__).with_name("hazards.md").read_text()
    prelude = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        code = part.split("\n", 1)[0].strip()
        differs = re.search(r"Differs: ([a-z ]+)", part).group(1).split()
        words = re.search(r"Options: ([^.]*\.\d+)", part)
        program = re.search(r"```python\n(.*?)```", part, re.S).group(1)
        yield code, differs, words.group(1).split() if words else [], program.replace("PRELUDE\n", f"\n\n{prelude}\n\n")


def run(python, folder, site, method):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    env.update(START_METHOD=method, PYTHONPATH=str(site), PYTHONDONTWRITEBYTECODE="1")
    try:
        done = subprocess.run([python, "main.py"], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=20, start_new_session=True)
    except subprocess.TimeoutExpired:
        return "timeout", "", ""
    return done.returncode, done.stdout, done.stderr


def check(options, work, code, differs, words, program):
    """Complaints about one program."""
    folder, site = work / code, work / "site"
    folder.mkdir()
    (folder / "main.py").write_text(program)
    done = subprocess.run([options.gilcheck, ".", "--isolated", "-q", "--output-format", "json", *words],
                          cwd=folder,
                          capture_output=True, text=True, timeout=60)
    fixes = [f["fix"] for f in json.loads(done.stdout) if f["fix"]]
    if differs == ["none"]:
        return [f"{code}: a rewrite is offered: {fix['message']}" for fix in fixes if fix["edits"]]
    if not fixes:
        return [f"{code}: no rewrite is offered: {done.stdout[:300]}"]
    wrong = [f"{code}: the rewrite is called safe" for fix in fixes if fix["applicability"] == "safe"]
    if differs == ["kept"]:
        wrong = []
    named = fixes if differs == ["kept"] else [fix for fix in fixes if any(h["code"] == code for h in fix["hazards"])]
    if not named:
        seen = sorted({h["code"] for fix in fixes for h in fix["hazards"]})
        return [*wrong, f"{code}: the hazard is not named, only {seen}"]
    if differs == ["never"] or not named[0]["edits"]:
        return wrong
    fixed = work / f"{code}-fixed"
    shutil.copytree(folder, fixed)
    try:
        apply(fixed, named[0])
    except SyntaxError:
        return [*wrong, f"{code}: the rewrite does not parse"] if code != "A1" else wrong
    methods = METHODS if code.startswith("P") else ("fork",)
    for method in methods:
        before, after = run(options.python, folder, site, method), run(options.python, fixed, site, method)
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
        todo = [s for s in sections() if not options.only or s[0] in options.only]
        with ThreadPoolExecutor(2) as pool:
            for (code, differs, _, _), complaints in zip(todo, pool.map(lambda s: check(options, work, *s), todo)):
                count += 1
                print(f"{code:4} {' '.join(differs):24} {'WRONG' if complaints else 'ok'}", flush=True)
                wrong.extend(complaints)
    for complaint in wrong:
        print("FAILED", complaint)
    print(f"{count} hazards, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
