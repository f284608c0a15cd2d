"""A bare Starlette handler that parses the same JSON and awaits the same group commit, for comparison."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingest.drafts import StepDraft, Usage
from ingest.pricing import unpriced
from ingest.writer import Writer, open_writer
from models.database import open_database
from models.enums import StepKind, StepStatus
from models.values import Json
from pubsub.memory import MemoryBroker


def application(database_url: str, project_id: str) -> Starlette:
    """One route that records one step."""
    writers: list[Writer] = []

    async def create_step(request: Request) -> Response:
        sent = orjson.loads(await request.body())["variables"]["input"]
        draft = StepDraft(
            id=sent["id"], trace_id=sent["traceId"], name=sent["name"], kind=StepKind(sent["kind"]),
            status=StepStatus(sent["status"]), start_time=datetime.fromisoformat(sent["startTime"]),
            end_time=datetime.fromisoformat(sent["endTime"]), time_to_first_token_ms=sent["timeToFirstTokenMs"],
            provider=sent["provider"], request_model=sent["requestModel"], usage=Usage(**sent["usage"]),
            input=Json(orjson.dumps(sent["input"]).decode()), output=Json(orjson.dumps(sent["output"]).decode()),
            attributes=Json(orjson.dumps(sent["attributes"]).decode()),
        )  # fmt: skip
        (outcome,) = await writers[0].record(project_id, [draft])
        return Response(orjson.dumps({"data": {"createStep": {"step": {"id": outcome.id}}}}))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with open_database(database_url) as database, open_writer(database, MemoryBroker(), unpriced) as writer:
            writers.append(writer)
            yield

    return Starlette(routes=[Route("/graphql", create_step, methods=["POST"])], lifespan=lifespan)


if __name__ == "__main__":
    url, project, port = sys.argv[1:]
    uvicorn.run(application(url, project), port=int(port), log_level="error", access_log=False)
