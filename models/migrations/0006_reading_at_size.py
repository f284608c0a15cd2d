"""What reading needs among millions of steps: the ids that a trace's steps lie between, and indexes."""

from pathlib import Path

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


class Migration(migrations.Migration):
    """Runs `0006_reading_at_size.sql`."""

    dependencies = [("models", "0005_tiers_of_less_detail")]
    operations = [RunSQL(Path(__file__).with_suffix(".sql").read_text())]
