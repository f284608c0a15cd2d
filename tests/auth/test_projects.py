"""Projects: made, found, and the one a request works in."""

import asyncio

import pytest

from auth.projects import (
    DEFAULT,
    create_project,
    ensure_project,
    find_project,
    project_of,
    projects_of,
)
from auth.viewer import READ, Viewer
from models.database import Database
from models.errors import Conflict, Invalid, NotFound
from models.event_log import head
from models.ids import new_id
from tests.fakes.database import noting

HEADS = "SELECT position FROM event_heads WHERE project_id = $1"


def a_viewer(project_id: str | None = None) -> Viewer:
    return Viewer(key_id=new_id(), key_name="agent", scopes=frozenset({READ}), project_id=project_id, expires_at=None)


async def test_a_project_comes_with_the_head_of_its_log(database: Database) -> None:
    """A new project can be written to and followed: its first position is given out from 0."""
    row = await create_project(database, "shop", retention_days=30)
    heads = await database.fetch(HEADS, row["id"])

    assert (row["name"], row["retention_days"]) == ("shop", 30)
    assert [found["position"] for found in heads] == [0]
    assert await head(database, row["id"]) == 0


async def test_a_name_is_taken_once(database: Database, project_id: str) -> None:
    """A second project of the same name is refused, and leaves no head behind."""
    before = await database.fetch("SELECT project_id FROM event_heads")
    with pytest.raises(Conflict) as caught:
        await create_project(database, "shop")

    assert caught.value.path == ("name",)
    assert await database.fetch("SELECT project_id FROM event_heads") == before


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "019abcde-0000-7000-8000-000000000000", "a\x00b"])
async def test_a_bad_name_is_refused(database: Database, name: str) -> None:
    """Names are short, say something, and can't be taken for ids."""
    with pytest.raises(Invalid):
        await create_project(database, name)


async def test_retention_is_at_least_a_day(database: Database) -> None:
    """A project that keeps nothing is refused."""
    with pytest.raises(Invalid) as caught:
        await create_project(database, "shop", retention_days=0)

    assert caught.value.path == ("retentionDays",)


async def test_a_project_is_found_by_name_and_by_id(database: Database, project_id: str) -> None:
    """Either leads to the same project, the id in any spelling; anything else leads nowhere."""
    wanted = ["shop", project_id, project_id.upper(), "Shop", "", new_id()]
    found = [await find_project(database, name_or_id) for name_or_id in wanted]

    assert [row and row["id"] for row in found] == [project_id] * 3 + [None] * 3


async def test_a_key_of_a_project_works_there(database: Database, project_id: str) -> None:
    """Without a word, and by its name or id as well."""
    viewer = a_viewer(project_id)

    assert [await project_of(database, viewer, wanted) for wanted in (None, "shop", project_id)] == [project_id] * 3


async def test_a_foreign_project_is_like_an_absent_one(database: Database, project_id: str) -> None:
    """A key learns nothing of other projects: what it may not open answers in the same words as what is not there."""
    other = await create_project(database, "other")
    viewer = a_viewer(project_id)
    messages = set()
    for wanted in ("other", other["id"], "nowhere", new_id()):
        with pytest.raises(NotFound) as caught:
            await project_of(database, viewer, wanted)
        messages.add((caught.value.message, caught.value.path))

    assert len(messages) == 1


async def test_a_key_for_all_projects_names_one(database: Database, project_id: str) -> None:
    """It opens each project by name or id, and says what to do when it names none and there is no default."""
    viewer = a_viewer()

    assert await project_of(database, viewer, "shop") == project_id
    with pytest.raises(NotFound):
        await project_of(database, viewer, "nowhere")
    with pytest.raises(Invalid, match="X-Tracegraph-Project"):
        await project_of(database, viewer, None)


async def test_the_default_project_is_where_a_key_for_all_works_unasked(database: Database) -> None:
    """With a project called "default" nobody has to name one, and finding it again costs no query."""
    row = await ensure_project(database, DEFAULT)
    noted = noting(database)
    found = [await project_of(noted, a_viewer(), None) for _ in range(10)]

    assert found == [row["id"]] * 10
    assert len(noted.statements) == 1


async def test_ensure_project_makes_one_however_many_ask(database: Database) -> None:
    """Several processes that start at once agree on one project."""
    rows = await asyncio.gather(*(ensure_project(database, "default") for _ in range(4)))

    assert len({row["id"] for row in rows}) == 1
    assert (await ensure_project(database, "default"))["id"] == rows[0]["id"]


async def test_a_viewer_sees_its_own_project_or_all(database: Database, project_id: str) -> None:
    """The key of a project sees that one, a key for all sees all, by name."""
    await create_project(database, "another")

    assert [row["id"] for row in await projects_of(database, a_viewer(project_id))] == [project_id]
    assert [row["name"] for row in await projects_of(database, a_viewer())] == ["another", "shop"]
