/**
 * Follows `events` with a client from npm and our resume helper: `follow.mjs <client> <url of /graphql> <key>`.
 *
 * Prints each event as one line of JSON, and `{"lost": true}` when its connection went away; it comes back when it reads the
 * line `return`, and leaves its subscription, but not the process, when it reads `leave`.
 */
import { createInterface } from "node:readline";

import { ApolloClient, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, subscriptionExchange } from "@urql/core";
import { createClient as createStreamClient } from "graphql-sse";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { patient, resuming } from "../../../web/src/resume.js";

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

/** Each subscribes with a sink, and returns the function that stops it. */
const clients = {
  "graphql-ws": (sink) => socket().subscribe({ query }, sink),

  "graphql-sse": (sink) => {
    const streams = { url: url.replace(/^ws/, "http"), headers: { authorization }, retryAttempts: Infinity, retry: lost };
    return resuming(createStreamClient(streams)).subscribe({ query }, sink);
  },

  apollo: (sink) => {
    const apollo = new ApolloClient({ link: new GraphQLWsLink(socket()), cache: new InMemoryCache() });
    const subscription = apollo.subscribe({ query: gql(query), fetchPolicy: "no-cache" }).subscribe(sink);
    return () => subscription.unsubscribe();
  },

  urql: (sink) => {
    const client = socket();
    const forwardSubscription = (payload) => ({ subscribe: (results) => ({ unsubscribe: client.subscribe(payload, results) }) });
    const urql = new Client({ url, exchanges: [subscriptionExchange({ forwardSubscription })], preferGetMethod: false });
    return urql.subscription(query, {}).subscribe(sink.next).unsubscribe;
  },
};

const fail = (problem) => {
  tell({ failed: String(problem?.message ?? problem) });
  process.exit(1);
};

const stop = clients[name]({
  next: ({ data, error, errors }) => (data ? tell(data.events) : fail(error ?? JSON.stringify(errors))),
  error: fail,
  complete() {},
});

order("leave").then(stop);
orders.on("close", () => process.exit());
