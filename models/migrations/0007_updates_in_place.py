"""Traces that are updated in place: the time of their last news leaves the index."""

from pathlib import Path

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


class Migration(migrations.Migration):
    """Runs `0007_updates_in_place.sql`."""

    dependencies = [("models", "0006_reading_at_size")]
    operations = [RunSQL(Path(__file__).with_suffix(".sql").read_text())]
