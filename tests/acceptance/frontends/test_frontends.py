"""The tools and clients of front ends: they find nothing wrong with our schema, and get along with our doors."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from operations.documents import Documents
from operations.limits import Limits
from schema.contract import contract
from scripts.memory import free_port
from server.trusted import trusted_documents
from tests.acceptance.asking import Caller
from tests.acceptance.followers import Follower, following
from tests.servers import ROOT, Server
from tests.waiting import until

HERE = Path(__file__).parent
NODE = str(ROOT / "scripts/node")
SCHEMA = ROOT / "schema/schema.graphql"
TRACES = HERE / "Traces.graphql"

# Parts of the schema that were promised and are still to come.
TO_COME = {"Duration", "Subscription.trace", "Subscription.analytics"}


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    """What package-lock.json names, installed beside it."""
    installed, locked = HERE / "node_modules" / ".package-lock.json", HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
        subprocess.run([NODE, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE, check=True)


def run(script: str, *arguments: object) -> Any:
    command = [NODE, "node", str(HERE / script), *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return json.loads(finished.stdout)


def test_the_rules_of_graphql_eslint() -> None:
    """The recommended rules for schemas and those of Relay hold; the script says why some do not apply to us."""
    assert run("lint.mjs", SCHEMA) == []


def test_nothing_that_was_promised_has_changed() -> None:
    """Against the schema that was promised nothing has changed that would break a client."""
    breaking = run("inspect.mjs", HERE / "promised.graphql", SCHEMA)

    assert [change for change in breaking if change["path"] not in TO_COME] == []


def test_graphql_codegen_makes_types() -> None:
    """Types are made of the schema and a document, with every scalar known."""
    made = run("codegen.mjs", SCHEMA, TRACES)["made"]

    assert "export type TracesQuery = " in made
    assert "export type CreateMutationVariables = " in made


@contextmanager
def compiled(folder: Path) -> Iterator[dict[str, str]]:
    """The documents that relay-compiler makes of a page, by their ids."""
    shutil.copytree(HERE / "app", folder / "app")
    shutil.copy(SCHEMA, folder / "schema.graphql")
    (folder / "relay.config.json").write_text(
        json.dumps(
            {
                "src": "./app",
                "schema": "./schema.graphql",
                "language": "javascript",
                "persistConfig": {"file": "./persisted.json", "algorithm": "SHA256"},
            }
        )
    )
    (folder / "persisted.json").write_text("{}")
    (folder / "package.json").write_text("{}")
    command = [NODE, "node", str(HERE / "node_modules/relay-compiler/cli.js"), str(folder / "relay.config.json")]
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    yield trusted_documents(folder / "persisted.json")


def test_relay_compiler_makes_documents_that_can_be_trusted(tmp_path: Path, server: Server) -> None:
    """What relay-compiler makes of a list with more pages is valid and answered; its manifest is one of ours."""
    documents = Documents(contract._schema, Limits())  # noqa: SLF001  Strawberry has no public way to it
    with compiled(tmp_path) as made:
        names = sorted(documents.prepare(text, None).name or "" for text in made.values())
        pages = next(text for text in made.values() if "query TracesQuery" in text)

    assert names == ["TracesCreateMutation", "TracesPaginationQuery", "TracesQuery", "TracesRowQuery"]
    body = {"query": pages, "variables": {"count": 1}}
    answer = httpx.post(f"{server.url}/graphql", json=body, headers=server.headers, trust_env=False).json()
    assert answer["data"]["traces"]["pageInfo"] == {"endCursor": None, "hasNextPage": False}


def test_apollo_client(server: Server) -> None:
    """Apollo Client reads page by page into one list, and sends each document once."""
    told = run("apollo.mjs", f"{server.url}/graphql", server.key, TRACES)

    assert [*told["first"], *told["more"]] == told["written"][::-1]
    assert told["cached"] == 3
    assert told["wrong"] == ["GRAPHQL_VALIDATION_FAILED"]
    assert told["requests"].count("GET document") + told["requests"].count("POST document") >= 1
    assert "GET hash" in told["requests"]


def test_urql(server: Server) -> None:
    """Urql asks by the hash, sends the document when it is asked to, and from then on the hash is enough."""
    told = run("urql.mjs", f"{server.url}/graphql", server.key, TRACES)

    assert told["read"] == [[told["written"]], [told["written"]]]
    assert told["wrong"] == ["GRAPHQL_VALIDATION_FAILED"]
    assert told["requests"][-1].startswith(("POST", "GET"))
    assert "GET hash" in told["requests"]


FOLLOWERS = ("graphql-ws", "graphql-sse", "apollo", "urql", "page")


def test_followers_survive_a_restart(server: Server, caller: Caller) -> None:
    """Each client sees all that happens once and in order, while it is away too, and leaves when it wants.

    So does the program that our page about following shows.
    """
    server.set("TRACEGRAPH_METRICS_PORT", str(free_port()))
    server.set("TRACEGRAPH_DRAIN_SECONDS", "0.5")
    server.restart()
    with ExitStack() as stack:
        follow = partial(following, server, HERE / "follow.mjs")
        with ThreadPoolExecutor() as pool:
            followers = [*pool.map(lambda name: stack.enter_context(follow(name)), FOLLOWERS)]
        before = [caller.mark(), caller.mark()]
        seen_before = [subjects(follower, before) for follower in followers]
        server.stop()
        for follower in followers:
            follower.lose()
        server.start()
        after = [caller.mark(), caller.mark()]
        for follower in followers:
            follower.order("return")
        after.append(caller.mark())
        seen_after = [subjects(follower, after) for follower in followers]
        open_streams = [server.metric("tracegraph_streams")]
        for follower in followers:
            follower.order("leave")
            until(lambda: server.metric("tracegraph_streams") < open_streams[-1])
            open_streams.append(server.metric("tracegraph_streams"))

    assert seen_before == [before] * len(followers)
    assert seen_after == [after] * len(followers)
    assert open_streams == [5, 4, 3, 2, 1, 0]


def subjects(follower: Follower, expected: Sequence[str]) -> list[str | None]:
    """What as many events as these are about, as far as they come."""
    return [event.subject for _ in expected if (event := follower.next()) is not None]
