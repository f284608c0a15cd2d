"""The web pages of other origins that may talk to us, as browsers ask about them (CORS)."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

METHODS = ("GET", "POST", "QUERY")
SENT = ("authorization", "content-type", "if-none-match", "last-event-id", "x-tracegraph-project")
SHOWN = ("etag", "retry-after", "www-authenticate")


def open_to(application: ASGIApp, origins: frozenset[str]) -> ASGIApp:
    """The application, with the headers that let pages of these origins read what it answers; `*` lets all."""
    if not origins:
        return application
    return CORSMiddleware(
        application,
        allow_origins=sorted(origins),
        allow_methods=METHODS,
        allow_headers=SENT,
        expose_headers=SHOWN,
    )
