"""Descriptions: the text below an attribute in its class is what the API says about it."""

import ast
import inspect
import textwrap
from dataclasses import MISSING
from enum import Enum
from typing import TypeVar

import strawberry
from strawberry.types.base import get_object_definition
from strawberry.types.enum import StrawberryEnumDefinition

T = TypeVar("T")
E = TypeVar("E", bound=type[Enum])


def attribute_docs(cls: type) -> dict[str, str]:
    """The strings that stand below the attributes of a class and its bases, by attribute name."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.split(".")[0] in OURS:
            docs |= _read(base)
    return docs


def described(cls: type[T]) -> type[T]:
    """Give the fields of a Strawberry type or input the texts below its attributes."""
    definition = get_object_definition(cls, strict=True)
    docs = attribute_docs(cls)
    for field in definition.fields:
        field.description = field.description or docs.get(field.python_name)
    return cls


def input_of(cls: type[T], name: str | None = None) -> type[T]:
    """Declare a dataclass of a lower floor as an input, in place."""
    declared = described(strawberry.input(cls, name=name, description=inspect.getdoc(cls)))
    for field in get_object_definition(declared, strict=True).fields:
        if field.python_name.endswith("_"):  # Python keeps the word for itself
            field.graphql_name = field.python_name.rstrip("_")
        if field.default is None:  # what is left out is simply not there: no `= null` in the contract
            field.default = field.default_value = MISSING
    return declared


def enum_of(cls: E, name: str | None = None) -> E:
    """Declare an enum of a lower floor, in place."""
    declared = strawberry.enum(cls, name=name, description=inspect.getdoc(cls))
    docs = attribute_docs(cls)
    definition: StrawberryEnumDefinition = declared.__strawberry_definition__  # type: ignore[attr-defined]  # set above
    for value in definition.values:
        value.description = docs.get(value.name)
    return declared


OURS = frozenset({"models", "ingest", "analytics", "export", "auth", "resolvers", "schema"})


def _read(cls: type) -> dict[str, str]:
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    docs: dict[str, str] = {}
    for statement, following in zip(node.body, node.body[1:], strict=False):  # type: ignore[attr-defined]  # a ClassDef
        match statement, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                docs[name] = inspect.cleandoc(text)
    return docs
