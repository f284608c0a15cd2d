"""When a peer was last heard of, and since when it leaves us waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

# A socket is looked at so often in the time after which it is found dead.
LOOKS = 4

# So often somebody's key is looked at again, however much is sent; with what is remembered of keys, it ends in time.
DOUBT_SECONDS = 15.0


class Heartbeat:
    """Tells the living from the dead: who is asked has to answer, who is sent something has to read it."""

    def __init__(self, ping_seconds: float, send_seconds: float) -> None:
        self._ping_seconds = ping_seconds
        self._send_seconds = send_seconds
        self._time = asyncio.get_running_loop().time
        self._heard = self._asked = self._moved = self._trusted = self._time()
        self._sending = 0

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        return min(self._ping_seconds, self._send_seconds) / LOOKS

    def hear(self) -> None:
        """The peer said something."""
        self._heard = self._time()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Something is on its way to the peer."""
        if not self._sending:
            self._moved = self._time()
        self._sending += 1
        try:
            yield
        finally:
            self._sending -= 1
            self._moved = self._time()

    @property
    def stalled(self) -> bool:
        """Whether the peer has not read for too long what we sent."""
        return self._sending > 0 and self._time() - self._moved > self._send_seconds

    @property
    def silent(self) -> bool:
        """Whether the peer has not answered for too long what we asked."""
        return self._heard < self._asked and self._time() - self._asked >= self._ping_seconds

    def ask(self) -> bool:
        """Whether it is time to ask the peer; from now on it has to answer."""
        now = self._time()
        if now - self._asked < self._ping_seconds or self._sending:
            return False
        self._asked = now
        return True

    def doubt(self) -> bool:
        """Whether it is time to see if the peer is still welcome; from now on it is trusted again."""
        now = self._time()
        if now - self._trusted < min(DOUBT_SECONDS, self._ping_seconds):
            return False
        self._trusted = now
        return True
