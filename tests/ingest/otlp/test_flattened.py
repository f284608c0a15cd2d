"""Lists out of flattened attributes, however strange those are."""

import json

from hypothesis import given
from hypothesis import strategies as some

from ingest.otlp.flattened import gathered

PREFIX = "llm.input_messages."
names = some.lists(some.sampled_from(["0", "1", "007", "٣", "9" * 400, "a", "message", ""]), max_size=30).map(".".join)


@given(some.dictionaries(names.map(PREFIX.__add__), some.integers() | some.just({"0": 1})))
def test_any_names_give_json_or_nothing(attributes: dict[str, object]) -> None:
    """Whatever the names are, what comes out can be written as JSON, and the attributes stay as they were."""
    before = json.dumps(attributes, sort_keys=True)

    json.dumps(gathered(attributes, (PREFIX,)))

    assert json.dumps(attributes, sort_keys=True) == before


def test_list_with_gaps_takes_no_room() -> None:
    """An index is an order, not a place: the entry number ten to the hundredth is the last of two."""
    assert gathered({f"{PREFIX}{10**100}.content": "b", f"{PREFIX}9.content": "a"}, (PREFIX,)) == [
        {"content": "a"},
        {"content": "b"},
    ]


def test_value_and_list_under_one_name() -> None:
    """What is a value can't have entries too; the first one counts."""
    assert gathered({f"{PREFIX}0": "text", f"{PREFIX}0.content": "more"}, (PREFIX,)) == ["text"]


def test_first_prefix_that_is_a_list_counts() -> None:
    """A prefix whose names are no indexes is no list."""
    attributes = {"gen_ai.prompt.name": "greeting", "llm.prompts.0.prompt.text": "Hi"}

    assert gathered(attributes, ("gen_ai.prompt.", "llm.prompts.")) == [{"text": "Hi"}]
    assert gathered(attributes, ("other.",)) is None
