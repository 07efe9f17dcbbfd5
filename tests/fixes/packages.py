#!/usr/bin/env python3
"""Applies all fixes to copies of packages and checks what comes of it.

    python tests/fixes/packages.py GILCHECK FOLDER ...

For each folder: a copy is made, `--fix-only --unsafe-fixes` is run on it, and then every file must still parse, a second run
must change nothing, and no finding may be there that was not before. Prints a line for each folder.
"""
import argparse
import ast
import collections
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path


def findings(gilcheck, folder):
    done = subprocess.run([gilcheck, ".", "--isolated", "-q", "--output-format", "json"], cwd=folder,
                          capture_output=True, text=True, timeout=1800)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{folder}: {done.stderr}")
    return json.loads(done.stdout)


def key(finding):
    return finding["filename"], finding["code"], finding["scope"]


def fix(gilcheck, folder):
    subprocess.run([gilcheck, ".", "--isolated", "--fix-only", "--unsafe-fixes", "-q"], cwd=folder, check=True,
                   timeout=1800)
    return {path: path.read_bytes() for path in folder.rglob("*.py")}


def parses(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def check(gilcheck, source, work):
    folder = work / source.name
    shutil.copytree(source, folder, symlinks=True)
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    texts = {path: path.read_bytes() for path in folder.rglob("*.py")}
    before = findings(gilcheck, folder)
    once = fix(gilcheck, folder)
    changed = [path for path, text in once.items() if texts.get(path) != text]
    wrong = [f"{path} does not parse any more" for path in changed if parses(texts[path]) and not parses(once[path])]
    after = findings(gilcheck, folder)
    twice = fix(gilcheck, folder)
    wrong += [f"{path} changes in a second run" for path in once if once[path] != twice[path]]
    known = collections.Counter(map(key, before))
    for finding, count in collections.Counter(map(key, after)).items():
        if count > known[finding]:
            wrong.append(f"a new finding: {finding}")
    kinds = collections.Counter(f["fix"]["applicability"] if f["fix"] else "none" for f in before)
    print(f"{source.name:32} {len(before):4} findings {dict(kinds)}, {len(changed)} files changed, {len(after)} left",
          flush=True)
    shutil.rmtree(folder)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gilcheck")
    parser.add_argument("folders", nargs="+")
    options = parser.parse_args()
    gilcheck = str(Path(options.gilcheck).resolve())
    wrong = []
    with tempfile.TemporaryDirectory(prefix="gilcheck-packages") as name:
        for folder in options.folders:
            wrong += check(gilcheck, Path(folder).resolve(), Path(name))
    for complaint in wrong:
        print("FAILED", complaint)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
