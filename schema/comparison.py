"""Models compared with each other."""

from __future__ import annotations

from resolvers import comparison, grades
from schema.analytics import Metrics
from schema.answers import answer, same_row
from schema.grade import Grade
from schema.row import of_row


@of_row
class Significance:
    """How one model differs from another, and whether that is more than chance."""

    difference: float
    """How much better it is; negative when it is worse."""
    p_value: float
    """How likely a difference this large would be if there were none."""
    significant: bool
    """Whether the p-value is below 0.05 divided by the number of comparisons (Bonferroni)."""


@of_row
class ModelComparisonRow:
    """One model of one provider."""

    model: str
    """The model."""
    provider: str | None
    """Who served it; null where the senders did not say."""
    metrics: Metrics
    """The measures of its steps."""
    grade: Grade | None = answer(grades.of_models)
    faster_than_median: Significance | None = answer(comparison.faster)
    cheaper_than_median: Significance | None = answer(comparison.cheaper)
    more_reliable_than_median: Significance | None = answer(comparison.more_reliable)


@of_row
class ModelComparisonBest:
    """The best model by each measure; null where none has enough steps."""

    latency: str | None = answer(comparison.best_latency)
    reliability: str | None = answer(comparison.best_reliability)
    cost: str | None = answer(comparison.best_cost)
    throughput: str | None = answer(comparison.best_throughput)
    overall: str | None = answer(comparison.best_overall_model)


@of_row
class ModelComparison:
    """Models side by side."""

    rows: list[ModelComparisonRow]
    """The models with most steps first, up to 500."""
    best: ModelComparisonBest = same_row()
    """The best of them."""
