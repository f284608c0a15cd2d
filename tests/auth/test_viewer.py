"""What a viewer may do."""

import pytest

from auth.viewer import ADMIN, INGEST, READ, Viewer, may, require
from models.errors import Refused

READER = Viewer(key_id="1", key_name="dashboard", scopes=frozenset({READ}), project_id=None, expires_at=None)


@pytest.mark.parametrize(("scope", "expected"), [(READ, True), (INGEST, False), (ADMIN, False)])
def test_may_knows_the_scopes_of_the_key(scope: str, expected: bool) -> None:
    """A key may do what it was given, and nothing else follows from that."""
    assert may(READER, scope) is expected


def test_an_administrator_is_no_reader() -> None:
    """No scope contains another."""
    admin = Viewer(key_id="1", key_name="ops", scopes=frozenset({ADMIN}), project_id=None, expires_at=None)

    assert not may(admin, READ)


def test_require_says_which_key_lacks_what() -> None:
    """A refusal names the key and the scope, so that its holder knows what to ask for."""
    require(READER, READ)

    with pytest.raises(Refused, match=r"'dashboard' lacks the scope INGEST"):
        require(READER, INGEST)
