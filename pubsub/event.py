"""One thing that happened in a project, and how a commit's events are written down."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A change of a trace or of one of its steps. Positions are dense in a project: 1, 2, 3 and so on."""

    position: int
    type: str
    trace_id: str
    step_id: str | None
    occurred_at: datetime


Happening: TypeAlias = tuple[str, str, str | None]
"""Type, trace and step of an event."""


class _Written(msgspec.Struct, frozen=True, array_like=True):
    """An event as JSON: an array without its position; a newer writer may append what an older reader skips."""

    type: str
    trace_id: str
    step_id: str | None
    microseconds: int


_decoder = msgspec.json.Decoder(list[_Written])
_encoder = msgspec.json.Encoder()


def encode(happenings: Iterable[Happening], occurred_at: datetime) -> str:
    """The events of one commit as compact JSON; their positions are told beside it, by the first and the last."""
    microseconds = (occurred_at - EPOCH) // MICROSECOND
    return _encoder.encode([(*happening, microseconds) for happening in happenings]).decode()


def decode(text: str | bytes, first_position: int) -> list[Event]:
    """The events of one commit, the first of them at `first_position`. Raises ValueError for anything else."""
    return [
        Event(
            position=position,
            type=written.type,
            trace_id=written.trace_id,
            step_id=written.step_id,
            occurred_at=EPOCH + timedelta(microseconds=written.microseconds),
        )
        for position, written in enumerate(_decoder.decode(text), start=first_position)
    ]
