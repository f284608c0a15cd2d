"""Figures: whatever was written and merged, roll-ups say what the steps say, and the parts add up to the whole."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.figures import NUMERICS, SKETCHES_OF, WHOLE_NUMBERS, Figures, added, figures, ranked, samples
from analytics.merging import merge_project
from analytics.questions import AnalyticsSource, Dimension, Interval, Question, TimeRange
from analytics.samples import Sample
from analytics.slices import Place, Slice
from analytics.sources import FROM_ROLLUPS, source_for
from analytics.times import points_of, zone_of
from ingest.writer import Writer
from models.comparisons import StepKindFilter, StepStatusFilter, StringFilter
from models.database import Database
from models.enums import StepKind, StepStatus
from models.filter_reading import read_steps
from models.filters import StepFilter
from models.sketch import ACCURACY, SMALLEST
from tests.ingest.conftest import new_project
from tests.ingest.histories import EPOCH, histories, moments

FEW = settings(
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
texts = st.builds(StringFilter, eq=st.none() | st.sampled_from(["a", "b", "call"]), is_null=st.none() | st.booleans())
plain = st.builds(
    StepFilter,
    name=st.none() | texts,
    model=st.none() | texts,
    provider=st.none() | texts,
    kind=st.none() | st.builds(StepKindFilter, ne=st.sampled_from(StepKind)),
    status=st.none() | st.builds(StepStatusFilter, in_=st.lists(st.sampled_from(StepStatus))),
)
filters = plain | st.builds(StepFilter, or_=st.lists(plain, max_size=3)) | st.builds(StepFilter, not_=plain)
dimensions = st.lists(st.sampled_from(sorted(FROM_ROLLUPS)), max_size=3, unique=True)
spans = st.tuples(moments, moments, st.booleans()).map(
    lambda drawn: (
        (min(drawn[:2]), max(drawn[:2]) + timedelta(milliseconds=1)) if drawn[2] else (EPOCH, EPOCH + timedelta(days=3))
    )
)
zones = st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"])


@FEW
@given(data=st.data())
async def test_roll_ups_say_what_the_steps_say(data: st.DataObject, database: Database, writer: Writer) -> None:
    """Groups, points and totals under any filter that roll-ups can tell are those of the steps, and add up.

    So are the values behind quantiles, to 1 %.
    """
    whole = data.draw(slices(await written(data, database, writer)))
    exact = replace(whole, question=replace(whole.question, source=AnalyticsSource.STEPS))
    top = data.draw(st.integers(1, 4))

    assert source_for(whole.question.dimensions, whole.question.term) is AnalyticsSource.ROLLUP
    found, cut = await ranked(database, whole, top)
    expected, exact_cut = await ranked(database, exact, top)
    assert [(key, told(of)) for key, of in found] == [(key, told(of)) for key, of in expected]
    assert places(await figures(database, cut)) == places(await figures(database, exact_cut))
    for measure in SKETCHES_OF:
        resemble(await samples(database, cut, measure), await samples(database, exact_cut, measure))
    everything = await figures(database, unpointed(whole))
    total = told(added(list(everything.values()), whole))
    assert total == told(added([of for _, of in found], whole))
    assert total == told(added(list((await figures(database, cut)).values()), whole))


async def written(data: st.DataObject, database: Database, writer: Writer) -> str:
    """A project with a history, some of it merged."""
    project_id = await new_project(database)
    records = data.draw(histories())
    split = data.draw(st.integers(0, len(records)))
    now = data.draw(st.sampled_from([EPOCH, EPOCH + timedelta(days=3)]))
    for part in (records[:split], records[split:]):
        if part:
            await writer.record(project_id, part)
        if data.draw(st.booleans()):
            await merge_project(database, project_id, now)
    return project_id


@st.composite
def slices(draw: st.DrawFn, project_id: str) -> Slice:
    (start, end), zone = draw(spans), draw(zones)
    span = TimeRange(start=start, end=end)
    interval = draw(st.sampled_from([Interval.HOUR, Interval.DAY]))
    chosen: list[Dimension] = draw(dimensions)
    question = Question(
        projects=(project_id,),
        source=AnalyticsSource.ROLLUP,
        dimensions=tuple(chosen),
        zone=zone,
        term=read_steps(draw(st.none() | filters)),
    )
    points = tuple(points_of(span, interval, zone_of(zone)))
    # Whoever asks knows that the minutes of the past are forgotten.
    now: datetime = EPOCH + timedelta(days=3)
    return Slice(question=question, span=span, points=points, now=now)


def unpointed(cut: Slice) -> Slice:
    return replace(cut, question=replace(cut.question, dimensions=()), points=(cut.span.start,))


def told(found: Figures) -> dict[str, Any]:
    return {name: found.row[name] for name in WHOLE_NUMBERS} | {
        # Both are rounded to whole microseconds, the writer's half-way values to the even one.
        name: round(Decimal(found.row[name]), 9 if name == "cost" else -1)
        for name in NUMERICS
        if name != "first_token_microseconds"
    }


def resemble(found: Mapping[Place, Sample], expected: Mapping[Place, Sample]) -> None:
    """At each place there are as many values, and each of them is at most 1 % from that of the same rank."""
    assert {place: of.count for place, of in found.items() if of.count} == {
        place: of.count for place, of in expected.items()
    }
    for place, of in expected.items():
        values = np.repeat(found[place].values, found[place].counts)
        assert np.allclose(values, of.values, rtol=ACCURACY * (1 + 1e-9), atol=SMALLEST)


def places(found: dict[Any, Figures]) -> dict[Any, dict[str, Any]]:
    return {place: told(of) for place, of in found.items() if any(of.row[name] for name in WHOLE_NUMBERS)}
