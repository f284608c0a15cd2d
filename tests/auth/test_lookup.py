"""Looking up keys: what it costs when many come at once, and how long answers are kept."""

import asyncio

from auth.keys import create_key, digest
from auth.lookup import FIND, KEPT_SECONDS, STRANGERS, Lookup
from auth.viewer import READ
from models.database import Database
from tests.fakes.clock import Clock
from tests.fakes.database import noting


async def test_a_flood_of_wrong_keys_costs_few_queries_and_little_memory(database: Database) -> None:
    """Wrong keys share statements, and neither they nor what is remembered of them pushes out a good one."""
    _, secret = await create_key(database, project_id=None, name="agent", scopes=[READ])
    noted, lookup = noting(database), Lookup(Clock())
    await lookup.find(noted, digest(secret))
    guesses = [digest(str(number)) for number in range(3 * STRANGERS)]
    answers = await asyncio.gather(*(lookup.find(noted, guess) for guess in guesses))
    during = len(noted.statements)
    viewer = await lookup.find(noted, digest(secret))

    assert set(answers) == {None}
    assert during <= 3
    assert len(noted.statements) == during
    assert viewer is not None
    assert lookup.remembered == STRANGERS + 1


async def test_a_good_key_among_wrong_ones_waits_for_two_statements_at_most(database: Database) -> None:
    """Whoever comes while a statement runs is answered by the next one, however many came before."""
    _, secret = await create_key(database, project_id=None, name="agent", scopes=[READ])
    noted, lookup = noting(database), Lookup(Clock())
    flood = [asyncio.ensure_future(lookup.find(noted, digest(str(number)))) for number in range(500)]
    await asyncio.wait(flood[:1])
    viewer = await lookup.find(noted, digest(secret))
    await asyncio.gather(*flood)

    assert viewer is not None
    assert len(noted.statements) <= 3


async def test_answers_are_asked_for_again_after_a_while(database: Database) -> None:
    """What another process changed is noticed when the answer has grown old."""
    _, secret = await create_key(database, project_id=None, name="agent", scopes=[READ])
    clock = Clock()
    noted, lookup = noting(database), Lookup(clock)
    await lookup.find(noted, digest(secret))
    await database.execute("UPDATE api_keys SET revoked_at = now()")
    young = await lookup.find(noted, digest(secret))
    clock.now += KEPT_SECONDS
    old = await lookup.find(noted, digest(secret))

    assert (young is None, old is None) == (False, True)
    assert noted.statements == [FIND, FIND]
