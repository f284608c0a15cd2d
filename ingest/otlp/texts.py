"""JSON texts made of attributes: what is JSON passes through as it is, everything else becomes JSON."""

from collections.abc import Mapping
from typing import Any

import orjson

from ingest.rules import is_deep
from models.values import Json

JSON_TYPE = "application/json"


def json_text(value: Any, media_type: str | None = None) -> Json:
    """A value as JSON text.

    A string passes through when it is JSON: an object, a list or a string in quotes, or whatever its media type calls
    JSON. JSON that is nested deeper than we keep stays readable as a string.
    """
    if isinstance(value, str):
        is_candidate = media_type == JSON_TYPE or (media_type is None and value.lstrip()[:1] in ("{", "[", '"'))
        return Json(value) if is_candidate and _is_json(value) else _encoded(value)
    return _encoded(value)


def json_object(members: Mapping[str, Json]) -> Json:
    """An object of texts that are JSON already."""
    return Json("{" + ",".join(f"{_encoded(name)}:{text}" for name, text in members.items()) + "}")


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return not is_deep(text)


def _encoded(value: Any) -> Json:
    text = orjson.dumps(value).decode()
    return Json(text) if isinstance(value, str) or not is_deep(text) else Json(orjson.dumps(text).decode())
