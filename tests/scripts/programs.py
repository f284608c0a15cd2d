"""Embedded servers for the length of a block."""

from collections.abc import Iterator
from contextlib import contextmanager

from scripts.processes import Program

HASTY = {"fsync": "off"}


@contextmanager
def running(server: Program) -> Iterator[Program]:
    try:
        yield server
    finally:
        server.stop()
