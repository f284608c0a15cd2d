"""The engine answers queries, mutations and subscriptions in bytes, within its deadlines."""

import asyncio
from collections.abc import MutableMapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import orjson
import pytest
from graphql import get_introspection_query

from models.errors import Unavailable
from operations.answers import Answer
from operations.deadlines import Deadlines
from operations.engine import Engine, engine
from operations.rejection import Rejected
from tests.fakes.contract import FakeContext, graphql_schema


@pytest.fixture(scope="module")
def fake_engine() -> Engine:
    return engine(graphql_schema(), fresh=lambda context: replace(context, event=context.event + 1))


async def run(fake: Engine, document: str, variables: dict[str, Any] | None = None) -> tuple[Answer, Any]:
    answer = await fake.run(fake.prepare(document, None), variables, FakeContext())
    return answer, orjson.loads(answer.body)


async def collect(fake: Engine, document: str) -> list[tuple[Answer, Any]]:
    prepared = fake.prepare(document, None)
    several = [each async for each in fake.stream(prepared, None, FakeContext())]
    return [(answer, orjson.loads(answer.body)) for each in several for answer in each]


async def test_run_answers_a_query(fake_engine: Engine) -> None:
    """A query without errors is answered with its data and what it cost, and nothing else."""
    answer, body = await run(fake_engine, "query($n: String!) { hello(name: $n) nested { depth } }", {"n": "you"})

    assert body == {
        "data": {"hello": "Hello you", "nested": {"depth": 1}},
        "extensions": {"cost": {"requested": 1, "actual": 1, "limit": 10_000}},
    }
    assert answer == Answer(body=answer.body, has_data=True)


async def test_run_answers_introspection(fake_engine: Engine) -> None:
    """The introspection query of the tools is within the limits and answered."""
    _, body = await run(fake_engine, get_introspection_query(descriptions=True, input_value_deprecation=True))

    assert "Subscription" in {kind["name"] for kind in body["data"]["__schema"]["types"]}


async def test_run_picks_the_named_operation(fake_engine: Engine) -> None:
    """Of several operations the one asked for is run."""
    prepared = fake_engine.prepare("query A { a: hello } query B { b: hello }", "B")
    answer = await fake_engine.run(prepared, None, FakeContext())

    assert answer.body == b'{"data":{"b":"Hello world"}}'


@pytest.mark.parametrize("name", [None, "C", ""])
def test_prepare_rejects_an_operation_that_is_not_there(fake_engine: Engine, name: str | None) -> None:
    """Without a name, or with a wrong one, none of several operations is picked."""
    with pytest.raises(Rejected) as rejection:
        fake_engine.prepare("query A { a: hello } query B { b: hello }", name)

    assert rejection.value.code == "BAD_REQUEST"


