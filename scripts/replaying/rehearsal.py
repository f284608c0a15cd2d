"""Running a plan: each run sends its mutations one after the other when they are due, all runs side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scripts.replaying.ledger import ACKNOWLEDGED, REFUSED, SENT, Ledger
from scripts.replaying.plan import Mutation
from scripts.replaying.sender import Sender


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Recorded time, told by our own clock: `origin` was at `begun`, and time runs `factor` times as fast."""

    origin: datetime
    begun: float
    factor: float

    async def until(self, moment: datetime) -> None:
        """Wait for a recorded moment."""
        due = self.begun + (moment - self.origin).total_seconds() / self.factor
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))


async def run(plan: Sequence[Sequence[Mutation]], sender: Sender, ledger: Ledger, factor: float) -> None:
    """Send what the ledger does not know as finished yet, in compressed time from now on.

    Raises GaveUpError or TurnedAwayError at the first mutation that fails; what else is under way is abandoned then,
    and stays in the ledger as sent.
    """
    missing = [[mutation for mutation in mutations if mutation.key not in ledger.finished] for mutations in plan]
    due = [mutations[0].due for mutations in missing if mutations]
    if not due:
        return
    clock = Clock(origin=min(due), begun=asyncio.get_running_loop().time(), factor=factor)
    try:
        async with asyncio.TaskGroup() as runs:
            for mutations in missing:
                runs.create_task(_send_in_order(mutations, sender, ledger, clock))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _send_in_order(mutations: Sequence[Mutation], sender: Sender, ledger: Ledger, clock: Clock) -> None:
    for mutation in mutations:
        await clock.until(mutation.due)
        ledger.note(mutation.key, SENT)
        problems = await sender.send(mutation)
        if problems:
            ledger.note(mutation.key, REFUSED, user_errors=problems)
        else:
            ledger.note(mutation.key, ACKNOWLEDGED)
