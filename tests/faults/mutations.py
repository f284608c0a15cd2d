"""What the load asks of the server: mutations with ids of their own, and the facts that each of them states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from models.ids import new_id

STEPS_OF_A_BATCH = 5
STEPS_OF_A_STORY = 2
INPUT = {"createTrace": "CreateTrace", "createStep": "CreateStep", "updateStep": "UpdateStep"} | {
    "updateTrace": "UpdateTrace",
    "ingest": "Ingest",
}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A column of a stored row, and the value that it has because of one mutation and no other."""

    table: str
    id: str
    column: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One mutation; `key` tells it from all others. One that `insists` is sent again until it is answered."""

    key: str
    field: str
    input: Mapping[str, Any]
    facts: Sequence[Fact]
    insists: bool

    @property
    def request(self) -> dict[str, Any]:
        """The body of its HTTP request."""
        kind = f"{INPUT[self.field]}Input"
        document = f"mutation($input: {kind}!) {{ {self.field}(input: $input) {{ {self._asked} }} }}"
        return {"query": document, "variables": {"input": self.input}}

    @property
    def _asked(self) -> str:
        return "accepted refused" if self.field == "ingest" else "userErrors { message path }"


def batch(*, insists: bool) -> Mutation:
    """A trace with its steps, all of it finished, in one mutation."""
    trace_id, now = new_id(), datetime.now(UTC)
    steps = [_step(trace_id, now) | _ending(now) for _ in range(STEPS_OF_A_BATCH)]
    trace = {"id": trace_id, "name": "batch", "startTime": now.isoformat(), "endTime": _later(now)}
    facts = [Fact(table="traces", id=trace_id, column="name", value="batch")]
    facts += [Fact(table="trace_steps", id=step["id"], column="name", value=step["name"]) for step in steps]
    return _mutation("ingest", {"traces": [trace], "steps": steps}, facts, insists=insists)


def story(*, insists: bool) -> Iterator[Mutation]:
    """A trace that is told bit by bit: begun, its steps begun and ended, ended."""
    trace_id, now = new_id(), datetime.now(UTC)
    named = Fact(table="traces", id=trace_id, column="name", value="story")
    yield _mutation("createTrace", {"id": trace_id, "name": "story"}, [named], insists=insists)
    for _ in range(STEPS_OF_A_STORY):
        step = _step(trace_id, now)
        begun = Fact(table="trace_steps", id=step["id"], column="name", value=step["name"])
        yield _mutation("createStep", step, [begun], insists=insists)
        ending = {"id": step["id"], "traceId": trace_id} | _ending(now)
        ended = Fact(table="trace_steps", id=step["id"], column="output_tokens", value="21")
        yield _mutation("updateStep", ending, [ended], insists=insists)
    over = Fact(table="traces", id=trace_id, column="status", value="OK")
    yield _mutation("updateTrace", {"id": trace_id, "status": "OK"}, [over], insists=insists)


def _mutation(field: str, input_: Mapping[str, Any], facts: Sequence[Fact], *, insists: bool) -> Mutation:
    return Mutation(key=f"{field} {facts[0].id}", field=field, input=input_, facts=facts, insists=insists)


def _step(trace_id: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "traceId": trace_id,
        "name": "chat",
        "kind": "LLM",
        "startTime": now.isoformat(),
        "requestModel": "gpt-4o",
        "input": [{"role": "user", "content": "What is the weather in Oslo?"}],
    }


def _ending(now: datetime) -> dict[str, Any]:
    return {
        "endTime": _later(now),
        "usage": {"input": 120, "output": 21},
        "cost": "0.0042",
        "output": {"content": "Rain."},
    }


def _later(now: datetime) -> str:
    return (now + timedelta(seconds=1.5)).isoformat()
