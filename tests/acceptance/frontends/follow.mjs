/**
 * Follows `events` with a client from npm and our resume helper: `follow.mjs <client> <url of /graphql> <key>`. The client
 * `page` is the program that our page about following shows.
 *
 * Prints each event as one line of JSON, and `{"lost": true}` when its connection went away; it comes back when it reads the
 * line `return`, and leaves its subscription, but not the process, when it reads `leave`.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { follow, patient, resuming } from "../../../web/src/resume.js";

const [name, url, key] = process.argv.slice(2);
const query = `subscription Follow($after: Cursor) {
  events(after: $after) { type cursor ... on TraceStarted { trace { id } } }
}`;
const authorization = `Bearer ${key}`;

const orders = createInterface({ input: process.stdin });
const order = (word) => new Promise((given) => orders.on("line", (line) => line === word && given()));
const tell = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);

/** When to try again is for the test to say: something happens meanwhile. */
const lost = () => {
  tell({ lost: true });
  return order("return");
};

const socket = () =>
  resuming(
    createClient({ ...patient, url, webSocketImpl: WebSocket, connectionParams: { authorization }, retryWait: lost }),
  );

/** Each subscribes with a sink, and gives the function that stops it. */
const clients = {
  "graphql-ws": async (sink) => socket().subscribe({ query }, sink),

  "graphql-sse": async (sink) => {
    const { createClient: createStreams } = await import("graphql-sse");
    const options = { url: url.replace(/^ws/, "http"), headers: { authorization }, retryAttempts: Infinity, retry: lost };
    return resuming(createStreams(options)).subscribe({ query }, sink);
  },

  apollo: async (sink) => {
    const { ApolloClient, InMemoryCache, gql } = await import("@apollo/client");
    const { GraphQLWsLink } = await import("@apollo/client/link/subscriptions");
    const apollo = new ApolloClient({ link: new GraphQLWsLink(socket()), cache: new InMemoryCache() });
    const subscription = apollo.subscribe({ query: gql(query), fetchPolicy: "no-cache" }).subscribe(sink);
    return () => subscription.unsubscribe();
  },

  urql: async (sink) => {
    const { Client, subscriptionExchange } = await import("@urql/core");
    const client = socket();
    const forwardSubscription = (payload) => ({ subscribe: (results) => ({ unsubscribe: client.subscribe(payload, results) }) });
    const urql = new Client({ url, exchanges: [subscriptionExchange({ forwardSubscription })], preferGetMethod: false });
    return urql.subscription(query, {}).subscribe(sink.next).unsubscribe;
  },

  page: async () => {
    const text = readFileSync(new URL("../../../docs/how-to/follow-events.md", import.meta.url), "utf8");
    const program = /```js\n(.*?)```/s.exec(text)[1].replace(/^import .*$/gm, "").replace("ws://127.0.0.1:8000/graphql", url);
    const inputs = { createClient, follow, patient: { ...patient, retryWait: lost }, key, show: tell };
    globalThis.WebSocket ??= WebSocket;
    return new Function(...Object.keys(inputs), `${program}; return stop;`)(...Object.values(inputs));
  },
};

const fail = (problem) => {
  tell({ failed: String(problem?.message ?? problem) });
  process.exit(1);
};

const stop = await clients[name]({
  next: ({ data, error, errors }) => (data ? tell(data.events) : fail(error ?? JSON.stringify(errors))),
  error: fail,
  complete() {},
});

order("leave").then(stop);
orders.on("close", () => process.exit());
