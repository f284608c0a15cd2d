"""What a root span says about the whole run: its session, its user, its tags and anything else."""

from typing import Any, Final

import orjson

from ingest.otlp.attributes import Attributes, first
from ingest.otlp.origin import Origin
from ingest.rules import TAGS, WORD_LENGTH
from models.values import Json

SESSION: Final = (
    "session.id", "gen_ai.conversation.id", "traceloop.association.properties.session_id",
    "ai.telemetry.metadata.sessionId",
)  # fmt: skip
USER: Final = (
    "user.id", "enduser.id", "traceloop.association.properties.user_id", "ai.telemetry.metadata.userId",
)  # fmt: skip
TAG_LISTS: Final = ("tag.tags", "ai.telemetry.metadata.tags")
METADATA: Final = "metadata"
# Attributes that are somebody's own entries of the metadata, one by one.
ENTRIES: Final = ("traceloop.association.properties.", "ai.telemetry.metadata.")
RESOURCE: Final = "resource"


def tags_of(attributes: Attributes) -> list[str]:
    """The labels of a run."""
    listed = first(attributes, TAG_LISTS)
    entries = listed if isinstance(listed, list) else [] if listed is None else [listed]
    return [str(entry)[:WORD_LENGTH] for entry in entries if entry not in (None, "")][:TAGS]


def metadata_of(attributes: Attributes, origin: Origin) -> Json:
    """The metadata of a run: its own, and the attributes of the resource that it ran on."""
    own = {
        name[len(prefix) :]: value
        for name, value in attributes.items()
        for prefix in ENTRIES
        if name.startswith(prefix)
    }
    return Json(orjson.dumps({RESOURCE: origin.resource, **own, **_object(attributes.get(METADATA))}).decode())


def _object(value: Any) -> dict[str, Any]:
    """The object in an attribute that is one, or that is one as JSON text."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return value if isinstance(value, dict) else {}
