"""Secrets that the servers of one database share."""

from pathlib import Path

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


class Migration(migrations.Migration):
    """Runs `0004_shared_secrets.sql`."""

    dependencies = [("models", "0003_targets")]
    operations = [RunSQL(Path(__file__).with_suffix(".sql").read_text())]
