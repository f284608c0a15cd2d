"""What streams are made of: what is told at once, and where a follower then stands."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from resolvers.pages import Cursor


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Values that come together, each at its position; positions grow.

    Where a stream can be resumed, the value has its `cursor` and the chunk that of its last position.
    """

    position: int
    cursor: Cursor | None = None
    told: Sequence[tuple[int, Any]] = ()


Chunks: TypeAlias = AsyncGenerator[Chunk, None]
Source: TypeAlias = Callable[..., Chunks]
"""Called as `source(context, columns=..., **arguments)`."""
Beginning: TypeAlias = Callable[..., Awaitable[Chunk]]
"""Called as `beginning(context, **arguments)`: where one follower stands, and what it is told first.

The source continues after the cursor of that chunk, which takes the place of the argument `after`.
"""


def state(position: int, value: Any) -> Chunk:
    """A value that replaces the one before."""
    return Chunk(told=[(position, value)], position=position)
