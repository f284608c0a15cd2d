"""How the rows that COPY sends become a file: what all formats have in common, and the two that are lines of text."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import orjson

from export.fields import Field

BREAKS: Final = bytes.maketrans(b"\r\n", b"  ")

# The binary form of COPY: a head, then each row of one field as two numbers and the field, and a trailer of two bytes
# (https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4).
SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"
HEAD_BYTES: Final = len(SIGNATURE) + 8
ROW: Final = struct.Struct(">hi")


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
        """A line for each row."""
        written = b"".join(_lines(copied))
        self._digest.update(written)
        return written

    def closing(self, rows: int) -> bytes:
        """The last line."""
        return orjson.dumps({"end": {"rows": rows, "sha256": self._digest.hexdigest()}}) + b"\n"


def _lines(copied: bytes) -> Iterator[bytes]:
    place = HEAD_BYTES if copied.startswith(SIGNATURE) else 0
    while place + ROW.size < len(copied):
        _, size = ROW.unpack_from(copied, place)
        begin = place + ROW.size
        place = begin + size
        line = copied[begin:place]
        # There may be breaks between the tokens of JSON that somebody sent.
        yield line.translate(BREAKS) if b"\n" in line or b"\r" in line else line
        yield b"\n"


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
