"""Bodies in protobuf and JSON, and the poison in them: a bad span is left out alone, the others arrive."""

import json
from base64 import b64decode
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as some
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from ingest.otlp.decoding import Decoded, decode_json, decode_protobuf
from ingest.otlp.request import mapped
from models.errors import Invalid
from tests.fakes.spans import CHILD, ROOT, SECOND, START, TRACE, any_value, event, export, span

FULL = span(
    {"text": "é", "count": 2**62, "ratio": 0.5, "yes": True, "list": [1, "a"], "object": {"a": None}, "bytes": b"\xff"},
    parent_span_id=CHILD,
    span_id=ROOT,
    kind=Span.SPAN_KIND_CLIENT,
    events=[event("gen_ai.choice", {"content": "Hello"})],
    links=[Span.Link(trace_id=TRACE, span_id=CHILD)],
    status=Status(code=Status.STATUS_CODE_ERROR, message="no"),
)
GOOD = [span(span_id=bytes([0, 0, 0, 0, 0, 0, 0, number])) for number in (1, 2)]


def in_json(request: ExportTraceServiceRequest) -> Any:
    """OTLP/JSON as exporters write it: protobuf's JSON, with ids in hexadecimal."""
    return json.loads(json.dumps(MessageToDict(request)), object_hook=_with_hexadecimal_ids)


def _with_hexadecimal_ids(value: dict[str, Any]) -> dict[str, Any]:
    return {name: b64decode(member).hex() if name.endswith("Id") else member for name, member in value.items()}


def names(decoded: Decoded) -> list[str]:
    return [each.name for group in decoded.request.resource_spans for ss in group.scope_spans for each in ss.spans]


def with_span(bad: bytes) -> bytes:
    """A request in which a span of these bytes stands between two good ones."""
    request = export(GOOD[0], span(name="POISON" * 4), GOOD[1])
    scope_spans = request.resource_spans[0].scope_spans[0]
    head, tail = (ExportTraceServiceRequest() for _ in range(2))
    head.resource_spans.add().scope_spans.add().spans.append(scope_spans.spans[0])
    tail.resource_spans.add().scope_spans.add().spans.append(scope_spans.spans[2])
    return head.SerializeToString() + _field(1, _field(2, _field(2, bad))) + tail.SerializeToString()


def _field(number: int, inside: bytes) -> bytes:
    size, digits = len(inside), b""
    while size > 127:
        digits += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + digits + bytes([size]) + inside


def test_protobuf_and_json_say_the_same() -> None:
    """A request is the same in either form, with every kind of value in it."""
    request = export(FULL, *GOOD)

    assert decode_protobuf(request.SerializeToString()).request == request
    assert decode_json(json.dumps(in_json(request)).encode()).request == request


def test_json_as_some_write_it() -> None:
    """Enums by name, integers as text or number, names in snake case and unknown fields are all understood."""
    body = {
        "resource_spans": [
            {
                "resource": None,
                "scope_spans": [
                    {
                        "spans": [
                            {
                                "traceId": TRACE.hex().upper(),
                                "spanId": ROOT.hex(),
                                "parentSpanId": "",
                                "name": "a",
                                "kind": "SPAN_KIND_SERVER",
                                "startTimeUnixNano": START,
                                "endTimeUnixNano": str(START + SECOND),
                                "news": {"from": ["the", "future"]},
                            }
                        ]
                    }
                ],
            }
        ]
    }
    (one,) = decode_json(json.dumps(body).encode()).request.resource_spans[0].scope_spans[0].spans

    assert (one.trace_id, one.span_id, one.parent_span_id) == (TRACE, ROOT, b"")
    assert (one.kind, one.start_time_unix_nano, one.end_time_unix_nano) == (2, START, START + SECOND)


@pytest.mark.parametrize("body", [b"", b"\n\x00"])
def test_empty_protobuf(body: bytes) -> None:
    """A request without spans is a request."""
    assert names(decode_protobuf(body)) == []


@pytest.mark.parametrize("spans", [None, [], {"a": 1}, [7], [{"scopeSpans": 7}]], ids=str)
def test_empty_json(spans: object) -> None:
    """So is one without spans in JSON."""
    assert names(decode_json(json.dumps({"resourceSpans": spans}).encode())) == []


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"x"', b"[" * 100_000, b"", b"\xff\xfe", b"7"])
def test_no_request_in_json(body: bytes) -> None:
    """What is no JSON object is refused as a whole."""
    with pytest.raises(Invalid):
        decode_json(body)


