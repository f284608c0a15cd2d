"""Cutting time: parts cover a span once and without gaps, each in whole buckets of its tier."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analytics.questions import TimeRange
from analytics.times import DAY, EPOCH, HOUR, MINUTE, Tier, cover

BASE = datetime(2026, 3, 1, tzinfo=UTC)
LENGTHS = {"DAY": DAY, "HOUR": HOUR, "MINUTE": MINUTE}
moments = st.integers(0, 40 * 86_400_000).map(lambda number: BASE + timedelta(milliseconds=number))


@given(start=moments, end=moments, since=moments, points=st.lists(moments, max_size=5))
def test_parts_cover_the_span_once(start: datetime, end: datetime, since: datetime, points: list[datetime]) -> None:
    """The parts follow each other from start to end; those of a tier are whole buckets that are still kept."""
    since = since.replace(minute=0, second=0, microsecond=0)
    tiers = [Tier(name="DAY", length=DAY), Tier(name="HOUR", length=HOUR)]
    tiers.append(Tier(name="MINUTE", length=MINUTE, since=since))
    parts = cover(TimeRange(start=start, end=end), sorted(set(points)), tiers) if start < end else []

    bounds = [part.start for part in parts] + [end]
    assert [part.end for part in parts] == bounds[1:]
    assert not parts or parts[0].start == start
    for part in parts:
        if part.tier is not None:
            length = LENGTHS[part.tier]
            assert (part.start - EPOCH) % length == (part.end - EPOCH) % length == timedelta()
            assert part.tier != "MINUTE" or part.start >= since
