-- Every step changes its trace's totals and the time of its last news. With that time in an index, every such change
-- wrote the trace anew into all its indexes; without it, PostgreSQL updates the row in place (HOT).
DROP INDEX traces_running;

-- Upkeep: the running traces, among which those without news are looked for.
CREATE INDEX traces_running ON traces (project_id, id) WHERE status = 'RUNNING';

-- What a group of steps adds to a trace, and a commit to a bucket: an array of them per statement, for the same reason
-- as those of records. Field by field as in ingest/totals.py and ingest/rollups.py.
CREATE TYPE trace_gain AS (
    id text,
    steps integer,
    errors integer,
    input_tokens bigint,
    output_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    reasoning_tokens bigint,
    cost text,
    models text,
    start_time timestamptz,
    first_step_id text,
    last_step_id text
);

CREATE TYPE bucket_gain AS (
    bucket timestamptz,
    subject text,
    name text,
    status text,
    kind text,
    provider text,
    model text,
    environment text,
    service_name text,
    count bigint,
    input_tokens bigint,
    output_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    reasoning_tokens bigint,
    cost text,
    duration_microseconds text,
    duration_indexes text,
    duration_counts text,
    first_token_microseconds text,
    first_token_indexes text,
    first_token_counts text
);
