"""The ring: the latest events, found by position, within its bytes."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as some

from models.ids import new_id
from pubsub.event import decode, encode
from pubsub.ring import EVENT_BYTES, Ring
from tests.pubsub.commits import an_event

ROOM = 20


@given(
    start=some.integers(0, 2**50),
    sizes=some.lists(some.integers(1, 7), max_size=30),
    asked=some.integers(-5, 100),
    limit=some.integers(1, 50),
)
def test_after_tells_what_follows_or_that_it_is_gone(start: int, sizes: list[int], asked: int, limit: int) -> None:
    """Whatever was appended: from any position the ring gives exactly what follows, or says that it no longer can."""
    ring, everything = Ring(start), []
    for size in sizes:
        events = [an_event(ring.last + number) for number in range(1, size + 1)]
        everything += events
        ring.append(events, ROOM * EVENT_BYTES)
    kept = everything[len(everything) - len(ring) :]
    position = start + asked
    gone = position + 1 < (kept[0].position if kept else ring.last + 1)

    expected = None if gone else [event for event in everything if event.position > position][:limit]
    assert ring.last == start + len(everything)
    assert ring.after(position, limit) == expected


@given(sizes=some.lists(some.integers(1, 60), max_size=30))
def test_append_keeps_the_latest_within_the_limit(sizes: list[int]) -> None:
    """The ring holds all it has room for, and never a quarter more than that."""
    ring = Ring(0)
    for size in sizes:
        before = len(ring)
        ring.append([an_event(ring.last + number) for number in range(1, size + 1)], ROOM * EVENT_BYTES)

        assert min(before + size, ROOM) <= len(ring) <= ROOM + ROOM // 4


def test_restart_goes_on_from_further_ahead() -> None:
    """After a hole nothing before it is offered, and what follows it is."""
    ring = Ring(0)
    ring.append([an_event(1)], 100 * EVENT_BYTES)
    ring.restart(9)
    ring.append([an_event(10)], 100 * EVENT_BYTES)

    assert ring.after(1, 10) is None
    assert [event.position for event in ring.after(9, 10) or ()] == [10]


def test_an_event_takes_no_more_memory_than_assumed() -> None:
    """The bytes that a ring counts for an event are at least those that it takes."""
    number = 5_000
    payload = encode([("STEP_FINISHED", new_id(), new_id()) for _ in range(number)], an_event().occurred_at)
    ring = Ring(10_000)
    tracemalloc.start()
    ring.append(decode(payload, 10_001), 2 * number * EVENT_BYTES)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert taken / number <= EVENT_BYTES
