"""What callers of the writer hear when the database goes away between the transactions of one group."""

import asyncio

import pytest

from ingest.drafts import TraceDraft
from ingest.outcomes import Status
from ingest.pricing import unpriced
from ingest.writer import open_writer
from models.database import Database
from models.errors import OutcomeUnknown, Unavailable
from models.values import Json
from pubsub.memory import MemoryBroker
from tests.fakes.database import rationed

GOOD = TraceDraft(name="run")
POISON = TraceDraft(name="poison", input=Json("{"))


async def test_a_batch_of_which_a_part_is_stored_has_an_unknown_outcome(database: Database, project_id: str) -> None:
    """A batch that was split around a poisoned record, and stored by half when the database went away, is in doubt."""
    async with open_writer(rationed(database, 2), MemoryBroker(), unpriced) as writer:
        with pytest.raises(OutcomeUnknown):
            await writer.record(project_id, [GOOD, GOOD, GOOD, POISON])


async def test_a_batch_of_which_nothing_is_stored_has_failed(database: Database, project_id: str) -> None:
    """When the database goes away before anything is stored, there is no doubt."""
    async with open_writer(rationed(database, 1), MemoryBroker(), unpriced) as writer:
        with pytest.raises(Unavailable) as failure:
            await writer.record(project_id, [POISON, GOOD])

    assert not isinstance(failure.value, OutcomeUnknown)


async def test_who_is_stored_hears_so_whatever_becomes_of_the_others(database: Database, project_id: str) -> None:
    """Of two callers in one group, the one whose half is stored hears so, and the other one that it has failed."""
    async with open_writer(rationed(database, 2), MemoryBroker(), unpriced) as writer:
        calls = [writer.record(project_id, [GOOD, GOOD]), writer.record(project_id, [POISON, GOOD])]
        stored, failed = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(stored, list)
    assert [outcome.status for outcome in stored] == [Status.CREATED] * 2
    assert type(failed) is Unavailable
