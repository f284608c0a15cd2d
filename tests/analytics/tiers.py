"""What each tier of roll-ups holds, and what it should hold by the rows themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from models.database import Database
from tests.ingest.recomputation import KEY, Sums, recomputed_rollups, stored_sketch

STORED = "SELECT * FROM trace_analytics WHERE project_id = $1 AND tier = ANY ($2)"
HOURS: dict[str, int] = {"minute": 0}
DAYS: dict[str, int] = {"hour": 0, "minute": 0}
UNITS: dict[str, dict[str, int]] = {"MINUTE": {}, "HOUR": HOURS, "DAY": DAYS}
UNITS |= {"TOTAL_MINUTE": {}, "MODEL_MINUTE": {}, "MODEL_HOUR": HOURS, "MODEL_DAY": DAYS}
ALL_BUT_NAME = {"name": ""}
ONLY_STATUS = ALL_BUT_NAME | dict.fromkeys(("kind", "provider", "model", "environment", "service_name"))
LEFT_OUT: dict[str, dict[str, Any]] = {"TOTAL_MINUTE": ONLY_STATUS, "MODEL_HOUR": ALL_BUT_NAME}
LEFT_OUT |= {"MODEL_DAY": ALL_BUT_NAME, "MODEL_MINUTE": ALL_BUT_NAME}
COUNTS = ("count", "input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens")


async def held(database: Database, project_id: str, tier: str) -> Sums:
    """The sums of a tier and the deltas, by the buckets of the tier."""
    rows = await database.fetch(STORED, project_id, [tier, "DELTA"])
    return _added(((tuple(row[column] for column in KEY), dict(row.items())) for row in rows), tier)


async def expected(database: Database, project_id: str, tier: str) -> Sums:
    """The same from the rows themselves."""
    return _added((await recomputed_rollups(database, project_id)).items(), tier)


def _added(parts: Iterable[tuple[tuple[Any, ...], dict[str, Any]]], tier: str) -> Sums:
    sums: dict[Any, Counter[Any]] = defaultdict(Counter)
    for full, part in parts:
        key = dict(zip(KEY, full, strict=True)) | LEFT_OUT.get(tier, {})
        key["bucket"] = key["bucket"].replace(**UNITS[tier])
        total = sums[tuple(key.values())]
        for name in COUNTS:
            total[name] += part[name]
        for name in ("duration_microseconds", "first_token_microseconds", "cost"):
            total[name] += Decimal(part[name])  # type: ignore[assignment]  # a sum like the others
        for name in ("duration", "first_token"):
            for index, count in _sketch_of(part, name).items():
                total[name, index] += count
    compact = {key: {name: value for name, value in total.items() if value} for key, total in sums.items()}
    return {key: total for key, total in compact.items() if total}


def _sketch_of(part: dict[str, Any], name: str) -> dict[int, int]:
    if f"{name}_sketch" in part:
        sketch: dict[int, int] = part[f"{name}_sketch"]
        return sketch
    return dict(stored_sketch(part, name))
