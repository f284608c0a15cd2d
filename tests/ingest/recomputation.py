"""What totals and roll-ups must be, computed anew from the stored traces and steps, without any code of the writer."""

import math
import struct
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from models.database import Database
from models.rows import Row

TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
KEY = ("bucket", "subject", "name", "status", "kind", "provider", "model", "environment", "service_name")
STORED = "SELECT * FROM trace_analytics WHERE project_id = $1 AND tier IN ('DELTA', 'MINUTE')"
GAMMA = 1.01 / 0.99

Sums = dict[tuple[Any, ...], dict[str, Any]]


async def stored_rollups(database: Database, project_id: str) -> Sums:
    """The sums per minute, merged ones and deltas together; those that are empty again left out."""
    sums: Sums = defaultdict(_nothing)
    for row in await database.fetch(STORED, project_id):
        bucket = sums[tuple(row[column] for column in KEY)]
        bucket["count"] += row["count"]
        bucket["cost"] += Decimal(row["cost"])
        for column in TOKENS:
            bucket[column] += row[column]
        for name in ("duration", "first_token"):
            bucket[f"{name}_microseconds"] += Decimal(row[f"{name}_microseconds"])
            for index, count in stored_sketch(row, name):
                bucket[f"{name}_sketch"][index] += count
    return _compact(sums)


def stored_sketch(row: Row, name: str) -> list[tuple[int, int]]:
    """The buckets of a sketch, of its arrays and, where it is merged, packed: both have to say the same."""
    arrays = list(zip(row[f"{name}_indexes"], row[f"{name}_counts"], strict=True))
    assert row[f"{name}s"] is None or list(struct.iter_unpack(">iq", row[f"{name}s"])) == arrays
    return arrays


async def recomputed_rollups(database: Database, project_id: str) -> Sums:
    """The same from the rows themselves."""
    sums: Sums = defaultdict(_nothing)
    for step in await database.fetch("SELECT * FROM trace_steps WHERE project_id = $1", project_id):
        _count(sums[_bucket(step), "STEP", *(step[column] for column in KEY[2:7]), None, None], step)
    for trace in await database.fetch("SELECT * FROM traces WHERE project_id = $1", project_id):
        place = (trace["environment"], trace["service_name"])
        _count(sums[_bucket(trace), "TRACE", trace["name"], trace["status"], None, None, None, *place], trace)
    return _compact(sums)


async def recomputed_totals(database: Database, project_id: str) -> dict[str, dict[str, Any]]:
    """What the totals of each trace must be, from its steps."""
    steps: dict[str, list[Row]] = defaultdict(list)
    for step in await database.fetch("SELECT * FROM trace_steps WHERE project_id = $1", project_id):
        steps[step["trace_id"]].append(step)
    traces = await database.fetch("SELECT id FROM traces WHERE project_id = $1", project_id)
    return {trace["id"]: _totals(steps[trace["id"]]) for trace in traces}


async def stored_totals(database: Database, project_id: str) -> dict[str, dict[str, Any]]:
    """The totals that the writer keeps."""
    columns = ("step_count", "error_count", *TOKENS, "models")
    rows = await database.fetch("SELECT * FROM traces WHERE project_id = $1", project_id)
    return {row["id"]: {column: row[column] for column in columns} | {"cost": _decimal(row["cost"])} for row in rows}


def _totals(steps: Iterable[Row]) -> dict[str, Any]:
    rows = list(steps)
    costs = [Decimal(step["cost"]) for step in rows if step["cost"] is not None]
    return {
        "step_count": len(rows),
        "error_count": sum(step["status"] == "ERROR" for step in rows),
        **{column: sum(step[column] or 0 for step in rows) for column in TOKENS},
        "models": sorted({step["model"] for step in rows if step["model"] is not None}),
        "cost": sum(costs, Decimal(0)) if costs else None,
    }


def _count(bucket: dict[str, Any], row: Row) -> None:
    bucket["count"] += 1
    bucket["cost"] += _decimal(row["cost"]) or 0
    for column in TOKENS:
        bucket[column] += row[column] or 0
    columns = dict(row.items())
    for name, column in (("duration", "duration_ms"), ("first_token", "time_to_first_token_ms")):
        value = columns.get(column)
        if value is not None:
            bucket[f"{name}_microseconds"] += round(value * 1000)
            bucket[f"{name}_sketch"][math.ceil(math.log(value) / math.log(GAMMA)) if value >= 1e-6 else -(2**31)] += 1


def _bucket(row: Row) -> Any:
    return row["start_time"].replace(second=0, microsecond=0)


def _nothing() -> dict[str, Any]:
    sums: dict[str, Any] = dict.fromkeys(
        ("count", "cost", *TOKENS, "duration_microseconds", "first_token_microseconds"), 0
    )
    return sums | {"duration_sketch": Counter(), "first_token_sketch": Counter()}


def _compact(sums: Sums) -> Sums:
    compact: Sums = {}
    for key, bucket in sums.items():
        for name in ("duration_sketch", "first_token_sketch"):
            bucket[name] = {index: count for index, count in bucket[name].items() if count}
        if any(bucket.values()):
            compact[key] = bucket
    return compact


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
