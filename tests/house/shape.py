"""Rules about the shape and the names of modules: small, documented, imported at the top, called by a noun."""

import ast
import re
from collections.abc import Iterator

from tests.house.sources import Offender, Source

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
NAMES_THAT_SAY_NOTHING = {
    *("util", "utils", "helper", "helpers", "common", "base", "misc"),
    *("manager", "managers", "service", "services"),
}
SECOND_SENTENCE = re.compile(r"[.!?]\s+[A-Z]")


def long_files(source: Source) -> Iterator[Offender]:
    """A file ends after 400 lines."""
    if len(source.lines) > LONGEST_FILE:
        yield source.offender(LONGEST_FILE + 1, f"{len(source.lines)} lines; split it along a seam you can name")


def long_functions(source: Source) -> Iterator[Offender]:
    """A function ends after 50 lines."""
    for function in _functions(source):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > LONGEST_FUNCTION:
            yield source.offender(function.lineno, f"`{function.name}` has {length} lines")


def missing_module_docstrings(source: Source) -> Iterator[Offender]:
    """A module opens with one sentence saying what lives there; more may follow after an empty line."""
    docstring = ast.get_docstring(source.tree) or ""
    opening = docstring.partition("\n\n")[0]
    if not opening.endswith("."):
        yield source.offender(1, "does not open with a sentence saying what lives there")
    elif SECOND_SENTENCE.search(opening):
        yield source.offender(1, "opens with more than one sentence")


def local_imports(source: Source) -> Iterator[Offender]:
    """Imports stand at the top of the file."""
    for function in _functions(source):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield source.offender(node.lineno, f"import inside `{function.name}`")


def hidden_cycles(source: Source) -> Iterator[Offender]:
    """A cycle is a design error, so nothing may hide one: no TYPE_CHECKING, no strawberry.lazy."""
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"typing", "strawberry"}:
            names = {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = {node.attr} if node.value.id in {"typing", "strawberry"} else set()
        else:
            continue
        for name in sorted(names & {"TYPE_CHECKING", "lazy", "LazyType"}):
            yield source.offender(node.lineno, f"`{name}` hides a cycle; move the shared thing down a floor")


def names_that_say_nothing(source: Source) -> Iterator[Offender]:
    """A module is one noun, and none of those that fit everything."""
    for part in (*source.path.parent.parts, source.path.stem):
        if NAMES_THAT_SAY_NOTHING & set(re.split(r"[_\W]", part.lower())):
            yield source.offender(1, f"`{part}` names no noun of ours")


def _functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
