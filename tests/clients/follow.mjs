/**
 * Follows `events` with graphql-ws and our own resume helper, and tells what it sees: one JSON object a line, an event or
 * `{"lost": reason}` when a connection went away. Ends when its standard input does.
 *
 *     node follow.mjs URL KEY
 */
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { follow, patient } from "../../web/src/resume.js";

const [url, key] = process.argv.slice(2);
const query = `subscription Follow($after: Cursor) {
  events(after: $after) {
    __typename
    type
    cursor
    ... on TraceStarted { trace { id } }
    ... on TraceUpdated { trace { id } }
    ... on TraceFinished { trace { id status } }
    ... on StepStarted { step { id } }
    ... on StepUpdated { step { id } }
    ... on StepFinished { step { id status } }
  }
}`;

/** @param {unknown} said */
const tell = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);

/** @param {unknown} problem */
const fail = (problem) => {
  tell({ failed: problem instanceof Error ? problem.message : problem });
  process.exit(1);
};

const client = createClient({
  ...patient,
  url,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${key}` },
  retryWait: () => new Promise((retry) => setTimeout(retry, 50)),
  on: { closed: (event) => tell({ lost: String(/** @type {CloseEvent} */ (event).code) }) },
});

const stop = follow(client, { query }, {
  next: ({ data, errors }) => (errors ? fail(errors) : tell(data.events)),
  error: fail,
  complete: () => process.exit(0),
});

process.stdin.on("end", stop).resume();
