"""Buckets: what a name may take, in Redis and without it."""

from collections.abc import AsyncIterator

import pytest

from pubsub.bucket import Allowance, Buckets, Rate, open_buckets
from tests.waiting import eventually

RATE = Rate(per_second=0.01, burst=3)
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(params=["redis", "alone"])
async def buckets(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Buckets]:
    """Buckets in Redis, and those of a process that has lost it."""
    async with open_buckets(redis_url if request.param == "redis" else NOWHERE, RATE) as opened:
        yield opened


async def test_so_many_are_granted_at_once_and_no_more(buckets: Buckets) -> None:
    """A full bucket grants nothing, and says for how long; asking again makes it no worse."""
    granted = [await buckets.take("a") for _ in range(3)]
    refused = [await buckets.take("a") for _ in range(3)]

    assert granted == [Allowance(granted=True, limit=3, remaining=left, seconds=0.0) for left in (2, 1, 0)]
    assert [(each.granted, each.remaining) for each in refused] == [(False, 0)] * 3
    assert all(90 < each.seconds <= 100 for each in refused)


async def test_each_name_has_its_own_bucket(buckets: Buckets) -> None:
    """Who asks too often is refused alone."""
    for _ in range(4):
        await buckets.take("a")

    assert (await buckets.take("b")).granted


async def test_processes_share_a_bucket(redis_url: str) -> None:
    """The limit of a key is one limit, however many servers it asks."""
    async with open_buckets(redis_url, RATE) as here, open_buckets(redis_url, RATE) as there:
        taken = [await each.take("a") for each in (here, there, here, there)]

    assert [each.granted for each in taken] == [True, True, True, False]


@pytest.mark.parametrize("url", ["redis", NOWHERE])
async def test_a_bucket_leaks(url: str, redis_url: str) -> None:
    """After a while there is room again."""
    async with open_buckets(redis_url if url == "redis" else url, Rate(per_second=20, burst=1)) as buckets:
        first, second = [await buckets.take("a") for _ in range(2)]

        async def granted() -> bool:
            return (await buckets.take("a")).granted

        assert (first.granted, second.granted) == (True, False)
        assert await eventually(granted)
