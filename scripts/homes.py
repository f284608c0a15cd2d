"""The folder in which one embedded server lives: who claims it, and which processes are at work there."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

from scripts.accounts import check_ours
from scripts.polling import comes_true

END_SECONDS = 20.0


class FolderInUseError(Exception):
    """Another process works in this folder."""


class Home:
    """A folder with one server's port, password, log and, below `data`, its data.

    The server is known by the name of its program: a process of that name that works in `data` belongs here.
    """

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder.resolve()
        self.program = program
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self._claim: IO[str] | None = None

    def take(self) -> None:
        """Claim the folder for this process and stop what an earlier owner, killed, left running in it.

        Raises FolderInUseError with the id of the process that has the claim, AccountError when it belongs to another
        user.
        """
        if self._claim is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            check_ours(self.folder)
            self._claim = _claim(self.folder)
        end(self.residents())

    def leave(self) -> None:
        """Give the folder back; our end, of whatever kind, does so too."""
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def residents(self) -> list[psutil.Process]:
        """The processes at work here.

        Asking for the children of the main process would miss those that outlive it, and PostgreSQL gives each child
        a process group of its own.
        """
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.name() == self.program and process.cwd() == str(self.data):
                    found.append(process)
        return found


@contextmanager
def taken(home: Home) -> Iterator[Home]:
    """Take a home, and leave it again if the body fails."""
    home.take()
    try:
        yield home
    except BaseException:
        home.leave()
        raise


def tell(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    """Send all of them a signal."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def end(processes: Sequence[psutil.Process], first: signal.Signals = signal.SIGINT) -> None:
    """End processes that may be nobody's children, by SIGKILL when the first signal does not do it."""
    tell(processes, signal.SIGCONT)
    tell(processes, first)
    if not comes_true(lambda: all_ended(processes), END_SECONDS):
        tell(processes, signal.SIGKILL)
        comes_true(lambda: all_ended(processes), END_SECONDS)


def all_ended(processes: Sequence[psutil.Process]) -> bool:
    """Whether none of them does anything any more."""
    return all(has_ended(process) for process in processes)


def has_ended(process: psutil.Process) -> bool:
    """Whether it does nothing any more; its entry may stay where nobody collects the children of the dead."""
    try:
        return not process.is_running() or process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return True


def _claim(folder: Path) -> IO[str]:
    file = (folder / "claim").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        message = (
            f"{folder} is in use by process {holder}: another `make up` runs there. "
            "Stop it, or choose another folder with TRACEGRAPH_DATA_DIR."
        )
        raise FolderInUseError(message) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file
