"""What the doors log while a test runs, and a WebSocket door that the tests of a module share."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from tests.fakes.admission import FakeAdmission
from tests.server.listening import listening
from tests.server.sockets import door


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """The lines that were logged so far."""
    with capture_logs() as lines:
        yield lines


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncIterator[str]:
    """Where a WebSocket door to the fake contract listens."""
    async with listening(door(FakeAdmission())) as address:
        yield address
