"""What can be asked about many steps: a range of time, dimensions to group by, intervals to cut it into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from models.filter_terms import EVERYTHING, Term


class Dimension(StrEnum):
    """By what steps are grouped. Name, status and error type are those of the step."""

    MODEL = "MODEL"
    """The model it is counted under."""
    PROVIDER = "PROVIDER"
    """Who serves the model."""
    KIND = "KIND"
    """What the step does."""
    NAME = "NAME"
    """What the step is called."""
    STATUS = "STATUS"
    """How the step stands."""
    ENVIRONMENT = "ENVIRONMENT"
    """Where its trace ran."""
    SERVICE = "SERVICE"
    """The service that ran its trace."""
    USER = "USER"
    """The end user its trace ran for."""
    SESSION = "SESSION"
    """The session its trace belongs to."""
    TAG = "TAG"
    """A label of its trace; a step counts under each of them."""
    RELEASE = "RELEASE"
    """The version of the application its trace ran in."""
    ERROR_TYPE = "ERROR_TYPE"
    """The kind of error it ended with."""
    HOUR_OF_DAY = "HOUR_OF_DAY"
    """The hour it started in, 0 to 23, in the time zone of the question."""
    DAY_OF_WEEK = "DAY_OF_WEEK"
    """The day it started on, 1 (Monday) to 7 (ISO 8601), in the time zone of the question."""


class Interval(StrEnum):
    """How long each point of a series is. Hours, days and weeks are those of the time zone of the question."""

    MINUTE = "MINUTE"
    """A minute."""
    FIVE_MINUTES = "FIVE_MINUTES"
    """Five minutes."""
    FIFTEEN_MINUTES = "FIFTEEN_MINUTES"
    """A quarter of an hour."""
    HOUR = "HOUR"
    """An hour."""
    DAY = "DAY"
    """From midnight to midnight: 23 or 25 hours when the clocks change."""
    WEEK = "WEEK"
    """From Monday to Monday."""


class AnalyticsSource(StrEnum):
    """What an answer was computed from."""

    ROLLUP = "ROLLUP"
    """The figures kept for each bucket of time; quantiles are within the relative error, all else is exact."""
    STEPS = "STEPS"
    """The steps themselves; everything is exact."""


@dataclass(frozen=True, kw_only=True)
class TimeRange:
    """A span of time, start <= t < end. A step belongs to the time at which it started."""

    start: datetime
    """Its first moment."""
    end: datetime
    """The moment after its last."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of which steps of which projects, apart from the time."""

    projects: tuple[str, ...]
    source: AnalyticsSource
    dimensions: Sequence[Dimension] = ()
    zone: str = "UTC"
    term: Term = EVERYTHING
