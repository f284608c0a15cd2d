"""The wire format of protobuf, for messages that can't be read as a whole and for those without a class of their own.

https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
FIXED: Final = {FIXED64: 8, FIXED32: 4}
VARINT_BYTES: Final = 10
SEVEN_BITS: Final = 0x7F
MORE: Final = 0x80


class Unreadable(Exception):
    """These bytes are no protobuf message."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One field of a message: its number, its bytes with the tag, and the bytes inside if it has a length."""

    number: int
    whole: bytes
    inside: bytes | None


def framed(number: int, inside: bytes) -> bytes:
    """A field of bytes, text or a message."""
    return _encoded(number << 3 | LENGTH) + _encoded(len(inside)) + inside


def counted(number: int, value: int) -> bytes:
    """A field of an integer that is not negative."""
    return _encoded(number << 3 | VARINT) + _encoded(value)


def pieces(message: bytes) -> Iterator[Piece]:
    """The fields of a message, in their order. Raises Unreadable."""
    place = 0
    while place < len(message):
        tag, value = _varint(message, place)
        start, end = _extent(message, tag & 7, value)
        inside = message[start:end] if tag & 7 == LENGTH else None
        yield Piece(number=tag >> 3, whole=message[place:end], inside=inside)
        place = end


def _extent(message: bytes, wire_type: int, place: int) -> tuple[int, int]:
    """Where a value begins and ends."""
    if wire_type == VARINT:
        start, end = place, _varint(message, place)[1]
    elif wire_type == LENGTH:
        size, start = _varint(message, place)
        end = start + size
    elif wire_type in FIXED:
        start, end = place, place + FIXED[wire_type]
    else:
        raise Unreadable
    if end > len(message):
        raise Unreadable
    return start, end


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A number of variable length and the place after it."""
    number = 0
    for index, byte in enumerate(message[place : place + VARINT_BYTES]):
        number |= (byte & SEVEN_BITS) << 7 * index
        if byte < MORE:
            return number, place + index + 1
    raise Unreadable


def _encoded(number: int) -> bytes:
    digits = bytearray()
    while number > SEVEN_BITS:
        digits.append(number & SEVEN_BITS | MORE)
        number >>= 7
    digits.append(number)
    return bytes(digits)
