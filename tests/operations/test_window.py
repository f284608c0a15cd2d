"""A window keeps the latest answers, and knows what it no longer has."""

from operations.answers import Answer
from operations.window import ANSWER_BYTES, Window

PLENTY = 1_000_000


def an_answer(text: str) -> Answer:
    return Answer(body=text.encode(), has_data=True)


def texts(found: tuple[int, object]) -> tuple[int, list[str]]:
    position, answers = found
    assert isinstance(answers, list | tuple)
    return position, [answer.body.decode() for answer in answers]


def filled(*positions: int, start: int = 0) -> Window:
    window = Window(start)
    window.add([(position, an_answer(str(position))) for position in positions], PLENTY)
    return window


def test_a_window_gives_what_follows_a_position() -> None:
    """Positions need not be dense: what lies between them concerned nobody."""
    window = filled(2, 5, 9)

    assert texts(window.after(0)) == (9, ["2", "5", "9"])
    assert texts(window.after(2)) == (9, ["5", "9"])
    assert texts(window.after(6)) == (9, ["9"])
    assert texts(window.after(9)) == (9, [])
    assert texts(window.after(12)) == (12, [])


def test_a_window_tells_what_it_no_longer_holds() -> None:
    """Older answers give way, and the window holds only what lies behind the last of them."""
    window = filled(*range(1, 11))
    assert window.add([(11, an_answer("11"))], 8 * (ANSWER_BYTES + 2))

    assert not window.holds(4)
    position, answers = texts(window.after(window.start))
    assert window.holds(window.start)
    assert answers == [str(number) for number in range(window.start + 1, 12)]
    assert (position, len(answers)) == (11, 6)


def test_a_window_keeps_one_answer_however_large() -> None:
    """Somebody is about to read the last one."""
    window = filled(1)
    window.add([(2, an_answer("x" * 1_000))], 10)

    assert texts(window.after(1)) == (2, ["x" * 1_000])


def test_a_window_begins_where_it_is_told() -> None:
    """What lies before its beginning it never had."""
    window = filled(8, start=7)

    assert [window.holds(6), window.holds(7)] == [False, True]


def test_a_conflated_window_has_the_latest_state() -> None:
    """Whoever comes, from wherever, gets the last state; one that equals the one before is nothing new."""
    window = Window(-1, conflated=True)

    assert window.add([(1, an_answer("a")), (2, an_answer("b"))], PLENTY)
    assert texts(window.after(-1)) == (2, ["b"])
    assert not window.add([(3, an_answer("b"))], PLENTY)
    assert texts(window.after(2)) == (2, [])
    assert window.add([(4, an_answer("a"))], 1)
    assert texts(window.after(2)) == (4, ["a"])
    assert not window.add([], PLENTY)
