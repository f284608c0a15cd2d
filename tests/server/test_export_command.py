"""`python -m server export`: a whole file or none, chosen by the same filters, and a sentence for what is wrong."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from auth.projects import create_project
from models.database import open_database
from server.command_line import main
from server.export_command import Bar
from tests.export.stored import NASTY, lines_of, store_nasty
from tests.servers import ROOT

Printed = pytest.CaptureFixture[str]


@pytest.fixture
async def filled(database_url: str) -> str:
    """The URL of a database with some traces in the project "default"."""
    async with open_database(database_url, connections=2) as database:
        await store_nasty(database, (await create_project(database, "default"))["id"])
    return database_url


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ([], len(NASTY)),
        (["--kind", "steps", "--limit", "3", "--fields", "name, kind"], 3),
        (["--traces", '{"stepCount": {"gt": 20}}'], len(NASTY) - 20),
    ],
)
def test_the_file_holds_what_was_chosen(
    filled: str, tmp_path: Path, capsys: Printed, options: list[str], rows: int
) -> None:
    """The file has the rows that the options choose, and the command says how many."""
    file = tmp_path / "rows.ndjson"
    status = main(["export", "--output", str(file), *options], {"DATABASE_URL": filled})
    found, end = lines_of(file.read_bytes())

    assert status == 0
    assert (len(found), end["rows"]) == (rows, rows)
    assert capsys.readouterr().out == f"{rows} rows in {file}\n"
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert "--fields" not in options or list(orjson.loads(found[0])) == ["projectId", "traceId", "id", "name", "kind"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--project", "absent"], "absent"),
        (["--fields", "salary"], "salary"),
        (["--traces", "{"], "no valid JSON"),
        (["--traces", '{"nmae": {}}'], "nmae"),
        (["--after", "x"], "<projectId>:<id>"),
    ],
)
def test_what_is_wrong_is_told_and_leaves_no_file(
    filled: str, tmp_path: Path, capsys: Printed, options: list[str], words: str
) -> None:
    """A mistake ends the command with status 1 and one line about it, and nothing is written."""
    status = main(["export", "--output", str(tmp_path / "rows"), *options], {"DATABASE_URL": filled})

    assert status == 1
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cant_be_written_is_told(filled: str, tmp_path: Path, capsys: Printed) -> None:
    """A folder that is not there is trouble with the file, not with the database."""
    status = main(["export", "--output", str(tmp_path / "absent" / "rows")], {"DATABASE_URL": filled})

    assert status == 1
    assert "can't be written" in capsys.readouterr().err


def test_who_sits_at_a_terminal_sees_the_bar(filled: str, tmp_path: Path) -> None:
    """On a terminal the command shows how far it is, up to the last row."""
    file = tmp_path / "rows.csv"
    command = [sys.executable, "-m", "server", "export", "--format", "csv", "--output", str(file)]
    screen, terminal = pty.openpty()
    try:
        finished = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": filled},
            stdout=subprocess.PIPE,
            stderr=terminal,
            check=False,
        )
        shown = os.read(screen, 4_096).decode()
    finally:
        os.close(terminal)
        os.close(screen)

    assert (finished.returncode, finished.stdout.decode()) == (0, f"{len(NASTY)} rows in {file}\n"), shown
    assert f"100%  {len(NASTY)} of {len(NASTY)} rows" in shown


def test_the_bar_shows_how_far_it_is() -> None:
    """Half of the rows fill half of the bar, and the last state stays on its line."""
    out = io.StringIO()
    bar = Bar(total=10, out=out)
    bar.advance(5)
    half = out.getvalue()
    bar.advance(5)
    bar.end()

    assert f"[{'#' * 15}{' ' * 15}]  50%  5 of 10 rows" in half
    assert "100%  10 of 10 rows" in out.getvalue().splitlines()[-1].split("\r")[-1]
