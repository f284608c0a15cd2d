"""Which columns of the stored rows an answer may show."""

TRACE_COLUMNS = (
    "id", "project_id", "name", "status", "start_time", "end_time", "duration_ms", "session_id", "user_id",
    "environment", "release", "service_name", "tags", "metadata", "input", "output", "error_type", "error_message",
    "step_count", "error_count", "input_tokens", "output_tokens", "total_tokens", "cache_read_tokens",
    "cache_write_tokens", "reasoning_tokens", "cost", "models", "created_at", "updated_at",
)  # fmt: skip
STEP_COLUMNS = (
    "id", "project_id", "trace_id", "parent_id", "name", "kind", "status", "start_time", "end_time", "duration_ms",
    "time_to_first_token_ms", "provider", "model", "request_model", "response_model", "input_tokens",
    "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "cost",
    "cost_source", "input", "output", "attributes", "error_type", "error_message", "created_at", "updated_at",
)  # fmt: skip
PROJECT_COLUMNS = ("id", "name", "retention_days", "created_at")
KEY_COLUMNS = (
    "id", "project_id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at",
)  # fmt: skip

TRACES = ", ".join(TRACE_COLUMNS)
STEPS = ", ".join(STEP_COLUMNS)
