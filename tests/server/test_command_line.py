"""The command line: its verbs do one thing each, and what goes wrong is said in a sentence and a status."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from auth.keys import digest
from server.command_line import main, parser

ROOT = Path(__file__).parents[2]
NOBODY = "postgres://127.0.0.1:1/x"
Printed = pytest.CaptureFixture[str]


def test_help_names_every_verb() -> None:
    """`--help` shows what there is."""
    text = parser().format_help()

    assert all(verb in text for verb in ("serve", "migrate", "schema", "key"))


def test_schema_prints_the_contract(capsys: Printed) -> None:
    """`schema` prints the SDL and needs no database."""
    status = main(["schema"], {})
    printed = capsys.readouterr()

    assert status == 0
    assert "type Query {" in printed.out
    assert not printed.err


@pytest.mark.parametrize(
    ("verb", "environ", "name"),
    [
        ("serve", {"TRACEGRAPH_PROT": "1"}, "TRACEGRAPH_PROT"),
        ("migrate", {"TRACEGRAPH_PORT": "x"}, "TRACEGRAPH_PORT"),
        ("migrate", {}, "DATABASE_URL"),
        ("serve", {"DATABASE_URL": NOBODY}, "REDIS_URL"),
    ],
)
def test_a_wrong_setting_is_named(verb: str, environ: dict[str, str], name: str, capsys: Printed) -> None:
    """A setting that is wrong or missing ends the command with status 2 and one line that names it."""
    status = main([verb], environ)
    printed = capsys.readouterr()

    assert status == 2
    assert name in printed.err
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize("scopes", ["", "WRITE", "READ,EVERYTHING"])
def test_unknown_scopes_are_refused(scopes: str, capsys: Printed) -> None:
    """A key is made with scopes that exist."""
    with pytest.raises(SystemExit) as ending:
        main(["key", "--name", "x", "--scopes", scopes], {})

    assert ending.value.code == 2
    assert "ADMIN,INGEST,READ" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["serve", "migrate"])
def test_a_database_that_is_away_is_told(verb: str) -> None:
    """Without its database a command ends with status 1 and a sentence, not with a traceback."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TRACEGRAPH_")}
    finished = subprocess.run(
        [sys.executable, "-m", "server", verb],
        cwd=ROOT,
        env=environ | {"DATABASE_URL": NOBODY, "REDIS_URL": "redis://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert finished.returncode == 1
    assert len(finished.stderr.splitlines()) == 1


def test_migrate_says_what_it_did(database_url: str, capsys: Printed) -> None:
    """A database that is up to date needs nothing, and where a development key is accepted nobody needs another."""
    status = main(["migrate"], {"DATABASE_URL": database_url, "TRACEGRAPH_DEV_KEY": "tg_dev"})

    assert (status, capsys.readouterr().out) == (0, "nothing to do\n")


def test_migrate_prints_the_first_key_once(database_url: str, capsys: Printed) -> None:
    """Whoever sets up a server gets a key that opens it, and nobody gets it a second time."""
    main(["migrate"], {"DATABASE_URL": database_url})
    first = capsys.readouterr().out
    main(["migrate"], {"DATABASE_URL": database_url})
    row = asyncio.run(only_key(database_url))

    assert capsys.readouterr().out == "nothing to do\n"
    assert row["digest"] == digest(first.split()[-1])
    assert row["scopes"] == ["ADMIN", "INGEST", "READ"]


def test_key_prints_a_key_that_is_stored_as_a_digest(database_url: str, capsys: Printed) -> None:
    """The secret is printed and kept nowhere else; scopes may be written small."""
    status = main(["key", "--name", "ci", "--scopes", "ingest,READ"], {"DATABASE_URL": database_url})
    row = asyncio.run(only_key(database_url))

    assert status == 0
    assert dict(row) == {
        "name": "ci",
        "scopes": ["INGEST", "READ"],
        "project_id": None,
        "digest": digest(capsys.readouterr().out.strip()),
    }


def test_key_for_a_project_that_is_not_there_is_refused(database_url: str, capsys: Printed) -> None:
    """A key is not made for nothing."""
    arguments = ["key", "--name", "ci", "--scopes", "READ", "--project", "absent"]
    status = main(arguments, {"DATABASE_URL": database_url})
    printed = capsys.readouterr()

    assert status == 1
    assert "absent" in printed.err
    assert not printed.out


async def only_key(database_url: str) -> asyncpg.Record:
    connection = await asyncpg.connect(database_url)
    try:
        [row] = await connection.fetch("SELECT name, scopes, project_id, digest FROM api_keys")
    finally:
        await connection.close()
    return row
