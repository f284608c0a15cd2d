"""The two forms in which OTLP comes over HTTP, and what is answered in each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import orjson
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from ingest.otlp.decoding import Decoded, decode_json, decode_protobuf
from ingest.otlp.wire import counted, framed

# What gRPC calls the statuses of HTTP (google.rpc.Code).
CODES: Final[Mapping[int, int]] = {
    HTTPStatus.BAD_REQUEST: 3,
    HTTPStatus.UNAUTHORIZED: 16,
    HTTPStatus.FORBIDDEN: 7,
    HTTPStatus.NOT_FOUND: 5,
    HTTPStatus.REQUEST_TIMEOUT: 4,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: 3,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: 3,
    HTTPStatus.TOO_MANY_REQUESTS: 8,
    HTTPStatus.SERVICE_UNAVAILABLE: 14,
}
INTERNAL: Final = 13


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a body is read, and how an answer (a message) and a failure (a code and a sentence) are written."""

    media_type: str
    decode: Callable[[bytes], Decoded]
    answer: Callable[[ExportTraceServiceResponse], bytes]
    failure: Callable[[int, str], bytes]


def rpc_code(status: int) -> int:
    """The code of google.rpc for a status of HTTP."""
    return CODES.get(status, INTERNAL)


def _protobuf_answer(response: ExportTraceServiceResponse) -> bytes:
    return response.SerializeToString()


def _protobuf_failure(code: int, message: str) -> bytes:
    """A google.rpc.Status: its code is field 1, its message field 2."""
    return counted(1, code) + framed(2, message.encode())


def _json_answer(response: ExportTraceServiceResponse) -> bytes:
    return orjson.dumps(MessageToDict(response))


def _json_failure(code: int, message: str) -> bytes:
    return orjson.dumps({"code": code, "message": message})


PROTOBUF: Final = Form(
    media_type="application/x-protobuf",
    decode=decode_protobuf,
    answer=_protobuf_answer,
    failure=_protobuf_failure,
)
JSON: Final = Form(media_type="application/json", decode=decode_json, answer=_json_answer, failure=_json_failure)
FORMS: Final[Mapping[str, Form]] = {form.media_type: form for form in (PROTOBUF, JSON)}
