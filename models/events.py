"""The log of what happened in a project, in the order in which it was committed."""

from tortoise import fields
from tortoise.models import Model


class EventHead(Model):
    """The last position given out in a project; its row lock orders the project's writers."""

    project_id = fields.UUIDField(primary_key=True)
    position = fields.BigIntField()

    class Meta:
        table = "event_heads"


class EventLog(Model):
    """The events of one commit. Primary key in the database: (project_id, last_pos)."""

    project_id = fields.UUIDField(primary_key=True)
    last_pos = fields.BigIntField()
    first_pos = fields.BigIntField()
    events: fields.Field[list[object]] = fields.JSONField()
    committed_at = fields.DatetimeField()

    class Meta:
        table = "event_log"
