"""A broker of one process and nothing else: for tests, and a plain account of what any broker does."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence

from pubsub.broker import PULSE_SECONDS
from pubsub.errors import CursorExpired, CursorInvalid
from pubsub.event import Event, decode


class MemoryBroker:
    """Keeps what is published, the last `kept` events of each project, and tells it to those who follow."""

    def __init__(self, *, kept: int = 100_000, pulse: float = PULSE_SECONDS) -> None:
        self._kept = kept
        self._pulse = pulse
        self._events: dict[str, dict[int, Event]] = {}
        self._changed = asyncio.Event()

    async def publish(self, project_id: str, first_pos: int, last_pos: int, payload: str) -> None:  # noqa: ARG002  the payload tells the last position
        """Keep the events of a commit, in whatever order the commits come."""
        events = self._events.setdefault(project_id, {})
        events |= {event.position: event for event in decode(payload, first_pos)}
        for position in sorted(events)[: -self._kept]:
            del events[position]
        self._changed.set()
        self._changed = asyncio.Event()

    async def head(self, project_id: str) -> int:
        """The last position that was published."""
        return max(self._events.get(project_id, ()), default=0)

    async def follow(self, project_id: str, after: int | None = None) -> AsyncGenerator[Sequence[Event], None]:
        """Follow a project over what is kept of it."""
        events = self._events.setdefault(project_id, {})
        head = await self.head(project_id)
        position = head if after is None else after
        if position > head:
            raise CursorInvalid("Nothing has happened at this position yet.")
        time = asyncio.get_running_loop().time
        pulse = time() + self._pulse
        while True:
            if events and position + 1 < min(events):
                raise CursorExpired("The events after this position are no longer kept.")
            following = _following(events, position)
            if following:
                position = following[-1].position
                yield following
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(pulse):
                        await self._changed.wait()
            if time() >= pulse:
                pulse = time() + self._pulse
                yield ()


def _following(events: dict[int, Event], position: int) -> list[Event]:
    following = []
    while position + 1 in events:
        position += 1
        following.append(events[position])
    return following
