"""A provider of models with OpenAI's API: it answers at once, always the same, and fails when it is asked to."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

ANSWER = "It is 21 °C in Oslo."
TOOL_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'},
}
USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 30,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 100, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 12, "audio_tokens": 0},
}
ERROR = {"error": {"message": "Slow down.", "type": "rate_limit_error", "code": "rate_limit_exceeded", "param": None}}


async def chat(request: Request) -> Response:
    """Call the tool until its result is among the messages, then answer; the model `broken` is never available."""
    body = await request.json()
    if body["model"] == "broken":
        return JSONResponse(ERROR, status_code=429)
    wants_tool = bool(body.get("tools")) and all(message["role"] != "tool" for message in body["messages"])
    if body.get("stream"):
        return StreamingResponse(_chunks(body), media_type="text/event-stream")
    message: dict[str, Any] = {"role": "assistant", "content": None if wants_tool else ANSWER}
    if wants_tool:
        message["tool_calls"] = [TOOL_CALL]
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": "tool_calls" if wants_tool else "stop"}
    return JSONResponse({**_head(body["model"], "chat.completion"), "choices": [choice], "usage": USAGE})


async def embeddings(request: Request) -> Response:
    """Two dimensions are enough for everything."""
    body = await request.json()
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    data = [{"object": "embedding", "index": index, "embedding": [0.5, -0.5]} for index, _ in enumerate(texts)]
    usage = {"prompt_tokens": 8, "total_tokens": 8}
    return JSONResponse({"object": "list", "data": data, "model": body["model"], "usage": usage})


@contextmanager
def provider() -> Iterator[str]:
    """Run it; the base URL for a client."""
    routes = [
        Route("/v1/chat/completions", chat, methods=["POST"]),
        Route("/v1/embeddings", embeddings, methods=["POST"]),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=0, log_level="error", lifespan="off"))
    started = threading.Event()
    server.startup = _announced(server.startup, started)  # type: ignore[method-assign]  # uvicorn tells nobody else
    thread = threading.Thread(target=server.run)
    thread.start()
    started.wait()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join()


def _announced(startup: Any, started: threading.Event) -> Any:
    async def announce(*arguments: Any, **options: Any) -> None:
        await startup(*arguments, **options)
        started.set()

    return announce


def _head(model: str, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_700_000_000, "model": f"{model}-2024-08-06"}


async def _chunks(body: dict[str, Any]) -> AsyncIterator[str]:
    head = _head(body["model"], "chat.completion.chunk")
    words: list[dict[str, str]] = [
        {"role": "assistant", "content": ""},
        *({"content": word + " "} for word in ANSWER.split()),
    ]
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in words]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    for choice in choices:
        yield f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"
    if body.get("stream_options", {}).get("include_usage"):
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': USAGE})}\n\n"
    yield "data: [DONE]\n\n"
