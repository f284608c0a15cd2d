/** The operations that open as tabs on the first visit; tests/examples.js validates them against the schema. */

const listTraces = `# The newest traces with their steps.
# Ctrl-Enter runs it, Docs explain it.
query ListTraces($first: Int = 10) {
  traces(first: $first) {
    nodes {
      id
      name
      status
      startTime
      durationMs
      stepCount
      usage { total }
      cost
      steps(first: 20) {
        nodes {
          name
          kind
          status
          durationMs
          model
          usage { input output }
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const recordTrace = `# Start a trace, add a finished step, finish the trace.
# You choose the ids, so running it again is a safe
# retry: nothing changes. For another trace press
# "New ids", the last button of the toolbar.
mutation RecordTrace(
  $trace: UUID!
  $step: UUID!
  $start: DateTime!
  $end: DateTime!
) {
  createTrace(
    input: {
      id: $trace
      name: "answer a question"
      startTime: $start
      environment: "development"
      serviceName: "graphiql"
      tags: ["example"]
      input: "How high is Mont Blanc?"
    }
  ) {
    duplicate
    userErrors { code message path }
  }
  createStep(
    input: {
      id: $step
      traceId: $trace
      name: "draft the answer"
      kind: LLM
      status: OK
      startTime: $start
      endTime: $end
      provider: "openai"
      model: "gpt-4o-mini"
      usage: { input: 412, output: 96 }
      output: "4,806 metres."
    }
  ) {
    step { id durationMs }
    userErrors { code message path }
  }
  updateTrace(
    input: {
      id: $trace
      status: OK
      endTime: $end
      output: "4,806 metres."
    }
  ) {
    trace {
      id
      name
      status
      durationMs
      stepCount
      usage { total }
    }
    userErrors { code message path }
  }
}
`;

const watchEvents = `# Every change in the project, live. Run this, then
# record a trace from another window. After a lost
# connection it resumes behind the last cursor seen.
subscription WatchEvents($after: Cursor) {
  events(after: $after) {
    cursor
    type
    occurredAt
    ... on TraceStarted { trace { ...trace } }
    ... on TraceUpdated { trace { ...trace } }
    ... on TraceFinished { trace { ...trace } }
    ... on TraceDeleted { traceId }
    ... on StepStarted { step { ...step } }
    ... on StepUpdated { step { ...step } }
    ... on StepFinished { step { ...step } }
  }
}

fragment trace on Trace {
  id
  name
  status
  durationMs
  stepCount
}

fragment step on Step {
  id
  name
  kind
  status
  durationMs
  model
}
`;

/**
 * A UUID of version 7 (RFC 9562, section 5.7): 48 bits of time in milliseconds, then random bits.
 *
 * @param {number} now
 */
export function uuid7(now = Date.now()) {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const time = now.toString(16).padStart(12, "0");
  const variant = "89ab"[Number.parseInt(random[3], 16) % 4];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

/** Variables of `RecordTrace`, as text: new ids, and a run that ended just now. */
export function newTraceVariables() {
  const end = new Date();
  const start = new Date(end.getTime() - 1_840);
  return JSON.stringify({ trace: uuid7(), step: uuid7(), start: start.toISOString(), end: end.toISOString() }, null, 2);
}

export const examples = () => [
  { query: listTraces },
  { query: recordTrace, variables: newTraceVariables() },
  { query: watchEvents },
];
