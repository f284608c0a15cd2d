"""Logs: one JSON object a line on stderr, ours and those of the libraries alike."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TypeAlias

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer

Entry: TypeAlias = MutableMapping[str, Any]

LONGEST_TEXT = 2_000
FRAMES = 20

# Libraries tell us when something is wrong; what they do all day is not news.
QUIET = ("asyncio", "tortoise", "uvicorn.access", "websockets")


def configure_logs(level: str) -> None:
    """Send everything from this level on to stderr."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Without locals: they hold what people sent us, and keys.
    exceptions = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=FRAMES))
    renderer = structlog.processors.JSONRenderer(serializer=_line)
    structlog.configure(
        processors=[*shared, exceptions, _bounded, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, exceptions, _bounded, renderer],
    )
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _bounded(_logger: object, _method: str, entry: Entry) -> Entry:
    """Keep what others wrote into an error from filling our disk."""
    for trace in entry.get("exception") or ():
        if isinstance(trace, dict):
            trace["exc_value"] = str(trace.get("exc_value"))[:LONGEST_TEXT]
    entry["event"] = str(entry["event"])[:LONGEST_TEXT]
    return entry


def _line(entry: Entry, **_options: object) -> str:
    return orjson.dumps(entry, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
