"""Mercurius from npm, with its events over the same Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.npm import served

PACKAGE = """{
  "private": true, "type": "module",
  "dependencies": { "fastify": "~5.12.8", "mercurius": "~16.10.1", "mqemitter-redis": "~7.2.1", "graphql": "^16.11.0" }
}"""

# What it can do best: no database, no filter, one topic. An event is what ours is, and is selected in the same words.
PROGRAM = """
import Fastify from "fastify";
import mercurius from "mercurius";
import redis from "mqemitter-redis";

const schema = `
  type Query { nothing: Int }
  type Trace { id: ID! name: String! status: String! startTime: String! }
  type Event { cursor: String! type: String! trace: Trace! }
  type Mutation { record(name: String!): Int }
  type Subscription { events: Event }
`;
let position = 0;
const resolvers = {
  Query: { nothing: () => 0 },
  Mutation: {
    record: async (_, { name }, { pubsub }) => {
      position += 1;
      const trace = { id: crypto.randomUUID(), name, status: "RUNNING", startTime: new Date().toISOString() };
      const cursor = `AQGiBNuJdMOQwtnjeIHK9zcAAAAAAAAB${position}`;
      await pubsub.publish({ topic: "events", payload: { events: { cursor, type: "TRACE_STARTED", trace } } });
      return position;
    },
  },
  Subscription: { events: { subscribe: (_root, _arguments, { pubsub }) => pubsub.subscribe("events") } },
};
const server = Fastify();
const { hostname, port, password } = new URL(process.env.REDIS_URL);
const emitter = redis({ host: hostname, port: Number(port), password });
server.register(mercurius, { schema, resolvers, jit: 1, subscription: { emitter } });
await server.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
"""


@asynccontextmanager
async def peer(redis_url: str, cache: Path) -> AsyncIterator[tuple[str, int]]:
    """Serve with it; gives its URL and the id of its process."""
    files = {"package.json": PACKAGE, "peer.mjs": PROGRAM}
    async with served(cache / "mercurius", files, ["peer.mjs"], {"REDIS_URL": redis_url}) as serving:
        yield serving
