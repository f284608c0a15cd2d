"""Coroutines that are begun at once: most of those that could wait do not, and need nobody who watches them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """A coroutine that has run to its first wait, or to its end: then `done`, and its `value` is there.

    To await it is to let it go on. A deadline costs a timer that is set and cancelled, which is as much as a short
    operation takes altogether; so that one is set only for who really waits. Raises what the coroutine raises.
    """

    value: T

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work
        self.done = False
        try:
            self._waits_for = work.send(None)
        except StopIteration as end:
            self.done = True
            self.value = end.value

    def __await__(self) -> Generator[Any, Any, T]:
        """Hand on what the coroutine waits for, and to it what comes of that (PEP 380 has `yield from` do the same)."""
        if self.done:
            return self.value
        waits_for = self._waits_for
        while True:
            try:
                sent = yield waits_for
            except GeneratorExit:
                self._work.close()
                raise
            except BaseException as error:  # noqa: BLE001  a cancellation above all
                go_on: Callable[[], Any] = partial(self._work.throw, error)
            else:
                go_on = partial(self._work.send, sent)
            try:
                waits_for = go_on()
            except StopIteration as end:
                value: T = end.value
                return value
