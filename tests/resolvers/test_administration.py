"""Administration: projects and keys made, changed and revoked, by whom, and what the audit log says of it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from auth.audit import EVERYWHERE
from auth.keys import authenticate
from auth.projects import create_project as make_project
from auth.viewer import INGEST, READ
from models.enums import Scope
from models.errors import Refused, Unauthenticated
from models.ids import new_id
from models.values import Id
from resolvers.administration import (
    KeyChoice,
    KeyDraft,
    ProjectChange,
    ProjectDraft,
    create_api_key,
    create_project,
    revoke_api_key,
    update_project,
)
from resolvers.context import Context
from tests.resolvers.conftest import with_scopes

LOG = "SELECT project_id, actor_id, action, subject_id, details::text FROM audit_log ORDER BY id"


def bound(context: Context, project_id: str | None = None) -> Context:
    """The same person with a key for one project, by default that of the request."""
    return replace(context, viewer=replace(context.viewer, project_id=project_id or context.project_id))


async def test_a_project_is_made_and_changed(context: Context) -> None:
    """What is left out of a change stays as it is; a retention of null keeps traces for good."""
    made = (await create_project(context, ProjectDraft(name="shop", retention_days=30)))["project"]
    renamed = await update_project(context, ProjectChange(id=made["id"], name="store"))
    kept = await update_project(context, ProjectChange(id=made["id"], retention_days=None))

    assert (made["name"], made["retention_days"]) == ("shop", 30)
    assert (renamed["project"]["name"], renamed["project"]["retention_days"]) == ("store", 30)
    assert (kept["project"]["name"], kept["project"]["retention_days"]) == ("store", None)


@pytest.mark.parametrize(
    ("draft", "code", "path"),
    [
        (ProjectDraft(name=" "), "INVALID", ["input", "name"]),
        (ProjectDraft(name="a\x00b"), "INVALID", ["input", "name"]),
        (ProjectDraft(name=new_id()), "INVALID", ["input", "name"]),
        (ProjectDraft(name="shop", retention_days=0), "INVALID", ["input", "retentionDays"]),
        (ProjectDraft(name="shop", retention_days=36_501), "INVALID", ["input", "retentionDays"]),
        (ProjectDraft(name="taken"), "CONFLICT", ["input", "name"]),
    ],
)
async def test_a_bad_project_is_refused_as_data(
    context: Context, draft: ProjectDraft, code: str, path: list[str]
) -> None:
    """A mistake of the sender is a user error with the way to the field; nothing is made and nothing is logged."""
    await make_project(context.database, "taken")
    before = await context.database.fetch(LOG)
    answer = await create_project(context, draft)

    assert answer["project"] is None
    assert [(error["code"], error["path"]) for error in answer["user_errors"]] == [(code, path)]
    assert await context.database.fetch(LOG) == before


async def test_a_name_that_is_taken_is_refused_to_a_change_too(context: Context) -> None:
    """Two projects never share a name."""
    await make_project(context.database, "taken")
    answer = await update_project(context, ProjectChange(id=Id(context.project_id), name="taken"))

    assert [(error["code"], error["path"]) for error in answer["user_errors"]] == [("CONFLICT", ["input", "name"])]


async def test_a_foreign_project_is_refused_like_an_absent_one(context: Context) -> None:
    """Who may change one project learns nothing about others: the answers are the same to the letter."""
    foreign = await make_project(context.database, "foreign")
    here = bound(context)
    answers = [
        await update_project(here, ProjectChange(id=Id(identity), retention_days=7))
        for identity in (foreign["id"], new_id(), "no id")
    ]

    assert answers[0]["project"] is None
    assert answers[0]["user_errors"][0]["code"] == "NOT_FOUND"
    assert answers[0] == answers[1] == answers[2]


async def test_a_key_of_one_project_makes_no_projects(context: Context) -> None:
    """Projects are made by those who may see them all."""
    with pytest.raises(Refused):
        await create_project(bound(context), ProjectDraft(name="mine"))


async def test_a_key_of_one_project_does_not_rename_it(context: Context) -> None:
    """Whether a name is taken would tell which projects there are."""
    await make_project(context.database, "taken")
    for name in ("taken", "free"):
        with pytest.raises(Refused, match="can't rename it"):
            await update_project(bound(context), ProjectChange(id=Id(context.project_id), name=name))


async def test_a_new_key_opens_what_it_was_made_for(context: Context) -> None:
    """The secret is shown once, and opens the project that was named, by id or by name."""
    project = await make_project(context.database, "shop")
    for named in (project["id"], "shop"):
        answer = await create_api_key(context, KeyDraft(project=Id(named), name="agent", scopes=[Scope.INGEST]))
        viewer = await authenticate(context.database, answer["secret"])

        assert (viewer.key_id, viewer.project_id) == (answer["api_key"]["id"], project["id"])
        assert viewer.scopes == {INGEST}


@pytest.mark.parametrize("is_bound", [True, False])
async def test_a_new_key_opens_no_more_than_its_maker(context: Context, is_bound: bool) -> None:
    """Without a project a key opens what the key opens that makes it: its project, or all."""
    maker = bound(context) if is_bound else context
    answer = await create_api_key(maker, KeyDraft(name="agent", scopes=[Scope.READ]))

    assert answer["api_key"]["project_id"] == (context.project_id if is_bound else None)


async def test_a_key_for_a_foreign_project_is_refused_like_one_for_an_absent_one(context: Context) -> None:
    """Nobody makes a key for what they can't open, or learns that it is there."""
    foreign = await make_project(context.database, "foreign")
    answers = [
        await create_api_key(bound(context), KeyDraft(project=Id(wanted), name="agent", scopes=[Scope.READ]))
        for wanted in (foreign["id"], "foreign", new_id(), "absent")
    ]

    assert answers[0]["secret"] is answers[0]["api_key"] is None
    assert answers[0]["user_errors"][0]["path"] == ["input", "project"]
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"name": ""}, ["input", "name"]),
        ({"scopes": []}, ["input", "scopes"]),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, ["input", "expiresAt"]),
    ],
)
async def test_a_bad_key_is_refused_as_data(context: Context, given: dict[str, Any], path: list[str]) -> None:
    """A mistake of the sender is a user error with the way to the field, and no secret is shown."""
    draft = KeyDraft(**{"name": "agent", "scopes": [Scope.READ]} | given)
    answer = await create_api_key(context, draft)

    assert answer["secret"] is None
    assert [error["path"] for error in answer["user_errors"]] == [path]


