"""Each tool seen red with our configuration: ruff, mypy, import-linter, coverage and pytest."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import FLOORS, ROOT

CONFIGURATION = ROOT / "pyproject.toml"
TOOLS = Path(sys.executable).parent


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """An empty house of the same floors under our configuration."""
    shutil.copy(CONFIGURATION, tmp_path)
    for floor in FLOORS:
        write(tmp_path / floor / "__init__.py", '"""A floor."""\n')
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(folder: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of our tools in a folder, unobserved by the coverage of this very run."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    return subprocess.run(
        [TOOLS / tool, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_ruff_refuses_what_it_knows(house: Path) -> None:
    """An unused import, an undocumented function and an untyped argument each break the build."""
    write(house / "ingest/record.py", '"""Records."""\n\nimport os\n\n\ndef record(draft):\n    return draft\n')
    checked = run(house, "ruff", "check", "--no-cache", "--output-format=concise", ".")

    assert checked.returncode == 1
    assert {rule for rule in ("F401", "D103", "ANN001", "ANN201") if rule in checked.stdout} == {
        *("F401", "D103", "ANN001", "ANN201")
    }


def test_ruff_refuses_another_format(house: Path) -> None:
    """Code that is not formatted as the formatter would breaks the build."""
    write(house / "ingest/record.py", "x = { 'a':1 }\n")
    checked = run(house, "ruff", "format", "--no-cache", "--check", ".")

    assert checked.returncode == 1
    assert "ingest/record.py" in checked.stdout


def test_mypy_refuses_loose_types_in_code_and_tests(house: Path) -> None:
    """A function without types breaks the build, in a floor as in a test."""
    loose = '"""A module."""\n\n\ndef record(draft):\n    return draft\n'
    write(house / "ingest/record.py", loose)
    write(house / "tests/ingest/test_record.py", loose)
    checked = run(house, "mypy", "--cache-dir", os.devnull)

    assert checked.returncode == 1
    assert "ingest/record.py:4: error" in checked.stdout
    assert "tests/ingest/test_record.py:4: error" in checked.stdout


def test_import_linter_refuses_every_way_up(house: Path) -> None:
    """An upward import, a sibling, GraphQL in the work, transport below the doors, an annex, a cycle: all are told."""
    write(house / "models/traces.py", '"""Upwards."""\n\nimport ingest.record\n')
    write(house / "ingest/record.py", '"""GraphQL and a cycle."""\n\nimport graphql\nimport ingest.merge\n')
    write(house / "ingest/merge.py", '"""A cycle and a sibling."""\n\nimport auth.keys\nimport ingest.record\n')
    write(house / "auth/keys.py", '"""Transport and an annex."""\n\nimport scripts.embedded\nimport starlette\n')
    checked = run(house, "lint-imports", "--no-cache", "--no-logo")

    assert checked.returncode == 1
    assert checked.stdout.count(" BROKEN\n") == CONFIGURATION.read_text().count("[[tool.importlinter.contracts]]")


def test_coverage_refuses_untested_branches(house: Path) -> None:
    """A branch that no test takes brings the build below its limit."""
    write(house / "ingest/record.py", "import sys\n\nif len(sys.argv) > 9:\n    x = 1\n    y = 2\nelse:\n    x = 3\n")
    run(house, "coverage", "run", "-m", "ingest.record")
    run(house, "coverage", "combine")
    reported = run(house, "coverage", "report")

    assert reported.returncode == 2
    assert "less than fail-under=90" in reported.stdout


def test_coverage_sees_started_processes(house: Path) -> None:
    """What a started process runs counts, also when SIGTERM ends it: the tested server is such a process."""
    server = "import os, signal\n\nx = 1\nos.kill(os.getpid(), signal.SIGTERM)\n"
    write(house / "ingest/record.py", server)
    starter = "import subprocess, sys\n\nsubprocess.run([sys.executable, '-m', 'ingest.record'], check=False)\n"
    write(house / "start.py", starter)
    run(house, "coverage", "run", "start.py")
    run(house, "coverage", "combine")
    reported = run(house, "coverage", "report", "--include=ingest/record.py", "--format=total")

    assert reported.stdout.strip() == "100"


def test_pytest_refuses_what_it_could_ignore(house: Path) -> None:
    """A warning, an unclosed file, a coroutine nobody awaits, an unknown mark, an unexpected pass: each one fails."""
    write(house / "tests/test_warning.py", "import warnings\n\ndef test_it():\n    warnings.warn('old')\n")
    write(house / "tests/test_unclosed.py", "def test_it():\n    open(__file__)\n")
    write(house / "tests/test_unawaited.py", "async def work(): ...\n\nasync def test_it():\n    work()\n")
    write(house / "tests/test_unknown.py", "import pytest\n\n@pytest.mark.nowhere\ndef test_it():\n    pass\n")
    write(house / "tests/test_passing.py", "import pytest\n\n@pytest.mark.xfail\ndef test_it():\n    pass\n")
    ran = run(house, "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors")

    assert ran.returncode == 1
    assert "4 failed, 1 error in" in ran.stdout


def test_pytest_ends_a_test_that_hangs(house: Path) -> None:
    """A test that waits for ever fails after its time, and does not hold up the others for ever."""
    write(house / "tests/test_hanging.py", "import threading\n\ndef test_it():\n    threading.Event().wait()\n")
    ran = run(house, "pytest", "-q", "-p", "no:cacheprovider", "--override-ini=timeout=0.2")

    assert ran.returncode == 1
    assert "Timeout (>0.2s)" in ran.stdout
