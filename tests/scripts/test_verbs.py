"""The verbs: one script each, and `make` calls nothing else."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers import ROOT

SCRIPTS = ("bench", "check", "coverage", "install", "node", "replay", "schema", "test", "up")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with our scripts, whose Python only says how it was called."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "python $*"\n')
    python.chmod(0o755)
    (tmp_path / "uv.lock").write_text("")
    (tmp_path / ".venv/made-of").write_text(f"{tmp_path}\n")
    return tmp_path


def run(checkout: Path, *command: str) -> tuple[int, str]:
    process = subprocess.run(
        command, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return process.returncode, process.stdout


def test_make_calls_scripts() -> None:
    """Every recipe of the Makefile is one call of a script; only `help` speaks for itself."""
    recipes = re.findall(r"^\t@(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    calls = [recipe for recipe in recipes if not recipe.startswith("echo ")]

    assert calls
    assert all(re.fullmatch(r"scripts/\w+", call) and (ROOT / call).is_file() for call in calls)


def test_make_helps() -> None:
    """`make` alone names every target."""
    targets = (ROOT / "Makefile").read_text().splitlines()[0].split()[2:]
    status, output = run(ROOT, "make", "--no-print-directory")

    assert status == 0
    assert set(re.findall(r"^make (\w+)", output, re.MULTILINE)) == set(targets) - {"help"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_sound(name: str) -> None:
    """Each verb can be run, says at its top what it does, and stops at the first surprise."""
    file = ROOT / "scripts" / name
    lines = file.read_text().splitlines()

    assert os.access(file, os.X_OK)
    assert lines[0] == "#!/usr/bin/env bash"
    assert lines[1].startswith("# ")
    assert any(re.fullmatch(r"set -e?uo pipefail", line) for line in lines)
    assert run(ROOT, "bash", "-n", str(file)) == (0, "")


def test_scripts_run_from_anywhere(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A verb works from any folder."""
    status, output = run(tmp_path_factory.mktemp("elsewhere"), str(checkout / "scripts/up"))

    assert (status, output) == (0, "python -m scripts.development\n")


def test_bench_lists(checkout: Path) -> None:
    """Without a name the benchmarks are listed, with the sentence that each opens with."""
    (checkout / "benchmarks/folder").mkdir(parents=True)
    (checkout / "benchmarks/__init__.py").write_text('"""Not a benchmark."""\n')
    (checkout / "benchmarks/file.py").write_text('"""How fast a file is."""\n')
    (checkout / "benchmarks/folder/__main__.py").write_text('"""How fast a folder is."""\n')
    status, output = run(checkout, "scripts/bench")

    assert status == 0
    assert [line.split(maxsplit=1) for line in output.splitlines()[1:]] == [
        ["file", "How fast a file is."],
        ["folder", "How fast a folder is."],
    ]


def test_bench_runs(checkout: Path) -> None:
    """Named benchmarks run one after the other, all with the same arguments; an unknown name is refused."""
    (checkout / "benchmarks").mkdir()
    for name in ("first", "second"):
        (checkout / f"benchmarks/{name}.py").write_text("")

    assert run(checkout, "scripts/bench", "first", "second", "--", "-n", "9") == (
        0,
        "python -m benchmarks.first -n 9\npython -m benchmarks.second -n 9\n",
    )
    assert run(checkout, "scripts/bench", "first", "third")[0] == 2


def test_test_passes_its_arguments(checkout: Path) -> None:
    """A part of the suite runs with pytest's own arguments, and its coverage is not held against the floor."""
    _, output = run(checkout, "scripts/test", "tests/ingest", "-k", "merge order")

    assert output == "python -m coverage erase\npython -m coverage run -m pytest tests/ingest -k merge order\n"


def test_test_measures_the_whole(checkout: Path) -> None:
    """The whole suite runs in two processes, and ends with the report of its coverage."""
    _, output = run(checkout, "scripts/test")

    assert output.splitlines()[1:] == [
        "python -m coverage run -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder",
        "python -m coverage report",
    ]


def test_test_fails_with_its_tests(checkout: Path) -> None:
    """A failed test is a failed run."""
    (checkout / ".venv/bin/python").write_text('#!/bin/sh\ncase "$*" in *pytest*) exit 3;; esac\n')

    assert run(checkout, "scripts/test")[0] == 3


@pytest.mark.parametrize(("served", "status"), [("type Query", 0), ("type Other", 1)])
def test_schema_check(checkout: Path, served: str, status: int) -> None:
    """The snapshot is compared and left alone; a difference is shown with the way to accept it."""
    (checkout / "schema").mkdir()
    snapshot = checkout / "schema/schema.graphql"
    snapshot.write_text("type Query\n")
    (checkout / ".venv/bin/python").write_text(f"#!/bin/sh\necho {served}\n")
    code, output = run(checkout, "scripts/schema", "--check")

    assert code == status
    assert ("+type Other" in output and "scripts/schema" in output) is (status == 1)
    assert snapshot.read_text() == "type Query\n"


def test_schema_writes(checkout: Path) -> None:
    """Without --check the snapshot becomes what is served; a server that fails leaves it as it was."""
    (checkout / "schema").mkdir()
    snapshot = checkout / "schema/schema.graphql"
    (checkout / ".venv/bin/python").write_text("#!/bin/sh\necho type Query\n")
    run(checkout, "scripts/schema")
    (checkout / ".venv/bin/python").write_text("#!/bin/sh\nexit 1\n")

    assert run(checkout, "scripts/schema")[0] == 1
    assert snapshot.read_text() == "type Query\n"


def test_check_runs_every_gate(checkout: Path) -> None:
    """One failed gate does not hide the others, and the run fails with their names."""
    (checkout / ".venv/bin/ruff").write_text("#!/bin/sh\nexit 1\n")
    (checkout / ".venv/bin/ruff").chmod(0o755)
    status, output = run(checkout, "scripts/check")

    assert status == 1
    assert re.findall(r"^== (\w+)", output, re.MULTILINE) == ["format", "style", "types", "floors", "schema"]
    assert output.splitlines()[-1] == "Failed: format style schema"


@pytest.mark.parametrize("status", [0, 2])
def test_integration_ends_with_the_closing_line(checkout: Path, status: int) -> None:
    """The continuous integration runs `make test`, fails when that fails, and ends with pytest's closing line."""
    shutil.copytree(ROOT / ".ci", checkout / ".ci")
    (checkout / "scripts/install").write_text("#!/bin/sh\n")
    recipe = f'@echo "==== 5 passed in 1.00s (CI=$$CI) ===="; echo TOTAL 95%; exit {status}'
    (checkout / "Makefile").write_text(f"test:\n\t{recipe}\n")
    code, output = run(checkout, ".ci/run")

    assert (code == 0) is (status == 0)
    assert output.splitlines()[-1] == "==== 5 passed in 1.00s (CI=true) ===="
