"""What rules find in traces: hand-made ones with the findings that a person makes, and none where none is due."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pytest

from analytics.baselines import StepKey, UsualStep, UsualTrace
from analytics.critical_path import critical_path
from analytics.insights import Insight
from analytics.observed import Observed, wanted_of
from analytics.samples import EMPTY, Sample
from analytics.timeline import timeline_of
from analytics.trace_rules import insights_of_trace
from tests.analytics.made_traces import sorted_steps, step, trace


def sample(*values: float) -> Sample:
    return Sample(values=np.sort(np.array(values)), cumulative=np.arange(1, len(values) + 1))


SPREAD = sample(*np.linspace(80, 120, 100))
FEW = sample(*np.linspace(80, 120, 19))
USUAL: dict[StepKey, UsualStep] = {
    ("look", "CUSTOM", None): UsualStep(durations=SPREAD, first_tokens=SPREAD),
    ("rare", "CUSTOM", None): UsualStep(durations=FEW, first_tokens=FEW),
}
RUNS = UsualTrace(count=50, duration_ms=1_000.0, cost=0.1, tokens_per_second=10.0)
FAILED = {"status": "ERROR", "error_type": "Timeout"}


class Case(NamedTuple):
    """A trace, and what is found: rule, severity, milliseconds, dollars and the steps that show it."""

    steps: list[dict[str, Any]]
    found: list[tuple[str, str, float | None, str | None, str]]
    end: float = 1_000
    facts: dict[str, Any] = {}  # noqa: RUF012  read only
    usual_trace: UsualTrace | None = RUNS


def call(identity: str, start: float, end: float, parent: str | None = None, **facts: Any) -> dict[str, Any]:
    """A call of `ask`, whose input is the same unless another digest says otherwise."""
    return step(identity, start, end, parent, **({"name": "ask", "kind": "TOOL", "digest": "same"} | facts))


def prompt(identity: str, start: float, sent: int, got: int = 50, **facts: Any) -> dict[str, Any]:
    """A model call of 300 milliseconds."""
    given = {"name": f"chat {identity}", "kind": "LLM", "input_tokens": sent, "output_tokens": got}
    return step(identity, start, start + 300, None, **given, **facts)


THIRDS = [step("a", 0, 330), step("b", 330, 660), step("c", 660, 1000)]
CASES = {
    "nothing happened": Case([], []),
    "one step": Case([step("a", 0, 1000)], []),
    "two halves of one name": Case([call("a", 0, 500, digest="1"), call("b", 500, 1000, digest="2")], []),
    "one step decides": Case([step("a", 0, 700), step("b", 700, 1000)], [("CRITICAL_PATH", "INFO", 700, None, "a")]),
    "several of a name decide": Case(
        [call("a", 0, 300, digest=None), step("x", 300, 650), call("b", 650, 1000, digest=None)],
        [("CRITICAL_PATH", "INFO", 650, None, "b a")],
    ),
    "what runs beside the path does not": Case(
        [step("a", 0, 400), step("b", 400, 1000), step("c", 0, 390), step("d", 0, 390)],
        [("CRITICAL_PATH", "INFO", 600, None, "b")],
    ),
    "nobody decides": Case([step("a", 0, 350), step("b", 350, 660), step("c", 660, 1000)], []),
    "too short to matter": Case([step("a", 0, 60), step("b", 60, 80)], [], end=80),
    "a caller works itself": Case(
        [step("p", 0, 1000), step("a", 0, 300, "p"), step("b", 300, 600, "p")], [("SELF_TIME", "INFO", 400, None, "p")]
    ),
    "a caller waits for its calls": Case(
        [step("p", 0, 1000), step("a", 0, 300, "p"), step("b", 300, 600, "p"), step("c", 600, 900, "p")], []
    ),
    "a pause": Case([step("a", 0, 400), step("b", 550, 1000)], [("IDLE_GAP", "INFO", 150, None, "a b")]),
    "two long pauses": Case(
        [step("a", 200, 400), step("b", 600, 800), step("c", 800, 1000)], [("IDLE_GAP", "WARNING", 400, None, "a")]
    ),
    "a late start": Case([step("a", 120, 560), step("b", 560, 1000)], [("IDLE_GAP", "INFO", 120, None, "a")]),
    "small pauses": Case([step("a", 0, 400), step("b", 480, 800), step("c", 880, 1000)], []),
    "the same twice": Case(
        [call("a", 0, 250), step("x", 250, 600), call("b", 600, 650), step("y", 650, 1000)],
        [("REPEATED_CALL", "INFO", 50, None, "a b")],
    ),
    "the same three times, for money": Case(
        [
            *(call("a", 0, 150, cost="0.1"), step("x", 150, 400), call("b", 400, 550, cost="0.02")),
            *(step("y", 550, 850), call("c", 850, 1000, cost="0.02")),
        ],
        [("REPEATED_CALL", "WARNING", 300, "0.04", "a b c")],
    ),
    "the same, but the first failed": Case(
        [call("a", 0, 250, **FAILED), step("x", 250, 600), call("b", 600, 650), step("y", 650, 1000)],
        [("RETRIES", "WARNING", 600, None, "a b")],
    ),
    "tried until it went well": Case(
        [
            *(call("a", 0, 200, cost="0.01", **FAILED), call("b", 200, 400, cost="0.01", **FAILED)),
            *(call("c", 400, 490), step("x", 490, 1000)),
        ],
        [("RETRIES", "WARNING", 400, "0.02", "a b c"), ("CRITICAL_PATH", "INFO", 510, None, "x")],
    ),
    "tried and given up": Case(
        [call("a", 0, 200, **FAILED), call("b", 200, 400, **FAILED), step("x", 400, 700), step("y", 700, 1000)],
        [("RETRIES", "CRITICAL", 200, None, "a b")],
    ),
    "failed at the same time": Case(
        [call("a", 0, 300, **FAILED), call("b", 0, 300, **FAILED), step("x", 300, 650), step("y", 650, 1000)], []
    ),
    "another question after a failure": Case(
        [call("a", 0, 200, **FAILED), call("b", 200, 400, digest="2"), step("x", 400, 700), step("y", 700, 1000)], []
    ),
    "another caller's failure": Case(
        [
            *(step("p", 0, 300), call("a", 0, 290, "p", **FAILED), step("q", 300, 400), call("b", 301, 400, "q")),
            *(step("x", 400, 700), step("y", 700, 1000)),
        ],
        [],
    ),
    "a dear run": Case(
        [step("a", 0, 330, cost="0.3"), step("b", 330, 660, cost="0.1"), step("c", 660, 1000)],
        [("COST_OUTLIER", "WARNING", None, "0.3", "a b")],
        facts={"cost": "0.4"},
    ),
    "a very dear run": Case(
        THIRDS,
        [("COST_OUTLIER", "CRITICAL", None, "0.9", "")],
        facts={"cost": "1.0"},
    ),
    "a run somewhat dear": Case(THIRDS, [], facts={"cost": "0.29"}),
    "a dear run of few": Case(THIRDS, [], facts={"cost": "9"}, usual_trace=None),
    "prompts that grow": Case(
        [prompt(str(n), 300 * n, 10_000 + 1_000 * n, cost="0.05") for n in range(4)],
        [("TOKEN_BLOAT", "WARNING", None, "0.143", "3 2 1 0")],
        end=1_200,
    ),
    "prompts from a cache": Case(
        [prompt(str(n), 300 * n, 10_000, cache_read_tokens=9_000) for n in range(4)], [], end=1_200
    ),
    "prompts with long answers": Case([prompt(str(n), 300 * n, 10_000, got=2_000) for n in range(4)], [], end=1_200),
    "short prompts": Case([prompt(str(n), 300 * n, 1_000, got=1) for n in range(4)], [], end=1_200),
    "a slow step": Case(
        [step("look", 0, 400), step("a", 400, 700), step("b", 700, 1000)], [("SLOW_STEP", "WARNING", 300, None, "look")]
    ),
    "a step that is slow by much of the run": Case(
        [step("look", 0, 600), step("a", 600, 800)],
        [("SLOW_STEP", "CRITICAL", 500, None, "look"), ("CRITICAL_PATH", "INFO", 600, None, "look")],
        end=800,
    ),
    "slow because of one it called": Case(
        [step("look", 0, 450), step("in", 0, 420, "look", name="look"), step("a", 450, 700), step("b", 700, 1000)],
        [("SLOW_STEP", "WARNING", 320, None, "in")],
    ),
    "as slow as others now and then": Case([step("look", 0, 190), step("a", 190, 600), step("b", 600, 1000)], []),
    "slow, and failed": Case([step("look", 0, 400, **FAILED), step("a", 400, 700), step("b", 700, 1000)], []),
    "slow, of too few": Case([step("rare", 0, 400), step("a", 400, 700), step("b", 700, 1000)], []),
    "a slow first token": Case(
        [step("look", 0, 190, time_to_first_token_ms=260.0), step("a", 190, 600), step("b", 600, 1000)],
        [("SLOW_FIRST_TOKEN", "WARNING", 160, None, "look")],
    ),
    "a slow first token of too few": Case(
        [step("rare", 0, 190, time_to_first_token_ms=900.0), step("a", 190, 600), step("b", 600, 1000)], []
    ),
    "two slow steps and a retry": Case(
        [step("look", 0, 300), call("a", 300, 400, **FAILED), call("b", 400, 500), step("x", 500, 1000)],
        [
            ("SLOW_STEP", "WARNING", 200, None, "look"),
            ("RETRIES", "WARNING", 100, None, "a b"),
            ("CRITICAL_PATH", "INFO", 500, None, "x"),
        ],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_known_is_found(case: Case) -> None:
    """Each trace of the table has the known findings, with their impact and their evidence, and no others."""
    assert [told(insight) for insight in found_in(case)] == [
        (rule, severity, None if ms is None else pytest.approx(ms, rel=0.02), cost, evidence)
        for rule, severity, ms, cost, evidence in case.found
    ]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_finding_is_told_whole(case: Case) -> None:
    """A finding has a title of a few words and an explanation that has numbers and ends."""
    for insight in found_in(case):
        assert 0 < len(insight.title) < 80
        assert any(letter.isdigit() for letter in insight.explanation)
        assert insight.explanation.endswith(".")
        assert "  " not in insight.explanation


def test_only_steps_that_may_be_slow_are_looked_up() -> None:
    """What is usual is asked for long steps and late first tokens alone."""
    steps = [step("short", 0, 99), step("long", 0, 400), step("late", 0, 50, time_to_first_token_ms=100.0)]

    assert wanted_of(steps, 1_000.0) == {("long", "CUSTOM", None), ("late", "CUSTOM", None)}
    assert wanted_of(steps, 5_000.0) == {("late", "CUSTOM", None)}
    assert EMPTY.count == 0


def found_in(case: Case) -> Sequence[Insight]:
    rows = sorted_steps(case.steps)
    run = trace(case.end, **case.facts)
    timeline = timeline_of(run, rows)
    path = critical_path(timeline)
    return insights_of_trace(
        Observed(trace=run, steps=rows, timeline=timeline, path=path, usual=USUAL, usual_trace=case.usual_trace)
    )


def told(insight: Insight) -> tuple[str, str, float | None, str | None, str]:
    cost = insight.impact_cost
    money = None if cost is None else f"{cost.quantize(Decimal('0.001')).normalize():f}"
    evidence = " ".join(row["id"] for row in insight.evidence)
    return insight.rule.value, insight.severity.value, insight.impact_ms, money, evidence
