-- The minutes of models hold what the minutes hold; nobody merges meanwhile (see 0011).
WITH parts AS MATERIALIZED (
    SELECT *, dense_rank() OVER (
        ORDER BY project_id, bucket, subject, status, kind, provider, model, environment, service_name
    ) AS number
    FROM trace_analytics WHERE tier = 'MINUTE'
), added_durations AS (
    SELECT number, array_agg(index ORDER BY index) AS indexes, array_agg(count::bigint ORDER BY index) AS counts
    FROM (
        SELECT number, entry.index, sum(entry.count) AS count
        FROM parts CROSS JOIN LATERAL unnest(duration_indexes, duration_counts) AS entry (index, count)
        GROUP BY number, entry.index HAVING sum(entry.count) <> 0
    ) AS entries GROUP BY number
), added_first_tokens AS (
    SELECT number, array_agg(index ORDER BY index) AS indexes, array_agg(count::bigint ORDER BY index) AS counts
    FROM (
        SELECT number, entry.index, sum(entry.count) AS count
        FROM parts CROSS JOIN LATERAL unnest(first_token_indexes, first_token_counts) AS entry (index, count)
        GROUP BY number, entry.index HAVING sum(entry.count) <> 0
    ) AS entries GROUP BY number
), sums AS (
    SELECT number, project_id, bucket, subject, status, kind, provider, model, environment, service_name,
        sum(count)::bigint AS count, sum(input_tokens)::bigint AS input_tokens,
        sum(output_tokens)::bigint AS output_tokens, sum(cache_read_tokens)::bigint AS cache_read_tokens,
        sum(cache_write_tokens)::bigint AS cache_write_tokens, sum(reasoning_tokens)::bigint AS reasoning_tokens,
        sum(cost) AS cost, sum(duration_microseconds) AS duration, sum(first_token_microseconds) AS first_token
    FROM parts
    GROUP BY number, project_id, bucket, subject, status, kind, provider, model, environment, service_name
)
INSERT INTO trace_analytics (
    project_id, tier, bucket, subject, name, status, kind, provider, model, environment, service_name, count,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost,
    duration_microseconds, duration_indexes, duration_counts, durations,
    first_token_microseconds, first_token_indexes, first_token_counts, first_tokens
)
SELECT project_id, 'MODEL_MINUTE', bucket, subject, '', status, kind, provider, model, environment, service_name, count,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost,
    duration, coalesce(d.indexes, '{}'), coalesce(d.counts, '{}'), packed(coalesce(d.indexes, '{}'), coalesce(d.counts, '{}')),
    first_token, coalesce(f.indexes, '{}'), coalesce(f.counts, '{}'), packed(coalesce(f.indexes, '{}'), coalesce(f.counts, '{}'))
FROM sums LEFT JOIN added_durations AS d USING (number) LEFT JOIN added_first_tokens AS f USING (number)
WHERE (count, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost,
    duration, first_token) <> (0, 0, 0, 0, 0, 0, 0, 0, 0) OR d.number IS NOT NULL OR f.number IS NOT NULL;
