"""Makes the partitions of arriving ids before they are written."""

from collections.abc import Collection
from datetime import datetime

from models.database import Database
from models.ids import first_id
from models.partitions import WEEK, ensure_weeks, week_of


class Weeks:
    """Remembers which weeks exist, so that the database is asked once a week."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[datetime] = set()
        self._range = ("", "")  # ids known to have a partition

    async def ensure(self, identities: Collection[str], now: datetime) -> None:
        """Create the partitions that these ids need and that are not known to exist."""
        if self._range[0] <= min(identities) and max(identities) < self._range[1]:
            return
        weeks = {week for week in (week_of(identity, now) for identity in identities) if week} - self._known
        if weeks:
            async with self._database.connection() as connection:
                await ensure_weeks(connection, weeks)
            self._known |= weeks
            latest = max(self._known)
            self._range = (first_id(latest), first_id(latest + WEEK))
