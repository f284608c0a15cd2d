"""Background work: it goes on, whatever happens in it, until the block ends."""

import asyncio

from structlog.testing import capture_logs

from pubsub.supervision import in_background


async def test_work_that_fails_is_told_and_begun_again() -> None:
    """A failure is logged with the name of the work, and the work starts anew."""
    begun = asyncio.Semaphore(0)

    async def work() -> None:
        begun.release()
        raise ValueError("broken")

    with capture_logs() as logs:
        async with in_background(work):
            await begun.acquire()
            await begun.acquire()

    assert {(log["event"], log["work"].rpartition(".")[2]) for log in logs} == {("background work failed", "work")}


async def test_work_ends_with_the_block() -> None:
    """Nothing runs on after the end."""
    before = asyncio.all_tasks()
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with in_background(work, work):
        running = asyncio.all_tasks() - before
        await asyncio.wait(running, timeout=0)

    assert len(running) == 2
    assert asyncio.all_tasks() == before
    assert ended.is_set()
