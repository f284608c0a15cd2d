/** The resume helper against real sockets that break. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";

import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { follow, followable, patient, resuming } from "../src/resume.js";
import { serveEvents } from "./event-server.js";

const query = "subscription ($after: Cursor) { events(after: $after) { cursor } }";
const eager = { ...patient, retryWait: () => new Promise((retry) => setTimeout(retry, 2)) };
const everySevenEvents = { length: 100, breakAfter: () => 7, closeWith: 1012 };

/** @param {string} url @param {Partial<import("graphql-ws").ClientOptions>} options */
const connect = (url, options = eager) => createClient({ url, webSocketImpl: WebSocket, ...options });

/**
 * The cursors that a subscription brings until it completes.
 *
 * @param {(sink: import("graphql-ws").Sink<any>) => () => void} subscribe
 * @param {number} enough stops the subscription after so many events
 * @returns {Promise<number[]>}
 */
const collect = (subscribe, enough = Infinity) =>
  new Promise((complete, error) => {
    /** @type {number[]} */
    const seen = [];
    const stop = subscribe({
      next({ data }) {
        seen.push(Number(data.events.cursor));
        if (seen.length >= enough) stop();
      },
      error,
      complete: () => complete(seen),
    });
  });

const upTo = (/** @type {number} */ last, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => index + first);

for (const closeWith of [undefined, 1012, 1013, 4499]) {
  test(`each event arrives exactly once, in order, when connections end with ${closeWith ?? "a cut"}`, async (t) => {
    const server = await serveEvents({ ...everySevenEvents, closeWith });
    t.after(() => server.close());

    const seen = await collect((sink) => follow(connect(server.url), { query }, sink));

    assert.deepEqual(seen, upTo(100));
    assert.ok(server.askedAfter.length >= 15);
  });
}

test("a connection that breaks before its first event asks for the same place again", async (t) => {
  const server = await serveEvents({ length: 30, breakAfter: (connection) => (connection % 2 ? 0 : 10), closeWith: 1012 });
  t.after(() => server.close());

  const seen = await collect((sink) => follow(connect(server.url), { query, variables: { after: "5" } }, sink));

  assert.deepEqual(seen, upTo(30, 6));
  assert.deepEqual(server.askedAfter, ["5", "5", "15", "15", "25", "25"]);
});

test("without the helper graphql-ws starts over at the old cursor", async (t) => {
  const server = await serveEvents(everySevenEvents);
  t.after(() => server.close());

  const seen = await collect((sink) => connect(server.url).subscribe({ query }, sink), 21);

  assert.deepEqual(seen, [...upTo(7), ...upTo(7), ...upTo(7)]);
});

test("the caller's own payload and variables stay as they were", async (t) => {
  const server = await serveEvents(everySevenEvents);
  t.after(() => server.close());
  const variables = Object.freeze({ after: "90" });

  const seen = await collect((sink) => follow(connect(server.url), Object.freeze({ query, variables }), sink));

  assert.deepEqual(seen, upTo(100, 91));
  assert.deepEqual(variables, { after: "90" });
});

test("a server that is away is waited for", async (t) => {
  const port = await freePort();
  const seen = collect((sink) => follow(connect(`ws://127.0.0.1:${port}/graphql`, waitsTwiceFor(start)), { query }, sink));
  /** @type {Awaited<ReturnType<typeof serveEvents>> | undefined} */
  let server;
  t.after(() => server?.close());

  async function start() {
    server = await serveEvents({ ...everySevenEvents, port });
  }

  assert.deepEqual(await seen, upTo(100));
});

test("a refused document ends in an error", async (t) => {
  const server = await serveEvents(everySevenEvents);
  t.after(() => server.close());

  const seen = collect((sink) => follow(connect(server.url), { query: query.replace("{ cursor }", "{ cursor nothing }") }, sink));

  await assert.rejects(seen, (/** @type {any} */ [error]) => /nothing/.test(error.message));
});

test("a document without $after or cursor can't be followed", () => {
  const client = { subscribe: () => assert.fail("subscribed") };
  const sink = { next() {}, error() {}, complete() {} };

  assert.throws(() => follow(client, { query: "subscription { events { cursor } }" }, sink), TypeError);
  assert.equal(followable("subscription ($after: Cursor) { events(after: $after) { type } }"), false);
});

test("a client that resumes does so where the document lets it", async (t) => {
  const broken = await serveEvents(everySevenEvents);
  const whole = await serveEvents({ length: 5, breakAfter: () => 5 });
  t.after(() => Promise.all([broken.close(), whole.close()]));

  const resumed = await collect((sink) => resuming(connect(broken.url)).subscribe({ query }, sink));
  const plain = "subscription { events { cursor } }";
  const passedOn = await collect((sink) => resuming(connect(whole.url)).subscribe({ query: plain }, sink));

  assert.deepEqual(resumed, upTo(100));
  assert.deepEqual(passedOn, upTo(5));
});

test("waiting doubles up to 15 seconds, from a half to one and a half times that", (t) => {
  /** @type {number[]} */
  const waits = [];
  t.mock.method(globalThis, "setTimeout", (/** @type {unknown} */ _resume, /** @type {number} */ wait) => waits.push(wait));
  const random = t.mock.method(Math, "random", () => 0.5);

  for (const retries of [0, 3, 6, 60]) void patient.retryWait(retries);
  for (const luck of [0, 1]) {
    random.mock.mockImplementation(() => luck);
    void patient.retryWait(0);
  }

  assert.deepEqual(waits, [250, 2_000, 15_000, 15_000, 125, 375]);
});

/** Retries at once, and calls `start` before the third attempt. @param {() => Promise<void>} start */
const waitsTwiceFor = (start) => ({
  ...patient,
  retryWait: async (/** @type {number} */ retries) => {
    if (retries === 1) await start();
  },
});

const freePort = () =>
  new Promise((found) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (probe.address());
      probe.close(() => found(port));
    });
  });
