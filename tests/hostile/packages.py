#!/usr/bin/env python3
"""Checks packages of PyPI, old and odd ones among them: no crash, no hang, twice the same, and with edits the same.

    python3 tests/hostile/packages.py [--only NAME ...] [--exhaustive]

Each is downloaded by pip, unpacked, checked twice without a cache and twice with one, and deleted before the next one
comes, so that a few gigabytes of room are enough. `--exhaustive` checks each once more with every file parsed and every
function looked at, which takes ten times as long and must say the same. The program is that of GILCHECK, or
target/release/gilcheck. Nothing of a package is run: only wheels are taken, and they are unpacked, not installed.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from run import ROOT, Run, Server

# Pinned, so that a table can be made again. `2:` is for what runs on Python 2.7 alone.
PACKAGES = """
2:fabric==1.14.1 2:enum34==1.1.10 2:futures==3.4.0 2:ipython==5.10.0 2:pathlib2==2.3.7.post1 2:configparser==4.0.2
2:ipaddress==1.0.23 2:setuptools==44.1.1 2:pip==20.3.4 2:Django==1.8.19 2:celery==3.1.25 2:kombu==3.0.37 2:boto==2.49.0
2:youtube_dl==2021.12.17 2:Sphinx==1.8.6 2:pylint==1.9.5 2:astroid==1.6.6 2:docutils==0.18.1 2:Jinja2==2.11.3
2:requests==2.27.1 2:Werkzeug==1.0.1 2:Flask==1.1.4 2:six==1.16.0 2:mock==3.0.5 2:pytest==4.6.11 2:networkx==1.11
2:sympy==1.5.1 2:virtualenv==20.15.1 2:unittest2==1.1.0 2:pyparsing==2.4.7 2:oauthlib==3.1.0 2:kazoo==2.8.0
pulumi-aws==6.56.0 pulumi-gcp==8.5.0 pulumi-azure==6.8.0 pulumi-azure-native==2.64.3 aws-cdk-lib==2.160.0 google-ads==25.0.0
azure-mgmt-network==27.0.0 azure-mgmt-compute==33.0.0 azure-mgmt-web==7.3.1 azure-mgmt-sql==3.0.1
azure-mgmt-containerservice==32.0.0 azure-mgmt-datafactory==9.0.0 kubernetes==31.0.0 google-cloud-aiplatform==1.69.0
google-cloud-compute==1.19.2 sympy==1.13.3 Django==5.1.2 homeassistant==2024.3.3 ansible==10.5.0 ansible-core==2.17.5
buildbot==4.1.0 transformers==4.45.2 torch==2.4.1 tensorflow-cpu==2.17.0 scipy==1.14.1 numpy==2.1.2 pandas==2.2.3
scikit-learn==1.5.2 matplotlib==3.9.2 networkx==3.4.1 statsmodels==0.14.4 SQLAlchemy==2.0.36 Twisted==24.7.0 tornado==6.4.1
aiohttp==3.10.10 celery==5.4.0 fastapi==0.115.2 starlette==0.40.0 httpx==0.27.2 requests==2.32.3 urllib3==2.2.3 anyio==4.6.2
trio==0.27.0 dask==2024.10.0 distributed==2024.10.0 ray==2.37.0 joblib==1.4.2 gevent==24.10.2 eventlet==0.37.0 gunicorn==23.0.0
uvicorn==0.32.0 scrapy==2.11.2 discord.py==2.4.0 python-telegram-bot==21.6 aiogram==3.13.1 apache-airflow==2.10.2
prefect==3.0.10 apache-beam==2.60.0 qtpy==2.4.1 mlflow-skinny==2.17.0 jupyterlab==4.2.5 notebook==7.2.2
ipython==8.28.0 botocore==1.35.41 boto3==1.35.41 awscli==1.35.7 moto==5.0.17 localstack-core==3.8.1 pip==24.2
setuptools==75.1.0 poetry-core==1.9.1 mypy==1.12.0 pylint==3.3.1 black==24.10.0 ruamel.yaml==0.18.6 sanic==24.6.0
pyglet==2.0.18 pygments==2.18.0 docutils==0.21.2 Sphinx==8.1.3 nltk==3.9.1 spacy==3.7.5 gensim==4.3.3 langchain==0.3.3
langchain-community==0.3.2 llama-index-core==0.11.17 openai==1.51.2 stripe==11.1.0 twilio==9.3.3 plotly==5.24.1 bokeh==3.6.0
faker==30.3.0 pytest==8.3.3 hypothesis==6.115.0 reportlab==4.2.5 twine==5.1.1 cvxpy==1.5.3 pymatgen==2024.9.17.1 ase==3.23.0
astropy==6.1.4 biopython==1.84 yt-dlp==2024.10.7 mitmproxy==11.0.0 paramiko==3.5.0 psycopg==3.2.3 pymongo==4.10.1 redis==5.1.1
""".split()

MOST_SECONDS = 10
CACHED = ["--output-format", "json"]
PLAIN = [*CACHED, "--no-cache"]
EXHAUSTIVE = [*PLAIN, "--exhaustive"]
# Those whose files are edited in a server, too.
EDITED = {"aiohttp", "distributed", "celery", "Twisted", "mitmproxy", "fabric", "gunicorn", "joblib"}


def fetched(what: str, folder: Path) -> "Path | None":
    """The package, unpacked."""
    old, requirement = what.startswith("2:"), what.removeprefix("2:")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    if old:
        command += ["--python-version", "2.7", "--implementation", "py", "--abi", "none", "--platform", "any"]
    done = subprocess.run([*command, "-d", folder / "wheel", requirement], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"{requirement}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'cannot be fetched'}", flush=True)
        return None
    wheel = next((folder / "wheel").iterdir())
    place = folder / "package"
    place.mkdir()
    with zipfile.ZipFile(wheel) as packed:
        names = [name for name in packed.namelist() if name.endswith((".py", ".pyw", ".ipynb"))]
        packed.extractall(place, names)
    shutil.rmtree(folder / "wheel")
    (place / "gilcheck.toml").write_text("")
    return place


def lines_in(folder: Path) -> tuple[int, int]:
    """How many files and lines there are."""
    places = list(folder.rglob("*.py"))
    return len(places), sum(place.read_bytes().count(b"\n") for place in places)


def slow_files(folder: Path, places: list[Path], way: list[str]) -> list[str]:
    """The files that take too long. What many take together, none of them takes alone; so halves are looked at."""
    if not places:
        return []
    if len(places) == 1:
        with tempfile.TemporaryDirectory() as alone:
            # By itself: what it imports is read on its own account.
            shutil.copy(places[0], Path(alone) / places[0].name)
            run = Run(["check", *way, "."], Path(alone), seconds=60)
            is_fine = run.cpu <= MOST_SECONDS and run.code in (0, 1)
            return [] if is_fine else [f"{places[0].relative_to(folder)}: {run}, code {run.code}"]
    with tempfile.NamedTemporaryFile("w") as named:
        named.writelines(f"{place.relative_to(folder)}\n" for place in places)
        named.flush()
        if Run(["check", *way, f"@{named.name}"], folder, seconds=600).cpu <= MOST_SECONDS:
            return []
    half = len(places) // 2
    return slow_files(folder, places[:half], way) + slow_files(folder, places[half:], way)


def warm_differs(folder: Path) -> list[str]:
    """Files are opened, edited at random and brought back in a server; it must say what a fresh one says."""
    chance = random.Random(1)
    wanted = Run(["check", "--output-format", "json", "--exit-zero", "."], folder)
    named = sorted({found["filename"] for found in json.loads(wanted.stdout)})
    others = sorted(str(place.relative_to(folder)) for place in folder.rglob("*.py") if place.stat().st_size < 200_000)
    names = chance.sample(named, min(len(named), 8)) + chance.sample(others, min(len(others), 6))
    capabilities = {"textDocument": {"diagnostic": {}}}
    texts = {}
    for name in dict.fromkeys(names):
        try:
            texts[(folder / name).as_uri()] = (folder / name).read_bytes().decode().removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue

    def found(it: Server, uri: str):
        return [(json.dumps(item["range"]), item["code"], item["message"]) for item in it.pull(uri, timeout=300)["items"]]

    with Server() as warm, Server() as fresh:
        for it in (warm, fresh):
            it.start(folder, capabilities)
        version = 1
        for uri, text in texts.items():
            warm.open(uri, text)
            for _ in range(6):
                version += 1
                at = chance.randrange(len(text) + 1)
                end = min(len(text), at + chance.choice([0, 0, 1, 5, 200]))
                warm.change(uri, version, text[:at] + chance.choice(["", "x", "(", "'''", "\n", "def f():\n    "]) + text[end:])
                found(warm, uri)
            warm.change(uri, version + 1, text)
            version += 1
        wrong = []
        for uri, text in texts.items():
            fresh.open(uri, text)
            if found(warm, uri) != found(fresh, uri):
                wrong.append(f"{uri.rsplit('/', 1)[1]}: after edits the server says something else")
        return wrong


def check(what: str, with_exhaustive: bool) -> tuple[str, int, list[str]]:
    """The row of the table, the lines, and what is wrong."""
    with tempfile.TemporaryDirectory(prefix="gilcheck-packages-") as folder:
        package = fetched(what, Path(folder))
        if package is None:
            return "", 0, [f"{what}: could not be fetched"]
        files, lines = lines_in(package)
        start = time.monotonic()
        one, other = (Run(["check", *PLAIN, "."], package, seconds=600) for _ in range(2))
        kept, recalled = (Run(["check", *CACHED, "."], package, seconds=600) for _ in range(2))
        every = Run(["check", *EXHAUSTIVE, "."], package, seconds=600) if with_exhaustive else one
        wrong = [f"{what}: ended with {run.code}: {run.stderr[-500:]}" for run in (one, other, kept, recalled, every) if run.code not in (0, 1)]
        if wrong:
            return "", lines, wrong
        if one.stdout != other.stdout or one.stderr != other.stderr:
            wrong.append(f"{what}: two runs differ")
        elif one.stdout != kept.stdout or one.stdout != recalled.stdout:
            wrong.append(f"{what}: what was kept differs")
        else:
            count = len(json.loads(one.stdout))
            if one.stdout != every.stdout:
                wrong.append(f"{what}: --exhaustive says something else")
            if every.cpu > MOST_SECONDS:
                way = EXHAUSTIVE if with_exhaustive else PLAIN
                wrong += [f"{what}: {slow}" for slow in slow_files(package, sorted(package.rglob("*.py")), way)]
            if what.removeprefix("2:").split("==")[0] in EDITED:
                wrong += [f"{what}: {difference}" for difference in warm_differs(package)]
            exhaustive = f"{every.cpu:.1f} s {every.memory} MB" if with_exhaustive else ""
            row = f"| {what:36} | {files:6} | {lines:9} | {count:5} | {one.cpu:6.1f} | {one.memory:5} | {exhaustive:14} |"
            print(f"{row} {time.monotonic() - start:.0f} s", flush=True)
            return row, lines, wrong
        return "", lines, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", help="these packages only, by name")
    parser.add_argument("--exhaustive", action="store_true", help="once more with every file parsed")
    arguments = parser.parse_args()
    os.environ.setdefault("GILCHECK", str(ROOT / "target" / "release" / "gilcheck"))
    wanted = [what for what in PACKAGES if not arguments.only or what.removeprefix("2:").split("==")[0] in arguments.only]
    rows, lines, failures = [], 0, []
    print("| package | files | lines | findings | CPU seconds | MB | exhaustive |\n|---|---|---|---|---|---|---|", flush=True)
    for what in wanted:
        row, count, wrong = check(what, arguments.exhaustive)
        rows += [row] if row else []
        lines += count
        failures += wrong
        for line in wrong:
            print(f"FAILED {line}", flush=True)
    print(f"{len(rows)} packages, {lines} lines, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
