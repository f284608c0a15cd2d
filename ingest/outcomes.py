"""Outcomes: what became of each draft, in the order in which the drafts came."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """What became of a record."""

    CREATED = "CREATED"
    """It is new and stored."""
    UPDATED = "UPDATED"
    """It was known and has changed."""
    DUPLICATE = "DUPLICATE"
    """It said nothing new."""
    REFUSED = "REFUSED"
    """It broke a rule; the user errors say which."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A rule that a draft breaks."""

    code: str
    """INVALID, TOO_LARGE, NOT_FOUND, CONFLICT or FORBIDDEN."""
    message: str
    """The rule and the offending value, for people."""
    path: tuple[str, ...]
    """The way to the field from the draft, in the names of the API."""


class Outcome(NamedTuple):
    """What became of one draft; `id` and `trace_id` are None when it was refused without one."""

    status: Status
    id: str | None
    trace_id: str | None
    problems: tuple[Problem, ...] = ()
