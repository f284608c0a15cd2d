"""Records: what a draft becomes on its way to the database."""

from datetime import UTC, datetime

import pytest

from ingest.drafts import StepCorrection, StepDraft, TraceCorrection, TraceDraft, Usage
from ingest.records import array_literal, clean, clean_object, step_record, trace_record
from models.enums import StepStatus, TraceStatus
from models.ids import new_id, time_of
from models.values import BigInt, Json, Uuid

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TRACE = Uuid("0197f1d0-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    ("draft", "status"),
    [
        (TraceDraft(name="run"), "RUNNING"),
        (TraceDraft(name="run", end_time=NOW), "OK"),
        (TraceDraft(name="run", end_time=NOW, error_type="E"), "ERROR"),
        (TraceDraft(name="run", end_time=NOW, error_message="e"), "ERROR"),
        (TraceDraft(name="run", end_time=NOW, status=TraceStatus.CANCELLED), "CANCELLED"),
    ],
)
def test_end_time_ends(draft: TraceDraft, status: str) -> None:
    """An end time without a final status means OK, or ERROR when there is an error."""
    assert trace_record(draft, NOW).status == status


def test_fact_without_end_time_has_none() -> None:
    """A fact that does not say when something ended does not get a time made up."""
    assert trace_record(TraceDraft(name="run", status=TraceStatus.OK), NOW).end_time is None


def test_correction_without_end_time_ends_now() -> None:
    """A correction to a final status ends the record at its arrival, marked as the server's guess."""
    record = trace_record(TraceCorrection(id=TRACE, status=TraceStatus.OK), NOW)

    assert (record.end_time, record.corrected) == (NOW, '{"ended","status"}')


def test_correction_names_what_it_decides() -> None:
    """Only the fields that a correction gives are decided; RUNNING decides nothing."""
    correction = StepCorrection(
        id=TRACE, trace_id=TRACE, status=StepStatus.RUNNING, model="m", usage=Usage(output=BigInt(1))
    )

    assert step_record(correction, NOW).corrected == '{"output_tokens","stated_model"}'


def test_start_comes_from_the_id() -> None:
    """Without a start time the one inside the id counts."""
    assert step_record(StepDraft(id=TRACE, trace_id=TRACE, name="call"), NOW).start_time == time_of(TRACE)


def test_no_guess_of_a_start_lies_behind_the_end() -> None:
    """Whoever says only when something ended is not told that it started later."""
    end = datetime(2025, 1, 1, tzinfo=UTC)

    assert step_record(StepDraft(id=TRACE, trace_id=TRACE, name="call", end_time=end), NOW).start_time == end
    assert trace_record(TraceDraft(name="run", end_time=end), NOW).start_time == end


def test_new_id_carries_its_time() -> None:
    """A made id is a UUIDv7 of its moment."""
    assert time_of(new_id(1_700_000_000_123)) == datetime.fromtimestamp(1_700_000_000.123, UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("plain", "plain"), ("a\x00b", "a\ufffdb"), ("\ud800x", "\ufffdx"), ("\U0001f600", "\U0001f600")],
)
def test_clean(text: str | None, expected: str | None) -> None:
    """NUL and lone surrogates become the replacement character; everything else stays."""
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "{}"),
        ('{"a": 1}', '{"a": 1}'),
        (r'{"a": "\u0000"}', '{"a": "\ufffd"}'),
        (r'{"a": "\ud800!"}', '{"a": "\ufffd!"}'),
        (r'{"a": "\ud83d\ude00"}', r'{"a": "\ud83d\ude00"}'),
        (r'{"a": "\\u0000"}', r'{"a": "\\u0000"}'),
    ],
)
def test_clean_object(text: str | None, expected: str) -> None:
    """The same for escapes inside JSON; an escaped backslash is no escape."""
    assert clean_object(None if text is None else Json(text)) == expected


def test_array_literal_escapes() -> None:
    """Quotes and backslashes in entries do not end them."""
    assert array_literal(['a"b', "c\\d", ""]) == '{"a\\"b","c\\\\d",""}'
