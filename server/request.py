"""The GraphQL request in a body, in a query string, or in a message of a socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from operations.rejection import bad_request

# A parameter more than these is nobody's.
MOST_PARAMETERS = 32


@dataclass(frozen=True, kw_only=True)
class GraphQLRequest:
    """What GraphQL over HTTP calls the request parameters."""

    query: str
    operation_name: str | None = None
    variables: Mapping[str, Any] | None = None
    extensions: Mapping[str, Any] | None = None


def request_in(parameters: object) -> GraphQLRequest:
    """The request in a JSON object. Raises Rejected for anything else, saying which parameter is wrong."""
    if isinstance(parameters, list):
        raise bad_request("A request is one JSON object; batches of requests are not supported.")
    if not isinstance(parameters, dict):
        raise bad_request("A request is a JSON object with the parameter `query`.")
    query = parameters.get("query")
    if not isinstance(query, str):
        raise bad_request("The parameter `query` has to be a string." if query is not None else MISSING)
    operation_name = parameters.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise bad_request("The parameter `operationName` has to be a string or null.")
    return GraphQLRequest(
        query=query,
        operation_name=operation_name,
        variables=_object(parameters, "variables"),
        extensions=_object(parameters, "extensions"),
    )


def request_in_query(query_string: bytes) -> GraphQLRequest:
    """The request in the query string of a GET. Raises Rejected."""
    try:
        text = query_string.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise bad_request("The query string is not properly encoded.") from None
    parameters: dict[str, object] = dict(pairs)
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = _json(name, str(parameters[name]))
    return request_in(parameters)


MISSING = "The parameter `query` is missing."


def _object(parameters: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = parameters.get(name)
    if value is not None and not isinstance(value, dict):
        raise bad_request(f"The parameter `{name}` has to be an object or null.")
    return value


def _json(name: str, text: str) -> object:
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise bad_request(f"The parameter `{name}` is no valid JSON.") from None
