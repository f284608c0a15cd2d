"""Poison over HTTP: whatever is sent, nobody else suffers, and the connection can be used again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection

import pytest

from tests.acceptance.poison.batches import (
    Reply,
    assert_contained,
    assert_good,
    good_request,
    literal_request,
    reply,
    request,
)
from tests.poison import Poison, corpus
from tests.servers import Server

POISONS = list(corpus())
RESPONSE = "application/graphql-response+json"


class Poster:
    """Posts over one connection."""

    def __init__(self, server: Server) -> None:
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
        self._connection.connect()
        self._socket = self._connection.sock
        self._headers = {**server.headers, "Content-Type": "application/json", "Accept": RESPONSE}

    def post(self, body: bytes) -> tuple[int, Reply]:
        """The status and the reply; raises AssertionError when the connection is no longer the one of the beginning."""
        self._connection.request("POST", "/graphql", body, self._headers)
        response = self._connection.getresponse()
        text = response.read()
        assert self._connection.sock is self._socket
        return response.status, reply(text)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@pytest.fixture
def poster(shared_server: Server) -> Iterator[Poster]:
    poster = Poster(shared_server)
    yield poster
    poster.close()


@pytest.mark.parametrize("poison", POISONS, ids=[poison.name for poison in POISONS])
def test_poison_in_variables_harms_nobody(poster: Poster, poison: Poison) -> None:
    """Poison is refused alone or with its request, never with a status of 500; the next request is carried out."""
    assert_harmless(poster, poison, request(poison))


@pytest.mark.parametrize("poison", POISONS, ids=[poison.name for poison in POISONS])
def test_poison_in_literals_harms_nobody(poster: Poster, poison: Poison) -> None:
    """Poison in a document is refused alone or with its document; the next request is carried out."""
    # A document is shorter than variables may be, and its names are no strings: it may be refused for that.
    assert_harmless(poster, replace(poison, harmless=False), literal_request(poison))


def assert_harmless(poster: Poster, poison: Poison, body: bytes) -> None:
    status, said = poster.post(body)
    next_status, next_said = poster.post(good_request())

    assert status < 500
    assert (status == 200) == (said.data is not None)
    assert_contained(poison, said)
    assert next_status == 200
    assert_good(next_said)
