"""The few errors we raise; each door maps them once to its own protocol.

Fault
├── NotFound        what was asked for is not there, or belongs to somebody else
├── Invalid         the input breaks a rule; `path` leads to the field
├── Conflict        the input contradicts what is stored
├── Refused         the viewer may not do this
├── Unauthenticated nobody we know is asking
├── CursorExpired   the events after this cursor are no longer kept
└── Unavailable     try again later
    ├── Overloaded      more work is waiting than fits
    └── OutcomeUnknown  the commit may or may not have happened; the same ids make a retry safe
"""

from collections.abc import Sequence
from typing import ClassVar


class Fault(Exception):
    """Something went wrong that the caller can understand."""

    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str = "", *, path: Sequence[str] = ()) -> None:
        super().__init__(message or type(self).__doc__)
        self.path = tuple(path)

    @property
    def message(self) -> str:
        """The sentence for people."""
        return str(self.args[0])


class NotFound(Fault):
    """There is no such thing here."""

    code = "NOT_FOUND"


class Invalid(Fault):
    """The input is not valid."""

    code = "INVALID"


class Conflict(Fault):
    """The input contradicts what is stored."""

    code = "CONFLICT"


class Refused(Fault):
    """This key may not do that."""

    code = "FORBIDDEN"


class Unauthenticated(Fault):
    """This needs a valid API key: the one given is unknown, expired or revoked, or there is none."""

    code = "UNAUTHENTICATED"


class CursorExpired(Fault):
    """The events after this cursor are no longer kept; read the present state and follow from now."""

    code = "CURSOR_EXPIRED"


class Unavailable(Fault):
    """The database can't be reached; try again in a moment."""

    code = "OVERLOADED"

    def __init__(self, message: str = "", *, path: Sequence[str] = (), retry_after: float = 1.0) -> None:
        super().__init__(message, path=path)
        self.retry_after = retry_after


class Overloaded(Unavailable):
    """More work is waiting than fits; try again in a moment."""


class OutcomeUnknown(Unavailable):
    """The connection broke during the commit: it may have happened. Send the same ids again, that is safe."""
