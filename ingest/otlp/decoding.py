"""From the body of an export request to its messages, in protobuf or JSON; one bad span is left out alone."""

from dataclasses import dataclass, field
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ingest.otlp.json_form import Form, parsed
from ingest.otlp.mending import mended
from ingest.otlp.wire import Unreadable
from models.errors import Invalid

# Mending is slow; nobody who sends this much at once does so with damaged text in it.
MENDABLE: Final = 4 * 1024 * 1024

UNDECODABLE: Final = "The body is no ExportTraceServiceRequest in protobuf."


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A request, and what was wrong with the spans that are no longer in it."""

    request: ExportTraceServiceRequest
    problems: list[str] = field(default_factory=list)


def decode_protobuf(body: bytes) -> Decoded:
    """The request in a protobuf message. Raises Invalid when nothing can be made of it."""
    try:
        return Decoded(request=ExportTraceServiceRequest.FromString(body))
    except DecodeError:
        return _mended(body)


def decode_json(body: bytes) -> Decoded:
    """The request in a JSON object (OTLP/JSON: ids are hexadecimal). Raises Invalid when it is none."""
    form = Form(parsed(body))
    return Decoded(request=form.request(), problems=form.problems)


def _mended(body: bytes) -> Decoded:
    if len(body) > MENDABLE:
        raise Invalid(UNDECODABLE)
    problems: list[str] = []
    try:
        return Decoded(request=ExportTraceServiceRequest.FromString(mended(body, problems)), problems=problems)
    except (DecodeError, Unreadable):
        raise Invalid(UNDECODABLE) from None
