"""The rules for drafts: what is let in, and how everything else is named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.drafts import Draft, StepCorrection, StepDraft, TraceDraft, Usage
from ingest.rules import ITEM_LENGTH, latest_id, problems
from models.ids import canonical, new_id
from models.values import BigInt, Json, Money, Uuid

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TRACE = Uuid("0197f1d0-0000-7000-8000-000000000001")


FUTURE = Uuid(new_id(int((NOW + timedelta(days=8)).timestamp() * 1000)))


def step(**fields: Any) -> StepDraft:
    """A step that breaks no rule but those in the fields given."""
    return StepDraft(**{"trace_id": TRACE, "name": "call"} | fields)


def trace(**fields: Any) -> TraceDraft:
    """A trace that breaks no rule but those in the fields given."""
    return TraceDraft(**{"name": "run"} | fields)


SOUND = [
    trace(),
    trace(name="n" * 1000, tags=["a"] * 100, metadata="{}", input="null"),
    trace(id=FUTURE),
    trace(id=Uuid("0197F1D0000070008000000000000001")),
    trace(input=Json("[" * 200 + "]" * 200)),
    trace(input=Json('"' + "[" * 5000 + '"')),
    trace(metadata='{"a": 1e300, "b": "1e9999999", "c": -2.5E-30}', input="1e9999999"),
    step(cost=Money("0.0000001"), usage=Usage(input=BigInt(0)), time_to_first_token_ms=0.0),
    step(start_time=NOW, end_time=NOW),
    StepCorrection(id=TRACE, trace_id=TRACE),
]

FAULTY: list[tuple[Draft, str, str]] = [
    (trace(id="nope"), "INVALID", "id"),
    (step(id=FUTURE), "INVALID", "id"),
    (step(trace_id=""), "INVALID", "traceId"),
    (step(parent_id="x"), "INVALID", "parentId"),
    (trace(name=""), "INVALID", "name"),
    (trace(name="n" * 1001), "INVALID", "name"),
    (trace(session_id="s" * 501), "TOO_LARGE", "sessionId"),
    (step(response_model="m" * 501), "TOO_LARGE", "responseModel"),
    (trace(error_type="e" * 501), "TOO_LARGE", "errorType"),
    (trace(error_message="e" * 100_001), "TOO_LARGE", "errorMessage"),
    (trace(tags=["a"] * 101), "TOO_LARGE", "tags"),
    (trace(tags=["a", ""]), "INVALID", "tags.1"),
    (trace(metadata="[1]"), "INVALID", "metadata"),
    (step(attributes='"text"'), "INVALID", "attributes"),
    (trace(input="[" * 201 + "]" * 201), "INVALID", "input"),
    (trace(output='"' + "x" * ITEM_LENGTH + '"'), "TOO_LARGE", ""),
    (trace(metadata='{"a": 1e1048576}'), "TOO_LARGE", ""),
    (step(attributes='{"a": [' + ",".join(["1e-0300"] * 4_000) + "]}"), "TOO_LARGE", ""),
    (trace(start_time=NOW, end_time=NOW - timedelta(seconds=1)), "INVALID", "endTime"),
    (trace(start_time=datetime(1969, 1, 1, tzinfo=UTC)), "INVALID", "startTime"),
    (step(time_to_first_token_ms=float("nan")), "INVALID", "timeToFirstTokenMs"),
    (step(time_to_first_token_ms=-1.0), "INVALID", "timeToFirstTokenMs"),
    (step(cost="-1"), "INVALID", "cost"),
    (step(cost="Infinity"), "INVALID", "cost"),
    (step(cost="1" * 61), "INVALID", "cost"),
    (step(cost="free"), "INVALID", "cost"),
    (step(usage=Usage(output=BigInt(-1))), "INVALID", "usage.output"),
    (step(usage=Usage(cache_read=BigInt(2**63))), "INVALID", "usage.cacheRead"),
]


@pytest.mark.parametrize("draft", SOUND)
def test_sound_draft_is_let_in(draft: Draft) -> None:
    """Values at their limits break no rule."""
    assert problems(draft, latest_id(NOW)) == []


@pytest.mark.parametrize(("draft", "code", "path"), FAULTY)
def test_faulty_field_is_named(draft: Draft, code: str, path: str) -> None:
    """What breaks a rule is refused with its code and the way to the field, in the names of the API."""
    found = [(problem.code, ".".join(problem.path)) for problem in problems(draft, latest_id(NOW))]

    assert [(code, path)] == found


def test_every_problem_is_told_at_once() -> None:
    """A sender need not mend one field to hear of the next."""
    found = problems(trace(id="x", name="", metadata="1"), latest_id(NOW))

    assert {("id",), ("name",), ("metadata",)} == {problem.path for problem in found}


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        (TRACE, TRACE),
        (TRACE.upper(), TRACE),
        (TRACE.replace("-", ""), TRACE),
        ("{" + TRACE + "}", TRACE),
        ("0197f1d0", None),
        ("", None),
    ],
)
def test_canonical(spelling: str, expected: str | None) -> None:
    """Any spelling of a UUID has one canonical form."""
    assert canonical(spelling) == expected
