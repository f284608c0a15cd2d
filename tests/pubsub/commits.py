"""Commits for tests: events that need no trace to be about, and a log in memory to hold them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from models.ids import new_id
from pubsub.event import Event, encode
from pubsub.log import Commit, Log

MOMENT = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


def an_event(position: int = 1, type: str = "TRACE_STARTED", **given: str | None) -> Event:
    fields: dict[str, str | None] = {"trace_id": new_id(), "step_id": None} | given
    return Event(position=position, type=type, occurred_at=MOMENT, **fields)  # type: ignore[arg-type]  # ids are text


def a_commit(first: int, last: int) -> Commit:
    return first, last, encode([("TRACE_STARTED", new_id(), None) for _ in range(first, last + 1)], MOMENT)


class Trouble(Exception):
    """The log can't be read for a moment."""


class MemoryLog:
    """What the database would keep, for one project; `available` can be cleared to take the database away."""

    def __init__(self, position: int = 0) -> None:
        self.commits: list[Commit] = []
        self.position = position
        self.available = asyncio.Event()
        self.available.set()
        self.asked = asyncio.Event()

    @property
    def log(self) -> Log:
        return Log(read=self.read, head=self.head, trouble=(Trouble,))

    def commit(self, size: int = 1) -> Commit:
        commit = a_commit(self.position + 1, self.position + size)
        self.commits.append(commit)
        self.position += size
        return commit

    async def read(self, _project_id: str, after: int, limit: int) -> Sequence[Commit]:
        self.answer()
        return [commit for commit in self.commits if commit[1] > after and commit[0] <= after + limit][:limit]

    async def head(self, _project_id: str) -> int:
        self.answer()
        return self.position

    def answer(self) -> None:
        self.asked.set()
        if not self.available.is_set():
            raise Trouble
