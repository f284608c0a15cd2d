"""Numbers as people read them, for sentences that explain."""

from __future__ import annotations

from decimal import Decimal

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
TWO_DIGITS = 10


def milliseconds(value: float) -> str:
    """A length of time, such as 4.2 s."""
    if value < SECOND:
        return f"{_digits(value)} ms"
    if value < MINUTE:
        return f"{_digits(value / SECOND)} s"
    if value < HOUR:
        return f"{_digits(value / MINUTE)} min"
    return f"{_digits(value / HOUR)} h"


def dollars(value: float | Decimal) -> str:
    """An amount of money, such as $0.0042."""
    return f"${_digits(float(value))}" if value < 1 else f"${value:,.2f}"


def percent(share: float) -> str:
    """A share, such as 12 %."""
    return f"{_digits(share * 100)} %"


def number(value: float) -> str:
    """A number, such as 1,234 or 5.6."""
    return _digits(value)


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """So many of something, such as 3 steps."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def listed(names: list[str]) -> str:
    """Names in a row, such as a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _digits(value: float) -> str:
    """Two significant digits at least, and all those before the point."""
    if value == 0 or abs(value) >= TWO_DIGITS:
        return f"{value:,.0f}"
    return f"{Decimal(f'{value:.1e}'):f}" if value < 1 else f"{value:.1f}".removesuffix(".0")
