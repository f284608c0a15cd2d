"""The explanations that the documentation quotes are what the server says about recorded runs of a real agent."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
import pytest

from auth.projects import create_project
from auth.viewer import SCOPES, Viewer
from ingest.catalogue import catalogue_price
from ingest.drafts import Draft, StepDraft, TraceDraft, Usage
from ingest.writer import open_writer
from models.database import open_database
from models.enums import StepKind, StepStatus, TraceStatus
from models.ids import new_id
from models.values import BigInt, Json, Uuid
from operations.engine import engine
from pubsub.memory import MemoryBroker
from resolvers.context import Context
from schema.contract import contract
from scripts.replaying.plan import planned
from scripts.replaying.recordings import read_requests, read_runs
from tests.acceptance.recorded import SHARED
from tests.house.sources import ROOT

QUOTED = re.compile(r"^> (.+)$", re.MULTILINE)
PAGES = ("grades.md", "insights.md")
RUNS = """
query Q($after: Cursor) {
  traces(first: 100, after: $after) {
    nodes { grade { letter components { explanation } } insights { severity title explanation } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


@pytest.fixture
async def context(database_url: str) -> AsyncIterator[Context]:
    """A project with the recorded runs."""
    viewer = Viewer(key_id=new_id(), key_name="test", scopes=SCOPES, project_id=None, expires_at=None)
    broker = MemoryBroker()
    async with open_database(database_url) as database, open_writer(database, broker, catalogue_price) as writer:
        project = await create_project(database, "recorded")
        drafts = recorded()
        for first in range(0, len(drafts), 500):
            await writer.record(project["id"], drafts[first : first + 500])
        yield Context(viewer=viewer, project_id=project["id"], database=database, writer=writer, broker=broker)


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded runs are not beside this checkout")
async def test_what_the_documentation_quotes_is_said(context: Context) -> None:
    """Each sentence quoted from the recorded runs is one that the server says about them, to the letter."""
    pages = {page: (ROOT / "docs/reference" / page).read_text() for page in PAGES}
    said = {explanation for run in await runs(context) for explanation in explanations(run)}

    quoted = {page: QUOTED.findall(text) for page, text in pages.items()}
    assert sum(len(quotes) for quotes in quoted.values()) >= 10
    assert {page: [quote for quote in quotes if quote not in said] for page, quotes in quoted.items()} == {
        page: [] for page in PAGES
    }


async def runs(context: Context) -> list[Any]:
    found: list[Any] = []
    after = None
    while True:
        page = (await ask(context, RUNS, after=after))["traces"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def explanations(run: Mapping[str, Any]) -> list[str]:
    parts = run["grade"]["components"] if run["grade"] else []
    return [part["explanation"] for part in (*parts, *run["insights"])]


async def ask(context: Context, question: str, **variables: Any) -> Any:
    ours = engine(contract._schema)  # noqa: SLF001  Strawberry has no public way to it
    body = orjson.loads((await ours.run(ours.prepare(question, None), variables, replace(context, loaders={}))).body)
    assert "errors" not in body, body
    return body["data"]


def recorded() -> list[Draft]:
    """The recorded runs as drafts: what a replay says about each trace and step, put together."""
    plan = planned(read_runs(SHARED / "agent_runs.jsonl.gz"), read_requests(SHARED / "llm_requests_conv.csv.gz"))
    things: dict[str, dict[str, Any]] = {}
    for mutation in (mutation for run in plan for mutation in run):
        things.setdefault(mutation.input["id"], {}).update(mutation.input)
    return [step_of(thing) if "traceId" in thing else trace_of(thing) for thing in things.values()]


def trace_of(thing: Mapping[str, Any]) -> TraceDraft:
    return TraceDraft(
        id=Uuid(thing["id"]),
        name=thing["name"],
        status=TraceStatus(thing["status"]),
        start_time=datetime.fromisoformat(thing["startTime"]),
        end_time=datetime.fromisoformat(thing["endTime"]),
        error_type=thing.get("errorType"),
    )


def step_of(thing: Mapping[str, Any]) -> StepDraft:
    usage = thing.get("usage", {})
    return StepDraft(
        id=Uuid(thing["id"]),
        trace_id=Uuid(thing["traceId"]),
        name=thing["name"],
        kind=StepKind(thing["kind"]),
        status=StepStatus(thing["status"]),
        start_time=datetime.fromisoformat(thing["startTime"]),
        end_time=datetime.fromisoformat(thing["endTime"]),
        provider=thing.get("provider"),
        request_model=thing.get("requestModel"),
        usage=Usage(**{name: BigInt(count) for name, count in usage.items()}) if usage else None,
        input=Json(orjson.dumps(thing["input"]).decode()),
        error_type=thing.get("errorType"),
    )
