"""What a process knows about one project while somebody follows it there, and the table of all such projects."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pubsub.log import Commit, events_of
from pubsub.ring import Ring


class Feed:
    """The ring of a project, and how far it should reach: `wanted` is the last position known to be committed."""

    def __init__(self, position: int) -> None:
        self.ring = Ring(position)
        self.wanted = position
        self.head_seen = position
        self.followers = 0
        self._changed = asyncio.Event()

    @property
    def complete(self) -> bool:
        """Whether everything known to be committed is in the ring, or was."""
        return self.ring.last >= self.wanted

    async def changed(self) -> None:
        """Wait for the next change of the ring."""
        await self._changed.wait()

    def offer(self, commit: Commit, limit_bytes: int) -> None:
        """Take a commit if it is the next one. An older one is known; a later one only tells how far there is to go."""
        first, last, _ = commit
        if first == self.ring.last + 1:
            # What Redis holds may be damaged; the log holds it too.
            with suppress(ValueError):
                self.ring.append(events_of(commit), limit_bytes)
                self.notify()
        self.wanted = max(self.wanted, last)

    def skip(self, position: int) -> None:
        """Give up what lies before a position: it is gone from the log; whoever needs it will be told."""
        self.ring.restart(position)
        self.notify()

    def notify(self) -> None:
        """Wake all who wait for a change."""
        self._changed.set()
        self._changed = asyncio.Event()


class Feeds:
    """The feeds of all projects followed in this process; together their rings stay within `limit_bytes`."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._feeds: dict[str, Feed] = {}
        self._somebody = asyncio.Event()
        self.incomplete = asyncio.Event()

    def __len__(self) -> int:
        return len(self._feeds)

    def items(self) -> list[tuple[str, Feed]]:
        """Each project that is followed now, with its feed."""
        return list(self._feeds.items())

    @property
    def ring_bytes(self) -> int:
        """The fair share of one ring."""
        return self._limit_bytes // max(1, len(self._feeds))

    async def somebody(self) -> None:
        """Wait until anybody follows anything."""
        await self._somebody.wait()

    def offer(self, project_id: str, commit: Commit) -> None:
        """Pass a commit on to those who follow its project; a gap before it is noticed in `incomplete`."""
        feed = self._feeds.get(project_id)
        if feed is None:
            return
        feed.offer(commit, self.ring_bytes)
        if not feed.complete:
            self.incomplete.set()

    @contextmanager
    def following(self, project_id: str, position: int) -> Iterator[Feed]:
        """Join the feed of a project; a new one starts at `position`, the last one to leave takes it away."""
        feed = self._feeds.setdefault(project_id, Feed(position))
        feed.followers += 1
        self._somebody.set()
        try:
            yield feed
        finally:
            feed.followers -= 1
            if not feed.followers:
                del self._feeds[project_id]
            if not self._feeds:
                self._somebody.clear()
