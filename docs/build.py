"""Builds the documentation: rules, settings and knowledge as gilcheck prints them, and the pages beside this file.

python3 docs/build.py [--gilcheck PROGRAM]     into target/docs/site

Takes mkdocs-material from PyPI into target/docs/venv. Without a program it builds one with Cargo.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
WORK = ROOT / "target" / "docs"
PAGES = WORK / "pages"
REQUIREMENTS = "mkdocs==1.6.1\nmkdocs-material==9.8.1\n"


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, text=True, **options)


def tools():
    venv = WORK / "venv"
    mark = venv / "requirements.txt"
    scripts = venv / ("Scripts" if os.name == "nt" else "bin")
    if not mark.is_file() or mark.read_text() != REQUIREMENTS:
        shutil.rmtree(venv, ignore_errors=True)
        run(sys.executable, "-m", "venv", venv)
        run(scripts / "python", "-m", "pip", "install", "-q", *REQUIREMENTS.split())
        mark.write_text(REQUIREMENTS)
    return scripts


def write(path, text):
    place = PAGES / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")


def cell(text):
    """Text for a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def rules(ask):
    """A page for each rule, and their list. The comments of the examples become words."""
    lines = ["# Rules", "", "| code | rule | finds |", "|---|---|---|"]
    names = []
    for line in ask("rule").splitlines():
        code, name, summary = re.split(r" {2,}", line, maxsplit=2)
        page = ask("rule", name)
        page = re.sub(r"# (?:error|todo): \[([a-z-]+)\](?: \"[^\"]*\")?", r"# <- \1", page)
        write(f"rules/{name}.md", page)
        lines.append(f"| {code} | [{name}]({name}.md) | {cell(summary)} |")
        names.append(name)
    write("rules/index.md", "\n".join(lines) + "\n")
    return names


def settings(ask):
    lines = [
        "# Settings", "",
        "In `pyproject.toml` below `[tool.gilcheck]`, in `gilcheck.toml` or in `.gilcheck.toml`. The nearest one at or "
        "above a file holds for it; `extend` names another that it builds on; the command line lies above all.",
        "", "`gilcheck --show-settings` prints what holds, `--show-files` what would be checked, and "
        "`--config \"confidence = 'low'\"` sets one for a run. An editor that knows JSON schemas completes and checks "
        "the file with [gilcheck.schema.json](gilcheck.schema.json), and so does "
        "`validate-pyproject --tool gilcheck=gilcheck.schema.json pyproject.toml`.", "",
    ]
    for key in json.loads(ask("config", "--output-format", "json")):
        default = f"Default: `{key['default']}`. " if key["default"] else ""
        lines += [f"## {key['name']}", "", key["purpose"], "", f"{default}Takes {key['takes']}.", ""]
        lines += ["```toml", key["example"], "```", ""]
    lines += ["## Command line", "", "```text", ask("--help").strip(), "```", ""]
    write("settings.md", "\n".join(lines))
    write("gilcheck.schema.json", ask("config", "--output-format", "json-schema"))


def knowledge(ask):
    answers = json.loads(ask("knowledge", "--all", "--output-format", "json"))
    # Many names share a source.
    sources = sorted({it["source"] for it in answers})
    number = {source: at for at, source in enumerate(sources)}
    rows = [[it["name"], it["class"], it["small_class"], number[it["source"]]] for it in answers]
    data = json.dumps({"sources": sources, "names": rows}, separators=(",", ":"), ensure_ascii=False)
    write("knowledge-data.js", f"window.GILCHECK_KNOWLEDGE = {data};\n")
    shutil.copy(ROOT / "docs/knowledge.js", PAGES / "knowledge.js")
    kinds = sorted({it["class"] for it in answers} | {it["small_class"] for it in answers})
    options = "".join(f'<option value="{kind}">{kind}</option>' for kind in kinds)
    write("knowledge.md", f"""# Knowledge

What gilcheck knows of {len(rows)} functions and methods of the standard library and others: what a call does with its time,
and the source that says so. `cpu` holds the GIL, `cpu-nogil` computes without it, `io` waits, `neutral` takes no time
worth counting. `gilcheck knowledge NAME` says it in a terminal. What is missing or wrong can be said in the
[settings](settings.md#io).

<div id="knowledge-browser" markdown="0">
<p><label>Name <input type="search" placeholder="requests.get" style="border: 1px solid; border-radius: .2em; padding: .1em .3em"></label>
<label>Class <select><option value="">any</option>{options}</select></label> <span role="status"></span></p>
<div style="overflow-x:auto"><table><thead><tr><th>name</th><th>class</th><th>source</th></tr></thead><tbody></tbody></table></div>
</div>
<script src="knowledge-data.js"></script>
<script src="knowledge.js"></script>
""")


def editors():
    """The page of the folder, with the files that it names."""
    text = (ROOT / "editors/README.md").read_text(encoding="utf-8")
    files = []

    def link(match):
        name, path = match.groups()
        place = ROOT / "editors" / path
        if place.is_dir():
            return name
        files.append(place)
        return f"[{name}](#{re.sub('[^a-z]+', '', path)})"

    text = re.sub(r"\[([^\]]+)\]\(((?!http)[^)#]+)\)", link, text)
    parts = [text, "## Files\n"]
    for place in dict.fromkeys(files):
        path = place.relative_to(ROOT / "editors").as_posix()
        language = {"el": "elisp", "json": "json5"}.get(place.suffix[1:], place.suffix[1:])
        anchor = re.sub("[^a-z]+", "", path)
        code = place.read_text(encoding="utf-8").strip()
        parts.append(f"### `{path}` {{ #{anchor} }}\n\n```{language}\n{code}\n```\n")
    write("editors.md", "\n".join(parts))


def stability():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    part = text.split("## What stays as it is\n", 1)[1]
    write("stability.md", "# What stays as it is\n" + part)


def security():
    shutil.copy(ROOT / "SECURITY.md", PAGES / "security.md")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gilcheck", type=pathlib.Path)
    program = parser.parse_args().gilcheck
    if program is None:
        run("cargo", "build", "--release", "--locked", cwd=ROOT)
        program = ROOT / "target/release/gilcheck"
    program = program.resolve()
    ask = lambda *arguments: run(program, *arguments, capture_output=True, cwd=ROOT, encoding="utf-8").stdout
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs/pages", PAGES)
    names = rules(ask)
    settings(ask)
    knowledge(ask)
    editors()
    stability()
    security()
    config = (ROOT / "docs/mkdocs.yml").read_text(encoding="utf-8")
    nav = ["index.md", "which.md", {"Rules": ["rules/index.md", *(f"rules/{name}.md" for name in names)]}, "settings.md",
           "silence.md", "ci.md", "editors.md", "knowledge.md", "security.md", "stability.md"]
    config = config.replace("../target/docs/", "").replace("docs_dir", f"nav: {json.dumps(nav)}\ndocs_dir", 1)
    (WORK / "mkdocs.yml").write_text(config, encoding="utf-8")
    run(tools() / "mkdocs", "build", "--quiet", "--clean", "--config-file", WORK / "mkdocs.yml",
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    print(f"{WORK / 'site' / 'index.html'}")


if __name__ == "__main__":
    main()
