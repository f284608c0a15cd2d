"""How the rows that COPY sends become a file: what all formats have in common, and the two that are lines of text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final, Protocol

import orjson

from export.fields import Field

BREAKS: Final = bytes.maketrans(b"\r\n", b"  ")
# A line that COPY had to put between quotes: there are breaks between the tokens of JSON that somebody sent.
BROKEN: Final = re.compile(rb"\x01([^\x01]*)\x01")


class Encoder(Protocol):
    """Makes a file, part by part; not on the event loop, for it may take its time."""

    def rows(self, copied: bytes) -> bytes:
        """What has to be written after these rows, which may be nothing yet."""

    def closing(self, rows: int) -> bytes:
        """What comes after the rows, of which there were so many: among it the proof that the file is whole."""


class Lines:
    """NDJSON: the rows as PostgreSQL makes them, and a last line with their number and their digest."""

    def __init__(self, _fields: Sequence[Field]) -> None:
        self._digest = hashlib.sha256()

    def rows(self, copied: bytes) -> bytes:
        """The rows."""
        if b"\x01" in copied:
            copied = BROKEN.sub(lambda line: line[1].translate(BREAKS), copied)
        self._digest.update(copied)
        return copied

    def closing(self, rows: int) -> bytes:
        """The last line."""
        return orjson.dumps({"end": {"rows": rows, "sha256": self._digest.hexdigest()}}) + b"\n"


class Sheet:
    """CSV: a line of names, the rows as PostgreSQL makes them, and a comment with their number and their digest."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._head = ",".join(field.name for field in fields).encode() + b"\n"
        self._digest = hashlib.sha256()

    def rows(self, copied: bytes) -> bytes:
        """The rows; the first ones below the line of names."""
        written, self._head = self._head + copied, b""
        self._digest.update(written)
        return written

    def closing(self, rows: int) -> bytes:
        """The last line."""
        head = self.rows(b"")
        return head + f"#end rows={rows} sha256={self._digest.hexdigest()}\n".encode()
