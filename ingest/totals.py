"""Totals of traces: what a group of step changes adds to each trace, so that lists never touch the steps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

from ingest.merge import STALE, TRACE_RETURNING
from ingest.records import array_literal
from ingest.rollups import COUNTS
from models.rows import Row

_PAIRS = ", ".join(f"old.{column} AS old_{column}, new.{column} AS new_{column}" for column in TRACE_RETURNING)

# A step that arrives before its trace makes a placeholder, which the trace's own record fills in.
# Where the ids of earlier steps are not known, those of all are not (docs/adr/0030-ids-of-steps.md).
# News of a step brings a trace back to life that was given up as stale.
ADD = f"""
INSERT INTO traces AS t (
    project_id, id, name, status, recorded, step_count, error_count, input_tokens, output_tokens, cache_read_tokens,
    cache_write_tokens, reasoning_tokens, cost, models, start_time, first_step_id, last_step_id, created_at, updated_at
)
SELECT $1, r.id::uuid, '', 'RUNNING', false, r.steps, r.errors, r.input_tokens, r.output_tokens, r.cache_read_tokens,
    r.cache_write_tokens, r.reasoning_tokens, trim_scale(r.cost::numeric), r.models::text[], r.start_time,
    r.first_step_id::uuid, r.last_step_id::uuid, $3, $3
FROM unnest($2::trace_gain[]) AS r
ON CONFLICT (project_id, id) DO UPDATE SET
    first_step_id = CASE WHEN t.step_count = 0 OR t.first_step_id IS NOT NULL
        THEN least(t.first_step_id, excluded.first_step_id) END,
    last_step_id = CASE WHEN t.step_count = 0 OR t.last_step_id IS NOT NULL
        THEN greatest(t.last_step_id, excluded.last_step_id) END,
    step_count = t.step_count + excluded.step_count,
    error_count = t.error_count + excluded.error_count,
    input_tokens = t.input_tokens + excluded.input_tokens,
    output_tokens = t.output_tokens + excluded.output_tokens,
    cache_read_tokens = t.cache_read_tokens + excluded.cache_read_tokens,
    cache_write_tokens = t.cache_write_tokens + excluded.cache_write_tokens,
    reasoning_tokens = t.reasoning_tokens + excluded.reasoning_tokens,
    cost = CASE WHEN excluded.cost IS NULL THEN t.cost ELSE trim_scale(coalesce(t.cost, 0) + excluded.cost) END,
    models = joined_list(t.models, excluded.models),
    start_time = CASE WHEN t.recorded THEN t.start_time WHEN t.step_count = 0 THEN excluded.start_time
        ELSE least(t.start_time, excluded.start_time) END,
    status = CASE WHEN '{STALE}' = ANY (t.corrected) THEN 'RUNNING' ELSE t.status END,
    error_type = CASE WHEN '{STALE}' = ANY (t.corrected) THEN NULL ELSE t.error_type END,
    corrected = array_remove(t.corrected, '{STALE}'),
    updated_at = excluded.updated_at
RETURNING new.id, old.id IS NULL AS created, {_PAIRS}
"""

# After a change took a model, a cost or an early start away, deltas can't tell what is left: look at the steps.
RECOUNT = f"""
UPDATE traces AS t SET (models, cost, start_time) = (
    SELECT coalesce(array_agg(DISTINCT s.model ORDER BY s.model) FILTER (WHERE s.model IS NOT NULL), '{{}}'),
        trim_scale(sum(s.cost)), CASE WHEN t.recorded THEN t.start_time ELSE min(s.start_time) END
    FROM trace_steps AS s WHERE s.project_id = $1 AND s.trace_id = t.id
)
WHERE t.project_id = $1 AND t.id = ANY ($2::uuid[])
RETURNING new.id, {_PAIRS}
"""


ABOUT = itemgetter("trace_id", "id", "created", "new_start_time", "new_model")
FACTS_BEFORE = itemgetter("old_status", "old_cost", *(f"old_{column}" for column in COUNTS))
FACTS_AFTER = itemgetter("new_status", "new_cost", *(f"new_{column}" for column in COUNTS))


@dataclass(kw_only=True)
class Total:
    """What one trace gains."""

    start_time: datetime
    first_step_id: str
    last_step_id: str
    steps: int = 0
    errors: int = 0
    tokens: list[int] = field(default_factory=lambda: [0] * len(COUNTS))
    cost: Decimal | None = None
    models: set[str] = field(default_factory=set)

    def count(self, facts: tuple[Any, ...], sign: int) -> None:
        """Count a step in (sign 1) or out (sign -1)."""
        status, cost, *tokens = facts
        self.steps += sign
        self.errors += sign * (status == "ERROR")
        for index, count in enumerate(tokens):
            if count:
                self.tokens[index] += sign * count
        if cost is not None:
            self.cost = (self.cost or Decimal(0)) + sign * Decimal(cost)


def totals_of(rows: Iterable[Row]) -> dict[str, Total]:
    """What the changed steps add to their traces, by trace."""
    totals: dict[str, Total] = {}
    for row in rows:
        identity, step, created, start, model = ABOUT(row)
        total = totals.get(identity)
        if total is None:
            total = totals[identity] = Total(start_time=start, first_step_id=step, last_step_id=step)
        total.start_time = min(total.start_time, start)
        total.first_step_id, total.last_step_id = min(total.first_step_id, step), max(total.last_step_id, step)
        if not created:
            total.count(FACTS_BEFORE(row), -1)
        total.count(FACTS_AFTER(row), 1)
        if model is not None:
            total.models.add(model)
    return totals


def gains(totals: Mapping[str, Total]) -> list[tuple[Any, ...]]:
    """What ADD adds to each trace, in the order of their ids."""
    return [
        (
            identity, total.steps, total.errors, *total.tokens, None if total.cost is None else str(total.cost),
            array_literal(sorted(total.models)), total.start_time, total.first_step_id, total.last_step_id,
        )
        for identity, total in sorted(totals.items())
    ]  # fmt: skip


def must_recount(row: Row) -> bool:
    """Whether the change took something away that sums of deltas can't."""
    if row["created"]:
        return False
    lost_model = row["old_model"] is not None and row["old_model"] != row["new_model"]
    lost_cost = row["old_cost"] is not None and row["new_cost"] is None
    return lost_model or lost_cost or row["old_start_time"] < row["new_start_time"]
