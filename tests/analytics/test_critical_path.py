"""Critical paths: hand-made traces with known answers, and any trace against a definition without cleverness."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics.critical_path import critical_path
from analytics.timeline import NOBODY, Timeline, timeline_of
from tests.analytics.made_traces import sorted_steps, step, trace

Span = tuple[str, float, float]
CASES: dict[str, tuple[list[dict[str, Any]], list[Span]]] = {
    "no steps": ([], []),
    "one step": ([step("a", 2, 8)], [("a", 2, 8)]),
    "a chain": ([step("a", 0, 4), step("b", 4, 10)], [("a", 0, 4), ("b", 4, 10)]),
    "a pause between": ([step("a", 0, 3), step("b", 5, 10)], [("a", 0, 3), ("b", 5, 10)]),
    "the longer of two": ([step("a", 0, 10), step("b", 0, 4)], [("a", 0, 10)]),
    "a fan and a join": (
        [step("p", 0, 10), step("a", 1, 4, "p"), step("b", 1, 7, "p"), step("c", 7, 9, "p")],
        [("p", 0, 1), ("b", 1, 7), ("c", 7, 9), ("p", 9, 10)],
    ),
    "one that was not waited for": (
        [step("p", 0, 10), step("a", 0, 6, "p"), step("b", 4, 9, "p")],
        [("p", 0, 4), ("b", 4, 9), ("p", 9, 10)],
    ),
    "nested": (
        [step("p", 0, 10), step("q", 1, 9, "p"), step("r", 2, 8, "q")],
        [("p", 0, 1), ("q", 1, 2), ("r", 2, 8), ("q", 8, 9), ("p", 9, 10)],
    ),
    "work that outlives its caller": (
        [step("p", 0, 4), step("a", 1, 9, "p")],
        [("p", 0, 1), ("a", 1, 9)],
    ),
    "a caller that ended between its calls": (
        [step("p", 0, 4), step("a", 1, 2, "p"), step("b", 6, 9, "p")],
        [("p", 0, 1), ("a", 1, 2), ("p", 2, 4), ("b", 6, 9)],
    ),
    "a child that starts before its parent": (
        [step("p", 3, 6), step("a", 1, 5, "p")],
        [("a", 1, 5), ("p", 5, 6)],
    ),
    "calls that take no time": ([step("p", 0, 8), step("a", 4, 4, "p")], [("p", 0, 8)]),
    "one that still runs": ([step("a", 0, 3), step("b", 3, None)], [("a", 0, 3), ("b", 3, 10)]),
    "parents in a circle": ([step("a", 0, 9, "b"), step("b", 2, 7, "a")], [("a", 0, 2), ("b", 2, 7), ("a", 7, 9)]),
    "steps after the end of the trace": ([step("a", 8, 14)], [("a", 8, 14)]),
}

moments = st.integers(0, 12)
spans = st.tuples(moments, moments)


@st.composite
def traces(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Any steps with any parents, circles included."""
    names = [f"s{number}" for number in range(draw(st.integers(0, 8)))]
    parents = st.sampled_from([None, *names])
    return sorted_steps([step(name, min(span), max(span), draw(parents)) for name in names for span in [draw(spans)]])


@pytest.mark.parametrize("case", CASES)
def test_the_path_is_the_known_one(case: str) -> None:
    """Each trace of the table has the path that a person finds."""
    steps, expected = CASES[case]
    rows = sorted_steps(steps)
    timeline = timeline_of(trace(10), rows)

    found = [
        (rows[part.step]["id"], (part.start - timeline.start) / 1000, (part.end - timeline.start) / 1000)
        for part in critical_path(timeline)
    ]

    assert found == expected


@given(rows=traces())
@example(rows=[step("s0", 0, 5, "s1"), step("s1", 0, 5, "s0")])
def test_the_path_is_that_of_the_definition(rows: list[dict[str, Any]]) -> None:
    """The path is found where looking at every step at every turn finds it."""
    timeline = timeline_of(trace(12), rows)

    found = {(part.step, tick) for part in critical_path(timeline) for tick in range(part.start, part.end, 1000)}

    assert found == set(waited_for(timeline, NOBODY, timeline.end))


@given(rows=traces())
def test_the_path_is_a_chain(rows: list[dict[str, Any]]) -> None:
    """Segments follow each other, each within its step, and the last one ends with the last step of the trace."""
    timeline = timeline_of(trace(12), rows)
    path = critical_path(timeline)

    assert all(before.end <= after.start for before, after in pairwise(path))
    for part in path:
        assert timeline.starts[part.step] <= part.start < part.end <= timeline.ends[part.step]
    if rows and all(start < end for start, end in zip(timeline.starts, timeline.ends, strict=True)):
        assert path[-1].end == max(timeline.ends)


@pytest.mark.parametrize("shape", ["deep", "wide", "chained"])
def test_large_traces_have_a_path(shape: str) -> None:
    """20,000 steps, each in the other, all at once or one after the other, are no matter of depth or squares."""
    count = 20_000
    made: dict[str, Callable[[int], dict[str, Any]]] = {
        "deep": lambda n: step(f"{n:05}", n, 2 * count - n, f"{n - 1:05}"),
        "wide": lambda n: step(f"{n:05}", 0, count + n),
        "chained": lambda n: step(f"{n:05}", n, n + 1),
    }
    timeline = timeline_of(trace(2 * count), [made[shape](n) for n in range(count)])

    expected = {"deep": 2 * count - 1, "wide": 1, "chained": count}[shape]
    assert len(critical_path(timeline)) == expected


def waited_for(timeline: Timeline, step: int, moment: int) -> list[tuple[int, int]]:
    """The steps and the milliseconds in which each was what was waited for, by the definition alone."""
    calls = [child for child, parent in enumerate(timeline.parents) if parent == step]
    found: list[tuple[int, int]] = []
    fresh = set(calls)
    while True:
        done = [child for child in fresh if last_of(timeline, child) <= moment]
        if not done:
            return found + own(timeline, step, first_of(timeline, step), moment)
        last = max(done, key=lambda child: (last_of(timeline, child), first_of(timeline, child), child))
        found += own(timeline, step, last_of(timeline, last), moment)
        found += waited_for(timeline, last, last_of(timeline, last))
        moment = first_of(timeline, last)
        fresh.discard(last)


def own(timeline: Timeline, step: int, start: int, end: int) -> list[tuple[int, int]]:
    if step == NOBODY:
        return []
    ran = range(max(start, timeline.starts[step]), min(end, timeline.ends[step]), 1000)
    return [(step, tick) for tick in ran]


def first_of(timeline: Timeline, step: int) -> int:
    calls = [child for child, parent in enumerate(timeline.parents) if parent == step]
    return min([timeline.start if step == NOBODY else timeline.starts[step], *(first_of(timeline, c) for c in calls)])


def last_of(timeline: Timeline, step: int) -> int:
    calls = [child for child, parent in enumerate(timeline.parents) if parent == step]
    return max([timeline.ends[step], *(last_of(timeline, child) for child in calls)])
