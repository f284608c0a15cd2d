"""PostGraphile 5 from npm, in front of the same tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from benchmarks.npm import served

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
    connection = await asyncpg.connect(database_url)
    await connection.execute(RELATION)
    await connection.close()
    files = {"package.json": PACKAGE, "graphile.config.mjs": CONFIGURATION}
    environment = {
        "DATABASE_URL": database_url.replace("postgres://", "postgresql://", 1),
        "GRAPHILE_ENV": "production",
    }
    async with served(cache / "postgraphile", files, ["node_modules/.bin/postgraphile"], environment) as serving:
        yield serving
