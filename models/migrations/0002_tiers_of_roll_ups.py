"""Roll-ups that are appended get a tier of their own."""

from pathlib import Path

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


class Migration(migrations.Migration):
    """Runs `0002_tiers_of_roll_ups.sql`."""

    dependencies = [("models", "0001_initial")]
    operations = [RunSQL(Path(__file__).with_suffix(".sql").read_text())]
