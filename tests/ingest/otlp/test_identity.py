"""The ids of steps follow from the ids of spans, and carry the time of their start."""

from datetime import UTC, datetime
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as some

from ingest.otlp.identity import FIRST_TIMED, is_key, is_span, key_of_span, key_of_step, step_id_of, trace_id_of
from models.ids import new_id, time_of

trace_ids = some.binary(min_size=16, max_size=16)
span_ids = some.binary(min_size=8, max_size=8)
moments = some.integers(1_000_000, 2**64 - 1)


@given(trace_ids)
def test_trace_keeps_its_id(raw: bytes) -> None:
    """The id in the sender's own logs is the id that finds the trace, digit for digit."""
    assert UUID(trace_id_of(raw)).bytes == raw
    assert trace_id_of(raw) == str(UUID(bytes=raw))


@given(trace_ids, span_ids, moments)
def test_step_id_is_a_uuid_of_its_time(trace_id: bytes, span_id: bytes, start: int) -> None:
    """The id of a step is a UUIDv7 in its canonical form, of the millisecond in which the span started."""
    identity = step_id_of(trace_id, span_id, start)

    assert str(UUID(identity)) == identity
    assert (UUID(identity).version, UUID(identity).variant) == (7, RFC_4122)
    assert time_of(identity) == datetime.fromtimestamp(start // 1_000_000 / 1000, UTC)
    assert is_span(identity)


@given(trace_ids, span_ids, moments)
def test_span_has_one_id(trace_id: bytes, span_id: bytes, start: int) -> None:
    """The same span sent twice is the same step."""
    assert step_id_of(trace_id, span_id, start) == step_id_of(bytes(trace_id), bytes(span_id), start)


@given(some.lists(some.tuples(trace_ids, span_ids), unique=True, min_size=2), moments)
def test_spans_have_ids_of_their_own(spans: list[tuple[bytes, bytes]], start: int) -> None:
    """Two spans that start at the same moment are two steps, even when one span id occurs in two traces."""
    assert len({step_id_of(*ids, start) for ids in spans}) == len(spans)


@given(trace_ids, span_ids, moments)
def test_child_knows_the_key_of_its_parent(trace_id: bytes, span_id: bytes, start: int) -> None:
    """The key that a child can tell is the one that the parent's step has, whenever the parent started."""
    key = key_of_span(trace_id, span_id)

    assert key_of_step(step_id_of(trace_id, span_id, start)) == key
    assert is_key(key)


@given(trace_ids, span_ids, moments)
def test_id_is_greater_than_every_key(trace_id: bytes, span_id: bytes, start: int) -> None:
    """Of two facts about a parent the greater one counts: that has to be the id, whatever its key is."""
    identity = step_id_of(trace_id, span_id, start)

    assert key_of_span(trace_id, span_id) < FIRST_TIMED <= identity
    assert not is_key(identity)


def test_other_ids_are_rarely_taken_for_spans() -> None:
    """Of the ids that other senders choose nearly none costs an entry in the index of the spans."""
    assert sum(is_span(new_id()) for _ in range(2_000)) < 20
