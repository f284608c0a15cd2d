"""All tables as they first were."""

from pathlib import Path

from tortoise import migrations
from tortoise.migrations.operations import RunSQL


class Migration(migrations.Migration):
    """Runs `0001_initial.sql`: partitions and generated columns are more than models can say."""

    initial = True
    operations = [RunSQL(Path(__file__).with_suffix(".sql").read_text())]
