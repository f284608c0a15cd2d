"""The verdict on a database after a fault: everything in which it contradicts the ledger, the subscriber, or itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Hashable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from analytics.merging import merge_project
from models.database import Database
from pubsub import event
from tests.analytics.tiers import UNITS, expected, held
from tests.faults.ledger import Ledger, Verdict
from tests.faults.mutations import Fact
from tests.faults.subscriber import Seen, Subscriber
from tests.ingest.recomputation import recomputed_rollups, recomputed_totals, stored_rollups, stored_totals

TRACES = "SELECT id, name, status FROM traces WHERE project_id = $1"
STEPS = "SELECT id, name, status, output_tokens FROM trace_steps WHERE project_id = $1"
LOG = "SELECT first_pos, last_pos, events FROM event_log WHERE project_id = $1 ORDER BY last_pos"
HEAD = "SELECT position FROM event_heads WHERE project_id = $1"


async def findings(
    database: Database, project_id: str, ledger: Ledger, subscriber: Subscriber | None = None
) -> list[str]:
    """Every loss, doubling, half and gap, each as a sentence; empty when all promises were kept."""
    facts = await stored_facts(database, project_id)
    log, found = await read_log(database, project_id)
    found += [*ledger.surprises, *contradictions(ledger, facts), *wrong_events(log, facts)]
    if await stored_totals(database, project_id) != await recomputed_totals(database, project_id):
        found.append("totals: those of the traces are not what their steps add up to")
    if await stored_rollups(database, project_id) != await recomputed_rollups(database, project_id):
        found.append("roll-ups: they are not what the rows add up to")
    found += [finding async for finding in wrong_tiers(database, project_id)]
    if subscriber is not None:
        found += [*subscriber.surprises, *mistold(subscriber.seen, log)]
    return found


def mistold(seen: Sequence[Seen], log: Sequence[Seen]) -> Iterator[str]:
    """Whatever a subscriber was not told just once and in order, of the events that were committed."""
    if seen != log:
        yield f"subscriber: it was told {_difference(seen, log)}"


async def wrong_tiers(database: Database, project_id: str) -> AsyncIterator[str]:
    """Tiers of roll-ups that are not what the rows add up to, as they are now and when all is merged."""
    for when in ("before", "after"):
        for tier in UNITS:
            if await held(database, project_id, tier) != await expected(database, project_id, tier):
                yield f"roll-ups: {tier} is not what the rows add up to {when} the last merge"
        await merge_project(database, project_id, datetime.now(UTC))


async def head_of(database: Database, project_id: str) -> int:
    """The last position of the project; 0 when even the project was lost."""
    row = await database.fetchrow(HEAD, project_id)
    return int(row["position"]) if row else 0


async def stored_facts(database: Database, project_id: str) -> set[Fact]:
    """Everything that the rows say and a mutation may have said."""
    rows = [("traces", row) for row in await database.fetch(TRACES, project_id)]
    rows += [("trace_steps", row) for row in await database.fetch(STEPS, project_id)]
    return {
        Fact(table=table, id=row["id"], column=column, value=str(value))
        for table, row in rows
        for column, value in row.items()
        if column != "id"
    }


async def read_log(database: Database, project_id: str) -> tuple[list[Seen], list[str]]:
    """The events that were committed, in the order of their positions, and what is wrong with the positions."""
    rows = await database.fetch(LOG, project_id)
    events = [told for row in rows for told in event.decode(row["events"], row["first_pos"])]
    log = [Seen(position=told.position, type=told.type, subject=told.step_id or told.trace_id) for told in events]
    head = await head_of(database, project_id)
    dense = [told.position for told in log] == list(range(1, head + 1))
    whole = all(row["last_pos"] - row["first_pos"] + 1 == len(event.decode(row["events"], 1)) for row in rows)
    return log, [] if dense and whole else [f"positions: the log is not 1 to {head}, each once"]


def contradictions(ledger: Ledger, facts: set[Fact]) -> Iterator[str]:
    """What the ledger says of each mutation, against what is stored."""
    for mutation in ledger.mutations.values():
        verdict, stated = ledger.verdict(mutation), len(mutation.facts)
        stored = sum(fact in facts for fact in mutation.facts)
        if verdict is Verdict.OK and stored < stated:
            yield f"lost: {mutation.key} was acknowledged; {stored} of its {stated} facts are there"
        elif verdict is Verdict.FAIL and stored:
            yield f"not refused: {mutation.key} failed; {stored} of its {stated} facts are there"
        elif 0 < stored < stated:
            yield f"half: {mutation.key}; {stored} of its {stated} facts are there"


def wrong_events(log: Sequence[Seen], facts: set[Fact]) -> Iterator[str]:
    """Everything stored has started once, and has finished once if it is finished; nothing else has."""
    started = Counter(fact.id for fact in facts if fact.column == "status")
    finished = Counter(fact.id for fact in facts if fact.column == "status" and fact.value != "RUNNING")
    for suffix, due in (("_STARTED", started), ("_FINISHED", finished)):
        told = Counter(entry.subject for entry in log if entry.type.endswith(suffix))
        if told != due:
            yield f"events: {suffix[1:]} was told {_difference(told.elements(), due.elements())}"


def _difference(actual: Iterable[Hashable], expected: Iterable[Hashable]) -> str:
    surplus, missing = Counter(actual), Counter(expected)
    return f"{(surplus - missing).total()} too many, {(missing - surplus).total()} too few, or out of order"
