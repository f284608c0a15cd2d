"""Large answers are packed as the client likes it best."""

import zlib
from dataclasses import replace

import brotli
import httpx
import pytest
import zstandard

from server.compression import coding
from server.graphql import GraphQLDoor, Manners
from server.packing import packed
from server.replies import Reply
from tests.fakes.admission import KEY
from tests.server.asking import URL

UNPACKED = {
    "gzip": lambda body: zlib.decompress(body, 31),
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, br;q=0.5, *;q=0", "gzip"),
        ("*", "zstd"),
        ("*;q=0", None),
        ("zstd;q=0, *", "br"),
        ("GZIP", "gzip"),
        ("gzip;q=x", None),
        ("deflate, compress", None),
    ],
)
def test_the_encoding_is_the_one_that_is_liked_best(accept_encoding: str | None, expected: str | None) -> None:
    """Of those that a client accepts equally it is the fastest."""
    assert coding(accept_encoding) == (expected or "identity")


@pytest.mark.parametrize("size", [9_000, 200_000])
@pytest.mark.parametrize("encoding", UNPACKED)
async def test_what_is_packed_can_be_unpacked(encoding: str, size: int) -> None:
    """The body comes back as it was, at whatever length, and says how it is packed."""
    body = b'{"data":"' + b"x" * size + b'"}'
    reply = await packed(Reply(status=200, body=body), encoding, 8_192)

    assert UNPACKED[encoding](reply.body) == body
    assert len(reply.body) < len(body) / 10
    assert reply.headers == {"vary": "accept-encoding", "content-encoding": encoding}


@pytest.mark.parametrize(("size", "least_bytes"), [(100, 8_192), (10_000, 0)])
async def test_what_is_small_stays_as_it_is(size: int, least_bytes: int) -> None:
    """A small answer is not worth it; nor is any where it is so set."""
    reply = Reply(status=200, body=b"x" * size)

    assert await packed(reply, "gzip", least_bytes) is reply


async def test_the_door_compresses(door: GraphQLDoor) -> None:
    """A client that says what it unpacks gets a large answer packed, and one that says nothing as it is."""
    packing = replace(door, manners=Manners(compress_bytes=1_000))
    query = {"query": '{ hello(name: "' + "x" * 1_200 + '") }'}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(packing), headers={"authorization": KEY}) as client:
        sent = await client.post(URL, json=query, headers={"accept-encoding": "gzip"})
        plain = await client.post(URL, json=query, headers={"accept-encoding": "identity"})
        tagged = await client.get(URL, params=query, headers={"accept-encoding": "gzip"})

    assert sent.headers["content-encoding"] == "gzip"
    assert sent.json() == plain.json()
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "accept-encoding"
    assert tagged.headers["vary"] == "accept, authorization, x-tracegraph-project, accept-encoding"
