"""The scene of a fault: the servers that take part in it, and the witnesses."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from auth.projects import create_project
from models.database import open_database
from scripts.embedded import Postgres, Redis
from tests.faults.findings import findings, head_of
from tests.faults.ledger import Ledger
from tests.faults.load import loaded
from tests.faults.subscriber import Subscriber, subscribed
from tests.servers import Server

CONNECTIONS = "8"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What can be harmed, and the ledger of whoever writes meanwhile."""

    postgres: Postgres
    redis: Redis
    server: Server
    project_id: str
    ledger: Ledger

    @property
    def database_url(self) -> str:
        """The database behind our server."""
        return self.server.database_url

    @asynccontextmanager
    async def witnessed(self, patience: float = 20.0) -> AsyncIterator[Subscriber]:
        """Write and follow while the body does harm; afterwards everything has to be there, once, and to add up.

        An answer that takes longer than `patience` seconds counts as a broken promise too.
        """
        async with subscribed(self.project_id, self.server) as subscriber:
            async with self.loaded(patience):
                yield subscriber
            async with open_database(self.database_url, connections=2) as database:
                await subscriber.reach(await head_of(database, self.project_id))
                found = await findings(database, self.project_id, self.ledger, subscriber)

        assert not found, "\n".join(found[:20])

    def loaded(self, patience: float = 20.0, *, insisting: bool = True) -> AbstractAsyncContextManager[None]:
        """Write while the body does harm."""
        return loaded(self.server, self.project_id, self.ledger, patience, insisting=insisting)

    async def findings(self) -> list[str]:
        """What is wrong now, without the word of a subscriber."""
        async with open_database(self.database_url, connections=2) as database:
            return await findings(database, self.project_id, self.ledger)


def in_front(
    database_url: str, redis: Redis, folder: Path, module: str = "server", options: Sequence[str] = ()
) -> Server:
    """Our server, or the one in another module, in front of a database."""
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis.url,
        "TRACEGRAPH_DATA_DIR": str(folder),
        "TRACEGRAPH_DATABASE_CONNECTIONS": CONNECTIONS,
    }
    return Server(environment, "tg_dev_" + secrets.token_hex(24), folder / "server.log", module, options)


@asynccontextmanager
async def open_scene(postgres: Postgres, redis: Redis, server: Server, folder: Path) -> AsyncIterator[Scene]:
    """A project of its own on this server, with nothing in it, and a ledger."""
    async with open_database(server.database_url, connections=1) as database:
        project = await create_project(database, f"scene {secrets.token_hex(8)}")
    ledger = Ledger(folder / "ledger")
    try:
        yield Scene(postgres=postgres, redis=redis, server=server, project_id=str(project["id"]), ledger=ledger)
    finally:
        ledger.close()
