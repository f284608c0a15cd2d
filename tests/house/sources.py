"""The files that the house rules look at, and what a rule says about a line that breaks it."""

import ast
import io
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TypeAlias

ROOT = Path(__file__).parents[2]
FLOORS = (
    "server",
    "operations",
    "schema",
    "resolvers",
    "ingest",
    "analytics",
    "export",
    "auth",
    "models",
    "pubsub",
)
ANNEXES = ("tests", "scripts", "benchmarks", "examples", "client", "web")
SKIPPED = ("node_modules", "dist", "build", "__pycache__")
CODE = (".py", ".sql", ".ts", ".tsx", ".js", ".mjs", ".css", "")


@dataclass(frozen=True, kw_only=True)
class Offender:
    """A line that breaks a rule."""

    path: PurePosixPath
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file of ours: its path from the root of the repository, and its text."""

    path: PurePosixPath
    text: str

    @property
    def package(self) -> str:
        """The floor or annex it belongs to."""
        return self.path.parts[0]

    @property
    def is_python(self) -> bool:
        return self.path.suffix == ".py"

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def comments(self) -> dict[int, str]:
        """The comment on each line that has one."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}

    def offender(self, line: int, message: str) -> Offender:
        return Offender(path=self.path, line=line, message=message)


Gate: TypeAlias = Callable[[Source], Iterator[Offender]]


def our_sources(root: Path = ROOT) -> list[Source]:
    """Every file of code in the floors and annexes."""
    return [
        Source(path=PurePosixPath(path.relative_to(root).as_posix()), text=path.read_text())
        for folder in (*FLOORS, *ANNEXES)
        for path in files_below(root / folder)
        if path.suffix in CODE
    ]


def files_below(folder: Path) -> Iterator[Path]:
    """The files in a folder and its folders, in order, without what tools leave behind."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or path.name in SKIPPED:
            continue
        if path.is_dir():
            yield from files_below(path)
        else:
            yield path
