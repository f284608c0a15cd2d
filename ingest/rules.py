"""What a draft must satisfy to become a record; everything that breaks a rule is named, with its path."""

import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from ingest.drafts import Draft, Usage
from ingest.outcomes import Problem
from models.ids import time_of

NAME_LENGTH = 1_000
WORD_LENGTH = 500
MESSAGE_LENGTH = 100_000
ITEM_BYTES = 1_048_576
TAGS = 100
JSON_DEPTH = 200
LARGEST_COUNT = 2**63 - 1
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
CLOCK_SKEW = timedelta(days=7)
LARGEST_MONEY = Decimal(10) ** 15

WORDS = (
    "session_id", "user_id", "environment", "release", "service_name", "error_type",
    "provider", "model", "request_model", "response_model",
)  # fmt: skip
UUIDS = ("id", "trace_id", "parent_id")
OBJECTS = ("metadata", "attributes")
TEXTS = (*OBJECTS, "input", "output", "error_message")
COUNTS = ("input", "output", "cache_read", "cache_write", "reasoning")

BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def problems(draft: Draft, now: datetime) -> list[Problem]:
    """Every rule that the draft breaks; an empty list lets it in."""
    return [problem for rule in RULES for problem in rule(draft, now)]


def canonical(identity: str) -> str | None:
    """The canonical form of a UUID in any of its spellings; None when it is none."""
    try:
        return str(UUID(identity))
    except (ValueError, AttributeError, TypeError):
        return None


def _ids(draft: Draft, now: datetime) -> Iterator[Problem]:
    for field in UUIDS:
        value = getattr(draft, field, None)
        if value is None:
            continue
        identity = canonical(value)
        if identity is None:
            yield _invalid(f"{value[:60]!r} is not a UUID.", field)
        elif field != "parent_id" and (moment := time_of(identity)) and moment > now + CLOCK_SKEW:
            yield _invalid(f"This UUIDv7 is of {moment:%Y-%m-%d %H:%M}, more than a week ahead.", field)


def _name(draft: Draft, _: datetime) -> Iterator[Problem]:
    if draft.name is not None and not 1 <= len(draft.name) <= NAME_LENGTH:
        yield _invalid(f"A name has 1 to {NAME_LENGTH:,} characters; this one has {len(draft.name):,}.", "name")


def _words(draft: Draft, _: datetime) -> Iterator[Problem]:
    for field in WORDS:
        value = getattr(draft, field, None)
        if value is not None and len(value) > WORD_LENGTH:
            yield _too_large(f"At most {WORD_LENGTH} characters; this has {len(value):,}.", field)


def _tags(draft: Draft, _: datetime) -> Iterator[Problem]:
    tags = getattr(draft, "tags", None) or ()
    if len(tags) > TAGS:
        yield _too_large(f"At most {TAGS} tags; these are {len(tags):,}.", "tags")
    for index, tag in enumerate(tags):
        if not 1 <= len(tag) <= WORD_LENGTH:
            yield _invalid(f"A tag has 1 to {WORD_LENGTH} characters.", "tags", str(index))


def _times(draft: Draft, _: datetime) -> Iterator[Problem]:
    start, end = getattr(draft, "start_time", None), draft.end_time
    for field, moment in (("start_time", start), ("end_time", end)):
        if moment is not None and not EARLIEST <= moment < LATEST:
            yield _invalid("A time lies between 1970 and 9999.", field)
    if start is not None and end is not None and end < start:
        yield _invalid(f"It ends before it starts ({start.isoformat()}).", "end_time")


def _numbers(draft: Draft, _: datetime) -> Iterator[Problem]:
    wait = getattr(draft, "time_to_first_token_ms", None)
    if wait is not None and not (math.isfinite(wait) and wait >= 0):
        yield _invalid("Milliseconds are finite and not negative.", "time_to_first_token_ms")
    usage: Usage | None = getattr(draft, "usage", None)
    for field in COUNTS if usage else ():
        count = getattr(usage, field)
        if count is not None and not 0 <= count <= LARGEST_COUNT:
            yield _invalid("A count of tokens is between 0 and 2^63-1.", "usage", field)
    cost = getattr(draft, "cost", None)
    if cost is not None and not _is_money(cost):
        yield _invalid("A cost is a decimal number from 0 to 10^15.", "cost")


def _texts(draft: Draft, _: datetime) -> Iterator[Problem]:
    size = 0
    for field in TEXTS:
        text = getattr(draft, field, None)
        if text is None:
            continue
        size += len(text)
        if field in OBJECTS and not text.lstrip().startswith("{"):
            yield _invalid("This must be a JSON object.", field)
        elif field != "error_message" and _is_deep(text):
            yield _invalid(f"JSON may be nested {JSON_DEPTH} levels deep.", field)
    if draft_message := draft.error_message:
        if len(draft_message) > MESSAGE_LENGTH:
            yield _too_large(f"At most {MESSAGE_LENGTH:,} characters.", "error_message")
    if size > ITEM_BYTES:
        yield _too_large(f"A record may have {ITEM_BYTES:,} characters of JSON; this one has {size:,}.")


def _is_money(text: str) -> bool:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return False
    return amount.is_finite() and 0 <= amount <= LARGEST_MONEY and len(text) <= 60


def _is_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= JSON_DEPTH:
        return False
    depth = 0
    for match in BRACKETS.finditer(text):
        if match[0] in "[{":
            depth += 1
        elif match[0] in "]}":
            depth -= 1
        if depth > JSON_DEPTH:
            return True
    return False


def _invalid(message: str, *fields: str) -> Problem:
    return Problem(code="INVALID", message=message, path=tuple(map(camel_case, fields)))


def _too_large(message: str, *fields: str) -> Problem:
    return Problem(code="TOO_LARGE", message=message, path=tuple(map(camel_case, fields)))


def camel_case(name: str) -> str:
    """The name of a field in the API."""
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


RULES: tuple[Callable[[Draft, datetime], Iterator[Problem]], ...] = (
    _ids, _name, _words, _tags, _times, _numbers, _texts,
)  # fmt: skip
