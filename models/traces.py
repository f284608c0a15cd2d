"""A trace: one run of a workflow, with totals over its steps kept by the writer."""

from tortoise import fields
from tortoise.models import Model

from models.columns import TextArrayField


class Trace(Model):
    """One run of a workflow. Primary key in the database: (project_id, id)."""

    id = fields.UUIDField(primary_key=True)
    project_id = fields.UUIDField()
    name = fields.TextField()
    status = fields.TextField()
    start_time = fields.DatetimeField()
    end_time = fields.DatetimeField(null=True)
    duration_ms = fields.FloatField(null=True, generated=True)
    session_id = fields.TextField(null=True)
    user_id = fields.TextField(null=True)
    environment = fields.TextField(null=True)
    release = fields.TextField(null=True)
    service_name = fields.TextField(null=True)
    tags = TextArrayField()
    metadata: fields.Field[dict[str, object]] = fields.JSONField()
    input: fields.Field[object] = fields.JSONField(null=True)
    output: fields.Field[object] = fields.JSONField(null=True)
    error_type = fields.TextField(null=True)
    error_message = fields.TextField(null=True)
    first_step_id = fields.UUIDField(null=True)
    last_step_id = fields.UUIDField(null=True)
    step_count = fields.IntField(default=0)
    error_count = fields.IntField(default=0)
    input_tokens = fields.BigIntField(default=0)
    output_tokens = fields.BigIntField(default=0)
    cache_read_tokens = fields.BigIntField(default=0)
    cache_write_tokens = fields.BigIntField(default=0)
    reasoning_tokens = fields.BigIntField(default=0)
    total_tokens = fields.BigIntField(generated=True)
    cost = fields.DecimalField(max_digits=30, decimal_places=12, null=True)
    models = TextArrayField()
    recorded = fields.BooleanField(default=True)
    corrected = TextArrayField()
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "traces"
