"""Costs that nobody reported: computed before a record is written, and again for rows that a merge has changed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ingest.pricing import Call, Price
from ingest.records import StepRecord
from models.database import Connection
from models.rows import Row

# A null cost is one that can't be calculated (any more).
SET_COSTS = """
UPDATE trace_steps AS t SET cost = r.cost, cost_source = CASE WHEN r.cost IS NULL THEN 'UNKNOWN' ELSE 'CALCULATED' END
FROM unnest($2::uuid[], $3::uuid[], $4::numeric[]) AS r (trace_id, id, cost)
WHERE t.project_id = $1 AND t.trace_id = r.trace_id AND t.id = r.id
"""


def priced(record: StepRecord, price: Price) -> StepRecord:
    """The record with its calculated cost, if it reports none and the price is known."""
    if record.cost is not None:
        return record
    model = record.stated_model or record.response_model or record.request_model
    if model is None:
        return record
    cost = price(
        Call(
            record.provider, model, record.status, record.input_tokens, record.output_tokens,
            record.cache_read_tokens, record.cache_write_tokens, record.reasoning_tokens, record.start_time,
        )
    )  # fmt: skip
    return record if cost is None else record._replace(cost=written(cost), cost_source="CALCULATED")


async def corrected(connection: Connection, project_id: str, rows: Sequence[Row], price: Price) -> list[Row]:
    """The rows with the costs that follow from what they have become; writes those that differ."""
    costs = {index: _cost(row, price) for index, row in enumerate(rows) if _must_follow(row)}
    wrong = {index: cost for index, cost in costs.items() if cost != rows[index]["new_cost"]}
    if not wrong:
        return list(rows)
    traces = [rows[index]["trace_id"] for index in wrong]
    steps = [rows[index]["id"] for index in wrong]
    await connection.execute(SET_COSTS, project_id, traces, steps, list(wrong.values()))
    return [dict(row.items()) | {"new_cost": wrong[index]} if index in wrong else row for index, row in enumerate(rows)]


def _must_follow(row: Row) -> bool:
    return not row["created"] and row["new_cost_source"] != "REPORTED"


def _cost(row: Row, price: Price) -> str | None:
    call = Call(
        row["new_provider"], row["new_model"], row["new_status"], row["new_input_tokens"], row["new_output_tokens"],
        row["new_cache_read_tokens"], row["new_cache_write_tokens"], row["new_reasoning_tokens"],
        row["new_start_time"],
    )  # fmt: skip
    cost = price(call) if call.model is not None else None
    return None if cost is None else written(cost)


def written(cost: Decimal) -> str:
    """A cost with all its digits, as PostgreSQL writes it: `corrected` compares the two."""
    return f"{cost:f}"
