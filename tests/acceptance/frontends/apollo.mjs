/**
 * Talks to a server with Apollo Client: `apollo.mjs <url of /graphql> <key> <document>`.
 *
 * Writes three traces, reads them page by page into one cached list, with automatic persisted queries over GET, and sends a
 * document that is wrong. Prints what came, and how each request named its document.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";
import { getOperationAST } from "graphql";

const [uri, key, path] = process.argv.slice(2);
const document = gql(readFileSync(path, "utf8"));
const only = (name) => ({ ...document, definitions: [getOperationAST(document, name)] });

const requests = [];
const http = new HttpLink({
  uri,
  headers: { authorization: `Bearer ${key}` },
  fetch: (url, options) => {
    const sent = options.body ?? decodeURIComponent(url);
    requests.push(`${options.method} ${/"query":|[?&]query=/.test(sent) ? "document" : "hash"}`);
    return fetch(url, options);
  },
});
const persisted = new PersistedQueryLink({
  sha256: (text) => createHash("sha256").update(text).digest("hex"),
  useGETForHashedQueries: true,
});
const client = new ApolloClient({
  link: ApolloLink.from([persisted, http]),
  cache: new InMemoryCache({ typePolicies: { Query: { fields: { traces: relayStylePagination() } } } }),
});

const written = [];
for (const name of ["first", "second", "third"]) {
  const { data } = await client.mutate({ mutation: only("Create"), variables: { input: { name } } });
  written.push(data.createTrace.trace.id);
}
const watched = client.watchQuery({ query: only("Traces"), variables: { count: 2 } });
const { data: first } = await watched.result?.() ?? (await client.query({ query: only("Traces"), variables: { count: 2 } }));
const { data: more } = await watched.fetchMore({ variables: { after: first.traces.pageInfo.endCursor } });
const cached = client.cache.readQuery({ query: only("Traces"), variables: { count: 2 } });
const wrong = await client.query({ query: gql("{ nothing }"), errorPolicy: "all" });

console.log(
  JSON.stringify({
    written,
    first: first.traces.edges.map((edge) => edge.node.id),
    more: more.traces.edges.map((edge) => edge.node.id),
    cached: cached.traces.edges.length,
    wrong: wrong.error?.errors?.map((error) => error.extensions.code),
    requests,
  }),
);
client.stop();
