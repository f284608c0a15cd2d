"""Two projects on one server: whatever the key of one asks, it learns nothing of the other, not even what is there.

The questions are made from the schema and from the description of the REST doors. A foreign name and one that is
nowhere must get the same answer, for the same statements: what costs the same takes the same time.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLSchema, build_schema

from models.ids import new_id
from operations.persisted import Reference
from schema.contract import contract
from server.rest_description import description
from tests.acceptance.tenants import RECORD, Tenant, World, masked, open_world, records
from tests.acceptance.walk import LEAVES, Names, Question, Walk
from tests.house.sources import ROOT

DUMP = """
SELECT (SELECT json_agg(t ORDER BY t.id) FROM traces t WHERE project_id = $1)::text,
    (SELECT json_agg(s ORDER BY s.id) FROM trace_steps s WHERE project_id = $1)::text,
    (SELECT json_agg(p) FROM projects p WHERE id = $1)::text,
    (SELECT json_agg(k ORDER BY k.id) FROM api_keys k WHERE project_id = $1)::text,
    (SELECT position FROM event_heads WHERE project_id = $1)::text
"""
PATHS = description(contract._schema)["paths"]  # noqa: SLF001  Strawberry has no public way to it
# What the body of a REST request is, by its path.
BODIES = {"/api/traces": "CreateTraceInput", "/api/traces/{id}/steps": "CreateStepInput"}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema" / "schema.graphql").read_text())


@pytest.fixture
async def world(database_url: str, redis_url: str, schema: GraphQLSchema) -> AsyncIterator[World]:
    async with open_world(database_url, redis_url, schema) as opened:
        yield opened


async def test_no_question_is_answered_with_theirs(world: World, schema: GraphQLSchema) -> None:
    """Every query, with every id, filter, cursor and argument, answers for what is theirs as for what is nowhere."""
    assert schema.query_type
    asked = [
        list(Walk(schema=schema, names=names).questions(schema.query_type, "query"))
        for names in (world.theirs.names, world.absent)
    ]
    leaks = [await leak(world, *pair) for pair in zip(*asked, strict=True)]

    assert not [each for each in leaks if each][:5]
    assert await told_to_them(world, asked[0]) == schema.query_type.fields.keys()


async def test_no_mutation_changes_what_is_theirs(world: World, schema: GraphQLSchema) -> None:
    """Every mutation, with every id of theirs where an id fits, leaves theirs as it was, and tells nothing of it."""
    assert schema.mutation_type
    before = await stored(world, world.theirs)
    # In my words: what says theirs in an answer was not said by me.
    named = [Names(ids=each.ids[:4], word="mine", cursors={}) for each in (world.theirs.names, world.absent)]
    asked = [list(Walk(schema=schema, names=each).questions(schema.mutation_type, "mutation")) for each in named]
    # A filter may fit what is mine: the first of three takes it away, so that the others find the same.
    leaks = [
        await leak(world, theirs, absent, in_other_names(theirs, named[0]))
        for theirs, absent in zip(*asked, strict=True)
    ]

    assert not [each for each in leaks if each][:5]
    assert {question.field for question in asked[0]} == schema.mutation_type.fields.keys()
    assert await stored(world, world.theirs) == before


async def test_no_stream_tells_of_theirs(world: World, schema: GraphQLSchema) -> None:
    """Every subscription begins for what is theirs as for what is nowhere, and what they do next is told to none."""
    assert schema.subscription_type
    pairs = zip(
        *(
            list(Walk(schema=schema, names=names).questions(schema.subscription_type, "subscription"))
            for names in (world.theirs.names, world.absent)
        ),
        strict=True,
    )
    few = asyncio.Semaphore(16)
    leaks = await asyncio.gather(*(leak_of_stream(world, few, *pair) for pair in pairs))
    assert not [each for each in leaks if each][:5]

    heard = [text async for text in followed(world)]
    assert heard
    assert not any(name in text for name in {*world.theirs.names.ids, world.theirs.names.word} for text in heard)


async def test_no_route_tells_of_theirs(world: World, schema: GraphQLSchema) -> None:
    """Every REST operation with every parameter and body answers for what is theirs as for what is nowhere."""
    asked = [list(requests(schema, names)) for names in (world.theirs.names, world.absent)]
    before = await stored(world, world.theirs)
    for theirs, absent in zip(*asked, strict=True):
        answers = [await world.cost_of(world.mine.client.request(**each)) for each in (theirs, absent)]
        told = masked(answers[0][0], world.theirs.names), answers[0][1]
        assert told == (masked(answers[1][0], world.absent), answers[1][1]), theirs

    assert await stored(world, world.theirs) == before


async def test_no_header_tells_of_their_project(world: World) -> None:
    """To name their project, by its id or its name, is to name one that is nowhere, also while they work in it."""
    query = "/graphql?query={viewer{scopes}}"
    for theirs, absent in zip(world.theirs.names.ids[2:], world.absent.ids[2:], strict=True):
        await world.cost_of(world.theirs.client.get(query, headers={"x-tracegraph-project": theirs}))
        answers = [
            await world.cost_of(world.mine.client.get(query, headers={"x-tracegraph-project": each}))
            for each in (theirs, absent)
        ]
        assert (masked(answers[0][0], world.theirs.names), answers[0][1]) == (
            masked(answers[1][0], world.absent),
            answers[1][1],
        )


async def test_every_route_is_walked(world: World) -> None:
    """The walk knows all routes that there are: those of the description, exports, and some that tell of no project."""
    nameless = {"/livez", "/readyz", "/api/openapi.json", "/v1/traces"}
    pages = {path for path in world.paths if path.startswith("/graphiql")}

    assert world.paths == PATHS.keys() | nameless | pages | {"/exports/{ticket}"}


async def test_no_export_holds_theirs(world: World, schema: GraphQLSchema) -> None:
    """What a filter with names of theirs exports is what it exports with names of nothing."""
    kinds = ("TraceFilter", "traces"), ("StepFilter", "steps")
    for kind, argument in kinds:
        filters = schema.type_map[kind]
        assert isinstance(filters, GraphQLInputObjectType)
        walks = [Walk(schema=schema, names=names).shapes(filters) for names in (world.theirs.names, world.absent)]
        for theirs, absent in zip(*walks, strict=True):
            files = [
                await exported(world.mine, {"kind": argument.upper(), argument: each}) for each in (theirs, absent)
            ]
            assert masked(files[0], world.theirs.names) == masked(files[1], world.absent), theirs
            assert world.theirs.names.word not in files[0] or world.theirs.names.word in str(theirs)
        assert world.theirs.names.word in await exported(world.theirs, {"kind": argument.upper()})


async def test_every_kind_of_node_is_named(world: World, schema: GraphQLSchema) -> None:
    """The ids that the walk asks for are of every type that can be had by an id."""
    node = schema.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    found = set()
    for identity in world.theirs.names.ids:
        question = Question(
            field="node", document="query($id: ID!) { node(id: $id) { __typename } }", variables={"id": identity}
        )
        answer, _ = await world.ask(world.theirs, question)
        found.add((json.loads(answer.partition(" ")[2])["data"]["node"] or {}).get("__typename"))

    assert found - {None} == {each.name for each in schema.get_possible_types(node)}


async def leak(world: World, theirs: Question, absent: Question, first: Question | None = None) -> str:
    """What is wrong with the answer about theirs: it is another than that about nothing, costs more, or says more."""
    if first is not None:
        await world.ask(world.mine, first)
    (told, cost), (told_of_none, cost_of_none) = [await world.ask(world.mine, each) for each in (theirs, absent)]
    for what, of_none in ((masked(told, world.theirs.names), masked(told_of_none, world.absent)), (cost, cost_of_none)):
        if what != of_none:
            return f"{theirs}: {difference(str(what), str(of_none))}"
    return said_more(world, theirs, told)


def difference(told: str, told_of_none: str) -> str:
    """Where two texts begin to differ."""
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(told, told_of_none, strict=False)))
    return f"{told[max(same - 90, 0) : same + 90]} but {told_of_none[max(same - 90, 0) : same + 90]}"


async def leak_of_stream(world: World, few: asyncio.Semaphore, theirs: Question, absent: Question) -> str:
    """What is wrong with how a subscription to theirs begins."""
    async with few:
        told, told_of_none = [await first_answer(world, each) for each in (theirs, absent)]
    if masked(told, world.theirs.names) != masked(told_of_none, world.absent):
        return f"{theirs}: {difference(told, told_of_none)}"
    return said_more(world, theirs, told)


def said_more(world: World, question: Question, answer: str) -> str:
    """What an answer says of theirs that the question did not say itself."""
    asked = str(question.variables)
    names = {*world.theirs.names.ids, world.theirs.names.word}
    said = [name for name in names if name not in asked and name in answer]
    return f"{question} was told {said}" if said else ""


async def told_to_them(world: World, questions: list[Question]) -> set[str]:
    """The fields that tell their own key what they hide from mine: a walk that finds nothing proves nothing."""
    told = set()
    for question in questions:
        if question.field not in told and world.theirs.names.word in (await world.ask(world.theirs, question))[0]:
            told.add(question.field)
    return told


def in_other_names(question: Question, names: Names) -> Question:
    """The same question about what never was."""
    text = json.dumps(question.variables)
    for name in names.ids:
        text = text.replace(name, new_id())
    return Question(field=question.field, document=question.document, variables=json.loads(text))


async def stored(world: World, tenant: Tenant) -> list[Any]:
    """Everything that is stored of a project."""
    dump = list(await world.counted.database.fetchrow(DUMP, tenant.project_id) or ())
    await world.counted.taken()
    return dump


async def answers_to(world: World, question: Question) -> AsyncGenerator[str]:
    """What a subscription tells me."""
    context = await world.admission(f"Bearer {world.mine.secret}", None)
    prepared = await world.engine.find(Reference(text=question.document), None)
    async with aclosing(world.engine.stream(prepared, question.variables, context)) as stream:
        async for several in stream:
            for answer in several:
                yield answer.body.decode()


async def first_answer(world: World, question: Question) -> str:
    """The first that a subscription tells."""
    async with asyncio.timeout(10), aclosing(answers_to(world, question)) as answers:
        return await anext(answers, "nothing")


async def followed(world: World) -> AsyncIterator[str]:
    """What I am told while they record a run, and then I do."""
    document = "subscription { events { type cursor ... on TraceStarted { trace { id name } } } }"
    async with (
        asyncio.timeout(20),
        aclosing(answers_to(world, Question(field="events", document=document, variables={}))) as answers,
    ):
        await anext(answers)
        last = new_id()
        for tenant, trace in ((world.theirs, new_id()), (world.mine, last)):
            body = {"query": RECORD, "variables": {"i": records(trace, new_id(), tenant.names.word)}}
            await tenant.client.post("/graphql", json=body)
        async for text in answers:
            yield text
            if last in text:
                return


async def exported(tenant: Tenant, chosen: Mapping[str, Any]) -> str:
    """The file that a key gets for what is chosen, or why it gets none."""
    document = (
        "mutation($i: CreateExportInput!) { createExport(input: $i) { export { url } userErrors { message path } } }"
    )
    body = {"query": document, "variables": {"i": {"format": "NDJSON", **chosen}}}
    answer = (await tenant.client.post("/graphql", json=body)).json()
    made = (answer.get("data") or {}).get("createExport") or {}
    if not made.get("export"):
        return str(answer)
    file = await tenant.client.get(made["export"]["url"])
    return f"{file.status_code} {file.text}"


def requests(schema: GraphQLSchema, names: Names) -> Iterator[dict[str, Any]]:
    """A request to each REST operation for every value of each of its parameters, and of each field of its body."""
    # What reads comes first, before there is something of mine with the ids of theirs.
    for method in ("get", "post"):
        for path, operation in [(path, each[method]) for path, each in PATHS.items() if method in each]:
            given = {each["name"]: list(values(schema, each, names)) for each in operation.get("parameters", ())}
            always = {each["name"] for each in operation.get("parameters", ()) if each.get("required")}
            needed = {name: given[name][0] for name in always}
            bodies: list[Any] = [None]
            if method != "get":
                kind = schema.type_map[BODIES[path]]
                assert isinstance(kind, GraphQLInputObjectType)
                bodies = [without(each, "traceId") for each in Walk(schema=schema, names=names).shapes(kind)]
            for name, value in itertools.chain([("", "")], *([(name, each) for each in given[name]] for name in given)):
                yield request(method, path, needed | ({name: value} if name else {}), bodies[0])
            for body in bodies[1:]:
                yield request(method, path, needed, body)


def without(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


def request(method: str, path: str, given: Mapping[str, str], body: Any) -> dict[str, Any]:
    """A request with these parameters, in the path where they have a place there."""
    asked = {name: value for name, value in given.items() if f"{{{name}}}" not in path}
    return {"method": method, "url": path.format(**given), "params": asked, "json": body}


def values(schema: GraphQLSchema, parameter: Mapping[str, Any], names: Names) -> Iterator[str]:
    """Values of a parameter of a REST operation. Raises LookupError for a kind that is not known."""
    if "content" in parameter:
        kind = parameter["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        filters = schema.type_map[kind]
        assert isinstance(filters, GraphQLInputObjectType)
        yield from map(json.dumps, Walk(schema=schema, names=names).shapes(filters))
        return
    described = parameter["schema"].get("items", parameter["schema"])
    if "enum" in described:
        yield described["enum"][0]
    elif described["type"] == "string" and described.get("format") == "date-time":
        yield LEAVES["DateTime"]
    elif described["type"] == "string":
        yield from names.ids
    else:
        yield str({"integer": 2}[described["type"]])
