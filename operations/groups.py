"""Groups: those who follow the same are told together; what is told is filtered, executed and serialised once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import TypeAlias

from operations.answers import Answer, failure_answer
from operations.subscription import Subscription
from operations.window import Window
from resolvers.streams import Chunk

Tap: TypeAlias = Callable[[Sequence[Answer]], bool]
"""Takes answers at once, without waiting for anybody, and says whether it did."""

TOGETHER = 250  # members that are told in one go
WINDOW_BYTES = 64 * 2**20
NEAR = 1_000  # a group begins with its first member if that is no further behind


def closed(_: Sequence[Answer]) -> bool:
    """The tap of those who have none."""
    return False


class Waiter:
    """A member that has seen everything. `tap` takes answers at once, or says that it can't."""

    __slots__ = ("cursor", "position", "tap", "woken")

    def __init__(self, position: int, cursor: str | None, tap: Tap) -> None:
        self.position = position
        self.cursor = cursor
        self.tap = tap
        self.woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Group:
    """One task that runs a subscription, and a window of its answers for all who asked for it.

    A member is a position in the window; nothing is kept for it.
    """

    def __init__(self, subscription: Subscription, first: Chunk, limit_bytes: Callable[[], int]) -> None:
        self.window = Window(first.position, conflated=subscription.conflated)
        self._conflated = subscription.conflated
        self.ended: Sequence[Answer] | None = None
        self.members = 0
        self._limit_bytes = limit_bytes
        self._waiting: dict[Waiter, None] = {}
        self._task = asyncio.create_task(self._run(subscription, first.cursor))

    async def wait(self, position: int, cursor: str | None, tap: Tap) -> tuple[int, str | None]:
        """Wait until there is something that the tap does not take, or nothing any more; where the member then is."""
        waiter = Waiter(position, cursor, tap)
        self._waiting[waiter] = None
        try:
            await waiter.woken
        finally:
            self._waiting.pop(waiter, None)
        return waiter.position, waiter.cursor

    def close(self) -> None:
        """End it: nobody is there any more."""
        self._task.cancel()

    async def _run(self, subscription: Subscription, after: str | None) -> None:
        try:
            async with aclosing(subscription.follow(after)) as chunks:
                async for _, told in chunks:
                    if self.window.add(told, self._limit_bytes()):
                        await self._tell([answer for _, answer in told], told[0][0], told[-1][0])
            self.ended = ()
        except Exception as error:  # noqa: BLE001  the source is anything's; whatever it raises is told to all
            self.ended = [failure_answer(error)]
        for waiter in [*self._waiting]:
            self._wake(waiter)

    async def _tell(self, answers: Sequence[Answer], first: int, last: int) -> None:
        """Give answers to those who can take them at once, and wake the others."""
        latest = answers[-1:] if self._conflated else answers
        for number, waiter in enumerate([*self._waiting], 1):
            if waiter in self._waiting and waiter.position < last:
                # One that began ahead of the group wants a part of them.
                if (self._conflated or waiter.position < first) and waiter.tap(latest):
                    waiter.position, waiter.cursor = last, latest[-1].cursor
                else:
                    self._wake(waiter)
            if number % TOGETHER == 0:
                await asyncio.sleep(0)  # others want to work too

    def _wake(self, waiter: Waiter) -> None:
        self._waiting.pop(waiter, None)
        if not waiter.woken.done():
            waiter.woken.set_result(None)


class Groups:
    """The groups of this process; together their windows stay within `limit_bytes`."""

    def __init__(self, limit_bytes: int = WINDOW_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._groups: dict[Hashable, Group] = {}

    def __len__(self) -> int:
        return len(self._groups)

    async def follow(
        self, key: Hashable, subscription: Subscription, after: str | None, tap: Tap = closed
    ) -> AsyncGenerator[Sequence[Answer]]:
        """The answers of a subscription, each time those that are there; equal keys share them.

        Whoever has seen everything and waits is given answers by its tap, if that takes them.
        """
        first = await subscription.begin(after)
        if first.told:
            yield [answer for _, answer in await subscription.answers(first)]
        start = first if self._live(key) else await _start(subscription, first)
        with self._joined(key, subscription, start) as group:
            position = first.position
            cursor: str | None = first.cursor
            while True:
                if not group.window.holds(position):
                    async with aclosing(_alone(group, subscription, cursor)) as past:
                        async for chunk, answers in past:
                            position, cursor = chunk.position, chunk.cursor
                            if answers:
                                yield answers
                position, answers = group.window.after(position)
                if answers:
                    cursor = answers[-1].cursor
                    yield answers
                elif group.ended is not None:
                    yield group.ended
                    return
                else:
                    position, cursor = await group.wait(position, cursor, tap)

    def _live(self, key: Hashable) -> Group | None:
        group = self._groups.get(key)
        return None if group is None or group.ended is not None else group

    @contextmanager
    def _joined(self, key: Hashable, subscription: Subscription, start: Chunk) -> Iterator[Group]:
        group = self._live(key)
        if group is None:
            group = self._groups[key] = Group(subscription, start, self._share)
        group.members += 1
        try:
            yield group
        finally:
            group.members -= 1
            if not group.members:
                group.close()
                if self._groups.get(key) is group:
                    del self._groups[key]

    def _share(self) -> int:
        return self._limit_bytes // max(1, len(self._groups))


async def _start(subscription: Subscription, first: Chunk) -> Chunk:
    """Where a new group begins: here and now, or with its first member where that is not far behind."""
    here = await subscription.begin_here()
    return first if here.position - first.position <= NEAR else here


async def _alone(
    group: Group, subscription: Subscription, cursor: str | None
) -> AsyncGenerator[tuple[Chunk, Sequence[Answer]]]:
    """The answers after a cursor, until the group has those that follow."""
    async with aclosing(subscription.follow(cursor)) as chunks:
        async for chunk, told in chunks:
            yield chunk, [answer for _, answer in told]
            if group.window.holds(chunk.position):
                return
