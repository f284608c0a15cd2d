"""The merge rules, in SQL: how what is stored (`t`) and what arrives (`x`) become one row, in whatever order they came.

Facts add up: each rule below is commutative, associative and idempotent, so order and number of arrivals don't matter.
A correction is a decision: the columns named in its `corrected` replace what facts said, before or after.
"""

from collections.abc import Mapping, Sequence

from ingest.records import ENDED, StepRecord, TraceRecord

STALE = "stale"  # in `corrected`: the status and error were set because nothing was heard for too long

GREATEST = "greatest({t}, {x})"  # ignores nulls: a null never overwrites a value
LEAST = "least({t}, {x})"
JSON = "joined_json({t}, {x})"
OBJECT = "joined_object({t}, {x})"
LIST = "joined_list({t}, {x})"

# In this order of letters CANCELLED < ERROR < OK < RUNNING: a final status is never undone by RUNNING.
STATUS = f"least(CASE WHEN '{STALE}' = ANY (t.corrected) THEN 'RUNNING' ELSE {{t}} END, {{x}})"
ERROR_TYPE = f"greatest(CASE WHEN '{STALE}' = ANY (t.corrected) THEN NULL ELSE {{t}} END, {{x}})"
# Only a fact of its own knows when something started; until it comes, a guess stands: the time inside the id, or, for
# a trace with steps, the start of its earliest step.
START = """CASE WHEN x.recorded AND NOT t.recorded THEN x.start_time
             WHEN t.recorded AND NOT x.recorded THEN t.start_time ELSE least(t.start_time, x.start_time) END"""
TRACE_START = f"CASE WHEN NOT t.recorded AND NOT x.recorded AND t.step_count > 0 THEN t.start_time ELSE {START} END"
# An end given by the server's clock yields to one that a sender knows.
END = f"""CASE WHEN '{ENDED}' = ANY (x.corrected) THEN coalesce(t.end_time, x.end_time)
             WHEN '{ENDED}' = ANY (t.corrected) THEN coalesce(x.end_time, t.end_time)
             ELSE greatest(t.end_time, x.end_time) END"""
KIND = "coalesce(greatest(nullif({t}, 'CUSTOM'), nullif({x}, 'CUSTOM')), 'CUSTOM')"
# What a sender reports stands before what we calculate; calculated costs are computed anew after the merge.
COST = """CASE WHEN x.cost_source = 'REPORTED' AND t.cost_source = 'REPORTED' THEN greatest(t.cost, x.cost)
             WHEN x.cost_source = 'REPORTED' THEN x.cost ELSE t.cost END"""
COST_SOURCE = "CASE WHEN x.cost_source = 'REPORTED' THEN x.cost_source ELSE t.cost_source END"

TRACE_RULES: Mapping[str, str] = {
    "status": STATUS, "start_time": TRACE_START, "end_time": END, "tags": LIST, "metadata": OBJECT, "input": JSON,
    "output": JSON, "error_type": ERROR_TYPE,
}  # fmt: skip
STEP_RULES: Mapping[str, str] = {
    "status": STATUS, "start_time": START, "end_time": END, "kind": KIND, "cost": COST, "cost_source": COST_SOURCE,
    "input": JSON, "output": JSON, "attributes": OBJECT, "error_type": ERROR_TYPE,
}  # fmt: skip

UNDECIDED = ("start_time", "cost_source")  # what no correction names
KEYS = ("trace_id", "id")
MARKS = ("recorded", "corrected")

RECORDED = "t.recorded OR x.recorded"
CORRECTED = f"""array_remove(CASE WHEN x.end_time IS NOT NULL AND NOT '{ENDED}' = ANY (x.corrected)
             THEN array_remove(joined_list(t.corrected, x.corrected), '{ENDED}')
             ELSE joined_list(t.corrected, x.corrected) END, '{STALE}')"""


def merged(column: str, rules: Mapping[str, str]) -> str:
    """The SQL of a column after the merge of the stored row `t` and the arriving one `x`."""
    stored, arriving = f"t.{column}", f"x.{column}"
    fact = rules.get(column, GREATEST).format(t=stored, x=arriving)
    if column in UNDECIDED:
        return fact
    return f"""CASE WHEN '{column}' = ANY (x.corrected) THEN {arriving}
         WHEN '{column}' = ANY (t.corrected) THEN {stored} ELSE {fact} END"""


def assignments(columns: Sequence[str], rules: Mapping[str, str]) -> dict[str, str]:
    """What DO UPDATE sets, by column."""
    sets = {column: merged(column, rules) for column in columns if column not in (*KEYS, *MARKS)}
    return sets | {"recorded": RECORDED, "corrected": CORRECTED}


def upsert(table: str, record: str, columns: Sequence[str], rules: Mapping[str, str], returning: Sequence[str]) -> str:
    """The statement that merges the records in `$2` (an array of the composite type `record`) into a table.

    `$1` is the project, `$3` the time of writing. Only rows that are new or have changed come back: `created`, and
    each returned column before (`old_...`, null when new) and after (`new_...`).
    """
    values = ", ".join(CASTS.get(column, "r.{}").format(column) for column in columns)
    sets = assignments(columns, rules)
    key = ", ".join(column for column in KEYS if column in columns)
    key_after = ", ".join(f"new.{column}" for column in KEYS if column in columns)
    changes = ",\n    ".join(f"{column} = {rule}" for column, rule in sets.items())
    before = ", ".join(AS_TEXT.get(column, "{}").format(f"t.{column}") for column in sets)
    after = ",\n    ".join(AS_TEXT.get(column, "{}").format(rule) for column, rule in sets.items())
    pairs = ", ".join(f"old.{column} AS old_{column}, new.{column} AS new_{column}" for column in returning)
    # constants only: called below, when the module is imported
    return f"""
INSERT INTO {table} AS t (project_id, {", ".join(columns)}, created_at, updated_at)
SELECT $1, {values}, $3, $3
FROM unnest($2::{record}[]) AS r
ORDER BY {key}
ON CONFLICT (project_id, {key}) DO UPDATE SET
    {changes.replace("x.", "excluded.")},
    updated_at = excluded.updated_at
WHERE ({before}) IS DISTINCT FROM (
    {after.replace("x.", "excluded.")})
RETURNING {key_after}, old.id IS NULL AS created, {pairs}
"""


# Ids, money, lists and JSON travel as text: the driver can't put our own codecs into a composite.
CASTS = {
    "id": "r.{}::uuid", "trace_id": "r.{}::uuid", "parent_id": "r.{}::uuid", "cost": "r.{}::numeric",
    "tags": "r.{}::text[]", "corrected": "r.{}::text[]", "metadata": "r.{}::jsonb", "attributes": "r.{}::jsonb",
    "input": "r.{}::json", "output": "r.{}::json",
}  # fmt: skip
AS_TEXT = {"input": "({})::text", "output": "({})::text"}  # json has no equality, its text has

TRACE_RETURNING = (
    "name", "status", "start_time", "duration_ms", "environment", "service_name", "input_tokens", "output_tokens",
    "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "cost",
)  # fmt: skip
STEP_RETURNING = (
    "name", "kind", "status", "start_time", "duration_ms", "time_to_first_token_ms", "provider", "model",
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "cost",
    "cost_source",
)  # fmt: skip

UPSERT_TRACES = upsert("traces", "trace_record", TraceRecord._fields, TRACE_RULES, TRACE_RETURNING)
UPSERT_STEPS = upsert("trace_steps", "step_record", StepRecord._fields, STEP_RULES, STEP_RETURNING)
