"""A step: one model call, tool call, retrieval or agent turn inside a trace."""

from tortoise import fields
from tortoise.models import Model

from models.columns import TextArrayField


class Step(Model):
    """One step of a trace. Primary key in the database: (project_id, trace_id, id), partitioned by id."""

    id = fields.UUIDField(primary_key=True)
    project_id = fields.UUIDField()
    trace_id = fields.UUIDField()
    parent_id = fields.UUIDField(null=True)
    name = fields.TextField()
    kind = fields.TextField()
    status = fields.TextField()
    start_time = fields.DatetimeField()
    end_time = fields.DatetimeField(null=True)
    duration_ms = fields.FloatField(null=True, generated=True)
    time_to_first_token_ms = fields.FloatField(null=True)
    provider = fields.TextField(null=True)
    stated_model = fields.TextField(null=True)
    request_model = fields.TextField(null=True)
    response_model = fields.TextField(null=True)
    model = fields.TextField(null=True, generated=True)
    input_tokens = fields.BigIntField(null=True)
    output_tokens = fields.BigIntField(null=True)
    cache_read_tokens = fields.BigIntField(null=True)
    cache_write_tokens = fields.BigIntField(null=True)
    reasoning_tokens = fields.BigIntField(null=True)
    total_tokens = fields.BigIntField(generated=True)
    cost = fields.DecimalField(max_digits=30, decimal_places=12, null=True)
    cost_source = fields.TextField()
    input: fields.Field[object] = fields.JSONField(null=True)
    output: fields.Field[object] = fields.JSONField(null=True)
    attributes: fields.Field[dict[str, object]] = fields.JSONField()
    error_type = fields.TextField(null=True)
    error_message = fields.TextField(null=True)
    recorded = fields.BooleanField(default=True)
    corrected = TextArrayField()
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "trace_steps"
