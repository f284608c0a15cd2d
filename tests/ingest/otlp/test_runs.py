"""What the root says about the whole run."""

import json
from collections.abc import Mapping

import pytest

from tests.fakes.spans import RESOURCE, span, trace_of


@pytest.mark.parametrize(
    ("attributes", "session", "user"),
    [
        ({"session.id": "s", "user.id": "u"}, "s", "u"),
        ({"gen_ai.conversation.id": "s", "enduser.id": "u"}, "s", "u"),
        ({"session.id": "s", "gen_ai.conversation.id": "c", "user.id": 7}, "s", "7"),
        (
            {
                "traceloop.association.properties.session_id": "s",
                "traceloop.association.properties.user_id": "u",
            },
            "s",
            "u",
        ),
        ({"ai.telemetry.metadata.sessionId": "s", "ai.telemetry.metadata.userId": "u"}, "s", "u"),
        ({"session.id": ""}, None, None),
    ],
)
def test_session_and_user(attributes: Mapping[str, object], session: str | None, user: str | None) -> None:
    """A conversation and the person in it have a name in every dialect."""
    trace = trace_of(span(attributes))

    assert (trace.session_id, trace.user_id) == (session, user)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [(["a", "b"], ["a", "b"]), ("a", ["a"]), ([], []), (["", None, 7, "x" * 600], ["7", "x" * 500]), (None, [])],
)
def test_tags(tags: object, expected: list[str]) -> None:
    """Tags are a list of words; what can't be one is left out or cut."""
    assert trace_of(span({"tag.tags": tags})).tags == expected


def test_more_tags_than_fit() -> None:
    """A trace has up to a hundred tags."""
    assert len(trace_of(span({"tag.tags": [str(number) for number in range(500)]})).tags or ()) == 100


def test_metadata() -> None:
    """The metadata is the sender's own, together with the resource that the run had."""
    own = {"metadata": '{"tenant": 7}', "ai.telemetry.metadata.plan": "gold", "other": 1}

    assert json.loads(trace_of(span(own)).metadata or "") == {"resource": RESOURCE, "tenant": 7, "plan": "gold"}


@pytest.mark.parametrize("metadata", ["{broken", "[1]", 7, None])
def test_metadata_that_is_no_object(metadata: object) -> None:
    """What is no object adds nothing."""
    assert json.loads(trace_of(span({"metadata": metadata})).metadata or "") == {"resource": RESOURCE}
