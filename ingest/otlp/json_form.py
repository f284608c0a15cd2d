"""OTLP/JSON: ids are hexadecimal, everything else is protobuf's own JSON; one bad span is left out alone."""

import json
from typing import Any, Final, TypeVar

import orjson
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from ingest.records import clean_object
from models.errors import Invalid

IDS: Final = {"traceId": "trace_id", "spanId": "span_id", "parentSpanId": "parent_span_id"}
LONGEST_NUMBER: Final = 20  # digits of a 64-bit integer with its sign

M = TypeVar("M", bound=Message)


def parsed(body: bytes) -> Any:
    """The value in a JSON text. Raises Invalid.

    Where orjson is strict to the letter (lone surrogates, bytes that are no UTF-8, numbers too large), a slower parser
    has a second look, so that one such value does not cost all the spans around it.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(clean_object(body.decode("utf-8", "replace")), parse_int=_integer)
    except (ValueError, RecursionError):
        raise Invalid("The body is no JSON.") from None


class Form:
    """One request in JSON, while it becomes a message; `problems` gets a sentence for each span that is lost."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise Invalid("The body is no ExportTraceServiceRequest in JSON: it has to be an object.")
        self._value = value
        self.problems: list[str] = []

    def request(self) -> ExportTraceServiceRequest:
        """The message."""
        request = ExportTraceServiceRequest()
        for group in _objects(self._value, "resourceSpans", "resource_spans"):
            resource_spans = request.resource_spans.add()
            _fill(resource_spans.resource, group.get("resource"))
            for scope_group in _objects(group, "scopeSpans", "scope_spans"):
                scope_spans = resource_spans.scope_spans.add()
                _fill(scope_spans.scope, scope_group.get("scope"))
                self._add_spans(scope_spans, scope_group.get("spans"))
        return request

    def _add_spans(self, scope_spans: ScopeSpans, values: Any) -> None:
        for value in values if isinstance(values, list) else ():
            try:
                scope_spans.spans.append(_span(value))
            except (ParseError, TypeError, ValueError) as error:
                self.problems.append(f"A span is no readable JSON: {str(error)[:200]}")


def _span(value: Any) -> Span:
    """The span in an object. Raises ParseError, TypeError or ValueError."""
    if not isinstance(value, dict):
        raise TypeError("it is no object")
    others = {name: member for name, member in value.items() if name not in IDS and name != "links"}
    span = ParseDict(others, Span(), ignore_unknown_fields=True)
    for name, field in IDS.items():
        setattr(span, field, bytes.fromhex(value.get(name) or ""))
    for link in _objects(value, "links"):
        rest = {name: member for name, member in link.items() if name not in IDS}
        added = ParseDict(rest, span.links.add(), ignore_unknown_fields=True)
        added.trace_id, added.span_id = (bytes.fromhex(link.get(name) or "") for name in ("traceId", "spanId"))
    return span


def _fill(message: M, value: Any) -> None:
    """Fill in a message that spans can do without; what can't be read is left empty."""
    if isinstance(value, dict):
        try:
            ParseDict(value, message, ignore_unknown_fields=True)
        except ParseError:
            message.Clear()


def _objects(value: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    entries = next((value[name] for name in names if name in value), None)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_NUMBER else digits
