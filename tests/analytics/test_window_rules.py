"""What rules find in windows: made-up windows with known findings, and none where there is too little to tell."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pytest

from analytics.measures import NOTHING
from analytics.samples import Sample
from analytics.window_rules import Finding, Period, Watched, Window, findings_of_window

START = datetime(2026, 11, 16, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Half(NamedTuple):
    """A window or the one before: how many steps, their median milliseconds, failures, dollars and tokens sent."""

    steps: int = 100
    median: float = 100.0
    errors: int = 0
    cost: str = "1"
    sent: int = 10_000


class Case(NamedTuple):
    """The same steps now and before, their failures in each of ten parts of now, and what is found."""

    now: Half
    before: Half
    found: list[tuple[str, str, float | None, str | None]]
    errors: tuple[int, ...] = (0,) * 10
    others: int = 1
    cost_of_all: str = "1"


CASES = {
    "all is as before": Case(Half(), Half(), []),
    "slower": Case(Half(median=130.0), Half(), [("LATENCY_REGRESSION", "WARNING", 3_000, None)]),
    "much slower": Case(Half(median=250.0), Half(), [("LATENCY_REGRESSION", "CRITICAL", 15_000, None)]),
    "a little slower": Case(Half(median=120.0), Half(), []),
    "faster": Case(Half(), Half(median=250.0), []),
    "slower by nothing": Case(Half(median=8.0), Half(median=4.0), []),
    "slower, of too few": Case(Half(steps=19, median=250.0), Half(), []),
    "slower than too few": Case(Half(median=250.0), Half(steps=19), []),
    "new": Case(Half(median=250.0, cost="9", sent=90_000), Half(steps=0, cost="0", sent=0), []),
    "dearer": Case(Half(cost="2.5"), Half(), [("COST_OUTLIER", "WARNING", None, "1.5")], cost_of_all="2.5"),
    "dearer, but most of the money goes elsewhere": Case(Half(cost="2.5"), Half(), [], cost_of_all="16"),
    "as dear, for more steps": Case(Half(steps=200, cost="2", sent=20_000), Half(), [], cost_of_all="2"),
    "dearer, of too few": Case(Half(steps=19, cost="9", sent=0), Half(), [], cost_of_all="9"),
    "longer prompts": Case(Half(sent=20_000), Half(), [("TOKEN_BLOAT", "WARNING", None, "0.5")]),
    "longer prompts, of little": Case(Half(sent=20_000), Half(), [], others=10),
    "shorter prompts": Case(Half(), Half(sent=20_000), []),
    "a burst of errors": Case(
        Half(steps=200, errors=15), Half(), [("ERROR_BURST", "CRITICAL", 1_500, None)], (0, 0, 15, *[0] * 7)
    ),
    "a burst of some errors": Case(
        Half(steps=400, errors=16), Half(), [("ERROR_BURST", "WARNING", 1_600, None)], (0, 0, 16, *[0] * 7)
    ),
    "errors all the time": Case(Half(steps=200, errors=100), Half(), [], (10,) * 10),
    "a handful of errors": Case(Half(steps=200, errors=4), Half(), [], (4, *[0] * 9)),
    "a burst in a part of few steps": Case(Half(errors=10), Half(), [], (10, *[0] * 9)),
    "everything at once": Case(
        Half(steps=200, median=250.0, errors=15, cost="6", sent=60_000),
        Half(),
        [
            ("LATENCY_REGRESSION", "CRITICAL", 30_000, None),
            ("ERROR_BURST", "CRITICAL", 3_750, None),
            ("COST_OUTLIER", "WARNING", None, "4"),
            ("TOKEN_BLOAT", "WARNING", None, "4"),
        ],
        (0, 15, *[0] * 8),
        cost_of_all="6",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_known_is_found(case: Case) -> None:
    """Each window of the table has the known findings with their impact, and no others."""
    assert [told(finding) for finding in found_in(case)] == [
        (rule, severity, None if ms is None else pytest.approx(ms, rel=0.02), cost)
        for rule, severity, ms, cost in case.found
    ]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_finding_is_told_whole(case: Case) -> None:
    """A finding names the steps, has numbers and ends."""
    for finding in found_in(case):
        assert "chat (small)" in finding.insight.title
        assert finding.insight.explanation.endswith(".")
        assert any(letter.isdigit() for letter in finding.insight.explanation)


def test_a_burst_says_when() -> None:
    """The evidence of a burst is looked for in its part of the window, and the explanation names its time."""
    (finding,) = found_in(CASES["a burst of errors"])

    assert (finding.start, finding.end) == (START + 2 * HOUR, START + 3 * HOUR)
    assert finding.insight.explanation == (
        "From 2026-11-16 14:00 to 15:00 UTC 15 of 20 steps called chat (small) failed (75 %); otherwise it is 0 % of "
        "280. At their mean duration the failures took 1.5 s."
    )


def test_only_the_foremost_are_told() -> None:
    """Of many findings the ten gravest are told."""
    slow, dear = CASES["much slower"], CASES["dearer"]
    parts = [*[watched(dear)] * 8, *[watched(slow)] * 8]
    found = findings_of_window(Window(start=START, end=START + 10 * HOUR, totals=totals(dear), watched=parts))

    assert [finding.insight.severity for finding in found] == ["CRITICAL"] * 8 + ["WARNING"] * 2


def found_in(case: Case) -> list[Finding]:
    return findings_of_window(
        Window(start=START, end=START + 10 * HOUR, totals=totals(case), watched=[watched(case)] * 1)
    )


def totals(case: Case) -> dict[str, Any]:
    return {"cost": case.cost_of_all, "input_tokens": case.now.sent * case.others}


def watched(case: Case) -> Watched:
    periods = [
        Period(start=START + n * HOUR, end=START + (n + 1) * HOUR, steps=case.now.steps // 10, errors=errors)
        for n, errors in enumerate(case.errors)
    ]
    return Watched(
        name="chat",
        kind="LLM",
        model="small",
        now=row(case.now),
        before=row(case.before),
        durations=durations(case.now),
        durations_before=durations(case.before),
        periods=periods,
    )


def row(half: Half) -> dict[str, Any]:
    return NOTHING | {  # type: ignore[operator,no-any-return]  # a dict
        "step_count": half.steps,
        "error_count": half.errors,
        "input_tokens": half.sent,
        "cost": half.cost,
        "duration_microseconds": str(half.median * half.steps * 1_000),
    }


def durations(half: Half) -> Sample:
    values = np.linspace(0.8, 1.2, half.steps) * half.median
    return Sample(values=values, cumulative=np.arange(1, half.steps + 1))


def told(finding: Finding) -> tuple[str, str, float | None, str | None]:
    insight = finding.insight
    cost = None if insight.impact_cost is None else f"{insight.impact_cost.normalize():f}"
    return insight.rule.value, insight.severity.value, insight.impact_ms, cost
