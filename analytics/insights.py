"""Insights: findings by fixed rules, each with its evidence and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from models.rows import Row

MOST_EVIDENCE = 5
MOST_INSIGHTS = 10


class InsightRule(StrEnum):
    """What is looked for."""

    CRITICAL_PATH = "CRITICAL_PATH"
    """Steps of one name make up most of the time for which a run waited."""
    SELF_TIME = "SELF_TIME"
    """A step spends much of a run outside the steps that it calls."""
    SLOW_STEP = "SLOW_STEP"
    """A step took much longer than such steps do."""
    REPEATED_CALL = "REPEATED_CALL"
    """The same was asked more than once, with success each time."""
    RETRIES = "RETRIES"
    """A step failed and was tried again."""
    ERROR_BURST = "ERROR_BURST"
    """Many more steps of a name failed in some time than otherwise."""
    COST_OUTLIER = "COST_OUTLIER"
    """A run, or the steps of a name, cost much more than usual."""
    TOKEN_BLOAT = "TOKEN_BLOAT"  # noqa: S105  no password
    """Prompts are much longer than they need to be, or than they were."""
    SLOW_FIRST_TOKEN = "SLOW_FIRST_TOKEN"  # noqa: S105  no password
    """The first token of an answer came much later than usual."""
    IDLE_GAP = "IDLE_GAP"
    """No step ran for a good part of a run."""
    LATENCY_REGRESSION = "LATENCY_REGRESSION"
    """The steps of a name became slower."""


class InsightSeverity(StrEnum):
    """How much it matters."""

    INFO = "INFO"
    """Good to know."""
    WARNING = "WARNING"
    """Worth a look."""
    CRITICAL = "CRITICAL"
    """Look now."""


@dataclass(frozen=True, kw_only=True)
class Insight:
    """A finding. The impact is milliseconds or US dollars that it cost; None where it cost none, or nobody can tell."""

    rule: InsightRule
    severity: InsightSeverity
    title: str
    explanation: str
    impact_ms: float | None = None
    impact_cost: Decimal | None = None
    evidence: Sequence[Row] = ()


def foremost(found: Iterable[Insight]) -> list[Insight]:
    """The findings that matter most, in the order of their severity, at most ten."""
    grave = list(InsightSeverity)
    ranked = sorted(found, key=lambda insight: grave.index(insight.severity), reverse=True)
    return ranked[:MOST_INSIGHTS]
