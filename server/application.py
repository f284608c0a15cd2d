"""The composition root: opens everything in the order in which it depends on each other, then sets out the doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.types import ASGIApp

from analytics.merging import keep_merged
from auth.development import ensure_development_key
from auth.memory import open_memory
from auth.news import listen
from auth.uses import keep_uses
from export.exporter import Exporter
from export.tickets import Tickets
from ingest.catalogue import catalogue_price
from ingest.forgetting import keep_forgetting
from ingest.retention import keep_retained
from ingest.upkeep import Schedule, keep_up
from ingest.writer import Limits as WriterLimits
from ingest.writer import open_writer
from models.database import Database, open_database
from models.errors import Unavailable
from models.event_log import head, read_log
from models.migration import missing
from operations.deadlines import Deadlines
from operations.engine import Engine, engine
from operations.gate import Gate, Width
from operations.limits import Limits
from operations.persisted import Persisted
from pubsub.broker import RedisBroker, open_broker
from pubsub.bucket import Buckets, Rate, open_buckets
from pubsub.log import Log
from pubsub.supervision import in_background
from schema.contract import contract
from server.admission import Admission, renewed, scope_of, told
from server.doors import Doors
from server.downloads import Downloads
from server.drain import Drain
from server.exports import export_routes
from server.graphql import GraphQLDoor, Manners
from server.health import Preparation, Probe, health_routes, redis_probe
from server.origins import open_to
from server.otlp import otlp_routes
from server.replies import STATUSES
from server.rest import rest_routes
from server.settings import Settings
from server.socket import SocketLimits
from server.sse import EventStreams
from server.trusted import trusted_documents
from server.web import web_routes
from server.websocket import WebSocketDoor

Work: TypeAlias = Callable[[], Awaitable[None]]

MERGING = timedelta(seconds=10)
WRITERS_CONNECTIONS = 4
REFUSAL_SECONDS = 0.25
WEB = Path(__file__).parent.parent / "web" / "dist"


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What is open while the server runs."""

    database: Database
    admission: Admission
    broker: RedisBroker
    exporter: Exporter
    preparation: Preparation
    redis_answers: Probe


@asynccontextmanager
async def open_resources(settings: Settings, database_url: str, redis_url: str) -> AsyncIterator[Resources]:
    """Open the databases, the broker and the writer; at the end finish what is under way and close them in reverse.

    Raises Unavailable when the database does not answer. Redis may be down.
    """
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            open_database(database_url, connections=settings.database_connections, read_deadline=settings.read_seconds)
        )
        open_memory(database, settings.key_pepper)
        listen(database)
        log = Log(read=partial(read_log, database), head=partial(head, database), trouble=(Unavailable,))
        broker = await stack.enter_async_context(open_broker(redis_url, log))
        limits = WriterLimits(deadline=settings.write_seconds)
        writer = await stack.enter_async_context(open_writer(database, broker, catalogue_price, limits))
        buckets = await stack.enter_async_context(_buckets(settings, redis_url))
        redis_answers = await stack.enter_async_context(redis_probe(redis_url))
        preparation = Preparation()
        prepare = partial(_prepare, database, settings.dev_key)
        schedule = Schedule(
            every=timedelta(seconds=settings.upkeep_seconds), stale_after=timedelta(seconds=settings.stale_seconds)
        )
        works = (
            partial(keep_uses, database),
            partial(keep_up, database, broker, schedule),
            partial(keep_retained, database, broker, schedule.every),
            partial(keep_merged, database, MERGING),
            partial(keep_forgetting, database, timedelta(days=settings.event_days), schedule.every),
        )
        await stack.enter_async_context(in_background(partial(_begin, preparation, prepare, works)))
        yield Resources(
            database=database,
            admission=Admission(
                database=database,
                writer=writer,
                broker=broker,
                buckets=buckets,
                tickets=Tickets(secret=settings.export_secret, seconds=settings.export_url_seconds),
            ),
            broker=broker,
            exporter=Exporter(
                database=database,
                url=database_url,
                connections=settings.export_connections,
                seconds=settings.export_seconds,
            ),
            preparation=preparation,
            redis_answers=redis_answers,
        )


