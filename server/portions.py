"""Answers that are written together: many small ones, few large ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from operations.answers import Answer

MOST = 256
MOST_BYTES = 64 * 1024


def portions(answers: Sequence[Answer]) -> Iterator[Sequence[Answer]]:
    """Cut answers into what is written at once, so that a peer that does not read holds no more of them than that."""
    start = size = 0
    for end, answer in enumerate(answers):
        if end > start and (end - start == MOST or size + len(answer.body) > MOST_BYTES):
            yield answers[start:end]
            start, size = end, 0
        size += len(answer.body)
    if answers:
        yield answers[start:]


def is_portion(answers: Sequence[Answer]) -> bool:
    """Whether these may be written at once. One always may, however large it is."""
    return len(answers) == 1 or (len(answers) <= MOST and sum(len(answer.body) for answer in answers) <= MOST_BYTES)
