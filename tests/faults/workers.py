"""Which workers a server has, as its log tells."""

from __future__ import annotations

import re

from tests.servers import Server

READY = re.compile(r'"worker":(\d+),"event":"worker ready"|"event":"worker ready".*?"worker":(\d+)')


def ready_workers(server: Server) -> list[int]:
    """The processes that got ready so far, in that order."""
    return [int(found[0] or found[1]) for found in READY.findall(server.log.read_text())]
