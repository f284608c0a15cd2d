"""What an error of the driver means for the caller, told by its SQLSTATE."""

import asyncio

import asyncpg
from tortoise.exceptions import OperationalError

from models.errors import Conflict, Fault, Invalid, OutcomeUnknown, Unavailable

BAD_INPUT = ("22", "54")  # data exception, program limit exceeded
CONFLICT = ("23505",)  # unique violation
RETRY = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock not available
UNAVAILABLE = ("08", "53", "57P", "57014", "25006")  # connection, resources, shutdown, cancelled, read-only standby


def translated(error: BaseException) -> BaseException:
    """Our error for the driver's, or the same error when it is ours, a cancellation or a bug."""
    if isinstance(error, Fault | asyncio.CancelledError):
        return error
    if isinstance(error, TimeoutError):
        return Unavailable("The database did not answer in time; try again in a moment.")
    if isinstance(error, ValueError):  # the driver can't encode a value; some of these are InterfaceErrors too
        return Invalid(f"The database has no place for a value: {error}")
    if isinstance(error, OSError) or _is_closed(error):
        return Unavailable()
    state = sqlstate(error)
    if state.startswith(BAD_INPUT):
        return Invalid(f"The database refuses a value: {error}")
    if state.startswith(CONFLICT):
        return Conflict()
    if state.startswith((*UNAVAILABLE, *RETRY)):
        return Unavailable()
    return error


def _is_closed(error: BaseException) -> bool:
    # The driver has one class for a lost connection and for a call it does not like; the latter is a bug of ours.
    return isinstance(error, asyncpg.InterfaceError) and "clos" in str(error)


def retryable(error: BaseException) -> bool:
    """Whether the same transaction may simply be run again."""
    return sqlstate(error).startswith(RETRY)


def poisons(error: BaseException) -> bool:
    """Whether the connection may be left in the middle of a command."""
    return isinstance(error, asyncio.CancelledError | TimeoutError | OSError | asyncpg.InterfaceError | OutcomeUnknown)


def refused_commit(error: BaseException) -> bool:
    """Whether a COMMIT failed for certain, as opposed to an answer that never came."""
    return isinstance(error, asyncpg.PostgresError) and not sqlstate(error).startswith(("08", "57P"))


def sqlstate(error: BaseException) -> str:
    """The five characters with which PostgreSQL classifies an error; empty when it is none of PostgreSQL's."""
    if isinstance(error, OperationalError) and error.args and isinstance(error.args[0], asyncpg.PostgresError):
        error = error.args[0]
    return getattr(error, "sqlstate", None) or ""
