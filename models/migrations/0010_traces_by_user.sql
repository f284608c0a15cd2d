-- analytics(traces: {userId}), and the traces of a user (docs/adr/0045-traces-are-found-by-their-user.md).
CREATE INDEX traces_by_user ON traces (project_id, user_id, start_time DESC, id DESC) WHERE user_id IS NOT NULL;
