"""What the doors log while a test runs, in place of what they would print."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """The lines that were logged so far."""
    with capture_logs() as lines:
        yield lines
