"""Exporting: every format holds what is stored, parts add up to the whole, and no export lasts for ever."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pandas as pd
import pyarrow.parquet as pq
import pytest

from auth.projects import create_project
from export.bookmark import bookmark_in
from export.exporter import Exporter, Part
from export.fields import chosen
from export.selection import ExportFormat, ExportKind, Selection
from models.comparisons import IntFilter, StringFilter
from models.database import Database
from models.errors import Overloaded, Unavailable
from models.filters import StepFilter, TraceFilter
from models.values import BigInt
from tests.export.stored import NASTY, SENT, lines_of, nobody_exports, store_many, store_nasty
from tests.waiting import eventually

SPILLED = "SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()"
# DuckDB would like another package for times of Python.
TABLE = """
SELECT * EXCLUDE (startTime, endTime, createdAt, updatedAt), epoch_us(startTime) AS began FROM read_parquet('{file}')
"""
SHEET = """
SELECT *
FROM read_csv('{file}', comment = '#', all_varchar = true, delim = ',', quote = '"', escape = '"', header = true)
"""
WORDS = (
    "id",
    "name",
    "status",
    "sessionId",
    "provider",
    "tags",
    "stepCount",
    "inputTokens",
    "errorMessage",
    "parentId",
)
JSON = ("input", "output", "metadata", "attributes")
KEYS = {ExportKind.TRACES: 2, ExportKind.STEPS: 3}


class Stalled(Exception):
    """The reader reads no more."""


@pytest.fixture
async def exporter(database: Database, database_url: str, project_id: str) -> Exporter:
    await store_nasty(database, project_id)
    return Exporter(database=database, url=database_url, connections=2, seconds=30.0)


def selection(kind: ExportKind, form: ExportFormat, *projects: str, **wanted: Any) -> Selection:
    fields = chosen(kind, wanted.pop("fields", None))
    return Selection(kind=kind, format=form, projects=projects, fields=fields, **wanted)


async def exported(exporter: Exporter, wanted: Selection, part: Part | None = None) -> bytes:
    body = io.BytesIO()

    async def write(piece: bytes) -> None:
        body.write(piece)

    await exporter.export(wanted, write, part or Part())
    return body.getvalue()


@pytest.mark.parametrize("kind", ExportKind)
async def test_parquet_reads_back_as_it_was_stored(
    exporter: Exporter, project_id: str, kind: ExportKind, tmp_path: Path
) -> None:
    """DuckDB and pandas find in a Parquet file what NDJSON tells, in columns of proper types."""
    rows, _ = lines_of(await exported(exporter, selection(kind, ExportFormat.NDJSON, project_id)))
    file = tmp_path / "rows.parquet"
    file.write_bytes(await exported(exporter, selection(kind, ExportFormat.PARQUET, project_id)))
    told = [orjson.loads(row) for row in rows]
    found = by_duckdb(TABLE.format(file=file))
    by_pandas = pd.read_parquet(file)

    assert [row["name"] for row in found] == list(NASTY) == list(by_pandas["name"])
    assert [comparable(read(row)) for row in found] == [comparable(row) for row in told]
    assert [row["began"] for row in found] == [microseconds(row["startTime"]) for row in told]
    assert list(by_pandas["startTime"].map(lambda time: time.isoformat())) == [row["startTime"] for row in told]
    assert str(by_pandas["durationMs"].dtype) == "float64"
    assert found[2]["cost"] == Decimal("3.1") == by_pandas["cost"][2]


@pytest.mark.parametrize("kind", ExportKind)
async def test_csv_reads_back_as_it_was_stored(
    exporter: Exporter, project_id: str, kind: ExportKind, tmp_path: Path
) -> None:
    """DuckDB and pandas find in a CSV file what NDJSON tells, once the guards of formulas are taken away."""
    rows, _ = lines_of(await exported(exporter, selection(kind, ExportFormat.NDJSON, project_id)))
    file = tmp_path / "rows.csv"
    file.write_bytes(await exported(exporter, selection(kind, ExportFormat.CSV, project_id)))
    told = [orjson.loads(row) for row in rows]
    found = by_duckdb(SHEET.format(file=file))
    by_pandas = pd.read_csv(file, comment="#", dtype=str, keep_default_na=False)

    assert [unguarded(row["name"]) for row in found] == list(NASTY)
    assert [unguarded(name) for name in by_pandas["name"]] == list(NASTY)
    assert [unguarded(text) for text in by_pandas["input"]] == list(islice(cycle(SENT), len(NASTY)))
    assert [row["cost"] for row in found] == [row["cost"] for row in told]


async def test_no_cell_of_a_csv_file_is_a_formula(exporter: Exporter, project_id: str) -> None:
    """Whatever people wrote, a spreadsheet takes none of it for a formula (OWASP, CSV Injection)."""
    body = await exported(exporter, selection(ExportKind.TRACES, ExportFormat.CSV, project_id))
    cells = pd.read_csv(io.BytesIO(body), comment="#", dtype=str, keep_default_na=False)

    assert not [
        cell for cell in cells.to_numpy().flat if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
    ]


@pytest.mark.parametrize("kind", ExportKind)
async def test_two_halves_equal_the_whole(exporter: Exporter, project_id: str, kind: ExportKind) -> None:
    """From whichever row one goes on, nothing is missing and nothing comes twice."""
    wanted = selection(kind, ExportFormat.NDJSON, project_id)
    whole, _ = lines_of(await exported(exporter, wanted))
    for cut in range(1, len(whole), 5):
        after = bookmark_in(":".join(list(orjson.loads(whole[cut - 1]).values())[: KEYS[kind]]), kind)
        rest, _ = lines_of(await exported(exporter, wanted, Part(after=after)))
        first, _ = lines_of(await exported(exporter, wanted, Part(limit=cut)))

        assert [*first, *rest] == whole


async def test_a_whole_file_proves_itself(exporter: Exporter, project_id: str) -> None:
    """The end of each file has the number of its rows, and the digest of all that comes before."""
    traces = [selection(ExportKind.TRACES, form, project_id) for form in ExportFormat]
    lines, sheet, table = [await exported(exporter, each) for each in traces]
    body, end = lines[: lines.rindex(b'{"end"')], orjson.loads(lines.splitlines()[-1])["end"]
    comment = sheet.splitlines()[-1].decode()
    footer = pq.ParquetFile(io.BytesIO(table)).metadata.metadata
    size = int(footer[b"tracegraph.bytes"])

    assert end == {"rows": len(NASTY), "sha256": hashlib.sha256(body).hexdigest()}
    digest = hashlib.sha256(sheet[: sheet.rindex(b"#end")]).hexdigest()
    assert comment == f"#end rows={len(NASTY)} sha256={digest}"
    assert footer[b"tracegraph.rows"] == str(len(NASTY)).encode()
    assert footer[b"tracegraph.sha256"] == hashlib.sha256(table[:size]).hexdigest().encode()


@pytest.mark.parametrize("form", ExportFormat)
async def test_an_export_of_nothing_is_a_file_too(exporter: Exporter, project_id: str, form: ExportFormat) -> None:
    """When nothing matches there is a file without rows, which says so."""
    nothing = TraceFilter(name=StringFilter(eq="absent"))
    body = await exported(exporter, selection(ExportKind.TRACES, form, project_id, traces=nothing))

    if form is ExportFormat.PARQUET:
        assert pq.ParquetFile(io.BytesIO(body)).metadata.metadata[b"tracegraph.rows"] == b"0"
    else:
        assert b"rows" in body.splitlines()[-1]


async def test_filters_and_fields_choose(exporter: Exporter, project_id: str) -> None:
    """Only the rows that both filters name leave, with the fields that were named and their keys."""
    wanted = selection(
        ExportKind.STEPS,
        ExportFormat.NDJSON,
        project_id,
        fields=["status"],
        traces=TraceFilter(step_count=IntFilter(gt=BigInt(3))),
        steps=StepFilter(input_tokens=IntFilter(lte=BigInt(5))),
    )
    rows, _ = lines_of(await exported(exporter, wanted))

    assert [list(orjson.loads(row)) for row in rows] == [["projectId", "traceId", "id", "status"]] * 2
    assert await exporter.count(wanted) == 2


async def test_projects_come_one_after_the_other(exporter: Exporter, database: Database, project_id: str) -> None:
    """An export of several projects has all of theirs, and nothing of any other; it can go on anywhere."""
    others = [(await create_project(database, name))["id"] for name in ("other", "third")]
    for other in others:
        await store_many(database, other, 3)
    wanted = selection(ExportKind.STEPS, ExportFormat.NDJSON, project_id, others[0])
    whole, _ = lines_of(await exported(exporter, wanted))
    first = next(row for row in whole if others[0].encode() in row)
    keys = list(orjson.loads(first).values())[:3]
    rest, _ = lines_of(await exported(exporter, wanted, Part(after=bookmark_in(":".join(keys), ExportKind.STEPS))))

    assert len(whole) == len(NASTY) + 3
    assert rest == whole[whole.index(first) + 1 :]
    assert {orjson.loads(row)["projectId"] for row in whole} == {project_id, others[0]}


async def test_an_export_is_one_snapshot(exporter: Exporter, database: Database, project_id: str) -> None:
    """What is stored after an export began is not in it, whichever project it is in."""
    later = (await create_project(database, "later"))["id"]
    body = io.BytesIO()

    async def write(piece: bytes) -> None:
        if not body.tell():
            await store_many(database, later, 1)
        body.write(piece)

    assert later > project_id
    await exporter.export(selection(ExportKind.STEPS, ExportFormat.NDJSON, project_id, later), write)
    rows, _ = lines_of(body.getvalue())

    assert len(rows) == len(NASTY)


async def test_there_are_only_so_many_at_a_time(exporter: Exporter, project_id: str) -> None:
    """Exports beyond the limit are told to come later; those that run don't notice."""
    begun, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def write(_: bytes) -> None:
        begun.release()
        await go_on.wait()

    wanted = selection(ExportKind.TRACES, ExportFormat.NDJSON, project_id)
    running = [asyncio.create_task(exporter.export(wanted, write)) for _ in range(2)]
    for _ in running:
        await begun.acquire()
    with pytest.raises(Overloaded):
        await exporter.export(wanted, write)
    go_on.set()

    assert await asyncio.gather(*running) == [len(NASTY)] * 2
    assert await exporter.export(wanted, write) == len(NASTY)


