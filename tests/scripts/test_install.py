"""Installing: nothing where nothing has changed, and a clear word where something is missing."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.servers import ROOT

TOOLS = ("bash", "cat", "chmod", "cmp", "dirname", "env", "find", "head", "mkdir", "rm", "touch")

# Stand-ins, for what a machine may have or lack. Each writes down how it was called.
OLD_PYTHON = '[ "$1" = --version ] && echo "Python 3.9.2"; exit 1'
BARE_PYTHON = 'case "$*" in *version_info*) exit 0;; *) exit 1;; esac'
UV = 'echo "uv $*" >>"$CALLS"; mkdir -p .venv/bin; printf "#!/bin/sh\\n" >.venv/bin/python; chmod +x .venv/bin/python'
NPM = 'echo "npm $*" >>"$CALLS"; mkdir -p node_modules dist; echo {} >node_modules/.package-lock.json'
NODE = "exit 0"


class Machine:
    """A copy of the scripts with a PATH on which only a few tools stand, and the stand-ins we choose."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.path = folder / "bin"
        self.path.mkdir()
        for tool in TOOLS:
            (self.path / tool).symlink_to(shutil.which(tool) or tool)
        shutil.copytree(ROOT / "scripts", self.folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        (self.folder / "uv.lock").write_text("the first lock")

    def has(self, name: str, body: str) -> None:
        (self.path / name).write_text(f"#!{shutil.which('bash')}\n{body}\n")
        (self.path / name).chmod(0o755)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.path), "CALLS": str(self.folder / "calls")}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def calls(self) -> list[str]:
        """How the stand-ins were called since the last time."""
        file = self.folder / "calls"
        calls = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return calls


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def page(machine: Machine) -> Path:
    """The folder of a page that was never built, on a machine with everything."""
    machine.has("uv", UV)
    machine.has("npm", NPM)
    machine.has("node", NODE)
    web = machine.folder / "web"
    (web / "src").mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "src/page.js"):
        (web / name).write_text("{}")
        os.utime(web / name, (1_000, 1_000))
    return web


def test_environment_when_nothing_changed(machine: Machine) -> None:
    """The second time nothing is done; a new lock is installed."""
    machine.has("uv", UV)
    calls = []
    for lock in ("the first lock", "the first lock", "the second lock"):
        (machine.folder / "uv.lock").write_text(lock)
        assert machine.run("scripts/install").returncode == 0
        calls.append(machine.calls())

    sync = ["uv --version", "uv sync --frozen --quiet"]
    assert calls == [sync, [], sync]


def test_environment_when_the_checkout_moved(machine: Machine) -> None:
    """Programs in the environment name its folder, so a moved checkout gets a new one."""
    machine.has("uv", UV)
    machine.run("scripts/install")
    machine.calls()
    machine.folder = machine.folder.rename(machine.folder.with_name("moved"))

    machine.run("scripts/install")

    assert machine.calls()


def test_environment_without_a_new_python(machine: Machine) -> None:
    """Without uv and with an old Python the message names the version needed and the one found."""
    machine.has("python3", OLD_PYTHON)

    process = machine.run("scripts/install")

    assert process.returncode == 1
    assert "Python 3.11 or newer is needed; python3 here is Python 3.9.2" in process.stderr


def test_environment_without_any_installer(machine: Machine) -> None:
    """Without uv, venv and pip the message names the three ways out."""
    machine.has("python3", BARE_PYTHON)

    process = machine.run("scripts/install")

    assert process.returncode == 1
    assert "there is no uv, and python3 has neither the module venv" in process.stderr


def test_page_without_sources(machine: Machine) -> None:
    """A checkout without the page has nothing to build."""
    process = machine.run("scripts/install", "web")

    assert (process.returncode, process.stderr) == (0, "")


def test_page_when_nothing_changed(machine: Machine, page: Path) -> None:
    """The page is built once, and again only for a younger source."""
    calls = []
    for changed_at in (1_000, 1_000, time.time() + 10):
        os.utime(page / "src/page.js", (changed_at, changed_at))
        process = machine.run("scripts/install", "web")
        assert process.returncode == 0, process.stderr
        calls.append([call for call in machine.calls() if call.startswith("npm")])

    clean, build = "npm ci --no-audit --no-fund --loglevel=error", "npm run --silent build -- --logLevel warn"
    assert calls == [[clean, build], [], [build]]


def test_clients_when_nothing_changed(machine: Machine, page: Path) -> None:
    """The clients of the tests are installed once, and again only for a younger lock."""
    clients = machine.folder / "tests/clients"
    clients.parent.mkdir()
    page.rename(clients)
    calls = []
    for changed_at in (1_000, 1_000, time.time() + 10):
        os.utime(clients / "package-lock.json", (changed_at, changed_at))
        process = machine.run("scripts/install", "clients")
        assert process.returncode == 0, process.stderr
        calls.append([call for call in machine.calls() if call.startswith("npm")])

    clean = "npm ci --no-audit --no-fund --loglevel=error"
    assert calls == [[clean], [], [clean]]


def test_page_when_its_build_failed(machine: Machine, page: Path) -> None:
    """A failed build is an error, and is tried again."""
    machine.has("npm", "exit 3")
    codes = [machine.run("scripts/install", "web").returncode for _ in range(2)]

    assert codes == [3, 3]


def test_unknown_part(machine: Machine) -> None:
    """A mistyped part is refused, and the parts are named."""
    process = machine.run("scripts/install", "wed")

    assert process.returncode == 1
    assert "unknown part 'wed'; there are: web, uv, clients, browser" in process.stderr
