"""Media types: which one a client sends, and which one it would rather have."""

from __future__ import annotations

from functools import lru_cache

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"
UTF8 = ("utf-8", "utf8")


@lru_cache(maxsize=256)
def accepted(accept: str | None) -> str | None:
    """The media type of ours that a client likes best (RFC 9110, section 12.5.1), or None when it likes none.

    Who does not care gets plain JSON: it may not know the newer type and what its status codes mean.
    """
    if accept is None or not accept.strip():
        return JSON
    ranges = [parsed for part in accept.split(",") if (parsed := _range(part))]
    liked = {offer: _liking(offer, ranges) for offer in (JSON, GRAPHQL_RESPONSE)}
    best = max(liked, key=lambda offer: (liked[offer], offer == GRAPHQL_RESPONSE and liked[offer][1] == EXACT))
    return best if liked[best][0] > 0 else None


@lru_cache(maxsize=256)
def accepts_events(accept: str | None) -> bool:
    """Whether a client asks for server-sent events by name."""
    return accept is not None and any(media_type(part)[0] == EVENT_STREAM for part in accept.split(","))


@lru_cache(maxsize=256)
def is_json(content_type: str | None) -> bool:
    """Whether a body of this type is JSON in UTF-8."""
    if content_type is None:
        return False
    name, parameters = media_type(content_type)
    return name == JSON and parameters.get("charset", "utf-8").lower() in UTF8


def media_type(text: str) -> tuple[str, dict[str, str]]:
    """A media type and its parameters, names in lower case."""
    name, *rest = text.split(";")
    pairs = (part.partition("=") for part in rest)
    return name.strip().lower(), {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}


EXACT = 2


def _range(text: str) -> tuple[str, float] | None:
    name, parameters = media_type(text)
    if not name or parameters.get("charset", "utf-8").lower() not in UTF8:
        return None
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        return None
    return name, quality if 0 <= quality <= 1 else 0.0


def _liking(offer: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """The quality that the most specific range gives to an offer, and how specific that range is."""
    precedence = {offer: EXACT, "application/*": 1, "*/*": 0}
    matches = [(precedence[name], quality) for name, quality in ranges if name in precedence]
    specific, quality = max(matches, default=(0, 0.0))
    return quality, specific
