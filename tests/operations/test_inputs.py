"""Values read from their text are those that graphql-core and Strawberry would make of them, and keep their digits."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from graphql import GraphQLInputObjectType, GraphQLInputType, GraphQLNonNull, Undefined
from graphql.utilities import coerce_input_value
from hypothesis import given
from hypothesis import strategies as st

from ingest.drafts import StepDraft, TraceDraft, Usage
from models.enums import StepKind
from models.values import BigInt, Json, Money, Uuid
from operations.inputs import Inputs, converter
from operations.selection import Uncovered
from operations.variables import NOT_TAKEN
from resolvers.recording import Batch
from schema.contract import contract

SCHEMA = contract._schema  # noqa: SLF001  Strawberry hides the schema that it makes
INPUTS = Inputs(contract)

ID = Uuid("0190d9a8-1c00-7000-8000-000000000001")
TEXTS = st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 1, 1.0, -1.5, 2**31, 2**63, "", "x", [], {}, [ID], ID, "RUNNING", "LLM", "1e3"]
)
TIMES = st.sampled_from(["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.1234567+02:00", "2026-01-31T12:00:00", "soon"])
COUNTS = st.dictionaries(
    st.sampled_from(["input", "output", "cacheRead", "extra"]), st.integers(-1, 2**63) | ODD, max_size=3
)
# Those that a double holds, those that it doesn't, and those that no 64 bits hold.
INTEGERS = st.integers() | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**64, 10**40])
STEPS = st.fixed_dictionaries(
    {"traceId": st.just(ID) | st.just(ID.upper()) | ODD, "name": TEXTS | ODD},
    optional={
        "id": st.just(ID) | ODD, "kind": st.sampled_from(StepKind) | ODD, "status": ODD, "startTime": TIMES | ODD,
        "timeToFirstTokenMs": st.floats(allow_nan=False, allow_infinity=False) | INTEGERS | ODD,
        "model": TEXTS | ODD, "usage": COUNTS | ODD, "cost": ODD | st.sampled_from(["0.10", 0.5, "NaN", 3]),
        "input": JSON, "output": JSON, "attributes": JSON, "unknown": ODD,
    },
)  # fmt: skip
TRACES = st.fixed_dictionaries(
    {"name": TEXTS}, optional={"tags": st.lists(TEXTS, max_size=3) | ODD, "metadata": JSON, "project": ODD}
)
BATCHES = st.fixed_dictionaries(
    {}, optional={"steps": st.lists(STEPS, max_size=3) | STEPS | ODD, "traces": st.lists(TRACES, max_size=3) | ODD}
)


def kind_of(name: str) -> GraphQLInputType:
    """A required input type of the contract."""
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    return GraphQLNonNull(kind)


def by_reference(name: str, value: Any) -> Any:
    """What graphql-core and the plan's converter make of a value; Undefined when they refuse it."""
    coerced = coerce_input_value(value, kind_of(name))
    convert = converter(kind_of(name), contract)
    return coerced if coerced is Undefined or convert is None else convert(coerced)


def read(name: str, text: bytes) -> Any:
    """What is made of a text; Undefined when it is not taken."""
    try:
        return INPUTS.of(kind_of(name)).read(msgspec.Raw(text))
    except NOT_TAKEN:
        return Undefined


@pytest.mark.parametrize(("name", "values"), [("CreateStepInput", STEPS), ("IngestInput", BATCHES)])
def test_what_is_read_is_what_the_reference_makes(name: str, values: st.SearchStrategy[Any]) -> None:
    """Nothing is taken that graphql-core refuses, and what is taken is equal."""
    taken = []

    @given(values)
    def same(value: Any) -> None:
        made = read(name, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
        taken.append(made is not Undefined)

        assert made is Undefined or made == by_reference(name, json.loads(json.dumps(value)))

    same()
    assert any(taken)


@pytest.mark.parametrize(("digits", "taken"), [("12", True), (str(2**53 - 1), True), (str(2**53 + 1), False)])
def test_an_integer_that_no_double_holds_is_no_float(digits: str, taken: bool) -> None:
    """What graphql-core refuses as a float, because it is not exact, is left to graphql-core."""
    text = f'{{"traceId": "{ID}", "name": "call", "timeToFirstTokenMs": {digits}}}'.encode()

    assert (read("CreateStepInput", text) is not Undefined) == taken


def test_a_whole_step_is_read_from_its_text() -> None:
    """Every field arrives under its own name; those left out have their defaults."""
    text = b"""{"id": "%s", "traceId": "0190D9A8-1c00-7000-8000-000000000002", "name": "call", "kind": "LLM",
        "usage": {"input": 3, "cacheRead": 1}, "cost": 0.10, "input": {"a":  1e5}, "output": null}""" % ID.encode()

    assert read("CreateStepInput", text) == StepDraft(
        id=ID, trace_id=Uuid("0190d9a8-1c00-7000-8000-000000000002"), name="call", kind=StepKind.LLM,
        usage=Usage(input=BigInt(3), cache_read=BigInt(1)), cost=Money("0.10"), input=Json('{"a":  1e5}'), output=None,
    )  # fmt: skip


def test_json_is_kept_byte_for_byte() -> None:
    """Digits, spaces, the order of keys and their repetition stay as they were sent."""
    sent = '{ "b":1.0, "a": 123456789012345678901234567890,"a":1E+2,  "\\u00e9": [ ] }'

    assert read("CreateTraceInput", f'{{"name": "x", "input": {sent}}}'.encode()).input == sent


def test_a_list_left_out_is_empty() -> None:
    """A batch of steps alone has no traces."""
    made = read("IngestInput", b'{"steps": [{"traceId": "%s", "name": "a"}]}' % ID.encode())

    assert made == Batch(traces=[], steps=[StepDraft(trace_id=ID, name="a")])


@pytest.mark.parametrize("text", [b"\xff", b'"\xff"', b"NaN", b"[1,]", b'"\\ud800"', b"[" * 5_000 + b"]" * 5_000])
def test_json_that_is_none_is_not_taken(text: bytes) -> None:
    """Broken UTF-8, names, trailing commas, half characters and bottomless nesting are left to the reference."""
    assert read("CreateTraceInput", b'{"name": "x", "input": %b}' % text) is Undefined


def test_types_that_contain_themselves_have_no_decoder() -> None:
    """A filter is read by graphql-core."""
    with pytest.raises(Uncovered):
        INPUTS.of(kind_of("TraceFilter"))
    with pytest.raises(Uncovered):
        Inputs(contract).of(kind_of("StepFilter"))


def test_what_was_read_stays_as_it_is_when_converted() -> None:
    """A record that was read from its text may stand in a list that the document writes out."""
    draft = TraceDraft(name="x")
    convert = converter(kind_of("IngestInput"), contract)

    assert convert is not None
    assert convert({"traces": [draft, {"name": "y"}]}) == Batch(traces=[draft, TraceDraft(name="y")])
