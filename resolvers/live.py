"""The broker and the database brought together: two packages that do not know each other."""

from functools import partial

from models.database import Database
from models.errors import Unavailable
from models.event_log import head, read_log
from pubsub.log import Log


def log_of(database: Database) -> Log:
    """The event log of this database, as a broker reads it."""
    return Log(read=partial(read_log, database), head=partial(head, database), trouble=(Unavailable,))
