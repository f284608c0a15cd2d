/**
 * Hold the example operations against a schema: `npm run examples -- ../schema/schema.graphql`.
 * Prints what doesn't fit and then exits with 1.
 */
import { readFileSync } from "node:fs";

import { buildSchema, parse, validate } from "graphql";
import { getVariableValues } from "graphql/execution/values.js";

import { examples } from "../src/examples.js";

const [path] = process.argv.slice(2);
const schema = buildSchema(readFileSync(path, "utf8"));
const problems = examples().flatMap(({ query, variables = "{}" }) => {
  const document = parse(query);
  const [operation] = document.definitions.filter((definition) => definition.kind === "OperationDefinition");
  const refused = getVariableValues(schema, operation.variableDefinitions ?? [], JSON.parse(variables)).errors ?? [];
  return [...validate(schema, document), ...refused].map((problem) => `${operation.name?.value}: ${problem.message}`);
});

console.log(problems.join("\n") || `${examples().length} examples fit ${path}`);
process.exitCode = problems.length ? 1 : 0;
