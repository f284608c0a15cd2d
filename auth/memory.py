"""What this process remembers about the keys and projects of a database."""

from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

from auth.cache import Cache
from auth.lookup import Lookup
from models.database import Database

SIZE = 4_096
NAME_SECONDS = 5.0
CONFIRMED_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Short-lived answers, and the uses of keys that are not written down yet."""

    keys: Lookup = field(default_factory=Lookup)
    projects: Cache[str, str] = field(default_factory=lambda: Cache(SIZE, NAME_SECONDS))
    confirmed: Cache[str, bool] = field(default_factory=lambda: Cache(SIZE, CONFIRMED_SECONDS))
    uses: dict[str, datetime] = field(default_factory=dict)
    pepper: bytes = field(default=b"", repr=False)
    """What the digests of keys are keyed with; kept outside the database, or empty."""

    def forget(self) -> None:
        """Drop all answers: keys or projects have just changed."""
        self.keys.forget()
        self.confirmed.clear()
        self.projects.clear()


_memories: WeakKeyDictionary[Database, Memory] = WeakKeyDictionary()


def memory_of(database: Database) -> Memory:
    """The memory that belongs to a database; it goes when the database goes."""
    memory = _memories.get(database)
    return _memories.setdefault(database, Memory()) if memory is None else memory


def open_memory(database: Database, pepper: str | None) -> None:
    """Begin a memory for a database that has just been opened, with the pepper of its keys."""
    _memories[database] = Memory(pepper=(pepper or "").encode())
