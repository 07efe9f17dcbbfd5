"""What the tests of the server share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

CALLER = """\
import threading
from helper import work


def main():
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
"""

COUNTS = """\
def work():
    total = 0
    for number in range(10**7):
        total += number
    return total
"""

SLEEPS = """\
import time


def work():
    time.sleep(3)
"""


class Project:
    """A folder of its own."""

    def __init__(self, root: Path):
        self.root = root
        self.write("pyproject.toml", "")
        self.caller = self.write("caller.py", CALLER)
        self.helper = self.write("helper.py", COUNTS)

    def write(self, path: str, text: str) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path.resolve())
