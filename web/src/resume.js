/**
 * Follow `events` across lost connections, without missing one and without repeating one.
 *
 * graphql-ws reconnects by itself, but then sends the payload it was given at first: the stream would start at the old
 * `after` again. It writes that payload out anew for each connection, though. So `follow` hands it a payload of its own
 * and keeps the cursor of the last event that your `next` has seen in there: every retry asks for what comes after it.
 *
 *     const client = createClient({ url: "wss://…/graphql", connectionParams: { authorization: "Bearer …" }, ...patient });
 *     const query = "subscription ($after: Cursor) { events(after: $after) { cursor type } }";
 *     const stop = follow(client, { query, variables: { after: lastCursorYouStored } }, { next, error, complete });
 *
 * The document has to declare `$after` and select `cursor`. Without a first `after` the promise holds from the checkpoint
 * on that comes first. To survive the end of your own process as well, store each cursor together with what you did about
 * its event.
 *
 * @import { Client, ClientOptions, ExecutionResult, Sink, SubscribePayload } from "graphql-ws"
 */

/**
 * Client options that never give up on a server that restarts or a network that is away: waits double from a quarter of
 * a second to 15 seconds, randomised. What can't heal (a refused key, a broken protocol) still ends in `error`.
 *
 * @satisfies {Partial<ClientOptions>}
 */
export const patient = {
  retryAttempts: Infinity,
  shouldRetry: () => true,
  /** @param {number} retries */
  retryWait: (retries) =>
    new Promise((resume) => setTimeout(resume, Math.min(15_000, 250 * 2 ** retries) * (0.5 + Math.random()))),
};

/**
 * Whether a document can be followed: it declares `$after` and selects `cursor`.
 *
 * @param {string} query
 */
export const followable = (query) => /\$after\b/.test(query) && /\bcursor\b/.test(query);

/**
 * Subscribe like `client.subscribe`, resuming behind the last event seen. Returns the function that stops it.
 *
 * @param {Pick<Client, "subscribe">} client
 * @param {SubscribePayload} payload
 * @param {Sink<ExecutionResult<Record<string, any>, any>>} sink
 * @param {(data: Record<string, any>) => string | undefined} cursorOf finds the cursor; by default in the root field
 * @throws {TypeError} for a document that can't be followed
 */
export function follow(client, payload, sink, cursorOf = (data) => Object.values(data)[0]?.cursor) {
  if (!followable(payload.query)) throw new TypeError("To be followed, a document declares $after and selects cursor");
  const variables = { ...payload.variables };
  return client.subscribe(
    { ...payload, variables },
    {
      next(result) {
        sink.next(/** @type {any} */ (result));
        variables.after = (result.data && cursorOf(result.data)) ?? variables.after;
      },
      error: (problem) => sink.error(problem),
      complete: () => sink.complete(),
    },
  );
}

/**
 * The client, with subscriptions that resume wherever their document can be followed: for Apollo Client, urql and whatever
 * else is handed a client, and for those of graphql-sse.
 *
 * @template {Pick<Client, "subscribe">} Subscribing
 * @param {Subscribing} client
 * @returns {Subscribing}
 */
export const resuming = (client) => ({
  ...client,
  /** @param {SubscribePayload} payload @param {Sink<any>} sink */
  subscribe: (payload, sink) =>
    followable(payload.query) ? follow(client, payload, sink) : client.subscribe(payload, sink),
});
