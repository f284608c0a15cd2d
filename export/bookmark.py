"""Where in an export one is: the keys of a row, after which it goes on."""

from __future__ import annotations

from typing import TypeAlias

from export.fields import KEYS
from export.selection import ExportKind
from models.errors import Invalid
from models.ids import canonical

Bookmark: TypeAlias = tuple[str, ...]
"""The values of the keys of a row."""

SEPARATOR = ":"


def bookmark_in(text: str, kind: ExportKind) -> Bookmark:
    """The bookmark in a text: the keys of a row, joined by colons. Raises Invalid."""
    names = [field.name for field in KEYS[kind]]
    keys = [canonical(part) for part in text.split(SEPARATOR)]
    found = tuple(key for key in keys if key is not None)
    if len(found) != len(keys) or len(found) != len(names):
        shown = SEPARATOR.join(f"<{name}>" for name in names)
        raise Invalid(
            f"{text[:120]!r} is no bookmark: that is the keys of a row of the export, as {shown}.", path=["after"]
        )
    return found
