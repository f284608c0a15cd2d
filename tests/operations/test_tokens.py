"""The tokens of a document are counted before it is parsed, and read as graphql-core reads them."""

import pytest
from graphql import GraphQLSyntaxError, Lexer, Source, TokenKind, get_introspection_query
from graphql import parse as reference
from hypothesis import given
from hypothesis import strategies as st

from operations.limits import Limits
from operations.rejection import Rejected
from operations.tokens import parse, survey
from tests.operations.bombs import BOMBS

MANY = 10**6
GENEROUS = Limits(tokens=MANY, argument_tokens=MANY, aliases=MANY, directives=MANY, operations=MANY)
PIECES = (
    *("{", "}", "(", ")", "[", "]", ":", "=", "!", "$", "&", "|", "@", "...", ".", "..", " ", ",", "\t", "\n", "\r"),
    *("\r\n", "\ufeff", "a", "_b1", "fragment", "on", "query", "1", "-1.5e3", "0x", "# comment", '"text"', '"\\""'),
    *('"""', '"""block\n \\""" é"""', '"', "é", "\u2028", "\0", "\ud800", "?"),
)
texts = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


def tree_or_mistake(read: object) -> object:
    """What is read from a text, with all places in it, or the mistake."""
    assert callable(read)
    try:
        return read().to_dict(locations=True)
    except GraphQLSyntaxError as error:
        return error.formatted


def number_of_tokens(text: str) -> int:
    """The tokens of graphql-core, comments included."""
    lexer, number = Lexer(Source(text)), 0
    while lexer.advance().kind is not TokenKind.EOF:
        pass
    token = lexer.token
    while token.prev is not None and token.prev.kind is not TokenKind.SOF:
        token, number = token.prev, number + 1
    return number


def refused_by(text: str, limits: Limits) -> str:
    with pytest.raises(Rejected) as rejection:
        survey(text, limits)
    return str(rejection.value.errors[0]["extensions"]["limit"])


@given(text=texts)
def test_a_text_is_read_as_graphql_core_reads_it(text: str) -> None:
    """Whatever is sent, the tree with its places in the text is the same, or else the mistake that is told."""
    assert tree_or_mistake(lambda: parse(text, MANY)) == tree_or_mistake(lambda: reference(text))


@pytest.mark.parametrize("name", BOMBS)
def test_a_long_document_is_read_as_graphql_core_reads_it(name: str) -> None:
    """So it is for whole documents, which texts of pieces seldom are."""
    text = BOMBS[name][0].replace(" ", "\n  ", 5)
    assert tree_or_mistake(lambda: parse(text, MANY)) == tree_or_mistake(lambda: reference(text))


@given(text=texts)
def test_the_tokens_that_are_counted_are_those_of_graphql_core(text: str) -> None:
    """Of a text that has tokens only, all are counted, and none twice."""
    try:
        expected = number_of_tokens(text)
    except GraphQLSyntaxError:
        survey(text, GENEROUS)  # nothing but counting
    else:
        assert survey(text, GENEROUS) == expected


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("{ a b c }", Limits(tokens=4)),
        ("{ a(b: [1 2]) }", Limits(argument_tokens=5)),
        ("{ x: a y: b }", Limits(aliases=1)),
        ("{ a @b @c }", Limits(directives=1)),
        ("query Q($a: Int @b @c) { a }", Limits(directives=1)),
        ("{ a } query B { b } fragment C on D { c }", Limits(operations=1)),
        ("query Q($a: A = {b: 1}) { a } { x: a y: b }", Limits(aliases=1)),
    ],
)
def test_survey_refuses_by_the_name_of_the_limit(text: str, limit: Limits) -> None:
    """What can be counted without a parser is refused without one."""
    changed = {name for name in vars(limit) if vars(limit)[name] != vars(Limits())[name]}
    words = refused_by(text, limit)

    assert {words} == {name.replace("_t", "T") for name in changed}


@pytest.mark.parametrize(
    "text",
    [
        get_introspection_query(),
        "query A($a: A = {b: {c: 1}}) { x: a(b: {c: {d: 1}}) } query B { x: a @b } fragment C on D { x: a @b }",
        '{ x: a(b: "@ @ : : { {") # : @ @ \n }',
        '{ x: a(b: """ @ @ : : \\""" { """) }',
    ],
)
def test_survey_passes_what_is_within(text: str) -> None:
    """Each definition has its aliases and directives; those in values, texts and comments are none."""
    assert survey(text, Limits(aliases=1, directives=1, operations=2)) > 0


@pytest.mark.parametrize("name", [name for name, (_, refused) in BOMBS.items() if refused in {"", "fields"}])
def test_survey_leaves_to_the_parser_what_needs_one(name: str) -> None:
    """What is answered, or measured by what fragments multiply, passes."""
    assert survey(BOMBS[name][0], Limits()) <= Limits().tokens