def application(resources: Resources, settings: Settings, drain: Drain) -> ASGIApp:
    """The doors."""
    ours = contract_engine(settings)
    streams = EventStreams(
        engine=ours, drain=drain, ping_seconds=settings.ping_seconds, send_seconds=settings.send_seconds
    )
    http = GraphQLDoor(
        engine=ours,
        admit=resources.admission,
        streams=streams,
        max_body_bytes=settings.max_body_bytes,
        body_seconds=settings.body_seconds,
        manners=Manners(statuses=STATUSES[settings.status_codes], compress_bytes=settings.compress_bytes),
    )
    origins = frozenset((settings.allowed_origins or "").replace(" ", "").split(",")) - {""}
    limits = SocketLimits(
        operations=settings.max_socket_operations,
        init_seconds=settings.init_seconds,
        ping_seconds=settings.ping_seconds,
        send_seconds=settings.send_seconds,
    )
    websocket = WebSocketDoor(engine=ours, admit=resources.admission, drain=drain, limits=limits, origins=origins)
    downloads = Downloads(
        exporter=resources.exporter,
        tickets=resources.admission.tickets,
        database=resources.database,
        drain=drain,
        send_seconds=settings.send_seconds,
    )
    others = Starlette(
        routes=[
            *otlp_routes(
                resources.admission, max_body_bytes=settings.max_body_bytes, body_seconds=settings.body_seconds
            ),
            *export_routes(downloads),
            *rest_routes(
                ours,
                resources.admission,
                downloads,
                max_body_bytes=settings.max_body_bytes,
                body_seconds=settings.body_seconds,
            ),
            *health_routes(resources.database, resources.redis_answers, resources.preparation, drain),
            *web_routes(WEB, settings.dev_key),
        ]
    )
    return open_to(Doors(http=http, websocket=websocket, others=others), origins)


def contract_engine(settings: Settings) -> Engine:
    """The engine for our own schema."""
    limits = Limits(
        document_bytes=settings.max_document_bytes,
        tokens=settings.max_document_tokens,
        depth=settings.max_depth,
        aliases=settings.max_aliases,
        directives=settings.max_directives,
        cost=settings.max_cost,
    )
    deadlines = Deadlines(read=settings.read_seconds, write=settings.write_seconds)
    schema = contract._schema  # noqa: SLF001  Strawberry has no public way to it
    path = settings.trusted_documents
    trusted = trusted_documents(Path(path)) if path else {}
    persisted = Persisted(trusted, only_trusted=settings.only_trusted_documents)
    ours = engine(schema, limits=limits, deadlines=deadlines, fresh=renewed, scope=scope_of, persisted=persisted)
    # Some connections are for the writer alone, however many ask.
    connections = max(1, settings.database_connections - WRITERS_CONNECTIONS)
    width = Width(
        inside=min(settings.max_running_reads, connections), waiting=settings.max_waiting_reads, refusal=REFUSAL_SECONDS
    )
    return replace(ours, gate=Gate(width), told=told)


@asynccontextmanager
async def _buckets(settings: Settings, redis_url: str) -> AsyncIterator[Buckets | None]:
    """The buckets of keys, where these have a limit."""
    if not settings.rate_limit:
        yield None
        return
    async with open_buckets(redis_url, Rate(per_second=settings.rate_limit, burst=settings.rate_burst)) as buckets:
        yield buckets


async def _prepare(database: Database, dev_key: str | None) -> None:
    lacking = await missing()
    if lacking:
        raise Unavailable(f"The database is not migrated (python -m server migrate); missing: {', '.join(lacking)}.")
    if dev_key is not None:
        await ensure_development_key(database, dev_key)


async def _begin(preparation: Preparation, prepare: Work, works: Sequence[Work]) -> None:
    """Prepare, and only then do in the background what there is to do for as long as the process lives."""
    await preparation.run(prepare)
    async with in_background(*works):
        await asyncio.Event().wait()
