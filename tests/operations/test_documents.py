"""Documents are read once, kept within bounds, and rejected with an error that helps."""

import asyncio
import sys
from typing import Any

import pytest

from models.errors import Overloaded
from operations.documents import Documents, Prepared
from operations.limits import Limits
from operations.rejection import Rejected
from schema.contract import contract
from tests.fakes.contract import graphql_schema
from tests.operations.bombs import BOMBS

# About a dozen times those of a common document; what reads it whole, with all the rules, needs several times as many.
MOST_CALLS = 100_000
UNREAD = {"tokens", "argumentTokens", "aliases", "directives", "operations", "documentBytes"}
MOST_CALLS_UNREAD = 2_000


def documents(kept_bytes: int = 1024 * 1024) -> Documents:
    return Documents(graphql_schema(), Limits(), kept_bytes)


def rejection_of(text: str) -> Rejected:
    with pytest.raises(Rejected) as rejection:
        documents().prepare(text, None)
    return rejection.value


def test_prepare_reads_a_document_once() -> None:
    """The same text is parsed and validated once."""
    kept = documents()

    assert kept.prepare("{ hello }", None) is kept.prepare("{ hello }", None)
    assert len(kept) == 1


def test_prepare_forgets_the_least_recently_used() -> None:
    """However many documents come by, those kept stay within the bound; one in use stays."""
    kept = documents(kept_bytes=6_000)
    first = kept.prepare("{ hello }", None)
    for number in range(100):
        kept.prepare(f"{{ a{number}: hello }}", None)
        assert kept.prepare("{ hello }", None) is first

    assert 2 <= len(kept) <= 11


def test_prepare_keeps_rejections() -> None:
    """A mistake that is repeated is not looked at again, and told in the same words."""
    kept = documents()
    told = []
    for _ in range(2):
        with pytest.raises(Rejected) as rejection:
            kept.prepare("{ nothing }", None)
        told.append(rejection.value.errors)

    assert told[0] is told[1]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ hello(name: \ud800) }", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...A } fragment A on Query { ...A }", "GRAPHQL_VALIDATION_FAILED"),
        ('{ hello hello(name: "x") }', "GRAPHQL_VALIDATION_FAILED"),
        ("type Query { hello: String }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment A on Query { hello }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ nested " * 700, "REFUSED"),
        ("{ hello(name: " + "[" * 600 + "]" * 600 + ") }", "REFUSED"),
        ("{ hello " + "#\n" * 2_000 + "}", "REFUSED"),
        ("{ " + "hello " * 2_000 + "}", "REFUSED"),
    ],
)
def test_prepare_rejects_with_a_code(text: str, code: str) -> None:
    """Each kind of mistake has its code; nothing that a client sends is an error of ours."""
    assert rejection_of(text).code == code


def test_prepare_locates_mistakes() -> None:
    """A mistake is told with its place in the document, and at most five of them are."""
    [error] = rejection_of("{ hello\n  nothing }").errors
    many = rejection_of("{ " + " ".join(f"x{number}" for number in range(100)) + " }").errors

    assert error["locations"] == [{"line": 2, "column": 3}]
    assert len(many) == 5


def test_prepare_finds_a_lone_operation_by_its_name_or_without() -> None:
    """The name of a lone operation may be left out, but not be wrong."""
    kept = documents()

    assert kept.prepare("query A { hello }", "A") is kept.prepare("query A { hello }", None)
    with pytest.raises(Rejected):
        kept.prepare("query A { hello }", "B")


async def test_find_reads_a_long_document_beside_the_loop_and_once() -> None:
    """A long document is read elsewhere, so that others go on; whoever asks for it meanwhile waits for that reading."""
    kept = documents()
    text = "{ " + "hello " * 300 + "}"
    first = asyncio.ensure_future(kept.find(text, None))
    second = asyncio.ensure_future(kept.find(text, None))
    await asyncio.sleep(0)  # both have begun

    assert len(kept) == 0
    assert await first is await second is kept.prepare(text, None)


async def test_find_rejects_like_prepare() -> None:
    """A long document that is wrong is told so in the same words."""
    kept = documents()
    for text in ("{ " + "nothing " * 300 + "}", "x" * 20_000):
        with pytest.raises(Rejected) as found:
            await kept.find(text, None)
        with pytest.raises(Rejected) as prepared:
            kept.prepare(text, None)

        assert found.value.errors == prepared.value.errors


async def test_find_refuses_at_once_when_too_many_long_documents_wait() -> None:
    """Of eight long documents at a time those are read that fit; short and known ones are found as ever."""
    kept = documents()
    known, *bombs = [f"{{ {'hello ' * 1_900} }} # {number}" for number in range(9)]
    await kept.find(known, None)
    asked = [asyncio.ensure_future(kept.find(bomb, None)) for bomb in bombs]
    await asyncio.sleep(0)  # all have begun
    early = [task.exception() for task in asked if task.done()]
    await kept.find("{ hello }", None)
    await kept.find(known, None)
    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(refusal) for refusal in early] == [Overloaded] * 6
    assert [type(answer) for answer in answers] == [Prepared] * 2 + [Overloaded] * 6
    assert (await kept.find(bombs[-1], None)).type.value == "query"


async def test_find_reads_on_when_who_asked_first_has_left() -> None:
    """Whoever else waits for the same document gets it."""
    kept = documents()
    text = "{ " + "hello " * 300 + "}"
    first, second = (asyncio.ensure_future(kept.find(text, None)) for _ in range(2))
    await asyncio.sleep(0)  # both have begun
    first.cancel()

    assert await second is kept.prepare(text, None)


@pytest.mark.parametrize("name", BOMBS)
def test_no_document_is_much_work(name: str) -> None:
    """Whatever is sent, few calls are enough to answer or refuse it, and next to none where it can be told by counting.

    Calls are counted in place of time, which is another on every machine; `benchmarks/bombs.py` has that.
    """
    text, expected = BOMBS[name]
    kept = Documents(contract._schema, Limits())  # noqa: SLF001  Strawberry has no public way to it
    calls = 0

    def count(_frame: object, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        kept.prepare(text, None)
    except Rejected:
        pass
    finally:
        sys.setprofile(None)

    assert 0 < calls <= (MOST_CALLS_UNREAD if expected in UNREAD else MOST_CALLS)
