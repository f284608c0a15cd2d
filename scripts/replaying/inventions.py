"""Invented recordings of the shape of real ones, the same ones each time: for who has no recordings at hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson

from scripts.replaying.recordings import Message, Request, Run

SEED = 20231116
RUNS = 120
REQUESTS = 4_000
START = datetime(2023, 11, 16, 18, 15, 46, tzinfo=UTC)
GAP_SECONDS = 0.18
LONGEST_TOKENS = 4_000

SUCCESSES = 0.4
HANDED_OVER = 0.25  # runs that end when a tool takes over
EXPLAINED_CALLS = 0.1
FAILED_CALLS = 0.07

TOOLS = ("find_customer", "find_order", "list_offers", "calculate", "think", "change_order", "cancel_order", "refund")
WORDS = (
    "order", "please", "the", "a", "blue", "two", "tomorrow", "Zürich", "€ 40", "certainly", "which", "address",
    "“yes”", "delivered", "cancel", "change", "it", "is", "not", "card", "ending", "in", "7447", "thank", "you",
    "\N{ELECTRIC PLUG}",
)  # fmt: skip
POLICY = "You answer customers of a shop. Ask before you change anything. Use one tool at a time.\n\n"


def invented_runs(count: int = RUNS) -> list[Run]:
    """So many runs, less than half of them successful."""
    return [_run(random.Random(f"{SEED} run {number}"), number) for number in range(count)]


def invented_requests(count: int = REQUESTS) -> list[Request]:
    """So many requests in bursts, most of them small and some large."""
    source = random.Random(f"{SEED} requests")
    moment, requests = START, []
    for _ in range(count):
        moment += timedelta(seconds=source.gammavariate(0.5, 2 * GAP_SECONDS))
        requests.append(
            Request(moment=moment, context_tokens=_tokens(source, 6.5), generated_tokens=_tokens(source, 4.7))
        )
    return requests


def _tokens(source: random.Random, magnitude: float) -> int:
    return min(LONGEST_TOKENS, 1 + int(source.lognormvariate(magnitude, 1.0)))


def _run(source: random.Random, number: int) -> Run:
    messages = [_said("system", POLICY + _sentence(source, 300)), *_conversation(source)]
    return Run(task_id=number // 2, trial=number % 2, reward=float(source.random() < SUCCESSES), messages=messages)


def _conversation(source: random.Random) -> Iterator[Message]:
    for _ in range(source.randint(3, 12)):
        yield _said("user", _sentence(source, 20))
        for _ in range(source.choice((0, 0, 1, 1, 2, 3))):
            yield from _tool_call(source)
        yield _said("assistant", _sentence(source, 60))
    if source.random() < HANDED_OVER:
        yield _said("user", _sentence(source, 10))
        yield from _tool_call(source)
    else:
        yield _said("user", "Thank you! ###STOP###")


def _tool_call(source: random.Random) -> Iterator[Message]:
    name, call_id = source.choice(TOOLS), f"call_{source.getrandbits(96):024x}"
    arguments = {
        "id": f"#W{source.randint(1, 9_999_999)}",
        "note": _sentence(source, 4),
        "amount": source.random() * 100,
    }
    call = {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": orjson.dumps(arguments).decode()},
    }
    said = _sentence(source, 12) if source.random() < EXPLAINED_CALLS else None
    yield {"role": "assistant", "content": said, "tool_calls": [call]}
    failed = source.random() < FAILED_CALLS
    found = {
        "id": arguments["id"],
        "items": [{"price": round(source.random() * 100, 2)} for _ in range(source.randint(1, 9))],
    }
    answer = "Error: no such order" if failed else orjson.dumps(found).decode()
    yield {"role": "tool", "tool_call_id": call_id, "name": name, "content": answer}


def _said(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def _sentence(source: random.Random, words: int) -> str:
    return " ".join(source.choices(WORDS, k=source.randint(max(1, words // 2), words * 2)))