async def test_run_masks_a_bug(fake_engine: Engine, logged: list[MutableMapping[str, Any]]) -> None:
    """The text of an error that is not ours never reaches the client; an id does, which the log explains once."""
    answer, body = await run(fake_engine, "{ bug hello }")

    [error] = body["errors"]
    assert body["data"] == {"bug": None, "hello": "Hello world"}
    assert b"secret" not in answer.body
    assert error["path"] == ["bug"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["errorId"] in error["message"]
    assert [(line["error_id"], str(line["exc_info"])) for line in logged] == [
        (error["extensions"]["errorId"], "a secret detail")
    ]


async def test_run_masks_a_value_that_can_not_be_written(fake_engine: Engine) -> None:
    """A value that its scalar refuses is our mistake, not the client's."""
    _, body = await run(fake_engine, "{ number }")

    assert body["errors"][0]["extensions"]["code"] == "INTERNAL"


async def test_run_tells_a_fault(fake_engine: Engine) -> None:
    """A fault of ours arrives with its sentence, its code, its place in the document and its path in the input."""
    _, body = await run(fake_engine, "{ fault }")

    assert body["errors"] == [
        {
            "message": "That is no name.",
            "extensions": {"code": "INVALID", "path": ["input", "name"]},
            "locations": [{"line": 1, "column": 3}],
            "path": ["fault"],
        }
    ]


async def test_run_says_when_nothing_could_be_answered(fake_engine: Engine) -> None:
    """When nothing is answered because something can't be reached, the answer says so and when to come back."""
    answer, body = await run(fake_engine, "{ unavailable }")
    _, other = await run(fake_engine, "{ bug hello }")

    assert body["data"] is None
    assert body["errors"][0]["extensions"] == {"code": "OVERLOADED", "retryAfter": 2.0}
    assert isinstance(answer.unavailable, Unavailable)
    assert other["errors"][0]["extensions"].get("retryAfter") is None


async def test_run_tells_at_most_five_errors(fake_engine: Engine) -> None:
    """However many fields fail, five errors are told."""
    _, body = await run(fake_engine, "{ a: bug b: bug c: bug d: bug e: bug f: bug g: bug }")

    assert len(body["errors"]) == 5
    assert len(body["data"]) == 7


@pytest.mark.parametrize("variables", [{}, {"to": 1}, {"n": None}, {"n": {}}, {"n": [1]}])
async def test_run_refuses_bad_variables(fake_engine: Engine, variables: dict[str, Any]) -> None:
    """Variables that don't fit are told as such, and nothing runs."""
    answer, body = await run(fake_engine, "query($n: String!) { hello(name: $n) }", variables)

    assert not answer.has_data
    assert "data" not in body
    assert body["errors"][0]["extensions"]["code"] == "INVALID"


async def test_run_ends_at_its_deadline() -> None:
    """An operation that takes too long is cancelled and answered as unavailable."""
    slow = engine(graphql_schema(), deadlines=Deadlines(read=0.01, write=0.01))
    for document in ("{ wait }", "mutation { write }"):
        context = FakeContext()
        answer = await slow.run(slow.prepare(document, None), None, context)

        assert orjson.loads(answer.body)["errors"][0]["extensions"]["code"] == "OVERLOADED"
        assert answer.unavailable is not None
        assert context.moments.cancelled.is_set()


async def test_a_mutation_that_takes_too_long_may_have_happened() -> None:
    """Whether a mutation was carried out that ran into its deadline is told as unknown; a query has no such doubt."""
    slow = engine(graphql_schema(), deadlines=Deadlines(read=0.01, write=0.01))
    told = {}
    for document in ("{ wait }", "mutation { write }"):
        answer = await slow.run(slow.prepare(document, None), None, FakeContext())
        told[document] = orjson.loads(answer.body)["errors"][0]["extensions"].get("outcome")

    assert told == {"{ wait }": None, "mutation { write }": "UNKNOWN"}


async def test_run_cancels_its_resolvers_with_itself(fake_engine: Engine) -> None:
    """Who cancels a run cancels what its resolvers wait for."""
    context = FakeContext()
    task = asyncio.create_task(fake_engine.run(fake_engine.prepare("{ a: wait b: wait }", None), None, context))
    await context.moments.started.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert context.moments.cancelled.is_set()


async def test_stream_answers_each_event(fake_engine: Engine) -> None:
    """A subscription answers each event of its source, and ends with it."""
    answers = await collect(fake_engine, "subscription { count(to: 3) }")

    assert [body for _, body in answers] == [{"data": {"count": number}} for number in (1, 2, 3)]


async def test_stream_goes_on_after_an_event_that_fails(fake_engine: Engine) -> None:
    """An event that can't be answered is an answer with errors; the next one follows."""
    first, second = await collect(fake_engine, "subscription { overflow }")

    assert first[0].has_data
    assert first[1]["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert second[1] == {"data": {"overflow": 2}}


@pytest.mark.parametrize(
    ("document", "events", "code"),
    [
        ("subscription { breaks }", 1, "INTERNAL"),
        ("subscription { ends }", 1, "INVALID"),
        ("subscription { refuses }", 0, "INVALID"),
        ("subscription($to: Int!) { count(to: $to) }", 0, "INVALID"),
    ],
)
async def test_stream_ends_with_what_ended_it(fake_engine: Engine, document: str, events: int, code: str) -> None:
    """A source that fails, at once or later, ends the stream with an answer that has only errors."""
    answers = await collect(fake_engine, document)

    answer, body = answers[-1]
    assert len(answers) == events + 1
    assert not answer.has_data
    assert body == {"errors": orjson.loads(answer.errors)}
    assert body["errors"][0]["extensions"]["code"] == code
    assert b"secret" not in answer.body


async def test_stream_closes_its_source(fake_engine: Engine) -> None:
    """Who closes a stream closes its source at once, not when the garbage collector comes by."""
    context = FakeContext()
    prepared = fake_engine.prepare("subscription { forever }", None)
    async with aclosing(fake_engine.stream(prepared, None, context)) as answers:
        await anext(answers)

    assert context.moments.log == ["closed"]
