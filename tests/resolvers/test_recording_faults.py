"""Batches for several projects when the database goes away between their commits."""

from dataclasses import replace

import pytest

from ingest.drafts import TraceDraft
from ingest.pricing import unpriced
from ingest.writer import open_writer
from models.errors import OutcomeUnknown, Unavailable
from models.values import Id
from pubsub.memory import MemoryBroker
from resolvers import recording
from resolvers.context import Context
from resolvers.recording import Batch
from tests.fakes.database import rationed
from tests.resolvers.conftest import elsewhere


@pytest.mark.parametrize(("commits", "expected"), [(0, Unavailable), (1, OutcomeUnknown)])
async def test_a_batch_stored_in_some_projects_only_is_in_doubt(
    context: Context, commits: int, expected: type[Unavailable]
) -> None:
    """A batch has failed when none of its projects has it, and nobody can say so when one of them does."""
    other = await elsewhere(context)
    traces = [TraceDraft(name="run", project=Id(place.project_id)) for place in (context, other)]
    async with open_writer(rationed(context.database, commits), MemoryBroker(), unpriced) as writer:
        with pytest.raises(Unavailable) as failure:
            await recording.ingest(replace(context, writer=writer), Batch(traces=traces))

    assert type(failure.value) is expected
