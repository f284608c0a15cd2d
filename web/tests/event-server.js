/** A tiny graphql-ws server with a numbered log, whose connections break on purpose. */
import { createServer } from "node:http";

import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const schema = buildSchema(`
  scalar Cursor
  type Query { length: Int }
  type Event { cursor: Cursor! }
  type Subscription { events(after: Cursor): Event! }
`);

/**
 * Events 1 to `length`, each subscription beginning after its `after`; `breakAfter` says how many events a connection
 * carries before it is cut without a closing frame, and `closeWith` closes it properly instead.
 *
 * @param {{ length: number, breakAfter: (connection: number) => number, closeWith?: number, port?: number }} faults
 */
export async function serveEvents({ length, breakAfter, closeWith, port: wanted = 0 }) {
  /** @type {(string | undefined)[]} */
  const askedAfter = [];

  /** @param {{ after?: string }} argument @param {{ extra: { socket: import("ws").WebSocket } }} context */
  async function* events({ after }, { extra: { socket } }) {
    const end = Number(after ?? 0) + breakAfter(askedAfter.push(after));
    for (let position = Number(after ?? 0) + 1; position <= length; position += 1) {
      if (position > end) {
        if (closeWith) socket.close(closeWith);
        else socket.terminate();
        return;
      }
      yield { events: { cursor: String(position) } };
    }
  }

  const server = createServer();
  const sockets = new WebSocketServer({ server, path: "/graphql" });
  useServer({ schema, roots: { subscription: { events } }, context: (context) => context }, sockets);
  await new Promise((listening) => server.listen(wanted, "127.0.0.1", () => listening(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `ws://127.0.0.1:${port}/graphql`,
    askedAfter,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((closed) => server.close(closed));
    },
  };
}
