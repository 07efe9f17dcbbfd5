#!/usr/bin/env python3
"""Measure in a live interpreter what calls do to the GIL, and compare that with `gilcheck knowledge`.

    python3 tests/probe/probe.py --gilcheck target/release/gilcheck [--quick] [--only REGEX]

Needs Linux and CPython 3.11. The libraries are installed by the versions of `requirements.txt` into a virtual
environment under `target/`; `--quick` takes a part of the standard library's cases and installs nothing.

A second thread ticks: it sleeps for a moment, takes the GIL, notes how long that took, and goes to sleep again.
Two runs give two figures. With a switch interval of 100 s the call is never asked for the GIL, so the share of its
time in which the ticks had to wait is `held`. With the usual interval of 5 ms bytecode gives it up when asked,
so the longest wait, `atom`, tells one long C call from many short ones. What the kernel says of the time that
either thread stood ready without a CPU is taken off, so a busy machine does not change the figures much.

Speed is never judged. A contradiction is told, and the exit code is 1, only where the figures leave no doubt: the call
takes 5 ms or more, and `held` is below 0.3 or above 0.7.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
HOME = HERE.parent.parent
PERIOD = 0.0003  # seconds between two ticks
BATCH = 0.05  # a short call is repeated until this much time has passed
LONG = 0.005  # calls as long as this are judged
CLEAR = (0.3, 0.7)  # `held` outside is beyond doubt
NEUTRAL = 50e-6  # a call this short does not count
LIMIT = 300  # seconds for one group of cases


# ---------------------------------------------------------------- in the measured process


def delay(thread):
    """Seconds that a thread stood ready to run without a CPU."""
    return int(os.pread(thread, 128, 0).split()[1]) / 1e9


class Ticker(threading.Thread):
    """The rival: notes, tick after tick, how long the GIL was not to be had."""

    def __init__(self):
        super().__init__(daemon=True)
        self.going, self.started = True, threading.Event()
        self.ticks = []  # (when it woke, seconds it waited for the GIL)

    def run(self):
        thread = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        before, last = delay(thread), time.perf_counter()
        ticks, sleep, now = self.ticks, time.sleep, time.perf_counter
        self.started.set()
        while self.going:
            sleep(PERIOD)
            ready = delay(thread)
            at = now()
            ticks.append((last, max(0.0, at - last - (ready - before)), at))
            before, last = ready, at
        os.close(thread)


def repeated(call, times):
    for _ in range(times):
        call()


def watched(call, times, usual):
    """Runs the call beside the ticker: seconds, share held, longest hold, CPU seconds, kernel seconds."""
    ticker = Ticker()
    ticker.start()
    ticker.started.wait()
    time.sleep(0.01)
    thread = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    ready, cpu = delay(thread), time.thread_time()
    use = resource.getrusage(resource.RUSAGE_SELF)
    mine = time.process_time() - time.thread_time()
    start = time.perf_counter()
    repeated(call, times)
    end = time.perf_counter()
    others = time.process_time() - time.thread_time() - mine
    cpu = time.thread_time() - cpu
    after = resource.getrusage(resource.RUSAGE_SELF)
    ready = delay(thread) - ready
    time.sleep(0.002)
    ticker.going = False
    ticker.join()
    os.close(thread)
    seconds = max(1e-9, end - start - ready)
    inside = [(a, gap, b) for a, gap, b in ticker.ticks if b > start and a < end]
    waits = [min(max(0.0, gap - usual), end - start) for _, gap, _ in inside]
    blocked = [wait for wait in waits if wait > usual]
    share = len(blocked) / len(waits) if waits else 0.0
    # What happened while the rival slept is taken to be like what it met when it woke.
    known = min(1.0, sum(blocked) / seconds)
    held = known + (1.0 - known) * share
    # The rival's own ticks cost some CPU time: about ten microseconds each.
    others = max(0.0, others - 1e-5 * len(inside))
    # A fresh page costs the kernel about a microsecond, and is no input or output.
    kernel = max(0.0, after.ru_stime - use.ru_stime - 1e-6 * (after.ru_minflt - use.ru_minflt))
    return seconds, held, max(waits, default=0.0), cpu + others, kernel


def usual_gap():
    """How long a tick takes while nobody holds the GIL."""
    ticker = Ticker()
    ticker.start()
    time.sleep(0.1)
    ticker.going = False
    ticker.join()
    return statistics.median(gap for _, gap, _ in ticker.ticks)


def measure(call, budget):
    """The figures of one call, or more than one where it is short."""
    call()
    start = time.perf_counter()
    call()
    once = max(1e-7, time.perf_counter() - start)
    if once < 0.001:
        many = max(1, int(0.005 / once))
        start = time.perf_counter()
        repeated(call, many)
        once = (time.perf_counter() - start) / many
    times = max(1, int(min(BATCH, budget) / once))
    usual = usual_gap()
    normal = sys.getswitchinterval()
    rounds = []
    try:
        sys.setswitchinterval(100)
        for _ in range(3 if once < budget else 1):
            rounds.append(watched(call, times, usual))
    finally:
        sys.setswitchinterval(normal)
    _, _, atom, _, _ = watched(call, times, usual)
    middle = [statistics.median(column) for column in zip(*rounds)]
    seconds, held, _, cpu, kernel = middle
    cpu = min(1.0, cpu / seconds)
    return {
        "seconds": seconds / times,
        "held": min(1.0, held),
        "atom": atom,
        "cpu": cpu,
        "wait": 1.0 - cpu,
        "kernel": min(cpu, kernel / seconds),
    }


SERVER = """
import http.server, sys, time
class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    def do_GET(self):
        time.sleep(float(sys.argv[1]))
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def words():
    """Words that are the same in every run."""
    state, result = 12345, []
    for _ in range(62500):
        letters = []
        for _ in range(3 + state % 6):
            state = (state * 1103515245 + 12345) % 2**31
            letters.append("etaoinshrdlucmfwypvbgkqjxz"[(state >> 16) % 26])
        result.append("".join(letters))
    return result


