"""A coroutine that is begun at once behaves like one that is awaited, whether it waits or not."""

import asyncio

import pytest

from operations.eager import Begun


async def ready() -> str:
    return "there"


async def waiting(moment: asyncio.Event, log: list[str]) -> str:
    log.append("begun")
    try:
        await moment.wait()
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        log.append("cancelled")
        raise
    finally:
        log.append("left")
    return "went"


async def failing(moment: asyncio.Event | None) -> str:
    if moment is not None:
        await moment.wait()
    raise LookupError


async def test_what_does_not_wait_is_done_at_once() -> None:
    """Its value is there without the loop, and also for who awaits it."""
    begun = Begun(ready())

    assert (begun.done, begun.value, await begun) == (True, "there", "there")


async def test_what_waits_goes_on_when_it_is_awaited() -> None:
    """It has run to its first wait, and comes to its end in the task that awaits it."""
    moment, log = asyncio.Event(), list[str]()
    begun = Begun(waiting(moment, log))
    asyncio.get_running_loop().call_soon(moment.set)

    assert (begun.done, log) == (False, ["begun"])
    assert await begun == "went"
    assert log == ["begun", "left"]


async def test_a_deadline_reaches_it() -> None:
    """A timeout around the wait cancels what waits inside, where it waits."""
    log = list[str]()
    begun = Begun(waiting(asyncio.Event(), log))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await begun
    assert log == ["begun", "cancelled", "left"]


async def test_what_it_raises_is_raised() -> None:
    """An error comes at once where nothing was waited for, and else to who awaits."""
    moment = asyncio.Event()
    with pytest.raises(LookupError):
        Begun(failing(None))
    begun = Begun(failing(moment))
    moment.set()
    with pytest.raises(LookupError):
        await begun


async def test_an_error_that_is_handled_inside_stays_inside() -> None:
    """A coroutine may answer in spite of its cancellation, as any other may."""

    async def stubborn() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "anyway"
        return "never"

    task = asyncio.ensure_future(_awaited(Begun(stubborn())))
    await asyncio.sleep(0)
    task.cancel()

    assert await task == "anyway"


async def _awaited(begun: Begun[str]) -> str:
    return await begun
