"""The door for OpenTelemetry, in front of a real writer and a real database."""

import asyncio
import gzip
import os
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import httpx
import pytest
import zstandard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from starlette.applications import Starlette
from starlette.routing import Route

from auth.keys import create_key
from auth.projects import create_project
from ingest.catalogue import catalogue_price
from ingest.otlp.identity import step_id_of, trace_id_of
from ingest.otlp.wire import pieces
from ingest.writer import open_writer
from models.database import Database, open_database
from models.errors import Fault, Overloaded, Refused, Unauthenticated, Unavailable
from pubsub.memory import MemoryBroker
from resolvers.context import Context
from server.admission import Admission
from server.otlp import OtlpDoor, Room, otlp_routes
from tests.fakes.spans import CHILD, ROOT, START, TRACE, export, span

URL = "http://tracegraph/v1/traces"
PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
STEPS = "SELECT * FROM trace_steps ORDER BY id"
TRACES = "SELECT * FROM traces"

Post = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as opened:
        yield opened


@pytest.fixture
async def admission(database: Database) -> AsyncIterator[Admission]:
    broker = MemoryBroker()
    async with open_writer(database, broker, catalogue_price) as writer:
        yield Admission(database=database, writer=writer, broker=broker)


async def key(database: Database, *scopes: str) -> str:
    """A key for the project of the test, made if need be."""
    row = await database.fetchrow("SELECT id FROM projects") or await create_project(database, "shop")
    return (await create_key(database, project_id=row["id"], name="test", scopes=scopes))[1]


@pytest.fixture
async def client(database: Database, admission: Admission) -> AsyncIterator[httpx.AsyncClient]:
    application = Starlette(routes=otlp_routes(admission, max_body_bytes=100_000, body_seconds=1.0))
    headers = {"authorization": f"Bearer {await key(database, 'INGEST')}", **PROTOBUF}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), headers=headers) as opened:
        yield opened


async def send(client: httpx.AsyncClient, *spans: Span) -> ExportTraceServiceResponse:
    response = await client.post(URL, content=export(*spans).SerializeToString())
    assert response.status_code == 200
    return ExportTraceServiceResponse.FromString(response.content)


def reason(response: httpx.Response) -> str:
    """What a google.rpc.Status in protobuf says."""
    told = {piece.number: piece.inside for piece in pieces(response.content)}
    return (told[2] or b"").decode()


def child(number: int, **fields: Any) -> Span:
    return span(span_id=number.to_bytes(8), parent_span_id=ROOT, **fields)


async def test_spans_are_stored_before_the_answer(client: httpx.AsyncClient, database: Database) -> None:
    """Who gets a 200 finds the trace and its steps, with the ids that follow from those of the spans."""
    answer = await send(client, child(1), span(name="answer a question"))
    (trace,), steps = await database.fetch(TRACES), await database.fetch(STEPS)

    assert not answer.HasField("partial_success")
    assert (trace["id"], trace["name"], trace["step_count"]) == (trace_id_of(TRACE), "answer a question", 2)
    ids = {step_id_of(TRACE, ROOT, START), step_id_of(TRACE, (1).to_bytes(8), START)}
    assert {step["id"] for step in steps} == ids
    assert {step["parent_id"] for step in steps} == {None, step_id_of(TRACE, ROOT, START)}


async def test_calls_are_priced(client: httpx.AsyncClient, database: Database) -> None:
    """A call that reports tokens and no cost has the cost that its model's price makes of them."""
    usage = {"gen_ai.usage.input_tokens": 1_000, "gen_ai.usage.output_tokens": 100}
    call = {"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", **usage}
    await send(client, span(), span(call, span_id=CHILD, parent_span_id=ROOT))
    (trace,) = await database.fetch(TRACES)

    assert float(trace["cost"]) == 0.0035


async def test_sending_again_changes_nothing(client: httpx.AsyncClient, database: Database) -> None:
    """Exporters retry: the same request twice leaves the same rows and the same events."""
    before = []
    for _ in range(2):
        await send(client, span(), child(1), child(2))
        before.append([await database.fetch(sql) for sql in (TRACES, STEPS, "SELECT * FROM event_log")])

    assert before[0] == before[1]


