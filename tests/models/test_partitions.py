"""Weekly partitions: made ahead and on demand, and what came too early moves in."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.drafts import StepDraft
from ingest.writer import Writer
from models.database import Database
from models.ids import GREATEST_ID, LEAST_ID, first_id, new_id
from models.partitions import WEEK, end_of_week, ensure_weeks, start_of_week, week_of, weeks_ahead
from models.values import Uuid
from tests.ingest.conftest import broker, database, project_id, writer

__all__ = ["broker", "database", "project_id", "writer"]

NOW = datetime.now(UTC)
HOME = "SELECT tableoid::regclass::text AS home FROM trace_steps WHERE id = $1"


def at(moment: datetime) -> Uuid:
    """An id of a moment."""
    return Uuid(new_id(int(moment.timestamp() * 1000)))


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (at(NOW), weeks_ahead(NOW)[0]),
        (at(NOW - 10 * WEEK), weeks_ahead(NOW - 10 * WEEK)[0]),
        (at(datetime(2001, 1, 1, tzinfo=UTC)), None),
        ("6ba7b810-9dad-41d1-80b4-00c04fd430c8", None),
    ],
    ids=["now", "ten weeks ago", "another century", "no time"],
)
def test_week_of(identity: str, expected: datetime | None) -> None:
    """An id belongs to the week of its time; ids without a time, or of long ago, to none."""
    assert week_of(identity, NOW) == expected


@pytest.mark.parametrize(
    ("identity", "bounds"),
    [
        (at(NOW), (first_id(weeks_ahead(NOW)[0]), first_id(weeks_ahead(NOW)[1]))),
        (first_id(weeks_ahead(NOW)[0]), (first_id(weeks_ahead(NOW)[0]), first_id(weeks_ahead(NOW)[1]))),
        (at(datetime(1970, 1, 1, tzinfo=UTC)), (LEAST_ID, first_id(datetime(1970, 1, 5, tzinfo=UTC)))),
        ("6ba7b810-9dad-41d1-80b4-00c04fd430c8", (LEAST_ID, GREATEST_ID)),
    ],
    ids=["now", "the first of a week", "the first of all", "no time"],
)
def test_the_week_of_an_id_has_bounds(identity: str, bounds: tuple[str, str]) -> None:
    """They are those of its partition; an id without a time may be anywhere."""
    assert (start_of_week(identity), end_of_week(identity)) == bounds


def test_the_last_of_all_ids_has_bounds_too() -> None:
    """No time in an id is too late to be looked for."""
    identity = "ffffffff-ffff-7fff-bfff-ffffffffffff"

    assert start_of_week(identity) <= identity < end_of_week(identity)
    assert end_of_week(at(datetime(9999, 12, 31, tzinfo=UTC))) == GREATEST_ID


@pytest.mark.parametrize("age", [timedelta(), 20 * WEEK])
async def test_step_goes_to_its_week(database: Database, writer: Writer, project_id: str, age: timedelta) -> None:
    """A step of this week or of an earlier one lies in a partition of that week, made on demand."""
    step = at(NOW - age)

    await writer.record(project_id, [StepDraft(id=step, trace_id=at(NOW), name="call")])

    row = await database.fetchrow(HOME, step)
    assert row is not None
    assert row["home"] == f"trace_steps_{NOW - age:%G_w%V}"


async def test_step_without_time_goes_to_the_default(database: Database, writer: Writer, project_id: str) -> None:
    """A step whose id is no UUIDv7 is stored like any other."""
    step = Uuid("6ba7b810-9dad-41d1-80b4-00c04fd430c8")

    await writer.record(project_id, [StepDraft(id=step, trace_id=at(NOW), name="call")])

    row = await database.fetchrow(HOME, step)
    assert row is not None
    assert row["home"] == "trace_steps_default"


async def test_new_partition_takes_in_what_came_before_it(database: Database, writer: Writer, project_id: str) -> None:
    """Steps that a clock ahead of ours put into the default partition move to their week when it is made."""
    early = NOW + 40 * WEEK
    step = at(NOW)
    await writer.record(project_id, [StepDraft(id=step, trace_id=at(NOW), name="call")])
    await database.execute("UPDATE trace_steps SET id = $2 WHERE id = $1", step, moved := at(early))

    async with database.connection() as connection:
        await ensure_weeks(connection, [weeks_ahead(early)[0]])

    row = await database.fetchrow(HOME, moved)
    assert row is not None
    assert row["home"] == f"trace_steps_{early:%G_w%V}"
