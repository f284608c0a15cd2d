"""Millions of steps over a month, made by numpy in the binary form of COPY: the same for the same numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeAlias
from uuid import UUID

import asyncpg
import numpy as np
from numpy.typing import NDArray

from models.partitions import ensure_weeks, week_of

DAYS = 30
MODELS, PROVIDERS, USERS, TENANTS = 40, 8, 5_000, 500
STEPS_OF_EACH = 4
CHUNK = 50_000  # traces
FAILURES, CALLS = 0.03, 0.7
LATENCY_SPREAD = 0.8
COPY_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
HEADER, TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"

STEP_COLUMNS = (
    "project_id", "trace_id", "id", "name", "kind", "status", "start_time", "end_time", "time_to_first_token_ms",
    "provider", "request_model", "input_tokens", "output_tokens", "cost", "cost_source", "created_at", "updated_at",
)  # fmt: skip
TRACE_COLUMNS = (
    "project_id", "id", "name", "status", "start_time", "end_time", "user_id", "metadata", "step_count",
    "created_at", "updated_at",
)  # fmt: skip

Array: TypeAlias = NDArray[np.generic]
Columns: TypeAlias = dict[str, Array]
Nullable: TypeAlias = dict[str, Array | None]


@dataclass(frozen=True, kw_only=True)
class Made:
    """How many traces of four steps each there are, spread evenly over the month before the end."""

    project_id: str
    traces: int
    end: datetime

    @property
    def start(self) -> datetime:
        """When the first one starts."""
        return self.end - timedelta(days=DAYS)

    def chunks(self) -> Iterator[range]:
        """The numbers of the traces, some at a time."""
        for first in range(0, self.traces, CHUNK):
            yield range(first, min(first + CHUNK, self.traces))


async def store(connection: asyncpg.Connection[asyncpg.Record], made: Made) -> None:
    """Copy the traces and their steps into an empty, migrated database."""
    weeks = {made.start + timedelta(days=day) for day in range(DAYS + 1)}
    known = {
        week_of(_text(_ids(np.array([_millis(moment)]), np.random.default_rng(0))[0]), made.end) for moment in weeks
    }
    await ensure_weeks(connection, sorted(week for week in known if week))
    await _copy(connection, "traces", TRACE_COLUMNS, made, _traces)
    await _copy(connection, "trace_steps", STEP_COLUMNS, made, _steps)


async def _copy(
    connection: asyncpg.Connection[asyncpg.Record],
    table: str,
    columns: tuple[str, ...],
    made: Made,
    rows: Callable[[Made, range], Iterator[bytes]],
) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield HEADER
        for numbers in made.chunks():
            for part in rows(made, numbers):
                yield part
        yield TRAILER

    await connection.copy_to_table(table, source=source(), columns=columns, format="binary")


def _traces(made: Made, numbers: range) -> Iterator[bytes]:
    random, ids, starts = _common(made, numbers)
    count = len(numbers)
    fixed = partial(_fixed, count)
    tenants = random.integers(0, TENANTS, count)
    yield _packed(
        {
            "project_id": fixed(UUID(made.project_id).bytes), "id": ids, "name": fixed(b"answer"),
            "status": fixed(b"OK"), "start_time": starts, "end_time": starts + 9_000_000,
            "user_id": _named(b"user-%05d", USERS)[random.integers(0, USERS, count)],
            "metadata": _named(b'\1{"tenant": "t%04d"}', TENANTS)[tenants],
            "step_count": np.full(count, STEPS_OF_EACH, ">i4"), "created_at": starts, "updated_at": starts,
        }
    )  # fmt: skip


def _steps(made: Made, numbers: range) -> Iterator[bytes]:
    random, ids, starts = _common(made, numbers)
    traces, starts = np.repeat(ids, STEPS_OF_EACH), np.repeat(starts, STEPS_OF_EACH)
    starts = starts + random.integers(0, 9_000_000, len(starts))
    count = len(starts)
    model = random.integers(0, MODELS, count)
    took = random.lognormal(5 + model / 20, LATENCY_SPREAD, count)
    tokens = random.integers(10, 4_000, (2, count))
    every: Columns = {
        "project_id": _fixed(count, UUID(made.project_id).bytes), "trace_id": traces,
        "id": _ids((starts // 1000) + _offset(), random), "start_time": starts,
        "end_time": starts + (took * 1000).astype(np.int64), "time_to_first_token_ms": took / 10,
        "provider": _named(b"provider-%d", PROVIDERS)[model % PROVIDERS],
        "request_model": _named(b"model-%02d", MODELS)[model],
        "input_tokens": tokens[0], "output_tokens": tokens[1], "cost": _amounts(tokens.sum(axis=0) * (model + 1)),
        "cost_source": _fixed(count, b"CALCULATED"), "created_at": starts, "updated_at": starts,
    }  # fmt: skip
    name, is_call, failed = random.integers(0, 10, count), random.random(count) < CALLS, random.random(count) < FAILURES
    for kind, of_kind in ((b"LLM", is_call), (b"TOOL", ~is_call)):
        for status, of_status in ((b"ERROR", failed), (b"OK", ~failed)):
            chosen = np.flatnonzero(of_kind & of_status)
            fixed = partial(_fixed, len(chosen))
            names = _named(b"call-%d" if kind == b"LLM" else b"tool-%d", 10)[name[chosen]]
            columns: Nullable = {column: values[chosen] for column, values in every.items()}
            columns |= {"name": names, "kind": fixed(kind), "status": fixed(status)}
            if kind == b"TOOL":
                columns |= dict.fromkeys(("provider", "request_model", "input_tokens", "output_tokens", "cost"))
            yield _packed({column: columns[column] for column in STEP_COLUMNS})


def _common(made: Made, numbers: range) -> tuple[np.random.Generator, Array, NDArray[np.int64]]:
    """The ids and the starts of these traces, and a source of chance that is theirs."""
    spacing = DAYS * 86_400_000_000 / made.traces
    first = (made.start - COPY_EPOCH) // timedelta(microseconds=1)
    starts = (first + np.arange(numbers.start, numbers.stop) * spacing).astype(np.int64)
    return (
        np.random.default_rng(numbers.start),
        _ids(starts // 1000 + _offset(), np.random.default_rng([7, numbers.start])),
        starts,
    )


def _packed(columns: Mapping[str, Array | None]) -> bytes:
    """Rows in the binary form of COPY: how many fields, and each behind its length (-1 for a null)."""
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, values in columns.items():
        layout.append((f"length of {name}", ">i4"))
        if values is not None:
            layout.append((name, values.dtype.newbyteorder(">").str))
    count = len(next(values for values in columns.values() if values is not None))
    rows = np.zeros(count, dtype=layout)
    rows["fields"] = len(columns)
    for name, values in columns.items():
        rows[f"length of {name}"] = -1 if values is None else values.dtype.itemsize
        if values is not None:
            rows[name] = values
    return rows.tobytes()


def _ids(milliseconds: NDArray[np.int64], random: np.random.Generator) -> Array:
    """UUIDs of version 7 with these times."""
    parts = random.integers(0, 256, (len(milliseconds), 16), dtype=np.uint8)
    parts[:, :6] = milliseconds.astype(">i8").view(np.uint8).reshape(-1, 8)[:, 2:]
    parts[:, 6] = 0x70 | parts[:, 6] & 0x0F
    parts[:, 8] = 0x80 | parts[:, 8] & 0x3F
    return parts.view("V16").reshape(-1)


def _amounts(millionths: NDArray[np.int64]) -> Array:
    """Hundredths of millionths of a dollar as numerics with eight digits behind the point."""
    rows = np.zeros(len(millionths), dtype=[("head", ">i2", 4), ("digits", ">i2", 3)])
    rows["head"] = (3, 0, 0, 8)
    for place, unit in enumerate((10**8, 10**4, 1)):
        rows["digits"][:, place] = millionths // unit % 10**4
    return rows.view("V14")


def _named(pattern: bytes, number: int) -> Array:
    return np.array([pattern % place for place in range(number)])


def _fixed(count: int, value: bytes) -> Array:
    return np.full(count, value, dtype=f"V{len(value)}")


def _offset() -> int:
    return int(COPY_EPOCH.timestamp() * 1000)


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _text(identity: np.void) -> str:
    return str(UUID(bytes=identity.tobytes()))
