"""Projects, the keys that open them, and the log of administrative acts."""

from tortoise import fields
from tortoise.models import Model

from models.columns import TextArrayField


class Project(Model):
    """What every stored thing belongs to; the unit of isolation."""

    id = fields.UUIDField(primary_key=True)
    name = fields.TextField()
    retention_days = fields.IntField(null=True)
    created_at = fields.DatetimeField()
    targets: fields.Field[dict[str, object]] = fields.JSONField()

    class Meta:
        table = "projects"


class ApiKey(Model):
    """A secret that opens one project, or all of them when `project_id` is null; only its digest is kept."""

    id = fields.UUIDField(primary_key=True)
    project_id = fields.UUIDField(null=True)
    name = fields.TextField()
    prefix = fields.TextField()
    digest = fields.BinaryField()
    scopes = TextArrayField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_keys"


class AuditEntry(Model):
    """One administrative act: who did what to which thing."""

    id = fields.UUIDField(primary_key=True)
    project_id = fields.UUIDField()
    happened_at = fields.DatetimeField()
    actor_id = fields.UUIDField(null=True)
    action = fields.TextField()
    subject_id = fields.UUIDField(null=True)
    details: fields.Field[dict[str, object]] = fields.JSONField()

    class Meta:
        table = "audit_log"


class Price(Model):
    """A project's own price for a model from a day on, in US dollars per million tokens; overrides the catalogue."""

    project_id = fields.UUIDField(primary_key=True)
    provider = fields.TextField()
    model = fields.TextField()
    valid_from = fields.DatetimeField()
    input_price = fields.DecimalField(max_digits=20, decimal_places=10)
    output_price = fields.DecimalField(max_digits=20, decimal_places=10)
    cache_read_price = fields.DecimalField(max_digits=20, decimal_places=10, null=True)
    cache_write_price = fields.DecimalField(max_digits=20, decimal_places=10, null=True)

    class Meta:
        table = "prices"
