"""Numbers in sentences: as many digits as people read, and the unit that suits."""

import pytest

from analytics.wording import counted, dollars, milliseconds, number, percent


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (milliseconds(0), "0 ms"),
        (milliseconds(0.123), "0.12 ms"),
        (milliseconds(4.25), "4.2 ms"),
        (milliseconds(812.4), "812 ms"),
        (milliseconds(2_000), "2 s"),
        (milliseconds(59_900), "60 s"),
        (milliseconds(90_000), "1.5 min"),
        (milliseconds(7_200_000), "2 h"),
        (dollars(0), "$0"),
        (dollars(0.00421), "$0.0042"),
        (dollars(0.5), "$0.50"),
        (dollars(1234.5), "$1,234.50"),
        (percent(0.004), "0.40 %"),
        (percent(0.305), "30 %"),
        (percent(1), "100 %"),
        (number(3.04), "3"),
        (number(33.3), "33"),
        (number(1_234_567), "1,234,567"),
        (counted(1, "step"), "1 step"),
        (counted(1_200, "step"), "1,200 steps"),
    ],
)
def test_numbers_are_told_as_people_read_them(told: str, expected: str) -> None:
    """Two significant digits below ten, none behind the point above, thousands apart."""
    assert told == expected
