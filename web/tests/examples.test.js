/** The ids that the examples make. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { newTraceVariables, uuid7 } from "../src/examples.js";

test("an id is a UUID of version 7 that carries its time", () => {
  const id = uuid7(0x0199_1234_5678);

  assert.match(id, /^01991234-5678-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("two traces never share an id", () => {
  const ids = Array.from({ length: 1000 }, () => JSON.parse(newTraceVariables())).flatMap(({ trace, step }) => [trace, step]);

  assert.equal(new Set(ids).size, 2000);
});
