-- A tier of minutes without the names of the steps (docs/adr/0046-minutes-of-models.md).
ALTER TABLE trace_analytics DROP CONSTRAINT trace_analytics_tier_check;
ALTER TABLE trace_analytics ADD CONSTRAINT trace_analytics_tier_check CHECK (
    tier IN ('DELTA', 'MINUTE', 'HOUR', 'DAY', 'MODEL_MINUTE', 'MODEL_HOUR', 'MODEL_DAY', 'TOTAL_MINUTE')
);

-- A server of an older version, which would leave that tier out, can't merge any more: deltas wait for a newer one. What it
-- merged before stays as it is.
ALTER TABLE trace_analytics ADD CONSTRAINT trace_analytics_packed_check CHECK (tier = 'DELTA' OR durations IS NOT NULL)
    NOT VALID;
