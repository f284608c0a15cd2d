-- Months read days and the hours beside them: these are packed now, while servers go on. The others are packed when they
-- are merged next, or by whoever reads them.
UPDATE trace_analytics SET durations = packed(duration_indexes, duration_counts),
    first_tokens = packed(first_token_indexes, first_token_counts)
WHERE tier IN ('DAY', 'MODEL_DAY', 'MODEL_HOUR');
