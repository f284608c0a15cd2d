"""A stored project: traces with nested steps, nulls, and text and JSON that are easy to get wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from auth.projects import create_project
from models.database import Database
from models.ids import new_id

START = datetime(2026, 5, 4, 3, 2, 1, 123456, tzinfo=UTC)
NAMES = ('naïve \U0001f600 "quoted"', "", "line\nbreak \u2028 \\ tab\t", "plain", "plain")
DOCUMENTS = ('{"a" : 1.0,  "b":"\\u00e9"}', "null", "[1e40, -0.0, 12345678901234567890]", '"text"', None)
TRACE = """
INSERT INTO traces (
    project_id, id, name, status, start_time, end_time, session_id, tags, metadata, input, output, step_count,
    error_count, input_tokens, cost, models, created_at, updated_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $14, $15, $5, $5)
"""
STEP = """
INSERT INTO trace_steps (
    project_id, trace_id, id, parent_id, name, kind, status, start_time, end_time, time_to_first_token_ms, provider,
    stated_model, input_tokens, output_tokens, cost, cost_source, input, output, attributes, error_type,
    created_at, updated_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $8, $8)
"""


async def store(database: Database) -> tuple[str, list[str], list[str]]:
    """Make a project of 5 traces with 0 to 8 steps; returns its id, those of the traces and those of the steps."""
    project_id: str = (await create_project(database, f"project {new_id()}"))["id"]
    traces = [new_id() for _ in range(5)]
    steps: list[str] = []
    for place, trace in enumerate(traces):
        await database.execute(TRACE, project_id, *_trace(place, trace))
        own: list[str | None] = [None]
        for number in range(place * 2):
            step = new_id()
            parent = own[number // 2]
            await database.execute(STEP, project_id, trace, step, parent, *_step(number))
            own.append(step)
        steps.extend(step for step in own if step)
    return project_id, traces, steps


def _trace(place: int, identity: str) -> tuple[Any, ...]:
    start = START + timedelta(hours=place // 2)
    return (
        identity, NAMES[place], "OK" if place % 2 else "RUNNING", start,
        start + timedelta(seconds=place) if place else None,
        None if place % 2 else f"session {place}", ["b", "é"][: place % 3], '{"k": {"é": [null]}}', DOCUMENTS[place],
        DOCUMENTS[-place], place * 2, place * 2**40, "0.000000000001" if place % 2 else None, ["m"][: place % 2],
    )  # fmt: skip


def _step(number: int) -> tuple[Any, ...]:
    start = START + timedelta(milliseconds=number // 2)
    is_known = number % 2 == 0
    return (
        NAMES[number % 5], "LLM" if is_known else "TOOL", "ERROR" if number == 3 else "OK", start,
        start + timedelta(microseconds=number) if is_known else None, 1.5 * number if is_known else None,
        "provider" if is_known else None, "model" if is_known else None, number if is_known else None,
        2**62 if number == 4 else None, f"{number}.10" if is_known else None, "REPORTED" if is_known else "UNKNOWN",
        DOCUMENTS[number % 5], DOCUMENTS[(number + 1) % 5], "{}", "Error" if number == 3 else None,
    )  # fmt: skip
