"""Tickets: what opens one export for a while, signed, so that whoever holds one needs no key and can't change it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from export.selection import Selection
from models.database import Database
from models.errors import Invalid, Refused
from models.shared_secrets import shared_secret

LONGEST: Final = 7_000  # proxies take 8 kB for the first line of a request
PURPOSE: Final = "exports"
SIGNATURE_BYTES: Final = 32
UNKNOWN: Final = "This is no URL of an export: it was cut, changed, or signed by somebody else."


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """What may be fetched, by whose key, and until when."""

    selection: Selection
    key_id: str
    expires_at: datetime


@dataclass(kw_only=True)
class Tickets:
    """Signs tickets with a secret of its own, or with the one in the database, which all of its servers share."""

    secret: str | None = None
    seconds: float = 900.0
    longest: int | None = LONGEST
    _key: bytes | None = field(default=None, init=False, repr=False)

    async def issue(self, database: Database, selection: Selection, key_id: str) -> tuple[str, datetime]:
        """A ticket as text that goes into a URL, and when it expires. Raises Invalid when it is too long for that."""
        expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=self.seconds)
        ticket = Ticket(selection=selection, key_id=key_id, expires_at=expires_at)
        body = zlib.compress(msgspec.json.encode(_telling(msgspec.to_builtins(ticket, enc_hook=str))), 9)
        text = base64.urlsafe_b64encode(await self._signature(database, body) + body).rstrip(b"=").decode()
        if self.longest is not None and len(text) > self.longest:
            over = len(text) - self.longest
            message = f"This filter is too long for a URL, by {over:,} characters more than {self.longest:,}."
            raise Invalid(message)
        return text, expires_at

    async def read(self, database: Database, text: str) -> Ticket:
        """The ticket in a text. Raises Refused for one that we did not sign, and for one whose time is over."""
        try:
            signed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise Refused(UNKNOWN) from None
        signature, body = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, await self._signature(database, body)):
            raise Refused(UNKNOWN)
        ticket = msgspec.json.decode(zlib.decompress(body), type=Ticket)
        if datetime.now(UTC) >= ticket.expires_at:
            raise Refused(f"This URL was valid until {ticket.expires_at:%Y-%m-%dT%H:%M:%SZ}; ask for another one.")
        return ticket

    async def _signature(self, database: Database, body: bytes) -> bytes:
        if self._key is None:
            given = self.secret.encode() if self.secret else await shared_secret(database, PURPOSE)
            # A key for this purpose only, whatever else the secret is used for.
            self._key = hmac.digest(given, PURPOSE.encode(), hashlib.sha256)
        return hmac.digest(self._key, body, hashlib.sha256)


def _telling(value: Any) -> Any:
    """A value of JSON without what says nothing: most fields of most filters are null."""
    match value:
        case dict():
            return {name: _telling(inner) for name, inner in value.items() if inner is not None}
        case list():
            return [_telling(inner) for inner in value]
        case _:
            return value
