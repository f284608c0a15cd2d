"""The planned executor answers as graphql-core does, byte for byte, whatever is asked."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

DOCUMENTS = int(os.environ.get("DOCUMENTS", "2000"))


@pytest.mark.timeout(120 + DOCUMENTS)
def test_both_executors_answer_the_same(database_url: str) -> None:
    """Whatever document of the query schema is run, both executors answer the same bytes; errors in any order."""
    command = [sys.executable, "-m", "tests.operations.differential", database_url, str(DOCUMENTS)]
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    finished = subprocess.run(command, env=unmeasured, capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert int(finished.stdout.splitlines()[-1]) >= DOCUMENTS
