"""What one can follow."""

from collections.abc import AsyncIterator

from resolvers import events
from schema.answers import stream
from schema.event import Event
from schema.row import of_row


@of_row
class Subscription:
    """Everything that can be followed live."""

    events: AsyncIterator[Event] = stream(events.events, events.begin)
