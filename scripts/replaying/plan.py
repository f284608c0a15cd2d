"""The plan of a replay: the mutations of each run in their order, with ids and times that are always the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from models.ids import with_time
from scripts.replaying.deal import PAUSE, dealt
from scripts.replaying.recordings import Message, Request, Run

NAME = "customer service"
PROVIDER = "openai"
MODEL = "gpt-4o"
LABEL = "replay"
TOOL_ERROR = "Error"  # how the answer of a tool begins that failed

# How long calls took was not recorded: a model call takes its tokens at a usual speed, within its share of the time
# until the next call of the run; the tools it called share what comes after.
FIRST_TOKEN = timedelta(milliseconds=250)
ONE_TOKEN = timedelta(milliseconds=12)
MODEL_SHARE = 0.6
TOOLS_SHARE = 0.3

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A mutation and the moment at which it is due, as recorded."""

    due: datetime
    field: str
    input: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What tells it from every other mutation of the replay."""
        return f"{self.field} {self.input['id']}"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A model call of a run: what it said at `index`, what it had been given, what the tools it called answered."""

    index: int
    given: Sequence[Message]
    tools: Sequence[int]
    start: datetime
    end: datetime
    next_start: datetime
    request: Request


def planned(runs: Sequence[Run], requests: Sequence[Request]) -> list[list[Mutation]]:
    """The mutations of each run, in the order in which they are sent."""
    wanted = [len(_spoken(run)) for run in runs]
    return [list(_mutations(run, hand)) for run, hand in zip(runs, dealt(wanted, requests), strict=True)]


def identity(run: Run, index: int, moment: datetime) -> str:
    """The UUIDv7 of the message at `index` of a run, or of the run itself (-1)."""
    digest = hashlib.sha256(f"{run.task_id}/{run.trial}/{index}".encode()).digest()
    return str(UUID(bytes=with_time(digest, (moment - EPOCH) // MILLISECOND)))


def _mutations(run: Run, hand: Sequence[Request]) -> Iterator[Mutation]:
    start = end = hand[0].moment
    trace_id = identity(run, -1, start)
    yield Mutation(due=start, field="createTrace", input=_beginning(run, trace_id, start))
    for turn in _turns(run, hand):
        for mutation in (*_model_call(run, turn, trace_id), *_tool_calls(run, turn, trace_id)):
            end = mutation.due
            yield mutation
    yield Mutation(due=end, field="updateTrace", input=_ending(run, trace_id, end))


def _turns(run: Run, hand: Sequence[Request]) -> Iterator[Turn]:
    places = _spoken(run)
    ends = [*places[1:], len(run.messages)]
    next_starts = [*(request.moment for request in hand[1:]), hand[-1].moment + PAUSE]
    before = 0
    for place, end, request, next_start in zip(places, ends, hand, next_starts, strict=False):
        took = min(FIRST_TOKEN + ONE_TOKEN * request.generated_tokens, MODEL_SHARE * (next_start - request.moment))
        yield Turn(
            index=place,
            given=run.messages[before:place],
            tools=[index for index in range(place, end) if run.messages[index]["role"] == "tool"],
            start=request.moment,
            end=request.moment + took,
            next_start=next_start,
            request=request,
        )
        before = place + 1


def _spoken(run: Run) -> list[int]:
    return [index for index, message in enumerate(run.messages) if message["role"] == "assistant"]


def _beginning(run: Run, trace_id: str, start: datetime) -> dict[str, Any]:
    return {
        "id": trace_id,
        "name": NAME,
        "startTime": start.isoformat(),
        "sessionId": f"task {run.task_id}",
        "environment": LABEL,
        "tags": [LABEL],
        "metadata": {"taskId": run.task_id, "trial": run.trial, "reward": run.reward},
        "input": next((message for message in run.messages if message["role"] == "user"), None),
    }


def _ending(run: Run, trace_id: str, end: datetime) -> dict[str, Any]:
    ending = {"id": trace_id, "endTime": end.isoformat(), "output": run.messages[-1]}
    if run.reward >= 1:
        return ending | {"status": "OK"}
    return ending | {"status": "ERROR", "errorType": "TaskFailed", "errorMessage": f"The reward was {run.reward}."}


def _model_call(run: Run, turn: Turn, trace_id: str) -> Iterator[Mutation]:
    key = {"id": identity(run, turn.index, turn.start), "traceId": trace_id}
    beginning = {
        "name": f"chat {MODEL}",
        "kind": "LLM",
        "startTime": turn.start.isoformat(),
        "provider": PROVIDER,
        "requestModel": MODEL,
        "input": turn.given,
    }
    ending = {
        "status": "OK",
        "endTime": turn.end.isoformat(),
        "output": run.messages[turn.index],
        "usage": {"input": turn.request.context_tokens, "output": turn.request.generated_tokens},
    }
    yield Mutation(due=turn.start, field="createStep", input=key | beginning)
    yield Mutation(due=turn.end, field="updateStep", input=key | ending)


def _tool_calls(run: Run, turn: Turn, trace_id: str) -> Iterator[Mutation]:
    """One mutation for each tool: its step is begun and ended at once."""
    calls = {call["id"]: call for call in run.messages[turn.index].get("tool_calls") or ()}
    share = TOOLS_SHARE * (turn.next_start - turn.end) / max(1, len(turn.tools))
    for place, index in enumerate(turn.tools):
        answer = run.messages[index]
        start = turn.end + place * share
        failed = str(answer["content"]).startswith(TOOL_ERROR)
        step = {
            "id": identity(run, index, start),
            "traceId": trace_id,
            "name": answer["name"],
            "kind": "TOOL",
            "status": "ERROR" if failed else "OK",
            "startTime": start.isoformat(),
            "endTime": (start + share).isoformat(),
            "input": calls.get(answer["tool_call_id"]),
            "output": answer,
        } | ({"errorType": "ToolError", "errorMessage": answer["content"]} if failed else {})
        yield Mutation(due=start + share, field="createStep", input=step)
