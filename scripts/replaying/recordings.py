"""Recordings: the runs of an agent, and the requests of a service whose times and sizes they are given."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import orjson

Message: TypeAlias = Mapping[str, Any]
"""A chat message as OpenAI writes it: `role`, `content`, and `tool_calls` or `tool_call_id`."""


class RecordingError(Exception):
    """A file that is no recording."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of an agent; `reward` is 1 when it did what it was asked for."""

    task_id: int
    trial: int
    reward: float
    messages: Sequence[Message]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request of a model: when it came, and how many tokens it read and wrote."""

    moment: datetime
    context_tokens: int
    generated_tokens: int


def read_runs(path: Path) -> list[Run]:
    """The runs in a file of JSON lines, gzipped or not. Raises RecordingError."""
    try:
        return [_run(orjson.loads(line)) for line in _lines(path)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path} holds no recorded runs: {error!r}"
        raise RecordingError(message) from error


def read_requests(path: Path) -> list[Request]:
    """The requests in a CSV file, gzipped or not, in the order of their times. Raises RecordingError."""
    try:
        rows = csv.DictReader(_lines(path))
        return sorted((_request(row) for row in rows), key=lambda request: request.moment)
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path} holds no recorded requests: {error!r}"
        raise RecordingError(message) from error


def write_runs(path: Path, runs: Sequence[Run]) -> None:
    """Write runs down as `read_runs` reads them."""
    lines = (orjson.dumps(vars(run)) + b"\n" for run in runs)
    path.write_bytes(gzip.compress(b"".join(lines), mtime=0))


def write_requests(path: Path, requests: Sequence[Request]) -> None:
    """Write requests down as `read_requests` reads them."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("TIMESTAMP", "ContextTokens", "GeneratedTokens"))
    for request in requests:
        table.writerow((request.moment.replace(tzinfo=None), request.context_tokens, request.generated_tokens))
    path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


def _lines(path: Path) -> Iterator[str]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return (line for line in text.split("\n") if line.strip())


def _run(written: Mapping[str, Any]) -> Run:
    run = Run(
        task_id=written["task_id"], trial=written["trial"], reward=written["reward"], messages=written["messages"]
    )
    if not all(isinstance(message["role"], str) for message in run.messages):
        message = "a message has no role"
        raise ValueError(message)
    return run


def _request(row: Mapping[str, str]) -> Request:
    return Request(
        moment=datetime.fromisoformat(row["TIMESTAMP"]).replace(tzinfo=UTC),
        context_tokens=int(row["ContextTokens"]),
        generated_tokens=int(row["GeneratedTokens"]),
    )
