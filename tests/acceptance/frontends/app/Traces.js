/** What a page written with Relay asks for: a list that loads more, and a row that can be asked for again by its id. */
const { graphql } = require("relay-runtime");

module.exports.query = graphql`
  query TracesQuery($count: Int!, $cursor: Cursor) {
    viewer {
      scopes
    }
    ...Traces_list @arguments(count: $count, cursor: $cursor)
  }
`;

module.exports.list = graphql`
  fragment Traces_list on Query
  @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "Cursor" })
  @refetchable(queryName: "TracesPaginationQuery") {
    traces(first: $count, after: $cursor) @connection(key: "Traces_traces") {
      edges {
        node {
          id
          ...Traces_row
        }
      }
    }
  }
`;

module.exports.row = graphql`
  fragment Traces_row on Trace @refetchable(queryName: "TracesRowQuery") {
    name
    status
    startTime
    usage {
      total
    }
  }
`;

module.exports.create = graphql`
  mutation TracesCreateMutation($input: CreateTraceInput!) {
    createTrace(input: $input) {
      trace {
        id
        ...Traces_row
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`;
