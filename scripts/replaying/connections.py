"""Kept connections to one HTTP server, each used by one thread at a time.

The standard library's client in threads takes a tenth of the time of an asynchronous one, and a replay often shares the
machine with the server that it loads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

MOST = 32
SECONDS = 20.0


class ConnectionLostError(Exception):
    """The server could not be reached, or went away before it had answered."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    content: bytes
    retry_after: str


class Connections:
    """Made by `open_connections`."""

    def __init__(self, address: SplitResult, headers: Mapping[str, str], threads: ThreadPoolExecutor) -> None:
        self._address = address
        self._headers = headers
        self._threads = threads
        self._idle: list[HTTPConnection] = []

    async def post(self, body: bytes) -> Reply:
        """Send a body and wait for the reply. Raises ConnectionLostError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._post, body)

    def close(self) -> None:
        """Close what is not in use."""
        while self._idle:
            self._idle.pop().close()

    def _post(self, body: bytes) -> Reply:
        connection = self._idle.pop() if self._idle else self._opened()
        try:
            connection.request("POST", self._address.path, body=body, headers=dict(self._headers))
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            raise ConnectionLostError(repr(error)) from error
        self._idle.append(connection)
        return Reply(status=response.status, content=content, retry_after=response.getheader("Retry-After", ""))

    def _opened(self) -> HTTPConnection:
        kind = HTTPSConnection if self._address.scheme == "https" else HTTPConnection
        return kind(self._address.hostname or "", self._address.port, timeout=SECONDS)


@asynccontextmanager
async def open_connections(url: str, headers: Mapping[str, str]) -> AsyncIterator[Connections]:
    """Keep up to 32 connections to the server of this URL."""
    threads = ThreadPoolExecutor(MOST, thread_name_prefix="connection")
    connections = Connections(urlsplit(url), headers, threads)
    try:
        yield connections
    finally:
        threads.shutdown(cancel_futures=True)
        connections.close()
