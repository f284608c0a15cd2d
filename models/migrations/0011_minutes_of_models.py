"""Room for the minutes of models."""

from pathlib import Path

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


class Migration(migrations.Migration):
    """Runs `0011_minutes_of_models.sql`."""

    dependencies = [("models", "0010_traces_by_user")]
    operations = [RunSQL(Path(__file__).with_suffix(".sql").read_text())]