async def test_a_revoked_key_opens_nothing(context: Context) -> None:
    """Revoking answers the key as it is now; a second time changes nothing."""
    made = await create_api_key(context, KeyDraft(name="agent", scopes=[Scope.READ]))
    choice = KeyChoice(id=made["api_key"]["id"])
    first, second = await revoke_api_key(context, choice), await revoke_api_key(context, choice)

    assert first["api_key"]["revoked_at"] is not None
    assert second == first
    with pytest.raises(Unauthenticated):
        await authenticate(context.database, made["secret"])


async def test_a_foreign_key_is_refused_like_an_absent_one(context: Context) -> None:
    """A key of another project, one for all projects and one that is not there: who may not see them can't tell."""
    foreign = await make_project(context.database, "foreign")
    keys = [
        await create_api_key(context, KeyDraft(project=project, name="agent", scopes=[Scope.READ]))
        for project in (Id(foreign["id"]), None)
    ]
    ids = [*(key["api_key"]["id"] for key in keys), new_id(), "no id"]
    answers = [await revoke_api_key(bound(context), KeyChoice(id=Id(identity))) for identity in ids]

    assert answers[0]["user_errors"][0]["code"] == "NOT_FOUND"
    assert all(answer == answers[0] for answer in answers)
    for key in keys:
        await authenticate(context.database, key["secret"])


async def test_nothing_is_administered_without_the_scope(context: Context) -> None:
    """Every act needs ADMIN; the other scopes together are not enough."""
    other = with_scopes(context, READ, INGEST)
    key, project = KeyDraft(name="agent", scopes=[Scope.READ]), Id(context.project_id)
    for act in (
        create_project(other, ProjectDraft(name="mine")),
        update_project(other, ProjectChange(id=project, name="mine")),
        create_api_key(other, key),
        revoke_api_key(other, KeyChoice(id=Id(new_id()))),
    ):
        with pytest.raises(Refused):
            await act


async def test_every_act_is_in_the_audit_log(context: Context) -> None:
    """Who did what to which thing stands in the log of its project, and no secret does."""
    await context.database.execute("DELETE FROM audit_log")
    project = (await create_project(context, ProjectDraft(name="shop")))["project"]["id"]
    await update_project(context, ProjectChange(id=project, retention_days=7))
    made = await create_api_key(context, KeyDraft(project=project, name="agent", scopes=[Scope.READ]))
    everywhere = await create_api_key(context, KeyDraft(name="root", scopes=[Scope.ADMIN]))
    key = made["api_key"]["id"]
    await revoke_api_key(context, KeyChoice(id=key))
    log = await context.database.fetch(LOG)

    assert [(row["project_id"], row["action"], row["subject_id"]) for row in log] == [
        (project, "project.created", project),
        (project, "project.updated", project),
        (project, "key.created", key),
        (EVERYWHERE, "key.created", everywhere["api_key"]["id"]),
        (project, "key.revoked", key),
    ]
    assert {row["actor_id"] for row in log} == {context.viewer.key_id}
    assert [orjson.loads(row["details"]) for row in log[:2]] == [
        {"name": "shop", "retentionDays": None},
        {"retentionDays": 7},
    ]
    assert all(made["secret"] not in str(row) for row in log)
