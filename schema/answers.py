"""The link between a field and the resolver that answers it: edges for all parents at once, roots for themselves."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, fields
from functools import cache, partial
from typing import Annotated, Any, get_type_hints

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.types.field import StrawberryField

from resolvers.pages import ForwardPage, Page
from resolvers.streams import Beginning, Source
from schema.described import attribute_docs

# What executors find in the metadata of a field.
ANSWERED_BY = "answered by"
COLUMN = "column"
ABSENT = "absent"
SAME_ROW = "same row"

# What fields cost besides the objects that they answer, in objects read from a list: measured, and rounded.
OF_ALL_STEPS = 40  # looks at all the steps of a trace
BESIDE_OTHERS = 5  # holds something against what is usual
OF_A_WINDOW = 200  # reads samples of a window, and of the one before

# An argument that resolvers may take from an executor, and that is none of the API's: which columns are wanted.
COLUMNS = "columns"

ARGUMENTS: Mapping[str, str] = {
    "order_by": "In which order; the id decides between equals.",
    "id": "Its id, a UUID as it was sent or made.",
    "ids": "Their ids, at most 100.",
    "name": "Its name.",
    "filter": "Which of them; all when left out.",
    "traces": "Only steps of these traces.",
    "steps": "Only these steps; all of them when left out.",
    "input": "What to write.",
    "types": "Only events of these types; all when left out.",
    "after": "Only what comes after this cursor; from now on when left out.",
    "project": "The project to follow, by id or name; the request's own when left out.",
    "range": "When the steps started.",
    "group_by": "Up to three dimensions; a group for each combination of their values.",
    "interval": "How long each point of the series is; without it the series are empty.",
    "time_zone": "The IANA time zone of days, weeks, hours of the day and days of the week.",
    "window": "How long the window is; it ends now.",
    "every": "The shortest time between two answers.",
    "top": "How many groups, those with most steps first, up to 200; the others are one group together.",
    "models": "Only these models; all of them when left out.",
    "q": "Which quantile, from 0 (the least) to 1 (the greatest).",
    "buckets": "How many buckets, up to 200.",
}

Resolver = Callable[..., Any]


@dataclass(frozen=True)
class AnsweredBy:
    """How a field is answered; in the field's metadata, for executors.

    `work` is what it costs for each parent besides the objects that it answers, in objects that are merely read.
    """

    resolver: Resolver
    batched: bool
    beginning: Beginning | None = None
    work: int = 0

    def grouped(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the resolver wants them: those of a page put together."""
        kind, parts = _page(self.resolver)
        if kind is None:
            return dict(arguments)
        page = kind(**{name: value for name, value in arguments.items() if name in parts})
        return {name: value for name, value in arguments.items() if name not in parts} | {"page": page}


def answer(resolver: Resolver, *, work: int = 0) -> Any:
    """An edge: `resolver(context, parents, **arguments)` is called once for all parents and answers one value each."""
    answered = AnsweredBy(resolver, batched=True, work=work)

    async def resolve(root: Any, info: strawberry.Info, **arguments: Any) -> Any:
        loaders = info.context.loaders
        key = id(info._raw_info.field_nodes[0])  # noqa: SLF001  the field's place in the document
        loader = loaders.get(key)
        if loader is None:
            batch = partial(_batch, resolver, info.context, answered.grouped(arguments))
            loader = loaders[key] = DataLoader(batch, cache=False)
        return await loader.load(root)

    return _field(answered, resolve)


def root(resolver: Resolver) -> Any:
    """A root field: `resolver(context, **arguments)`."""
    answered = AnsweredBy(resolver, batched=False)

    async def resolve(info: strawberry.Info, **arguments: Any) -> Any:
        return await resolver(info.context, **answered.grouped(arguments))

    return _field(answered, resolve)


def stream(source: Source, beginning: Beginning | None = None) -> Any:
    """A subscription root: `source(context, **arguments)` yields chunks; see `resolvers.streams`.

    With a `beginning` it can be resumed: what that answers for its arguments says where the source begins.
    """
    answered = AnsweredBy(source, batched=False, beginning=beginning)

    async def resolve(info: strawberry.Info, **arguments: Any) -> AsyncIterator[Any]:
        given = answered.grouped(arguments)
        if beginning is not None:
            first = await beginning(info.context, **given)
            for _, value in first.told:
                yield value
            given["after"] = first.cursor
        async with aclosing(source(info.context, **given)) as chunks:
            async for chunk in chunks:
                for _, value in chunk.told:
                    yield value

    resolve.__signature__ = _signature(source, batched=False)  # type: ignore[attr-defined]  # read by Strawberry
    return strawberry.subscription(
        resolver=resolve, description=inspect.getdoc(source), metadata={ANSWERED_BY: answered}
    )


def column(name: str, *, absent: Any = None, called: str | None = None) -> Any:
    """A stored field whose column has another name than the API gives it; `absent` stands for null.

    `called` is the name in the API where Python allows no attribute of that name.
    """
    return strawberry.field(
        name=called,
        resolver=lambda root: absent if root[name] is None else root[name],
        metadata={COLUMN: name, ABSENT: absent},
    )


def same_row() -> Any:
    """A field whose type shows other columns of the same row."""
    return strawberry.field(resolver=lambda root: root, metadata={SAME_ROW: True})


async def _batch(resolver: Resolver, context: Any, arguments: Mapping[str, Any], parents: list[Any]) -> Sequence[Any]:
    answers: Awaitable[Sequence[Any]] = resolver(context, parents, **arguments)
    return await answers


def _field(answered: AnsweredBy, resolve: Callable[..., Any]) -> StrawberryField:
    signature = _signature(answered.resolver, batched=answered.batched)
    resolve.__signature__ = signature  # type: ignore[attr-defined]  # read by Strawberry
    field: StrawberryField = strawberry.field(
        resolver=resolve,
        description=inspect.getdoc(answered.resolver),
        metadata={ANSWERED_BY: answered},
    )
    return field


def _signature(resolver: Resolver, *, batched: bool) -> inspect.Signature:
    """What Strawberry reads as the field's arguments: those of the resolver, a page taken apart."""
    hints = get_type_hints(resolver, include_extras=True)
    given = list(inspect.signature(resolver).parameters.values())[2 if batched else 1 :]
    parameters = [_positional("root", Any)] if batched else []
    parameters.append(_positional("info", strawberry.Info))
    for parameter in given:
        if parameter.name == COLUMNS:
            continue
        hint = hints[parameter.name]
        if hint in (Page, ForwardPage):
            docs = attribute_docs(hint)
            parameters += [
                _argument(f.name, get_type_hints(hint)[f.name], strawberry.UNSET, docs[f.name]) for f in fields(hint)
            ]
        else:
            default = strawberry.UNSET if parameter.default is None else parameter.default
            parameters.append(_argument(parameter.name, hint, default, ARGUMENTS[parameter.name]))
    return inspect.Signature(parameters)


def _positional(name: str, hint: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=hint)


def _argument(name: str, hint: Any, default: Any, description: str) -> inspect.Parameter:
    annotation = Annotated[hint, strawberry.argument(description=description)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


@cache
def _page(resolver: Resolver) -> tuple[type[Page | ForwardPage] | None, frozenset[str]]:
    """The kind of page that a resolver wants, and the arguments it is made of."""
    kind = get_type_hints(resolver).get("page")
    if kind not in (Page, ForwardPage):
        return None, frozenset()
    return kind, frozenset(part.name for part in fields(kind))
