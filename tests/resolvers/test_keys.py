"""Keys by their ids: oneself, and with the scope ADMIN those of the projects that one opens."""

from dataclasses import replace

import pytest

from auth.keys import create_key
from auth.viewer import ADMIN, READ
from models.ids import new_id
from resolvers import keys
from resolvers.context import Context
from tests.resolvers.conftest import elsewhere


@pytest.mark.parametrize(
    ("scopes", "bound", "expected"),
    [
        ((READ,), True, ["own", None, None, None]),
        ((READ, ADMIN), True, ["own", "neighbour", None, None]),
        ((READ, ADMIN), False, ["own", "neighbour", "theirs", "everywhere"]),
    ],
)
async def test_a_key_is_shown_to_whom_it_concerns(
    context: Context, scopes: tuple[str, ...], *, bound: bool, expected: list[str | None]
) -> None:
    """A key of one project sees no key of another, nor one of all projects; nothing shows its digest."""
    other = await elsewhere(context)
    owners = {
        "own": context.project_id,
        "neighbour": context.project_id,
        "theirs": other.project_id,
        "everywhere": None,
    }
    ids = []
    for name, owner in owners.items():
        row, _ = await create_key(context.database, project_id=owner, name=name, scopes=(READ,))
        ids.append(row["id"])
    project_id = context.project_id if bound else None
    viewer = replace(context.viewer, key_id=ids[0], scopes=frozenset(scopes), project_id=project_id)

    found = await keys.by_ids(replace(context, viewer=viewer), [*ids, new_id()])

    assert [row and row["name"] for row in found] == [*expected, None]
    assert all("digest" not in dict(row.items()) for row in found if row)
