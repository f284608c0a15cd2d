"""Roll-ups of less detail, for questions that don't ask for all of it."""

from pathlib import Path

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


class Migration(migrations.Migration):
    """Runs `0005_tiers_of_less_detail.sql`."""

    dependencies = [("models", "0004_shared_secrets")]
    operations = [RunSQL(Path(__file__).with_suffix(".sql").read_text())]
