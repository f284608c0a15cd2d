"""The how-to pages, walked by a stranger who types what they say."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from graphql import build_schema, parse, validate

from scripts.embedded import POSTGRES_BINARIES
from tests.servers import ROOT, Server

PAGES = ROOT / "docs" / "how-to"
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
SOME_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a page in one language, in their order."""
    return [text for kind, text in BLOCK.findall((PAGES / page).read_text()) if kind == language]


@pytest.fixture
def client(shared_server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_server.url, headers=shared_server.headers, trust_env=False, timeout=30) as client:
        yield client


def ask(client: httpx.Client, document: str) -> dict[str, Any]:
    """Ask as a page says; the answer has data and nothing to complain of."""
    answer: dict[str, Any] = client.post("/graphql", json={"query": document}).json()
    assert "errors" not in answer, f"{document}\n{answer}"
    for payload in answer["data"].values():
        assert not payload.get("userErrors"), f"{document}\n{answer}"
    return dict(answer["data"])


@pytest.mark.parametrize("page", sorted(page.name for page in PAGES.glob("*.md")))
def test_every_document_of_a_page_fits_the_schema(page: str) -> None:
    """What a page shows in GraphQL can be sent as it stands."""
    schema = build_schema((ROOT / "schema" / "schema.graphql").read_text())
    mistakes = [str(error) for text in blocks(page, "graphql") for error in validate(schema, parse(text))]

    assert not mistakes


def test_projects_and_keys_are_managed_as_the_page_says(client: httpx.Client) -> None:
    """A stranger makes a project and a key, uses it, revokes it, and deletes traces."""
    create, key, revoke = blocks("manage-projects-and-keys.md", "graphql")
    ask(client, create)
    made = ask(client, key)["createApiKey"]
    headers = {"authorization": f"Bearer {made['secret']}"}
    write = {"query": 'mutation { createTrace(input: {name: "run", environment: "staging"}) { trace { id } } }'}
    before = client.post("/graphql", json=write, headers=headers).status_code
    ask(client, SOME_ID.sub(made["apiKey"]["id"], revoke))
    after = client.post("/graphql", json=write, headers=headers).status_code
    (delete,) = blocks("delete-traces.md", "graphql")
    ask(client, delete)

    assert (before, after) == (200, 401)


def run(commands: str, server: Server, folder: Path) -> None:
    """Type the commands of a block into a shell, with the tools of PostgreSQL and our Python in reach."""
    path = os.pathsep.join([str(Path(sys.executable).parent), str(POSTGRES_BINARIES), os.environ["PATH"]])
    places = {"DATABASE_URL": server.database_url, "REDIS_URL": server.redis_url, "PYTHONPATH": str(ROOT), "PATH": path}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACEGRAPH_")}
    finished = subprocess.run(
        ["bash", "-euc", commands],
        cwd=folder,
        env=kept | places,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    # The PostgreSQL of the tests works without fsync, which the doctor rightly calls ill.
    is_hasty = "doctor" in commands and [*re.findall(r"FAIL (\w+)", finished.stdout)] == ["fsync"]
    assert finished.returncode == 0 or is_hasty, f"{commands}\n{finished.stdout}{finished.stderr}"


def test_a_backup_is_restored_as_the_page_says(server: Server, tmp_path: Path) -> None:
    """What was there at the time of the backup is there again, what came later is gone, and the server goes on."""
    with httpx.Client(base_url=server.url, headers=server.headers, trust_env=False) as client:
        ask(client, 'mutation { createTrace(input: {name: "before"}) { trace { id } userErrors { message } } }')
        back_up, restore, examine = blocks("back-up-and-restore.md", "sh")
        run(back_up, server, tmp_path)
        ask(client, 'mutation { createTrace(input: {name: "after"}) { trace { id } userErrors { message } } }')
    server.stop()
    run(restore, server, tmp_path)
    run(examine, server, tmp_path)
    server.start()
    with httpx.Client(base_url=server.url, headers=server.headers, trust_env=False) as client:
        found = ask(client, "{ traces { nodes { name } } }")

    assert found["traces"]["nodes"] == [{"name": "before"}]


@pytest.mark.parametrize("page", ["scale-out.md", "upgrade.md"])
def test_the_commands_of_a_page_work(server: Server, page: str, tmp_path: Path) -> None:
    """Every command that a page has one type in a shell does what it should, beside a running server."""
    for commands in blocks(page, "sh"):
        run(commands, server, tmp_path)

    assert asyncio.run(count(server.database_url)) > 0


async def count(database_url: str) -> int:
    """How many keys there are."""
    connection = await asyncpg.connect(database_url)
    found: int = await connection.fetchval("SELECT count(*) FROM api_keys")
    await connection.close()
    return found
