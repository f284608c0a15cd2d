"""Bookmarks: the keys of a row, in any spelling of an id, and nothing else."""

import pytest

from export.bookmark import bookmark_in
from export.selection import ExportKind
from models.errors import Invalid

A, B, C = (f"019a0000-0000-7000-8000-00000000000{digit}" for digit in "abc")


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        (f"{A}:{B}", ExportKind.TRACES, (A, B)),
        (f"{A.upper()}:{B}:{C.replace('-', '')}", ExportKind.STEPS, (A, B, C)),
    ],
)
def test_a_bookmark_is_the_keys_of_a_row(text: str, kind: ExportKind, expected: tuple[str, ...]) -> None:
    """The keys come as in a row, joined by colons."""
    assert bookmark_in(text, kind) == expected


@pytest.mark.parametrize("text", ["", ":", A, f"{A}:{B}:{C}", f"{A}:x", f"{A}:{B}:", "\0", "é" * 500])
def test_what_is_no_bookmark_is_refused(text: str) -> None:
    """The message says what a bookmark looks like."""
    with pytest.raises(Invalid, match="<projectId>:<id>") as refusal:
        bookmark_in(text, ExportKind.TRACES)

    assert refusal.value.path == ("after",)
