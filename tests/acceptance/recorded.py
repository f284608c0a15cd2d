"""What recordings say that the server must show after a replay, read from the files without the code of the replay."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

SHARED = Path(__file__).parents[3] / "shared" / "data"


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Two files: runs of an agent, and requests whose times and tokens they are given."""

    runs: Path
    arrivals: Path

    def read(self, limit: int | None = None) -> list[dict[str, Any]]:
        """The first `limit` runs as they are written."""
        with gzip.open(self.runs, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in islice(lines, limit)]

    def requests(self, count: int) -> list[tuple[datetime, int, int]]:
        """Time, tokens read and tokens written of the first requests."""
        table = csv.DictReader(io.StringIO(gzip.decompress(self.arrivals.read_bytes()).decode()))
        return [
            (moment(row["TIMESTAMP"]), int(row["ContextTokens"]), int(row["GeneratedTokens"]))
            for row in islice(table, count)
        ]


def moment(text: str) -> datetime:
    """A time, in UTC unless it says otherwise."""
    told = datetime.fromisoformat(text)
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def steps_of(run: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The steps of a run: each model call is given what was said since the one before, each tool its call."""
    unheard: list[Any] = []
    calls: dict[str, Any] = {}
    for message in run["messages"]:
        if message["role"] == "assistant":
            yield {"name": "chat gpt-4o", "kind": "LLM", "input": unheard, "output": message}
            unheard = []
            calls = {call["id"]: call for call in message.get("tool_calls", [])}
            continue
        if message["role"] == "tool":
            call = calls[message["tool_call_id"]]
            yield {"name": message["name"], "kind": "TOOL", "input": call, "output": message}
        unheard = [*unheard, message]


def trace_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """What the trace of a run says about the whole of it."""
    return {
        "status": "OK" if run["reward"] == 1 else "ERROR",
        "metadata": {"taskId": run["task_id"], "trial": run["trial"], "reward": run["reward"]},
        "input": next(message for message in run["messages"] if message["role"] == "user"),
        "output": run["messages"][-1],
        "steps": list(steps_of(run)),
    }


def kinds(traces: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many steps of each kind there are."""
    counts: dict[str, int] = {}
    for trace in traces:
        for step in trace["steps"]:
            counts[step["kind"]] = counts.get(step["kind"], 0) + 1
    return counts
