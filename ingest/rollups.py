"""Roll-up deltas: what a group of changes adds to, and takes from, the buckets of `trace_analytics`."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any, NamedTuple

from models.rows import Row
from models.sketch import bucket_of

COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")

# One appended row per bucket and commit; a background task merges them. Money and sketches travel as text.
APPEND = """
INSERT INTO trace_analytics (
    project_id, tier, bucket, subject, name, status, kind, provider, model, environment, service_name, count,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost,
    duration_microseconds, duration_indexes, duration_counts,
    first_token_microseconds, first_token_indexes, first_token_counts
)
SELECT $1, 'DELTA', r.bucket, r.subject, r.name, r.status, r.kind, r.provider, r.model, r.environment,
    r.service_name, r.count, r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens,
    r.reasoning_tokens, r.cost::numeric, r.duration_microseconds::numeric, r.duration_indexes::int[],
    r.duration_counts::bigint[], r.first_token_microseconds::numeric, r.first_token_indexes::int[],
    r.first_token_counts::bigint[]
FROM unnest($2::bucket_gain[]) AS r
"""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Key(NamedTuple):
    """What a bucket is about."""

    bucket: datetime
    subject: str
    name: str
    status: str
    kind: str | None = None
    provider: str | None = None
    model: str | None = None
    environment: str | None = None
    service_name: str | None = None


@dataclass(kw_only=True)
class Latencies:
    """A sum in whole microseconds, exact so that it can be taken back, and a sketch."""

    microseconds: int = 0
    sketch: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, milliseconds: float | None, sign: int) -> None:
        """Count a latency in (sign 1) or out (sign -1)."""
        if milliseconds is not None:
            self.microseconds += sign * round(milliseconds * 1000)
            self.sketch[bucket_of(milliseconds)] += sign


@dataclass(kw_only=True)
class Delta:
    """What one bucket gains; negative where something left it."""

    count: int = 0
    tokens: list[int] = field(default_factory=lambda: [0] * len(COUNTS))
    cost: Decimal = Decimal(0)
    durations: Latencies = field(default_factory=Latencies)
    first_tokens: Latencies = field(default_factory=Latencies)

    def add(self, facts: Sequence[Any], sign: int) -> None:
        """Count a record in (sign 1) or out (sign -1): its tokens, cost and duration."""
        *tokens, cost, duration = facts
        self.count += sign
        for index, count in enumerate(tokens):
            if count:
                self.tokens[index] += sign * count
        if cost:
            self.cost += sign * Decimal(cost)
        self.durations.add(duration, sign)


FACTS = ("start_time", "name", "status", *COUNTS, "cost", "duration_ms")


def _readers(*columns: str) -> Mapping[str, Callable[[Row], tuple[Any, ...]]]:
    """What reads these columns and those of all subjects, as they were, as they are, and of a row by itself."""
    return {side: itemgetter(*(side + column for column in (*columns, *FACTS))) for side in (BEFORE, AFTER, BY_ITSELF)}


BEFORE, AFTER, BY_ITSELF = "old_", "new_", ""
STEP = _readers("kind", "provider", "model", "time_to_first_token_ms")
TRACE = _readers("environment", "service_name")


class RollUps:
    """The deltas of one transaction, by bucket."""

    def __init__(self) -> None:
        self.deltas: dict[Key, Delta] = defaultdict(Delta)
        self._minute = self._next = EPOCH

    def replace_step(self, row: Row) -> None:
        """Take the step out as it was (`old_...`) and count it in as it is (`new_...`)."""
        if not row["created"]:
            self._step(row, BEFORE, -1)
        self._step(row, AFTER, 1)

    def remove_step(self, row: Row) -> None:
        """Take out a step that was deleted; the row has its columns under their own names."""
        self._step(row, BY_ITSELF, -1)

    def remove_trace(self, row: Row) -> None:
        """Take out a trace that was deleted; as above."""
        self._trace(row, BY_ITSELF, -1)

    def replace_trace(self, before: Row | None, after: Row) -> None:
        """Take the trace out as it was and count it in as it is; `before` is None when it is new."""
        if before is not None:
            self._trace(before, BEFORE, -1)
        self._trace(after, AFTER, 1)

    def gains(self) -> list[tuple[Any, ...]]:
        """The buckets that changed, as APPEND takes them."""
        return [_gain(key, delta) for key, delta in self.deltas.items() if _counts(delta)]

    def _step(self, row: Row, side: str, sign: int) -> None:
        kind, provider, model, first_token, start, name, status, *facts = STEP[side](row)
        delta = self.deltas[Key(self._bucket(start), "STEP", name, status, kind, provider, model)]
        delta.add(facts, sign)
        delta.first_tokens.add(first_token, sign)

    def _trace(self, row: Row, side: str, sign: int) -> None:
        environment, service_name, start, name, status, *facts = TRACE[side](row)
        key = Key(self._bucket(start), "TRACE", name, status, None, None, None, environment, service_name)
        self.deltas[key].add(facts, sign)

    def _bucket(self, start: datetime) -> datetime:
        """The minute of a moment; mostly the one that the last moment had."""
        if not self._minute <= start < self._next:
            self._minute = start.replace(second=0, microsecond=0)
            self._next = self._minute + MINUTE
        return self._minute


def _counts(delta: Delta) -> bool:
    return bool(
        delta.count or any(delta.tokens) or delta.cost
        or _left(delta.durations) or _left(delta.first_tokens)
    )  # fmt: skip


def _left(latencies: Latencies) -> bool:
    return latencies.microseconds != 0 or any(latencies.sketch.values())


def _gain(key: Key, delta: Delta) -> tuple[Any, ...]:
    return (
        *key,
        delta.count,
        *delta.tokens,
        str(delta.cost),
        *_latencies(delta.durations),
        *_latencies(delta.first_tokens),
    )


def _latencies(latencies: Latencies) -> tuple[str, str, str]:
    kept = sorted((index, count) for index, count in latencies.sketch.items() if count)
    return str(latencies.microseconds), _literal(index for index, _ in kept), _literal(count for _, count in kept)


def _literal(numbers: Iterable[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"
