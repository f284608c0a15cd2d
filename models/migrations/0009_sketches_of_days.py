"""Packed sketches of the roll-ups that are there."""

from pathlib import Path

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


class Migration(migrations.Migration):
    """Runs `0009_sketches_of_days.sql`."""

    dependencies = [("models", "0008_packed_sketches")]
    operations = [RunSQL(Path(__file__).with_suffix(".sql").read_text())]
