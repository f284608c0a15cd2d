"""What the doors log while a test runs, an HTTP door, and a WebSocket door that the tests of a module share."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import httpx
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from operations.deadlines import Deadlines
from operations.engine import engine
from server.drain import Drain
from server.graphql import GraphQLDoor
from server.sse import EventStreams
from tests.fakes.admission import KEY, FakeAdmission
from tests.fakes.contract import graphql_schema
from tests.server.asking import GRAPHQL, MAX_BODY
from tests.server.listening import listening
from tests.server.sockets import door as socket_door


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """The lines that were logged so far."""
    with capture_logs() as lines:
        yield lines


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncIterator[str]:
    """Where a WebSocket door to the fake contract listens."""
    async with listening(socket_door(FakeAdmission())) as address:
        yield address


@pytest.fixture
def admission() -> FakeAdmission:
    return FakeAdmission()


@pytest.fixture
def door(admission: FakeAdmission) -> GraphQLDoor:
    fake = engine(graphql_schema(), deadlines=Deadlines(read=0.5, write=0.5))
    streams = EventStreams(engine=fake, drain=Drain(1.0), ping_seconds=1.0, send_seconds=1.0)
    return GraphQLDoor(engine=fake, admit=admission, streams=streams, max_body_bytes=MAX_BODY, body_seconds=0.1)


@pytest.fixture
async def client(door: GraphQLDoor) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": KEY, "accept": GRAPHQL}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), headers=headers) as client:
        yield client
