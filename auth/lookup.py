"""Finding a key by its digest: one statement at a time for all who wait, and answers kept for seconds."""

import asyncio
import time
from collections.abc import Callable

from auth.cache import Cache
from auth.viewer import Viewer
from models.database import Database

KEPT_SECONDS = 5.0
KNOWN = 4_096
STRANGERS = 4_096  # a flood of wrong keys pushes out wrong keys only

# authenticate: the keys behind the digests that wait; a revoked key is as good as none.
FIND = """
SELECT digest, id, name, scopes, project_id, expires_at FROM api_keys
WHERE digest = ANY($1::bytea[]) AND revoked_at IS NULL
"""


class Lookup:
    """Turns digests into viewers.

    Requests that miss the memory gather while the statement before theirs runs, so that a flood of wrong keys occupies
    one connection and delays a good key by two statements, however large it is.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._known: Cache[bytes, Viewer] = Cache(KNOWN, KEPT_SECONDS, clock)
        self._strangers: Cache[bytes, bool] = Cache(STRANGERS, KEPT_SECONDS, clock)
        self._generation = 0
        self._turn = asyncio.Lock()
        self._gathered: set[bytes] = set()
        self._gathering: asyncio.Task[dict[bytes, Viewer]] | None = None

    @property
    def remembered(self) -> int:
        """How many answers are kept."""
        return len(self._known) + len(self._strangers)

    async def find(self, database: Database, digest: bytes) -> Viewer | None:
        """The viewer behind a digest, or None. Raises Unavailable when the database does."""
        viewer = self._known.get(digest)
        if viewer is not None or self._strangers.get(digest):
            return viewer
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._fetch(database))
        self._gathered.add(digest)
        # Shielded: one caller who gives up must not take the answer from the others.
        found = await asyncio.shield(self._gathering)
        return found.get(digest)

    def forget(self) -> None:
        """Drop all answers, those on their way included: a key has just been made or revoked."""
        self._generation += 1
        self._known.clear()
        self._strangers.clear()

    async def _fetch(self, database: Database) -> dict[bytes, Viewer]:
        async with self._turn:
            digests, self._gathered, self._gathering = self._gathered, set(), None
            generation = self._generation
            rows = await database.fetch(FIND, list(digests))
        found = {
            row["digest"]: Viewer(
                key_id=row["id"],
                key_name=row["name"],
                scopes=frozenset(row["scopes"]),
                project_id=row["project_id"],
                expires_at=row["expires_at"],
            )
            for row in rows
        }
        if generation == self._generation:
            self._remember(digests, found)
        return found

    def _remember(self, digests: set[bytes], found: dict[bytes, Viewer]) -> None:
        for digest in digests:
            if digest in found:
                self._known.put(digest, found[digest])
            else:
                self._strangers.put(digest, True)
