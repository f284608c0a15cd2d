"""GraphiQL in a real browser, on the real server, with no network but this machine's."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers import Server

ROOT = Path(__file__).parents[3]
CHROMIUM = shutil.which("chromium")
PATIENCE_SECONDS = 60.0


@pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="no chromium: scripts/install browser")
def test_page_without_internet(server: Server) -> None:
    """Queries answer, events arrive, over a restart of the server too, and no stranger is asked for anything.

    Beside it our example with an EventSource follows the same trace, and shows the same states.
    """
    script = str(Path(__file__).with_name("graphiql.mjs"))
    command = [str(ROOT / "scripts/node"), "node", script, CHROMIUM or "chromium", server.url, server.key]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as visit:
        assert visit.stdout is not None
        try:
            watching = visit.stdout.readline()
            assert watching == "watching\n", watching + visit.communicate(timeout=PATIENCE_SECONDS)[0]
            server.restart()
            seen, _ = visit.communicate("restarted\n", timeout=PATIENCE_SECONDS)
        finally:
            visit.kill()

    assert visit.returncode == 0, seen
    assert json.loads(seen)["sockets"][0] == server.url.replace("http", "ws") + "/graphql"
