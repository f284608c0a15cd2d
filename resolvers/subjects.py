"""The rows that events are about: read once, in batches, for all who follow them, whatever they select."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from models.database import Database
from models.enums import EventType
from models.errors import Unavailable
from models.rows import Row
from pubsub.event import Event
from resolvers import steps, traces
from resolvers.context import Context
from resolvers.rows import STEP_COLUMNS, TRACE_COLUMNS, Columns

# Columns that may weigh a megabyte: read for those who ask for them, and not kept.
WIDE = frozenset({"input", "output", "metadata", "attributes", "error_message"})
NARROW = frozenset({*TRACE_COLUMNS, *STEP_COLUMNS}) - WIDE

MOST_KEPT = 2_000
KEPT_SECONDS = 2.0
PATIENCE_SECONDS = 30.0
RETRY_SECONDS = 0.5

A = TypeVar("A")
Key: TypeAlias = tuple[str, str | None]  # a trace, or a step of it
Rows: TypeAlias = Mapping[Key, Row]


class Part(Enum):
    """What of an event is read: the row it is about, or that of its trace."""

    SUBJECT = auto()
    TRACE = auto()

    def key(self, event: Event) -> Key:
        """Which row that is."""
        return event.trace_id, event.step_id if self is Part.SUBJECT else None


Place: TypeAlias = tuple[str, int, Key, frozenset[str]]  # project, position, row, wide columns


@dataclass(frozen=True, kw_only=True)
class Readings:
    """The rows of the latest events, read or on their way. A row is as new as its event, or newer."""

    kept: OrderedDict[Place, asyncio.Task[Rows]] = field(default_factory=OrderedDict)

    def begin(self, places: Sequence[Place], read: Callable[[], asyncio.Task[Rows]]) -> asyncio.Task[Rows]:
        """Read the rows for these places, and let the oldest go, which may be some that were just looked up."""
        task = read()
        self.kept.update(dict.fromkeys(places, task))
        task.add_done_callback(lambda _: self._finish(places, task))
        while len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)
        return task

    def _finish(self, places: Sequence[Place], task: asyncio.Task[Rows]) -> None:
        # What failed is read again; what is wide would fill the memory.
        if _failed(task) or places[0][-1]:
            self._drop(places, task)
        else:
            asyncio.get_running_loop().call_later(KEPT_SECONDS, self._drop, places, task)

    def _drop(self, places: Sequence[Place], task: asyncio.Task[Rows]) -> None:
        for place in places:
            if self.kept.get(place) is task:
                del self.kept[place]


_readings: WeakKeyDictionary[Database, Readings] = WeakKeyDictionary()


async def subjects(context: Context, events: Sequence[Event], columns: Columns, part: Part = Part.SUBJECT) -> Rows:
    """The rows of these events as they are now, by their keys; those that are gone are left out."""
    wide = WIDE if columns is None else WIDE & columns
    present = [event for event in events if event.type != EventType.TRACE_DELETED]
    return await patiently(lambda: _together(context, present, part, wide))


async def patiently(read: Callable[[], Awaitable[A]]) -> A:
    """What is read; a database that is away for a moment is waited for. Raises Unavailable when it stays away."""
    time = asyncio.get_running_loop().time
    deadline = time() + PATIENCE_SECONDS
    while True:
        try:
            return await read()
        except Unavailable:
            if time() > deadline:
                raise
            await asyncio.sleep(RETRY_SECONDS)


async def _together(context: Context, events: Sequence[Event], part: Part, wide: frozenset[str]) -> Rows:
    readings = _readings.setdefault(context.database, Readings())
    places: dict[Place, Event] = {
        (context.project_id, event.position, part.key(event), wide): event for event in events
    }
    tasks = dict.fromkeys(readings.kept[place] for place in places if place in readings.kept)
    missing = {place: event for place, event in places.items() if place not in readings.kept}
    if missing:
        keys = {part.key(event) for event in missing.values()}
        tasks[readings.begin([*missing], lambda: asyncio.create_task(_read(context, keys, NARROW | wide)))] = None
    if not tasks:
        return {}
    # Shielded: others wait for the same rows.
    found = [await asyncio.shield(task) for task in tasks]
    return found[0] if len(found) == 1 else {key: row for rows in found for key, row in rows.items()}


async def _read(context: Context, keys: set[Key], columns: Columns) -> Rows:
    """At most two statements."""
    trace_ids = [trace for trace, step in keys if step is None]
    here = {"project_id": context.project_id}
    step_keys = [here | {"trace_id": trace, "id": step} for trace, step in keys if step is not None]
    found: dict[Key, Row] = {}
    if trace_ids:
        found |= {(row["id"], None): row for row in await traces.by_ids(context, trace_ids, columns) if row}
    if step_keys:
        told = await steps.recorded(context, step_keys, columns=columns)
        found |= {(row["trace_id"], row["id"]): row for row in told if row}
    return found


def _failed(task: asyncio.Task[Rows]) -> bool:
    return task.cancelled() or task.exception() is not None
