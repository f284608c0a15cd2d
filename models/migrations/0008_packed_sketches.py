"""Sketches of merged roll-ups in the form in which they are read."""

from pathlib import Path

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


class Migration(migrations.Migration):
    """Runs `0008_packed_sketches.sql`."""

    dependencies = [("models", "0007_updates_in_place")]
    operations = [RunSQL(Path(__file__).with_suffix(".sql").read_text())]
