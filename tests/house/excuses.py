"""Rules about exceptions to rules: each one names what it excepts, and why."""

import ast
import re
from collections.abc import Iterator

from tests.house.sources import Offender, Source

PROMISES = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
COMMENT = re.compile(r"(?:#|--|//|/\*).*")
EXCUSE = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma:\s*no)\b")
REASONED = (
    re.compile(r"#\s*noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*\s+[#\s-]*(?![A-Z]+\d+\b)\w.*\w"),
    re.compile(r"#\s*type:\s*ignore\[[\w-]+(?:,\s*[\w-]+)*\]\s+#\s*[A-Za-z].*\w"),
    re.compile(r"#\s*pragma:\s*no (?:cover|branch)\s+[#\s-]*[A-Za-z].*\w"),
)
WHOLE_FILE = re.compile(r"#\s*(?:ruff:\s*noqa|flake8:\s*noqa|mypy:\s*ignore-errors)")
DOORS = "server"


def promises_to_do(source: Source) -> Iterator[Offender]:
    """What is missing belongs in an issue, not in a comment."""
    comments = source.comments if source.is_python else _comments_of(source)
    for line, comment in comments.items():
        found = PROMISES.search(comment)
        if found:
            yield source.offender(line, f"`{found.group()}` in a comment")


def excuses_without_reason(source: Source) -> Iterator[Offender]:
    """Who silences a tool says which of its rules, and why, on the same line."""
    for line, comment in source.comments.items():
        if WHOLE_FILE.search(comment):
            yield source.offender(line, "silences a tool for a whole file")
        elif EXCUSE.search(comment) and not any(pattern.search(comment) for pattern in REASONED):
            yield source.offender(line, f"`{comment}` lacks its code or its reason")


def nets_outside_the_doors(source: Source) -> Iterator[Offender]:
    """Only a door catches everything; elsewhere it is raised again, or the line says why not."""
    if source.package == DOORS:
        return
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node):
            raised_again = isinstance(node.body[-1], ast.Raise)
            if not raised_again and len(source.comments.get(node.lineno, "").split()) <= 1:
                yield source.offender(node.lineno, "catches everything, and is no door")


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in caught
    )


def _comments_of(source: Source) -> dict[int, str]:
    found = ((number, COMMENT.search(line)) for number, line in enumerate(source.lines, start=1))
    return {number: match.group() for number, match in found if match}