async def test_json_is_answered_in_json(client: httpx.AsyncClient, database: Database) -> None:
    """OTLP/JSON is stored like protobuf, and answered in JSON."""
    one = {"traceId": TRACE.hex(), "spanId": ROOT.hex(), "name": "a", "startTimeUnixNano": str(START)}
    bad = {**one, "spanId": "00"}
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [one, bad, {"traceId": "?"}]}]}]}
    partly = await client.post(URL, json=body, headers=JSON)
    body["resourceSpans"][0]["scopeSpans"][0]["spans"] = [one]
    fully = await client.post(URL, json=body, headers={"content-type": "application/json; charset=utf-8"})

    assert (partly.status_code, partly.headers["content-type"]) == (200, "application/json")
    assert partly.json()["partialSuccess"]["rejectedSpans"] == "2"
    assert (fully.status_code, fully.json()) == (200, {})
    assert [step["name"] for step in await database.fetch(STEPS)] == ["a"]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstandard.compress),
        ("identity", bytes),
        ("GZIP", gzip.compress),
    ],
)
async def test_packed_bodies(client: httpx.AsyncClient, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """Bodies come packed in every way that exporters know."""
    content = pack(export(span()).SerializeToString())
    response = await client.post(URL, content=content, headers={"content-encoding": encoding})

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "application/x-protobuf"


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.compress)]
)
async def test_bomb(client: httpx.AsyncClient, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """A small body that unpacks to a large one is refused before it does."""
    bomb = pack(bytes(33 * 1024 * 1024))
    response = await client.post(URL, content=bomb, headers={"content-encoding": encoding})

    assert len(bomb) < 50_000
    assert response.status_code == 413
    assert "unpacks to more than" in reason(response)


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"authorization": ""}, b"", 401),
        ({"authorization": "Bearer tg_wrong"}, b"", 401),
        ({"x-tracegraph-project": "absent"}, b"", 404),
        ({"content-encoding": "br"}, b"", 415),
        ({"content-encoding": "gzip, gzip"}, b"", 415),
        ({"content-type": "text/plain"}, b"", 415),
        ({"content-encoding": "gzip"}, b"not packed", 400),
        ({}, b"no protobuf", 400),
        (JSON, b"no JSON", 400),
        ({}, bytes(100_001), 413),
    ],
)
async def test_refusal(client: httpx.AsyncClient, headers: Mapping[str, str], content: bytes, status: int) -> None:
    """What can't be taken is refused with a status that no exporter tries again, and a google.rpc.Status."""
    response = await client.post(URL, content=content, headers=headers)

    assert response.status_code == status
    if response.headers["content-type"] == "application/json":
        assert response.json().keys() == {"code", "message"}
    else:
        assert reason(response)


async def test_key_without_the_scope(client: httpx.AsyncClient, database: Database) -> None:
    """A key that may only read stores nothing."""
    headers = {"authorization": f"Bearer {await key(database, 'READ')}"}
    response = await client.post(URL, content=export(span()).SerializeToString(), headers=headers)

    assert response.status_code == 403
    assert await database.fetch(TRACES) == []


async def test_key_in_a_header_of_its_own(client: httpx.AsyncClient, database: Database) -> None:
    """Some exporters can only send a key by itself."""
    headers = {"authorization": "", "x-api-key": await key(database, "INGEST")}
    response = await client.post(URL, content=b"", headers=headers)

    assert response.status_code == 200


async def test_other_methods(client: httpx.AsyncClient) -> None:
    """Spans are posted."""
    response = await client.get(URL)

    assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_poison_among_good_spans(client: httpx.AsyncClient, database: Database) -> None:
    """Spans that break a rule are rejected one by one, with the reason; all the others are stored."""
    deep: Any = "deepest"
    for _ in range(15):
        deep = [{"in": deep}]
    good = [
        span(),
        child(1, name="\0\0"),
        child(2, name="x" * 70_000),
        span({"a\0b": "c\0d", "input.value": '{"a": "\\u0000\\ud800"}'}, span_id=CHILD, parent_span_id=ROOT),
        span({f"key {number}": "value" for number in range(900)}, span_id=b"explosio", parent_span_id=ROOT),
        span({"deep": deep, "nan": float("nan"), "none": None}, span_id=b"deepdeep", parent_span_id=ROOT),
        child(1, name="\0\0"),
    ]
    bad = [
        child(3, end_time_unix_nano=START - 1_000_000),
        child(4, start_time_unix_nano=2**64 - 1),
        child(5, trace_id=b""),
        span(span_id=b"short", parent_span_id=ROOT),
        child(6, start_time_unix_nano=0),
        span(span_id=ROOT, parent_span_id=ROOT),
    ]
    answer = await send(client, *[one for pair in zip(good, [*bad, child(7)], strict=True) for one in pair])
    stored = await database.fetch(STEPS)

    assert answer.partial_success.rejected_spans == 6
    assert "endTime: It ends before it starts" in answer.partial_success.error_message
    assert "And 1 more." in answer.partial_success.error_message
    assert len(stored) == 7


