"""What one would write by hand for these questions alone: Starlette, asyncpg and orjson, no key and no rules."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STEP = (
    'id, name, kind, status, start_time AS "startTime", end_time AS "endTime", duration_ms AS "durationMs", provider,'
    " model, cost"
)
TRACE = (
    'id, name, status, start_time AS "startTime", end_time AS "endTime", duration_ms AS "durationMs",'
    ' session_id AS "sessionId", user_id AS "userId", environment'
)
TRACES = f"SELECT {TRACE} FROM traces WHERE project_id = $1 ORDER BY start_time DESC, id DESC LIMIT 50"
NAMES = "SELECT id, name FROM traces WHERE project_id = $1 ORDER BY start_time DESC, id DESC LIMIT 50"
ONE = "SELECT id, name FROM traces WHERE project_id = $1 AND id = $2"
STEPS = f"""
SELECT wanted.place, steps.* FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (trace, place)
CROSS JOIN LATERAL (
    SELECT {STEP} FROM trace_steps WHERE project_id = $1 AND trace_id = wanted.trace
    ORDER BY start_time, id LIMIT 20
) AS steps
ORDER BY wanted.place, "startTime", id
"""
STEP_NAMES = ("id", "name", "kind", "status", "startTime", "endTime", "durationMs", "provider", "model", "cost")


class Handler:
    """Answers one of the questions by its name."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], project_id: str) -> None:
        self._pool = pool
        self._project_id = project_id

    async def answer(self, request: Request) -> Response:
        """Run the statements of the question and write what they return."""
        asked = orjson.loads(await request.body())
        match asked["operationName"]:
            case "page":
                traces = await self._pool.fetch(NAMES, self._project_id)
                data: Any = {"traces": {"nodes": await self._with_steps(traces)}}
            case "trace":
                traces = await self._pool.fetch(ONE, self._project_id, asked["variables"]["id"])
                data = {"trace": (await self._with_steps(traces))[0]}
            case "list":
                rows = await self._pool.fetch(TRACES, self._project_id)
                data = {"traces": {"nodes": [dict(row) for row in rows]}}
            case _:
                data = {"__typename": "Query"}
        return Response(orjson.dumps({"data": data}, option=orjson.OPT_UTC_Z), media_type="application/json")

    async def _with_steps(self, traces: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
        rows = await self._pool.fetch(STEPS, self._project_id, [trace["id"] for trace in traces])
        steps = {
            place: [dict(zip(STEP_NAMES, values, strict=True)) for _, *values in group]
            for place, group in groupby(rows, key=itemgetter("place"))
        }
        return [
            {"id": trace["id"], "name": trace["name"], "steps": {"nodes": steps.get(place, [])}}
            for place, trace in enumerate(traces, 1)
        ]


def application(database_url: str, project_id: str) -> Starlette:
    """One route that answers them all, and one that answers without thinking."""
    handlers: list[Handler] = []

    async def answer(request: Request) -> Response:
        return await handlers[0].answer(request)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            database_url, init=_prepare, reset=_keep, server_settings={"jit": "off"}
        ) as pool:
            handlers.append(Handler(pool, project_id))
            yield

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])], lifespan=lifespan)


async def _prepare(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    for name in ("uuid", "numeric"):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=str, format="text")


async def _keep(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Spare the round trip that resets session state, as our server does."""


if __name__ == "__main__":
    url, project, port = sys.argv[1:]
    uvicorn.run(application(url, project), port=int(port), log_level="error", access_log=False)
