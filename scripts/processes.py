"""A server that we run as a process of our own: started, frozen, killed and stopped together with all its children."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from scripts.accounts import OURSELVES, Account
from scripts.homes import Home, end, has_ended, tell
from scripts.polling import comes_true

START_SECONDS = 60.0
STOP_SECONDS = 20.0
LOG_LINES = 15

# A shell that waits for the end of its input, which comes when we end in whatever way, and then stops the server. The
# parent-death signal of Linux would do as much, but it fires already when the *thread* ends that started the server.
GUARD = 'read -r line; kill -s CONT "$2"; kill -s "$1" "$2"'


class StartError(Exception):
    """A server did not start; the message ends with its last words."""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How to start one server: its command, what it reads from its input, and how to see that it answers.

    `stale` are notes that it removes when it stops; those left by a killed server would name a stranger.
    """

    home: Home
    url: str
    command: tuple[str, ...]
    ready: Callable[[], bool]
    account: Account = OURSELVES
    config: str = ""
    stale: tuple[Path, ...] = ()


class Guard:
    """Stops a process when we are gone, even by SIGKILL."""

    def __init__(self, pid: int, stop: signal.Signals) -> None:
        command = ["/bin/sh", "-c", GUARD, "guard", stop.name.removeprefix("SIG"), str(pid)]
        self._shell = subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def dismiss(self) -> None:
        """End the guard and leave its process alone."""
        self._shell.kill()
        self._shell.communicate()


class Program:
    """A server process with its children, that comes back at the same URL as often as it is started."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: Guard | None = None

    @property
    def url(self) -> str:
        """Where it answers, with the password that it asks for."""
        return self._launch.url

    @property
    def pid(self) -> int:
        """The id of its main process; raises StartError when it does not run."""
        if self._process is None:
            message = f"{self._launch.home.program} is not running."
            raise StartError(message)
        return self._process.pid

    def start(self) -> None:
        """Start it and return as soon as it answers. Raises FolderInUseError, or StartError with the end of the log."""
        # A process whose other threads are still ending is dead already, though it can't be waited for yet.
        if self._process is not None and self._process.poll() is None and not has_ended(psutil.Process(self.pid)):
            return
        self.kill()
        self._launch.home.take()
        try:
            self._process = self._spawn()
            self._guard = Guard(self._process.pid, signal.SIGINT)
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it in good order, by force when that takes too long, and leave its home."""
        if self._process is not None:
            self.thaw()
            self._process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()
        self._launch.home.leave()

    def kill(self) -> None:
        """End it and all its children at once, by SIGKILL, and return when they are gone. The home stays ours."""
        if self._guard is not None:
            self._guard.dismiss()
        if self._process is not None:
            children = self._launch.home.residents()
            self._process.kill()
            self._process.wait()
            end([*children, *self._launch.home.residents()], signal.SIGKILL)
        self._process = self._guard = None

    def freeze(self) -> None:
        """Halt it and all its children (SIGSTOP): connections stay open and nobody answers."""
        os.kill(self.pid, signal.SIGSTOP)
        # Twice, for a child born in between: the main process, halted by now, has no more of them.
        for _ in range(2):
            tell(self._launch.home.residents(), signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        tell(self._launch.home.residents(), signal.SIGCONT)

    def _spawn(self) -> subprocess.Popen[bytes]:
        launch = self._launch
        launch.home.data.mkdir(exist_ok=True)
        for note in launch.stale:
            note.unlink(missing_ok=True)
        with launch.home.log.open("ab") as log:
            process = subprocess.Popen(
                launch.command,
                cwd=launch.home.data,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=launch.account.uid,
                group=launch.account.gid,
                extra_groups=launch.account.groups,
            )
        if process.stdin is not None:
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(launch.config.encode())
        return process

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        comes_true(lambda: process.poll() is not None or self._launch.ready(), START_SECONDS)
        if process.poll() is not None or not self._launch.ready():
            raise StartError(self._failure(process))

    def _failure(self, process: subprocess.Popen[bytes]) -> str:
        home = self._launch.home
        words = "\n".join(home.log.read_text(errors="replace").splitlines()[-LOG_LINES:])
        what = "gave no answer" if process.returncode is None else "did not start"
        return f"{home.program} {what}. The end of {home.log}:\n{words}"
