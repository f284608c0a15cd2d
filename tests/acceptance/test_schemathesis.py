"""Documents that schemathesis thinks of from our schema, on the running server: none of them is a failure of ours."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok

from tests.operations.questions import SCALARS
from tests.servers import Server

EXAMPLES = 8  # of each field of Query and Mutation


def test_schemathesis_finds_no_failure(server: Server) -> None:
    """Whatever is asked or written, however odd its values, is answered or refused, and never with 5xx or INTERNAL."""
    for name, values in SCALARS.items():
        schemathesis.graphql.scalar(name, values)
    schema = schemathesis.graphql.from_url(f"{server.url}/graphql", headers=server.headers)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def asks(case: Case[Any]) -> None:
            response = case.call(headers=server.headers)

            assert response.status_code < 500, case.body
            assert b'"INTERNAL"' not in response.content, case.body

        asks()
    assert len(operations) > 20
