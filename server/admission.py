"""Admission: from the key that somebody shows to the context in which their operation runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from auth.keys import authenticate
from auth.projects import project_of
from auth.viewer import Viewer
from export.tickets import Tickets
from ingest.writer import Writer
from models.database import Database
from models.errors import Overloaded, Unauthenticated
from pubsub.broker import Broker
from pubsub.bucket import Buckets
from resolvers.context import Context

# Gives the context of an operation to who sends this authorization and names this project, or raises a Fault.
Admit: TypeAlias = Callable[[str | None, str | None], Awaitable[object]]

SCHEME = "bearer"
TOO_OFTEN = "This key has asked too often: {limit} requests at once are its limit."


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What every context is made of."""

    database: Database
    writer: Writer
    broker: Broker
    buckets: Buckets | None = None
    tickets: Tickets = field(default_factory=Tickets)

    async def __call__(self, authorization: str | None, project: str | None) -> Context:
        """The context of an operation for who shows this key and works in this project (its name or id).

        Raises Unauthenticated for a key that opens nothing, NotFound or Invalid for the project, Overloaded for a key
        that has asked too often.
        """
        viewer = await self.viewer(authorization)
        allowance = None if self.buckets is None else await self.buckets.take(viewer.key_id)
        if allowance is not None and not allowance.granted:
            raise Overloaded(TOO_OFTEN.format(limit=allowance.limit), retry_after=allowance.seconds)
        return Context(
            viewer=viewer,
            project_id=await project_of(self.database, viewer, project),
            database=self.database,
            writer=self.writer,
            broker=self.broker,
            allowance=allowance,
            tickets=self.tickets,
        )

    async def viewer(self, authorization: str | None) -> Viewer:
        """Whoever holds the key in an `Authorization` header. Raises Unauthenticated."""
        return await authenticate(self.database, key_in(authorization))


def told(context: Context) -> Mapping[str, Any]:
    """What answers tell about whoever asks: how much their key may still do."""
    if context.allowance is None:
        return {}
    return {"rateLimit": {"limit": context.allowance.limit, "remaining": context.allowance.remaining}}


def key_in(authorization: str | None) -> str:
    """The key in `Bearer <key>`. Raises Unauthenticated when there is none."""
    if authorization is None:
        raise Unauthenticated("Send an API key: Authorization: Bearer <key>.")
    scheme, _, key = authorization.strip().partition(" ")
    if scheme.lower() != SCHEME or not key.strip():
        raise Unauthenticated("The authorization has to be of the form: Bearer <key>.")
    return key.strip()


def renewed(context: Context) -> Context:
    """The same surroundings for the next event of a subscription: what was loaded for the last one may be old."""
    return replace(context, loaders={})


def scope_of(context: Context) -> Hashable:
    """What a key lets somebody see: those with equal scopes may share what they follow."""
    return context.project_id, context.viewer.project_id, context.viewer.scopes
