"""The page and the resume helper, checked by their own tools."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str) -> None:
    """Run a script of `web/package.json`; its output is the message when it fails."""
    assert (ROOT / "web/node_modules").is_dir(), "run scripts/install web first"
    script = ["../scripts/node", "npm", "run", "--silent", *command]
    process = subprocess.run(script, cwd=ROOT / "web", capture_output=True, text=True, check=False, timeout=100)
    assert process.returncode == 0, process.stdout + process.stderr


@pytest.mark.parametrize("script", ["check", "test"])
def test_sources(script: str) -> None:
    """The types fit, and following a stream over broken connections loses and repeats nothing."""
    run(script)


def test_examples() -> None:
    """Each example that the page opens with is valid against the schema we print."""
    run("examples", "--", str(ROOT / "schema/schema.graphql"))


def test_lock_is_of_public_packages() -> None:
    """The lock file names no registry, so that `npm ci` works with whichever mirror a machine uses."""
    lock = (ROOT / "web/package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert '"integrity"' in lock
