"""Dealing recorded requests to runs: each model call gets the time and the tokens of a real request."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from scripts.replaying.recordings import Request

SIDE_BY_SIDE = 12
PAUSE = timedelta(seconds=2)


def dealt(wanted: Sequence[int], requests: Sequence[Request]) -> list[list[Request]]:
    """Deal each run as many requests as it wants, but at least one, in the order of their times, a few runs at a time.

    Requests that are too few are repeated. Raises ValueError when there are none.
    """
    hands: list[list[Request]] = [[] for _ in wanted]
    waiting = deque(range(len(wanted)))
    active = deque(waiting.popleft() for _ in range(min(SIDE_BY_SIDE, len(waiting))))
    endless = _repeated(requests)
    while active:
        number = active.popleft()
        hands[number].append(next(endless))
        if len(hands[number]) < wanted[number]:
            active.append(number)
        elif waiting:
            active.append(waiting.popleft())
    return hands


def moved(requests: Sequence[Request], start: datetime) -> list[Request]:
    """The same requests, the first of them at `start`."""
    shift = start - requests[0].moment
    return [replace(request, moment=request.moment + shift) for request in requests]


def _repeated(requests: Sequence[Request]) -> Iterator[Request]:
    if not requests:
        message = "there are no requests to take times from"
        raise ValueError(message)
    while True:
        yield from requests
        requests = moved(requests, requests[-1].moment + PAUSE)
