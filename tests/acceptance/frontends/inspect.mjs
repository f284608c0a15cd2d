/** Compares the schema that was promised with ours: `inspect.mjs <promised> <ours>`. Prints what would break clients. */
import { readFileSync } from "node:fs";
import { CriticalityLevel, diff } from "@graphql-inspector/core";
import { buildSchema } from "graphql";

const [promised, ours] = process.argv.slice(2).map((path) => buildSchema(readFileSync(path, "utf8")));
const changes = await diff(promised, ours);
const breaking = changes.filter((change) => change.criticality.level === CriticalityLevel.Breaking);
console.log(JSON.stringify(breaking.map(({ type, path, message }) => ({ type, path, message }))));
