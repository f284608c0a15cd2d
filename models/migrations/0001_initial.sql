-- Text is COLLATE "C": comparisons are by code point, the same on every machine, and prefix searches use plain indexes.

CREATE TABLE projects (
    id uuid PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    retention_days integer CHECK (retention_days > 0),
    created_at timestamptz NOT NULL
);

CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    project_id uuid,
    name text COLLATE "C" NOT NULL,
    prefix text COLLATE "C" NOT NULL,
    digest bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);

CREATE TABLE audit_log (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    happened_at timestamptz NOT NULL,
    actor_id uuid,
    action text COLLATE "C" NOT NULL,
    subject_id uuid,
    details jsonb NOT NULL,
    PRIMARY KEY (project_id, id)
);

CREATE TABLE prices (
    project_id uuid NOT NULL,
    provider text COLLATE "C" NOT NULL,
    model text COLLATE "C" NOT NULL,
    valid_from timestamptz NOT NULL,
    input_price numeric NOT NULL,
    output_price numeric NOT NULL,
    cache_read_price numeric,
    cache_write_price numeric,
    PRIMARY KEY (project_id, provider, model, valid_from)
);

CREATE TABLE event_heads (
    project_id uuid PRIMARY KEY,
    position bigint NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE event_log (
    project_id uuid NOT NULL,
    last_pos bigint NOT NULL,
    first_pos bigint NOT NULL,
    events json NOT NULL,
    committed_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, last_pos)
);

-- Writers update the totals of a trace again and again: room on the page keeps those updates off the indexes (HOT).
CREATE TABLE traces (
    project_id uuid NOT NULL,
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('RUNNING', 'OK', 'ERROR', 'CANCELLED')),
    start_time timestamptz NOT NULL,
    end_time timestamptz,
    duration_ms double precision
        GENERATED ALWAYS AS ((extract(epoch FROM end_time - start_time) * 1000)::double precision) STORED,
    session_id text COLLATE "C",
    user_id text COLLATE "C",
    environment text COLLATE "C",
    release text COLLATE "C",
    service_name text COLLATE "C",
    tags text[] NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    input json,
    output json,
    error_type text COLLATE "C",
    error_message text COLLATE "C",
    step_count integer NOT NULL DEFAULT 0,
    error_count integer NOT NULL DEFAULT 0,
    input_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    cache_read_tokens bigint NOT NULL DEFAULT 0,
    cache_write_tokens bigint NOT NULL DEFAULT 0,
    reasoning_tokens bigint NOT NULL DEFAULT 0,
    total_tokens bigint GENERATED ALWAYS AS (input_tokens + output_tokens) STORED,
    cost numeric,
    models text[] NOT NULL DEFAULT '{}',
    recorded boolean NOT NULL DEFAULT true,
    corrected text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
) WITH (fillfactor = 80, toast_tuple_target = 512);

-- traces(orderBy: START_TIME): the front page of every project.
CREATE INDEX traces_by_start ON traces (project_id, start_time DESC, id DESC);

-- Upkeep: running traces without news.
CREATE INDEX traces_running ON traces (project_id, updated_at) WHERE status = 'RUNNING';

CREATE TABLE trace_steps (
    project_id uuid NOT NULL,
    trace_id uuid NOT NULL,
    id uuid NOT NULL,
    parent_id uuid,
    name text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('RUNNING', 'OK', 'ERROR', 'CANCELLED')),
    start_time timestamptz NOT NULL,
    end_time timestamptz,
    duration_ms double precision
        GENERATED ALWAYS AS ((extract(epoch FROM end_time - start_time) * 1000)::double precision) STORED,
    time_to_first_token_ms double precision,
    provider text COLLATE "C",
    stated_model text COLLATE "C",
    request_model text COLLATE "C",
    response_model text COLLATE "C",
    model text COLLATE "C"
        GENERATED ALWAYS AS (coalesce(stated_model, response_model, request_model)) STORED,
    input_tokens bigint,
    output_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    reasoning_tokens bigint,
    total_tokens bigint
        GENERATED ALWAYS AS (coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) STORED,
    cost numeric,
    cost_source text COLLATE "C" NOT NULL DEFAULT 'UNKNOWN',
    input json,
    output json,
    attributes jsonb NOT NULL DEFAULT '{}',
    error_type text COLLATE "C",
    error_message text COLLATE "C",
    recorded boolean NOT NULL DEFAULT true,
    corrected text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, trace_id, id)
) PARTITION BY RANGE (id);