async def test_span_that_is_too_large(client: httpx.AsyncClient, database: Database) -> None:
    """A span with more in it than a step may have is rejected alone."""
    huge = span({"input.value": "x" * 1_100_000}, span_id=CHILD, parent_span_id=ROOT)
    content = gzip.compress(export(huge, span()).SerializeToString())
    response = await client.post(URL, content=content, headers={"content-encoding": "gzip"})
    answer = ExportTraceServiceResponse.FromString(response.content)

    assert answer.partial_success.rejected_spans == 1
    assert [step["name"] for step in await database.fetch(STEPS)] == ["answer"]


async def test_unreadable_text_among_good_spans(client: httpx.AsyncClient, database: Database) -> None:
    """Bytes that are no UTF-8 in one span don't cost the others."""
    body = export(span(), child(1, name="BROKEN")).SerializeToString().replace(b"BROKEN", b"br\xffken")
    response = await client.post(URL, content=body)

    assert (response.status_code, response.content) == (200, b"")
    assert {step["name"] for step in await database.fetch(STEPS)} == {"answer", "br\N{REPLACEMENT CHARACTER}ken"}


async def test_trace_ids_of_every_kind(client: httpx.AsyncClient, database: Database) -> None:
    """Every sixteen bytes are an id, those too that look like a UUIDv7 of a distant future."""
    strange = bytes.fromhex("ffffffffffff7fffbfffffffffffffff")
    ids = [os.urandom(16) for _ in range(200)] + [strange]
    answer = await send(client, *[span(trace_id=trace_id) for trace_id in ids])

    assert answer.partial_success.rejected_spans == 0
    assert len(await database.fetch(TRACES)) == 201


async def test_more_spans_than_one_commit_takes(client: httpx.AsyncClient, database: Database) -> None:
    """A batch of any number of spans is stored as a whole."""
    spans = [span(), *(child(number) for number in range(1, 2_500))]
    content = gzip.compress(export(*spans).SerializeToString())
    response = await client.post(URL, content=content, headers={"content-encoding": "gzip"})

    assert response.status_code == 200
    assert [trace["step_count"] for trace in await database.fetch(TRACES)] == [2_500]
    assert {step["parent_id"] for step in await database.fetch(STEPS)} == {None, step_id_of(TRACE, ROOT, START)}


@pytest.mark.parametrize(
    ("fault", "status", "headers"),
    [
        (Overloaded(retry_after=1.5), 429, {"retry-after": "2"}),
        (Unavailable(), 503, {"retry-after": "1"}),
        (Unauthenticated(), 401, {"www-authenticate": 'Bearer realm="tracegraph"'}),
        (Refused(), 403, {}),
    ],
)
async def test_fault(fault: Fault, status: int, headers: Mapping[str, str]) -> None:
    """When we can't store now, the exporter learns when to try again; when never, that it need not."""
    response = await post(failing(fault))

    assert response.status_code == status
    assert reason(response) == fault.message
    assert headers.items() <= response.headers.items()


async def test_mistake_of_ours(logged: list[MutableMapping[str, Any]]) -> None:
    """What is not the sender's business stays in our log, under the id that the sender gets."""
    response = await post(failing(ValueError("a secret detail")))

    assert response.status_code == 500
    assert "secret" not in response.text
    assert logged[0]["error_id"] in reason(response)


async def test_slow_body() -> None:
    """Who does not finish sending is let go."""

    async def body() -> AsyncIterator[bytes]:
        yield b"\n"
        await asyncio.Event().wait()

    response = await post(admitting, body())

    assert response.status_code == 408


async def test_room_is_bounded() -> None:
    """What all requests together hold unpacked is bounded; one alone always fits."""
    room = Room(100)
    with room.holding(1_000), pytest.raises(Overloaded), room.holding(1):
        pass
    with room.holding(60), room.holding(40):
        pass
    with room.holding(100):
        pass


def failing(error: Exception) -> Callable[[str | None, str | None], Awaitable[Context]]:
    async def admit(_authorization: str | None, _project: str | None) -> Context:
        raise error

    return admit


async def admitting(_authorization: str | None, _project: str | None) -> Any:
    return type("Admitted", (), {"viewer": type("Anybody", (), {"scopes": {"INGEST"}})})


async def post(admit: Any, content: Any = b"") -> httpx.Response:
    door = OtlpDoor(admit=admit, max_body_bytes=1_000, body_seconds=0.05)
    transport = httpx.ASGITransport(Starlette(routes=[Route("/v1/traces", door)]))
    async with httpx.AsyncClient(transport=transport) as client:
        return await client.post(URL, content=content, headers=PROTOBUF)
