"""The gate: who comes in, who waits, who is sent away."""

import asyncio

import pytest

from models.errors import Overloaded
from operations.gate import HELD, Gate, Width


async def stay(gate: Gate, leave: asyncio.Event) -> str:
    async with gate:
        await leave.wait()
    return "answered"


async def test_who_finds_the_gate_full_waits_or_is_refused_at_once() -> None:
    """So many are inside, so many wait and come in later; the next one is told when to come again."""
    gate, leave = Gate(Width(inside=2, waiting=1, patience=30.0)), asyncio.Event()
    visitors = [asyncio.create_task(stay(gate, leave)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as refused:
        await stay(gate, leave)
    leave.set()

    assert refused.value.retry_after == 30.0
    assert await asyncio.gather(*visitors) == ["answered"] * 3


async def test_a_refusal_takes_its_time() -> None:
    """Who is refused can't ask again at once; when very many are, the next ones are told without waiting."""
    gate, leave = Gate(Width(inside=1, waiting=0, refusal=30.0)), asyncio.Event()
    inside = asyncio.create_task(stay(gate, leave))
    await asyncio.sleep(0)
    held = [asyncio.create_task(stay(gate, leave)) for _ in range(HELD)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await stay(gate, leave)
    held[0].cancel()
    await asyncio.wait([held[0]])
    held.append(asyncio.create_task(stay(gate, leave)))
    await asyncio.sleep(0)
    leave.set()

    assert await inside == "answered"
    assert not any(each.done() for each in held[1:])
    for each in held:
        each.cancel()


async def test_nobody_waits_for_ever() -> None:
    """Who waited too long is refused, and leaves the place in the queue to the next one."""
    gate, leave = Gate(Width(inside=1, waiting=1, patience=0.01)), asyncio.Event()
    inside = asyncio.create_task(stay(gate, leave))
    await asyncio.sleep(0)
    for _ in range(3):
        with pytest.raises(Overloaded):
            await stay(gate, leave)
    leave.set()

    assert await inside == "answered"
    assert await stay(gate, leave) == "answered"


async def test_who_gives_up_takes_no_place() -> None:
    """Waiting and running visitors that are cancelled leave the gate as it was."""
    gate, leave = Gate(Width(inside=1, waiting=5, patience=30.0)), asyncio.Event()
    visitors = [asyncio.create_task(stay(gate, leave)) for _ in range(3)]
    await asyncio.sleep(0)
    for visitor in visitors:
        visitor.cancel()
    await asyncio.gather(*visitors, return_exceptions=True)
    leave.set()

    assert await stay(gate, leave) == "answered"
