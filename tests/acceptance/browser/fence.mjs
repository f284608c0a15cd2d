/** A browser that reaches this machine and nothing else, and tells what it was asked for. */

/** Names resolve to nothing, and Chromium's own errands stay at home. */
export const switches = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

const atHome = (address) => ["127.0.0.1", "[::1]"].includes(new URL(address).hostname);

/**
 * Requests to other machines are refused and noted as `strangers`; errors of pages and of their policy, as `complaints`.
 */
export async function blockStrangers(context) {
  const strangers = [];
  const complaints = [];
  const requests = [];
  await context.route(/^(?!data:|blob:)/, (route) => {
    const address = route.request().url();
    (atHome(address) ? requests : strangers).push(address);
    return atHome(address) ? route.continue() : route.abort();
  });
  await context.routeWebSocket(
    (address) => !atHome(address),
    (socket) => {
      strangers.push(socket.url());
      socket.close();
    },
  );
  context.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  context.on("weberror", (error) => complaints.push(String(error.error())));
  return { strangers, complaints, requests };
}
