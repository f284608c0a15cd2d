"""Downloads over real sockets: whole, in parts, compressed, cut off by either side, and refused."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import brotli
import httpx
import orjson
import pytest
import zstandard
from starlette.applications import Starlette

from auth.keys import create_key, revoke_key
from auth.projects import create_project
from auth.viewer import INGEST, READ
from export.exporter import Exporter
from export.fields import chosen
from export.selection import ExportFormat, ExportKind, Selection
from export.tickets import Tickets
from models.database import Database, open_database
from server.downloads import Downloads
from server.drain import Drain
from server.exports import export_routes
from tests.export.stored import lines_of, nobody_exports, store_many
from tests.server.listening import listening
from tests.waiting import eventually

EMPTY = "TRUNCATE trace_steps"
FEW, STEPS = 100, 20_000


@dataclass(frozen=True, kw_only=True)
class Place:
    """A server that offers downloads, and somebody with a key to it."""

    address: str
    database: Database
    tickets: Tickets
    drain: Drain
    project_id: str
    key_id: str

    async def url(self, form: ExportFormat = ExportFormat.NDJSON, **wanted: Any) -> str:
        """The URL of an export of all steps."""
        kind = ExportKind.STEPS
        fields = chosen(kind, wanted.get("fields"))
        selection = Selection(kind=kind, format=form, projects=(self.project_id,), fields=fields)
        text, _ = await self.tickets.issue(self.database, selection, wanted.get("key_id", self.key_id))
        return f"http://{self.address}/exports/{text}"


@pytest.fixture
async def place(database_url: str) -> AsyncIterator[Place]:
    async with open_database(database_url) as database:
        project = await create_project(database, "shop")
        key, _ = await create_key(database, project_id=project["id"], name="reader", scopes={READ})
        await store_many(database, project["id"], FEW)
        downloads = Downloads(
            exporter=Exporter(database=database, url=database_url, connections=1, seconds=60.0),
            tickets=Tickets(),
            database=database,
            drain=Drain(5.0),
            send_seconds=0.5,
        )
        async with listening(Starlette(routes=export_routes(downloads))) as address:
            yield Place(
                address=address,
                database=database,
                tickets=downloads.tickets,
                drain=downloads.drain,
                project_id=project["id"],
                key_id=key["id"],
            )


@pytest.fixture
async def full(place: Place) -> Place:
    """The same with more to download than fits into the buffers of a socket."""
    await place.database.execute(EMPTY)
    await store_many(place.database, place.project_id, STEPS)
    return place


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=30.0, headers={"accept-encoding": "identity"}) as opened:
        yield opened


async def test_a_killed_download_resumes(full: Place, client: httpx.AsyncClient) -> None:
    """Whoever was cut off goes on after the last whole row, and the two halves are the whole."""
    url = await full.url()
    whole, end = lines_of((await client.get(url)).content)
    begun = bytearray()
    async with client.stream("GET", url) as response:
        async for piece in response.aiter_raw(1_000_003):
            begun += piece
            break  # the connection is closed here, in the middle of a row
    half = begun[: begun.rindex(b"\n") + 1].splitlines(keepends=True)
    after = ":".join(orjson.loads(half[-1])[key] for key in ("projectId", "traceId", "id"))
    await eventually(lambda: nobody_exports(full.database))
    rest, rest_end = lines_of((await client.get(url, params={"after": after})).content)

    assert 0 < len(half) < STEPS
    assert [*half, *rest] == whole
    assert end == {"rows": STEPS, "sha256": hashlib.sha256(b"".join(whole)).hexdigest()}
    assert rest_end["rows"] == STEPS - len(half)


@pytest.mark.parametrize(
    ("accepted", "expected", "unpack"),
    [
        ("gzip, zstd;q=0.5", "gzip", lambda body: zlib.decompress(body, 31)),
        ("gzip, deflate, br, zstd", "zstd", lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body)),
        ("br;q=0, *;q=0.1, zstd;q=0", "gzip", lambda body: zlib.decompress(body, 31)),
        ("br, gzip;q=0, zstd;q=x", "br", brotli.decompress),
        ("deflate, gzip;q=0", None, bytes),
    ],
)
async def test_a_download_is_compressed_as_the_client_likes(
    place: Place, client: httpx.AsyncClient, accepted: str, expected: str | None, unpack: Callable[[bytes], bytes]
) -> None:
    """The coding is the one that the client likes best, and what is inside is the same."""
    url = await place.url(fields=["name"])
    plain = (await client.get(url)).content
    async with client.stream("GET", url, headers={"accept-encoding": accepted}) as response:
        packed = b"".join([piece async for piece in response.aiter_raw()])

    assert response.headers.get("content-encoding") == expected
    assert response.headers["vary"] == "accept-encoding"
    assert unpack(packed) == plain


async def test_parquet_is_sent_as_it_is(place: Place, client: httpx.AsyncClient) -> None:
    """Parquet is compressed inside, and named by its type; a part of it is a file of its own."""
    url = await place.url(ExportFormat.PARQUET)
    response = await client.get(url, params={"limit": "7"}, headers={"accept-encoding": "gzip"})

    assert response.headers["content-type"] == "application/vnd.apache.parquet"
    assert response.headers["content-disposition"] == 'attachment; filename="steps.parquet"'
    assert "content-encoding" not in response.headers
    assert response.content[:4] == response.content[-4:] == b"PAR1"


async def test_who_does_not_read_is_cut_off(full: Place) -> None:
    """A client that leaves unread what it was sent loses its connection, and its snapshot in PostgreSQL ends."""
    host, _, port = full.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1_024)
    path = (await full.url()).partition(full.address)[2]
    writer.write(f"GET {path} HTTP/1.1\r\nhost: {full.address}\r\n\r\n".encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")

    assert await eventually(lambda: nobody_exports(full.database))
    received = await everything(reader)
    writer.close()

    assert len(received) < STEPS
    assert b'"end"' not in received[-1]


async def test_a_server_that_stops_cuts_downloads(full: Place, client: httpx.AsyncClient) -> None:
    """A long download does not keep a server from stopping: it breaks off, and goes on elsewhere."""
    async with client.stream("GET", await full.url()) as response:
        pieces = response.aiter_raw(1_000)
        await anext(pieces)
        await full.drain.run()
        with pytest.raises(httpx.TransportError):
            await anext(piece async for piece in pieces if b'"end"' in piece)
    late = await client.get(await full.url())

    assert late.status_code == 503
    assert await eventually(lambda: nobody_exports(full.database))


async def test_there_are_only_so_many_downloads(full: Place, client: httpx.AsyncClient) -> None:
    """One more than are allowed is told when to come again, and may come when there is room."""
    url = await full.url()
    async with client.stream("GET", url) as response:
        pieces = response.aiter_raw(1_000)
        await anext(pieces)
        refused = await client.get(url)
    await eventually(lambda: nobody_exports(full.database))

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    assert refused.headers["content-type"] == "application/problem+json"
    assert (await client.get(url, params={"limit": "1"})).status_code == 200


async def test_the_key_decides_to_the_end(place: Place, client: httpx.AsyncClient) -> None:
    """A URL is worth no more than the key that asked for it: revoked or of other scopes, it opens nothing."""
    writer, _ = await create_key(place.database, project_id=place.project_id, name="writer", scopes={INGEST})
    by_writer = await client.get(await place.url(key_id=writer["id"]))
    await revoke_key(place.database, place.key_id)
    revoked = await client.get(await place.url())

    assert (by_writer.status_code, by_writer.json()["code"]) == (403, "FORBIDDEN")
    assert (revoked.status_code, revoked.json()["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("?after=x", 400, "<projectId>:<traceId>:<id>"),
        ("?limit=0", 400, "no number of rows"),
        ("?limit=1e9", 400, "no number of rows"),
        ("?limit=99999999999999999999999", 400, "no number of rows"),
        ("?afetr=x", 400, "there are after and limit"),
        ("?after=%ff", 400, "not properly encoded"),
        ("x", 403, "no URL of an export"),
    ],
)
async def test_a_wrong_request_is_told_why(
    place: Place, client: httpx.AsyncClient, query: str, status: int, words: str
) -> None:
    """What is wrong is said as a problem (RFC 9457), before anything is read."""
    response = await client.get(await place.url() + query)

    assert (response.status_code, response.json()["status"]) == (status, status)
    assert words in response.json()["detail"]
    assert response.headers["content-type"] == "application/problem+json"


async def test_only_get_is_allowed(place: Place, client: httpx.AsyncClient) -> None:
    """Other methods are refused, and told which one is allowed."""
    response = await client.post(await place.url())

    assert (response.status_code, response.headers["allow"]) == (405, "GET")


async def everything(reader: asyncio.StreamReader) -> list[bytes]:
    """What arrives until the connection ends, in whichever way."""
    pieces = [b""]
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            pieces.append(piece)
    return b"".join(pieces).split(b"\n")