def work():
    """Reads a group of cases from standard input, writes a line of JSON for each case."""
    group = json.load(sys.stdin)
    servers = []

    def serve(seconds):
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(seconds)], stdout=subprocess.PIPE)
        servers.append(server)
        return f"http://127.0.0.1:{int(server.stdout.readline())}/"

    vocabulary = words()
    with tempfile.TemporaryDirectory() as folder:
        try:
            for case in group["cases"]:
                scope = {"folder": folder, "serve": serve, "WORDS": vocabulary, "TEXT": " ".join(vocabulary)[:400000]}
                try:
                    exec(group["setup"] + "\n" + case.get("setup", ""), scope)
                    lines = "\n".join("    " + line for line in case["call"].split("\n"))
                    exec("def call():\n" + lines, scope)
                    silent = open(os.devnull, "w")
                    out, sys.stdout = sys.stdout, silent
                    try:
                        figures = measure(scope["call"], group["budget"])
                    finally:
                        sys.stdout = out
                        silent.close()
                except Exception as error:
                    figures = {"error": f"{type(error).__name__}: {error}"}
                print(json.dumps({"name": case["name"], "size": case["size"], **figures}), flush=True)
                for server in servers:
                    server.kill()
                    server.wait()
                servers.clear()
                for path in pathlib.Path(folder).iterdir():
                    path.unlink()
        finally:
            for server in servers:
                server.kill()


# ---------------------------------------------------------------- in the asking process


def interpreter():
    """A CPython 3.11: the figures' meaning changes between versions."""
    if sys.version_info[:2] == (3, 11):
        return sys.executable
    found = shutil.which("python3.11")
    if found:
        return found
    raise SystemExit("probe: needs CPython 3.11: put python3.11 on the PATH")


