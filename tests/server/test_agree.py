"""The server and the command line say the same of the same files."""

import json
import subprocess

import edits
import pytest
from raw import ROOT, Server, binary

PULLS = {"textDocument": {"diagnostic": {}}}


def said_by_command_line(folder, *paths):
    command = [binary(), "check", "--output-format", "json", *map(str, paths)]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode in (0, 1), done.stderr.decode()
    place = lambda item: (item["filename"], item["location"]["row"], item["location"]["column"])
    return sorted((*place(item), item["code"], item["message"]) for item in json.loads(done.stdout))


def in_words(uri, folder, items):
    name = uri.removeprefix(folder.as_uri() + "/")
    for item in items:
        start = item["range"]["start"]
        yield (name, start["line"] + 1, start["character"] + 1, item["code"], item["message"].split("\n")[0])


@pytest.fixture
def folder(tmp_path, request):
    """The example programs, and a project of many files that use each other."""
    import random

    root = tmp_path.resolve()
    edits.Project(root, 60, random.Random(7))
    for place in sorted((ROOT / "fixtures" / "article").glob("*.py")):
        (root / place.name).write_text(place.read_text())
    # Folders with settings of their own.
    for name, text in [("strict", 'select = ["ALL"]\nconfidence = "low"\n'), ("free", 'target-version = "3.14t"\n')]:
        (root / name).mkdir()
        (root / name / "gilcheck.toml").write_text(text)
        for place in sorted((ROOT / "fixtures" / "article").glob("*.py")):
            (root / name / place.name).write_text(place.read_text())
    return root


def test_of_single_files(folder):
    with Server() as server:
        server.start(folder, PULLS)
        seen = 0
        for place in sorted(folder.rglob("*.py")):
            uri = server.open(place)
            said = sorted(in_words(uri, folder, server.pull(uri)["items"]))
            assert said == said_by_command_line(folder, place.relative_to(folder))
            seen += len(said)
        assert seen > 20


def test_of_the_whole_folder(folder):
    with Server() as server:
        server.start(folder, PULLS, {"workspaceDiagnostics": True})
        report = server.request("workspace/diagnostic", {"previousResultIds": []}, timeout=60)
        said = [words for item in report["items"] for words in in_words(item["uri"], folder, item["items"])]
        assert sorted(said) == said_by_command_line(folder, ".")
        assert len(said) > 20


def test_random_edits_give_what_a_fresh_server_gives():
    first, last = edits.run(edits=600, files=40, every=200, seed=3)
    assert first and last
