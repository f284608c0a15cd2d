"""Answers that a client has already: told by their tags, and not sent again (RFC 9110, sections 8.8.3 and 13.1.2)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from http import HTTPStatus

from server.replies import Reply

# Whoever keeps an answer asks each time whether it is still good: what is recorded changes while one looks.
CACHE_CONTROL = "private, no-cache"
VARY = "accept, authorization, x-tracegraph-project"
TAG_BYTES = 16


def tagged(reply: Reply, if_none_match: str | None) -> Reply:
    """A successful answer with its tag, or 304 for a client that shows the tag already."""
    if reply.status != HTTPStatus.OK:
        return reply
    # Weak, for the same answer may be sent in several encodings.
    tag = f'W/"{hashlib.blake2b(reply.body, digest_size=TAG_BYTES).hexdigest()}"'
    headers = {**reply.headers, "etag": tag, "cache-control": CACHE_CONTROL, "vary": VARY}
    if if_none_match is not None and _matches(if_none_match, tag):
        return replace(reply, status=HTTPStatus.NOT_MODIFIED, body=b"", headers=headers)
    return replace(reply, headers=headers)


def _matches(if_none_match: str, tag: str) -> bool:
    tags = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags
