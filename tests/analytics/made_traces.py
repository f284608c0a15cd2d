"""Traces made by hand: rows as the database would return them, times in milliseconds from a fixed start."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 16, 12, tzinfo=UTC)
BLANK: Mapping[str, Any] = {
    **dict.fromkeys(("parent_id", "end_time", "duration_ms", "time_to_first_token_ms", "model", "cost", "digest")),
    **dict.fromkeys(("input_tokens", "output_tokens", "cache_read_tokens")),
    "kind": "CUSTOM",
    "status": "OK",
    "trace_id": "trace",
    "project_id": "project",
}


def at(milliseconds: float) -> datetime:
    return START + timedelta(milliseconds=milliseconds)


def step(identity: str, start: float, end: float | None, parent: str | None = None, **facts: Any) -> dict[str, Any]:
    """A step called like its id, unless it has another name."""
    duration = None if end is None else float(end - start)
    times = {"start_time": at(start), "end_time": None if end is None else at(end), "duration_ms": duration}
    status = {"status": "RUNNING"} if end is None else {}
    return {**BLANK, "id": identity, "name": identity, "parent_id": parent, **times, **status, **facts}


def trace(end: float | None, **facts: Any) -> dict[str, Any]:
    """A trace that starts at 0."""
    return {
        "id": "trace",
        "project_id": "project",
        "name": "run",
        "status": "RUNNING" if end is None else "OK",
        "start_time": START,
        "end_time": None if end is None else at(end),
        "duration_ms": None if end is None else float(end),
        "step_count": 1,
        "error_count": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "cost": None,
        **facts,
    }


def sorted_steps(steps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Steps in the order of the database."""
    return sorted(steps, key=lambda row: (row["start_time"], row["id"]))
