#!/usr/bin/env python3
"""CPU time an edit and memory, beside `ruff server` in the same run.

    pip download --no-deps homeassistant==2026.2.3 && unzip -q homeassistant-*.whl -d ha
    python3 tests/server/latency.py ha

Types one character at a time into three files of the workspace and asks for the findings after each. The time is what
all threads of the server spend on a CPU from the edit to the answer. Exits with 1 where gilcheck takes more than one
and a half times ruff's at the 95th percentile, more than 300 ms to the first findings, or more than 150 MB.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from raw import Server, binary, insert

FILES = ["helpers/update_coordinator.py", "components/backup/manager.py", "config_entries.py"]
CAPABILITIES = {"textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": True}}}


class Clock:
    """Seconds that a process was on a CPU, to the nanosecond, those of ended threads included as last seen."""

    def __init__(self, pid: int):
        self.tasks, self.seen = Path(f"/proc/{pid}/task"), {}

    def read(self) -> float:
        for task in self.tasks.iterdir():
            try:
                self.seen[task.name] = int((task / "schedstat").read_text().split()[0])
            except OSError:
                continue
        return sum(self.seen.values()) / 1e9


def start(program: str, folder: Path):
    """A server of either kind with its clock."""
    server = Server() if program == "gilcheck" else Server(program=program)
    clock = Clock(server.process.pid)
    server.start(folder, CAPABILITIES)
    return server, clock


def memory(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def measure(program: str, folder: Path, place: Path, edits: int, remark: bool):
    server, clock = start(program, folder)
    with server:
        text = place.read_text()
        uri = server.open(place)
        server.pull(uri, timeout=120)
        first = clock.read()
        # What the server does besides is not the edits'.
        time.sleep(1.5)
        lines = text.split("\n")
        line, taken, wall = len(lines) - 1, [], []
        for number in range(edits):
            before, begun = clock.read(), time.perf_counter()
            server.change(uri, number + 2, insert(line, len(lines[line]) + number, "#" if remark and number == 0 else "x"))
            server.pull(uri, timeout=120)
            wall.append(time.perf_counter() - begun)
            taken.append(clock.read() - before)
        return first, sorted(taken), sorted(wall), memory(server)


def at(share: float, numbers: list) -> float:
    return numbers[min(len(numbers) - 1, int(share * len(numbers)))] * 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--edits", type=int, default=40)
    parser.add_argument("--remark", action="store_true", help="type a comment, which changes no fact")
    parser.add_argument("--ruff", default=str(Path(sys.executable).parent / "ruff"))
    arguments = parser.parse_args()
    folder = arguments.workspace.resolve()
    good = True
    print(f"gilcheck: {binary()}; load {os.getloadavg()[0]:.1f}")
    for name in FILES:
        place = next(folder.rglob(f"homeassistant/{name}"))
        results = {}
        for program in ("gilcheck", arguments.ruff):
            first, taken, wall, most = measure(program, folder, place, arguments.edits, arguments.remark)
            results[program] = at(0.95, taken)
            print(
                f"{place.stat().st_size // 1000} KB {Path(program).name}: CPU an edit {at(0.5, taken):.1f} ms, p95"
                f" {at(0.95, taken):.1f} ms; wall {at(0.5, wall):.1f} ms, p95 {at(0.95, wall):.1f} ms;"
                f" first findings {first * 1000:.0f} ms of CPU; {most:.0f} MB"
            )
            if program == "gilcheck":
                good &= first <= 0.3 and most <= 150
        ratio = results["gilcheck"] / results[arguments.ruff]
        print(f"  {ratio:.2f} times ruff's")
        good &= ratio <= 1.5
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
