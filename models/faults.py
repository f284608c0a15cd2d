"""What an error of the driver means for the caller, told by its SQLSTATE."""

import asyncio

import asyncpg
from tortoise.exceptions import OperationalError

from models.errors import Conflict, Fault, Invalid, OutcomeUnknown, Unavailable

BAD_INPUT = ("22", "54")  # data exception, program limit exceeded
CONFLICT = ("23505",)  # unique violation
RETRY = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock not available
AWAY = ("08", "57P")  # connection, shutdown
UNAVAILABLE = (*AWAY, "53", "57014", "25006")  # resources, cancelled, read-only standby

# The driver has one class for a lost connection and for a call it does not like, and one for what it did not expect:
# a server that dies says so when nobody has asked it anything.
CONFUSED = (asyncpg.InterfaceError, asyncpg.InternalClientError)
TROUBLE = (OSError, asyncpg.PostgresError, *CONFUSED)


def translated(error: BaseException) -> BaseException:
    """Our error for the driver's, or the same error when it is ours, a cancellation or a bug."""
    if isinstance(error, Fault | asyncio.CancelledError):
        return error
    if isinstance(error, TimeoutError):
        return Unavailable("The database did not answer in time; try again in a moment.")
    if isinstance(error, ValueError):  # the driver can't encode a value; some of these are InterfaceErrors too
        return Invalid(f"The database has no place for a value: {error}")
    if isinstance(error, OSError) or _is_lost(error):
        return Unavailable()
    state = sqlstate(error)
    if state.startswith(BAD_INPUT):
        return Invalid(f"The database refuses a value: {error}")
    if state.startswith(CONFLICT):
        return Conflict()
    if state.startswith((*UNAVAILABLE, *RETRY)):
        return Unavailable()
    return error


def _is_lost(error: BaseException) -> bool:
    # Other calls that the driver does not like are bugs of ours.
    words = ("clos", "released") if isinstance(error, asyncpg.InterfaceError) else ("cannot switch to state",)
    return isinstance(error, CONFUSED) and any(word in str(error) for word in words)


def is_silence(error: BaseException) -> bool:
    """Whether there is nobody to talk to, as opposed to an answer that is a refusal."""
    return not isinstance(error, asyncpg.PostgresError) or sqlstate(error).startswith(AWAY)


def retryable(error: BaseException) -> bool:
    """Whether the same transaction may simply be run again."""
    return sqlstate(error).startswith(RETRY)


def poisons(error: BaseException) -> bool:
    """Whether the connection may be left in the middle of a command."""
    if isinstance(error, ValueError):  # noticed before anything was sent
        return False
    return isinstance(error, (asyncio.CancelledError, OSError, OutcomeUnknown, *CONFUSED))


def refused_commit(error: BaseException) -> bool:
    """Whether a COMMIT failed for certain, as opposed to an answer that never came."""
    return isinstance(error, asyncpg.PostgresError) and not sqlstate(error).startswith(AWAY)


def sqlstate(error: BaseException) -> str:
    """The five characters with which PostgreSQL classifies an error; empty when it is none of PostgreSQL's."""
    if isinstance(error, OperationalError) and error.args and isinstance(error.args[0], asyncpg.PostgresError):
        error = error.args[0]
    return getattr(error, "sqlstate", None) or ""
