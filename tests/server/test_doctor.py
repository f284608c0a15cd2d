"""The doctor: finds nothing where nothing is wrong, and each fault by its own line."""

import asyncpg
import pytest

from auth.projects import create_project
from ingest.drafts import StepDraft
from ingest.pricing import unpriced
from ingest.writer import open_writer
from models.database import open_database
from models.ids import new_id
from models.values import Uuid
from pubsub.memory import MemoryBroker
from server.command_line import main
from server.doctor import Verdict, examine
from server.settings import Settings
from tests.databases import name_of

NOWHERE = "redis://127.0.0.1:1/0"


async def findings(database_url: str, redis_url: str, settings: Settings | None = None) -> dict[Verdict, str]:
    """What the doctor says, by how bad it is."""
    found = await examine(settings or Settings(), database_url, redis_url)
    return {verdict: "\n".join(each.text for each in found if each.verdict is verdict) for verdict in Verdict}


async def run(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(statement)
    await connection.close()


@pytest.fixture
async def filled_url(database_url: str) -> str:
    """A database with a few steps in it."""
    async with open_database(database_url) as database:
        project = (await create_project(database, "shop"))["id"]
        async with open_writer(database, MemoryBroker(), unpriced) as writer:
            await writer.record(project, [StepDraft(trace_id=Uuid(new_id()), name="call") for _ in range(10)])
    return database_url


async def test_a_sound_deployment_has_roll_ups_that_add_up(filled_url: str, redis_url: str) -> None:
    """Where all is well the doctor says of each thing that it is."""
    found = await findings(filled_url, redis_url)

    assert "sampled hours with 10 steps" in found[Verdict.WELL]
    assert "Redis" in found[Verdict.WELL]
    assert "missing partitions of coming weeks: none" in found[Verdict.WELL]
    # The PostgreSQL of the tests does without.
    assert found[Verdict.ILL] in ("", "fsync is off: acknowledged writes rest on it")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE trace_analytics SET count = count + 1 WHERE subject = 'STEP'", "roll-ups differ from the steps"),
        ("DELETE FROM trace_steps WHERE id = (SELECT max(id::text)::uuid FROM trace_steps)", "roll-ups differ"),
        ('ALTER DATABASE "{name}" SET synchronous_commit = off', "synchronous_commit is off"),
        ("DELETE FROM tortoise_migrations", "migrations are missing"),
    ],
)
async def test_a_fault_is_found(filled_url: str, redis_url: str, harm: str, said: str) -> None:
    """What breaks a promise is told as such."""
    await run(filled_url, harm.format(name=name_of(filled_url)))

    assert said in (await findings(filled_url, redis_url))[Verdict.ILL]


async def test_what_is_doubtful_is_told(database_url: str) -> None:
    """A development key, a missing pepper and a Redis that is away are worth a warning."""
    found = await findings(database_url, NOWHERE, Settings(dev_key="tg_dev"))

    for said in ("development key", "TRACEGRAPH_KEY_PEPPER", "Redis does not answer"):
        assert said in found[Verdict.DOUBTFUL]


def test_the_status_tells_a_fault(database_url: str, redis_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever runs the doctor in a script sees by its status that something must be mended."""
    status = main(["doctor"], {"DATABASE_URL": database_url, "REDIS_URL": redis_url})
    printed = capsys.readouterr()

    assert status == ("FAIL" in printed.out)
    assert printed.out.startswith("ok   Python")
