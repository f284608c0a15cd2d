"""Packed bodies are unpacked as a whole, within a limit, or refused."""

import gzip
import zlib
from collections.abc import Callable

import pytest
import zstandard

from models.errors import Invalid
from server.decompression import TooLarge, unpacked

TEXT = b"many words, and words again, " * 100
Pack = Callable[[bytes], bytes]


def raw_deflate(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(text) + packer.flush()


def streamed_zstandard(text: bytes) -> bytes:
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(text) + packer.flush()


packs = pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param("deflate", zlib.compress, id="deflate"),
        pytest.param("deflate", raw_deflate, id="deflate without a frame"),
        pytest.param("zstd", zstandard.compress, id="zstd"),
        pytest.param("zstd", streamed_zstandard, id="zstd of unknown size"),
    ],
)


@packs
def test_unpacks(encoding: str, pack: Pack) -> None:
    """What was packed comes out, up to the limit exactly, and nothing of nothing."""
    assert unpacked(pack(TEXT), encoding, len(TEXT)) == TEXT
    assert unpacked(pack(b""), encoding, 10) == b""


@packs
def test_limit(encoding: str, pack: Pack) -> None:
    """One byte too many is too many."""
    with pytest.raises((TooLarge, Invalid)):
        unpacked(pack(TEXT), encoding, len(TEXT) - 1)


@packs
def test_damaged(encoding: str, pack: Pack) -> None:
    """A body that was cut off, or that goes on after its end, is not taken for a whole one."""
    for damaged in (pack(TEXT)[:-3], pack(TEXT) + pack(TEXT), pack(TEXT) + b"more", b"", b"not packed"):
        with pytest.raises(Invalid):
            unpacked(damaged, encoding, 10 * len(TEXT))


def test_unknown_encoding() -> None:
    """Only encodings that we know are asked for."""
    with pytest.raises(LookupError):
        unpacked(TEXT, "br", 10_000)
    assert unpacked(TEXT, "identity", len(TEXT)) == TEXT
    with pytest.raises(TooLarge):
        unpacked(TEXT, "identity", len(TEXT) - 1)
