"""The poison corpus: steps with one thing in them that is wrong, or only looks so, each as the raw JSON of a sender."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from models.ids import new_id

MEBIBYTE = 1024 * 1024
YEAR = 365 * 86_400_000
NOW = 1_790_000_000_000  # Unix time in milliseconds, in 2026


@dataclass(frozen=True, kw_only=True)
class Poison:
    """What is said of a step: `fields` in the names of the API, with raw JSON as values; `whole` in place of the step.

    What is `harmless` has to be stored. All else is stored or refused, alone or with its batch.
    """

    name: str
    fields: Mapping[str, bytes] = field(default_factory=dict)
    whole: bytes | None = None
    harmless: bool = False


def step(fields: Mapping[str, bytes] | None = None) -> bytes:
    """A step as raw JSON, a good one but for these fields; a field without a value is left out."""
    good = {"id": quoted(new_id()), "traceId": quoted(new_id()), "name": b'"chat"'}
    said = {**good, **(fields or {})}
    return b"{" + b",".join(quoted(name) + b":" + value for name, value in said.items() if value) + b"}"


def quoted(text: str) -> bytes:
    """A plain text as JSON."""
    return b'"' + text.encode() + b'"'


def nested(depth: int) -> bytes:
    """Lists in lists."""
    return b"[" * depth + b"]" * depth


NUL, HIGH, LOW = rb"\u0000", rb"\ud83d", rb"\ude00"

# Values that no JSON text may contain, or that no machine wants to hold.
NUMBERS = {
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "-Infinity": b"-Infinity",
    "beyond every double": b"1e400",
    "5,000 digits": b"9" * 5_000,
    "a huge exponent": b"1e999999999",
    "a hexadecimal": b"0x10",
    "a leading zero": b"007",
    "a plus": b"+1",
    "no digit after the point": b"1.",
}
TEXTS = {
    "a lone high surrogate": b'"a' + HIGH + b'"',
    "a lone low surrogate": b'"' + LOW + b'b"',
    "surrogates in the wrong order": b'"' + LOW + HIGH + b'"',
    "invalid UTF-8": b'"\xff\xfe"',
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "a truncated character": b'"\xf0\x9f\x98"',
    "an overlong NUL": b'"\xc0\x80"',
    "a raw NUL": b'"a\x00b"',
    "a raw newline": b'"a\nb"',
    "an unknown escape": rb'"\x41"',
    "no end": b'"a',
}
HARMLESS_TEXTS = {
    "a pair of surrogates": b'"' + HIGH + LOW + b'"',
    "an escaped NUL": b'"a' + NUL + b'b"',
    "a name of NULs": b'"' + NUL * 3 + b'"',
    "every kind of escape": rb'"\b\f\n\r\t\/\\\"A"',
    "a right-to-left override": '"\N{RIGHT-TO-LEFT OVERRIDE}abc"'.encode(),
    "a noncharacter": '"\uffff"'.encode(),
    "beyond the basic plane": '"\N{GRINNING FACE}"'.encode(),
    "a quote and a brace": rb'"a\",}b"',
    "what looks like SQL": b'"\'; DROP TABLE traces; --"',
    "what looks like a list of PostgreSQL": b'"{\\"a\\",NULL}"',
}
WRONG_TYPES = {"a number": b"5", "a boolean": b"true", "a list": b'["a"]', "an object": b'{"a":1}'}

MOMENTS = {
    "a word": b'"yesterday"',
    "no offset": b'"2026-11-02T12:00:00"',
    "a number": b"1790000000",
    "a day that is none": b'"2026-02-30T00:00:00Z"',
    "the year 10000": b'"10000-01-01T00:00:00Z"',
    "the year 1": b'"0001-01-01T00:00:00+14:00"',
    "before all machines": b'"1969-12-31T23:59:59Z"',
    "a NUL": b'"2026-11-02T12:00:00Z' + NUL + b'"',
}
COUNTS = {
    "negative": b"-1",
    "2^63": b"9223372036854775808",
    "a fraction": b"1.5",
    "a text": b'"12"',
    "a boolean": b"true",
    "a list": b"[1]",
}
COSTS = {
    "negative": b'"-0.01"',
    "a word": b'"free"',
    "not a number": b'"NaN"',
    "infinite": b'"Infinity"',
    "huge": b'"1e400"',
    "a huge exponent": b'"1e999999999"',
    "a tiny exponent": b'"1e-999999999"',
    "5,000 digits": b'"' + b"9" * 5_000 + b'"',
    "a boolean": b"true",
}
JSON_VALUES = {
    "300 deep": nested(300),
    "100,000 deep": nested(100_000),
    "over a mebibyte": b'"' + b"x" * (MEBIBYTE + 1) + b'"',
    "a comma too many": b"[1,]",
    "a comment": b"[1 /* one */]",
    "single quotes": b"{'a': 1}",
    "no end": b'{"a": [1',
}
HARMLESS_JSON = {
    "100 deep": nested(100),
    "null": b"null",
    "a bare text": b'"a"',
    "an empty key": b'{"": 1}',
    "a key twice": b'{"a": 1, "a": 2}',
    "an escaped NUL": b'{"a' + NUL + b'": "' + NUL + b'"}',
    "the largest 64-bit integer": b"9223372036854775807",
    "numbers of every form": b"[0, -0, 0.0, 1e2, 1E-2, 0.1, 5e-324]",
    "what looks like a type name": b'{"__typename": "Trace", "id": 1}',
    "what looks like an exponent": b'"7e999999999"',
    "a quarter of a mebibyte": b'"' + b"x" * (MEBIBYTE // 4) + b'"',
}


def corpus() -> Iterator[Poison]:
    """Every case."""
    yield from _ids()
    yield from _of("name", {"empty": b'""', "1,001 characters": quoted("n" * 1_001), "null": b"null", "left out": b""})
    yield from _of("name", WRONG_TYPES | TEXTS)
    yield from _of("name", HARMLESS_TEXTS, harmless=True)
    yield from _of("errorMessage", {"100,001 characters": quoted("e" * 100_001)} | WRONG_TYPES | TEXTS)
    yield from _of("errorMessage", HARMLESS_TEXTS, harmless=True)
    yield from _of("provider", {"501 characters": quoted("p" * 501)})
    yield from _of("kind", {"unknown": b'"ROBOT"', "in lower case": b'"llm"', "a number": b"1"})
    yield from _of("status", {"unknown": b'"MAYBE"', "empty": b'""'})
    yield from _of("startTime", MOMENTS)
    yield from _of("endTime", MOMENTS)
    early, late = b'"2026-11-02T12:00:00Z"', b'"2026-11-02T12:00:01Z"'
    yield Poison(name="ends before it starts", fields={"startTime": late, "endTime": early})
    yield from _of("timeToFirstTokenMs", {"negative": b"-0.5", "a text": b'"5"'} | NUMBERS)
    yield from _of("cost", COSTS | NUMBERS)
    usages = {name: b'{"input":' + value + b"}" for name, value in (COUNTS | NUMBERS).items()}
    yield from _of("usage", usages | {"a list": b"[]", "an unknown count": b'{"thoughts":1}'})
    yield from _of("input", JSON_VALUES | NUMBERS | TEXTS)
    yield from _of("input", HARMLESS_JSON | HARMLESS_TEXTS, harmless=True)
    long = b'{"a":[' + b",".join([b"1e300"] * 4_000) + b"]}"
    yield from _of("attributes", {"a list": b"[]", "a text": b'"{}"', "a number": b"5", "long when written out": long})
    objects = {name: b'{"a":' + value + b"}" for name, value in (JSON_VALUES | NUMBERS | TEXTS).items()}
    yield from _of("attributes", objects)
    harmless = {name: b'{"a":' + value + b"}" for name, value in (HARMLESS_JSON | HARMLESS_TEXTS).items()}
    yield from _of("attributes", harmless, harmless=True)
    yield from _of("colour", {"unknown": b'"red"'})
    for name, whole in (WRONG_TYPES | {"null": b"null", "a text": b'"step"', "empty": b"{}"}).items():
        yield Poison(name=f"step: {name}", whole=whole)


def _ids() -> Iterator[Poison]:
    bad = {"a word": b'"no id"', "empty": b'""', "a number": b"5", "too long": quoted("0" * 5_000), "a list": b"[]"}
    bad["a NUL"] = b'"019ac000-0000-7000-8000-00000000000' + NUL + b'"'
    for name in ("id", "traceId", "parentId"):
        yield from _of(name, bad)
    yield from _of(
        "id", {"a century ahead": quoted(new_id(NOW + 100 * YEAR)), "the end of time": quoted(new_id(2**48 - 1))}
    )
    random = quoted("6ba7b810-9dad-41d1-80b4-00c04fd430c8")
    forms = {"random": random, "upper case": random.upper(), "without dashes": random.replace(b"-", b"")}
    yield from _of("id", forms | {"of 1970": quoted(new_id(0))}, harmless=True)


def _of(name: str, values: Mapping[str, bytes], *, harmless: bool = False) -> Iterator[Poison]:
    for case, value in values.items():
        yield Poison(name=f"{name}: {case}", fields={name: value}, harmless=harmless)
