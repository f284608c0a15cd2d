-- Roll-ups that leave out the name of the step, or all but its status, for questions that don't ask for them
-- (docs/adr/0043-tiers-of-less-detail.md). What is merged already is added up here; the merge goes on from there.
ALTER TABLE trace_analytics DROP CONSTRAINT trace_analytics_tier_check;
ALTER TABLE trace_analytics ADD CONSTRAINT trace_analytics_tier_check CHECK (
    tier IN ('DELTA', 'MINUTE', 'HOUR', 'DAY', 'MODEL_HOUR', 'MODEL_DAY', 'TOTAL_MINUTE')
);

WITH parts AS MATERIALIZED (
    SELECT *, dense_rank() OVER (
        ORDER BY project_id, new_tier, bucket, subject, status, new_kind, new_provider, new_model, new_environment,
            new_service_name
    ) AS number
    FROM (
        SELECT stored.*, tiers.new_tier, CASE WHEN tiers.has_models THEN kind END AS new_kind,
            CASE WHEN tiers.has_models THEN provider END AS new_provider,
            CASE WHEN tiers.has_models THEN model END AS new_model,
            CASE WHEN tiers.has_models THEN environment END AS new_environment,
            CASE WHEN tiers.has_models THEN service_name END AS new_service_name
        FROM trace_analytics AS stored
        JOIN (VALUES
            ('HOUR', 'MODEL_HOUR', true), ('DAY', 'MODEL_DAY', true), ('MINUTE', 'TOTAL_MINUTE', false)
        ) AS tiers (old_tier, new_tier, has_models) ON tiers.old_tier = stored.tier
    ) AS part
), durations AS (
    SELECT number, array_agg(index ORDER BY index) AS indexes, array_agg(count::bigint ORDER BY index) AS counts
    FROM (
        SELECT number, entry.index, sum(entry.count) AS count
        FROM parts CROSS JOIN LATERAL unnest(duration_indexes, duration_counts) AS entry (index, count)
        GROUP BY number, entry.index HAVING sum(entry.count) <> 0
    ) AS entries GROUP BY number
), first_tokens AS (
    SELECT number, array_agg(index ORDER BY index) AS indexes, array_agg(count::bigint ORDER BY index) AS counts
    FROM (
        SELECT number, entry.index, sum(entry.count) AS count
        FROM parts CROSS JOIN LATERAL unnest(first_token_indexes, first_token_counts) AS entry (index, count)
        GROUP BY number, entry.index HAVING sum(entry.count) <> 0
    ) AS entries GROUP BY number
), sums AS (
    SELECT number, project_id, new_tier, bucket, subject, status, new_kind, new_provider, new_model, new_environment,
        new_service_name, sum(count)::bigint AS count, sum(input_tokens)::bigint AS input_tokens,
        sum(output_tokens)::bigint AS output_tokens, sum(cache_read_tokens)::bigint AS cache_read_tokens,
        sum(cache_write_tokens)::bigint AS cache_write_tokens, sum(reasoning_tokens)::bigint AS reasoning_tokens,
        sum(cost) AS cost, sum(duration_microseconds) AS duration, sum(first_token_microseconds) AS first_token
    FROM parts
    GROUP BY number, project_id, new_tier, bucket, subject, status, new_kind, new_provider, new_model,
        new_environment, new_service_name
)
INSERT INTO trace_analytics (
    project_id, tier, bucket, subject, name, status, kind, provider, model, environment, service_name, count,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost,
    duration_microseconds, duration_indexes, duration_counts,
    first_token_microseconds, first_token_indexes, first_token_counts
)
SELECT project_id, new_tier, bucket, subject, '', status, new_kind, new_provider, new_model, new_environment,
    new_service_name, count, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
    cost, duration, coalesce(durations.indexes, '{}'), coalesce(durations.counts, '{}'),
    first_token, coalesce(first_tokens.indexes, '{}'), coalesce(first_tokens.counts, '{}')
FROM sums LEFT JOIN durations USING (number) LEFT JOIN first_tokens USING (number)
