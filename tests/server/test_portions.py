"""What is written at once is bounded, in number and in bytes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from operations.answers import Answer
from server.portions import MOST, MOST_BYTES, is_portion, portions


@given(st.lists(st.sampled_from([0, 1, 300, MOST_BYTES // 2, MOST_BYTES, MOST_BYTES + 1]), max_size=3 * MOST))
def test_portions_are_all_answers_in_order_and_no_larger_than_need_be(sizes: list[int]) -> None:
    """Nothing is left out, each portion may be written at once, and no two that follow each other could be one."""
    answers = [Answer(body=bytes(size), has_data=True) for size in sizes]
    cut = list(portions(answers))

    assert [answer for portion in cut for answer in portion] == answers
    assert all(portion and is_portion(portion) for portion in cut)
    assert not any(is_portion([*one, other[0]]) for one, other in pairwise(cut))
