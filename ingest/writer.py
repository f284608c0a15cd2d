"""The writer: takes everything that waits for a project and commits it as one group, then wakes the callers."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from ingest.announcing import Publisher, announce
from ingest.drafts import Draft, StepCorrection, StepDraft
from ingest.metrics import COMMIT_SECONDS, GROUP_SIZES, RECORDS
from ingest.outcomes import Outcome, Problem, Status
from ingest.pricing import Price
from ingest.records import Record, StepRecord, step_record, trace_record
from ingest.rules import latest_id, problems
from ingest.transaction import Committed, commit
from ingest.weeks import Weeks
from models import faults
from models.database import Database
from models.errors import Fault, Invalid, OutcomeUnknown, Overloaded, Unavailable
from models.ids import canonical

TRANSACTIONS = 2  # in flight at once, of different projects
GROUP_ROWS = 1_000
ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much may wait, and for how long a commit may take."""

    waiting_rows: int = 20_000
    waiting_bytes: int = 64 * 1024 * 1024
    deadline: float = 5.0


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The records of one caller."""

    records: list[Record]
    size: int
    done: asyncio.Future[list[Outcome]]

    def answer(self, results: Sequence[Outcome | Exception]) -> None:
        """Wake the caller, unless it has gone."""
        outcomes = [result for result in results if isinstance(result, Outcome)]
        failures = [result for result in results if isinstance(result, Exception)]
        if self.done.done():
            return
        if failures:
            self.done.set_exception(_told(failures, stored=len(outcomes)))
        else:
            self.done.set_result(outcomes)


class Writer:
    """The one way in. Made by `open_writer`."""

    def __init__(self, database: Database, publisher: Publisher, price: Price, limits: Limits) -> None:
        self._database = database
        self._publisher = publisher
        self._price = price
        self._limits = limits
        self._weeks = Weeks(database)
        self._queues: OrderedDict[str, deque[Waiting]] = OrderedDict()
        self._busy: set[str] = set()
        self._rows = 0
        self._bytes = 0
        self._ready = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def waiting_rows(self) -> int:
        """How many records wait for their commit."""
        return self._rows

    async def record(self, project_id: str, drafts: Sequence[Draft]) -> list[Outcome]:
        """Store the drafts durably; answers after the commit, one outcome per draft, refused ones by themselves.

        Raises Overloaded when too much is waiting, Unavailable when the database is away, OutcomeUnknown when the
        connection broke during the commit.
        """
        now = datetime.now(UTC)
        latest = latest_id(now.replace(microsecond=0))
        verdicts = [problems(draft, latest) for draft in drafts]
        records = [_record(draft, now) for draft, faulty in zip(drafts, verdicts, strict=True) if not faulty]
        stored = iter(await self._enqueue(project_id, records) if records else [])
        outcomes = [
            _refused(draft, faulty) if faulty else next(stored) for draft, faulty in zip(drafts, verdicts, strict=True)
        ]
        for status, count in Counter(outcome.status for outcome in outcomes).items():
            RECORDS.labels(status).inc(count)
        return outcomes

    async def run(self) -> None:
        """Commit group after group until cancelled; the groups under way are finished first."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(TRANSACTIONS):
                workers.create_task(self._work())

    async def drain(self) -> None:
        """Wait until nothing is waiting."""
        await self._idle.wait()

    async def _enqueue(self, project_id: str, records: list[Record]) -> list[Outcome]:
        size = sum(len(record.input or "") + len(record.output or "") for record in records)
        if self._rows and (
            self._rows + len(records) > self._limits.waiting_rows or self._bytes + size > self._limits.waiting_bytes
        ):
            raise Overloaded(retry_after=1.0)
        waiting = Waiting(records=records, size=size, done=asyncio.get_running_loop().create_future())
        self._queues.setdefault(project_id, deque()).append(waiting)
        self._rows += len(records)
        self._bytes += size
        self._idle.clear()
        self._ready.set()
        return await waiting.done

    async def _work(self) -> None:
        while True:
            project_id = next((each for each in self._queues if each not in self._busy), None)
            if project_id is None:
                self._ready.clear()
                await self._ready.wait()
                continue
            await asyncio.shield(self._finish(project_id, self._take(project_id)))

    def _take(self, project_id: str) -> list[Waiting]:
        """Everything that waits for a project, up to a full group; the project goes to the end of the line."""
        queue = self._queues.pop(project_id)
        group = [queue.popleft()]
        rows = len(group[0].records)
        while queue and rows + len(queue[0].records) <= GROUP_ROWS:
            rows += len(queue[0].records)
            group.append(queue.popleft())
        if queue:
            self._queues[project_id] = queue
        return group

    async def _finish(self, project_id: str, group: list[Waiting]) -> None:
        # One transaction of a project at a time: a second one would only wait for the first one's lock, and what
        # arrives meanwhile makes a larger group.
        self._busy.add(project_id)
        try:
            await self._commit_group(project_id, group)
        finally:
            self._busy.discard(project_id)
            self._rows -= sum(len(waiting.records) for waiting in group)
            self._bytes -= sum(waiting.size for waiting in group)
            self._ready.set()
            if not self._rows:
                self._idle.set()

    async def _commit_group(self, project_id: str, group: list[Waiting]) -> None:
        records = [record for waiting in group for record in waiting.records]
        commits: list[Committed] = []
        results = iter(await self._isolated(project_id, records, commits))
        for waiting in group:
            waiting.answer([next(results) for _ in waiting.records])
        # Whoever waits for an answer goes before those who follow.
        for committed in commits:
            await announce(self._publisher, project_id, committed)

    async def _isolated(
        self, project_id: str, records: list[Record], commits: list[Committed]
    ) -> list[Outcome | Exception]:
        """Commit the records together; when the database refuses a value, halve until the poisoned one stands alone.

        What fails otherwise fails for all records of its half. What was committed is added to `commits`.
        """
        try:
            commits.append(await self._attempt(project_id, records))
        except Invalid as refusal:
            if len(records) == 1:
                return [_poisoned(records[0], refusal)]
            middle = len(records) // 2
            head = await self._isolated(project_id, records[:middle], commits)
            return head + await self._isolated(project_id, records[middle:], commits)
        except Exception as error:  # noqa: BLE001  a door of its own: every caller gets the error
            return [error] * len(records)
        return [*commits[-1].outcomes]

    async def _attempt(self, project_id: str, records: list[Record]) -> Committed:
        now = datetime.now(UTC)
        if steps := [record.id for record in records if isinstance(record, StepRecord)]:
            await self._weeks.ensure(steps, now)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with COMMIT_SECONDS.time():
                    async with self._database.connection(self._limits.deadline) as connection:
                        committed = await commit(connection, project_id, records, now, self._price)
                GROUP_SIZES.observe(len(records))
                return committed
            except Unavailable as error:
                if attempt == ATTEMPTS or error.__cause__ is None or not faults.retryable(error.__cause__):
                    raise
        raise Unavailable


