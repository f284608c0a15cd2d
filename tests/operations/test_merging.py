"""Fields of one name are merged exactly when graphql-core would merge them, however hostile the document."""

import pytest
from graphql import (
    OverlappingFieldsCanBeMergedRule,
    build_schema,
    parse,
    specified_rules,
    validate,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.merging import TooManyVisits, conflict

SCHEMA = build_schema("""
  interface Named { name(upper: Boolean): String  other: Named  leaf: Int }
  type Cat implements Named { name(upper: Boolean): String  other: Named  leaf: Int  own: Int  kin: [Cat!]  twin: Cat }
  type Dog implements Named { name(upper: Boolean): String  other: Named  leaf: Int  own: Int!  kin: [Dog]  twin: Dog }
  union Pet = Cat | Dog
  type Query { cat: Cat  named: Named  pet: Pet }
""")
# Those that say whether a document makes sense at all.
OTHERS = [rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule]

SHARED = ("leaf", "name", "name(upper: true)", "x: leaf", "x: name", "y: name", "__typename")
OWN = (*SHARED, "own", "x: own", "y: own")
LEAVES = {"Pet": ("__typename", "x: __typename"), "Named": SHARED, "Cat": OWN, "Dog": OWN}
EDGES = {
    "Pet": (),
    "Named": ("other", "x: other"),
    "Cat": ("kin", "x: kin", "x: twin"),
    "Dog": ("twin", "x: kin", "x: twin"),
}
TARGETS = {"Named": "Named", "Cat": "Cat", "Dog": "Dog"}
NARROWER = {"Pet": ("Cat", "Dog", "Named"), "Named": ("Cat", "Dog", "Pet"), "Cat": ("Named",), "Dog": ("Named", "Pet")}
FRAGMENTS = {"C": "Cat", "D": "Dog", "N": "Named"}
SPREADABLE = {"Pet": "CDN", "Named": "CDN", "Cat": "CN", "Dog": "DN"}


@st.composite
def selection(draw: st.DrawFn, on: str, fragments: str, depth: int = 3) -> str:
    """A few selections on a type, spreading some of these fragments."""
    choices = ["leaf", "leaf", *(["edge", "inline"] if depth else []), *(["spread"] if fragments else [])]
    parts = []
    for kind in draw(st.lists(st.sampled_from(choices), min_size=1, max_size=4)):
        if kind == "edge" and EDGES[on]:
            inner = draw(selection(TARGETS[on], fragments, depth - 1))
            parts.append(f"{draw(st.sampled_from(EDGES[on]))} {{ {inner} }}")
        elif kind == "inline":
            narrower = draw(st.sampled_from(NARROWER[on]))
            parts.append(f"... on {narrower} {{ {draw(selection(narrower, fragments, depth - 1))} }}")
        elif kind == "spread" and set(fragments) & set(SPREADABLE[on]):
            parts.append("..." + draw(st.sampled_from(sorted(set(fragments) & set(SPREADABLE[on])))))
        else:
            parts.append(draw(st.sampled_from(LEAVES[on])))
    return " ".join(parts)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A query with three fragments, each of which spreads those before it."""
    root = draw(st.sampled_from(["cat", "named", "pet"]))
    asked = draw(selection(root.title(), "CDN"))
    text = f"{{ {root} {{ {asked} }} c: cat {{ ...C }} d: pet {{ ...D }} n: named {{ ...N }} }}"
    for place, (name, on) in enumerate(FRAGMENTS.items()):
        text += f" fragment {name} on {on} {{ {draw(selection(on, 'CDN'[:place], 2))} }}"
    return text


@given(text=documents())
@settings(max_examples=200, deadline=None)
def test_conflict_agrees_with_graphql_core(text: str) -> None:
    """A document that is valid otherwise is refused by us if and only if graphql-core refuses it."""
    document = parse(text)
    assert not validate(SCHEMA, document, OTHERS)
    reference = validate(SCHEMA, document, [OverlappingFieldsCanBeMergedRule])

    assert bool(reference) == (conflict(SCHEMA, document) is not None), text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{ cat { x: leaf x: own } }", "'leaf' and 'own' are different fields"),
        ("{ cat { name name(upper: true) } }", "different arguments"),
        ("{ pet { ... on Cat { x: own } ... on Dog { x: own } } }", "different types"),
        ("{ pet { ... on Cat { x: kin { y: leaf } } ... on Dog { x: kin { y: name } } } }", "different types"),
    ],
)
def test_conflict_says_what_is_wrong(text: str, told: str) -> None:
    """The error names the field, the reason and both places."""
    error = conflict(SCHEMA, parse(text))

    assert error is not None
    assert told in error.message
    assert len(error.locations or ()) == 2


@pytest.mark.parametrize(
    "text",
    [
        "{ cat { " + "leaf " * 1_900 + "} }",
        "{ cat { " + "twin { leaf } " * 480 + "} }",
        "{ cat { ...F0 } } "
        + "".join(f"fragment F{i} on Cat {{ ...F{i + 1} ...F{i + 1} }} " for i in range(150))
        + "fragment F150 on Cat { leaf }",
        "{ cat { ...F0 } } "
        + "".join(f"fragment F{i} on Cat {{ twin {{ ...F{i + 1} }} twin {{ ...F{i + 1} }} }} " for i in range(13))
        + "fragment F13 on Cat { leaf }",
        "{ cat { "
        + " ".join(f"...F{i}" for i in range(200))
        + " } } "
        + " ".join(f"fragment F{i} on Cat {{ leaf own }}" for i in range(200)),
    ],
)
def test_conflict_is_found_out_in_a_few_visits(text: str) -> None:
    """What keeps a comparison of all pairs busy for seconds is looked at once."""
    assert conflict(SCHEMA, parse(text)) is None


def test_conflict_gives_up_on_what_is_hostile() -> None:
    """A document with too many levels is refused, not looked at to its end."""
    document = parse("{ cat { " + "twin { leaf } " * 50 + "} }")

    assert conflict(SCHEMA, document, most_visits=300) is None
    with pytest.raises(TooManyVisits):
        conflict(SCHEMA, document, most_visits=100)
