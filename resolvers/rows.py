"""Which columns of the stored rows an answer may show, and which of them a question wants."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

Columns: TypeAlias = frozenset[str] | None
"""The columns that are wanted; None wants all.

A resolver with an argument `columns` answers rows that have at least these, and all of them the same ones in the same
order.
"""

R = TypeVar("R", bound=Callable[..., Any])

TRACE_COLUMNS = (
    "id", "project_id", "name", "status", "start_time", "end_time", "duration_ms", "session_id", "user_id",
    "environment", "release", "service_name", "tags", "metadata", "input", "output", "error_type", "error_message",
    "first_step_id", "last_step_id", "step_count", "error_count", "input_tokens", "output_tokens", "total_tokens",
    "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "cost", "models", "created_at", "updated_at",
)  # fmt: skip
STEP_COLUMNS = (
    "id", "project_id", "trace_id", "parent_id", "name", "kind", "status", "start_time", "end_time", "duration_ms",
    "time_to_first_token_ms", "provider", "model", "request_model", "response_model", "input_tokens",
    "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "cost",
    "cost_source", "input", "output", "attributes", "error_type", "error_message", "created_at", "updated_at",
)  # fmt: skip
PROJECT_COLUMNS = ("id", "name", "retention_days", "created_at")
KEY_COLUMNS = (
    "id", "project_id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at",
)  # fmt: skip


def reads(*columns: str) -> Callable[[R], R]:
    """Say which columns of its parents an edge reads; one that says nothing is given them all."""

    def declare(resolver: R) -> R:
        READS[resolver] = frozenset(columns)
        return resolver

    return declare


def reads_of(resolver: Callable[..., Any]) -> Columns:
    """The columns of its parents that an edge reads."""
    return READS.get(resolver)


READS: dict[Callable[..., Any], frozenset[str]] = {}


@lru_cache(1024)
def listed(stored: tuple[str, ...], columns: Columns, *keys: str) -> str:
    """What to select of these stored columns: those that are wanted, and the keys, in their order."""
    return ", ".join(name for name in stored if columns is None or name in columns or name in keys)
