"""Rules about SQL and GraphQL in Python: where statements may stand, and what a declaration may do."""

import ast
import re
from collections.abc import Iterator

from tests.house.sources import Offender, Source

WITH_SQL = {"ingest", "resolvers", "models", "auth", "analytics", "export"}
WITHOUT_SQL = {"server", "operations", "schema", "pubsub"}
STATEMENT = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*"
    r"(?:SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s|(?:CREATE|ALTER|DROP)\s+TABLE\s)"
)
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
EXCUSE = re.compile(r"\bconstants only\b\W+\w+")
DECLARATIONS = {"type", "interface", "input", "of_row"}


def misplaced_sql(source: Source) -> Iterator[Offender]:
    """Only the floors that touch the database speak SQL."""
    if source.package not in WITHOUT_SQL:
        return
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value):
            yield source.offender(node.lineno, f"SQL in {source.package}/")


def assembled_sql(source: Source) -> Iterator[Offender]:
    """Values are bound: only constants may be put into the text of a statement.

    A statement that is put together once, of constants with other names, says "constants only" and why, above it.
    """
    if source.package not in WITH_SQL | WITHOUT_SQL:
        return
    for node in source.nodes:
        match node:
            case ast.JoinedStr(values=[ast.Constant(value=str(start)), *rest]) if STATEMENT.match(start):
                parts = [part.value for part in rest if isinstance(part, ast.FormattedValue)]
            case ast.BinOp(left=ast.Constant(value=str(start)), op=ast.Add() | ast.Mod(), right=right):
                parts = [right] if STATEMENT.match(start) else []
            case _:
                continue
        for part in parts:
            if not (_is_constant(part) or _is_excused(source, node)):
                yield source.offender(part.lineno, f"`{ast.unparse(part)}` goes into the text of a statement")


def methods_on_types(source: Source) -> Iterator[Offender]:
    """GraphQL types are declarations; a method on one is a bug."""
    if source.package != "schema":
        return
    for node in source.nodes:
        if isinstance(node, ast.ClassDef) and any(_declares(decorator) for decorator in node.decorator_list):
            for member in node.body:
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_empty(member):
                    yield source.offender(member.lineno, f"`{node.name}.{member.name}` is a method")


def _is_excused(source: Source, node: ast.expr) -> bool:
    return any(EXCUSE.search(source.comments.get(line, "")) for line in (node.lineno - 1, node.lineno))


def _is_constant(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return bool(CONSTANT.fullmatch(name))
        case ast.Call(func=ast.Attribute(value=subject), args=arguments, keywords=[]):
            return all(_is_constant(part) for part in (subject, *arguments))
        case ast.Constant():
            return True
        case _:
            return False


def _declares(decorator: ast.expr) -> bool:
    match decorator:
        case ast.Call(func=function):
            return _declares(function)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in DECLARATIONS
        case _:
            return False


def _is_empty(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return all(
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) for statement in function.body
    )