@asynccontextmanager
async def open_writer(
    database: Database, publisher: Publisher, price: Price, limits: Limits | None = None
) -> AsyncIterator[Writer]:
    """Run a writer; at the end wait until everything accepted is committed."""
    writer = Writer(database, publisher, price, limits or Limits())
    running = asyncio.create_task(writer.run())
    try:
        yield writer
        await writer.drain()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _record(draft: Draft, now: datetime) -> Record:
    if isinstance(draft, StepDraft | StepCorrection):
        return step_record(draft, now)
    return trace_record(draft, now)


def _refused(draft: Draft, faulty: Sequence[Problem]) -> Outcome:
    identity = canonical(draft.id) if draft.id else None
    trace_id = canonical(draft.trace_id) if isinstance(draft, StepDraft | StepCorrection) else identity
    return Outcome(status=Status.REFUSED, id=identity, trace_id=trace_id, problems=tuple(faulty))


def _told(failures: Sequence[Exception], stored: int) -> Exception:
    """What a caller hears whose records went to several transactions, of which some failed."""
    in_doubt = stored or any(isinstance(failure, OutcomeUnknown) for failure in failures)
    if in_doubt and all(isinstance(failure, Unavailable) for failure in failures):
        return OutcomeUnknown()
    return failures[0]


def _poisoned(record: Record, refusal: Fault) -> Outcome:
    problem = Problem(code="INVALID", message=refusal.message, path=refusal.path)
    trace_id = getattr(record, "trace_id", record.id)
    return Outcome(status=Status.REFUSED, id=record.id, trace_id=trace_id, problems=(problem,))
