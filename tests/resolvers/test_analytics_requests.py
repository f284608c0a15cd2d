"""Analytics of real requests, against DuckDB on the file that they come from."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from analytics.merging import merge_project
from ingest.drafts import Draft, StepDraft, Usage
from models.enums import StepKind, StepStatus
from models.ids import new_id
from models.values import BigInt, Uuid
from operations.engine import engine
from resolvers.context import Context
from schema.contract import contract

SAMPLE = Path(__file__).parent.parent / "samples" / "llm_requests.csv"
WHOLE = Path(__file__).parents[3] / "shared" / "data" / "llm_requests_conv.csv.gz"
BATCH = 200
RANK = "list_sort(list(took))[1 + floor({q} * (count(*) - 1))::int]"

# The file says when and how many tokens; how long it took and what answered follow from these.
REQUESTS = """
SELECT TIMESTAMP AS started, ContextTokens AS sent, GeneratedTokens AS got, (GeneratedTokens * 20 + 1)::float8 AS took,
    CASE WHEN ContextTokens < 500 THEN 'small' WHEN ContextTokens < 1500 THEN 'medium' ELSE 'large' END AS model,
    CASE WHEN GeneratedTokens < 10 THEN 'ERROR' ELSE 'OK' END AS status
FROM read_csv('{file}', header = true)
"""
FIGURES = f"""
SELECT {{by}} AS key, count(*) AS steps, count(*) FILTER (WHERE status = 'ERROR') AS errors, sum(sent)::bigint AS sent,
    sum(got)::bigint AS got, avg(took) AS mean, {RANK.format(q=0.5)} AS p50, {RANK.format(q=0.95)} AS p95,
    {RANK.format(q=0.99)} AS p99
FROM requests WHERE started >= ? AND started < ? AND {{such}} GROUP BY 1 ORDER BY 2 DESC
"""
QUESTION = """
query($start: DateTime!, $end: DateTime!, $by: [Dimension!], $steps: StepFilter) {
  analytics(range: {start: $start, end: $end}, groupBy: $by, steps: $steps) {
    source
    groups { key { value } metrics { stepCount errorCount usage { input output } durationMs { mean p50 p95 p99 } } }
  }
}
"""
# What to group by, of which steps; in our words and in DuckDB's.
ASKED: list[tuple[str, str, dict[str, Any], str]] = [
    ("MODEL", "model", {}, "true"),
    ("STATUS", "status", {"model": {"ne": "small"}}, "model <> 'small'"),
    ("HOUR_OF_DAY", "hour(started)::text", {"status": {"eq": "OK"}}, "status = 'OK'"),
    ("MODEL", "model", {"inputTokens": {"gte": 700}}, "sent >= 700"),
    ("ERROR_TYPE", "NULL", {"durationMs": {"lt": 3000.0}}, "took < 3000"),
]


@pytest.mark.parametrize("file", [SAMPLE, WHOLE], ids=["sample", "whole"])
async def test_figures_are_those_of_another_program(file: Path, context: Context) -> None:
    """Counts, sums and means are what DuckDB finds in the file, quantiles too, or within 1 % from roll-ups."""
    if not file.exists():
        pytest.skip("the whole file is not part of the project")
    with duckdb.connect() as other:
        other.execute(f"CREATE TABLE requests AS {REQUESTS.format(file=file)}")
        rows = other.execute("SELECT started, sent, got, took, model, status FROM requests").fetchall()
        records = [step(*row) for row in rows]
        for first in range(0, len(records), BATCH):
            await context.writer.record(context.project_id, records[first : first + BATCH])
        await merge_project(context.database, context.project_id, datetime.now(UTC))
        start, end = rows[0][0] + timedelta(minutes=7, seconds=3), rows[-1][0] - timedelta(minutes=5)

        for dimension, key, steps, such in ASKED:
            found = await ask(context, start, end, by=[dimension], steps=steps)
            expected = other.execute(FIGURES.format(by=key, such=such), [start, end]).fetchall()
            agree(found, expected)


async def ask(context: Context, start: datetime, end: datetime, **variables: Any) -> dict[str, Any]:
    ours = engine(contract._schema)  # noqa: SLF001  Strawberry has no public way to it
    span = {"start": f"{start.isoformat()}Z", "end": f"{end.isoformat()}Z"}
    body = orjson.loads((await ours.run(ours.prepare(QUESTION, None), span | variables, context)).body)
    assert "errors" not in body, body
    found: dict[str, Any] = body["data"]["analytics"]
    return found


def agree(found: dict[str, Any], expected: Sequence[tuple[Any, ...]]) -> None:
    """The groups are these, and no others."""
    groups = {group["key"][0]["value"]: group["metrics"] for group in found["groups"]}
    accuracy = 0.01 if found["source"] == "ROLLUP" else 1e-9
    assert groups.keys() == {row[0] for row in expected}
    for key, steps, errors, sent, got, mean, *quantiles in expected:
        metrics = groups[key]
        assert (metrics["stepCount"], metrics["errorCount"]) == (steps, errors)
        assert metrics["usage"] == {"input": sent, "output": got}
        assert metrics["durationMs"]["mean"] == pytest.approx(mean)
        assert [metrics["durationMs"][name] for name in ("p50", "p95", "p99")] == pytest.approx(
            quantiles, rel=accuracy * (1 + 1e-6)
        )


def step(started: datetime, sent: int, got: int, took: float, model: str, status: str) -> Draft:
    start = started.replace(tzinfo=UTC)
    return StepDraft(
        id=Uuid(new_id()),
        trace_id=Uuid(new_id()),
        name="request",
        kind=StepKind.LLM,
        status=StepStatus(status),
        start_time=start,
        end_time=start + timedelta(milliseconds=took),
        model=model,
        usage=Usage(input=BigInt(sent), output=BigInt(got)),
    )
