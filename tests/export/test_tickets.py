"""Tickets: they open what they were made for, on every server until they expire, and none can be forged."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from export.fields import chosen
from export.selection import ExportFormat, ExportKind, Selection
from export.tickets import Tickets
from models.comparisons import DateTimeFilter, IDFilter, JSONFilter, StringFilter, TraceStatusFilter
from models.database import Database
from models.enums import TraceStatus
from models.errors import Invalid, Refused
from models.filters import StepFilter, TraceFilter
from models.ids import new_id
from models.values import Id, Json

KEY = new_id()


class Literal(str):
    """A JSON text as it comes out of a document, which has a class of its own."""

    __slots__ = ()


SELECTION = Selection(
    kind=ExportKind.STEPS,
    format=ExportFormat.CSV,
    projects=(new_id(),),
    fields=chosen(ExportKind.STEPS, None),
    traces=TraceFilter(
        or_=[
            TraceFilter(status=TraceStatusFilter(in_=[TraceStatus.OK])),
            TraceFilter(name=StringFilter(is_null=False)),
        ],
        not_=TraceFilter(any_step=StepFilter(search="naïve")),
        start_time=DateTimeFilter(gte=datetime(2026, 11, 2, 12, 30, 0, 1, tzinfo=UTC)),
        metadata=[JSONFilter(path=["a"], eq=Json('{"b": 1.50}')), JSONFilter(path=["c"], eq=Json(Literal("1e2")))],
    ),
    steps=StepFilter(and_=()),
)


async def test_a_ticket_opens_what_it_was_made_for(database: Database) -> None:
    """What was signed by one server is read by another one, to the last condition of its filters."""
    text, expires_at = await Tickets().issue(database, SELECTION, KEY)
    ticket = await Tickets().read(database, text)

    assert replace(ticket.selection, steps=None) == replace(SELECTION, steps=None)
    assert ticket.selection.steps is not None
    assert list(ticket.selection.steps.and_ or ()) == []
    assert (ticket.key_id, ticket.expires_at) == (KEY, expires_at)
    assert timedelta(minutes=14) < expires_at - datetime.now(UTC) <= timedelta(minutes=15)


async def test_a_changed_ticket_opens_nothing(database: Database) -> None:
    """Whatever character is changed, left out or added, the signature does not fit any more."""
    tickets = Tickets()
    text, _ = await tickets.issue(database, SELECTION, KEY)
    changed = [
        text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :] for place in range(len(text) - 1)
    ]
    for forged in [*changed, "", "x", text[1:], text[:-2], text + "AAAA", "é", "A" * 43, "a b", text + "%00"]:
        with pytest.raises(Refused, match="no URL of an export"):
            await tickets.read(database, forged)


async def test_a_ticket_expires(database: Database) -> None:
    """After its time a ticket opens nothing, and says since when."""
    text, _ = await Tickets(seconds=0.0).issue(database, SELECTION, KEY)
    with pytest.raises(Refused, match="was valid until"):
        await Tickets().read(database, text)


async def test_a_secret_of_its_own_signs_otherwise(database: Database) -> None:
    """Servers with the same secret read each other's tickets; one without it reads none of them."""
    text, _ = await Tickets(secret="s" * 16).issue(database, SELECTION, KEY)

    assert (await Tickets(secret="s" * 16).read(database, text)).key_id == KEY
    for stranger in (Tickets(), Tickets(secret="t" * 16)):
        with pytest.raises(Refused):
            await stranger.read(database, text)


async def test_a_filter_that_no_url_can_hold_is_refused(database: Database) -> None:
    """A URL has an end: a filter that is too long for it is told so when the URL is asked for."""
    ids = TraceFilter(id=IDFilter(in_=[Id(new_id()) for _ in range(1_000)]))
    with pytest.raises(Invalid, match="too long for a URL"):
        await Tickets().issue(database, replace(SELECTION, traces=ids), KEY)
