"""News of keys and projects: whoever changes one tells every process, which forgets what it remembered."""

from __future__ import annotations

from auth.memory import memory_of
from models.database import Connection, Database

CHANNEL = "tracegraph_keys"

# tell: delivered when the transaction commits, and only then.
NOTIFY = "SELECT pg_notify('tracegraph_keys', '')"


async def tell(connection: Connection) -> None:
    """Have every process forget what it knows about keys and projects, as soon as this transaction is committed."""
    await connection.execute(NOTIFY)


def listen(database: Database) -> None:
    """Forget at every news from now on, and whenever some may have been missed."""
    database.watch.listen(CHANNEL, memory_of(database).forget)
