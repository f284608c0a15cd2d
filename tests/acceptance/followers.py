"""A subscriber as our users have it: a client from npm in Node, following `events` over connections that may break."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pubsub import cursor
from tests.servers import ROOT, Server

FOLLOW = ROOT / "tests" / "clients" / "follow.mjs"
LINE_SECONDS = 30.0
CHECKPOINT = "CHECKPOINT"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An event as the subscriber saw it."""

    type: str
    cursor: str
    subject: str | None


class Follower:
    """The process of a subscriber. Made by `following`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.losses = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._reader.join()

    def next(self, within: float = LINE_SECONDS) -> Seen | None:
        """The next event, None when none comes in time; raises AssertionError with what it says when it fails."""
        deadline = time.monotonic() + within
        while (left := deadline - time.monotonic()) > 0:
            try:
                said = json.loads(self._lines.get(timeout=left))
            except queue.Empty:
                return None
            assert "failed" not in said, said
            if "lost" in said:
                self.losses += 1
            elif said["type"] != CHECKPOINT:
                return _seen(said)
        return None

    def begin(self) -> None:
        """Wait for the checkpoint that says that the subscription has begun."""
        said = json.loads(self._lines.get(timeout=LINE_SECONDS))
        assert said.get("type") == CHECKPOINT, said

    def lose(self) -> None:
        """Wait until it says that its connection is gone."""
        said = json.loads(self._lines.get(timeout=LINE_SECONDS))
        assert "lost" in said, said

    def order(self, word: str) -> None:
        """Tell it something, where it listens."""
        assert self._process.stdin is not None
        print(word, file=self._process.stdin, flush=True)

    def until(self, mark: str) -> list[Seen]:
        """Everything up to the start of the trace `mark`, without what concerns it."""
        seen: list[Seen] = []
        while (event := self.next()) is not None:
            if event.subject == mark:
                return seen
            seen.append(event)
        message = f"the event of {mark} did not come, after {len(seen)} others"
        raise AssertionError(message)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put('{"failed": "it ended"}')


@contextmanager
def following(server: Server, script: Path = FOLLOW, *arguments: str) -> Iterator[Follower]:
    """A subscriber that sees everything from here on: the checkpoint of its beginning has come."""
    url = server.url.replace("http", "ws") + "/graphql"
    command = [str(ROOT / "scripts/node"), "node", str(script), *arguments, url, server.key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        follower = Follower(process)
        try:
            follower.begin()
            yield follower
        finally:
            follower.end()


def assert_in_order(seen: Sequence[Seen], project_id: str) -> None:
    """Each event has the position after that of the one before."""
    positions = [cursor.decode(project_id, event.cursor) for event in seen]

    assert positions == list(range(positions[0], positions[0] + len(seen)))


def assert_each_once(seen: Sequence[Seen], traces: Iterable[str], steps: Iterable[str]) -> None:
    """Each of these traces and steps started once and finished once, in this order, and nothing else happened."""
    subjects = dict.fromkeys(traces, "TRACE") | dict.fromkeys(steps, "STEP")
    expected = Counter(
        (f"{kind}_{happened}", identity) for identity, kind in subjects.items() for happened in ("STARTED", "FINISHED")
    )
    started: set[str | None] = set()

    assert Counter((event.type, event.subject) for event in seen) == expected
    for event in seen:
        if event.type.endswith("STARTED"):
            started.add(event.subject)
        assert event.subject in started


def _seen(event: dict[str, Any]) -> Seen:
    subject = event.get("trace") or event.get("step") or {}
    return Seen(type=event["type"], cursor=event["cursor"], subject=subject.get("id"))
