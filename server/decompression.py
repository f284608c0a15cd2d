"""Compressed bodies, unpacked within a limit: a small body can't become a large one."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final, TypeAlias

import zstandard

from models.errors import Invalid

Unpack: TypeAlias = Callable[[bytes, int], bytes]

GZIP_WINDOW: Final = 31
ZLIB_WINDOW: Final = 15
RAW_WINDOW: Final = -15
ZSTANDARD_WINDOW: Final = 8 * 1024 * 1024
ZSTANDARD_BITE: Final = 64


class TooLarge(Exception):
    """The body unpacks to more than is allowed."""


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """The body as it was before its content encoding. Raises Invalid, TooLarge, LookupError for another encoding."""
    return ENCODINGS[encoding](body, limit)


def _identity(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise TooLarge
    return body


def _gzip(body: bytes, limit: int) -> bytes:
    return _inflated(body, GZIP_WINDOW, limit)


def _deflate(body: bytes, limit: int) -> bytes:
    """In the frame of zlib, as RFC 9110 has it, or without one, as some clients do."""
    try:
        return _inflated(body, ZLIB_WINDOW, limit)
    except Invalid:
        return _inflated(body, RAW_WINDOW, limit)


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    stream = zlib.decompressobj(window)
    try:
        inflated = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise _broken(error) from None
    if len(inflated) > limit:
        raise TooLarge
    if not stream.eof:
        raise _broken("its end is missing")
    if stream.unused_data:
        raise _broken("something follows its end")
    return inflated


def _zstandard(body: bytes, limit: int) -> bytes:
    """One frame (RFC 8878), in bites that unpack to 2 MiB at most: the unpacker itself knows no limit."""
    stream = zstandard.ZstdDecompressor(max_window_size=ZSTANDARD_WINDOW).decompressobj()
    inflated = bytearray()
    for place in range(0, len(body), ZSTANDARD_BITE):
        if stream.eof:
            raise _broken("something follows its end")
        try:
            inflated += stream.decompress(body[place : place + ZSTANDARD_BITE])
        except zstandard.ZstdError as error:
            raise _broken(error) from None
        if len(inflated) > limit:
            raise TooLarge
    if not stream.eof:
        raise _broken("its end is missing")
    if stream.unused_data:
        raise _broken("something follows its end")
    return bytes(inflated)


def _broken(reason: object) -> Invalid:
    return Invalid(f"The body can't be unpacked: {reason}.")


ENCODINGS: Final[dict[str, Unpack]] = {
    "identity": _identity,
    "gzip": _gzip,
    "deflate": _deflate,
    "zstd": _zstandard,
}
