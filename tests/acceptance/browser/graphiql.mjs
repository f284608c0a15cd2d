/**
 * What somebody does first with the page, in a real browser whose network ends at this machine.
 *
 *     node graphiql.mjs <chromium> <server's address> <key> [<screenshot.png>]
 *
 * Says `watching` when an event has arrived and then waits for a line, before which the server may have been restarted.
 * Prints in the end what it used as one JSON object, and fails with the first thing it did not see.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createRequire } from "node:module";

import { blockStrangers, switches } from "./fence.mjs";
import { followTrace } from "./trace.mjs";

const { chromium } = createRequire(new URL("../../../web/package.json", import.meta.url))("playwright-core");
const [executablePath, address, key, screenshot] = process.argv.slice(2);

/** A mutation of somebody else, over HTTP: `createTrace` and its like. */
async function change(name, input) {
  const type = `${name[0].toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { userErrors { message } } }`;
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const answer = await fetch(`${address}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables: { input } }) });
  const body = await answer.json();
  assert.deepEqual(body.data?.[name].userErrors, [], JSON.stringify(body));
}

const recordTrace = (name, id = randomUUID()) => change("createTrace", { id, name });

/** The page, and a hand that uses it. */
function operate(page) {
  const result = page.locator(".graphiql-response .view-lines");
  const button = (name) => page.getByRole("button", { name, exact: true });
  return {
    open: (tab) => button(tab).click(),
    run: () => page.locator(".graphiql-execute-button").click(),
    sees: (text, timeout = 10_000) => result.filter({ hasText: text }).waitFor({ timeout }),
    button,
  };
}

/** The stream begins at some moment after Run, so the first traces may come too early to be in it. */
async function seeLiveTrace(hand) {
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    await recordTrace(`live trace ${attempt}`);
    const seen = await hand.sees("live trace", 1_000).then(() => true, () => false);
    if (seen) return attempt;
  }
  return assert.fail("no event of a live trace arrived");
}

/** All three examples, with the key that was filled in; leaves the third one running. */
async function visit(page) {
  const hand = operate(page);
  await recordTrace("recorded before");
  await page.goto(`${address}/graphiql`);

  await hand.open("Docs");
  await page.getByText("Root Types").waitFor();
  await hand.button("Hide Documentation Explorer").click();

  await hand.open("Headers");
  await page.locator(".graphiql-editor-tool .view-lines").filter({ hasText: `Bearer ${key}` }).waitFor();

  await hand.open("ListTraces");
  await hand.run();
  await hand.sees("recorded before");

  await hand.open("RecordTrace");
  await hand.open("Variables");
  await hand.run();
  await hand.sees('"answer a question"');
  await hand.button("New ids: variables for another trace").click();
  if (screenshot) await takePicture(page, hand);

  await hand.open("WatchEvents");
  await hand.run();
  const attempts = await seeLiveTrace(hand);

  return { hand, attempts };
}

/** The socket may still be down when this is recorded: only a stream that resumes brings it. */
async function surviveRestart(hand) {
  console.log("watching");
  await once(process.stdin, "data");
  process.stdin.unref();
  await recordTrace("recorded after");
  await hand.sees("recorded after", 30_000);
}

/** The same trace in GraphiQL and in a page with an EventSource: both show each state, after a restart too. */
async function followInBothPages(browser) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const { strangers } = await blockStrangers(context);
  const page = await context.newPage();
  await page.goto(`${address}/graphiql`);
  await operate(page).open("WatchEvents");
  const trace = randomUUID();
  await recordTrace("followed", trace);
  const both = await followTrace(context, page, { address, key, trace });

  await both.show({ status: "RUNNING", stepCount: 0 });
  await change("createStep", { traceId: trace, name: "think", status: "OK" });
  await both.show({ status: "RUNNING", stepCount: 1 });
  return async () => {
    await change("updateTrace", { id: trace, status: "OK" });
    await both.show({ status: "OK", stepCount: 1 });
    assert.deepEqual(strangers, [], "the pages asked strangers");
    both.stop();
  };
}

/** With the newest trace on top. */
async function takePicture(page, hand) {
  await hand.run();
  await hand.sees('"duplicate": false');
  await hand.open("ListTraces");
  await hand.run();
  await hand.sees("answer a question");
  await page.waitForTimeout(1_000); // the editor colours its text a moment after showing it
  await page.screenshot({ path: screenshot });
}

const browser = await chromium.launch({ executablePath, args: switches });
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const fence = await blockStrangers(context);
  const page = await context.newPage();
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));

  const { hand, attempts } = await visit(page);
  assert.deepEqual(fence.strangers, [], "the page asked strangers");
  assert.deepEqual(fence.complaints, [], "the browser complained");
  const finishInBothPages = await followInBothPages(browser);
  await surviveRestart(hand);
  await finishInBothPages();
  console.log(JSON.stringify({ attempts, sockets, requests: fence.requests.length, version: browser.version() }));
} finally {
  await browser.close();
}
