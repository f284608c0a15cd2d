/** One trace in two pages beside each other: GraphiQL over a WebSocket, and our example with an EventSource. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const EXAMPLE = fileURLToPath(new URL("../../../examples/event-source/serve.mjs", import.meta.url));

/**
 * Opens both, and gives what waits until both show a state of the trace.
 *
 * @param graphiql a page of GraphiQL whose WatchEvents tab has been opened
 * @param {{ address: string, key: string, trace: string }} followed
 */
export async function followTrace(context, graphiql, { address, key, trace }) {
  const example = await serveExample(address, key);
  const page = await context.newPage();
  await page.goto(example.address.replace("ID", trace));

  await graphiql.locator(".graphiql-query-editor .view-lines").click();
  await graphiql.keyboard.press("Control+A");
  await graphiql.keyboard.insertText(`subscription { trace(id: "${trace}") { name status stepCount } }`);
  await graphiql.locator(".graphiql-execute-button").click();

  const response = graphiql.locator(".graphiql-response .view-lines");
  return {
    async show({ status, stepCount }, timeout = 20_000) {
      await page.locator("#status").filter({ hasText: status }).waitFor({ timeout });
      await page.locator("#stepCount").filter({ hasText: String(stepCount) }).waitFor({ timeout });
      await response.filter({ hasText: `"status": "${status}"` }).filter({ hasText: `"stepCount": ${stepCount}` }).waitFor({ timeout });
    },
    stop: () => example.process.kill(),
  };
}

/** The example as its users start it. */
async function serveExample(address, key) {
  const process_ = spawn(process.execPath, [EXAMPLE, address, "0"], { env: { ...process.env, TRACEGRAPH_KEY: key } });
  const [said] = await once(process_.stdout, "data");
  assert.match(String(said), /^http:\S+\?trace=ID\n$/);
  return { process: process_, address: String(said).trim() };
}
