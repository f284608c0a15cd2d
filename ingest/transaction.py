"""One transaction for a group of records of one project: rows, totals, roll-ups, positions and events together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from ingest import parents, repricing, totals
from ingest.merge import UPSERT_STEPS, UPSERT_TRACES
from ingest.outcomes import Outcome, Status
from ingest.pricing import Price
from ingest.records import Record, StepRecord, TraceRecord
from ingest.rollups import APPEND, RollUps
from models import faults
from models.database import Connection
from models.enums import EventType
from models.errors import NotFound, OutcomeUnknown
from models.rows import Row
from pubsub.event import Happening, encode

R = TypeVar("R", TraceRecord, StepRecord)

# Begins a transaction with the row lock that puts the writers of a project in the order of their positions, in one
# round trip; it takes no parameters.
BEGIN = "BEGIN; SELECT FROM event_heads WHERE project_id = '{project_id}' FOR UPDATE"
LOCKED = "SELECT 1"  # how PostgreSQL calls it

# Advances the head, appends the commit's events to the log and the deltas to the roll-ups, in one round trip.
CLOSE = f"""
WITH head AS (UPDATE event_heads SET position = position + $3 WHERE project_id = $1 RETURNING position),
log AS (
    INSERT INTO event_log (project_id, first_pos, last_pos, events, committed_at)
    SELECT $1, position - $3 + 1, position, $4::json, $5 FROM head
),
deltas AS ({APPEND})
SELECT position FROM head
"""

LIFE = {
    "TRACE": (EventType.TRACE_STARTED, EventType.TRACE_UPDATED, EventType.TRACE_FINISHED),
    "STEP": (EventType.STEP_STARTED, EventType.STEP_UPDATED, EventType.STEP_FINISHED),
}


@dataclass(frozen=True, kw_only=True)
class Committed:
    """What a transaction did: an outcome per record, and what to publish (`payload` is None when nothing changed)."""

    outcomes: list[Outcome]
    first_position: int = 0
    last_position: int = 0
    payload: str | None = None


@dataclass(kw_only=True)
class Changes:
    """What the statements of a transaction brought about, gathered as they run."""

    connection: Connection
    project_id: str
    now: datetime
    price: Price
    statuses: dict[tuple[str, ...], list[Status]] = field(default_factory=dict)
    events: list[Happening] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)
    before: dict[str, Row | None] = field(default_factory=dict)
    after: dict[str, Row] = field(default_factory=dict)
    gone_steps: list[Row] = field(default_factory=list)
    gone_traces: list[Row] = field(default_factory=list)

    async def merge_traces(self, records: Sequence[TraceRecord]) -> None:
        """Upsert the traces, each id once per statement."""
        for wave in waves(records):
            rows = await self.connection.fetch(UPSERT_TRACES, self.project_id, wave, self.now)
            changed = {row["id"]: row for row in rows}
            for record in wave:
                row = changed.get(record.id)
                self._note((record.id,), row)
                if row is not None:
                    self.remember(row, created=row["created"])
                    self.events += [(kind, record.id, None) for kind in happened("TRACE", row)]

    async def merge_steps(self, records: Sequence[StepRecord]) -> None:
        """Upsert the steps, each id once per statement; costs that nobody reported follow the merged row."""
        for wave in waves(await parents.found(self.connection, self.project_id, records)):
            priced = [repricing.priced(record, self.price) for record in wave]
            merged = await self.connection.fetch(UPSERT_STEPS, self.project_id, priced, self.now)
            rows = await repricing.corrected(self.connection, self.project_id, merged, self.price)
            changed = {(row["trace_id"], row["id"]): row for row in rows}
            for record in wave:
                row = changed.get((record.trace_id, record.id))
                self._note((record.trace_id, record.id), row)
                if row is not None:
                    self.steps.append(row)
                    self.events += [(kind, record.trace_id, record.id) for kind in happened("STEP", row)]
        adopted = await parents.adopt(self.connection, self.project_id, self.steps, self.now)
        self.events += [(EventType.STEP_UPDATED, row["trace_id"], row["id"]) for row in adopted]

    async def add_totals(self) -> None:
        """Carry the changed steps over into the totals of their traces; one that is not there yet begins with them."""
        if not self.steps:
            return
        gains = totals.gains(totals.totals_of(self.steps))
        rows = await self.connection.fetch(totals.ADD, self.project_id, gains, self.now)
        for row in rows:
            self.remember(row, created=row["created"])
            if not row["created"] and row["old_status"] != row["new_status"]:
                self.events.append((EventType.TRACE_UPDATED, row["id"], None))
        self.events[:0] = [(EventType.TRACE_STARTED, row["id"], None) for row in rows if row["created"]]
        shrunk = sorted({row["trace_id"] for row in self.steps if totals.must_recount(row)})
        if shrunk:
            for row in await self.connection.fetch(totals.RECOUNT, self.project_id, shrunk):
                self.remember(row, created=False)

    async def close(self) -> Committed:
        """Append the roll-up deltas, advance the head and write the log."""
        if not self.events:
            return Committed(outcomes=[])
        rollups = RollUps()
        for step in self.steps:
            rollups.replace_step(step)
        for identity, row in self.after.items():
            rollups.replace_trace(self.before[identity], row)
        for step in self.gone_steps:
            rollups.remove_step(step)
        for trace in self.gone_traces:
            rollups.remove_trace(trace)
        count, payload = len(self.events), encode(self.events, self.now)
        last = await self.connection.fetchval(CLOSE, self.project_id, rollups.gains(), count, payload, self.now)
        return Committed(outcomes=[], first_position=last - count + 1, last_position=last, payload=payload)

    def _note(self, key: tuple[str, ...], row: Row | None) -> None:
        status = Status.DUPLICATE if row is None else Status.CREATED if row["created"] else Status.UPDATED
        self.statuses.setdefault(key, []).append(status)

    def remember(self, row: Row, *, created: bool) -> None:
        """Note what a statement did to a trace, for the roll-ups: as it first was and as it last became."""
        self.before.setdefault(row["id"], None if created else row)
        self.after[row["id"]] = row


async def commit(
    connection: Connection, project_id: str, records: Sequence[Record], now: datetime, price: Price
) -> Committed:
    """Write the records of one project in one transaction; committed when this returns.

    Raises NotFound for a project that is not there, else the driver's errors; nothing is written then, unless the
    connection broke during COMMIT itself.
    """
    changes = Changes(connection=connection, project_id=project_id, now=now, price=price)
    async with transaction(connection, project_id):
        await changes.merge_traces([record for record in records if isinstance(record, TraceRecord)])
        await changes.merge_steps([record for record in records if isinstance(record, StepRecord)])
        await changes.add_totals()
        closed = await changes.close()
    return Committed(
        outcomes=list(_outcomes(records, changes.statuses)),
        first_position=closed.first_position,
        last_position=closed.last_position,
        payload=closed.payload,
    )


@asynccontextmanager
async def transaction(connection: Connection, project_id: str) -> AsyncIterator[None]:
    """A transaction that is the only writer of its project; rolled back when the body raises.

    Raises NotFound for a project that is not there, OutcomeUnknown when the connection breaks during COMMIT.
    """
    try:
        if await connection.execute(BEGIN.format(project_id=UUID(project_id))) != LOCKED:
            raise NotFound("There is no such project.")  # noqa: TRY301  it has to be rolled back
        yield
    except BaseException as error:
        if not faults.poisons(error):
            await connection.execute("ROLLBACK")
        raise
    try:
        await connection.execute("COMMIT")
    except BaseException as error:
        if faults.refused_commit(error):
            raise
        raise OutcomeUnknown from error


def waves(records: Iterable[R]) -> Iterator[list[R]]:
    """Split the records so that no id comes twice in a list, each id's records staying in their order."""
    split: list[list[R]] = []
    seen: dict[tuple[str, ...], int] = {}
    for record in records:
        key = key_of(record)
        number = seen.get(key, 0)
        seen[key] = number + 1
        if number == len(split):
            split.append([])
        split[number].append(record)
    yield from split


def key_of(record: Record) -> tuple[str, ...]:
    """What identifies a record within its project."""
    return (record.trace_id, record.id) if isinstance(record, StepRecord) else (record.id,)


def happened(subject: str, row: Row) -> list[EventType]:
    """The events of a changed row: its start when it is new, its end when it ended, or else an update."""
    started, updated, finished = LIFE[subject]
    ended = row["new_status"] != "RUNNING" and row["old_status"] in (None, "RUNNING")
    if row["created"]:
        return [started, finished] if ended else [started]
    return [finished] if ended else [updated]


def _outcomes(records: Sequence[Record], statuses: Mapping[tuple[str, ...], list[Status]]) -> Iterator[Outcome]:
    remaining = {key: iter(noted) for key, noted in statuses.items()}
    for record in records:
        key = key_of(record)
        yield Outcome(status=next(remaining[key]), id=record.id, trace_id=key[0])
