"""Secrets that all servers of one database share: made at random by the first that needs one."""

import secrets

from tortoise import fields
from tortoise.models import Model

from models.database import Database
from models.ids import new_id

RANDOM_BYTES = 32

# shared_secret: who comes first decides; everybody reads what was decided.
INSERT = "INSERT INTO shared_secrets (id, name, value) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING"
BY_NAME = "SELECT value FROM shared_secrets WHERE name = $1"


class SharedSecret(Model):
    """A secret by its purpose."""

    id = fields.UUIDField(primary_key=True)
    name = fields.TextField()
    value = fields.BinaryField()

    class Meta:
        table = "shared_secrets"


async def shared_secret(database: Database, name: str) -> bytes:
    """The secret for this purpose, the same for all who ask this database."""
    row = await database.fetchrow(BY_NAME, name)
    if row is None:
        await database.execute(INSERT, new_id(), name, secrets.token_bytes(RANDOM_BYTES))
        row = await database.fetchrow(BY_NAME, name)
    assert row is not None  # noqa: S101  it was stored just now, and nobody deletes any
    value: bytes = row["value"]
    return value
