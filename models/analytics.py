"""Roll-ups: what a bucket of time holds, per kind of record, appended by the writer and merged in the background."""

from decimal import Decimal

from tortoise import fields
from tortoise.models import Model

from models.columns import BigIntArrayField, IntArrayField


class RollUp(Model):
    """Counts, sums and latency sketches of one bucket. Primary key in the database: (project_id, id)."""

    id = fields.BigIntField(primary_key=True)
    project_id = fields.UUIDField()
    tier = fields.TextField()
    bucket = fields.DatetimeField()
    subject = fields.TextField()
    name = fields.TextField()
    status = fields.TextField()
    kind = fields.TextField(null=True)
    provider = fields.TextField(null=True)
    model = fields.TextField(null=True)
    environment = fields.TextField(null=True)
    service_name = fields.TextField(null=True)
    count = fields.BigIntField()
    input_tokens = fields.BigIntField()
    output_tokens = fields.BigIntField()
    cache_read_tokens = fields.BigIntField()
    cache_write_tokens = fields.BigIntField()
    reasoning_tokens = fields.BigIntField()
    cost: fields.Field[Decimal] = fields.DecimalField(max_digits=30, decimal_places=12)
    duration_microseconds = fields.DecimalField(max_digits=30, decimal_places=12)
    duration_indexes = IntArrayField()
    duration_counts = BigIntArrayField()
    durations = fields.BinaryField(null=True)
    first_token_microseconds = fields.DecimalField(max_digits=30, decimal_places=12)
    first_token_indexes = IntArrayField()
    first_token_counts = BigIntArrayField()
    first_tokens = fields.BinaryField(null=True)

    class Meta:
        table = "trace_analytics"
