"""The schema as a whole."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema import inputs
from schema.event import EVENTS
from schema.mutation import Mutation
from schema.query import Query
from schema.row import read
from schema.scalars import SCALARS
from schema.subscription import Subscription

__all__ = ["contract", "inputs"]

contract = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=EVENTS,
    config=StrawberryConfig(default_resolver=read, scalar_map=SCALARS),
)