def environment():
    """The Python of a virtual environment with the pinned libraries, made at need."""
    pins = (HERE / "requirements.txt").read_text()
    home = HOME / "target" / "probe"
    python, stamp = home / "bin" / "python", home / "installed"
    if not stamp.exists() or stamp.read_text() != pins:
        print(f"installing {HERE / 'requirements.txt'} into {home}", file=sys.stderr)
        subprocess.run([interpreter(), "-m", "venv", home], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", HERE / "requirements.txt"], check=True)
        stamp.write_text(pins)
    return str(python)


def answers(gilcheck, names):
    """What `gilcheck knowledge` says, by name."""
    command = [gilcheck, "knowledge", *names, "--output-format", "json"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode == 2 or not run.stdout:
        raise SystemExit(f"probe: {gilcheck} knowledge failed: {run.stderr}")
    return {row["name"]: row for row in json.loads(run.stdout)}


def measured_class(row):
    """The class that the figures speak for, and whether they leave no doubt."""
    if row["seconds"] < NEUTRAL:
        return "neutral", False
    sure = row["seconds"] >= LONG
    if row["held"] > CLEAR[1]:
        return "cpu", sure
    if row["held"] < CLEAR[0]:
        return ("io" if row["wait"] + row["kernel"] >= 0.5 else "cpu-nogil"), sure
    return "mixed", False


def contradicts(row, said):
    """Whether a sure figure and the knowledge exclude each other."""
    measured, sure = measured_class(row)
    if not sure or said in ("unknown", measured):
        return False
    if {measured, said} == {"io", "cpu-nogil"}:
        # How long the kernel takes for files and pages is the machine's affair.
        return row["wait"] > 0.9 or row["wait"] + row["kernel"] < 0.1
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gilcheck", default=str(HOME / "target" / "release" / "gilcheck"), help="the program")
    parser.add_argument("--quick", action="store_true", help="some of the standard library's cases, nothing installed")
    parser.add_argument("--only", default="", help="names to take, a regular expression")
    options = parser.parse_args()
    if not sys.platform.startswith("linux"):
        raise SystemExit("probe: needs Linux")
    groups = tomllib.loads((HERE / "cases.toml").read_text())["group"]
    for group in groups:
        group["cases"] = [case for case in group["cases"] if re.search(options.only, case["name"])]
        group["budget"] = 0.05 if options.quick else 0.15
        if options.quick:
            group["cases"] = [] if "needs" in group else group["cases"][::3]
    groups = [group for group in groups if group["cases"]]
    known = answers(options.gilcheck, sorted({case["name"] for group in groups for case in group["cases"]}))
    python = environment() if any("needs" in group for group in groups) else interpreter()
    threads = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")
    print(f"{'':2}{'name':<58}{'per call':>10}{'held':>6}{'atom':>10}{'cpu':>6}{'wait':>6}  measured   gilcheck   at")
    wrong, failed, unknown, count = [], [], [], 0
    for group in groups:
        run = subprocess.Popen(
            [python, __file__, "--work"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **threads, "PYTHONHASHSEED": "0", "no_proxy": "127.0.0.1"},
        )
        try:
            out, _ = run.communicate(json.dumps(group), timeout=LIMIT)
        except subprocess.TimeoutExpired:
            run.kill()
            out, _ = run.communicate()
        rows = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        missing = {case["name"] for case in group["cases"]} - {row["name"] for row in rows}
        rows += [{"name": name, "size": "", "error": "no answer"} for name in sorted(missing)]
        for row in rows:
            count += 1
            said = known[row["name"]]["class"]
            if "error" in row:
                failed.append(row["name"])
                print(f"? {row['name']:<58}{row['error']}", flush=True)
                continue
            measured, sure = measured_class(row)
            bad = contradicts(row, said)
            wrong += [row["name"]] if bad else []
            unknown += [row["name"]] if said == "unknown" else []
            print(
                f"{'!' if bad else ' '} {row['name']:<58}{row['seconds'] * 1e3:>7.3f} ms{row['held']:>6.2f}"
                f"{row['atom'] * 1e3:>7.1f} ms{row['cpu']:>6.2f}{row['wait']:>6.2f}  "
                f"{measured + ('' if sure else ' ?'):<11}{said:<11}{row['size']}",
                flush=True,
            )
    print(f"\n{count} calls, {len(wrong)} contradictions, {len(unknown)} unknown names, {len(failed)} not measured")
    for title, names in (("contradicted", wrong), ("unknown", unknown), ("not measured", failed)):
        if names:
            print(f"{title}: {', '.join(names)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--work"]:
        work()
    else:
        sys.exit(main())
