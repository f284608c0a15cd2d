"""Replies that are large, packed: answers of GraphQL are repetitive, and shrink to a tenth."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from server.compression import IDENTITY, PACKERS, coding
from server.replies import Reply

# Larger bodies are packed in a thread, beside the loop; the libraries let go of the interpreter meanwhile.
AT_ONCE = 32_768


async def packed(reply: Reply, accept_encoding: str | None, least_bytes: int) -> Reply:
    """The reply, its body packed as the client likes it if it is large enough; 0 packs none."""
    if not 0 < least_bytes <= len(reply.body):
        return reply
    vary = f"{reply.headers['vary']}, accept-encoding" if "vary" in reply.headers else "accept-encoding"
    headers = {**reply.headers, "vary": vary}
    chosen = coding(accept_encoding)
    if chosen == IDENTITY:
        return replace(reply, headers=headers)
    body = (
        _packed(reply.body, chosen)
        if len(reply.body) <= AT_ONCE
        else await asyncio.to_thread(_packed, reply.body, chosen)
    )
    return replace(reply, body=body, headers={**headers, "content-encoding": chosen})


def _packed(body: bytes, chosen: str) -> bytes:
    packer = PACKERS[chosen]()
    return packer.compress(body) + packer.flush()
