"""Asking again and again, where nobody tells us."""

from __future__ import annotations

import time
from collections.abc import Callable

PAUSE_SECONDS = 0.02


def comes_true(condition: Callable[[], bool], within: float) -> bool:
    """Whether the condition becomes true within this many seconds; returns as soon as it is."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_SECONDS)
    return True
