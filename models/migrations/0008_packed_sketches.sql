-- Merged roll-ups have their sketches packed, too, as answers read them: 4 bytes of index and 8 of count for each bucket,
-- in the order of the index (docs/adr/0044-sketches-are-stored-as-they-are-read.md). Deltas, and what a server of an older
-- version merges, have arrays alone.

CREATE FUNCTION packed(indexes integer[], counts bigint[]) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
    SELECT coalesce(string_agg(entry.index::bytea || entry.count::bytea, ''::bytea ORDER BY entry.index), ''::bytea)
    FROM unnest(indexes, counts) AS entry (index, count)
);

ALTER TABLE trace_analytics ADD COLUMN durations bytea, ADD COLUMN first_tokens bytea;

-- All of them are read each time: they stay in the row, and as they are; arrays have to leave it first.
ALTER TABLE trace_analytics ALTER COLUMN durations SET STORAGE MAIN, ALTER COLUMN first_tokens SET STORAGE MAIN;
ALTER TABLE trace_analytics SET (toast_tuple_target = 8160);
