"""What one can follow."""

from collections.abc import AsyncIterator

from resolvers import events, states
from schema.analytics import Analytics
from schema.answers import stream
from schema.event import Event
from schema.row import of_row
from schema.trace import Trace


@of_row
class Subscription:
    """Everything that can be followed live."""

    events: AsyncIterator[Event] = stream(events.events, events.begin)
    trace: AsyncIterator[Trace] = stream(states.trace)
    analytics: AsyncIterator[Analytics] = stream(states.analytics)
