"""Announcing what a transaction did to those who follow its project."""

from typing import Protocol

from ingest.transaction import Committed


class Publisher(Protocol):
    """Whoever announces a commit; must not fail and not wait."""

    async def publish(self, project_id: str, first_pos: int, last_pos: int, payload: str) -> None:
        """Announce the events of one commit."""


async def announce(publisher: Publisher, project_id: str, committed: Committed) -> None:
    """Publish what a transaction did, if it did anything."""
    if committed.payload is not None:
        await publisher.publish(project_id, committed.first_position, committed.last_position, committed.payload)
