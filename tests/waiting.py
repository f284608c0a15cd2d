"""Waiting for what another process does, which can't tell us: asked again and again, until a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")

PAUSE_SECONDS = 0.02


def until(condition: Callable[[], Found], within: float = 10.0) -> Found:
    """Ask until the answer is true, and return it; raises TimeoutError with the last answer after `within` seconds.

    This and `eventually` are the only places where tests pause. Whatever can be awaited is awaited instead.
    """
    deadline = time.monotonic() + within
    while not (answer := condition()):
        if time.monotonic() > deadline:
            message = f"not within {within} seconds; the last answer was {answer!r}"
            raise TimeoutError(message)
        time.sleep(PAUSE_SECONDS)  # the other process has no way to wake us
    return answer


async def eventually(condition: Callable[[], Awaitable[Found]], within: float = 10.0) -> Found:
    """`until` for a question that has to be awaited."""
    deadline = time.monotonic() + within
    while not (answer := await condition()):
        if time.monotonic() > deadline:
            message = f"not within {within} seconds; the last answer was {answer!r}"
            raise TimeoutError(message)
        await asyncio.sleep(PAUSE_SECONDS)  # the other process has no way to wake us
    return answer
