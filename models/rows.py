"""A row as every floor sees it: values by column name, whether the driver made it or we did."""

from collections.abc import Iterable
from typing import Any, Protocol


class Row(Protocol):
    """Values by column name: an asyncpg `Record`, or a dict of the same shape."""

    def __getitem__(self, column: str, /) -> Any:
        """The value of a column."""

    def items(self) -> Iterable[tuple[str, Any]]:
        """All columns with their values."""
