"""What rules find in windows: made-up windows with known findings, and none where there is too little to tell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pytest

from analytics.measures import NOTHING
from analytics.samples import Sample
from analytics.significance import proportion_test, rank_test
from analytics.window_rules import Finding, Period, Watched, Window, findings_of_window

START = datetime(2026, 11, 16, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Half(NamedTuple):
    """A window or the one before: how many steps, their median milliseconds, failures, dollars and tokens sent.

    Durations are spread evenly around the median, by this share of it.
    """

    steps: int = 100
    median: float = 100.0
    errors: int = 0
    cost: str = "1"
    sent: int = 10_000
    spread: float = 0.2


class Case(NamedTuple):
    """The same steps now and before, their failures in each of ten parts of now, and what is found."""

    now: Half
    before: Half
    found: list[tuple[str, str, float | None, str | None]]
    errors: tuple[int, ...] = (0,) * 10
    others: float = 1
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

# On the edge of each threshold, and just below it.
BEFORE = Half(median=64.0, spread=0.0)
EDGES = {
    "slower by a quarter": Case(BEFORE._replace(median=80.0), BEFORE, [("LATENCY_REGRESSION", "WARNING", 1_600, None)]),
    "slower by less than a quarter": Case(BEFORE._replace(median=79.5), BEFORE, []),
    "twice as slow": Case(BEFORE._replace(median=128.0), BEFORE, [("LATENCY_REGRESSION", "CRITICAL", 6_400, None)]),
    "not quite twice as slow": Case(
        BEFORE._replace(median=127.0), BEFORE, [("LATENCY_REGRESSION", "WARNING", 6_300, None)]
    ),
    "slower by ten milliseconds": Case(
        BEFORE._replace(median=18.0), BEFORE._replace(median=8.0), [("LATENCY_REGRESSION", "CRITICAL", 1_000, None)]
    ),
    "slower by less than ten milliseconds": Case(BEFORE._replace(median=17.95), BEFORE._replace(median=8.0), []),
    "slower, of just enough": Case(
        BEFORE._replace(steps=20, median=80.0),
        BEFORE._replace(steps=20),
        [("LATENCY_REGRESSION", "WARNING", 320, None)],
    ),
    "twice as dear": Case(Half(cost="2"), Half(), [("COST_OUTLIER", "WARNING", None, "1")], cost_of_all="2"),
    "not quite twice as dear": Case(Half(cost="1.99"), Half(), [], cost_of_all="1.99"),
    "dearer by a tenth of all": Case(
        Half(cost="2"), Half(), [("COST_OUTLIER", "WARNING", None, "1")], cost_of_all="10"
    ),
    "dearer by less than a tenth of all": Case(Half(cost="2"), Half(), [], cost_of_all="10.05"),
    "dearer, of just enough": Case(
        Half(steps=20, cost="9", sent=2_000),
        Half(steps=20, sent=2_000),
        [("COST_OUTLIER", "WARNING", None, "8")],
        cost_of_all="9",
    ),
    "dearer than too few": Case(Half(cost="9", sent=0), Half(steps=19, sent=0), [], cost_of_all="9"),
    "prompts longer by half": Case(
        Half(cost="3", sent=15_000), Half(cost="3"), [("TOKEN_BLOAT", "WARNING", None, "1")], cost_of_all="3"
    ),
    "prompts longer by less than half": Case(Half(sent=14_900), Half(), []),
    "prompts longer by a tenth of all": Case(
        Half(sent=20_000), Half(), [("TOKEN_BLOAT", "WARNING", None, "0.5")], others=5
    ),
    "prompts longer by less than a tenth of all": Case(Half(sent=20_000), Half(), [], others=5.025),
    "prompts, but none before": Case(Half(), Half(sent=0), []),
    "five errors": Case(Half(steps=2_000, errors=5), Half(), [("ERROR_BURST", "WARNING", 500, None)], (5, *[0] * 9)),
    "four errors": Case(Half(steps=2_000, errors=4), Half(), [], (4, *[0] * 9)),
    "three times the errors": Case(
        Half(steps=2_000, errors=30),
        Half(steps=200, errors=100),
        [("ERROR_BURST", "WARNING", 3_000, None)],
        (30, *[0] * 9),
    ),
    "not quite three times the errors": Case(
        Half(steps=2_000, errors=30), Half(steps=200, errors=101), [], (30, *[0] * 9)
    ),
    "half of the steps failed": Case(
        Half(steps=2_000, errors=100), Half(), [("ERROR_BURST", "CRITICAL", 10_000, None)], (100, *[0] * 9)
    ),
    "not quite half of the steps failed": Case(
        Half(steps=2_000, errors=99), Half(), [("ERROR_BURST", "WARNING", 9_900, None)], (99, *[0] * 9)
    ),
}
CASES |= EDGES


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


def test_a_burst_beside_just_enough_others() -> None:
    """Twenty steps outside a part are enough to say that too many failed in it, nineteen are not."""
    for before, expected in ((20, ["ERROR_BURST"]), (19, [])):
        case = Case(Half(steps=20, errors=15), Half(steps=before), [])
        whole = Period(start=START, end=START + HOUR, steps=20, errors=15)

        assert rules_in(case, [replace(watched(case), periods=[whole])]) == expected


def test_a_burst_is_less_likely_than_one_part_in_a_thousand() -> None:
    """The more parts a window has, the less likely has a burst to be: p < 0.001 divided by their number."""
    case = Case(Half(steps=2_000, errors=10), Half(errors=20), [])
    p_value = proportion_test(10, 200, 20, 1_900)
    assert p_value is not None
    most = int(0.001 / p_value)
    burst = Period(start=START, end=START + HOUR, steps=200, errors=10)
    quiet = Period(start=START, end=START + HOUR, steps=200, errors=0)
    for parts, expected in ((most, ["ERROR_BURST"]), (most + 1, [])):
        of = replace(watched(case), periods=[burst, *[quiet] * (parts - 1)])

        assert rules_in(case, [of]) == expected


def test_a_regression_is_less_likely_than_one_name_in_twenty() -> None:
    """The more names a window has, the less likely has a regression to be: p < 0.05 divided by their number."""
    case = Case(Half(steps=20, median=100.0, spread=0.5), Half(steps=20, median=60.0, spread=0.5), [])
    p_value = rank_test(durations(case.now), durations(case.before))
    assert p_value is not None
    most = int(0.05 / p_value)
    for names, expected in ((most, ["LATENCY_REGRESSION"]), (most + 1, [])):
        assert rules_in(case, [watched(case)] * names)[:1] == expected


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


def rules_in(case: Case, parts: list[Watched]) -> list[str]:
    window = Window(start=START, end=START + 10 * HOUR, totals=totals(case), watched=parts)
    return [finding.insight.rule.value for finding in findings_of_window(window)]


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
    values = np.linspace(1 - half.spread, 1 + half.spread, half.steps) * half.median
    return Sample(values=values, cumulative=np.arange(1, half.steps + 1))


def told(finding: Finding) -> tuple[str, str, float | None, str | None]:
    insight = finding.insight
    cost = None if insight.impact_cost is None else f"{insight.impact_cost.normalize():f}"
    return insight.rule.value, insight.severity.value, insight.impact_ms, cost
