"""Answers that compare models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from analytics.figures import Slice, ranked, samples, source_for
from analytics.measures import measures_of
from analytics.questions import Dimension, Question, TimeRange
from analytics.samples import EMPTY
from analytics.significance import SMALLEST_SAMPLE, level_for, proportion_test, rank_test
from auth.viewer import READ, require
from models.errors import Invalid
from resolvers.context import Context

MOST_MODELS = 500
DIMENSIONS = (Dimension.MODEL, Dimension.PROVIDER)
DURATION = "duration_ms"
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The models that are compared, and the slice of their steps."""

    slice: Slice
    rows: list[Row] = field(default_factory=list)


async def compare_models(context: Context, *, range: TimeRange, models: Sequence[str] | None = None) -> Row:
    """All models side by side: how fast, reliable and dear the steps were that used them."""
    require(context.viewer, READ)
    if range.end <= range.start:
        raise Invalid("A range ends after its start.", path=["range", "end"])
    source = source_for(DIMENSIONS, filtered=False)
    question = Question(project_id=context.project_id, source=source, dimensions=DIMENSIONS)
    whole = Slice(question=question, span=range, points=(range.start,), now=datetime.now(UTC))
    found, cut = await ranked(context.database, whole, MOST_MODELS)
    compared = Compared(slice=cut)
    for (model, provider, _), of in found:
        if model is not None and (models is None or model in models):
            compared.rows.append(
                {"model": model, "provider": provider, "metrics": measures_of(of), "compared": compared}
            )
    return {"rows": compared.rows, "compared": compared}


async def faster(context: Context, parents: Sequence[Row]) -> list[Row | None]:
    """Whether it is faster than the model of median latency (Mann-Whitney U); null when too few steps tell.

    The difference is the share of the median model's median duration that it saves.
    """
    answers: dict[int, Row | None] = {}
    for compared in _compared(parents):
        found = await samples(context.database, compared.slice, DURATION)
        of = {id(row): found.get(row["metrics"]["place"], EMPTY) for row in compared.rows}
        known = [sample for sample in of.values() if sample.count >= SMALLEST_SAMPLE]
        middle = (
            sorted(known, key=lambda sample: sample.quantile(0.5) or 0.0)[(len(known) - 1) // 2] if known else EMPTY
        )
        base, level = middle.quantile(0.5), level_for(len(known) - 1)
        for row in compared.rows:
            own = of[id(row)].quantile(0.5)
            difference = (base - own) / base if base and own is not None else 0.0
            answers[id(row)] = _significance(difference, rank_test(of[id(row)], middle), level)
    return [answers.get(id(parent)) for parent in parents]


async def more_reliable(_context: Context, parents: Sequence[Row]) -> list[Row | None]:
    """Whether fewer of its steps fail than of the model of median error rate (two-proportion z); null when too few.

    The difference is that of the two error rates, positive when it fails less.
    """
    answers: dict[int, Row | None] = {}
    for compared in _compared(parents):
        known = [row["metrics"] for row in compared.rows if row["metrics"]["step_count"] >= SMALLEST_SAMPLE]
        ordered = sorted(known, key=lambda metrics: metrics["error_rate"])
        for row in compared.rows if ordered else ():
            own, middle = row["metrics"], ordered[(len(ordered) - 1) // 2]
            p = proportion_test(own["error_count"], own["step_count"], middle["error_count"], middle["step_count"])
            difference = middle["error_rate"] - own["error_rate"]
            answers[id(row)] = _significance(difference, p, level_for(len(known) - 1))
    return [answers.get(id(parent)) for parent in parents]


async def best_latency(context: Context, parents: Sequence[Row]) -> list[str | None]:
    """The model of the least median duration, among those with 20 steps or more that ended."""
    answers: list[str | None] = []
    for parent in parents:
        compared: Compared = parent["compared"]
        found = await samples(context.database, compared.slice, DURATION)
        medians = [(found.get(row["metrics"]["place"], EMPTY), row["model"]) for row in compared.rows]
        known = [(sample.quantile(0.5) or 0.0, model) for sample, model in medians if sample.count >= SMALLEST_SAMPLE]
        answers.append(min(known)[1] if known else None)
    return answers


async def best_reliability(_context: Context, parents: Sequence[Row]) -> list[str | None]:
    """The model of the least error rate, among those with 20 steps or more."""
    return [_least(parent, lambda metrics: metrics["error_rate"]) for parent in parents]


async def best_cost(_context: Context, parents: Sequence[Row]) -> list[str | None]:
    """The model of the least cost per 1,000 tokens, among those with 20 steps or more whose cost is not zero."""
    return [
        _least(parent, lambda metrics: float(metrics["cost_per_thousand_tokens"] or 0) or None) for parent in parents
    ]


async def best_throughput(_context: Context, parents: Sequence[Row]) -> list[str | None]:
    """The model with most output tokens per second of its steps, among those with 20 steps or more."""
    return [_least(parent, lambda metrics: -(metrics["output_tokens_per_second"] or 0) or None) for parent in parents]


def _least(parent: Row, measure: Callable[[Row], float | None]) -> str | None:
    compared: Compared = parent["compared"]
    known = [row for row in compared.rows if row["metrics"]["step_count"] >= SMALLEST_SAMPLE]
    measured = [(value, row["model"]) for row in known if (value := measure(row["metrics"])) is not None]
    return min(measured)[1] if measured else None


def _compared(parents: Sequence[Row]) -> list[Compared]:
    return list({id(parent["compared"]): parent["compared"] for parent in parents}.values())


def _significance(difference: float, p_value: float | None, level: float) -> Row | None:
    if p_value is None:
        return None
    return {"difference": difference, "p_value": p_value, "significant": p_value < level}
