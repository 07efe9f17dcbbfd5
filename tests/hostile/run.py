#!/usr/bin/env python3
"""Hostile input, faults and load, at full size, against the program itself.

    python3 tests/hostile/run.py                     # all suites
    python3 tests/hostile/run.py limits files kill   # some of them
    python3 tests/hostile/run.py limits --only deep_calls --scale 10

The program is that of GILCHECK, or target/release/gilcheck. What takes seconds in all is in `cargo test` too
(`tests/it/hostile.rs`); the packages of PyPI are in `packages.py`.

limits   every input of `inputs.py`: it ends by itself, soon, in bounded memory, and finds what is beside it
server   the same inputs, in an editor
files    full and read-only disks, files that vanish, grow and are replaced while they are read
kill     `--fix` killed at random moments: every file is the old one or the new one
cache    what is kept between runs: shared by ten, killed, damaged, planted, without room
load     many runs at once, a server under floods of edits, requests and cancellations, a slow client, 30,000 files
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "server"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import inputs
from raw import Server

# Seconds of CPU that one file may take, and megabytes that a run may.
MOST_SECONDS = 10
MOST_MEMORY = 3_000
# What is about a project, not about a file, may take so many seconds.
MOST_SECONDS_OF_PROJECTS = 60

SLEEPY = "import time\n\nasync def nap():\n    time.sleep(1)\n"
FIXABLE = "import asyncio\nimport time\n\n\nasync def rest():\n    time.sleep(1)\n\n\nasyncio.run(rest())\n"
FIXED = "import asyncio\n\n\nasync def rest():\n    await asyncio.sleep(1)\n\n\nasyncio.run(rest())\n"


def program() -> str:
    given = os.environ.get("GILCHECK")
    return str(Path(given).resolve() if given else ROOT / "target" / "release" / "gilcheck")


class Folder:
    """A project of its own that goes away."""

    def __init__(self, files: inputs.Files):
        self.path = Path(tempfile.mkdtemp(prefix="gilcheck-hostile-")).resolve()
        self.bytes = 0
        for name, text in {"gilcheck.toml": "", **files}.items():
            place = self.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            content = text if isinstance(text, bytes) else text.encode()
            self.bytes += len(content)
            place.write_bytes(content)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Deeper than what Python's own goes into.
        subprocess.run(["rm", "-rf", self.path], check=True)


class Run:
    """One run of the program, measured."""

    def __init__(self, arguments, folder: Path, seconds=120, file_size=None, **options):
        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
            if file_size is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
                # A write beyond it then fails instead of killing.
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(
                [program(), *map(str, arguments)], cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=limit, **options
            )
            watch = threading.Timer(seconds * 10, process.kill)
            watch.start()
            _, status, usage = os.wait4(process.pid, 0)
            watch.cancel()
            process.returncode = self.code = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            self.stdout, self.stderr = out.read().decode(errors="replace"), err.read().decode(errors="replace")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss >> 10

    def __str__(self):
        return f"{self.cpu:5.1f} s {self.memory:5} MB"


def complaint(run: Run, most_seconds: float) -> str:
    """What is wrong with how a run went."""
    if run.code not in (0, 1):
        return f"ended with {run.code}: {run.stderr[-300:]}"
    if run.cpu > most_seconds:
        return f"took {run.cpu:.1f} s"
    if run.memory > MOST_MEMORY:
        return f"took {run.memory} MB"
    return ""


WAYS = (
    ["--no-cache", "--output-format", "concise"],
    ["--no-cache", "--exhaustive", "--select", "ALL", "--output-format", "json"],
    ["--no-cache", "--diff", "--unsafe-fixes"],
)
# A project's time, not a file's.
PROJECTS = ("many_files", "stars_", "chain_of_imports", "chain_of_calls_over_files", "chain_of_bases_over_files", "deep_packages")
NOTES = {
    "file_of_100_mb": "more than 10 MB",
    "comments_of_100_mb": "more than 10 MB",
    "line_of_50_mb_statements": "more than 10 MB",
    "deep_blocks": "more than 10 MB",
    "deep_loops": "nested deeper",
    "deep_target": "nested deeper",
    "cycle_with_arguments": "more to follow",
    "deep_notebook": "not a notebook",
}


def limits(arguments) -> list[str]:
    failures = []
    for name, make in inputs.INPUTS.items():
        if arguments.only and name not in arguments.only:
            continue
        most = MOST_SECONDS_OF_PROJECTS if name.startswith(PROJECTS) else MOST_SECONDS
        with Folder(make(arguments.scale)) as folder:
            # What lies beside it is found whatever happens to the rest.
            (folder.path / "beside.py").write_text(SLEEPY)
            row, notes = f"{name:44}{folder.bytes / 1e6:7.1f} MB ", ""
            for way in WAYS:
                run = Run(["check", *way, "."], folder.path)
                row += f" | {run}"
                # Who asks for rewrites has the files checked before and after.
                wrong = complaint(run, most * 2 if "--diff" in way else most)
                notes += run.stderr
                if not wrong and way == WAYS[0] and "beside.py:4:5: GIL302" not in run.stdout:
                    wrong = "lost what was beside it"
                if wrong:
                    failures.append(f"limits {name} {' '.join(way)}: {wrong}")
                    row += " !"
            if arguments.scale == 1 and NOTES.get(name, "") not in notes:
                failures.append(f"limits {name}: does not say {NOTES[name]!r}: {notes[:300]}")
                row += " !"
            print(row, flush=True)
    return failures


def server(arguments) -> list[str]:
    """Each input opened in the server, which must answer for it and then for a plain file."""
    failures = []
    for name, make in inputs.INPUTS.items():
        if arguments.only and name not in arguments.only:
            continue
        files = make(max(arguments.scale, 4))
        with Folder(files) as folder:
            beside = folder.path / "beside.py"
            beside.write_text(SLEEPY)
            place = folder.path / max(files, key=lambda path: len(files[path]))
            start = time.monotonic()
            try:
                with Server() as it:
                    it.start(folder.path, {"textDocument": {"diagnostic": {}}})
                    it.open(place.as_uri(), place.read_bytes().decode(errors="replace"))
                    it.open(beside.as_uri(), SLEEPY)
                    it.pull(place.as_uri(), timeout=240)
                    found = it.pull(beside.as_uri(), timeout=240)["items"]
                    if not any(item["code"] == "GIL302" for item in found):
                        failures.append(f"server {name}: lost what was beside it")
                    it.change(place.as_uri(), 2, "x = 1\n")
                    if it.pull(place.as_uri(), timeout=240)["items"]:
                        failures.append(f"server {name}: findings in what is gone")
                    if it.leave() != 0:
                        failures.append(f"server {name}: did not leave well")
            except Exception as error:
                failures.append(f"server {name}: {type(error).__name__} {error}")
            print(f"{name:32} {time.monotonic() - start:5.1f} s", flush=True)
    return failures


def files(_) -> list[str]:
    failures = []

    def check(what: str, holds: bool, run: "Run | None" = None):
        print(f"{'holds' if holds else 'FAILS'}  {what}", flush=True)
        if not holds:
            failures.append(f"files: {what}: {run and (run.code, run.stdout[-300:], run.stderr[-500:])}")

    # A disk that is full: by the limit on a file's size, and by a small file system where one can be mounted.
    big = FIXABLE + "# " + "x" * 5000 + "\n"
    with Folder({"a.py": big}) as folder:
        run = Run(["--fix", "."], folder.path, file_size=2000)
        check("a full disk leaves the old file, and is said", (folder.path / "a.py").read_text() == big and "not fixed" in run.stderr, run)
        left = set(os.listdir(folder.path)) - {".gilcheck_cache"}
        check("a full disk leaves nothing beside it", left == {"a.py", "gilcheck.toml"}, run)
        run = Run(["--output-format", "json", "-o", "out.json", "."], folder.path, file_size=100)
        check("a full disk under --output-file is an error", run.code == 2 and "out.json" in run.stderr, run)
        run = Run(["--baseline", "b.json", "--update-baseline"], folder.path, file_size=10)
        check("a full disk under --update-baseline is an error", run.code == 2 and not (folder.path / "b.json").exists(), run)
        run = Run(["--add-ignore"], folder.path, file_size=1000)
        check("a full disk under --add-ignore leaves the old file", run.code == 2 and (folder.path / "a.py").read_text() == big, run)
    if Path("/dev/full").exists():
        with Folder({"a.py": SLEEPY}) as folder:
            with open("/dev/full", "wb") as full:
                done = subprocess.run([program(), "."], cwd=folder.path, stdout=full, stderr=subprocess.PIPE, check=False)
            check("a full disk behind stdout is an error", done.returncode == 2 and b"cannot write" in done.stderr)
            run = Run(["-o", "/dev/full", "."], folder.path)
            check("a full device under --output-file is an error", run.code == 2, run)
    with Folder({"a.py": FIXABLE}) as folder:
        mount = folder.path / "small"
        mount.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", mount], capture_output=True, check=False).returncode == 0
        if mounted:
            try:
                (mount / "gilcheck.toml").write_text("")
                (mount / "a.py").write_text(FIXABLE + "#" * 20_000)
                try:
                    with open(mount / "fill2", "wb") as fill:
                        while True:
                            fill.write(b"x" * 4096)
                            fill.flush()
                except OSError:
                    pass
                run = Run(["--fix", "."], mount)
                check("a full file system leaves the old file", (mount / "a.py").read_text().startswith(FIXABLE) and run.code in (1, 2), run)
                subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
                run = Run(["--fix", "."], mount)
                check("a read-only file system leaves the old file, and is said", "not fixed" in run.stderr, run)
                run = Run(["--output-file", "x", "."], mount)
                check("a read-only file system under --output-file is an error", run.code == 2, run)
            finally:
                subprocess.run(["umount", mount], check=True)
        else:
            print("left out: mounting a small file system is not permitted here", flush=True)

    # Files that change while they are read: nothing crashes, and what stays is found.
    with Folder({f"m{i}.py": SLEEPY for i in range(300)}) as folder:
        (folder.path / "stays.py").write_text(SLEEPY)
        over = threading.Event()

        def disturb(seed: int):
            chance = random.Random(seed)
            # Made beside it and put in its place: who writes to a pipe would wait for a reader.
            beside = folder.path / f"beside-{seed}"
            while not over.is_set():
                place = folder.path / f"m{chance.randrange(300)}.py"
                roll = chance.randrange(5)
                beside.unlink(missing_ok=True)
                if roll == 0:
                    place.unlink(missing_ok=True)
                    continue
                if roll == 1:
                    beside.write_bytes(bytes(chance.randrange(256) for _ in range(chance.randrange(2000))))
                elif roll == 2:
                    os.mkfifo(beside)
                elif roll == 3:
                    beside.symlink_to(folder.path / f"m{chance.randrange(300)}.py")
                else:
                    beside.write_text(SLEEPY * chance.randrange(1, 400))
                beside.replace(place)

        helpers = [threading.Thread(target=disturb, args=(seed,)) for seed in range(2)]
        for helper in helpers:
            helper.start()
        runs = [Run(["--output-format", "concise", "."], folder.path, seconds=60) for _ in range(25)]
        over.set()
        for helper in helpers:
            helper.join()
        wrong = [run for run in runs if run.code != 1 or "stays.py:4:5: GIL302" not in run.stdout]
        check("files that vanish, change and become pipes while they are read", not wrong, wrong[0] if wrong else None)

    # Settings files that are none.
    for name in ("gilcheck.toml", "pyproject.toml", ".gitignore", ".ignore", "known.json"):
        with Folder({"pkg/a.py": SLEEPY}) as folder:
            (folder.path / "gilcheck.toml").unlink()
            if name == "known.json":
                (folder.path / "gilcheck.toml").write_text("baseline = 'known.json'\n")
            os.mkfifo(folder.path / name)
            run = subprocess.Popen([program(), "--output-format", "concise", "."], cwd=folder.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                out, err = run.communicate(timeout=30)
                check(f"a pipe called {name} is not waited for", run.returncode == (2 if name == "known.json" else 1), None)
            except subprocess.TimeoutExpired:
                run.kill()
                run.communicate()
                check(f"a pipe called {name} is not waited for", False)
    return failures


def kill(arguments) -> list[str]:
    """Kills `--fix` at random moments."""
    failures, moments = [], {"old": 0, "new": 0, "both": 0}
    chance = random.Random(1)
    tail = "# " + "x" * 200_000 + "\n"
    names = [f"m{i}.py" for i in range(30)]
    with Folder({name: FIXABLE + tail for name in names}) as folder:
        start = time.monotonic()
        Run(["--fix-only", "."], folder.path)
        whole = time.monotonic() - start
        fixed = (folder.path / names[0]).read_text()
        assert fixed == FIXED + tail, "the sample is no longer fixed as it was"
        for number in range(arguments.times):
            for name in names:
                (folder.path / name).write_text(FIXABLE + tail)
            process = subprocess.Popen([program(), "--fix-only", "."], cwd=folder.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.random() * whole * 1.1)
            process.kill()
            process.wait()
            texts = [(folder.path / name).read_text() for name in names]
            old, new = texts.count(FIXABLE + tail), texts.count(fixed)
            moments["old" if new == 0 else "new" if old == 0 else "both"] += 1
            if old + new != len(names):
                failures.append(f"kill {number}: {len(names) - old - new} files are neither old nor new")
            for left in folder.path.glob(".*.gilcheck-*"):
                left.unlink()
        print(f"{arguments.times} kills: before any file {moments['old']}, between {moments['both']}, after all {moments['new']}", flush=True)
    return failures


def load(arguments) -> list[str]:
    failures = []
    # Many runs at once give what one gives.
    with Folder({f"p{i}/m{j}.py": SLEEPY.replace("nap", f"nap{j}") for i in range(20) for j in range(20)}) as folder:
        command = [program(), "--no-cache", "--output-format", "json", "."]
        expected = subprocess.run(command, cwd=folder.path, capture_output=True, check=False)
        runs = [subprocess.Popen(command, cwd=folder.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(10)]
        for run in runs:
            out, err = run.communicate(timeout=300)
            if (run.returncode, out) != (expected.returncode, expected.stdout):
                failures.append(f"load: one of ten runs differs: {run.returncode} {err[-300:]!r}")
        print(f"10 runs at once: {len(failures)} differ", flush=True)

    # Floods: edits, requests and cancellations, and a client that reads nothing meanwhile.
    with Folder({"a.py": SLEEPY, "b.py": SLEEPY}) as folder:
        place = folder.path / "a.py"
        with Server() as it:
            it.start(folder.path, {"textDocument": {"diagnostic": {}}})
            it.open(place.as_uri(), SLEEPY)
            start = time.monotonic()
            asked = []
            for number in range(arguments.edits):
                text = "x" if number % 2 == 0 else ""
                end = 0 if number % 2 == 0 else 1
                change = {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": end}}, "text": text}
                it.change(place.as_uri(), number + 2, change)
                if number % 50 == 0:
                    asked.append(it.begin("textDocument/diagnostic", {"textDocument": {"uri": place.as_uri()}}))
                if number % 100 == 0:
                    it.notify("$/cancelRequest", {"id": asked[-1]})
            answers = [it.end(number, timeout=120) for number in asked]
            last = it.pull(place.as_uri(), timeout=60)["items"]
            if [item["code"] for item in last] != ["GIL302"]:
                failures.append(f"load: after the flood, {last}")
            memory = next(line for line in Path(f"/proc/{it.process.pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
            print(f"{arguments.edits} edits, {len(answers)} requests answered in {time.monotonic() - start:.1f} s, {memory.split()[1]} kB at most", flush=True)
            if int(memory.split()[1]) > 1_000_000:
                failures.append(f"load: the flood took {memory}")
            if it.leave() != 0:
                failures.append("load: did not leave well after the flood")

    failures += slow_client(arguments)

    # A large workspace.
    with Folder(inputs.INPUTS["many_files"](arguments.scale)) as folder:
        place = next(folder.path.glob("p0/m0.py"))
        start = time.monotonic()
        with Server() as it:
            it.start(folder.path, {"textDocument": {"diagnostic": {}}})
            it.open(place.as_uri(), place.read_text())
            found = it.pull(place.as_uri(), timeout=120)["items"]
            first = time.monotonic() - start
            it.change(place.as_uri(), 2, SLEEPY)
            start = time.monotonic()
            it.pull(place.as_uri(), timeout=120)
            print(f"{30_000 // arguments.scale} files: the first answer after {first:.1f} s, the next after {time.monotonic() - start:.2f} s", flush=True)
            if not found:
                failures.append("load: nothing found in a large workspace")
            if it.leave() != 0:
                failures.append("load: did not leave well in a large workspace")
    return failures


def slow_client(arguments) -> list[str]:
    """A client that asks and edits for seconds and reads nothing: later it gets every answer, and the last is right."""
    asked = max(arguments.edits // 10, 100)
    with Folder({"a.py": SLEEPY}) as folder:
        uri = (folder.path / "a.py").as_uri()
        process = subprocess.Popen([program(), "server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

        def say(method: str, params, identifier=None):
            message = {"jsonrpc": "2.0", "method": method, "params": params}
            if identifier is not None:
                message["id"] = identifier
            process.stdin.write(Server.frame(message))

        def talk():
            root = folder.path.as_uri()
            say("initialize", {"processId": None, "rootUri": root, "capabilities": {"textDocument": {"diagnostic": {}}}}, 0)
            say("initialized", {})
            say("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": SLEEPY}})
            for number in range(1, asked + 1):
                say("textDocument/didChange", {"textDocument": {"uri": uri, "version": number + 1}, "contentChanges": [{"text": SLEEPY + "#" * number}]})
                say("textDocument/diagnostic", {"textDocument": {"uri": uri}}, number)
            say("shutdown", None, asked + 1)
            process.stdin.flush()

        talker = threading.Thread(target=talk, daemon=True)
        talker.start()
        time.sleep(3)
        answered, last = set(), None
        watch = threading.Timer(300, process.kill)
        watch.start()
        while len(answered) < asked + 2:
            length = 0
            while (line := process.stdout.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if not length:
                break
            message = json.loads(process.stdout.read(length))
            if "id" in message and "method" not in message:
                answered.add(message["id"])
                last = message if message["id"] == asked else last
        watch.cancel()
        process.kill()
        process.wait()
        missing = set(range(asked + 2)) - answered
        print(f"a client that reads nothing for 3 s: {asked} requests, {len(missing)} without an answer", flush=True)
        if missing:
            return [f"load: {len(missing)} requests of a slow client are not answered"]
        if [item["code"] for item in last.get("result", {}).get("items", [])] != ["GIL302"]:
            return [f"load: the last answer to a slow client is {last}"]
    return []


def cache(arguments) -> list[str]:
    """What is kept between runs: shared, killed while it is written, damaged, planted, and where nothing can be written."""
    failures = []
    chance = random.Random(2)
    sources = {f"p{i}/m{j}.py": SLEEPY.replace("nap", f"nap{j}") for i in range(10) for j in range(20)}
    with Folder(sources) as folder, Folder({}) as home:
        kept = folder.path / ".gilcheck_cache"
        variables = {**os.environ, "XDG_CACHE_HOME": str(home.path)}
        command = ["--output-format", "json", "."]

        def run(*more, **options) -> Run:
            return Run([*more, *command], folder.path, env=variables, **options)

        expected = run("--no-cache")

        def check(what: str, *runs: Run):
            wrong = [it for it in runs if (it.code, it.stdout) != (expected.code, expected.stdout)]
            print(f"{'FAILS' if wrong else 'holds'}  {what}", flush=True)
            failures.extend(f"cache: {what}: {it.code} {it.stderr[-300:]}" for it in wrong)

        def recalled() -> bool:
            return "Nothing that matters has changed" in run("-v").stderr

        runs = []
        for _ in range(10):
            shutil.rmtree(kept, ignore_errors=True)
            shutil.rmtree(home.path / "gilcheck", ignore_errors=True)
            with ThreadPoolExecutor(10) as pool:
                runs += pool.map(lambda _: run(), range(10))
            (folder.path / "p0" / "m0.py").write_text(SLEEPY.replace("nap", "nap0"))
        check(f"{len(runs)} runs, ten at once, that share what is kept and the secret, from nothing", *runs)
        run()
        if not recalled():
            failures.append("cache: nothing is recalled, so this suite tries nothing")

        shutil.rmtree(kept)
        start = time.monotonic()
        run()
        whole, runs, written = time.monotonic() - start, [], 0
        for number in range(arguments.times // 3):
            shutil.rmtree(kept, ignore_errors=True)
            process = subprocess.Popen([program(), *command], cwd=folder.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=variables)
            time.sleep(chance.random() * whole * 1.5)
            process.kill()
            process.wait()
            written += kept.is_dir() and any(kept.iterdir())
            runs.append(run())
        check(f"{len(runs)} runs killed while they work or write, {written} of them after something was written", *runs)

        runs = []
        for number in range(arguments.times // 3):
            run()
            for place in kept.glob("*.cached"):
                content = bytearray(place.read_bytes())
                if number % 3 == 0:
                    content = content[: chance.randrange(len(content))]
                elif number % 3 == 1:
                    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
                else:
                    content = chance.randbytes(chance.choice([0, 1, 41, 5000]))
                place.write_bytes(content)
            runs.append(run())
        check(f"{len(runs)} runs over what was cut, flipped and replaced", *runs)

        # What another secret sealed, with its findings taken away first.
        shutil.rmtree(kept)
        with Folder({}) as other:
            for name in sources:
                (folder.path / name).write_text("\n")
            Run(command, folder.path, env={**variables, "XDG_CACHE_HOME": str(other.path)})
            for name, text in sources.items():
                (folder.path / name).write_text(text)
        check("what another user kept", run(), run())

        shutil.rmtree(kept)
        kept.write_text("a file")
        check("a file where the folder would be", run(), run())
        kept.unlink()
        os.mkfifo(kept)
        check("a pipe where the folder would be", run(), run())
        kept.unlink()
        run()
        for place in list(kept.glob("*.cached")):
            place.unlink()
            os.mkfifo(place)
        check("pipes where kept files would be", run(), run())
        shutil.rmtree(kept)
        kept.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "none", kept], capture_output=True, check=False).returncode == 0:
            try:
                check("a small file system", run(), run())
                subprocess.run(["mount", "-o", "remount,ro", kept], check=True)
                check("a read-only file system", run(), run())
            finally:
                subprocess.run(["umount", kept], check=True)
        else:
            print("left out: mounting a small file system is not permitted here", flush=True)
    return failures


SUITES = {"limits": limits, "server": server, "files": files, "kill": kill, "cache": cache, "load": load}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", help="which suites [default: all]")
    parser.add_argument("--only", nargs="*", help="these inputs only")
    parser.add_argument("--scale", type=int, default=1, help="so many times smaller")
    parser.add_argument("--times", type=int, default=300, help="how many kills")
    parser.add_argument("--edits", type=int, default=100_000, help="how many edits")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.suites if name not in SUITES]
    if unknown:
        parser.error(f"no suite {unknown[0]}; there are {', '.join(SUITES)}")
    failures = []
    with Folder({}) as home:
        # The secret of the user's own cache stays as it is.
        os.environ["XDG_CACHE_HOME"] = str(home.path)
        for name in arguments.suites or SUITES:
            print(f"== {name}", flush=True)
            failures += SUITES[name](arguments)
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
