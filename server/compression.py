"""Compressed answers: the coding that a client would rather have, and the bytes in it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, Protocol

import brotli
import zstandard

GZIP_WINDOW: Final = 31
BROTLI_QUALITY: Final = 4
IDENTITY: Final = "identity"


class Packer(Protocol):
    """Compresses a body part by part; not on the event loop, for it takes its time."""

    def compress(self, part: bytes, /) -> bytes:
        """What has to be sent after this part, which may be nothing yet."""

    def flush(self) -> bytes:
        """What comes last."""


def _gzip() -> Packer:
    return zlib.compressobj(wbits=GZIP_WINDOW)


def _zstandard() -> Packer:
    return zstandard.ZstdCompressor().compressobj()


class _Brotli:
    """Brotli in the words of the others."""

    def __init__(self) -> None:
        self._compressor = brotli.Compressor(quality=BROTLI_QUALITY)

    def compress(self, part: bytes, /) -> bytes:
        packed: bytes = self._compressor.process(part)
        return packed

    def flush(self) -> bytes:
        packed: bytes = self._compressor.finish()
        return packed


# The better one first: of two that a client likes as much it gets that one.
PACKERS: Final[Mapping[str, Callable[[], Packer]]] = {"zstd": _zstandard, "br": _Brotli, "gzip": _gzip}


@lru_cache(maxsize=256)
def coding(accept_encoding: str | None) -> str:
    """The coding of ours that a client likes best (RFC 9110, section 12.5.3); `identity` when it names none."""
    liked = dict(_weighed(part) for part in (accept_encoding or "").split(","))
    rest = liked.get("*", 0.0)
    weights = {name: liked.get(name, rest) for name in PACKERS}
    best = max(weights, key=lambda name: weights[name])
    return best if weights[best] > 0 else IDENTITY


def _weighed(part: str) -> tuple[str, float]:
    name, _, parameter = part.partition(";")
    key, _, value = parameter.partition("=")
    try:
        weight = float(value) if key.strip().lower() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return name.strip().lower(), weight
