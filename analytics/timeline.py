"""The steps of one trace on one axis of time: when each ran, and which step called which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from models.rows import Row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NOBODY = -1


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A trace and its steps, which are numbered by their start; times in microseconds.

    The trace lasts as long as anything in it. What still runs is taken to run until then.
    """

    start: int
    end: int
    starts: Sequence[int]
    ends: Sequence[int]
    parents: Sequence[int]
    children: Sequence[Sequence[int]]
    roots: Sequence[int]

    @property
    def duration(self) -> int:
        """How long the trace lasts."""
        return self.end - self.start


def timeline_of(trace: Row, steps: Sequence[Row]) -> Timeline:
    """The timeline of a trace; its steps are sorted by start.

    A step whose parent is not among them is called by the trace itself, and so is the first step of a cycle.
    """
    starts = [moment_of(step["start_time"]) for step in steps]
    known = [moment_of(step["end_time"]) for step in steps if step["end_time"] is not None]
    begun = moment_of(trace["start_time"])
    last = [] if trace["end_time"] is None else [moment_of(trace["end_time"])]
    end = max([begun, *starts, *known, *last])
    numbers = {step["id"]: number for number, step in enumerate(steps)}
    parents = _without_cycles([numbers.get(step["parent_id"], NOBODY) for step in steps])
    children: list[list[int]] = [[] for _ in steps]
    for number, parent in enumerate(parents):
        if parent != NOBODY:
            children[parent].append(number)
    return Timeline(
        start=min([begun, *starts]),
        end=end,
        starts=starts,
        ends=[end if step["end_time"] is None else moment_of(step["end_time"]) for step in steps],
        parents=parents,
        children=children,
        roots=[number for number, parent in enumerate(parents) if parent == NOBODY],
    )


def self_times(timeline: Timeline) -> list[int]:
    """How long each step ran while none of its children did."""
    times = []
    for number, children in enumerate(timeline.children):
        start, end = timeline.starts[number], timeline.ends[number]
        times.append(sum(until - since for since, until in free(timeline, children, start, end)))
    return times


def free(timeline: Timeline, steps: Sequence[int], start: int, end: int) -> list[tuple[int, int]]:
    """The spans between two moments in which none of these steps ran; they are sorted by start."""
    found, covered = [], start
    for step in steps:
        since = timeline.starts[step]
        if since >= end:
            break
        if since > covered:
            found.append((covered, since))
        covered = max(covered, timeline.ends[step])
    if covered < end:
        found.append((covered, end))
    return found


def moment_of(time: datetime) -> int:
    """A time in microseconds."""
    return (time - EPOCH) // MICROSECOND


def time_of(moment: int) -> datetime:
    """The time of a moment."""
    return EPOCH + moment * MICROSECOND


def _without_cycles(parents: list[int]) -> list[int]:
    """The same parents, but none for the first step of each cycle."""
    seen = [NOBODY] * len(parents)
    for number in range(len(parents)):
        here = number
        while here != NOBODY and seen[here] == NOBODY:
            seen[here] = number
            here = parents[here]
        if here != NOBODY and seen[here] == number:
            parents[_first_of_cycle(parents, here)] = NOBODY
    return parents


def _first_of_cycle(parents: Sequence[int], member: int) -> int:
    first, here = member, parents[member]
    while here != member:
        first, here = min(first, here), parents[here]
    return first
