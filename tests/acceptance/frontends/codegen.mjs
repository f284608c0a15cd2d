/** Makes TypeScript of a schema and a document, as graphql-codegen does: `codegen.mjs <schema> <document>`. Prints it. */
import { readFileSync } from "node:fs";
import { codegen } from "@graphql-codegen/core";
import * as typescript from "@graphql-codegen/typescript";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse } from "graphql";

const [schema, document] = process.argv.slice(2).map((path) => parse(readFileSync(path, "utf8")));
const scalars = {
  BigInt: "number",
  Cursor: "string",
  DateTime: "string",
  Decimal: "string",
  Duration: "string",
  JSON: "unknown",
  UUID: "string",
};
const made = await codegen({
  schema,
  documents: [{ document }],
  filename: "made.ts",
  config: { strictScalars: true, scalars },
  plugins: [{ typescript: {} }, { operations: {} }],
  pluginMap: { typescript, operations },
});
console.log(JSON.stringify({ made }));
