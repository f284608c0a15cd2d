/**
 * Talks to a server with urql: `urql.mjs <url of /graphql> <key> <document>`.
 *
 * Writes a trace, reads it with automatic persisted queries over GET, twice, and sends a document that is wrong. Prints
 * what came, and how each request named its document.
 */
import { readFileSync } from "node:fs";
import { Client, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";

const [url, key, path] = process.argv.slice(2);
const [query, mutation] = readFileSync(path, "utf8").split(/(?=^mutation)/m);

const requests = [];
const client = new Client({
  url,
  preferGetMethod: false,
  exchanges: [persistedExchange({ preferGetForPersistedQueries: true }), fetchExchange],
  requestPolicy: "network-only",
  fetchOptions: { headers: { authorization: `Bearer ${key}` } },
  fetch: (address, options) => {
    const sent = options.body ?? decodeURIComponent(address);
    requests.push(`${options.method} ${/"query":|[?&]query=/.test(sent) ? "document" : "hash"}`);
    return fetch(address, options);
  },
});

const written = await client.mutation(mutation, { input: { name: "urql" } }).toPromise();
const read = [];
for (const _ of [1, 2]) {
  const { data } = await client.query(query, { count: 100 }).toPromise();
  read.push(data.traces.edges.map((edge) => edge.node.id));
}
const wrong = await client.query("{ nothing }", {}).toPromise();

console.log(
  JSON.stringify({
    written: written.data.createTrace.trace.id,
    read,
    wrong: wrong.error.graphQLErrors.map((error) => error.extensions.code),
    requests,
  }),
);
