"""Answers that compare models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from analytics.comparing import Difference, against_median, best_of, best_overall, saved
from analytics.figures import check_size, figures, ranked, samples
from analytics.measures import measures_of
from analytics.questions import Dimension, TimeRange
from analytics.samples import Sample
from analytics.significance import SMALLEST_SAMPLE, Ratio, proportion_test, rank_test, ratio_test
from analytics.slices import Place, Slice
from analytics.sources import shortest_block
from analytics.times import blocks_of
from auth.viewer import READ, require
from models.filter_reading import COLUMNS
from models.filter_terms import All, Compare, Term
from models.filter_values import comparison
from models.filters import StepFilter, TraceFilter
from resolvers.analytics import slice_of
from resolvers.context import Context

MOST_MODELS = 500
DIMENSIONS = (Dimension.MODEL, Dimension.PROVIDER)
DURATION = "duration_ms"
Row = Mapping[str, Any]
Values = dict[int, float]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The models that are compared, and the slice of their steps."""

    slice: Slice
    rows: list[Row] = field(default_factory=list)

    @property
    def sampled(self) -> list[Row]:
        """The measures of the models that have enough steps to be judged."""
        measured = [row["metrics"] for row in self.rows]
        return [metrics for metrics in measured if metrics["step_count"] >= SMALLEST_SAMPLE]

    def model(self, place: int | None) -> str | None:
        """Which model is at a place."""
        return next((row["model"] for row in self.rows if row["metrics"]["place"][0] == place), None)


async def compare_models(
    context: Context,
    *,
    range: TimeRange,
    models: Sequence[str] | None = None,
    traces: TraceFilter | None = None,
    steps: StepFilter | None = None,
) -> Row:
    """All models side by side: how fast, reliable and dear the steps were that used them."""
    require(context.viewer, READ)
    whole = await slice_of(context, range, DIMENSIONS, traces, steps)
    term = All((whole.question.term, _having(models)))
    of_models = replace(whole, question=replace(whole.question, term=term))
    found, cut = await ranked(context.database, of_models, MOST_MODELS)
    compared = Compared(slice=cut)
    for (model, provider, _), of in found:
        if of.place[0]:
            measures = measures_of(of)
            compared.rows.append({"model": model, "provider": provider, "metrics": measures, "compared": compared})
    check_size(cut.question.source, sum(of.row["step_count"] for _, of in found))
    return {"rows": compared.rows, "compared": compared}


async def faster(context: Context, parents: Sequence[Row]) -> list[Row | None]:
    """Whether it is faster than the model of median latency (Mann-Whitney U); null when too few steps tell.

    The difference is the share of the median model's median duration that it saves.
    """
    answers: dict[int, Row] = {}
    for compared in _compared(parents):
        found, values = await _medians(context, compared)

        def test(one: int, other: int, found: Mapping[Place, Sample] = found) -> float | None:
            return rank_test(found[one, 0], found[other, 0])

        answers |= _of_rows(compared, against_median(values, saved, test))
    return [answers.get(id(parent)) for parent in parents]


async def cheaper(context: Context, parents: Sequence[Row]) -> list[Row | None]:
    """Whether it is cheaper than the model of median cost per 1,000 tokens; null when too few blocks of time tell.

    Its cost in each hour, day or week is compared (a jackknife over these blocks). The difference is the share of the
    median model's cost per 1,000 tokens that it saves.
    """
    answers: dict[int, Row] = {}
    for compared in _compared(parents):
        ratios = await _ratios(context, compared)

        def test(one: int, other: int, ratios: Mapping[int, Ratio] = ratios) -> float | None:
            return ratio_test(ratios[one], ratios[other])

        answers |= _of_rows(compared, against_median(_prices(compared), saved, test))
    return [answers.get(id(parent)) for parent in parents]


async def more_reliable(_context: Context, parents: Sequence[Row]) -> list[Row | None]:
    """Whether fewer of its steps fail than of the model of median error rate (two-proportion z); null when too few.

    The difference is that of the two error rates, positive when it fails less.
    """
    answers: dict[int, Row] = {}
    for compared in _compared(parents):
        counts = {row["place"][0]: (row["error_count"], row["step_count"]) for row in compared.sampled}

        def test(one: int, other: int, counts: Mapping[int, tuple[int, int]] = counts) -> float | None:
            return proportion_test(*counts[one], *counts[other])

        answers |= _of_rows(compared, against_median(_error_rates(compared), lambda own, median: median - own, test))
    return [answers.get(id(parent)) for parent in parents]


