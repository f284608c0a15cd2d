"""All rules that look at one trace (docs/reference/insights.md)."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.call_rules import cost_outlier_rule, repeated_call_rule, retries_rule, token_bloat_rule
from analytics.insights import Insight, foremost
from analytics.observed import Observed, Rule
from analytics.time_rules import (
    critical_path_rule,
    idle_gap_rule,
    self_time_rule,
    slow_first_token_rule,
    slow_step_rule,
)

RULES: Sequence[Rule] = (
    critical_path_rule,
    self_time_rule,
    idle_gap_rule,
    slow_step_rule,
    slow_first_token_rule,
    repeated_call_rule,
    retries_rule,
    cost_outlier_rule,
    token_bloat_rule,
)


def insights_of_trace(observed: Observed) -> list[Insight]:
    """What the rules find in a trace, what matters most first."""
    return foremost(insight for rule in RULES for insight in rule(observed))
