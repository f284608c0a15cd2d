"""Mending protobuf that can't be read as a whole, so that one bad span does not cost the others.

Text that is not UTF-8 gets U+FFFD, values nested too deep are left out, and so is a span whose bytes make no sense.
"""

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from ingest.otlp.wire import Piece, Unreadable, framed, pieces

DEEPEST = 90  # protobuf itself stops at 100


def mended(body: bytes, problems: list[str]) -> bytes:
    """The request with what can't be read taken out; `problems` gets a sentence for each span that is lost.

    Raises Unreadable when the request itself makes no sense.
    """
    return _mended(body, ExportTraceServiceRequest.DESCRIPTOR, problems, DEEPEST)


def _mended(message: bytes, descriptor: Descriptor, problems: list[str], levels: int) -> bytes:
    parts: list[bytes] = []
    for piece in pieces(message):
        field = descriptor.fields_by_number.get(piece.number)
        if piece.inside is None or field is None:
            parts.append(piece.whole)
        elif field.type == FieldDescriptor.TYPE_STRING:
            parts.append(framed(piece.number, piece.inside.decode("utf-8", "replace").encode()))
        elif field.message_type is Span.DESCRIPTOR:
            parts.append(_mended_span(piece, problems, levels - 1))
        elif field.message_type is None:
            parts.append(piece.whole)
        elif levels:
            parts.append(framed(piece.number, _mended(piece.inside, field.message_type, problems, levels - 1)))
    return b"".join(parts)


def _mended_span(piece: Piece, problems: list[str], levels: int) -> bytes:
    try:
        span = _mended(piece.inside or b"", Span.DESCRIPTOR, problems, levels)
        Span.FromString(span)
    except (Unreadable, DecodeError):
        problems.append("A span is no readable protobuf.")
        return b""
    return framed(piece.number, span)
