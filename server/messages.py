"""The messages of graphql-transport-ws: read strictly, written by splicing.

The protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

import msgspec
import orjson

from operations.rejection import Rejected
from server.request import GraphQLRequest, read_request

SUBPROTOCOL = "graphql-transport-ws"

ACKNOWLEDGED = b'{"type":"connection_ack"}'
PING = b'{"type":"ping"}'

LONGEST_ID = 256
LONGEST_REASON = 123  # bytes of a close frame (RFC 6455, section 5.5) less those of the code


class Code(IntEnum):
    """Why a socket is closed."""

    GONE = 1005
    INTERNAL = 1011
    RESTARTING = 1012
    TRY_AGAIN_LATER = 1013
    MALFORMED = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    NO_SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    DUPLICATE_ID = 4409
    REPEATED_INIT = 4429
    TERMINATED = 4499


class Closing(Exception):
    """The socket is to be closed."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason.encode("utf-8", "replace")[:LONGEST_REASON].decode("utf-8", "ignore")


@dataclass(frozen=True, kw_only=True)
class Init:
    """The client introduces itself."""

    payload: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ping:
    """The client asks whether we are there; the payload is to come back, as it was sent."""

    payload: msgspec.Raw | None


@dataclass(frozen=True, kw_only=True)
class Pong:
    """The client is there."""


@dataclass(frozen=True, kw_only=True)
class Subscribe:
    """The client starts an operation."""

    id: str
    request: GraphQLRequest


@dataclass(frozen=True, kw_only=True)
class Complete:
    """The client has had enough of an operation."""

    id: str


Message: TypeAlias = Init | Ping | Pong | Subscribe | Complete


def read_message(text: str | bytes | None) -> Message:
    """The message in a frame. Raises Closing (4400) for anything that the protocol does not know."""
    if not isinstance(text, str):
        raise _malformed("messages are text")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _malformed("not valid JSON") from None
    if not isinstance(message, dict):
        raise _malformed("not a JSON object")
    match message.get("type"):
        case "connection_init":
            return Init(payload=_payload(message) or {})
        case "ping":
            return Ping(payload=None if _payload(message) is None else _sent_payload(text))
        case "pong":
            _payload(message)
            return Pong()
        case "subscribe":
            return Subscribe(id=_id(message), request=_request(text))
        case "complete":
            return Complete(id=_id(message))
        case _:
            raise _malformed("unknown `type`")


def pong(payload: msgspec.Raw | None) -> bytes:
    """The answer to a ping."""
    if payload is None:
        return b'{"type":"pong"}'
    return b'{"type":"pong","payload":%b}' % bytes(payload)


@dataclass(frozen=True)
class Envelope:
    """What is written around the answers to one operation."""

    id: bytes
    """The id of the operation, as JSON."""

    def next(self, body: bytes) -> bytes:
        """One answer; its bytes are not looked at again."""
        return b'{"id":%b,"type":"next","payload":%b}' % (self.id, body)

    def error(self, errors: bytes) -> bytes:
        """The operation can't be run, or broke off: a JSON array of errors, and nothing after them."""
        return b'{"id":%b,"type":"error","payload":%b}' % (self.id, errors)

    def complete(self) -> bytes:
        """There are no more answers."""
        return b'{"id":%b,"type":"complete"}' % self.id


def envelope(operation_id: str) -> Envelope:
    """The envelope for an operation."""
    return Envelope(orjson.dumps(operation_id))


def _payload(message: Mapping[str, Any]) -> Mapping[str, Any] | None:
    payload = message.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise _malformed("`payload` has to be an object")
    return payload


def _id(message: Mapping[str, Any]) -> str:
    identity = message.get("id")
    if not isinstance(identity, str) or not 0 < len(identity) <= LONGEST_ID:
        raise _malformed(f"`id` has to be a string of 1 to {LONGEST_ID} characters")
    return identity


class _Carrier(msgspec.Struct, gc=False):
    """What is read of the text of a message once more, so that its payload stays as it was sent."""

    payload: msgspec.Raw = msgspec.Raw(b"null")


_carrier = msgspec.json.Decoder(_Carrier).decode


def _sent_payload(text: str) -> msgspec.Raw:
    try:
        return _carrier(text).payload
    except RecursionError:
        raise _malformed("nested too deeply") from None


def _request(text: str) -> GraphQLRequest:
    try:
        return read_request(_sent_payload(text))
    except Rejected as rejection:
        raise _malformed(str(rejection)) from None


def _malformed(why: str) -> Closing:
    return Closing(Code.MALFORMED, f"Invalid message: {why}")
