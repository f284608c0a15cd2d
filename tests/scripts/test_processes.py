"""Every embedded server as a process: what survives a stop, a kill, and a parent that died."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from scripts.embedded import start_postgres, start_redis
from scripts.homes import FolderInUseError, all_ended, has_ended
from scripts.processes import Program
from tests.scripts.programs import running
from tests.servers import ROOT
from tests.waiting import until

STARTS = pytest.mark.parametrize("start", [start_postgres, start_redis])

# Starts a server and waits to be killed.
PARENT = """
import signal, sys
from pathlib import Path
from scripts.embedded import start_postgres, start_redis
server = {"start_postgres": start_postgres, "start_redis": start_redis}[sys.argv[1]](Path(sys.argv[2]))
print(server.pid, flush=True)
signal.pause()
"""


@contextmanager
def parent_of(start: Callable[[Path], Program], folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process that has started a server, and the id of that."""
    command = [sys.executable, "-c", PARENT, start.__name__, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        yield parent, int(parent.stdout.readline())
        parent.kill()


@STARTS
def test_stop_ends_every_process(start: Callable[[Path], Program], data_folder: Path) -> None:
    """Nothing is left running after a stop, and a second stop does no harm."""
    server = start(data_folder)
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children()]

    server.stop()
    server.stop()

    assert all_ended(family)


@STARTS
def test_restart_keeps_the_url(start: Callable[[Path], Program], data_folder: Path) -> None:
    """A server comes back at the same URL: after a stop, after a kill, and from another process."""
    first = start(data_folder)
    first.stop()
    second = start(data_folder)
    second.kill()
    second.start()
    second.stop()

    assert first.url == second.url


@STARTS
def test_start_after_a_death(start: Callable[[Path], Program], data_folder: Path) -> None:
    """A server that ended by itself, or by a stranger's hand, can be started again."""
    with running(start(data_folder)) as server:
        first = psutil.Process(server.pid)
        first.kill()
        until(lambda: has_ended(first))

        server.start()

        assert server.pid != first.pid


@STARTS
def test_start_when_the_port_is_taken(start: Callable[[Path], Program], data_folder: Path) -> None:
    """A remembered port that a stranger took in the meantime is replaced."""
    first = start(data_folder)
    first.stop()
    port = urlsplit(first.url).port
    assert port is not None
    with subprocess.Popen([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]) as stranger:
        until(lambda: psutil.Process(stranger.pid).net_connections())
        second = start(data_folder)
        second.stop()
        stranger.kill()

    assert urlsplit(second.url).port != port


@STARTS
def test_start_when_in_use(start: Callable[[Path], Program], data_folder: Path) -> None:
    """A folder serves one owner; the second is told who the first one is."""
    with running(start(data_folder)), pytest.raises(FolderInUseError, match=f"in use by process {os.getpid()}"):
        start(data_folder)


@STARTS
def test_parent_killed(start: Callable[[Path], Program], data_folder: Path) -> None:
    """A server does not outlive the process that started it, even when that is killed."""
    with parent_of(start, data_folder) as (parent, pid):
        orphan = psutil.Process(pid)
        parent.kill()
        parent.wait()

        assert until(lambda: has_ended(orphan))


@STARTS
def test_orphan_is_taken_over(start: Callable[[Path], Program], data_folder: Path) -> None:
    """A server whose parent and guard were killed is stopped by the next start in its folder."""
    with parent_of(start, data_folder) as (parent, pid):
        orphan = psutil.Process(pid)
        for guard in psutil.Process(parent.pid).children():
            if guard != orphan:
                guard.kill()
        parent.kill()
        parent.wait()
        assert not has_ended(orphan)

        with running(start(data_folder)) as server:
            assert has_ended(orphan)
            assert server.pid != orphan.pid
