"""The minutes of models, of those that are there."""

from pathlib import Path

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


class Migration(migrations.Migration):
    """Runs `0012_filled_minutes.sql`."""

    dependencies = [("models", "0011_minutes_of_models")]
    operations = [RunSQL(Path(__file__).with_suffix(".sql").read_text())]