-- Ids that are no UUIDv7, or whose time is outside the partitioned weeks.
CREATE TABLE trace_steps_default PARTITION OF trace_steps DEFAULT WITH (toast_tuple_target = 512);

-- steps(orderBy: START_TIME) of a project.
CREATE INDEX trace_steps_by_start ON trace_steps (project_id, start_time DESC, id DESC);

-- step(id) and the steps of events.
CREATE INDEX trace_steps_by_id ON trace_steps (project_id, id);

-- OpenTelemetry's spans know each other by a part of the id (docs/adr/0020-ids-of-spans.md): the parent of a new child.
CREATE INDEX trace_steps_by_span ON trace_steps (project_id, trace_id, substr(uuid_send(id), 9))
    WHERE substr(uuid_send(id), 7, 2) = '\x707e';

-- The children that a new parent finds waiting.
CREATE INDEX trace_steps_awaiting ON trace_steps (project_id, trace_id, parent_id)
    WHERE parent_id < '00000000-0001-0000-0000-000000000000';

CREATE TABLE trace_analytics (
    project_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    tier text COLLATE "C" NOT NULL CHECK (tier IN ('MINUTE', 'HOUR', 'DAY')),
    bucket timestamptz NOT NULL,
    subject text COLLATE "C" NOT NULL CHECK (subject IN ('STEP', 'TRACE')),
    name text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    kind text COLLATE "C",
    provider text COLLATE "C",
    model text COLLATE "C",
    environment text COLLATE "C",
    service_name text COLLATE "C",
    count bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cost numeric NOT NULL,
    duration_microseconds numeric NOT NULL,
    duration_indexes integer[] NOT NULL,
    duration_counts bigint[] NOT NULL,
    first_token_microseconds numeric NOT NULL,
    first_token_indexes integer[] NOT NULL,
    first_token_counts bigint[] NOT NULL,
    PRIMARY KEY (project_id, id)
);

-- analytics(range): the buckets of a window.
CREATE INDEX trace_analytics_by_bucket ON trace_analytics (project_id, tier, subject, bucket);

-- How two facts about one field become one, whichever came first (docs/reference/merge-rules.md).

-- Of two JSON texts the longer one, of equally long ones the greater: a growing output only grows.
CREATE FUNCTION joined_json(a json, b json) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE
        WHEN a IS NULL THEN b
        WHEN b IS NULL THEN a
        WHEN (length(a::text), a::text COLLATE "C") >= (length(b::text), b::text COLLATE "C") THEN a
        ELSE b
    END;

-- All keys of both objects; under a key that both have, the greater value.
CREATE FUNCTION joined_object(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE
        WHEN b = '{}' THEN a
        WHEN a = '{}' THEN b
        ELSE a || b || (
            SELECT coalesce(jsonb_object_agg(key, greatest(value, b -> key)), '{}') FROM jsonb_each(a) WHERE b ? key
        )
    END;

-- The union of two lists, sorted, each entry once.
CREATE FUNCTION joined_list(a text[], b text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE
        WHEN b <@ a THEN a
        ELSE (SELECT array_agg(DISTINCT entry ORDER BY entry) FROM unnest(a || b) AS entry)
    END;

-- What the writer sends, an array of them per statement: one composite costs the driver half of what an array per
-- column does. Field by field as in ingest/records.py.
CREATE TYPE trace_record AS (
    id text,
    name text,
    status text,
    start_time timestamptz,
    end_time timestamptz,
    session_id text,
    user_id text,
    environment text,
    release text,
    service_name text,
    tags text,
    metadata text,
    input text,
    output text,
    error_type text,
    error_message text,
    recorded boolean,
    corrected text
);

CREATE TYPE step_record AS (
    id text,
    trace_id text,
    parent_id text,
    name text,
    kind text,
    status text,
    start_time timestamptz,
    end_time timestamptz,
    time_to_first_token_ms float8,
    provider text,
    stated_model text,
    request_model text,
    response_model text,
    input_tokens bigint,
    output_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    reasoning_tokens bigint,
    cost text,
    cost_source text,
    input text,
    output text,
    attributes text,
    error_type text,
    error_message text,
    recorded boolean,
    corrected text
);
