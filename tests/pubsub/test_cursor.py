"""Cursors: opaque, bound to their project, never misread."""

import base64
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from pubsub import cursor
from pubsub.errors import CursorInvalid

PROJECTS = some.uuids().map(str)
POSITIONS = some.integers(0, cursor.LAST)
PROJECT = "019abcde-0000-7000-8000-000000000001"


@given(project=PROJECTS, position=POSITIONS)
def test_decode_gives_back_the_position(project: str, position: int) -> None:
    """A cursor leads to the position it was made of."""
    assert cursor.decode(project, cursor.encode(project, position)) == position


@given(project=PROJECTS, other=PROJECTS, position=POSITIONS)
def test_decode_refuses_the_cursor_of_another_project(project: str, other: str, position: int) -> None:
    """A cursor opens nothing outside its project."""
    assume(project != other)

    with pytest.raises(CursorInvalid):
        cursor.decode(other, cursor.encode(project, position))


@given(text=some.text(max_size=60))
def test_decode_refuses_any_other_text(text: str) -> None:
    """Whatever is sent, the answer is CursorInvalid and no crash."""
    with pytest.raises(CursorInvalid):
        cursor.decode(PROJECT, text)


@given(position=POSITIONS, place=some.integers(0, 33), character=some.characters())
def test_a_changed_character_never_gives_the_same_position(position: int, place: int, character: str) -> None:
    """A position has one spelling: with a character changed it is no cursor, or that of another position."""
    text = cursor.encode(PROJECT, position)
    changed = text[:place] + character + text[place + 1 :]
    assume(changed != text)

    try:
        assert cursor.decode(PROJECT, changed) != position
    except CursorInvalid:
        return


@pytest.mark.parametrize(("version", "position"), [(2, 7), (0, 7), (1, cursor.LAST + 1)])
def test_decode_refuses_other_versions_and_impossible_positions(version: int, position: int) -> None:
    """A cursor of a version we don't know, or beyond what the database can count, is refused."""
    packed = cursor.LAYOUT.pack(version, UUID(PROJECT).bytes, position)

    with pytest.raises(CursorInvalid):
        cursor.decode(PROJECT, base64.urlsafe_b64encode(packed).rstrip(b"=").decode())
