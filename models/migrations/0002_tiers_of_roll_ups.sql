-- The writer appends rows of the tier DELTA; the merge adds them to one row per key in each of the other tiers, so that
-- any of these, together with the deltas left, holds everything (docs/adr/0040-every-tier-holds-everything.md).
ALTER TABLE trace_analytics DROP CONSTRAINT trace_analytics_tier_check;
ALTER TABLE trace_analytics ADD CONSTRAINT trace_analytics_tier_check CHECK (tier IN ('DELTA', 'MINUTE', 'HOUR', 'DAY'));
UPDATE trace_analytics SET tier = 'DELTA';
