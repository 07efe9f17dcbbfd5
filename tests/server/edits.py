#!/usr/bin/env python3
"""Edits a project at random through the server, and compares what it says with what a fresh one says.

    python3 tests/server/edits.py --edits 100000 --files 200 --every 1000 --seed 1

Lines and characters are typed and deleted, files created, deleted and renamed, opened and closed. Every so many
edits all files are saved, and the findings in each must be those that a server gives which never saw an edit, and
for some files those of the command line. The memory at the end must be within a fifth of that at the first comparison.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from raw import Server, binary, replace

PULLS = {"textDocument": {"diagnostic": {}}}
CREATED, CHANGED, DELETED = 1, 2, 3

BODIES = [
    "    total = 0\n    for number in range(10**{size}):\n        total += number\n    return total\n",
    "    time.sleep({size})\n",
    "    return sum(number * number for number in range(10**{size}))\n",
    "    return hashlib.sha256(b'x' * 10**{size}).hexdigest()\n",
    "    with open('data.txt') as file:\n        return file.read()\n",
    "    return {other}({size})\n",
]
HEAD = "import asyncio\nimport hashlib\nimport threading\nimport time\nfrom multiprocessing import Pool\n"
USES = [
    "def start_{n}():\n    threads = [threading.Thread(target={f}, args=(1,)) for _ in range(4)]\n"
    "    for thread in threads:\n        thread.start()\n",
    "async def serve_{n}():\n    {f}(1)\n    await asyncio.sleep(0)\n",
    "def spread_{n}(items):\n    with Pool(4) as pool:\n        return pool.map({f}, range(10))\n",
]
TYPED = ["x", "1", "(", ")", ":", " ", "\n", "    ", "#", '"', "'", "\\", "é", "😀", "def f():\n    ", "return ", "async "]


class Project:
    """The files as they should be, and the documents that are open."""

    def __init__(self, root: Path, count: int, chance: random.Random):
        self.root, self.chance = root, chance
        self.made = 0
        self.texts: dict[Path, str] = {}
        self.open: dict[Path, int] = {}
        (root / "pyproject.toml").write_text("")
        for package in range(max(1, count // 25)):
            self.save(root / f"package_{package}" / "__init__.py", "")
        while len(self.texts) < count:
            place = self.fresh_place()
            self.save(place, self.module())

    def save(self, place: Path, text: str):
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
        self.texts[place] = text

    def fresh_place(self) -> Path:
        self.made += 1
        folders = sorted({place.parent for place in self.texts})
        return self.chance.choice(folders) / f"module_{self.made}.py"

    def module(self) -> str:
        chance = self.chance
        text, names = HEAD, []
        modules = [place for place in sorted(self.texts) if place.stem != "__init__"]
        for place in chance.sample(modules, min(len(modules), chance.randrange(4))):
            number = place.stem.split("_")[1]
            text += f"from {place.parent.name}.{place.stem} import work_{number}\n"
            names.append(f"work_{number}")
        name = f"work_{self.made}"
        other = chance.choice(names) if names else "int"
        body = chance.choice(BODIES).format(size=chance.randrange(1, 8), other=other)
        text += f"\n\ndef {name}(size=1):\n{body}"
        names.append(name)
        for number in range(chance.randrange(3)):
            text += "\n\n" + chance.choice(USES).format(n=number, f=chance.choice(names))
        return text


class Session:
    """One server that sees every edit."""

    def __init__(self, project: Project, chance: random.Random):
        self.project, self.chance, self.files = project, chance, len(project.texts)
        self.server = Server()
        self.server.start(project.root, PULLS)

    def edit(self):
        roll = self.chance.random()
        if roll < 0.02:
            self.open_or_close()
        elif roll < 0.035:
            # As many are made as go, so that memory can be compared.
            if len(self.project.texts) <= self.files:
                self.create()
            else:
                self.delete()
        elif roll < 0.04:
            self.rename()
        elif self.project.open:
            self.type()
            if roll < 0.1:
                self.server.pull(self.chance.choice(sorted(self.project.open)).as_uri(), timeout=60)
        else:
            self.open_or_close()

    def watched(self, *events):
        changes = [{"uri": place.as_uri(), "type": kind} for place, kind in events]
        self.server.notify("workspace/didChangeWatchedFiles", {"changes": changes})

    def open_or_close(self):
        project = self.project
        place = self.chance.choice(sorted(project.texts))
        if place in project.open:
            self.close(place)
        elif len(project.open) < 8:
            project.open[place] = self.chance.randrange(100)
            self.server.open(place.as_uri(), project.texts[place], project.open[place])

    def close(self, place: Path):
        self.save(place)
        del self.project.open[place]
        self.server.notify("textDocument/didClose", {"textDocument": {"uri": place.as_uri()}})

    def save(self, place: Path):
        place.write_text(self.project.texts[place])
        self.server.notify("textDocument/didSave", {"textDocument": {"uri": place.as_uri()}})
        self.watched((place, CHANGED))

    def create(self):
        place = self.project.fresh_place()
        self.project.save(place, self.project.module())
        self.watched((place, CREATED))

    def delete(self):
        place = self.closed_module()
        if place:
            place.unlink()
            del self.project.texts[place]
            self.watched((place, DELETED))

    def rename(self):
        place = self.closed_module()
        if place:
            other = self.project.fresh_place()
            self.project.save(other, self.project.texts.pop(place))
            place.unlink()
            self.watched((place, DELETED), (other, CREATED))

    def closed_module(self):
        places = [place for place in sorted(self.project.texts) if place not in self.project.open]
        places = [place for place in places if place.stem != "__init__"]
        return self.chance.choice(places) if places else None

    def type(self):
        project, chance = self.project, self.chance
        place = chance.choice(sorted(project.open))
        project.open[place] += 1
        version, lines = project.open[place], project.texts[place].split("\n")
        line = chance.randrange(len(lines))
        text = lines[line]
        roll = chance.random()
        if len(project.texts[place]) > 6000 or roll < 0.02:
            # As undone: else nothing but noise would be left after a while.
            project.texts[place] = project.module()
            self.server.change(place.as_uri(), version, project.texts[place])
            return
        if roll < 0.5:
            start = end = chance.randrange(len(text) + 1)
            typed = chance.choice(TYPED)
        elif roll < 0.9:
            start = chance.randrange(len(text) + 1)
            end = min(len(text), start + chance.randrange(1, 4))
            typed = ""
        else:
            start, end = 0, len(text)
            typed = chance.choice(lines)
        units = lambda part: len(part.encode("utf-16-le")) // 2
        lines[line] = text[:start] + typed + text[end:]
        project.texts[place] = "\n".join(lines)
        change = replace(line, units(text[:start]), units(text[:end]), typed)
        self.server.change(place.as_uri(), version, change)

    def findings(self):
        return {place: pulled(self.server, self.project, place) for place in sorted(self.project.texts)}

    def memory(self) -> int:
        """Kilobytes that the server holds."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def pulled(server: Server, project: Project, place: Path):
    uri = place.as_uri()
    if place not in project.open:
        server.open(uri, project.texts[place])
    items = server.pull(uri, timeout=60)["items"]
    if place not in project.open:
        server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    return sorted((json.dumps(item["range"]), item["code"], item["message"]) for item in items)


