/**
 * Talks to a server with the client of graphql-sse: `graphql_sse.mjs <url of /graphql> <key>`.
 *
 * A query, a document that is wrong, and a subscription that sees what a mutation does and is then left. Prints what came.
 */
import { createClient } from "graphql-sse";

const [url, key] = process.argv.slice(2);
const client = createClient({ url, headers: { authorization: `Bearer ${key}` }, retryAttempts: 0 });

const once = async (query) => {
  for await (const answer of client.iterate({ query })) return answer;
};

const query = await once("{ viewer { scopes } }");
const wrong = await once("{ nothing }");

const events = client.iterate({ query: "subscription { events { type ... on TraceStarted { trace { id } } } }" });
await events.next(); // a checkpoint: from here on nothing is missed
const mutation = await once('mutation { createTrace(input: {name: "watched"}) { trace { id } } }');
const written = [mutation.data.createTrace.trace.id];
const { value: seen } = await events.next();
await events.return();
client.dispose();
console.log(JSON.stringify({ query, wrong, written, seen }));
