"""Histories: sets of records about a few traces, as instrumented services might send them, in any order."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from ingest.drafts import Draft, StepCorrection, StepDraft, TraceCorrection, TraceDraft, Usage
from models.enums import StepKind, StepStatus, TraceStatus
from models.ids import new_id
from models.values import BigInt, Json, Money, Uuid

EPOCH = datetime(2026, 11, 1, tzinfo=UTC)

moments = st.integers(0, 3 * 86_400_000).map(lambda number: EPOCH + timedelta(milliseconds=number))
words = st.none() | st.sampled_from(["a", "b", "gpt-4o", "é\u0000ü"])
texts = st.none() | st.sampled_from(
    [Json(text) for text in ('"short"', '{"longer": [1, 2]}', "[]", '"\\ud83d\\ude00"')]
)
objects = st.none() | st.dictionaries(st.sampled_from("xyz"), st.integers(0, 3)).map(
    lambda value: Json(str(value).replace("'", '"'))
)
counts = st.none() | st.integers(0, 1000).map(BigInt)
usages = st.none() | st.builds(Usage, input=counts, output=counts, cache_read=counts, reasoning=counts)
FINAL_TRACE = [TraceStatus.OK, TraceStatus.ERROR, TraceStatus.CANCELLED]
FINAL_STEP = [StepStatus.OK, StepStatus.ERROR, StepStatus.CANCELLED]


def traces(identity: Uuid) -> st.SearchStrategy[Draft]:
    """A fact about a trace: of its start, or of its end."""
    return st.builds(
        TraceDraft,
        id=st.just(identity),
        name=st.sampled_from(["plan", "search", "answer"]),
        status=st.sampled_from(TraceStatus),
        start_time=moments,
        end_time=st.none() | st.just(EPOCH + timedelta(days=4)),
        user_id=words,
        environment=words,
        service_name=words,
        tags=st.lists(st.sampled_from(["red", "blue", 'quo"te'])),
        metadata=objects,
        input=texts,
        output=texts,
        error_type=words,
    )


def steps(trace_id: Uuid, identity: Uuid, parent: Uuid | None) -> st.SearchStrategy[Draft]:
    """A fact about a step: of its start, or of its end."""
    return st.builds(
        StepDraft,
        id=st.just(identity),
        trace_id=st.just(trace_id),
        parent_id=st.just(parent),
        name=st.sampled_from(["call", "tool"]),
        kind=st.sampled_from(StepKind),
        status=st.sampled_from(StepStatus),
        start_time=moments,
        end_time=st.none() | st.just(EPOCH + timedelta(days=5)),
        time_to_first_token_ms=st.none() | st.floats(0, 1e4),
        provider=words,
        request_model=words,
        response_model=words,
        usage=usages,
        cost=st.none() | st.sampled_from([Money("0.25"), Money("1.5")]),
        input=texts,
        output=texts,
        attributes=objects,
        error_message=words,
    )


@st.composite
def corrections(draw: st.DrawFn, trace_id: Uuid, step_ids: Sequence[Uuid]) -> list[Draft]:
    """At most one decision about each thing: of two decisions about one field the later counts, whatever it says."""
    ending: dict[str, Any] = {"end_time": EPOCH + timedelta(days=6)}
    decided: list[Draft] = []
    if draw(st.booleans()):
        status = draw(st.sampled_from(FINAL_TRACE))
        decided.append(TraceCorrection(id=trace_id, name=draw(words), status=status, tags=["green"], **ending))
    return decided + [
        StepCorrection(
            id=identity,
            trace_id=trace_id,
            status=draw(st.sampled_from(FINAL_STEP)),
            model=draw(words),
            usage=draw(usages),
            cost=draw(st.none() | st.just(Money("0.75"))),
            output=draw(texts),
            **ending,
        )
        for identity in step_ids
        if draw(st.booleans())
    ]


@st.composite
def histories(draw: st.DrawFn) -> list[Draft]:
    """Facts and decisions about one or two traces and up to three steps of each."""
    records: list[Draft] = []
    for _ in range(draw(st.integers(1, 2))):
        trace_id = Uuid(new_id(int(EPOCH.timestamp() * 1000)))
        step_ids = [Uuid(new_id(int(EPOCH.timestamp() * 1000))) for _ in range(draw(st.integers(0, 3)))]
        records += draw(st.lists(traces(trace_id), max_size=3))
        for place, identity in enumerate(step_ids):
            parent = step_ids[place - 1] if place else None
            records += draw(st.lists(steps(trace_id, identity, parent), max_size=3))
        records += draw(corrections(trace_id, step_ids))
    return records
