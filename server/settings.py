"""The settings: read once from the environment, checked, and handed down as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

PREFIX = "TRACEGRAPH_"
# Named as everybody names them.
SHARED = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL"}

Count: TypeAlias = Annotated[int, Meta(ge=1)]
Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=3_600)]


class SettingsError(Exception):
    """A setting is unknown or invalid; the message names its variable."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set. Each field is the variable TRACEGRAPH_<NAME>, but for the URLs of the databases."""

    database_url: str | None = None
    """DATABASE_URL: where PostgreSQL is; `postgres://user:password@host:port/name`."""
    redis_url: str | None = None
    """REDIS_URL: where Redis is; `redis://host:port/0`."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8_000
    """The port to listen on; 0 takes any free one."""
    metrics_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """The port of `/metrics` for Prometheus; 0 for none. Of several workers each has the next one."""
    data_dir: str = ".tracegraph"
    """The folder for what the server keeps on its own disk."""
    dev_key: Annotated[str, Meta(max_length=256)] | None = None
    """A key that is accepted with all scopes in all projects: for development only."""
    key_pepper: Annotated[str, Meta(min_length=16, max_length=256)] | None = None
    """A secret with which the digests of keys are made, so that who can write into the database can make none."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important lines that are logged."""

    database_connections: Count = 20
    """The most connections to PostgreSQL that one process opens."""
    read_seconds: Seconds = 10.0
    """The longest that a query may take."""
    write_seconds: Seconds = 5.0
    """The longest that a mutation may take."""

    stale_seconds: Annotated[float, Meta(ge=1)] = 3_600.0
    """A running trace without news for this long is given up as stale, until news arrives."""
    upkeep_seconds: Seconds = 60.0
    """How often stale traces are looked for, coming weeks are prepared and old events are forgotten."""
    event_days: Annotated[float, Meta(gt=0, le=366)] = 3.0
    """How long events can be resumed; a cursor that is older has expired."""

    export_connections: Count = 4
    """The most exports that one process streams at once, each over a connection of its own."""
    export_seconds: Annotated[float, Meta(gt=0, le=86_400)] = 900.0
    """The longest that an export may take; then it breaks off, and is gone on with after its last row."""
    export_url_seconds: Annotated[float, Meta(ge=1, le=604_800)] = 900.0
    """How long a download may begin after `createExport` gave its URL."""
    export_secret: Annotated[str, Meta(min_length=16, max_length=256)] | None = None
    """What URLs of exports are signed with, the same on all servers; without it, with a secret in the database."""

    max_running_reads: Count = 4
    """The most queries of a process that run at once, the others wait; it is what leaves writers their share."""
    max_waiting_reads: Annotated[int, Meta(ge=0)] = 64
    """The most queries of a process that wait for their turn; more are refused, and so is one that waited for 1 s."""
    rate_limit: Annotated[float, Meta(ge=0)] = 0.0
    """The requests per second that a key may make in the long run; 0 for any number."""
    rate_burst: Count = 100
    """The requests that a key may make at once, where there is a limit."""

    max_body_bytes: Count = 4 * 1024 * 1024
    """The largest body of an HTTP request."""
    body_seconds: Seconds = 30.0
    """The longest that a client may take to send a body."""
    max_document_bytes: Count = 16_384
    """The longest GraphQL document."""
    max_document_tokens: Count = 2_000
    """The most tokens of a GraphQL document."""
    max_depth: Count = 15
    """The deepest nesting of fields in an operation."""
    max_aliases: Count = 50
    """The most aliases in an operation, fragments counted as often as they are spread."""
    max_directives: Count = 50
    """The most directives in an operation, fragments counted as often as they are spread."""
    max_cost: Count = 10_000
    """The most objects that an operation may answer, as the sizes of its lists have it before it runs."""
    trusted_documents: str | None = None
    """The folder or manifest of the documents that clients may name by `documentId`."""
    only_trusted_documents: bool = False
    """Whether no other documents are run."""

    compress_bytes: Annotated[int, Meta(ge=0)] = 8_192
    """The smallest answer that is compressed for clients that accept it; 0 compresses none."""
    status_codes: Literal["2025", "2026"] = "2025"
    """The status codes of `application/graphql-response+json`: as published, or of the specification's main branch."""
    allowed_origins: str | None = None
    """The pages besides our own that may talk to us: their origins, with commas between, or `*` for any."""

    max_message_bytes: Count = 1024 * 1024
    """The largest message that a WebSocket client may send."""
    max_socket_operations: Count = 20
    """The most operations that run at once on one WebSocket."""
    init_seconds: Seconds = 5.0
    """How long a WebSocket client may take to introduce itself."""
    ping_seconds: Seconds = 20.0
    """How often a WebSocket client is asked whether it is still there; it has as long to answer."""
    send_seconds: Seconds = 20.0
    """How long a WebSocket client may leave what is sent to it unread."""
    drain_seconds: Seconds = 10.0
    """How long a server that was told to stop takes to send its WebSocket clients elsewhere."""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings in an environment; a variable that is set to nothing counts as not set.

    Raises SettingsError for a TRACEGRAPH_* variable that is unknown or invalid.
    """
    known = {variable(field): field for field in Settings.__struct_fields__}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            raise SettingsError(f"There is no setting {name}.")
    values = {field: environ[name] for name, field in known.items() if environ.get(name)}
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_told(str(error))) from None


def variable(field: str) -> str:
    """The name of the environment variable for a field of the settings."""
    return SHARED.get(field, PREFIX + field.upper())


def _told(message: str) -> str:
    found = re.fullmatch(r"(.*) - at `\$\.(\w+)`", message)
    return f"{variable(found[2])} is not valid: {found[1]}." if found else message
