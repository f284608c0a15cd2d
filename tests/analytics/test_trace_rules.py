"""What rules find in traces: hand-made ones with the findings that a person makes, and none where none is due."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
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
# On the edge of what is enough, with a median of 100 and of 50 ms, and with a long tail: 95 % take at most 300 ms.
ENOUGH, BRIEF = sample(*[100.0] * 20), sample(*[50.0] * 20)
TAILED = sample(*[100.0] * 949, 300.0, *[400.0] * 50)
USUAL: dict[StepKey, UsualStep] = {
    ("even", "CUSTOM", None): UsualStep(durations=ENOUGH, first_tokens=ENOUGH),
    ("brief", "CUSTOM", None): UsualStep(durations=BRIEF, first_tokens=BRIEF),
    ("tailed", "CUSTOM", None): UsualStep(durations=TAILED, first_tokens=TAILED),
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

SLOW, LATE, PATH = ("SLOW_STEP", "WARNING"), ("SLOW_FIRST_TOKEN", "WARNING"), ("CRITICAL_PATH", "INFO")
GREAT = UsualTrace(count=20, duration_ms=1_000.0, cost=0.125, tokens_per_second=10.0)


def parts_of(*lengths: float, since: float = 0) -> list[dict[str, Any]]:
    """Steps one after the other, each called by its place."""
    ends = [since + sum(lengths[:place]) for place in range(len(lengths) + 1)]
    return [step(f"part {place}", *bounds) for place, bounds in enumerate(pairwise(ends), start=1)]


def within(caller: float, *calls: float) -> list[dict[str, Any]]:
    """A step, and those that it called, one after the other from its start."""
    return [step("p", 0, caller), *({**part, "parent_id": "p"} for part in parts_of(*calls))]


def beside(identity: str, end: float, *lengths: float, **facts: Any) -> list[dict[str, Any]]:
    """A step and those after it, of which none is half of the run."""
    return [step(identity, 0, end, **facts), *parts_of(*lengths, since=end)]


def prompts(*sent: int, got: int = 50, **facts: Any) -> list[dict[str, Any]]:
    return [prompt(str(place), 300 * place, tokens, got, **facts) for place, tokens in enumerate(sent)]


def repeated(length: float) -> list[dict[str, Any]]:
    """The same twice, the second time for so long."""
    first, *others = [call("a", 0, 250), step("x", 250, 600), step("y", 600 + length, 1000)]
    return [first, call("b", 600, 600 + length), *others]


BLOATED = ("TOKEN_BLOAT", "WARNING", None, None)

# On the edge of each threshold, and just below it.
EDGES = {
    "half of the run": Case(parts_of(500, 250, 250), [(*PATH, 500, None, "part 1")]),
    "less than half of the run": Case(parts_of(499, 251, 250), []),
    "half of a run of 200 ms": Case(parts_of(100, 50, 50), [(*PATH, 100, None, "part 1")], end=200),
    "half of a shorter run": Case(parts_of(99, 50, 49), [], end=198),
    "a caller's 30 %": Case(within(1_000, 350, 350), [("SELF_TIME", "INFO", 300, None, "p")]),
    "less than a caller's 30 %": Case(within(1_000, 351, 350), []),
    "a caller's 100 ms": Case(within(300, 100, 100), [("SELF_TIME", "INFO", 100, None, "p")], end=300),
    "less than a caller's 100 ms": Case(within(300, 101, 100), [], end=300),
    "idle for a tenth": Case(
        [step("a", 0, 900), step("b", 1_100, 2_000)], [("IDLE_GAP", "INFO", 200, None, "a b")], end=2_000
    ),
    "idle for 100 ms": Case(
        [step("a", 0, 200), step("b", 300, 500)], [("IDLE_GAP", "INFO", 100, None, "a b")], end=500
    ),
    "idle for less than a tenth": Case([step("a", 0, 900), step("b", 1_099, 2_000)], [], end=2_000),
    "idle for less than 100 ms": Case([step("a", 0, 200), step("b", 299, 500)], [], end=500),
    "idle for 30 %": Case([step("a", 0, 350), step("b", 650, 1_000)], [("IDLE_GAP", "WARNING", 300, None, "a b")]),
    "idle for less than 30 %": Case(
        [step("a", 0, 350), step("b", 649, 1_000)], [("IDLE_GAP", "INFO", 299, None, "a b")]
    ),
    "as slow as twice the median": Case(beside("even", 200, 400, 400), []),
    "slower than twice the median": Case(beside("even", 201, 400, 399), [(*SLOW, 101, None, "even")]),
    "as slow as 95 %": Case(beside("tailed", 300, 350, 350), []),
    "slower than 95 %": Case(beside("tailed", 301, 350, 349), [(*SLOW, 201, None, "tailed")]),
    "slow by 100 ms": Case(beside("brief", 150, 175, 175), [(*SLOW, 100, None, "brief")], end=500),
    "slow by less than 100 ms": Case(beside("brief", 149, 175, 176), [], end=500),
    "slow by a tenth of the run": Case(beside("even", 400, 1_300, 1_300), [(*SLOW, 300, None, "even")], end=3_000),
    "slow by less than a tenth of the run": Case(beside("even", 399, 1_300, 1_301), [], end=3_000),
    "slow by half of the run": Case(
        beside("even", 600, 400),
        [("SLOW_STEP", "CRITICAL", 500, None, "even"), (*PATH, 600, None, "even")],
    ),
    "slow by less than half of the run": Case(
        beside("even", 599, 401), [(*SLOW, 499, None, "even"), (*PATH, 599, None, "even")]
    ),
    "a first token later by 100 ms": Case(
        beside("brief", 90, 455, 455, time_to_first_token_ms=150.0), [(*LATE, 100, None, "brief")]
    ),
    "a first token later by less than 100 ms": Case(beside("brief", 90, 455, 455, time_to_first_token_ms=149.0), []),
    "four slow steps": Case(
        [step(str(place), 250 * place, 250 * place + 240 + place, name="even") for place in range(4)],
        [(*SLOW, 143, None, "3"), (*SLOW, 142, None, "2"), (*SLOW, 141, None, "1")],
    ),
    "four late first tokens": Case(
        [
            step(str(place), 250 * place, 250 * place + 90, name="even", time_to_first_token_ms=300.0 + place)
            for place in range(4)
        ],
        [
            ("IDLE_GAP", "WARNING", 640, None, "0 1"),
            *((*LATE, 203, None, "3"), (*LATE, 202, None, "2"), (*LATE, 201, None, "1")),
        ],
    ),
    "the same again, for a tenth": Case(repeated(100), [("REPEATED_CALL", "WARNING", 100, None, "a b")]),
    "the same again, for less than a tenth": Case(repeated(99), [("REPEATED_CALL", "INFO", 99, None, "a b")]),
    "six of the same": Case(
        [call(str(place), 160 * place, 160 * place + 160) for place in range(6)],
        [("REPEATED_CALL", "WARNING", 800, None, "0 1 2 3 4")],
        end=960,
    ),
    "three times as dear": Case(
        THIRDS, [("COST_OUTLIER", "WARNING", None, "0.25", "")], facts={"cost": "0.375"}, usual_trace=GREAT
    ),
    "not quite three times as dear": Case(THIRDS, [], facts={"cost": "0.374"}, usual_trace=GREAT),
    "ten times as dear": Case(
        THIRDS, [("COST_OUTLIER", "CRITICAL", None, "1.125", "")], facts={"cost": "1.25"}, usual_trace=GREAT
    ),
    "not quite ten times as dear": Case(
        THIRDS, [("COST_OUTLIER", "WARNING", None, "1.115", "")], facts={"cost": "1.24"}, usual_trace=GREAT
    ),
    "dear, but such runs are free": Case(
        THIRDS, [], facts={"cost": "1"}, usual_trace=UsualTrace(count=20, duration_ms=1, cost=0, tokens_per_second=1)
    ),
    "dear, of 19": Case(
        THIRDS, [], facts={"cost": "9"}, usual_trace=UsualTrace(count=19, duration_ms=1, cost=0.1, tokens_per_second=1)
    ),
    "10,000 tokens sent": Case(prompts(4_000, 3_000, 3_000), [(*BLOATED, "0 1 2")], end=900),
    "less than 10,000 tokens sent": Case(prompts(4_000, 3_000, 2_999), [], end=900),
    "two long prompts": Case([*prompts(9_000, 9_000), step("x", 600, 900)], [], end=900),
    "ten times what they got": Case(prompts(9_000, 9_000, 9_000, got=900), [(*BLOATED, "0 1 2")], end=900),
    "less than ten times what they got": Case(prompts(9_000, 9_000, 8_999, got=900), [], end=900),
    "half of it again": Case(prompts(8_000, 4_000, 4_000), [(*BLOATED, "0 1 2")], end=900),
    "less than half of it again": Case(prompts(8_001, 4_000, 4_000), [], end=900),
}
CASES |= EDGES


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
    assert wanted_of(steps, 4_000.0) == {("long", "CUSTOM", None), ("late", "CUSTOM", None)}
    assert wanted_of(steps, 4_001.0) == {("late", "CUSTOM", None)}
    assert wanted_of([step("long", 0, 100)], 900.0) == {("long", "CUSTOM", None)}
    assert wanted_of([step("late", 0, 50, time_to_first_token_ms=99.0)], 0.0) == set()
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
