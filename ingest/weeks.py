"""Makes the partitions of arriving ids before they are written."""

from collections.abc import Iterable
from datetime import datetime

from models.database import Database
from models.partitions import ensure_weeks, week_of


class Weeks:
    """Remembers which weeks exist, so that the database is asked once a week."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[datetime] = set()

    async def ensure(self, identities: Iterable[str], now: datetime) -> None:
        """Create the partitions that these ids need and that are not known to exist."""
        weeks = {week_of(identity, now) for identity in identities} - self._known - {None}
        if weeks:
            async with self._database.connection() as connection:
                await ensure_weeks(connection, (week for week in weeks if week))
            self._known |= {week for week in weeks if week}
