/**
 * How the page talks to the server: queries and mutations over HTTP, subscriptions over a WebSocket that resumes.
 *
 * @import { Fetcher, FetcherParams } from "@graphiql/toolkit"
 * @import { Sink } from "graphql-ws"
 */
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws";

import { patient, resuming } from "./resume.js";

/** @param {string} key */
export const headersOf = (key) => ({ Authorization: `Bearer ${key}` });

/**
 * @param {string} endpoint path or address of the GraphQL endpoint
 * @param {string | null} developmentKey reads the schema before the headers editor exists; all else asks the editor
 * @returns {Fetcher}
 */
export function fetcherFor(endpoint, developmentKey) {
  const url = new URL(endpoint, window.location.href);
  const ask = createGraphiQLFetcher({ url: url.href, enableIncrementalDelivery: false });
  const first = developmentKey ? { headers: headersOf(developmentKey) } : {};
  const socketUrl = url.href.replace(/^http/, "ws");

  return (parameters, options) => {
    if (parameters.operationName === "IntrospectionQuery") return ask(parameters, { ...first, ...options });
    const operation = chosenOperation(parameters);
    const named = { ...parameters, operationName: operation?.name?.value ?? parameters.operationName };
    return operation?.operation === "subscription"
      ? { subscribe: (/** @type {any} */ sink) => ({ unsubscribe: watch(socketUrl, named, options?.headers, sink) }) }
      : ask(named, options);
  };
}

/**
 * The operation to run. GraphiQL learns of a text's operations a moment later than of the text, so right after a change
 * of tabs it may name one of the tab before; then it is the only one there is.
 *
 * @param {FetcherParams} parameters
 */
function chosenOperation({ query, operationName }) {
  try {
    const document = parse(query);
    return getOperationAST(document, operationName) ?? getOperationAST(document);
  } catch {
    return null; // what is wrong with the text, the server says best
  }
}

/**
 * The headers editor, as `connection_init` takes it: a browser can't set headers on a WebSocket.
 *
 * @param {Record<string, string>} headers
 */
export function connectionParameters(headers) {
  const named = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const authorization = named.get("authorization");
  const project = named.get("x-tracegraph-project");
  return { ...(authorization && { authorization }), ...(project && { project }) };
}

/**
 * One socket for one subscription, so that it is opened with the headers of this moment.
 *
 * @param {string} url
 * @param {FetcherParams} parameters
 * @param {Record<string, string>} headers
 * @param {Sink<any>} sink
 */
function watch(url, parameters, headers = {}, sink) {
  const client = createClient({ url, connectionParams: connectionParameters(headers), keepAlive: 20_000, ...patient });
  const { query, variables, operationName } = parameters;
  const payload = { query, variables: variables ?? {}, operationName };
  let stopped = false;
  const heard = {
    next: (/** @type {any} */ result) => sink.next(result),
    error: (/** @type {unknown} */ problem) => sink.error(readable(problem)),
    complete: () => stopped || sink.complete(),
  };
  const stop = resuming(client).subscribe(payload, heard);
  return () => {
    stopped = true;
    stop();
  };
}

/** @param {unknown} problem what a subscription ended with: GraphQL errors, the socket's close event, or an exception */
function readable(problem) {
  return problem instanceof CloseEvent ? new Error(`The server closed the socket: ${problem.code} ${problem.reason}`) : problem;
}
