"""Where spans come from: the service, its release and environment, and the library that made them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from ingest.otlp.attributes import Attributes, attributes_of, word

RELEASE: Final = ("service.version",)
ENVIRONMENT: Final = ("deployment.environment.name", "deployment.environment")
SERVICE: Final = ("service.name",)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What all spans of one library in one service share."""

    resource: Attributes
    service_name: str | None
    release: str | None
    environment: str | None
    marks: Mapping[str, Any]
    """The attributes that every step gets to tell where it comes from."""


def origin_of(resource: Resource, scope: InstrumentationScope) -> Origin:
    """The origin of the spans of a scope."""
    attributes = attributes_of(resource.attributes)
    marks = {
        "service.name": attributes.get("service.name"),
        "otel.scope.name": scope.name,
        "otel.scope.version": scope.version,
    }
    return Origin(
        resource=attributes,
        service_name=word(attributes, SERVICE),
        release=word(attributes, RELEASE),
        environment=word(attributes, ENVIRONMENT),
        marks={name: value for name, value in marks.items() if value},
    )
