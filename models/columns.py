"""Column types that Tortoise does not bring."""

from tortoise import fields


class TextArrayField(fields.Field[list[str]]):
    """A `text[]` column; a list of strings in Python."""

    SQL_TYPE = "TEXT[]"


class IntArrayField(fields.Field[list[int]]):
    """An `integer[]` column; a list of numbers in Python."""

    SQL_TYPE = "INT[]"


class BigIntArrayField(fields.Field[list[int]]):
    """A `bigint[]` column; a list of numbers in Python."""

    SQL_TYPE = "BIGINT[]"
