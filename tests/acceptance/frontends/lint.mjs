/** Holds a schema against the rules of graphql-eslint: `lint.mjs <schema>`. Prints what they complain about. */
import graphql from "@graphql-eslint/eslint-plugin";
import { ESLint } from "eslint";

const [schema] = process.argv.slice(2);
const rules = {
  ...graphql.configs["flat/schema-recommended"].rules,
  ...graphql.configs["flat/schema-relay"].rules,
  // Values (usage, metrics, edges, payloads) are no things with an id of their own; what has one implements Node.
  "@graphql-eslint/strict-id-in-types": "off",
  // Short lists that are bounded by what they are (user errors, groups) are plain, connections have `nodes` beside their
  // edges, and a session is no stored thing: it is what its traces say.
  "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
  // Some lists are only read forwards, which Relay allows.
  "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
};
const eslint = new ESLint({
  cwd: "/",
  overrideConfigFile: true,
  overrideConfig: [
    {
      files: ["**/*.graphql"],
      plugins: { "@graphql-eslint": graphql },
      languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema } } },
      rules,
    },
  ],
});
const [{ messages }] = await eslint.lintFiles([schema]);
console.log(JSON.stringify(messages.map(({ ruleId, line, message }) => ({ rule: ruleId, line, message }))));
