"""JSON is stored as the text that was sent, byte for byte, whatever another encoder would make of it."""

import json

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingest.drafts import Draft, StepCorrection, StepDraft, TraceCorrection, TraceDraft
from ingest.outcomes import Status
from ingest.writer import Writer
from models.database import Database
from models.ids import new_id
from models.values import Json, Uuid

MANY = settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# What parsing and writing again would change: spaces, the order and number of keys, digits, escapes.
TEXTS = (
    " [1,  2 ]\n",
    '{"b": 1, "a": 2, "b": 3}',
    "[1.0, 1.10, 1e5, 1E+400, -0, -0.0, 12345678901234567890123456789.000000000000000000001]",
    r'"\u0041\/\ud83d\ude00\u0000\ud800"',
    '"\N{GRINNING FACE} \u2028 é e\u0301 \x7f"',
    "null",
    '""',
    "9" * 5_000,
)  # fmt: skip
STORED = """
SELECT t.input::text, t.output::text, s.input::text AS step_input, s.output::text AS step_output
FROM traces AS t JOIN trace_steps AS s ON s.project_id = $1 AND s.trace_id = t.id WHERE t.project_id = $1 AND t.id = $2
"""

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
spacings = st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " :\r\n")])
written = st.builds(
    lambda value, spacing, ascii_only: json.dumps(value, separators=spacing, ensure_ascii=ascii_only),
    values,
    spacings,
    st.booleans(),
)


async def test_texts_that_an_encoder_would_change_stay(database: Database, writer: Writer, project_id: str) -> None:
    """Spaces, repeated keys, long numbers and escapes come back as they were sent, from facts and from corrections."""
    for text in TEXTS:
        assert await stored_as_fact(database, writer, project_id, text) == [text] * 4
        assert await stored_as_correction(database, writer, project_id, text) == [text] * 4


@MANY
@given(text=written)
async def test_any_text_stays(text: str, database: Database, writer: Writer, project_id: str) -> None:
    """Any JSON comes back as the text that it was."""
    assert await stored_as_fact(database, writer, project_id, text) == [text] * 4
    assert await stored_as_correction(database, writer, project_id, text) == [text] * 4


async def stored_as_fact(database: Database, writer: Writer, project_id: str, text: str) -> list[str]:
    trace, sent = Uuid(new_id()), Json(text)
    drafts: list[Draft] = [
        TraceDraft(id=trace, name="run", input=sent, output=sent),
        StepDraft(trace_id=trace, name="call", input=sent, output=sent),
    ]
    return await stored(database, writer, project_id, drafts)


async def stored_as_correction(database: Database, writer: Writer, project_id: str, text: str) -> list[str]:
    trace, step, sent = Uuid(new_id()), Uuid(new_id()), Json(text)
    longer = Json(f"[{text}, {text}]")
    drafts: list[Draft] = [
        TraceDraft(id=trace, name="run", input=longer, output=longer),
        StepDraft(id=step, trace_id=trace, name="call", input=longer, output=longer),
        TraceCorrection(id=trace, input=sent, output=sent),
        StepCorrection(id=step, trace_id=trace, input=sent, output=sent),
    ]
    return await stored(database, writer, project_id, drafts)


async def stored(database: Database, writer: Writer, project_id: str, drafts: list[Draft]) -> list[str]:
    """The four texts of a trace and its step, after these drafts."""
    outcomes = await writer.record(project_id, drafts)
    row = await database.fetchrow(STORED, project_id, outcomes[0].id)

    assert Status.REFUSED not in {outcome.status for outcome in outcomes}, outcomes
    assert row is not None
    return [*row.values()]
