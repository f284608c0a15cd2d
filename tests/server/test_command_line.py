"""The command line: its verbs do one thing each, and what goes wrong is said in a sentence and a status."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from auth.keys import digest
from server.command_line import parser

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("TRACEGRAPH_", "DATABASE_", "REDIS_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=ROOT,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_names_every_verb() -> None:
    """`--help` shows what there is."""
    text = parser().format_help()

    assert all(verb in text for verb in ("serve", "migrate", "schema", "key"))


def test_schema_prints_the_contract() -> None:
    """`schema` prints the SDL and needs no database."""
    finished = run("schema")

    assert finished.returncode == 0
    assert "type Query {" in finished.stdout
    assert not finished.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "name"),
    [
        (["serve"], {"TRACEGRAPH_PROT": "1"}, "TRACEGRAPH_PROT"),
        (["migrate"], {"TRACEGRAPH_PORT": "x"}, "TRACEGRAPH_PORT"),
        (["migrate"], {}, "DATABASE_URL"),
        (["serve"], {"DATABASE_URL": "postgres://127.0.0.1:1/x"}, "REDIS_URL"),
    ],
)
def test_a_wrong_setting_is_named(arguments: list[str], environment: dict[str, str], name: str) -> None:
    """A setting that is wrong or missing ends the command with status 2 and one line that names it."""
    finished = run(*arguments, **environment)

    assert finished.returncode == 2
    assert name in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


@pytest.mark.parametrize("scopes", ["", "WRITE", "READ,EVERYTHING"])
def test_unknown_scopes_are_refused(scopes: str) -> None:
    """A key is made with scopes that exist."""
    finished = run("key", "--name", "x", "--scopes", scopes)

    assert finished.returncode == 2
    assert "ADMIN,INGEST,READ" in finished.stderr


@pytest.mark.parametrize("verb", ["serve", "migrate"])
def test_a_database_that_is_away_is_told(verb: str) -> None:
    """Without its database a command ends with status 1 and a sentence, not with a traceback."""
    finished = run(verb, DATABASE_URL="postgres://127.0.0.1:1/x", REDIS_URL="redis://127.0.0.1:1")

    assert finished.returncode == 1
    assert "does not answer" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_migrate_says_what_it_did(database_url: str) -> None:
    """A database that is up to date needs nothing."""
    finished = run("migrate", DATABASE_URL=database_url)

    assert (finished.returncode, finished.stdout) == (0, "nothing to do\n")


async def test_key_prints_a_key_that_is_stored_as_a_digest(database_url: str) -> None:
    """The secret is printed and kept nowhere else; scopes may be written small."""
    finished = run("key", "--name", "ci", "--scopes", "ingest,READ", DATABASE_URL=database_url)
    connection = await asyncpg.connect(database_url)
    row = await connection.fetchrow("SELECT name, scopes, project_id, digest FROM api_keys")
    await connection.close()

    assert finished.returncode == 0, finished.stderr
    assert row is not None
    assert dict(row) == {
        "name": "ci",
        "scopes": ["INGEST", "READ"],
        "project_id": None,
        "digest": digest(finished.stdout.strip()),
    }


def test_key_for_a_project_that_is_not_there_is_refused(database_url: str) -> None:
    """A key is not made for nothing."""
    finished = run("key", "--name", "ci", "--scopes", "READ", "--project", "absent", DATABASE_URL=database_url)

    assert finished.returncode == 1
    assert "absent" in finished.stderr
    assert not finished.stdout