@pytest.mark.parametrize("body", [b"{}", b"hello", b"\x0a\xff", b"\xff" * 20, b"\x0a\x05\x12\xff", b"\x0b\x0c\x01"])
def test_no_request_in_protobuf(body: bytes) -> None:
    """Bytes that make no sense are refused as a whole."""
    with pytest.raises(Invalid):
        decode_protobuf(body)


@pytest.mark.parametrize("bad", [b"\xff\xff", b"\x0a\x50abc", b"\x07", b"\x4a\x02\x0a\x50", b"\x2b"])
def test_unreadable_span_in_protobuf(bad: bytes) -> None:
    """A span whose bytes make no sense is left out, and told."""
    decoded = decode_protobuf(with_span(bad))

    assert names(decoded) == ["answer", "answer"]
    assert len(decoded.problems) == 1


def test_text_that_is_no_utf8_in_protobuf() -> None:
    """A broken letter, as some cut texts have, costs neither its span nor the others."""
    good, body = span({"key": "GOOD"}, name="NAME"), export(FULL).SerializeToString()
    bad = export(good).SerializeToString().replace(b"NAME", b"na\xffe").replace(b"GOOD", b"\xc3\xc3od")
    decoded = decode_protobuf(body + bad)

    assert names(decoded) == ["answer", "na\N{REPLACEMENT CHARACTER}e"]
    assert decoded.problems == []
    assert decoded.request.resource_spans[0].scope_spans[0].spans[0] == FULL
    assert any("\N{REPLACEMENT CHARACTER}" in str(draft) for one in mapped(decoded.request) for draft in one.drafts)


def test_value_that_is_too_deep_in_protobuf() -> None:
    """A value nested deeper than protobuf reads is left out of its span."""
    encoded = any_value("deepest").SerializeToString()
    for _ in range(500):
        encoded = _field(5, _field(1, encoded))
    bad = span(name="deep").SerializeToString() + _field(9, _field(1, b"key") + _field(2, encoded))
    decoded = decode_protobuf(with_span(bad))

    assert names(decoded) == ["answer", "deep", "answer"]
    assert [one.problem for one in mapped(decoded.request)] == [None] * 3


@given(some.binary(max_size=200))
def test_any_bytes_between_good_spans(bad: bytes) -> None:
    """Whatever stands in the place of a span: the others arrive."""
    assert names(decode_protobuf(with_span(bad))).count("answer") >= 2


@given(some.binary(max_size=500))
def test_any_body(body: bytes) -> None:
    """Any bytes are read or refused, by either form; nothing else happens."""
    for decode in (decode_protobuf, decode_json):
        try:
            list(mapped(decode(body).request))
        except Invalid:
            continue


@pytest.mark.parametrize(
    "bad",
    [
        {"traceId": "xyz"},
        {"spanId": 7},
        {"name": 7},
        {"name": {"a": 1}},
        {"startTimeUnixNano": "soon"},
        {"startTimeUnixNano": -1},
        {"startTimeUnixNano": 2**64},
        {"attributes": {"a": 1}},
        {"attributes": [{"key": "a", "value": {"stringValue": "x", "intValue": 1}}]},
        {"attributes": [None]},
        {"links": [{"traceId": "no"}]},
        {"status": {"code": {}}},
        "no object",
        None,
    ],
    ids=str,
)
def test_unreadable_span_in_json(bad: Any) -> None:
    """A span that breaks the form is left out, and told; the others arrive."""
    body = in_json(export(GOOD[0], span(), GOOD[1]))
    spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans[1] = {**spans[1], **bad} if isinstance(bad, dict) else bad
    decoded = decode_json(json.dumps(body).encode())

    assert names(decoded) == ["answer", "answer"]
    assert len(decoded.problems) == 1


@pytest.mark.parametrize(
    ("poison", "arriving"),
    [(b'"\\ud800"', 3), (b'"\xff"', 3), (b"1" * 5_000, 3), (b"1e400", 2), (b"NaN", 2), (b'"\\u0000"', 3)],
)
def test_poison_in_json(poison: bytes, arriving: int) -> None:
    """Numbers and letters that JSON has no place for cost at most their own span."""
    body = json.dumps(in_json(export(GOOD[0], span(name="POISON"), GOOD[1]))).encode()
    decoded = decode_json(body.replace(b'"POISON"', poison))

    assert len(names(decoded)) == arriving
    assert len(decoded.problems) == 3 - arriving
