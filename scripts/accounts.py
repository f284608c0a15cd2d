"""The user that the embedded PostgreSQL runs as, because PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "embedded_postgres"


class AccountError(Exception):
    """The user can't be made, or a folder belongs to somebody else."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user to run a command as, in the terms of `subprocess`: all None is the one we are."""

    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] | None = None


OURSELVES = Account()


def unprivileged() -> Account:
    """The user to run PostgreSQL as: one of its own when we are root, made when missing; otherwise ourselves."""
    if os.geteuid() != 0:
        return OURSELVES
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        _create()
        entry = pwd.getpwnam(NAME)
    return Account(uid=entry.pw_uid, gid=entry.pw_gid, groups=())


def check_ours(path: Path) -> None:
    """Raise AccountError when `path` belongs to somebody else, and we are not root."""
    owner = path.stat().st_uid
    if os.geteuid() not in {0, owner}:
        message = (
            f"{path} belongs to user {owner}: it was made by somebody else, perhaps as root. "
            "Choose another folder with TRACEGRAPH_DATA_DIR, or change its owner."
        )
        raise AccountError(message)


def give(path: Path, account: Account) -> None:
    """Make `path`, with all below it, the account's own."""
    if account.uid is None or account.gid is None or path.stat().st_uid == account.uid:
        return
    for inner in [path, *path.rglob("*")]:
        os.chown(inner, account.uid, account.gid, follow_symlinks=False)


def open_way(path: Path, account: Account) -> list[Path]:
    """Let the account pass through the folders above `path`, without a look into them; returns those changed.

    A folder below `/root`, or below a temporary folder of mode 700, would otherwise be out of its reach.
    """
    if account is OURSELVES:
        return []
    closed = [folder for folder in path.resolve().parents if not _passes(folder, account)]
    for folder in closed:
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)
    return closed


def open_tree(path: Path, account: Account) -> None:
    """Let the account read and run everything below `path`, also when it was installed under a strict umask."""
    if account is OURSELVES:
        return
    for inner in [path, *path.rglob("*")]:
        mode = stat.S_IMODE(inner.stat().st_mode)
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if mode != wanted:
            inner.chmod(wanted)


def _passes(folder: Path, account: Account) -> bool:
    status = folder.stat()
    return bool(status.st_mode & stat.S_IXOTH) or status.st_uid == account.uid


def _create() -> None:
    if shutil.which("useradd"):
        command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", "--user-group", NAME]
    elif shutil.which("adduser"):
        command = ["adduser", "-S", "-D", "-H", "-s", "/bin/false", NAME]
    else:
        message = f"PostgreSQL won't run as root, and there is neither `useradd` nor `adduser` to make user {NAME}."
        raise AccountError(message)
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        message = f"PostgreSQL won't run as root, and user {NAME} can't be made: {result.stderr.strip()}"
        raise AccountError(message)
