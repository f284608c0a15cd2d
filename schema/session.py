"""Sessions and lists of them."""

from __future__ import annotations

from datetime import datetime

from models.values import Money
from resolvers import lists, traces
from resolvers.pages import Cursor
from schema.answers import answer, same_row
from schema.row import of_row
from schema.trace import PageInfo, TokenUsage, TraceConnection


@of_row
class Session:
    """The traces that their sender gave the same session id, such as one conversation."""

    id: str
    """The session id."""
    trace_count: int
    """How many traces it has."""
    start_time: datetime
    """When its first trace started."""
    end_time: datetime | None
    """When its last trace ended; null while one runs."""
    error_count: int
    """How many of its traces ended with an error."""
    usage: TokenUsage = same_row()
    """Tokens of all its traces."""
    cost: Money | None
    """US dollars of all its traces; null when no cost is known."""
    traces: TraceConnection = answer(traces.of_sessions)


@of_row
class SessionEdge:
    """A session and its place in a list."""

    cursor: Cursor
    """Its place."""
    node: Session
    """The session."""


@of_row
class SessionConnection:
    """A page of sessions."""

    edges: list[SessionEdge]
    """The sessions with their cursors."""
    nodes: list[Session]
    """The sessions."""
    page_info: PageInfo
    """Where the page begins and ends."""
    total_count: int = answer(lists.counts)
