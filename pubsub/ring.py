"""The latest events of a project, kept in the process for all who follow it."""

from collections.abc import Sequence

from pubsub.event import Event

EVENT_BYTES = 500  # what an event takes in memory, its texts and its place included (a test measures it)


class Ring:
    """Events without a gap, up to the position `last`; older ones give way to newer ones.

    Positions are dense, so an event is found by subtracting.
    """

    def __init__(self, position: int) -> None:
        self.last = position
        self._events: list[Event] = []

    def __len__(self) -> int:
        return len(self._events)

    def append(self, events: Sequence[Event], limit_bytes: int) -> None:
        """Add the events that follow `last`, and let the oldest go when all take more than the limit."""
        self._events += events
        self.last += len(events)
        room = limit_bytes // EVENT_BYTES
        # A quarter at a time: moving the rest to the front costs something.
        if len(self._events) > room + room // 4:
            del self._events[: len(self._events) - room]

    def after(self, position: int, limit: int) -> list[Event] | None:
        """Up to `limit` events after a position: none when there are none yet, None when they are no longer here."""
        start = position + 1 - (self.last + 1 - len(self._events))
        if start < 0:
            return None
        return self._events[start : start + limit]

    def restart(self, position: int) -> None:
        """Forget everything and go on from a position further on."""
        self._events.clear()
        self.last = position
