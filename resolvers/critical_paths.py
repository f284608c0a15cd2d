"""Answers about what determined the duration of traces."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from heapq import nlargest
from typing import Any

from analytics.critical_path import Segment, critical_path
from analytics.steps import TIMES, steps_of
from analytics.timeline import time_of, timeline_of
from auth.viewer import READ, require
from models.rows import Row
from resolvers import steps
from resolvers.context import Context
from resolvers.isolation import in_their_project
from resolvers.rows import Columns, reads

LONGEST_PATH = 1_000


@reads("id", "project_id", "start_time", "end_time")
@in_their_project
async def of_traces(context: Context, parents: Sequence[Row]) -> list[list[Row]]:
    """The chain of steps that determined the duration, in order; of a longer chain the 1,000 longest segments."""
    require(context.viewer, READ)
    found = await steps_of(context.database, TIMES, context.project_id, [parent["id"] for parent in parents])
    return await asyncio.to_thread(lambda: [segments_of(parent, found[parent["id"]]) for parent in parents])


@reads("project_id", "trace_id", "id")
async def steps_of_segments(context: Context, parents: Sequence[Row], *, columns: Columns = None) -> list[Row | None]:
    """The step that was waited for."""
    return await steps.recorded(context, parents, columns=columns)


def segments_of(trace: Row, rows: Sequence[Row]) -> list[Row]:
    """The segments of a trace as the API shows them."""
    timeline = timeline_of(trace, rows)
    path = critical_path(timeline)
    if len(path) > LONGEST_PATH:
        path = sorted(nlargest(LONGEST_PATH, path, key=lambda part: part.length), key=lambda part: part.start)
    return [_shown(rows[part.step], part, timeline.duration) for part in path]


def _shown(step: Row, part: Segment, duration: int) -> dict[str, Any]:
    return {
        "project_id": step["project_id"],
        "trace_id": step["trace_id"],
        "id": step["id"],
        "start_time": time_of(part.start),
        "end_time": time_of(part.end),
        "duration_ms": part.length / 1000,
        "share": part.length / duration,
    }
