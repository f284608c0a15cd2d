"""Errors of the doors that speak plain HTTP: problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson

from models.errors import Fault
from operations.rejection import BAD_REQUEST, INTERNAL, masked
from server.replies import Reply, TurnedAway, reply_to_fault

PROBLEM: Final = "application/problem+json"


def problem(
    status: int,
    detail: str,
    *,
    code: str,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """A reply that says what is wrong: `code` is one of ours, `errors` lead to what the sender can mend."""
    told = {"title": HTTPStatus(status).phrase, "status": int(status), "detail": detail, "code": code}
    body = orjson.dumps({**told, "errors": list(errors)} if errors else told)
    return Reply(status=status, body=body, media_type=PROBLEM, charset="", headers=headers or {})


def problem_of_fault(fault: Fault) -> Reply:
    """The reply for a fault; one about a part of the input leads to it."""
    told = reply_to_fault(fault, PROBLEM)
    errors = [{"code": fault.code, "message": fault.message, "path": list(fault.path)}] if fault.path else []
    return problem(told.status, fault.message, code=fault.code, errors=errors, headers=told.headers)


def problem_of_request(turned_away: TurnedAway) -> Reply:
    """The reply for a request that breaks a rule of HTTP."""
    return problem(turned_away.status, str(turned_away), code=BAD_REQUEST, headers=turned_away.headers)


def problem_of_error(error: Exception) -> Reply:
    """The reply for a mistake of ours: it is logged, the client learns its id."""
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, masked(error)["message"], code=INTERNAL)
