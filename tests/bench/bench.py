#!/usr/bin/env python3
"""Measures gilcheck beside ruff on pinned packages, and checks that parsing little changes no finding.

usage: bench.py GILCHECK [--folder DIR] [--rounds N] [--only NAME…] [--demand | --warm]

Downloads ruff and the packages by name and version with pip into DIR (default: target/bench), unpacks them, and
runs both tools on each in turn, so that a busy machine is as busy for the one as for the other. Prints medians:
CPU seconds (user and system), wall seconds, their ratios, peak memory.

--warm measures runs that find their cache: with nothing changed, and after an edit of one file, of each of some files in
turn. CPU seconds, medians; of the edits also the dearest.

--demand also runs gilcheck with --exhaustive on the packages named there and ends with 1 if a finding differs.
"""

import argparse
import contextlib
import os
import pathlib
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import venv
import zipfile

RUFF = "ruff==0.17.6"
PACKAGES = [
    "django==6.1.3",
    "ansible-core==2.21.5",
    "apache-airflow-core==3.3.2",
    "sympy==1.14.0",
    "transformers==5.23.0",
    "pandas==3.1.1",
    "salt==3008.5",
    "homeassistant==2026.2.3",
]
DEMAND = ["django==6.1.3", "sympy==1.14.0", "pandas==3.1.1"]
RUFF_ARGUMENTS = ["check", "--no-cache", "--isolated", "--exit-zero", "--quiet", "--select", "ASYNC,PERF"]
# So many files are edited, one after the other.
EDITS = 7
GILCHECK_ARGUMENTS = ["check", "--no-cache", "--exit-zero", "--quiet", "--output-format", "concise"]


def install(folder, packages):
    """The path of ruff, and the folder of each package."""
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        venv.create(folder / "venv", with_pip=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", RUFF], check=True)
    places = {}
    for package in packages:
        place = folder / package.replace("==", "-")
        if not place.exists():
            archives = folder / "archives" / package
            download = [*pip, "download", "--no-deps", "--dest", str(archives), package]
            # What has no wheel for this machine comes as its source, unbuilt.
            if subprocess.run([*download, "--only-binary", ":all:", "--python-version", "3.13"]).returncode != 0:
                subprocess.run([*download, "--no-binary", ":all:", "--ignore-requires-python"], check=True)
            (archive,) = archives.iterdir()
            unpack(archive, place)
        places[package] = place
    return folder / "venv" / "bin" / "ruff", places


def unpack(archive, place):
    half = place.with_name(place.name + ".part")
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as file:
            file.extractall(half)
    else:
        with tarfile.open(archive) as file:
            file.extractall(half, filter="data")
    half.rename(place)


def run(command):
    """CPU seconds, wall seconds, peak memory in MB and standard output of a command."""
    return run_verbose(command)[:4]


def run_verbose(command):
    """The same, and standard error."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    parts = {}
    reader = threading.Thread(target=lambda: parts.update(errors=child.stderr.read()))
    reader.start()
    output = child.stdout.read()
    reader.join()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    errors = parts["errors"]
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}:\n{errors}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, output, errors


def measure(gilcheck, ruff, places, rounds):
    print(f"{'package':30}{'gilcheck':>10}{'ruff':>9}{'ratio':>7}{'wall':>8}{'ruff':>8}{'MB':>6}")
    total = [0.0, 0.0]
    for package, place in places.items():
        ours, theirs, memory, walls, other_walls = [], [], [], [], []
        for _ in range(rounds):
            cpu, wall, peak, _ = run([gilcheck, *GILCHECK_ARGUMENTS, str(place)])
            ours.append(cpu)
            walls.append(wall)
            memory.append(peak)
            cpu, wall, _, _ = run([str(ruff), *RUFF_ARGUMENTS, str(place)])
            theirs.append(cpu)
            other_walls.append(wall)
        a, b = statistics.median(ours), statistics.median(theirs)
        total[0] += a
        total[1] += b
        print(
            f"{package:30}{a:9.2f}s{b:8.2f}s{a / b:7.2f}{statistics.median(walls):7.2f}s{statistics.median(other_walls):7.2f}s"
            f"{max(memory):6.0f}"
        )
    print(f"{'all':30}{total[0]:9.2f}s{total[1]:8.2f}s{total[0] / total[1]:7.2f}")


def warm(gilcheck, ruff, places, rounds):
    print(f"{'package':30}{'gilcheck':>10}{'ruff':>9}{'ratio':>7}{'edited':>10}{'ruff':>9}{'ratio':>7}{'worst':>10}{'kept':>7}")
    for package, place in places.items():
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = folder
            caches = ["--cache-dir", f"{folder}/kept"]
            our = [gilcheck, *without_cache(GILCHECK_ARGUMENTS), *caches, str(place)]
            their = [str(ruff), *without_cache(RUFF_ARGUMENTS), "--cache-dir", f"{folder}/ruff", str(place)]
            # Times that are too fresh are not trusted; the second run finds them old enough.
            for command in (our, their):
                run(command)
            time.sleep(3)
            for command in (our, their):
                run(command)
            same = [(run(our)[0], run(their)[0]) for _ in range(rounds)]
            edited, kept = [], 0
            for file in some_files(place):
                with put_back(file):
                    with file.open("a") as text:
                        text.write("\n# edited\n")
                    cost, _, _, _, errors = run_verbose([*our, "--verbose"])
                    kept += "Nothing that matters has changed" in errors
                    edited.append((cost, run(their)[0]))
                run(our)
                run(their)
            a, b = (statistics.median(column) for column in zip(*same))
            c, d = (statistics.median(column) for column in zip(*edited))
            worst = max(ours for ours, _ in edited)
            print(
                f"{package:30}{a:9.3f}s{b:8.3f}s{a / b:7.2f}{c:9.3f}s{d:8.3f}s{c / b:7.2f}{worst:9.2f}s{kept:4}/{len(edited)}",
                flush=True,
            )


def without_cache(arguments):
    return [argument for argument in arguments if argument not in ("--no-cache", "--quiet")]


def some_files(place):
    """Files from all over a package, always the same ones."""
    files = sorted(place.rglob("*.py"))
    return [files[len(files) * part // EDITS] for part in range(EDITS)]


@contextlib.contextmanager
def put_back(file):
    before = file.read_bytes()
    try:
        yield
    finally:
        file.write_bytes(before)


def demand(gilcheck, places):
    """True if parsing what matters gives the findings of parsing everything."""
    fine = True
    for package, place in places.items():
        arguments = [gilcheck, *GILCHECK_ARGUMENTS, str(place)]
        findings, exhaustive = run(arguments)[3], run([*arguments, "--exhaustive"])[3]
        same = findings == exhaustive
        print(f"{package}: findings {'equal' if same else 'DIFFER'}")
        if not same:
            for line in sorted(set(findings.splitlines()) ^ set(exhaustive.splitlines())):
                print(f"  {line}")
        fine &= same
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gilcheck")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("target/bench"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="parts of packages' names")
    parser.add_argument("--demand", action="store_true")
    parser.add_argument("--warm", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    packages = DEMAND if options.demand else PACKAGES
    if options.only:
        packages = [package for package in packages if any(part in package for part in options.only)]
    ruff, places = install(options.folder.resolve(), packages)
    if options.demand:
        sys.exit(0 if demand(options.gilcheck, places) else 1)
    if options.warm:
        sys.exit(warm(options.gilcheck, ruff, places, options.rounds))
    measure(options.gilcheck, ruff, places, options.rounds)


if __name__ == "__main__":
    main()
