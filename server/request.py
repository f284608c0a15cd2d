"""The GraphQL request in a body, in a query string, or in a message of a socket."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import orjson

from operations.persisted import Reference
from operations.rejection import NotJSON, bad_request
from operations.variables import Sent

# A parameter more than these is nobody's.
MOST_PARAMETERS = 32
OPTIONAL = ("operationName", "variables", "extensions")
LONGEST_ID = 512
SHA256_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class GraphQLRequest:
    """What GraphQL over HTTP calls the request parameters."""

    document: Reference
    operation_name: str | None = None
    variables: Mapping[str, Any] | None = None
    extensions: Mapping[str, Any] | None = None


class _Parameters(msgspec.Struct, gc=False):
    """The parameters of a request that is as it should be."""

    query: str | None = None
    documentId: str | None = None  # noqa: N815  the name in JSON
    operationName: str | None = None  # noqa: N815  the name in JSON
    variables: dict[str, msgspec.Raw] | None = None
    extensions: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(_Parameters).decode


def read_request(text: bytes | msgspec.Raw) -> GraphQLRequest:
    """The request in a JSON text. Raises Rejected for anything but an object with the right parameters.

    The values of the variables stay as they were sent; where they are no JSON, whoever reads them says so.
    """
    try:
        sent = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return request_in(parse_json(bytes(text)))
    return GraphQLRequest(
        document=_document(sent.query, sent.documentId, sent.extensions),
        operation_name=sent.operationName,
        variables=None if sent.variables is None else Sent(sent.variables),
        extensions=sent.extensions,
    )


def request_in(parameters: object) -> GraphQLRequest:
    """The request in a JSON object. Raises Rejected for anything else, saying which parameter is wrong."""
    if isinstance(parameters, list):
        raise bad_request("A request is one JSON object; batches of requests are not supported.")
    if not isinstance(parameters, dict):
        raise bad_request("A request is a JSON object with the parameter `query`.")
    operation_name = parameters.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise bad_request("The parameter `operationName` has to be a string or null.")
    extensions = _object(parameters, "extensions")
    return GraphQLRequest(
        document=_document(parameters.get("query"), parameters.get("documentId"), extensions),
        operation_name=operation_name,
        variables=_object(parameters, "variables"),
        extensions=extensions,
    )


def request_in_query(query_string: bytes) -> GraphQLRequest:
    """The request in the query string of a GET. Raises Rejected."""
    try:
        text = query_string.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise bad_request("The query string is not properly encoded.") from None
    # Without a value they are as good as left out.
    parameters: dict[str, object] = {name: value for name, value in pairs if value or name not in OPTIONAL}
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = _json(name, str(parameters[name]))
    return request_in(parameters)


MISSING = "The parameter `query` is missing, and so is a `documentId`."


def _document(query: object, identity: object, extensions: Mapping[str, Any] | None) -> Reference:
    if query is not None and not isinstance(query, str):
        raise bad_request("The parameter `query` has to be a string.")
    if identity is not None and (not isinstance(identity, str) or not 0 < len(identity) <= LONGEST_ID):
        raise bad_request(f"The parameter `documentId` has to be a string of 1 to {LONGEST_ID} characters.")
    digest = _digest(extensions["persistedQuery"]) if extensions and "persistedQuery" in extensions else None
    if query is None and identity is None and digest is None:
        raise bad_request(MISSING)
    return Reference(text=query, id=identity, digest=digest)


def _digest(persisted: object) -> str:
    """The hash in Apollo's extension for automatic persisted queries, of which there is one version."""
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise bad_request("The extension `persistedQuery` has to be an object of version 1.")
    digest = persisted.get("sha256Hash")
    if not isinstance(digest, str) or not SHA256_HEX.fullmatch(digest):
        raise bad_request("`persistedQuery.sha256Hash` has to be a SHA-256 in lower-case hexadecimal.")
    return digest


def _object(parameters: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = parameters.get(name)
    if value is not None and not isinstance(value, dict):
        raise bad_request(f"The parameter `{name}` has to be an object or null.")
    return value


def _json(name: str, text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise bad_request(f"The parameter `{name}` is no valid JSON.") from None


def parse_json(body: bytes) -> Any:
    """The JSON value in a body. Raises Rejected for anything but one value of RFC 8259 in UTF-8."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotJSON(bad_request(f"The body is no valid JSON: {error.msg} (byte {error.pos}).").errors) from None
