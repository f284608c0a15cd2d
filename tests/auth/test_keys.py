"""Keys: made, recognised, expired, revoked; and what they cost the database."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auth.keys import accept, authenticate, confirm, create_key, digest, ensure_first_key, find_key, revoke_key
from auth.lookup import FIND
from auth.memory import memory_of, open_memory
from auth.viewer import ADMIN, READ, SCOPES, Viewer
from models.database import Database, open_database
from models.errors import Invalid, NotFound, Unauthenticated, Unavailable
from models.ids import new_id
from tests.fakes.database import noting
from tests.waiting import eventually

EXPIRE = "UPDATE api_keys SET expires_at = $2 WHERE id = $1"


async def a_key(database: Database, *, expires_at: datetime | None = None) -> tuple[str, str]:
    row, secret = await create_key(database, project_id=None, name="agent", scopes=[READ], expires_at=expires_at)
    return str(row["id"]), secret


async def test_a_new_key_opens(database: Database, project_id: str) -> None:
    """The secret that was shown once is recognised, with everything the key was given."""
    row, secret = await create_key(database, project_id=project_id, name="agent", scopes=[READ, ADMIN])
    viewer = await authenticate(database, secret)

    assert (viewer.key_id, viewer.key_name, viewer.project_id) == (row["id"], "agent", project_id)
    assert viewer.scopes == {READ, ADMIN}


async def test_a_secret_is_long_and_stays_with_its_owner(database: Database) -> None:
    """A secret has 256 random bits; the row holds its digest and no more of it than a short prefix."""
    key_id, secret = await a_key(database)
    (row,) = await database.fetch("SELECT * FROM api_keys WHERE id = $1", key_id)

    assert re.fullmatch(r"tg_[A-Za-z0-9_-]{43}", secret)
    assert row["digest"] == digest(secret)
    assert row["prefix"] == secret[:9]
    assert all(secret[9:] not in str(value) for value in row.values())


@pytest.mark.parametrize("secret", ["", "tg_", "tg_" + "A" * 43, "x" * 257, "ü\ud800\x00"])
async def test_a_wrong_secret_opens_nothing(database: Database, secret: str) -> None:
    """Whatever is shown instead of a key, the answer is the same."""
    with pytest.raises(Unauthenticated):
        await authenticate(database, secret)


async def test_a_key_opens_until_it_expires(database: Database) -> None:
    """An expired key is refused at once, remembered or not."""
    key_id, secret = await a_key(database, expires_at=datetime.now(UTC) + timedelta(hours=1))
    await authenticate(database, secret)
    await database.execute(EXPIRE, key_id, datetime.now(UTC))
    memory_of(database).keys.forget()

    with pytest.raises(Unauthenticated):
        await authenticate(database, secret)


async def test_a_remembered_key_expires_to_the_moment(database: Database) -> None:
    """The time of a key is looked at on each use, not only when it is read."""
    _, secret = await a_key(database, expires_at=datetime.now(UTC) + timedelta(seconds=0.2))
    noted = noting(database)
    await authenticate(noted, secret)

    assert await eventually(lambda: refused(noted, secret))
    assert noted.statements == [FIND]


async def test_a_revoked_key_is_refused_at_once(database: Database) -> None:
    """The process that revokes a key does not remember it for another moment."""
    key_id, secret = await a_key(database)
    await authenticate(database, secret)
    row = await revoke_key(database, key_id)

    assert row is not None
    assert row["revoked_at"] is not None
    with pytest.raises(Unauthenticated):
        await authenticate(database, secret)


async def test_an_answer_that_was_on_its_way_when_a_key_was_revoked_is_not_remembered(database: Database) -> None:
    """A lookup that read the key just before its revocation does not bring it back."""
    key_id, secret = await a_key(database)
    for _ in range(20):
        await asyncio.gather(authenticate(database, secret), revoke_key(database, key_id), return_exceptions=True)

        with pytest.raises(Unauthenticated):
            await authenticate(database, secret)
        await database.execute("UPDATE api_keys SET revoked_at = NULL WHERE id = $1", key_id)
        memory_of(database).keys.forget()


async def test_revoking_twice_keeps_the_first_time(database: Database) -> None:
    """When a key was revoked does not change; a key that is not there is told."""
    key_id, _ = await a_key(database)
    first = await revoke_key(database, key_id)
    second = await revoke_key(database, key_id)

    assert first is not None
    assert second is not None
    assert second["revoked_at"] == first["revoked_at"]
    assert await revoke_key(database, new_id()) is None


async def test_confirm_ends_what_a_key_may_no_longer_do(database: Database) -> None:
    """Whoever came in with a good key goes on until it is revoked."""
    key_id, secret = await a_key(database)
    viewer = await authenticate(database, secret)
    await confirm(database, viewer)
    await confirm(database, viewer)
    await revoke_key(database, key_id)

    with pytest.raises(Unauthenticated):
        await confirm(database, viewer)


async def test_confirm_ends_with_the_time_of_the_key(database: Database) -> None:
    """A stream does not outlive its key."""
    _, secret = await a_key(database)
    viewer = await authenticate(database, secret)
    await confirm(database, viewer)

    with pytest.raises(Unauthenticated):
        await confirm(database, replace(viewer, expires_at=datetime.now(UTC)))


async def test_confirm_lets_go_on_while_the_database_is_away(database_url: str) -> None:
    """No stream ends because nobody can tell whether its key is still good."""
    async with open_database(database_url, connections=1) as database:
        _, secret = await a_key(database)
        viewer = await authenticate(database, secret)
        database.pool.terminate()

        await confirm(database, viewer)


async def test_the_database_being_away_is_no_wrong_key(database_url: str) -> None:
    """Whoever can't be looked up is asked to try again, not told that the key is wrong; the next try works."""
    async with open_database(database_url, connections=1) as database:
        database.pool.terminate()

        with pytest.raises(Unavailable):
            await authenticate(database, "tg_" + "A" * 43)


