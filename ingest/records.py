"""Records: drafts made ready for the database, one tuple of column values each."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ingest.drafts import StepCorrection, StepDraft, TraceCorrection, TraceDraft, Usage
from models.enums import CostSource, StepKind, StepStatus, TraceStatus
from models.ids import canonical, new_id, time_of

# Marks an end time that the server's clock gave because a correction ended the record without saying when.
ENDED = "ended"

NO_USAGE = Usage()

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
HEX = "[0-9a-fA-F]"
# A pair of surrogates, one code unit, or any other escape.
ESCAPE = re.compile(rf"\\(?:u[dD][89abAB]{HEX}{HEX}\\u[dD][c-fC-F]{HEX}{HEX}|u{HEX}{{4}}|.)", re.DOTALL)
LONE_ESCAPE = 6


class TraceRecord(NamedTuple):
    """The columns of `traces` that a sender fills, in the order of the statement; lists are array literals."""

    id: str
    name: str
    status: str
    start_time: datetime
    end_time: datetime | None
    session_id: str | None
    user_id: str | None
    environment: str | None
    release: str | None
    service_name: str | None
    tags: str
    metadata: str
    input: str | None
    output: str | None
    error_type: str | None
    error_message: str | None
    recorded: bool
    corrected: str


class StepRecord(NamedTuple):
    """The columns of `trace_steps` that a sender fills, in the order of the statement; lists are array literals."""

    id: str
    trace_id: str
    parent_id: str | None
    name: str
    kind: str
    status: str
    start_time: datetime
    end_time: datetime | None
    time_to_first_token_ms: float | None
    provider: str | None
    stated_model: str | None
    request_model: str | None
    response_model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    cost: str | None
    cost_source: str
    input: str | None
    output: str | None
    attributes: str
    error_type: str | None
    error_message: str | None
    recorded: bool
    corrected: str


Record = TraceRecord | StepRecord


def trace_record(draft: TraceDraft | TraceCorrection, now: datetime) -> TraceRecord:
    """The record of a draft that breaks no rule."""
    identity = canonical(draft.id) or "" if draft.id else new_id()
    corrected = isinstance(draft, TraceCorrection)
    status, end_time, decided = _ending(draft, now)
    return TraceRecord(
        id=identity,
        name=clean(draft.name) or "",
        status=status,
        start_time=_start(draft.start_time if isinstance(draft, TraceDraft) else None, identity, end_time, now),
        end_time=end_time,
        session_id=clean(draft.session_id),
        user_id=clean(draft.user_id),
        environment=clean(draft.environment),
        release=clean(draft.release),
        service_name=clean(draft.service_name),
        tags=array_literal(sorted({clean(tag) or "" for tag in draft.tags or ()})),
        metadata=clean_object(draft.metadata),
        input=draft.input,
        output=draft.output,
        error_type=clean(draft.error_type),
        error_message=clean(draft.error_message),
        recorded=not corrected,
        corrected=array_literal(sorted(decided + _given(draft, TRACE_DECISIONS))) if corrected else "{}",
    )


def step_record(draft: StepDraft | StepCorrection, now: datetime) -> StepRecord:
    """The record of a draft that breaks no rule; its cost is filled in later when the sender gave none."""
    identity = canonical(draft.id) or "" if draft.id else new_id()
    corrected = isinstance(draft, StepCorrection)
    status, end_time, decided = _ending(draft, now)
    usage = draft.usage or NO_USAGE
    return StepRecord(
        id=identity,
        trace_id=canonical(draft.trace_id) or "",
        parent_id=canonical(draft.parent_id) if isinstance(draft, StepDraft) and draft.parent_id else None,
        name=clean(draft.name) or "",
        kind=draft.kind or StepKind.CUSTOM,
        status=status,
        start_time=_start(draft.start_time if isinstance(draft, StepDraft) else None, identity, end_time, now),
        end_time=end_time,
        time_to_first_token_ms=draft.time_to_first_token_ms,
        provider=clean(draft.provider),
        stated_model=clean(draft.model),
        request_model=clean(draft.request_model),
        response_model=clean(draft.response_model),
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        reasoning_tokens=usage.reasoning,
        cost=draft.cost,
        cost_source=CostSource.UNKNOWN if draft.cost is None else CostSource.REPORTED,
        input=draft.input,
        output=draft.output,
        attributes=clean_object(draft.attributes),
        error_type=clean(draft.error_type),
        error_message=clean(draft.error_message),
        recorded=not corrected,
        corrected=array_literal(sorted(decided + _step_decisions(draft, usage))) if corrected else "{}",
    )


TRACE_DECISIONS = (
    "name", "session_id", "user_id", "environment", "release", "service_name", "tags", "metadata", "input", "output",
    "error_type", "error_message",
)  # fmt: skip
STEP_DECISIONS = (
    "name", "kind", "time_to_first_token_ms", "provider", "request_model", "response_model", "cost", "input",
    "output", "attributes", "error_type", "error_message",
)  # fmt: skip
USAGE = ("input", "output", "cache_read", "cache_write", "reasoning")


def _ending(
    draft: TraceDraft | TraceCorrection | StepDraft | StepCorrection, now: datetime
) -> tuple[str, datetime | None, list[str]]:
    """Status, end time, and which of the two a correction decides."""
    status = draft.status or TraceStatus.RUNNING
    if draft.end_time is not None:
        if status == TraceStatus.RUNNING:
            status = StepStatus.ERROR if draft.error_type or draft.error_message else StepStatus.OK
        return status, draft.end_time, ["end_time", "status"]
    if status == TraceStatus.RUNNING:
        return status, None, []
    if isinstance(draft, TraceCorrection | StepCorrection):
        return status, now, ["status", ENDED]
    return status, None, []


def _start(stated: datetime | None, identity: str, end: datetime | None, now: datetime) -> datetime:
    """When it started; what nobody stated is guessed, and nothing ended before it started."""
    guess = stated or time_of(identity) or now
    return guess if stated or end is None else min(guess, end)


def _given(draft: object, names: Iterable[str]) -> list[str]:
    return [name for name in names if getattr(draft, name) is not None]


def _step_decisions(draft: StepDraft | StepCorrection, usage: Usage) -> list[str]:
    stated = ["stated_model"] if draft.model is not None else []
    return _given(draft, STEP_DECISIONS) + stated + [f"{name}_tokens" for name in _given(usage, USAGE)]


def clean(text: str | None) -> str | None:
    """The text without what PostgreSQL can't hold: NUL and lone surrogates become U+FFFD."""
    if text is None or (text.isascii() and "\x00" not in text):
        return text
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return paired.replace("\x00", REPLACEMENT)


def clean_object(text: str | None) -> str:
    """A JSON object that `jsonb` accepts: escaped NULs and lone surrogates become U+FFFD."""
    if text is None:
        return "{}"
    if "\\u" not in text:
        return text
    return ESCAPE.sub(_replaced, text)


def _replaced(escape: re.Match[str]) -> str:
    code = escape[0][2:6].lower()
    if len(escape[0]) == LONE_ESCAPE and (code == "0000" or "d800" <= code <= "dfff"):
        return REPLACEMENT
    return escape[0]


def array_literal(entries: Iterable[str]) -> str:
    """A list of strings as the text of a PostgreSQL array."""
    return "{" + ",".join('"' + entry.replace("\\", "\\\\").replace('"', '\\"') + '"' for entry in entries) + "}"
