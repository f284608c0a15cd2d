"""The audit log: every administrative act, written in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from models.database import Connection
from models.ids import new_id

# Acts that concern no single project: all projects, or keys for all of them.
EVERYWHERE = "00000000-0000-0000-0000-000000000000"

# record_act: the log only grows; nothing of ours updates or deletes it.
INSERT = """
INSERT INTO audit_log (project_id, id, happened_at, actor_id, action, subject_id, details)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb)
"""


@dataclass(frozen=True, kw_only=True)
class Act:
    """Who (a key; None for the command line and the server itself) did what to which thing, where."""

    action: str
    actor_id: str | None
    project_id: str | None
    subject_id: str | None
    details: Mapping[str, Any] = field(default_factory=dict)


async def record_act(connection: Connection, act: Act) -> None:
    """Append an act to the log; it stands if and only if the transaction of the connection commits."""
    details = orjson.dumps(act.details, option=orjson.OPT_UTC_Z).decode()
    await connection.execute(
        INSERT,
        act.project_id or EVERYWHERE,
        new_id(),
        datetime.now(UTC),
        act.actor_id,
        act.action,
        act.subject_id,
        details,
    )
