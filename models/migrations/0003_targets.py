"""Projects get targets."""

from pathlib import Path

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


class Migration(migrations.Migration):
    """Runs `0003_targets.sql`."""

    dependencies = [("models", "0002_tiers_of_roll_ups")]
    operations = [RunSQL(Path(__file__).with_suffix(".sql").read_text())]
