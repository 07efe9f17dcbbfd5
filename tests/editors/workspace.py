"""The folder that every editor is shown: two findings, one of them about a loop in another file."""

from pathlib import Path

from programs import counts, threads

DEMO = threads("import threading\nimport time\n\nfrom work import count\n", "count") + """

async def nap():
    time.sleep(1)
"""

IGNORED = "range(4)]  # gilcheck: ignore[GIL101]"


def make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text("")
    (folder / "work.py").write_text(counts("count"))
    demo = folder / "demo.py"
    demo.write_text(DEMO)
    return demo
