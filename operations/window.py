"""The latest answers of a group, kept for its members."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from operations.answers import Answer

ANSWER_BYTES = 400  # what an answer takes in memory besides its body


class Window:
    """Answers at growing positions; older ones give way to newer ones. Everything after `start` is here.

    A `conflated` window keeps one: its answers are states, and whoever sees the latest has missed nothing.
    """

    def __init__(self, position: int, *, conflated: bool = False) -> None:
        self.start = position
        self._conflated = conflated
        self._positions: list[int] = []
        self._answers: list[Answer] = []
        self._bytes = 0

    def add(self, told: Sequence[tuple[int, Answer]], limit_bytes: int) -> bool:
        """Add answers, and let the oldest go when all take more than the limit; whether anything is new."""
        if self._conflated:
            return self._replace(*told[-1]) if told else False
        for position, answer in told:
            self._positions.append(position)
            self._answers.append(answer)
            self._bytes += len(answer.body) + ANSWER_BYTES
        if self._bytes > limit_bytes:
            self._trim(limit_bytes * 3 // 4)
        return bool(told)

    def holds(self, position: int) -> bool:
        """Whether everything after a position is here."""
        return self._conflated or position >= self.start

    def after(self, position: int) -> tuple[int, Sequence[Answer]]:
        """The answers after a position that it holds, and the position of the last of them."""
        if not self._positions or self._positions[-1] <= position:
            return position, ()
        return self._positions[-1], self._answers[bisect_right(self._positions, position) :]

    def _replace(self, position: int, answer: Answer) -> bool:
        if self._answers and self._answers[0].body == answer.body:
            return False
        self._positions, self._answers = [position], [answer]
        return True

    def _trim(self, limit_bytes: int) -> None:
        number = 0
        # The last one stays, however large it is: somebody is about to read it.
        while self._bytes > limit_bytes and number < len(self._answers) - 1:
            self._bytes -= len(self._answers[number].body) + ANSWER_BYTES
            number += 1
        self.start = self._positions[number - 1] if number else self.start
        del self._positions[:number]
        del self._answers[:number]
