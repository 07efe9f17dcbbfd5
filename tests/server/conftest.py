"""What the tests of the server share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from programs import CALLER, COUNTS  # noqa: E402


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
