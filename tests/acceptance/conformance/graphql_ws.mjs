/**
 * Talks to a server with the client of graphql-ws: `graphql_ws.mjs <url of /graphql> <key>`.
 *
 * Over one socket: a query, a document that is wrong, a subscription that sees what a mutation does and is then left, and
 * a query after all that. Prints what came.
 */
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, key] = process.argv.slice(2);
let sockets = 0;

const client = createClient({
  url: url.replace("http", "ws"),
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${key}` },
  lazy: false,
  retryAttempts: 0,
  on: { connected: () => (sockets += 1) },
});

const once = async (query) => {
  try {
    for await (const answer of client.iterate({ query })) return answer;
  } catch (errors) {
    return { errors };
  }
};

const query = await once("{ viewer { scopes } }");
const wrong = await once("{ nothing }");

const events = client.iterate({ query: "subscription { events { type ... on TraceStarted { trace { id } } } }" });
await events.next(); // a checkpoint: from here on nothing is missed
const mutation = await once('mutation { createTrace(input: {name: "watched"}) { trace { id } } }');
const written = [mutation.data.createTrace.trace.id];
const { value: seen } = await events.next();
await events.return();

const last = await once("{ __typename }");
await client.dispose();
console.log(JSON.stringify({ sockets, query, wrong, written, seen, last }));
