"""Parents of spans: a span names its parent by a key, which gives way to the parent's id once both have arrived.

The transaction holds the row lock of its project, so of a parent and a child the later one always sees the earlier one.
Why this is so, and which queries the indexes serve: docs/adr/0020-ids-of-spans.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from ingest.otlp.identity import is_key, is_span, key_of_step
from ingest.records import StepRecord
from models.database import Connection
from models.rows import Row

# How much earlier than its children a parent may start, and, for clocks that disagree, how much later. It keeps the
# statements out of the partitions of other times.
EARLIER = timedelta(weeks=4)
LATER = timedelta(weeks=1)

# The stored steps that have these keys; served by trace_steps_by_span, whose condition is repeated here.
STORED = """
SELECT k.trace_id, k.key, p.id
FROM unnest($2::uuid[], $3::uuid[]) AS k (trace_id, key)
CROSS JOIN LATERAL (
    SELECT s.id FROM trace_steps AS s
    WHERE s.project_id = $1 AND s.trace_id = k.trace_id AND substr(uuid_send(s.id), 9) = substr(uuid_send(k.key), 9)
        AND substr(uuid_send(s.id), 7, 2) = '\\x707e' AND s.id >= $4 AND s.id < $5
    LIMIT 1
) AS p
"""

# The traces in which steps wait for their parents; usually none. Served, like the next one, by trace_steps_awaiting,
# whose condition is repeated here. LIMIT and OFFSET keep the planner from reading all that ever waited.
AWAITING = """
SELECT t.id
FROM unnest($2::uuid[]) AS t (id)
CROSS JOIN LATERAL (
    SELECT FROM trace_steps AS s
    WHERE s.project_id = $1 AND s.trace_id = t.id AND s.parent_id < '00000000-0001-0000-0000-000000000000'
        AND s.id >= $3 AND s.id < $4
    LIMIT 1
) AS waiting
"""

# The steps that wait for these parents.
CHILDREN = """
SELECT p.trace_id, c.id, p.id AS parent_id
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS p (trace_id, id, key)
CROSS JOIN LATERAL (
    SELECT s.id FROM trace_steps AS s
    WHERE s.project_id = $1 AND s.trace_id = p.trace_id AND s.parent_id = p.key
        AND s.parent_id < '00000000-0001-0000-0000-000000000000' AND s.id >= $5 AND s.id < $6
    OFFSET 0
) AS c
"""

# Tells a step who its parent is. One by one: joined with a list, the planner would rather read whole partitions.
ADOPT = """
UPDATE trace_steps SET parent_id = $4, updated_at = $5 WHERE project_id = $1 AND trace_id = $2 AND id = $3
"""


async def found(connection: Connection, project_id: str, records: Sequence[StepRecord]) -> Sequence[StepRecord]:
    """The records with the ids of those parents that are among them or stored already."""
    seeking = [record for record in records if record.parent_id is not None and is_key(record.parent_id)]
    if not seeking:
        return records
    known = {(record.trace_id, key_of_step(record.id)): record.id for record in records if is_span(record.id)}
    missing = {(record.trace_id, record.parent_id) for record in seeking} - known.keys()
    if missing:
        traces, keys = zip(*sorted(missing), strict=True)
        window = _window((record.id for record in seeking), EARLIER, LATER)
        for row in await connection.fetch(STORED, project_id, traces, keys, *window):
            known[row["trace_id"], row["key"]] = row["id"]
    return [_with_parent(record, known) for record in records]


async def adopt(connection: Connection, project_id: str, rows: Sequence[Row], now: datetime) -> Sequence[Row]:
    """Tell the waiting children of new steps who their parent is; the children, each with its trace."""
    new = [(row["trace_id"], row["id"]) for row in rows if row["created"] and is_span(row["id"])]
    if not new:
        return ()
    window = _window((step_id for _, step_id in new), LATER, EARLIER)
    waiting = await connection.fetch(AWAITING, project_id, sorted({trace_id for trace_id, _ in new}), *window)
    traces = {row["id"] for row in waiting}
    awaited = [(trace_id, step_id, key_of_step(step_id)) for trace_id, step_id in new if trace_id in traces]
    if not awaited:
        return ()
    children = await connection.fetch(CHILDREN, project_id, *zip(*awaited, strict=True), *window)
    if children:
        adoptions = [(project_id, child["trace_id"], child["id"], child["parent_id"], now) for child in children]
        await connection.executemany(ADOPT, adoptions)
    return children


def _with_parent(record: StepRecord, known: Mapping[tuple[str, str], str]) -> StepRecord:
    parent_id = known.get((record.trace_id, record.parent_id or ""))
    return record if parent_id is None else record._replace(parent_id=parent_id)


def _window(identities: Iterable[str], before: timedelta, after: timedelta) -> tuple[str, str]:
    """The ids from so much before the earliest of these to so much after the latest."""
    times = [int(identity[:8] + identity[9:13], 16) for identity in identities]
    low = max(min(times) - before // timedelta(milliseconds=1), 0)
    high = min(max(times) + after // timedelta(milliseconds=1), 2**48 - 1)
    return _lowest(low), _lowest(high)


def _lowest(milliseconds: int) -> str:
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}-0000-0000-000000000000"
