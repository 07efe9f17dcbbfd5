#!/usr/bin/env python3
"""Runs the fuzz targets under libFuzzer, each for its share of the time, and says what they took and found.

    python3 tests/fuzz/run.py --seconds 600                    # all targets, ten minutes in all
    python3 tests/fuzz/run.py --seconds 600 --targets project  # one of them
    python3 tests/fuzz/run.py --seconds 600 --jobs 2           # two at a time

Needs a nightly toolchain and cargo-fuzz (`cargo install --locked cargo-fuzz`). The corpora grow in target/fuzz/corpus and
are used again; what is found lies in target/fuzz/found, and `PROGRAM FILE` shows it again.
"""

import argparse
import os
import random
import re
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRIPLE = "x86_64-unknown-linux-gnu"
# The longest input, in bytes: what these make of a few bytes is a whole project.
LONGEST = {"facts": 2000, "configuration": 600, "suppressions": 400, "project": 500, "fixes": 500, "edits": 500, "messages": 600}
# No input may take as many seconds or megabytes.
MOST_SECONDS = 20
MOST_MEMORY = 2000
# After so many a target is left: mostly they have one cause.
MOST_FOUND = 10
# As the threads of the program itself.
STACK = 64 << 20


def build(folder: Path, toolchain: str) -> None:
    """Optimised, with checks, without a sanitizer: nothing here is `unsafe`, and so it is ten times as quick."""
    command = ["cargo", f"+{toolchain}", "fuzz", "build", "--fuzz-dir", "tests/fuzz", "--sanitizer", "none", "--target-dir", folder]
    subprocess.run(command, cwd=ROOT, check=True)


def seeds(target: str, corpus: Path) -> None:
    """What to begin with: programs of the fixtures, and bytes that decide."""
    if target == "facts":
        texts = [block for place in sorted((ROOT / "fixtures").rglob("*.md")) for block in re.findall(r"```python\n(.*?)```", place.read_text(), re.DOTALL)]
        contents = [text.encode() for text in texts if len(text) <= LONGEST[target]]
    else:
        chance = random.Random(target)
        contents = [chance.randbytes(LONGEST[target] * (i + 1) // 50) for i in range(50)]
    for number, content in enumerate(contents):
        (corpus / f"seed-{number}").write_bytes(content)


def measured(command: list, log: Path) -> tuple[int, float]:
    """Runs a program with the stacks that gilcheck has: how it ended, and its seconds of CPU."""

    def limit():
        resource.setrlimit(resource.RLIMIT_STACK, (STACK, resource.getrlimit(resource.RLIMIT_STACK)[1]))

    variables = {**os.environ, "RAYON_NUM_THREADS": "1", "RUST_MIN_STACK": str(STACK), "RUST_BACKTRACE": "0"}
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=variables, preexec_fn=limit)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


def fuzz(target: str, program: Path, folder: Path, seconds: int) -> tuple[int, float, list[Path]]:
    """Runs a target for so long: executions, seconds of CPU, and what it found. What is found ends a process; the next
    one goes on with the corpus."""
    corpus, found, log = folder / "corpus" / target, folder / "found" / target, folder / f"{target}.log"
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        seeds(target, corpus)
    before = set(found.iterdir())

    end, executions, cpu = time.monotonic() + seconds, 0, 0.0
    while (left := int(end - time.monotonic())) > 0:
        command = [program, corpus, f"-artifact_prefix={found}/", f"-max_total_time={left}", f"-max_len={LONGEST[target]}"]
        command += [f"-timeout={MOST_SECONDS}", f"-rss_limit_mb={MOST_MEMORY}", "-print_final_stats=1"]
        code, used = measured(command, log)
        text = log.read_text(errors="replace")
        cpu += used
        counted = re.search(r"stat::number_of_executed_units: *(\d+)", text)
        executions += int(counted[1]) if counted else 0
        new = set(found.iterdir()) - before
        if code != 0 and not new:
            raise SystemExit(f"{target}: ended with {code}\n{text[-2000:]}")
        for place in new:
            # libFuzzer's clock goes on while others have the processor.
            if place.name.startswith(("slow-unit-", "timeout-")):
                code, used = measured([program, place, "-timeout=0"], folder / f"{place.name}.log")
                cpu += used
                if code == 0 and used < MOST_SECONDS:
                    place.unlink()
        if len(set(found.iterdir()) - before) >= MOST_FOUND:
            break
    return executions, cpu, sorted(set(found.iterdir()) - before)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="for all targets together [default: 600]")
    parser.add_argument("--targets", nargs="*", choices=[*LONGEST], help="which targets [default: all]")
    parser.add_argument("--jobs", type=int, default=1, help="so many targets at a time")
    parser.add_argument("--toolchain", default="nightly", help="which Rust [default: nightly]")
    parser.add_argument("--folder", type=Path, default=ROOT / "target" / "fuzz", help="for programs, corpora and findings")
    parser.add_argument("--no-build", action="store_true", help="take the programs that are there")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if not arguments.no_build:
        build(folder / "build", arguments.toolchain)
    targets = arguments.targets or [*LONGEST]
    each = max(arguments.seconds * arguments.jobs // len(targets), 1)

    def one(target: str):
        start = time.monotonic()
        executions, cpu, found = fuzz(target, folder / "build" / TRIPLE / "release" / target, folder, each)
        print(f"{target:16}{executions:12,} executions {cpu:8.0f} s of CPU in {time.monotonic() - start:6.0f} s {len(found):4} found", flush=True)
        return executions, cpu, found

    with ThreadPoolExecutor(arguments.jobs) as pool:
        done = list(pool.map(one, targets))
    executions, cpu = sum(it[0] for it in done), sum(it[1] for it in done)
    found = [place for it in done for place in it[2]]
    print(f"{'all':16}{executions:12,} executions {cpu:8.0f} s of CPU, {len(found)} found")
    for place in found:
        print(f"FAILED {place}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
