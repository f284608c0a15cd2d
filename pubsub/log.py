"""The log of commits that the database keeps: what is true, whatever Redis says."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pubsub.event import Event, decode

Commit: TypeAlias = tuple[int, int, str]  # first position, last position, events as written by `encode`


@dataclass(frozen=True, kw_only=True)
class Log:
    """How to read the log; the database is on the same floor, so whoever composes the server hands its functions in.

    `read(project_id, after, limit)` gives the next commits, about `limit` events of them; `head(project_id)` the last
    position that is committed. `trouble` are the errors that mean "try again later".
    """

    read: Callable[[str, int, int], Awaitable[Sequence[Commit]]]
    head: Callable[[str], Awaitable[int]]
    trouble: tuple[type[Exception], ...] = ()


def events_of(commit: Commit) -> list[Event]:
    """The events of a commit. Raises ValueError when they are not what the positions promise."""
    first, last, payload = commit
    events = decode(payload, first)
    if len(events) != last + 1 - first:
        raise ValueError(f"{len(events)} events at the positions {first} to {last}")
    return events


def next_events(commits: Iterable[Commit], position: int) -> list[Event]:
    """The events that follow a position without a gap."""
    events: list[Event] = []
    for commit in commits:
        first, last, _ = commit
        if first > position + 1:
            break
        if last > position:
            events += events_of(commit)[position + 1 - first :]
            position = last
    return events
