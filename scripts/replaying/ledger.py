"""The ledger: what was sent and what was acknowledged, written down outside the server as it happens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

STARTED = "started"
SENT = "sent"
ACKNOWLEDGED = "acknowledged"
REFUSED = "refused"
FINAL = (ACKNOWLEDGED, REFUSED)


class LedgerError(Exception):
    """A ledger that can't be continued, or must not be overwritten."""


class Ledger:
    """A file of JSON lines, one for each thing that happened to a mutation; the first tells how the replay began.

    Each line is with the operating system before the next step is taken, so that the ledger survives the end of this
    process. Without a path it keeps nothing.
    """

    def __init__(self, path: Path | None, *, resume: bool) -> None:
        entries = _entries(path, resume=resume) if path else []
        self.start: Mapping[str, Any] | None = entries[0] if entries else None
        self.finished = {entry["mutation"]: entry["state"] for entry in entries[1:] if entry["state"] in FINAL}
        self._file = path.open("ab", buffering=0) if path else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def begin(self, **facts: object) -> None:
        """Tell how the replay began, unless that is told already."""
        if self.start is None:
            self.start = facts
            self._write({"state": STARTED, **facts})

    def note(self, mutation: str, state: str, **facts: object) -> None:
        """Write down what happened to a mutation."""
        self._write({"mutation": mutation, "state": state, **facts})
        if state in FINAL:
            self.finished[mutation] = state

    def _write(self, entry: Mapping[str, object]) -> None:
        if self._file:
            self._file.write(orjson.dumps({"at": datetime.now(UTC), **entry}) + b"\n")


def _entries(path: Path, *, resume: bool) -> list[dict[str, Any]]:
    """What is in the ledger. A line without an end, left by a replay that was killed, is taken away."""
    content = path.read_bytes() if path.exists() else b""
    if content and not resume:
        message = f"{path} is the ledger of an earlier replay: continue it with --resume, or name another file"
        raise LedgerError(message)
    whole = content[: content.rfind(b"\n") + 1]
    try:
        entries = [orjson.loads(line) for line in whole.splitlines()]
    except ValueError:
        entries = [None]
    if not all(_is_entry(entry, first=place == 0) for place, entry in enumerate(entries)):
        message = f"{path} is no ledger of a replay"
        raise LedgerError(message)
    if len(whole) < len(content):
        path.write_bytes(whole)
    return entries


def _is_entry(entry: object, *, first: bool) -> bool:
    if not isinstance(entry, dict):
        return False
    return entry.get("state") == STARTED if first else {"mutation", "state"} <= entry.keys()
