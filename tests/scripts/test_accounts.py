"""PostgreSQL as root, which it refuses, and as anybody else."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from scripts.accounts import NAME, unprivileged
from scripts.embedded import start_postgres
from tests.scripts.programs import HASTY
from tests.servers import ROOT

START = "import sys; from scripts.embedded import *; start_postgres(Path(sys.argv[1]))"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change users")
def test_postgres_below_a_closed_folder(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As root, a closed folder on the way to the data is opened for passage, not for a look, and we say so."""
    closed = data_folder / "closed"
    closed.mkdir(mode=0o700)

    start_postgres(closed / "inner", HASTY).stop()

    assert stat.S_IMODE(closed.stat().st_mode) == 0o701
    assert f"Opened {closed} for passage" in capsys.readouterr().out


@pytest.fixture
def plain_user() -> Callable[[str, Path], subprocess.CompletedProcess[str]]:
    """Runs a program as the user without rights, by a Python that this user can reach."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else; every other test runs as a plain user here")
    account = unprivileged()
    for python in (sys.executable, "/usr/bin/python3"):
        as_user = partial(
            subprocess.run,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            user=account.uid,
            group=account.gid,
            extra_groups=account.groups,
            env={"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        with suppress(PermissionError, FileNotFoundError):
            if as_user([python, "-c", "import psutil"]).returncode == 0:
                return lambda program, folder: as_user([python, "-c", program, str(folder)])
    return pytest.skip("no Python here can be run by another user")


def test_postgres_as_a_plain_user(
    plain_user: Callable[[str, Path], subprocess.CompletedProcess[str]], data_folder: Path
) -> None:
    """A user without rights starts and stops a server in a folder of its own."""
    own = data_folder / "own"
    own.mkdir()
    shutil.chown(own, NAME)

    process = plain_user(f"{START}.stop()", own)

    assert process.returncode == 0, process.stderr
    assert (own / "postgres/data").owner() == NAME


def test_postgres_in_a_folder_of_root(
    plain_user: Callable[[str, Path], subprocess.CompletedProcess[str]], data_folder: Path
) -> None:
    """A user who comes after root is told whose data it is."""
    start_postgres(data_folder, HASTY).stop()

    process = plain_user(START, data_folder)

    assert "belongs to user 0" in process.stderr
