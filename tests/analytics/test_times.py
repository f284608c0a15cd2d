"""Cutting time: parts cover a span once and without gaps, each in whole buckets of its tier."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.questions import Interval, TimeRange
from analytics.times import (
    DAY,
    EARLIEST,
    EPOCH,
    HOUR,
    LATEST,
    LENGTHS,
    MINUTE,
    MOST_BLOCKS,
    Tier,
    blocks_of,
    check_range,
    cover,
    in_whole_hours,
    points_of,
)
from models.errors import Invalid

BASE = datetime(2026, 3, 1, tzinfo=UTC)
OF_TIERS = {"DAY": DAY, "HOUR": HOUR, "MINUTE": MINUTE}
ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Apia"),
    *("Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe", "Antarctica/Troll"),
)
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
            length = OF_TIERS[part.tier]
            assert (part.start - EPOCH) % length == (part.end - EPOCH) % length == timedelta()
            assert part.tier != "MINUTE" or part.start >= since


@given(
    start=st.datetimes(datetime(1890, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  aware
    length=st.timedeltas(timedelta(microseconds=1), timedelta(days=20)),
    interval=st.sampled_from(Interval),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_points_are_where_clocks_say(start: datetime, length: timedelta, interval: Interval, zone: ZoneInfo) -> None:
    """Points ascend, the first interval holds the start and the last one the end, and each starts on the dot."""
    end = start + min(length, LENGTHS[interval] * 1900)
    points = points_of(TimeRange(start=start, end=end), interval, zone)

    assert points[0] <= start
    assert all(earlier < later for earlier, later in pairwise(points))
    assert points[-1] < end
    assert all(point > start for point in points[1:])
    for point in points[1:]:
        wall = point.astimezone(zone)
        midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)
        if interval in (Interval.DAY, Interval.WEEK):
            assert point == midnight
            assert interval is Interval.DAY or wall.weekday() == 0
        else:
            assert not (wall.replace(tzinfo=UTC) - EPOCH) % LENGTHS[interval]


@pytest.mark.parametrize(("first", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)])
def test_days_have_the_hours_of_their_clocks(first: str, hours: int) -> None:
    """A day of hours in Berlin has as many as its clocks show, none missing and none twice."""
    zone = ZoneInfo("Europe/Berlin")
    start = datetime.fromisoformat(f"{first}T00:00:00").replace(tzinfo=zone).astimezone(UTC)
    end = points_of(TimeRange(start=start, end=start + timedelta(hours=30)), Interval.DAY, zone)[1]
    points = points_of(TimeRange(start=start, end=end), Interval.HOUR, zone)

    assert [later - earlier for earlier, later in pairwise([*points, end])] == [HOUR] * hours


@given(start=moments, end=moments, shortest=st.sampled_from([MINUTE, HOUR]))
def test_blocks_are_even_and_not_too_many(start: datetime, end: datetime, shortest: timedelta) -> None:
    """Blocks have one length, no shorter than asked, follow each other, and start with the span."""
    if start >= end:
        return
    blocks = blocks_of(TimeRange(start=start, end=end), shortest)
    lengths = {later - earlier for earlier, later in pairwise(blocks)}

    assert len(blocks) <= MOST_BLOCKS + 1
    assert blocks[0] <= start
    assert blocks[-1] < end
    assert len(lengths) <= 1
    assert all(length >= shortest and blocks[-1] + length >= end for length in lengths)


def test_ranges_have_room_for_zones() -> None:
    """The whole time that may be asked about can be cut in any zone; beyond it a range is refused."""
    span = TimeRange(start=EARLIEST, end=LATEST)
    check_range(span)
    for name in ZONES:
        whole = in_whole_hours(span, ZoneInfo(name))
        assert whole == (name in {"UTC", "Antarctica/Troll"})
    for wrong in (TimeRange(start=EARLIEST - DAY, end=LATEST), TimeRange(start=EARLIEST, end=LATEST + DAY)):
        with pytest.raises(Invalid):
            check_range(wrong)
