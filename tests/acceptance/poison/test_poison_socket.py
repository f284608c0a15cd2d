"""Poison over a WebSocket: what is no message of the protocol ends the socket, all else ends its own operation only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import orjson
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.acceptance.poison.batches import Reply, assert_contained, assert_good, good_request, request
from tests.poison import Poison, corpus
from tests.servers import Server

POISONS = list(corpus())
SPOKEN = Subprotocol("graphql-transport-ws")
SECONDS = 20.0

# The frame is no text in UTF-8; it is no JSON; it is too large.
UNREADABLE = (1007, 4400, 1009)


class Talker:
    """Talks over one socket, and opens another when it was closed."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._opened = ExitStack()
        self._socket: ClientConnection | None = None

    def ask(self, payload: bytes) -> Reply:
        """The reply to an operation. Raises ConnectionClosedError when the socket is closed instead."""
        socket = self._socket or self._open()
        socket.send(b'{"id":"1","type":"subscribe","payload":%b}' % payload, text=True)
        said: Reply | None = None
        while (message := orjson.loads(socket.recv(SECONDS)))["type"] != "complete":
            body = message.get("payload")
            if message["type"] == "error":
                return Reply(data=None, errors=body, text=str(message))
            if message["type"] == "next":
                said = Reply(data=body["data"], errors=body.get("errors", []), text=str(message)[:1_000])
        assert said is not None
        return said

    def hang_up(self) -> None:
        """Open another socket the next time."""
        self._socket = None
        self._opened.close()

    def _open(self) -> ClientConnection:
        url = self._server.url.replace("http", "ws") + "/graphql"
        connecting = connect(url, subprotocols=[SPOKEN], proxy=None, compression=None, max_size=None)
        self._socket = socket = self._opened.enter_context(connecting)
        shown = {"authorization": f"Bearer {self._server.key}"}
        socket.send(orjson.dumps({"type": "connection_init", "payload": shown}), text=True)
        assert orjson.loads(socket.recv(SECONDS))["type"] == "connection_ack"
        return socket


@pytest.fixture(scope="module")
def talker(shared_server: Server) -> Iterator[Talker]:
    talker = Talker(shared_server)
    yield talker
    talker.hang_up()


@pytest.mark.parametrize("poison", POISONS, ids=[poison.name for poison in POISONS])
def test_poison_harms_nobody(talker: Talker, poison: Poison) -> None:
    """Poison is refused alone or with its operation, and the next operation on the same socket is carried out."""
    payload = request(poison)
    if is_readable(payload):
        assert_contained(poison, talker.ask(payload))
    else:
        with pytest.raises(ConnectionClosedError) as closed:
            talker.ask(payload)
        talker.hang_up()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code in UNREADABLE
        assert not poison.harmless
    assert_good(talker.ask(good_request()))


def is_readable(payload: bytes) -> bool:
    """Whether this is JSON, and not too much of it."""
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        return False
    return len(payload) < 1024 * 1024