def cold(project: Project):
    """What a server says that saw no edit."""
    with Server() as server:
        server.start(project.root, PULLS)
        nothing_open = Project.__new__(Project)
        nothing_open.texts, nothing_open.open = project.texts, {}
        return {place: pulled(server, nothing_open, place) for place in sorted(project.texts)}


def command_line(project: Project, place: Path):
    command = [binary(), "check", "--output-format", "json", str(place)]
    done = subprocess.run(command, cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return sorted(found["code"] for found in json.loads(done.stdout))


def compare(session: Session, chance: random.Random, seen: int):
    project = session.project
    for place in sorted(project.open):
        session.save(place)
    warm, fresh = session.findings(), cold(project)
    for place, expected in fresh.items():
        assert warm[place] == expected, f"after {seen} edits, {place}:\n{warm[place]}\nexpected\n{expected}"
    for place in chance.sample(sorted(project.texts), 3):
        codes = sorted(code for _, code, _ in warm[place])
        assert codes == command_line(project, place), f"after {seen} edits, {place}: the command line differs"
    return sum(len(found) for found in warm.values())


def run(edits: int, files: int, every: int, seed: int, say=lambda text: None):
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="gilcheck-edits-") as folder:
        project = Project(Path(folder).resolve(), files, chance)
        session = Session(project, chance)
        first = None
        with session.server:
            for number in range(1, edits + 1):
                session.edit()
                if number % every == 0:
                    count = compare(session, chance, number)
                    memory = session.memory()
                    first = first or memory
                    say(f"{number} edits: {len(project.texts)} files, {count} findings, {memory / 1024:.1f} MB")
            assert session.server.leave() == 0
        return first, memory


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--edits", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--every", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    say = lambda text: print(text, flush=True)
    first, last = run(arguments.edits, arguments.files, arguments.every, arguments.seed, say)
    print(f"memory: {first / 1024:.1f} MB at the first comparison, {last / 1024:.1f} MB at the end")
    return 0 if last <= first * 1.2 else 1


if __name__ == "__main__":
    sys.exit(main())
