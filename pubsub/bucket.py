"""Leaky buckets: how much of something a name may still take, counted by Redis for all processes together."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from pubsub.breaker import Breaker

TIMEOUT = 0.25
CONNECTIONS = 8
NAMES = 10_000  # remembered by a process that counts for itself

# The generic cell rate algorithm (ITU-T I.371): a bucket is the moment at which it will have run dry. KEYS[1] names it,
# ARGV are the seconds per token and those that a full bucket takes. Answers whether it is full, and when it is dry.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local dry = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + ARGV[1]
local full = dry - now > tonumber(ARGV[2]) + 0.000001
if not full then redis.call('SET', KEYS[1], string.format('%.6f', dry), 'PX', math.ceil((dry - now) * 1000) + 1000) end
return {full and 1 or 0, string.format('%.6f', dry - now)}
"""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How many a second in the long run, and how many at once."""

    per_second: float
    burst: int


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What a name may still do: `remaining` at once of `limit`; when it is not granted, again in `seconds`."""

    granted: bool
    limit: int
    remaining: int
    seconds: float


class Buckets:
    """One bucket per name. Made by `open_buckets`."""

    def __init__(self, client: Redis, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._rate = rate
        self._clock = clock
        self._breaker = Breaker(clock)
        self._own: OrderedDict[str, float] = OrderedDict()

    async def take(self, name: str) -> Allowance:
        """Take one. While Redis is away each process counts for itself: nobody is refused because of that."""
        if not self._breaker.remaining:
            try:
                answer = await self._client.eval(TAKE, 1, f"bucket:{name}", 1 / self._rate.per_second, self._full)
            except (RedisError, OSError):
                self._breaker.failed()
            else:
                self._breaker.succeeded()
                return self._allowance(full=bool(answer[0]), seconds=float(answer[1]))
        return self._take_here(name)

    @property
    def _full(self) -> float:
        return self._rate.burst / self._rate.per_second

    def _take_here(self, name: str) -> Allowance:
        now = self._clock()
        dry = max(self._own.pop(name, now), now) + 1 / self._rate.per_second
        full = dry - now > self._full + 1e-6
        self._own[name] = dry - 1 / self._rate.per_second if full else dry
        if len(self._own) > NAMES:
            self._own.popitem(last=False)
        return self._allowance(full=full, seconds=dry - now)

    def _allowance(self, *, full: bool, seconds: float) -> Allowance:
        """`seconds`: until the bucket is dry, the one that was asked for included."""
        left = self._full - seconds
        return Allowance(
            granted=not full,
            limit=self._rate.burst,
            remaining=0 if full else int(left * self._rate.per_second + 1e-6),
            seconds=-left if full else 0.0,
        )


@asynccontextmanager
async def open_buckets(url: str, rate: Rate) -> AsyncIterator[Buckets]:
    """Buckets in this Redis, which may be down."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=TIMEOUT,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),
    )
    client = Redis.from_pool(pool)
    try:
        yield Buckets(client, rate)
    finally:
        await client.aclose()
