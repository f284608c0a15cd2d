-- Between which ids the steps of a trace lie, so that its steps are looked for in their own weeks only; null where nobody
-- knows (docs/adr/0030-ids-of-steps.md). No index has these columns: updates stay HOT.
ALTER TABLE traces ADD COLUMN first_step_id uuid, ADD COLUMN last_step_id uuid;

-- What each of these serves, with its plan and its cost to the writer: docs/adr/0031-indexes-for-reading.md.

-- steps(filter: {model}): the newest steps of a model. Steps without one cost nothing.
CREATE INDEX trace_steps_by_model ON trace_steps (project_id, model, start_time DESC, id DESC) WHERE model IS NOT NULL;

-- sessions, and the traces of each.
CREATE INDEX traces_by_session ON traces (project_id, session_id, start_time DESC, id DESC)
    WHERE session_id IS NOT NULL;

-- traces(filter: {tags, metadata}): rare labels and values. Neither changes when totals do.
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE INDEX traces_labelled ON traces USING gin (project_id, tags, metadata jsonb_path_ops);