async def test_a_busy_key_costs_no_queries(database: Database) -> None:
    """A key that is used again and again is looked up once, and so is one that a hundred requests bring at once."""
    _, secret = await a_key(database)
    noted = noting(database)
    await asyncio.gather(*(authenticate(noted, secret) for _ in range(100)))
    await authenticate(noted, secret)

    assert noted.statements == [FIND]


async def test_a_wrong_key_is_remembered_until_a_key_is_made(database: Database) -> None:
    """The same wrong key again costs nothing; a key made meanwhile is recognised at once."""
    noted = noting(database)
    await refused(noted, "tg_chosen_by_hand")
    await refused(noted, "tg_chosen_by_hand")
    asked = noted.statements.count(FIND)
    await accept(noted, "tg_chosen_by_hand", project_id=None, name="mine", scopes=[READ])
    viewer = await authenticate(noted, "tg_chosen_by_hand")

    assert asked == 1
    assert viewer.key_name == "mine"


async def test_one_who_gives_up_takes_the_answer_from_nobody(database: Database) -> None:
    """A cancelled request leaves the others that asked with it their answer."""
    _, secret = await a_key(database)
    requests = [asyncio.ensure_future(authenticate(database, secret)) for _ in range(3)]
    await turn()
    requests[0].cancel()
    answers = await asyncio.gather(*requests, return_exceptions=True)

    assert [type(answer) for answer in answers] == [asyncio.CancelledError, Viewer, Viewer]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"name": " "}, ("name",)),
        ({"name": "x" * 201}, ("name",)),
        ({"scopes": []}, ("scopes",)),
        ({"scopes": ["WRITE"]}, ("scopes",)),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, ("expiresAt",)),
    ],
)
async def test_a_bad_key_is_not_made(database: Database, given: dict[str, Any], path: tuple[str, ...]) -> None:
    """A key that nobody could use or find is refused, with the way to what is wrong."""
    with pytest.raises(Invalid) as caught:
        await create_key(database, **{"project_id": None, "name": "agent", "scopes": [READ]} | given)

    assert caught.value.path == path


async def test_a_key_belongs_to_a_project_that_exists(database: Database) -> None:
    """A key for a project that is not there is not made."""
    with pytest.raises(NotFound):
        await create_key(database, project_id=new_id(), name="agent", scopes=[READ])


async def test_find_key_shows_the_row_and_not_the_digest(database: Database) -> None:
    """What administrators see of a key can't be used to find its secret."""
    key_id, _ = await a_key(database)
    row = await find_key(database, key_id)

    assert row is not None
    assert dict(row.items()).keys() == {
        *("id", "project_id", "name", "prefix", "scopes"),
        *("created_at", "expires_at", "last_used_at", "revoked_at"),
    }
    assert await find_key(database, new_id()) is None


async def refused(database: Database, secret: str) -> bool:
    try:
        await authenticate(database, secret)
    except Unauthenticated:
        return True
    return False


async def turn() -> None:
    """Let the event loop go round once."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_soon(passed.set)
    await passed.wait()


async def test_a_pepper_makes_digests_that_nobody_else_can_make(database: Database, other_process: Database) -> None:
    """A key made under a pepper opens nothing where the pepper is not known; older keys go on opening."""
    _, plain = await a_key(database)
    open_memory(database, "a pepper of the server")
    _, peppered = await a_key(database)
    await authenticate(database, plain)
    await authenticate(database, peppered)
    await authenticate(other_process, plain)

    assert digest(peppered, b"a pepper of the server") != digest(peppered)
    assert await refused(other_process, peppered)


async def test_the_first_key_is_made_once(database: Database, other_process: Database) -> None:
    """Of all who begin with an empty database one makes a key that may do everything; a later one makes none."""
    made = await asyncio.gather(ensure_first_key(database), ensure_first_key(other_process))
    (secret,) = [secret for secret in made if secret]
    viewer = await authenticate(database, secret)

    assert (viewer.project_id, viewer.scopes) == (None, SCOPES)
    assert await ensure_first_key(database) is None
