"""Who is asking, as told by the key they sent, and what that key may do."""

from dataclasses import dataclass
from datetime import datetime

from models.errors import Refused

INGEST = "INGEST"
READ = "READ"
ADMIN = "ADMIN"
SCOPES = frozenset({INGEST, READ, ADMIN})


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """The holder of a key. `project_id` is the key's own project; None means a key for all projects."""

    key_id: str
    key_name: str
    scopes: frozenset[str]
    project_id: str | None
    expires_at: datetime | None


def may(viewer: Viewer, scope: str) -> bool:
    """Whether the key was given this scope; no scope contains another."""
    return scope in viewer.scopes


def require(viewer: Viewer, scope: str) -> None:
    """Let the viewer pass, or raise Refused."""
    if not may(viewer, scope):
        raise Refused(f"The key {viewer.key_name!r} lacks the scope {scope}.")
