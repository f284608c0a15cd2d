"""Cutting time: the points of a series in a time zone, and the roll-ups that cover a span exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from analytics.questions import Interval, TimeRange
from models.errors import Invalid

MOST_POINTS = 2_000
MOST_BLOCKS = 100
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
LENGTHS = {
    Interval.MINUTE: MINUTE,
    Interval.FIVE_MINUTES: 5 * MINUTE,
    Interval.FIFTEEN_MINUTES: 15 * MINUTE,
    Interval.HOUR: HOUR,
    Interval.DAY: DAY,
    Interval.WEEK: 7 * DAY,
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Beyond these years there is no room for time zones and windows before.
EARLIEST, LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)

# Before, no zone changed its clocks; after, they all go on as they do.
FIRST_CHANGE, LAST_CHANGE = datetime(1850, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Tier:
    """Roll-ups of one length; buckets that start before `since` are not kept."""

    name: str
    length: timedelta
    since: datetime = EPOCH


@dataclass(frozen=True, kw_only=True)
class Part:
    """A span and the tier that holds exactly it; None where only the steps themselves do."""

    tier: str | None
    start: datetime
    end: datetime


def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises Invalid."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"{name[:60]!r} is no time zone of the IANA database, for example Europe/Berlin."
        raise Invalid(message, path=["timeZone"]) from error


def check_range(span: TimeRange) -> None:
    """Refuse a range that is empty or out of reach. Raises Invalid."""
    if span.end <= span.start:
        raise Invalid("A range ends after its start.", path=["range", "end"])
    if span.start < EARLIEST:
        raise Invalid(f"A range starts in the year {EARLIEST.year} or later.", path=["range", "start"])
    if span.end > LATEST:
        raise Invalid(f"A range ends before the year {LATEST.year}.", path=["range", "end"])


def points_of(span: TimeRange, interval: Interval, zone: ZoneInfo) -> list[datetime]:
    """The starts of the intervals that a span touches; the first may lie before the span. Raises Invalid."""
    if (span.end - span.start) / LENGTHS[interval] > MOST_POINTS:
        message = f"This range has more than {MOST_POINTS} such intervals; take longer ones, or less time."
        raise Invalid(message, path=["interval"])
    points = [_floor(span.start, interval, zone)]
    while (following := _after(points[-1], interval, zone)) < span.end:
        points.append(following)
    return points


def blocks_of(span: TimeRange, shortest: timedelta) -> list[datetime]:
    """The starts of at most about a hundred blocks of equal length that make up a span, none shorter than asked."""
    fitting = [
        length for length in LENGTHS.values() if length >= shortest and (span.end - span.start) / length <= MOST_BLOCKS
    ]
    length = fitting[0] if fitting else DAY * math.ceil((span.end - span.start) / DAY / MOST_BLOCKS)
    first = span.start - (span.start - EPOCH) % length
    return [first + length * number for number in range(math.ceil((span.end - first) / length))]


def cover(span: TimeRange, points: Sequence[datetime], tiers: Sequence[Tier]) -> list[Part]:
    """Parts that make up a span, each within one interval's tiers, the longest buckets that fit first.

    `tiers` are sorted from long to short. What no tier covers is left to the steps.
    """
    bounds = [span.start, *(point for point in points if span.start < point < span.end), span.end]
    found: list[Part] = []
    for start, end in pairwise(bounds):
        for part in _parts(start, end, tiers):
            if found and found[-1].tier == part.tier and found[-1].end == part.start:
                found[-1] = Part(tier=part.tier, start=found[-1].start, end=part.end)
            else:
                found.append(part)
    return found


def in_whole_hours(span: TimeRange, zone: ZoneInfo) -> bool:
    """Whether the zone's clocks differ from UTC by whole hours all through a span."""
    if zone.key == "UTC":
        return True
    moments, moment = [span.start, span.end], max(span.start, FIRST_CHANGE)
    while moment < min(span.end, LAST_CHANGE):
        moments.append(moment)
        moment += 7 * DAY
    return not any(_offset(moment, zone) % HOUR for moment in moments)


def _parts(start: datetime, end: datetime, tiers: Sequence[Tier]) -> Iterator[Part]:
    if start >= end:
        return
    if not tiers:
        yield Part(tier=None, start=start, end=end)
        return
    tier, *finer = tiers
    first = max(start + (EPOCH - start) % tier.length, tier.since)
    last = end - (end - EPOCH) % tier.length
    if first >= last:
        yield from _parts(start, end, finer)
        return
    yield from _parts(start, first, finer)
    yield Part(tier=tier.name, start=first, end=last)
    yield from _parts(last, end, finer)


def _floor(moment: datetime, interval: Interval, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    match interval:
        case Interval.WEEK:
            midnight -= timedelta(days=midnight.weekday())
            return midnight.astimezone(UTC)
        case Interval.DAY:
            return midnight.astimezone(UTC)
        case _:
            return moment - (moment + _offset(moment, zone) - EPOCH) % LENGTHS[interval]


def _after(moment: datetime, interval: Interval, zone: ZoneInfo) -> datetime:
    """The start of the interval after the one that starts at a moment."""
    if interval not in (Interval.DAY, Interval.WEEK):
        following = moment + LENGTHS[interval]
        # Where clocks change by half an hour the next whole one is later.
        return following + (EPOCH - following - _offset(following, zone)) % LENGTHS[interval]
    # On the wall the next midnight is a day later, however long that day is; noon is safe from changes at midnight.
    noon = moment.astimezone(zone).replace(hour=12) + LENGTHS[interval]
    return noon.replace(hour=0, fold=0).astimezone(UTC)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
