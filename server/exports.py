"""The door for exports: `GET /exports/<ticket>`, which needs no key but the ticket that `createExport` gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from models.errors import Fault
from server.downloads import Downloads
from server.problems import problem_of_error, problem_of_fault, problem_of_request
from server.replies import TurnedAway

PARAMETERS: Final = ("after", "limit")


@dataclass(frozen=True, kw_only=True)
class ExportDoor:
    """An ASGI application for one path."""

    downloads: Downloads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send an export, or say why not."""
        try:
            check_method(scope, "GET")
            ticket = scope["path_params"]["ticket"]
            await self.downloads.send(ticket, parameters_in(scope["query_string"]), scope, receive, send)
        except TurnedAway as turned_away:
            await problem_of_request(turned_away).send(send)
        except Fault as fault:
            await problem_of_fault(fault).send(send)
        except Exception as error:  # noqa: BLE001  a door: what is not ours is masked and logged
            await problem_of_error(error).send(send)


def export_routes(downloads: Downloads) -> list[BaseRoute]:
    """The route of `/exports/`."""
    return [Route("/exports/{ticket}", ExportDoor(downloads=downloads))]


def check_method(scope: Scope, *allowed: str) -> None:
    """Raise TurnedAway for a method that is not allowed here."""
    if scope["method"] not in allowed:
        message = f"The method {scope['method']} is not allowed here."
        raise TurnedAway(HTTPStatus.METHOD_NOT_ALLOWED, message, {"allow": ", ".join(allowed)})


def parameters_in(query_string: bytes) -> Mapping[str, str]:
    """The parameters `after` and `limit`. Raises TurnedAway for any other, which nobody would heed."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=8)
    except ValueError:
        raise TurnedAway(HTTPStatus.BAD_REQUEST, "The query string is not properly encoded.") from None
    for name, _ in pairs:
        if name not in PARAMETERS:
            message = f"There is no parameter {name[:60]!r}; there are {' and '.join(PARAMETERS)}."
            raise TurnedAway(HTTPStatus.BAD_REQUEST, message)
    return dict(pairs)
