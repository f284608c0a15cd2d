"""Downloads: what a ticket opens, sent as it is read, and cut off when nobody reads it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from starlette.types import Receive, Scope, Send

from auth.keys import confirm, find_key
from auth.viewer import READ, Viewer, require
from export.bookmark import bookmark_in
from export.exporter import Exporter, Part
from export.selection import ExportFormat, Selection
from export.tickets import Ticket, Tickets
from models.database import Database
from models.errors import Invalid, Unauthenticated, Unavailable
from server.body import ClientGone
from server.compression import IDENTITY, PACKERS, coding
from server.departure import Departure
from server.drain import Drain
from server.replies import header
from server.sse import departure
from server.transport import ABORT

MEDIA_TYPES: Final[Mapping[ExportFormat, str]] = {
    ExportFormat.NDJSON: "application/x-ndjson",
    ExportFormat.CSV: "text/csv; charset=utf-8; header=present",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}
ROWS: Final = re.compile("[1-9][0-9]{0,17}").fullmatch
STOPPING: Final = "The server is about to stop; another one answers."

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Downloads:
    """Sends exports; `send_seconds` is how long a client may leave unread what it was sent."""

    exporter: Exporter
    tickets: Tickets
    database: Database
    drain: Drain
    send_seconds: float

    async def send(self, text: str, parameters: Mapping[str, str], scope: Scope, receive: Receive, send: Send) -> None:
        """Send the part that the parameters `after` and `limit` tell of what a ticket opens.

        Raises a Fault as long as nothing was sent. Later the connection is cut: a body that breaks off is no file.
        """
        ticket = await self.tickets.read(self.database, text)
        viewer = await self._holder(ticket)
        part = part_in(parameters, ticket.selection)
        body = _Body(scope, send, ticket.selection, self.send_seconds)

        try:
            await self._stream(ticket, viewer, part, body, receive)
        except ClientGone:
            return
        except Exception as error:
            if not body.begun:
                raise
            await log.awarning("export cut off", key_id=ticket.key_id, reason=repr(error))
            await _cut(scope, receive)

    async def _stream(self, ticket: Ticket, viewer: Viewer, part: Part, body: _Body, receive: Receive) -> None:
        async def write(piece: bytes) -> None:
            await confirm(self.database, viewer)
            await body.write(piece)

        try:
            async with Departure(receive), asyncio.timeout(None) as limit:
                end = partial(limit.reschedule, 0.0)
                if self.drain.begun:
                    end()
                with self.drain.socket(end):
                    await self.exporter.export(ticket.selection, write, part)
                    await body.finish()
        except TimeoutError:
            raise Unavailable(STOPPING) from None

    async def _holder(self, ticket: Ticket) -> Viewer:
        """Whoever asked for the ticket: a key that may not read any more opens nothing. Raises Unauthenticated."""
        row = await find_key(self.database, ticket.key_id)
        if row is None or row["revoked_at"] is not None:
            raise Unauthenticated
        viewer = Viewer(
            key_id=ticket.key_id,
            key_name=row["name"],
            scopes=frozenset(row["scopes"]),
            project_id=row["project_id"],
            expires_at=row["expires_at"],
        )
        require(viewer, READ)
        await confirm(self.database, viewer)
        return viewer


def part_in(parameters: Mapping[str, str], selection: Selection) -> Part:
    """The part of an export that `after` and `limit` tell. Raises Invalid."""
    after, limit = parameters.get("after"), parameters.get("limit")
    if limit is not None and not ROWS(limit):
        raise Invalid(f"{limit[:60]!r} is no number of rows.", path=["limit"])
    return Part(
        after=None if after is None else bookmark_in(after, selection.kind), limit=None if limit is None else int(limit)
    )


class _Body:
    """The response: its head goes out with the first bytes, so that until then it can still become an error."""

    def __init__(self, scope: Scope, send: Send, selection: Selection, seconds: float) -> None:
        self.begun = False
        self._send = send
        self._selection = selection
        self._seconds = seconds
        # A file of Parquet is compressed already.
        is_text = selection.format is not ExportFormat.PARQUET
        self._coding = coding(header(scope, b"accept-encoding")) if is_text else IDENTITY
        self._packer = None if self._coding == IDENTITY else PACKERS[self._coding]()

    async def write(self, piece: bytes) -> None:
        """Send some bytes, once the client has room for them. Raises TimeoutError when it reads no more."""
        if self._packer is not None:
            piece = await asyncio.to_thread(self._packer.compress, piece)
        if piece:
            await self._pass_on(piece, more=True)

    async def finish(self) -> None:
        """Send the last bytes."""
        await self._pass_on(b"" if self._packer is None else self._packer.flush(), more=False)

    async def _pass_on(self, piece: bytes, *, more: bool) -> None:
        async with asyncio.timeout(self._seconds):
            if not self.begun:
                self.begun = True
                await self._send({"type": "http.response.start", "status": 200, "headers": self._headers()})
            await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    def _headers(self) -> list[tuple[bytes, bytes]]:
        name = f"{self._selection.kind}.{self._selection.format}".lower()
        headers = {
            "content-type": MEDIA_TYPES[self._selection.format],
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "vary": "accept-encoding",
        }
        if self._packer is not None:
            headers["content-encoding"] = self._coding
        return [(name.encode(), value.encode()) for name, value in headers.items()]


async def _cut(scope: Scope, receive: Receive) -> None:
    """Cut the connection, for there is no other way to say that what was sent is not all."""
    abort = scope.get("state", {}).get(ABORT)
    if abort is not None:
        abort()
        await departure(receive)
