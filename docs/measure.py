"""Measures the tables of "Which should I use?" on this machine: the same work in a row, in threads, in processes, in
coroutines and, where this Python has them, in interpreters.

python3 docs/measure.py            prints the table as Markdown
python3 docs/measure.py --write    puts it into docs/pages/which.md
"""

import argparse
import asyncio
import concurrent.futures
import hashlib
import json
import os
import pathlib
import platform
import sys
import time

TASKS = 4
ROUNDS = 7
PAGE = pathlib.Path(__file__).resolve().parent / "pages" / "which.md"
DOCUMENT = {"rows": [{"id": number, "name": "x" * 20, "values": list(range(20))} for number in range(8_000)]}


def bytecode(_):
    total = 0
    for number in range(2_000_000):
        total += number % 7
    return total


def atomic(_):
    return len(json.dumps(DOCUMENT))


def native(_):
    return hashlib.sha256(bytes(48 << 20)).hexdigest()


def waiting(_):
    time.sleep(0.2)


def in_a_row(work):
    for number in range(TASKS):
        work(number)


def pooled(executor):
    def run(work):
        with executor(TASKS) as pool:
            list(pool.map(work, range(TASKS)))

    return run


def coroutines(work):
    async def one(number):
        if work is waiting:
            await asyncio.sleep(0.2)
        else:
            work(number)

    async def run():
        await asyncio.gather(*(one(number) for number in range(TASKS)))

    asyncio.run(run())


WORK = {
    "Python bytecode (a loop)": bytecode,
    "one C call that keeps the GIL (`json.dumps`)": atomic,
    "native code that lets the GIL go (`hashlib.sha256`)": native,
    "waiting (`time.sleep`)": waiting,
}
WAYS = {
    "in a row": in_a_row,
    "threads": pooled(concurrent.futures.ThreadPoolExecutor),
    "processes": pooled(concurrent.futures.ProcessPoolExecutor),
    "coroutines": coroutines,
}
if hasattr(concurrent.futures, "InterpreterPoolExecutor"):
    WAYS["interpreters"] = pooled(concurrent.futures.InterpreterPoolExecutor)


def seconds(way, work):
    """The least of some rounds: whatever else the machine does only adds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        way(work)
        best = min(best, time.perf_counter() - start)
    return best


def table():
    lines = [f"| {TASKS} tasks of | {' | '.join(WAYS)} |", "|---|" + "---:|" * len(WAYS)]
    for name, work in WORK.items():
        cells = [f"{seconds(way, work):.2f} s" for way in WAYS.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    version = f"{platform.python_implementation()} {platform.python_version()}"
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        version += " without the GIL"
    lines.append("")
    lines.append(f"{version}, {platform.system()}, {os.cpu_count()} cores, the least of {ROUNDS} rounds.")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    text = table()
    if not arguments.write:
        print(text)
        return
    begin, end = "<!-- measured -->", "<!-- end -->"
    page = PAGE.read_text()
    before, after = page.split(begin)[0], page.split(end)[1]
    PAGE.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


if __name__ == "__main__":
    main()
