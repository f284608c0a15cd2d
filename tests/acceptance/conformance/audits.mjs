/** Runs the audits of graphql-http against a server: `audits.mjs <url of /graphql> <key>`; prints them as JSON. */
import { auditServer } from "graphql-http";

const [url, key] = process.argv.slice(2);

const fetchWithKey = (input, init = {}) =>
  fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } });

const results = await auditServer({ url, fetchFn: fetchWithKey });
console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
