"""Mending protobuf that can't be read as a whole, so that one bad span does not cost the others.

Text that is not UTF-8 gets U+FFFD, values nested too deep are left out, and so is a span whose bytes make no sense.
Encoding: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
FIXED = {FIXED64: 8, FIXED32: 4}
VARINT_BYTES = 10
DEEPEST = 90  # protobuf itself stops at 100


class Unreadable(Exception):
    """These bytes are no protobuf message."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One field of a message: its number, its bytes with the tag, and the bytes inside if it has a length."""

    number: int
    whole: bytes
    inside: bytes | None


def mended(body: bytes, problems: list[str]) -> bytes:
    """The request with what can't be read taken out; `problems` gets a sentence for each span that is lost.

    Raises Unreadable when the request itself makes no sense.
    """
    return _mended(body, ExportTraceServiceRequest.DESCRIPTOR, problems, DEEPEST)


def _mended(message: bytes, descriptor: Descriptor, problems: list[str], levels: int) -> bytes:
    parts: list[bytes] = []
    for piece in _pieces(message):
        field = descriptor.fields_by_number.get(piece.number)
        if piece.inside is None or field is None:
            parts.append(piece.whole)
        elif field.type == FieldDescriptor.TYPE_STRING:
            parts.append(_framed(piece.number, piece.inside.decode("utf-8", "replace").encode()))
        elif field.message_type is Span.DESCRIPTOR:
            parts.append(_mended_span(piece, problems, levels - 1))
        elif field.message_type is None:
            parts.append(piece.whole)
        elif levels:
            parts.append(_framed(piece.number, _mended(piece.inside, field.message_type, problems, levels - 1)))
    return b"".join(parts)


def _mended_span(piece: Piece, problems: list[str], levels: int) -> bytes:
    try:
        span = _mended(piece.inside or b"", Span.DESCRIPTOR, problems, levels)
        Span.FromString(span)
    except (Unreadable, DecodeError):
        problems.append("A span is no readable protobuf.")
        return b""
    return _framed(piece.number, span)


def _pieces(message: bytes) -> Iterator[Piece]:
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
        number |= (byte & 0x7F) << 7 * index
        if byte < 0x80:  # noqa: PLR2004  the high bit says that more follows
            return number, place + index + 1
    raise Unreadable


def _framed(number: int, inside: bytes) -> bytes:
    return _encoded(number << 3 | LENGTH) + _encoded(len(inside)) + inside


def _encoded(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:  # noqa: PLR2004  seven bits a byte
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)