@pytest.mark.parametrize("stop", [lambda: asyncio.Event().wait(), None])
async def test_who_does_not_read_holds_nothing_up(
    exporter: Exporter, database: Database, project_id: str, stop: Callable[[], Any] | None
) -> None:
    """An export that nobody reads ends, and so does its transaction in PostgreSQL: by its deadline, or when told to."""
    await store_many(database, project_id, 20_000)
    exporter.seconds = 0.5

    async def write(_: bytes) -> None:
        if stop is None:
            raise Stalled
        await stop()

    with pytest.raises(Stalled if stop is None else Unavailable):
        await exporter.export(selection(ExportKind.STEPS, ExportFormat.NDJSON, project_id), write)

    assert await eventually(lambda: nobody_exports(database))


async def test_rows_leave_as_they_are_read(exporter: Exporter, database: Database, project_id: str) -> None:
    """PostgreSQL sorts no whole project, which it would have to write to disk before the first row leaves."""
    await store_many(database, project_id, 20_000)
    await database.execute("VACUUM ANALYZE trace_steps")
    await exported(exporter, selection(ExportKind.STEPS, ExportFormat.NDJSON, project_id))
    # A session has told what it spilled before it is gone.
    await eventually(lambda: nobody_exports(database))
    spilled = await database.fetchrow(SPILLED)

    assert spilled is not None
    assert spilled[0] == 0


async def test_progress_is_told_row_by_row(exporter: Exporter, database: Database, project_id: str) -> None:
    """Whoever watches an export hears of its rows while they pass."""
    await store_many(database, project_id, 2_000)
    heard: list[int] = []

    async def write(_: bytes) -> None:
        return

    wanted = selection(ExportKind.STEPS, ExportFormat.PARQUET, project_id)
    rows = await exporter.export(wanted, write, progress=heard.append)

    assert len(heard) > 1
    assert sum(heard) == rows == 2_000 + len(NASTY)


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in (*WORDS, *JSON) if name in row}


def by_duckdb(query: str) -> list[dict[str, Any]]:
    found = duckdb.sql(query)
    assert found is not None
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def read(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose JSON is text, with what the texts mean."""
    return row | {name: orjson.loads(row[name]) for name in JSON if row.get(name) is not None}


def microseconds(time: str) -> int:
    return (datetime.fromisoformat(time) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def unguarded(cell: str | None) -> str:
    """A cell without the quote that stands in front of what could be a formula."""
    return "" if cell is None else cell.removeprefix("'")
