"""The tail of each project's events in Redis: a stream whose ids are positions."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from pubsub.breaker import Breaker
from pubsub.errors import StreamDown
from pubsub.log import Commit

Announcement: TypeAlias = tuple[str, Commit]  # project, commit
Item: TypeAlias = tuple[bytes, Mapping[bytes, bytes]]

TIMEOUT = 0.5
BLOCK_MILLISECONDS = 100  # how long a project that is followed anew waits until the reader asks for it too
KEPT_EVENTS = 20_000  # per project, about 2.5 MB
KEPT_SECONDS = 3_600  # a project in which nothing happens leaves Redis
READ_COMMITS = 256
OUT_OF_ORDER = "equal or smaller than the target stream top item"
TROUBLE = (RedisError, OSError)


class Stream:
    """The commands we send to Redis; each raises StreamDown when it fails, and at once while Redis is known to be down.

    Each command has a connection of the pool to itself, and one that is cancelled closes it: no answer goes astray.
    """

    def __init__(self, client: Redis, breaker: Breaker) -> None:
        self._client = client
        self._breaker = breaker

    @property
    def healthy(self) -> bool:
        """Whether Redis answered the last time."""
        return self._breaker.healthy

    @property
    def pause(self) -> float:
        """Seconds until Redis is tried again."""
        return self._breaker.remaining

    async def add(self, announcements: Sequence[Announcement]) -> None:
        """Append the commits, all in one round trip.

        Where another process was faster with a later commit Redis refuses the earlier one; readers find it in the log.
        """
        pipeline = self._client.pipeline(transaction=False)
        for project_id, (first, last, payload) in announcements:
            fields: dict[Any, Any] = {"first": first, "events": payload}
            pipeline.xadd(key_of(project_id), fields, id=f"{last}-0", minid=max(0, last - KEPT_EVENTS))
        for project_id in {project_id for project_id, _ in announcements}:
            pipeline.expire(key_of(project_id), KEPT_SECONDS)
        with self._attempt():
            for answer in await pipeline.execute(raise_on_error=False):
                if isinstance(answer, RedisError) and not _out_of_order(answer):
                    raise answer

    async def read(self, positions: Mapping[str, int]) -> list[Announcement]:
        """The commits after these positions of these projects; waits a moment for the first of them."""
        streams: dict[Any, Any] = {key_of(project_id): f"{position}-0" for project_id, position in positions.items()}
        with self._attempt():
            answer: Any = await self._client.xread(streams, count=READ_COMMITS, block=BLOCK_MILLISECONDS)
        return [(project_of(key), commit) for key, items in answer or () for commit in commits_of(items)]

    async def range(self, project_id: str, after: int) -> list[Commit]:
        """The commits that Redis still has after a position of one project, a few hundred at most."""
        with self._attempt():
            items: Any = await self._client.xrange(key_of(project_id), min=f"({after}-0", count=READ_COMMITS)
        return commits_of(items)

    @contextmanager
    def _attempt(self) -> Iterator[None]:
        if self._breaker.remaining:
            raise StreamDown
        task = asyncio.current_task()
        cancellations = task.cancelling() if task else 0
        try:
            yield
        except TROUBLE as error:
            self._breaker.failed()
            raise StreamDown from error
        finally:
            # The driver waits with `asyncio.wait_for`, which before Python 3.12 may swallow a cancellation.
            if task and task.cancelling() > cancellations:
                raise asyncio.CancelledError
        self._breaker.succeeded()


@asynccontextmanager
async def open_stream(url: str) -> AsyncIterator[Stream]:
    """Prepare the connections to Redis, which are made when they are needed; Redis may be down."""
    client = Redis.from_url(
        url,
        protocol=2,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),  # the defaults make a command wait for a minute when Redis is frozen
    )
    try:
        yield Stream(client, Breaker())
    finally:
        await client.aclose()


def key_of(project_id: str) -> str:
    """The key of a project's stream; the braces keep its keys together on a cluster."""
    return f"events:{{{project_id}}}"


def project_of(key: bytes) -> str:
    """The project whose stream this is."""
    return key.decode().removeprefix("events:{").removesuffix("}")


def commits_of(items: Iterable[Item]) -> list[Commit]:
    """The commits in a stream's items; an item that says no first position is left out, and so becomes a gap."""
    return [
        (int(fields[b"first"]), int(identity.partition(b"-")[0]), fields.get(b"events", b"").decode(errors="replace"))
        for identity, fields in items
        if fields.get(b"first", b"").isdigit()
    ]


def _out_of_order(error: RedisError) -> bool:
    return isinstance(error, ResponseError) and OUT_OF_ORDER in str(error)
