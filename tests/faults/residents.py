"""What is in a server at a moment, as its metrics tell."""

from __future__ import annotations

from dataclasses import dataclass

from tests.servers import Server


@dataclass(frozen=True, kw_only=True)
class Residents:
    """Who and what is there."""

    streams: int
    followed: int
    tasks: int
    memory: int
    """In bytes."""


def residents(server: Server) -> Residents:
    """Ask a server."""
    return Residents(
        streams=int(server.metric("tracegraph_streams")),
        followed=int(server.metric("tracegraph_followed_projects")),
        tasks=int(server.metric("tracegraph_tasks")),
        memory=int(server.metric("process_resident_memory_bytes")),
    )
