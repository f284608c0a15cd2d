"""What everything with an id has in common."""

import strawberry

from models.values import Id
from schema.described import described
from schema.row import by_typename


@strawberry.interface(description="Something with an id (Relay).")
class Node:
    """Something with an id (Relay)."""

    resolve_type = staticmethod(by_typename)

    id: Id
    """Its id: the UUID that its sender chose, or that the server made."""


described(Node)
