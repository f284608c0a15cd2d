"""A server that breaks the promise on purpose: it acknowledges a write before it has committed it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from ingest.drafts import Draft
from ingest.outcomes import Outcome, Status
from ingest.writer import Writer
from server.application import Resources
from tests.fakes.serving import serve

DELAY = 0.5


class HastyWriter(Writer):
    """Has everything written in a while, and calls it created at once. Made of a writer by `hasty`."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._late: set[asyncio.Task[None]] = set()

    async def record(self, project_id: str, drafts: Sequence[Draft]) -> list[Outcome]:
        task = asyncio.create_task(self._record(project_id, drafts))
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        return [Outcome(status=Status.CREATED, id=draft.id, trace_id=None) for draft in drafts]

    async def _record(self, project_id: str, drafts: Sequence[Draft]) -> None:
        await asyncio.sleep(DELAY)  # the moment that an honest writer takes before it answers
        await self._writer.record(project_id, drafts)


def hasty(resources: Resources) -> Resources:
    """The same resources with a hasty writer."""
    admission = resources.admission
    return replace(resources, admission=replace(admission, writer=HastyWriter(admission.writer)))


if __name__ == "__main__":
    serve(hasty)
