-- Every step changes its trace's totals and the time of its last news. With that time in an index, every such change
-- wrote the trace anew into all its indexes; without it, PostgreSQL updates the row in place (HOT).
DROP INDEX traces_running;

-- Upkeep: the running traces, among which those without news are looked for.
CREATE INDEX traces_running ON traces (project_id, id) WHERE status = 'RUNNING';
