"""What the checks of rewrites share: running gilcheck, making copies, applying a fix."""
import ast
import collections
import json
import shutil
import subprocess
import warnings


def gilcheck(program, folder, *words, timeout=1800):
    """Runs gilcheck in a folder without settings and gives its output; exits where it could not work."""
    done = subprocess.run([program, ".", "--isolated", "-q", *words], cwd=folder, capture_output=True, text=True,
                          timeout=timeout)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{folder}: gilcheck {' '.join(words)} failed: {done.stderr}")
    return done.stdout


def findings(program, folder, *words):
    """The findings as gilcheck's JSON has them."""
    return json.loads(gilcheck(program, folder, "--output-format", "json", *words))


def fix_all(program, folder, *words):
    """Makes all fixes that can be applied, and gives the files' bytes by path."""
    gilcheck(program, folder, "--fix-only", "--unsafe-fixes", *words)
    return contents(folder)


def contents(folder):
    """The bytes of all Python files by path."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*.py")) if path.is_file()}


def copied(source, folder):
    """A copy whose files can be written to."""
    shutil.copytree(source, folder, symlinks=True)
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o700 if path.is_dir() else 0o600))
    return folder


def parses(text):
    """True if the bytes are a Python module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def offset(text, place):
    """The index of a row and column, both from 1."""
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: place["row"] - 1]) + place["column"] - 1


def apply(folder, fix):
    """Makes the edits of one fix, whatever its applicability; True if what comes of it parses."""
    edits = collections.defaultdict(list)
    for edit in fix["edits"]:
        edits[edit["filename"]].append(edit)
    good = True
    for name, all_edits in edits.items():
        path = folder / name
        text = path.read_bytes().decode()
        spans = [(offset(text, e["location"]), offset(text, e["end_location"]), e["content"]) for e in all_edits]
        for start, end, content in reversed(spans):
            text = text[:start] + content + text[end:]
        path.write_bytes(text.encode())
        good &= parses(text)
    return good


def same_finding(finding):
    """What makes a finding the same after an edit: lines move, scopes and codes do not."""
    return finding["filename"], finding["code"], finding["scope"]
