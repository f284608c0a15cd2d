"""Background work that must go on while the process lives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

RESTART_SECONDS = 1.0

logger = structlog.get_logger()


@asynccontextmanager
async def in_background(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run each of these until the end of the block, each again when it fails."""
    tasks = [asyncio.create_task(_keep_running(work)) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_running(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001  nobody waits for this task: what it does not tell here, nobody learns
            await logger.aexception("background work failed", work=getattr(work, "__qualname__", repr(work)))
            await asyncio.sleep(RESTART_SECONDS)
