"""Rules about tests: each states its promise, stands where its subject stands, and neither sleeps nor patches."""

import ast
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from tests.house.sources import ANNEXES, FLOORS, Offender, Source

WITHOUT_A_PACKAGE = {*ANNEXES, "acceptance", "deployment", "fakes", "faults", "house"} - {"tests"}
PATCHES = {"monkeypatch", "mocker", "patch", "mock", "MagicMock", "AsyncMock", "Mock"}


def missing_promises(source: Source) -> Iterator[Offender]:
    """The first line of a test is a docstring that states its promise."""
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_test(source, node):
            docstring = ast.get_docstring(node) or ""
            if not docstring.partition("\n")[0].endswith("."):
                yield source.offender(node.lineno, f"`{node.name}` does not open with the promise it keeps")


def sleeps(source: Source) -> Iterator[Offender]:
    """A test waits on the event; what waits for another process says why it can't.

    `sleep(0)` takes no time: it lets the other tasks of the loop go on.
    """
    if source.package != "tests":
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and _name(node.func) == "sleep" and not _is_zero(node.args):
            is_test_file = source.path.name.startswith("test_")
            if is_test_file or node.lineno not in source.comments:
                yield source.offender(node.lineno, "sleeps instead of waiting on the event")


def patches(source: Source) -> Iterator[Offender]:
    """Nothing is patched: a named fake under tests/fakes takes its place openly."""
    if source.package != "tests":
        return
    for node in source.nodes:
        match node:
            case ast.ImportFrom(module="unittest.mock") | ast.Import(names=[ast.alias(name="unittest.mock"), *_]):
                yield source.offender(node.lineno, "imports unittest.mock")
            case ast.ImportFrom(module="unittest", names=[*_]) if PATCHES & {alias.name for alias in node.names}:
                yield source.offender(node.lineno, "imports unittest.mock")
            case ast.arg(arg=name) if name in {"monkeypatch", "mocker"}:
                yield source.offender(node.lineno, f"asks for `{name}`")


def missing_subjects(source: Source, modules: Collection[PurePosixPath]) -> Iterator[Offender]:
    """A test stands at tests/<package>/test_<module>.py, and that module exists."""
    if source.package != "tests" or not source.path.name.startswith("test_"):
        return
    _, *folders, _ = source.path.parts
    if folders and folders[0] in WITHOUT_A_PACKAGE:
        return
    if not folders or folders[0] not in FLOORS:
        yield source.offender(1, "belongs to no package")
        return
    package = PurePosixPath(*folders)
    subject = source.path.stem.removeprefix("test_")
    known = {path.relative_to(package).parts[0].removesuffix(".py") for path in modules if path.is_relative_to(package)}
    if not any(subject == name or subject.startswith(f"{name}_") for name in known - {"__init__"}):
        yield source.offender(1, f"no module of `{package}` is called `{subject}`")


def _is_test(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return source.package == "tests" and source.path.name.startswith("test_") and node.name.startswith("test_")


def _is_zero(arguments: list[ast.expr]) -> bool:
    match arguments:
        case [ast.Constant(value=0)]:
            return True
        case _:
            return False


def _name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
