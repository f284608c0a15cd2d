/** The page: GraphiQL with our fetcher, our examples and our name, configured by the server it came from. */
import { ToolbarButton, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import { useEffect } from "react";
import { createRoot } from "react-dom/client";

import { examples, newTraceVariables } from "./examples.js";
import { fetcherFor, headersOf } from "./fetcher.js";
import icon from "./icon.svg";
import "graphiql/style.css";
import "./page.css";

/** @typedef {{ endpoint: string, developmentKey: string | null }} Configuration what `config.json` says */

function NewIds() {
  const variables = useGraphiQL((state) => state.variableEditor);
  const recording = useGraphiQL((state) => state.operationName === "RecordTrace");
  return recording ? (
    <ToolbarButton label="New ids: variables for another trace" onClick={() => variables?.setValue(newTraceVariables())}>
      <svg className="graphiql-toolbar-icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
        <path d="M16 10a6 6 0 1 1-2-4.5M16 3v3.5h-3.5" />
      </svg>
    </ToolbarButton>
  ) : null;
}

/** Without a development key the schema can be read only once somebody has typed a key. */
function SchemaForNewKey() {
  const { introspect } = useGraphiQLActions();
  const headers = useGraphiQL((state) => state.headerEditor);
  const known = useGraphiQL((state) => Boolean(state.schema));
  useEffect(() => {
    if (!headers || known) return;
    /** @type {ReturnType<typeof setTimeout>} */
    let pause;
    const typing = headers.onDidChangeModelContent(() => {
      clearTimeout(pause);
      pause = setTimeout(introspect, 500);
    });
    return () => {
      clearTimeout(pause);
      typing.dispose();
    };
  }, [headers, known, introspect]);
  return null;
}

/** The schema explains itself; only GraphiQL's own sidebar can unfold the pane that shows it. */
function openDocumentation() {
  /** @type {HTMLElement | null} */
  const opener = document.querySelector('button[aria-label="Show Documentation Explorer"]');
  opener?.click();
}

/** @param {Configuration} configuration */
function Page({ endpoint, developmentKey }) {
  const headers = developmentKey ? JSON.stringify(headersOf(developmentKey), null, 2) : undefined;
  return (
    <GraphiQL
      fetcher={fetcherFor(endpoint, developmentKey)}
      defaultTabs={examples()}
      defaultHeaders={headers}
      defaultEditorToolsVisibility={developmentKey ? "variables" : "headers"}
      shouldPersistHeaders={false}
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>
        <img src={icon} alt="" />
        Tracegraph
        <button type="button" onClick={openDocumentation}>
          Docs
        </button>
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, merge, copy }) => (
          <>
            {prettify}
            {merge}
            {copy}
            <NewIds />
          </>
        )}
      </GraphiQL.Toolbar>
      <SchemaForNewKey />
    </GraphiQL>
  );
}

const root = /** @type {HTMLElement} */ (document.getElementById("root"));
try {
  const answer = await fetch(`${import.meta.env.BASE_URL}config.json`);
  if (!answer.ok) throw new Error(`config.json answered ${answer.status}`);
  createRoot(root).render(<Page {...await answer.json()} />);
} catch (problem) {
  root.textContent = `This page could not read its configuration: ${problem}`;
}
