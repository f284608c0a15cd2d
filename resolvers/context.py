"""What every answer needs: who asks, in which project, and the way to what is stored."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from auth.viewer import Viewer
from export.tickets import Tickets
from ingest.writer import Writer
from models.database import Database
from pubsub.broker import Broker
from pubsub.bucket import Allowance


@dataclass(frozen=True, kw_only=True)
class Context:
    """One operation's surroundings."""

    viewer: Viewer
    project_id: str
    database: Database
    writer: Writer
    broker: Broker
    allowance: Allowance | None = None
    """What the key may still do; None where keys have no limit."""
    tickets: Tickets = field(default_factory=Tickets)
    loaders: MutableMapping[object, Any] = field(default_factory=dict)
    """Batches under way, by field; filled by the standard executor only."""
