"""`python -m server export`: an export into a file, chosen like any other and watched while it grows."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

import msgspec
import orjson

from auth.projects import DEFAULT, find_project
from auth.viewer import READ, Viewer
from export.bookmark import bookmark_in
from export.exporter import Exporter, Part
from export.selection import ExportFormat, ExportKind, Selection
from export.tickets import Tickets
from ingest.pricing import unpriced
from ingest.writer import open_writer
from models.database import Database, open_database
from models.errors import Invalid, NotFound
from operations.engine import Engine
from operations.variables import Sent
from pubsub.memory import MemoryBroker
from resolvers.context import Context
from resolvers.exports import PATH

# Whoever has the database needs no key.
OPERATOR: Final = Viewer(
    key_id="00000000-0000-0000-0000-000000000000",
    key_name="command line",
    scopes=frozenset({READ}),
    project_id=None,
    expires_at=None,
)
CREATE: Final = """
mutation Export($input: CreateExportInput!) {
  createExport(input: $input) { export { url } userErrors { message path } }
}
"""
WIDTH: Final = 30
EVERY_SECONDS: Final = 0.1


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("--output", required=True, type=Path, help="the file to write")
    parser.add_argument("--kind", choices=[kind.lower() for kind in ExportKind], default="traces", help="what rows are")
    parser.add_argument("--format", choices=[form.lower() for form in ExportFormat], default="ndjson", help="its form")
    parser.add_argument("--project", default=DEFAULT, help="the name or id of the project")
    parser.add_argument("--traces", help="which traces, or the steps of which traces: a TraceFilter as JSON")
    parser.add_argument("--steps", help="which steps: a StepFilter as JSON")
    parser.add_argument("--fields", help="the names of the fields, separated by commas; without, all")
    parser.add_argument("--after", help="go on after this row: its keys, joined by colons")
    parser.add_argument("--limit", type=int, help="how many rows at most")


async def export_to_file(engine: Engine, url: str, seconds: float, options: argparse.Namespace) -> int:
    """Write the file; returns its number of rows. Under its name there is only ever a whole file.

    Raises Invalid for options that are not valid and for a file that can't be written, NotFound for the project.
    """
    async with open_database(url, connections=2) as database:
        exporter = Exporter(database=database, url=url, connections=1, seconds=seconds)
        selection = await _selection(engine, database, options)
        after = None if options.after is None else bookmark_in(options.after, selection.kind)
        part = Part(after=after, limit=options.limit)
        bar = Bar(total=await exporter.count(selection, part), out=sys.stderr) if sys.stderr.isatty() else None
        growing = options.output.with_name(options.output.name + ".part")
        try:
            with growing.open("wb") as file:
                rows = await exporter.export(selection, _Writing(file).write, part, bar.advance if bar else None)
            growing.replace(options.output)
        except OSError as error:
            raise _unwritable(error) from error
        finally:
            growing.unlink(missing_ok=True)
            if bar is not None:
                bar.end()
    return rows


async def _selection(engine: Engine, database: Database, options: argparse.Namespace) -> Selection:
    """What the options choose: read by the same mutation that gives URLs."""
    project = await find_project(database, options.project)
    if project is None:
        raise NotFound(f"There is no project {options.project!r}.")
    wanted: dict[str, Any] = {"kind": options.kind.upper(), "format": options.format.upper()}
    if options.fields:
        wanted["fields"] = [name.strip() for name in options.fields.split(",")]
    for name in ("traces", "steps"):
        if getattr(options, name) is not None:
            wanted[name] = _json(name, getattr(options, name))
    tickets, broker = Tickets(longest=None), MemoryBroker()
    async with open_writer(database, broker, unpriced) as writer:
        context = Context(
            viewer=OPERATOR, project_id=project["id"], database=database, writer=writer, broker=broker, tickets=tickets
        )
        variables = Sent({"input": msgspec.Raw(orjson.dumps(wanted))})
        answer = orjson.loads((await engine.run(engine.prepare(CREATE, None), variables, context)).body)
    ticket = await tickets.read(database, _url_in(answer).removeprefix(PATH))
    return ticket.selection


def _url_in(answer: Mapping[str, Any]) -> str:
    errors = answer.get("errors") or answer["data"]["createExport"]["userErrors"]
    if errors:
        raise Invalid(errors[0]["message"])
    url: str = answer["data"]["createExport"]["export"]["url"]
    return url


def _json(name: str, text: str) -> orjson.Fragment:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"--{name} is no valid JSON: {error.msg}.") from None
    return orjson.Fragment(text)


class _Writing:
    """Writes beside the event loop, and tells trouble with the file from trouble with the database."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    async def write(self, piece: bytes) -> None:
        """Write some bytes. Raises Invalid."""
        try:
            await asyncio.to_thread(self._file.write, piece)
        except OSError as error:
            raise _unwritable(error) from error


def _unwritable(error: OSError) -> Invalid:
    return Invalid(f"The file can't be written: {error.strerror}.")


@dataclass(kw_only=True)
class Bar:
    """A line that shows how far something has come."""

    total: int
    out: TextIO
    done: int = 0
    _begun: float = field(default_factory=time.monotonic)
    _shown: float = 0.0

    def advance(self, rows: int) -> None:
        """Note some more rows, and show them now and then."""
        self.done += rows
        if time.monotonic() - self._shown >= EVERY_SECONDS:
            self._show()

    def end(self) -> None:
        """Show the last state, and leave the line."""
        self._show()
        self.out.write("\n")

    def _show(self) -> None:
        self._shown = time.monotonic()
        share = min(self.done / self.total, 1.0) if self.total else 1.0
        pace = self.done / max(self._shown - self._begun, 0.001)
        line = "#" * round(share * WIDTH)
        self.out.write(f"\r[{line:<{WIDTH}}] {share:4.0%}  {self.done:,} of {self.total:,} rows  {pace:,.0f}/s ")
        self.out.flush()
