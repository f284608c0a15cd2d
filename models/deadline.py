"""A deadline: work that is interrupted when its time is over."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Deadline:
    """Interrupts its body after so many seconds, or when it is cut; raises TimeoutError in place of the cancellation.

    It is `asyncio.timeout` in half of the time, for each statement and each operation has one, and hardly any needs it.
    Those that are inside are `among` others, so that somebody can cut them all.
    """

    __slots__ = ("_among", "_cancelling", "_seconds", "_task", "_timer", "expired")

    def __init__(self, seconds: float, among: set[Deadline] | None = None) -> None:
        self._seconds = seconds
        self._among = among
        self.expired = False

    def __enter__(self) -> Self:
        """Begin, inside a task."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  there is nothing to interrupt outside a task
        self._task, self._cancelling = task, task.cancelling()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self.cut)
        if self._among is not None:
            self._among.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End. Somebody else's cancellation of the same task stays one, as with `asyncio.timeout`."""
        self._timer.cancel()
        if self._among is not None:
            self._among.discard(self)
        if self.expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def cut(self) -> None:
        """Interrupt the body now."""
        if not self.expired:
            self.expired = True
            self._task.cancel()