async def best_latency(context: Context, parents: Sequence[Row]) -> list[str | None]:
    """The model of the least median duration, among those with 20 steps or more that ended."""
    values = [(await _medians(context, parent["compared"]))[1] for parent in parents]
    return _best(parents, values)


async def best_reliability(_context: Context, parents: Sequence[Row]) -> list[str | None]:
    """The model of the least error rate, among those with 20 steps or more."""
    return _best(parents, [_error_rates(parent["compared"]) for parent in parents])


async def best_cost(_context: Context, parents: Sequence[Row]) -> list[str | None]:
    """The model of the least cost per 1,000 tokens, among those with 20 steps or more whose cost is not zero."""
    return _best(parents, [_prices(parent["compared"]) for parent in parents])


async def best_throughput(_context: Context, parents: Sequence[Row]) -> list[str | None]:
    """The model with most output tokens per second of its steps, among those with 20 steps or more."""
    return _best(parents, [_slownesses(parent["compared"]) for parent in parents])


async def best_overall_model(context: Context, parents: Sequence[Row]) -> list[str | None]:
    """The model of the best mean rank in latency, reliability, cost and throughput.

    Measures that no model has don't count; a model that lacks one of the others is not ranked.
    """
    answers: list[str | None] = []
    for parent in parents:
        compared: Compared = parent["compared"]
        _, medians = await _medians(context, compared)
        measures = [medians, _error_rates(compared), _prices(compared), _slownesses(compared)]
        answers.append(compared.model(best_overall(measures)))
    return answers


def _having(models: Sequence[str] | None) -> Term:
    named = Compare(COLUMNS["model"], "is_null", value=False)
    return named if models is None else All((named, comparison(COLUMNS["model"], "in_", models, ("models",))))


async def _medians(context: Context, compared: Compared) -> tuple[Mapping[Place, Sample], Values]:
    found = await samples(context.database, compared.slice, DURATION)
    medians = {place: sample.quantile(0.5) for (place, _), sample in found.items() if sample.count >= SMALLEST_SAMPLE}
    shown = {row["metrics"]["place"][0] for row in compared.rows}
    return found, {place: value for place, value in medians.items() if value is not None and place in shown}


def _error_rates(compared: Compared) -> Values:
    return {metrics["place"][0]: metrics["error_rate"] for metrics in compared.sampled}


def _prices(compared: Compared) -> Values:
    prices = {row["place"][0]: float(row["cost_per_thousand_tokens"] or 0) for row in compared.sampled}
    return {place: price for place, price in prices.items() if price > 0}


def _slownesses(compared: Compared) -> Values:
    rates = {metrics["place"][0]: metrics["output_tokens_per_second"] for metrics in compared.sampled}
    return {place: -rate for place, rate in rates.items() if rate}


async def _ratios(context: Context, compared: Compared) -> dict[int, Ratio]:
    """Cost and thousands of tokens of each model, block by block."""
    points = blocks_of(compared.slice.span, shortest_block(compared.slice))
    cut = replace(compared.slice, points=tuple(points))
    costs, tokens = (np.zeros((len(cut.chosen) + 1, len(points))) for _ in range(2))
    for (place, point), of in (await figures(context.database, cut)).items():
        costs[place, point] = float(of.row["cost"])
        tokens[place, point] = (of.row["input_tokens"] + of.row["output_tokens"]) / 1000
    return {place: Ratio(above=costs[place], below=tokens[place]) for place in range(1, len(costs))}


def _best(parents: Sequence[Row], values: Sequence[Values]) -> list[str | None]:
    return [parent["compared"].model(best_of(found)) for parent, found in zip(parents, values, strict=True)]


def _of_rows(compared: Compared, found: Mapping[int, Difference]) -> dict[int, Row]:
    """The differences as rows, each for the row of its model."""
    places = {row["metrics"]["place"][0]: id(row) for row in compared.rows}
    return {places[place]: asdict(difference) for place, difference in found.items()}


def _compared(parents: Sequence[Row]) -> list[Compared]:
    return list({id(parent["compared"]): parent["compared"] for parent in parents}.values())
