"""Timelines: who called whom, who ran when, and what nobody covered."""

import pytest

from analytics.timeline import free, self_times, timeline_of
from tests.analytics.made_traces import sorted_steps, step, trace


def test_a_cycle_of_parents_is_opened_at_its_first_step() -> None:
    """Steps that call each other in a circle are all there, below the earliest of them."""
    rows = sorted_steps([step("a", 1, 9, "c"), step("b", 2, 8, "a"), step("c", 3, 7, "b"), step("d", 4, 5, "d")])
    timeline = timeline_of(trace(10), rows)

    assert list(timeline.parents) == [-1, 0, 1, -1]
    assert list(timeline.roots) == [0, 3]


def test_an_unknown_parent_is_none() -> None:
    """A step whose parent never arrived is called by the trace."""
    assert list(timeline_of(trace(10), [step("a", 1, 9, "lost")]).roots) == [0]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([step("a", 0, 10)], [10_000]),
        ([step("a", 0, 10), step("b", 2, 5, "a")], [7_000, 3_000]),
        ([step("a", 0, 10), step("b", 2, 5, "a"), step("c", 4, 6, "a")], [6_000, 3_000, 2_000]),
        ([step("a", 0, 10), step("b", 2, 9, "a"), step("c", 4, 6, "a")], [3_000, 7_000, 2_000]),
        ([step("a", 0, 10), step("b", 8, 15, "a")], [8_000, 7_000]),
        ([step("a", 0, 10), step("b", 20, 25, "a")], [10_000, 5_000]),
        ([step("a", 5, 10), step("b", 0, 7, "a")], [3_000, 7_000]),
        ([step("a", 5, None)], [25_000]),
    ],
)
def test_own_time_is_what_no_child_covers(steps: list[dict[str, object]], expected: list[int]) -> None:
    """Overlapping children count once, and only what lies within their parent; a running step runs on."""
    rows = sorted_steps(steps)

    assert self_times(timeline_of(trace(30), rows)) == [
        expected[[row["id"] for row in steps].index(row["id"])] for row in rows
    ]


def test_free_spans_begin_and_end_with_the_trace() -> None:
    """What no step covers is found before the first step, between them and after the last one."""
    rows = sorted_steps([step("a", 2, 4), step("b", 3, 6), step("c", 8, 9)])
    timeline = timeline_of(trace(12), rows)

    spans = free(timeline, range(3), timeline.start, timeline.end)

    base = timeline.start
    assert [(start - base, end - base) for start, end in spans] == [(0, 2000), (6000, 8000), (9000, 12_000)]
