"""Slices: steps of a span of time, cut into groups and points."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime

from analytics.questions import Question, TimeRange
from analytics.samples import Sample
from analytics.times import EARLIEST

Key = tuple[str | None, str | None, str | None]
Place = tuple[int, int]
"""A group (0: all that were not chosen, and the totals where none was) and a point."""


@dataclass(kw_only=True)
class Memory:
    """The samples of a slice that were read already: several fields of an answer need the same."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    samples: dict[str, dict[Place, Sample]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Steps of a span, cut into groups (those chosen, and the rest) and points."""

    question: Question
    span: TimeRange
    points: tuple[datetime, ...]
    chosen: tuple[Key, ...] = ()
    now: datetime
    memory: Memory = field(default_factory=Memory, init=False, compare=False)

    def seconds(self, point: int) -> float:
        """How long the part of a point inside the span is."""
        start = max(self.points[point], self.span.start)
        end = self.points[point + 1] if point + 1 < len(self.points) else self.span.end
        return (min(end, self.span.end) - start).total_seconds()

    def before(self) -> Slice:
        """The same over the window of the same length just before, in one point."""
        start = self.span.start
        span = TimeRange(start=start - min(self.span.end - start, start - EARLIEST), end=start)
        return replace(self, span=span, points=(span.start,))
