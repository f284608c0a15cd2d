"""What is kept of an event when a commit is written down and read back."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pubsub.event import EPOCH, MICROSECOND, Event, decode, encode
from tests.pubsub.commits import an_event

EVENTS = some.builds(
    Event,
    position=some.just(0),
    type=some.sampled_from(["TRACE_STARTED", "STEP_FINISHED", "TRACE_DELETED"]),
    trace_id=some.uuids().map(str),
    step_id=some.none() | some.uuids().map(str),
    occurred_at=some.just(EPOCH),
)
MOMENTS = some.integers(0, 2**52).map(lambda microseconds: EPOCH + microseconds * MICROSECOND)


def written(events: list[Event], moment: datetime) -> str:
    """A commit with these events."""
    return encode([(event.type, event.trace_id, event.step_id) for event in events], moment)


@given(events=some.lists(EVENTS, max_size=20), first=some.integers(1, 2**60), moment=MOMENTS)
def test_decode_gives_back_what_was_encoded(events: list[Event], first: int, moment: datetime) -> None:
    """Writing a commit down and reading it keeps everything, to the microsecond; positions follow from the first."""
    expected = [
        Event(
            position=first + number,
            type=event.type,
            trace_id=event.trace_id,
            step_id=event.step_id,
            occurred_at=moment,
        )
        for number, event in enumerate(events)
    ]

    assert decode(written(events, moment), first) == expected


def test_encode_is_compact() -> None:
    """An event about a step takes no more than 120 bytes in the log and in Redis."""
    event = an_event(type="STEP_FINISHED", step_id="019abcde-0000-7000-8000-000000000000")

    assert len(written([event], event.occurred_at)) <= 120


def test_decode_skips_what_a_newer_writer_added() -> None:
    """An older server reads the events of a newer one: what it does not know is left out."""
    (expected,) = [an_event(7)]
    newer = written([expected], expected.occurred_at)[:-2] + ',"more"]]'

    assert decode(newer, 7) == [expected]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[["TRACE_STARTED"]]', b"\xff"])
def test_decode_refuses_what_is_no_commit(text: str | bytes) -> None:
    """Damaged text is a ValueError, never a wrong event."""
    with pytest.raises(ValueError):  # noqa: PT011  the words are those of the decoder
        decode(text, 1)
