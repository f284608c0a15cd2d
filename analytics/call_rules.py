"""Rules about calls and money: what was asked twice, tried again, or paid more for than usual."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from decimal import Decimal

from analytics.baselines import DAYS, LEAST
from analytics.insights import MOST_EVIDENCE, Insight, InsightRule, InsightSeverity
from analytics.observed import MOST_EACH, Observed, cost_of, key_of, took_by
from analytics.wording import counted, dollars, milliseconds, number
from models.rows import Row

WASTED_SHARE = 0.1
DEAR_TIMES = 3.0
VERY_DEAR_TIMES = 10.0
BLOATED_CALLS = 3
BLOATED_TOKENS = 10_000
BLOATED_RATIO = 10


def repeated_call_rule(observed: Observed) -> Iterator[Insight]:
    """The same input was given to the same step at least twice, and each of them went well."""
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for step in observed.steps:
        if step["digest"] is not None and step["status"] == "OK":
            groups[*key_of(step), step["digest"]].append(step)
    repeated = [steps for steps in groups.values() if len(steps) > 1]
    for steps in sorted(repeated, key=lambda steps: -took_by(steps[1:]))[:MOST_EACH]:
        took, cost = took_by(steps[1:]), cost_of(steps[1:])
        yield Insight(
            rule=InsightRule.REPEATED_CALL,
            severity=InsightSeverity.WARNING if observed.share(took) >= WASTED_SHARE else InsightSeverity.INFO,
            title=f"{steps[0]['name']} was asked the same {counted(len(steps), 'time')}",
            explanation=f"{counted(len(steps), 'call')} of {steps[0]['name']} had the same input, and all of them went "
            f"well. The first answer could have served the others, which took {milliseconds(took)}{_and_cost(cost)}.",
            impact_ms=took,
            impact_cost=cost,
            evidence=steps[:MOST_EVIDENCE],
        )


def retries_rule(observed: Observed) -> Iterator[Insight]:
    """A step failed, and its caller called the same again, with the same input as far as it is known."""
    chains = [chain for chain in _attempts(observed.steps) if len(chain) > 1]
    for chain in sorted(chains, key=lambda chain: chain[0]["start_time"] - chain[-1]["start_time"])[:MOST_EACH]:
        failures = [step for step in chain if step["status"] == "ERROR"]
        lost = (chain[-1]["start_time"] - chain[0]["start_time"]).total_seconds() * 1000
        kinds = sorted({step["error_type"] for step in failures if step["error_type"]})
        given_up = chain[-1]["status"] == "ERROR"
        name, cost = chain[0]["name"], cost_of(failures)
        yield Insight(
            rule=InsightRule.RETRIES,
            severity=InsightSeverity.CRITICAL if given_up else InsightSeverity.WARNING,
            title=f"{name} {'failed in all' if given_up else 'needed'} {counted(len(chain), 'attempt')}",
            explanation=f"{name} failed {counted(len(failures), 'time')}{_of_kinds(kinds)}"
            f"{' and was given up' if given_up else ' before it went well'}. From the first attempt to the start of "
            f"the last one {milliseconds(lost)} passed{_cost_of_failures(cost)}.",
            impact_ms=lost,
            impact_cost=cost,
            evidence=chain[:MOST_EVIDENCE],
        )


def cost_outlier_rule(observed: Observed) -> Iterator[Insight]:
    """The run cost at least three times the mean of such runs."""
    usual, cost = observed.usual_trace, Decimal(observed.trace["cost"] or 0)
    if usual is None or usual.count < LEAST or usual.cost <= 0:
        return
    times = float(cost) / usual.cost
    if times < DEAR_TIMES:
        return
    dear = sorted((step for step in observed.steps if step["cost"]), key=lambda step: -Decimal(step["cost"]))
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for step in dear:
        spent[step["name"]] += Decimal(step["cost"])
    most = max(spent, key=lambda name: spent[name], default="")
    told = (
        f" Of it, {dollars(spent[most])} went to {counted(_calls(dear, most), 'step')} called {most}." if most else ""
    )
    yield Insight(
        rule=InsightRule.COST_OUTLIER,
        severity=InsightSeverity.CRITICAL if times >= VERY_DEAR_TIMES else InsightSeverity.WARNING,
        title=f"The run cost {number(times)} times as much as usual",
        explanation=f"It cost {dollars(cost)}; the mean of {usual.count:,} such runs in {DAYS} days is "
        f"{dollars(usual.cost)}.{told}",
        impact_cost=cost - Decimal(str(usual.cost)),
        evidence=dear[:MOST_EVIDENCE],
    )


def token_bloat_rule(observed: Observed) -> Iterator[Insight]:
    """Model calls sent ten times as many tokens as they got, most of them again and none from a cache."""
    calls = [step for step in observed.steps if step["input_tokens"] and step["kind"] == "LLM"]
    sent, got = sum(step["input_tokens"] for step in calls), sum(step["output_tokens"] or 0 for step in calls)
    longest = max((step["input_tokens"] for step in calls), default=0)
    cached = sum(step["cache_read_tokens"] or 0 for step in calls)
    again = sent - longest - cached
    if len(calls) < BLOATED_CALLS or sent < max(BLOATED_TOKENS, BLOATED_RATIO * got) or again < sent / 2:
        return
    cost = cost_of(calls)
    from_cache = f"{cached:,} of all tokens sent" if cached else "none of the tokens sent"
    saved = cost and cost * again / (sent + got)
    told = f" That is up to {dollars(saved)}, at their average price." if saved else ""
    yield Insight(
        rule=InsightRule.TOKEN_BLOAT,
        severity=InsightSeverity.WARNING,
        title=f"{counted(len(calls), 'model call')} sent {sent:,} tokens to get {got:,}",
        explanation=f"The longest prompt has {longest:,} tokens, and {from_cache} came from the provider's cache. "
        f"If each prompt repeats the one before, {again:,} tokens were paid again: cache them, or send less of "
        f"the history.{told}",
        impact_cost=saved,
        evidence=sorted(calls, key=lambda step: -step["input_tokens"])[:MOST_EVIDENCE],
    )


def _attempts(steps: Sequence[Row]) -> list[list[Row]]:
    """The steps in chains: each next one was called after the one before had failed."""
    chains: list[list[Row]] = []
    latest: dict[Hashable, list[Row]] = {}
    for step in steps:
        place = step["parent_id"], *key_of(step)
        chain = latest.get(place)
        if chain is None or not _follows(chain[-1], step):
            chain = latest[place] = []
            chains.append(chain)
        chain.append(step)
    return chains


def _follows(failed: Row, step: Row) -> bool:
    if failed["status"] != "ERROR" or failed["end_time"] is None or step["start_time"] < failed["end_time"]:
        return False
    return failed["digest"] == step["digest"] or None in (failed["digest"], step["digest"])


def _calls(steps: Sequence[Row], name: str) -> int:
    return sum(step["name"] == name for step in steps)


def _and_cost(cost: Decimal | None) -> str:
    return f" and cost {dollars(cost)}" if cost else ""


def _cost_of_failures(cost: Decimal | None) -> str:
    return f", and the failed attempts cost {dollars(cost)}" if cost else ""


def _of_kinds(kinds: Sequence[str]) -> str:
    return f" ({', '.join(kinds)})" if kinds else ""
