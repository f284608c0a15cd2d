"""Waiting between attempts to reach something that is down, so that being down costs little."""

import time
from collections.abc import Callable

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 2.0


class Breaker:
    """Closed while all is well; each failure opens it for a while, twice as long as the one before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pause = 0.0
        self._until = 0.0

    @property
    def healthy(self) -> bool:
        """Whether the last attempt went well, or there was none."""
        return self._pause == 0.0

    @property
    def remaining(self) -> float:
        """Seconds until the next attempt may be made; 0 when it may be made now."""
        return max(0.0, self._until - self._clock())

    def succeeded(self) -> None:
        """Close: it works again."""
        self._pause = self._until = 0.0

    def failed(self) -> None:
        """Open for the next pause; those who failed together count once."""
        if not self.remaining:
            self._pause = min(max(FIRST_PAUSE, self._pause * 2), LONGEST_PAUSE)
            self._until = self._clock() + self._pause
