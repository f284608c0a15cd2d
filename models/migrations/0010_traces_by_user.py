"""The traces of a user."""

from pathlib import Path

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


class Migration(migrations.Migration):
    """Runs `0010_traces_by_user.sql`."""

    dependencies = [("models", "0009_sketches_of_days")]
    operations = [RunSQL(Path(__file__).with_suffix(".sql").read_text())]
