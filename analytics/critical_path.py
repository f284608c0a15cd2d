"""The critical path of a trace: the chain of steps that determined how long it took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analytics.timeline import NOBODY, Timeline


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Time that a step spent on the path itself, not in the steps that it called; in microseconds."""

    step: int
    start: int
    end: int

    @property
    def length(self) -> int:
        """How long it is."""
        return self.end - self.start


@dataclass(kw_only=True)
class Caller:
    """A step, or the trace, that is followed backwards from a moment; `calls` are its children, the last first."""

    step: int
    moment: int
    calls: Iterator[int]


def critical_path(timeline: Timeline) -> list[Segment]:
    """The segments of the path in order; none overlap, and between them no step was waited for.

    From its end each step is followed backwards: its child that returned last was waited for, so the path goes through
    that one, and on from its start to the child that had returned last by then; the rest is the step's own. A child
    that was still running then was not waited for (Zhang et al., "CRISP: Critical Path Analysis of Large-Scale
    Microservice Architectures", USENIX ATC 2022, section 3.1). Here a step lasts until all that it called has returned,
    so that work which outlives its caller counts; of such a caller only the time in which it ran itself is shown.
    Takes O(n log n) for n steps.
    """
    starts, ends = _hulls(timeline)

    def called(step: int) -> Iterator[int]:
        children = timeline.roots if step == NOBODY else timeline.children[step]
        return iter(sorted(children, key=lambda child: (ends[child], starts[child], child), reverse=True))

    segments: list[Segment] = []
    callers = [Caller(step=NOBODY, moment=timeline.end, calls=called(NOBODY))]
    while callers:
        caller = callers[-1]
        child = next((child for child in caller.calls if ends[child] <= caller.moment), None)
        since = timeline.start if child is None else ends[child]
        _add(segments, timeline, caller, since)
        if child is None:
            callers.pop()
        else:
            caller.moment = starts[child]
            callers.append(Caller(step=child, moment=ends[child], calls=called(child)))
    return segments[::-1]


def _add(segments: list[Segment], timeline: Timeline, caller: Caller, since: int) -> None:
    """Add the time that a caller spent itself, from a moment on; later segments are there already."""
    if caller.step == NOBODY:
        return
    start = max(since, timeline.starts[caller.step])
    end = min(caller.moment, timeline.ends[caller.step])
    if start >= end:
        return
    if segments and segments[-1].step == caller.step and segments[-1].start == end:
        end = segments.pop().end
    segments.append(Segment(step=caller.step, start=start, end=end))


def _hulls(timeline: Timeline) -> tuple[list[int], list[int]]:
    """When each step started and ended, with all that it called."""
    starts, ends = list(timeline.starts), list(timeline.ends)
    order = list(timeline.roots)
    for step in order:
        order.extend(timeline.children[step])
    for step in reversed(order):
        parent = timeline.parents[step]
        if parent != NOBODY:
            starts[parent] = min(starts[parent], starts[step])
            ends[parent] = max(ends[parent], ends[step])
    return starts, ends
