/**
 * Serves the page beside it, and what the page follows: one trace, with a key that no browser sees.
 *
 *     TRACEGRAPH_KEY=tg_... node serve.mjs [http://127.0.0.1:8000 [8080]]
 *
 * An EventSource can't send a key. So it asks us, whether its user may see this trace is for us to say, and what is asked
 * of Tracegraph is one document of ours. A key with the scope READ is enough.
 */
import { createReadStream } from "node:fs";
import { createServer, request } from "node:http";
import { pipeline } from "node:stream";

const [tracegraph = "http://127.0.0.1:8000", port = "8080"] = process.argv.slice(2);
const authorization = `Bearer ${process.env.TRACEGRAPH_KEY}`;
const query = "subscription ($id: ID!) { trace(id: $id) { name status stepCount errorCount cost } }";

/** The page, at `/?trace=<id>`. */
function page(answer) {
  answer.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  createReadStream(new URL("index.html", import.meta.url)).pipe(answer);
}

/** The states of a trace as they come, at `/states?trace=<id>`. */
function states(id, answer) {
  const parameters = new URLSearchParams({ query, variables: JSON.stringify({ id }) });
  const headers = { accept: "text/event-stream", authorization };
  const asked = request(`${tracegraph}/graphql?${parameters}`, { headers }, (told) => {
    answer.writeHead(told.statusCode, { "content-type": told.headers["content-type"], "cache-control": "no-store" });
    pipeline(told, answer, () => {}); // whoever ends it, the other end learns of it
  });
  asked.on("error", () => answer.destroy()); // nobody is there: the browser tries again
  answer.on("close", () => asked.destroy());
  asked.end();
}

const server = createServer((asked, answer) => {
  const { pathname, searchParams } = new URL(asked.url, "http://here");
  if (pathname === "/states") states(searchParams.get("trace"), answer);
  else page(answer);
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/?trace=ID`));
