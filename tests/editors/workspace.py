"""The folder that every editor is shown: two findings, one of them about a loop in another file."""

from pathlib import Path

DEMO = """\
import threading
import time

from work import count


def main():
    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()


async def nap():
    time.sleep(1)
"""

WORK = """\
def count():
    total = 0
    for number in range(10**7):
        total += number
    return total
"""

IGNORED = "range(4)]  # gilcheck: ignore[GIL101]"


def make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text("")
    (folder / "work.py").write_text(WORK)
    demo = folder / "demo.py"
    demo.write_text(DEMO)
    return demo
