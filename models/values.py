"""Names for the kinds of text and number that cross the floors."""

from typing import NewType

Uuid = NewType("Uuid", str)
"""A UUID in its canonical lower-case form."""

Id = NewType("Id", str)
"""An id as the API shows it."""

Json = NewType("Json", str)
"""A JSON text, exactly as it was sent."""

BigInt = NewType("BigInt", int)
"""A 64-bit integer."""

Money = NewType("Money", str)
"""A decimal number as text, in US dollars."""
