"""UUIDv7 (RFC 9562): ids that carry their time in their first 48 bits."""

import os
import re
import time
from datetime import UTC, datetime
from uuid import UUID

LEAST_ID, GREATEST_ID = str(UUID(int=0)), str(UUID(int=2**128 - 1))
CANONICAL = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch


def new_id(milliseconds: int | None = None) -> str:
    """A new UUIDv7 of now, or of the given Unix time in milliseconds."""
    moment = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    return str(UUID(bytes=with_time(os.urandom(10), moment)))


def with_time(randomness: bytes, milliseconds: int) -> bytes:
    """The 16 bytes of a UUIDv7 from 10 or more bytes of randomness (or of a digest) and a Unix time in milliseconds."""
    tail = bytearray(randomness[:10])
    tail[0] = 0x70 | tail[0] & 0x0F
    tail[2] = 0x80 | tail[2] & 0x3F
    return milliseconds.to_bytes(6) + bytes(tail)


def time_of(identity: str) -> datetime | None:
    """The time inside a UUIDv7, to the millisecond; None for any other UUID."""
    if identity[14] != "7":
        return None
    milliseconds = int(identity[:8] + identity[9:13], 16)
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError):
        return None


def first_id(moment: datetime) -> str:
    """The smallest UUIDv7 of a moment: the bound of a partition."""
    return str(UUID(bytes=with_time(bytes(10), int(moment.timestamp() * 1000))))


def canonical(identity: str) -> str | None:
    """The canonical form of a UUID in any of its spellings; None when it is none."""
    if CANONICAL(identity):
        return identity
    try:
        return str(UUID(identity))
    except (ValueError, AttributeError, TypeError):
        return None
