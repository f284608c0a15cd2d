"""What a draft must satisfy to become a record; everything that breaks a rule is named, with its path.

These run for every record, so each looks at many fields at once and only names the faulty one when there is one.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeAlias

from ingest.drafts import Draft, StepCorrection, StepDraft, TraceCorrection, TraceDraft
from ingest.outcomes import Problem
from models.ids import CANONICAL, canonical, first_id

NAME_LENGTH = 1_000
WORD_LENGTH = 500
MESSAGE_LENGTH = 100_000
ITEM_LENGTH = 1_048_576
TAGS = 100
JSON_DEPTH = 200
LARGEST_COUNT = 2**63 - 1
LARGEST_MONEY = Decimal(10) ** 15
MONEY_LENGTH = 60
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
CLOCK_SKEW = timedelta(days=7)

WORDS = (
    "session_id", "user_id", "environment", "release", "service_name", "error_type",
    "provider", "model", "request_model", "response_model",
)  # fmt: skip
STEPS = (StepDraft, StepCorrection)
STARTING = (StepDraft, TraceDraft)  # corrections don't say when something started
IDS = ("id", "trace_id", "parent_id")
OBJECTS = ("metadata", "attributes")
COUNTS = ("input", "output", "cache_read", "cache_write", "reasoning")

Tell: TypeAlias = Callable[[Problem], None]

BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
EXPONENT = re.compile(r"\d[eE][+-]?\d").search
EXPONENTS = re.compile(r'"(?:[^"\\]|\\.)*"|[eE][+-]?(\d+)', re.DOTALL)


@dataclass(frozen=True)
class Group:
    """The fields of a kind of draft that one rule looks at."""

    names: tuple[str, ...]
    values: Callable[[Draft], tuple[Any, ...]]


def _groups(wanted: tuple[str, ...]) -> Mapping[type, Group]:
    """The fields among the wanted ones that each kind of draft has; the error type stands for none."""
    groups: dict[type, Group] = {}
    for kind in (TraceDraft, TraceCorrection, StepDraft, StepCorrection):
        names = tuple(field.name for field in fields(kind) if field.name in wanted)
        groups[kind] = Group(names, attrgetter(*names, "error_type"))
    return groups


WORDS_OF, IDS_OF, OBJECTS_OF = _groups(WORDS), _groups(IDS), _groups(OBJECTS)


@lru_cache(1)
def latest_id(now: datetime) -> str:
    """The first UUIDv7 that is too far ahead of the clock to be believed."""
    return first_id(now + CLOCK_SKEW)


def problems(draft: Draft, latest: str) -> list[Problem]:
    """Every rule that the draft breaks; an empty list lets it in. `latest` is `latest_id` of now."""
    found: list[Problem] = []
    for rule in RULES[type(draft)]:
        rule(draft, latest, found.append)
    return found


def _ids(draft: Draft, latest: str, tell: Tell) -> None:
    group = IDS_OF[type(draft)]
    # A step is kept by the time in its id. A trace's id may be OpenTelemetry's: sixteen random bytes.
    dated = "id" if type(draft) in STEPS else None
    for field, value in zip(group.names, group.values(draft), strict=False):
        if value is None:
            continue
        identity = value if CANONICAL(value) else canonical(value)
        if identity is None:
            tell(_invalid(f"{value[:60]!r} is not a UUID.", field))
        elif identity >= latest and identity[14] == "7" and field == dated:
            tell(_invalid("The time in this UUIDv7 is more than a week ahead.", field))


def _words(draft: Draft, _: str, tell: Tell) -> None:
    if draft.name is not None and not 1 <= len(draft.name) <= NAME_LENGTH:
        tell(_invalid(f"A name has 1 to {NAME_LENGTH:,} characters; this one has {len(draft.name):,}.", "name"))
    group = WORDS_OF[type(draft)]
    for index, value in enumerate(group.values(draft)):
        if value is not None and len(value) > WORD_LENGTH and index < len(group.names):
            tell(_too_large(f"At most {WORD_LENGTH} characters; this has {len(value):,}.", group.names[index]))


def _tags(draft: TraceDraft | TraceCorrection, _: str, tell: Tell) -> None:
    if not draft.tags:
        return
    if len(draft.tags) > TAGS:
        tell(_too_large(f"At most {TAGS} tags; these are {len(draft.tags):,}.", "tags"))
    for index, tag in enumerate(draft.tags):
        if not 1 <= len(tag) <= WORD_LENGTH:
            tell(_invalid(f"A tag has 1 to {WORD_LENGTH} characters.", "tags", str(index)))


def _times(draft: Draft, _: str, tell: Tell) -> None:
    start = draft.start_time if isinstance(draft, STARTING) else None
    for field, moment in (("start_time", start), ("end_time", draft.end_time)):
        if moment is not None and not EARLIEST <= moment < LATEST:
            tell(_invalid("A time lies between 1970 and 9999.", field))
    if start is not None and draft.end_time is not None and draft.end_time < start:
        tell(_invalid(f"It ends before it starts ({start.isoformat()}).", "end_time"))


def _numbers(draft: StepDraft | StepCorrection, _: str, tell: Tell) -> None:
    wait = draft.time_to_first_token_ms
    if wait is not None and not (math.isfinite(wait) and wait >= 0):
        tell(_invalid("Milliseconds are finite and not negative.", "time_to_first_token_ms"))
    if draft.cost is not None and not _is_money(draft.cost):
        tell(_invalid("A cost is a decimal number from 0 to 10^15.", "cost"))
    for field in COUNTS if draft.usage else ():
        count = getattr(draft.usage, field)
        if count is not None and not 0 <= count <= LARGEST_COUNT:
            tell(_invalid("A count of tokens is between 0 and 2^63-1.", "usage", field))


def _texts(draft: Draft, _: str, tell: Tell) -> None:
    group = OBJECTS_OF[type(draft)]
    kept, length = group.values(draft)[0], len(draft.error_message or "")
    if kept is not None and not kept.lstrip().startswith("{"):
        tell(_invalid("This must be a JSON object.", group.names[0]))
    if length > MESSAGE_LENGTH:
        tell(_too_large(f"At most {MESSAGE_LENGTH:,} characters.", "error_message"))
    length += zeros(kept or "")
    for field, text in ((group.names[0], kept), ("input", draft.input), ("output", draft.output)):
        if text is None:
            continue
        length += len(text)
        if is_deep(text):
            tell(_invalid(f"JSON may be nested {JSON_DEPTH} levels deep.", field))
    if length > ITEM_LENGTH:
        tell(_too_large(f"A record may have {ITEM_LENGTH:,} characters of JSON; this one has {length:,}."))


def _is_money(text: str) -> bool:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return False
    return amount.is_finite() and 0 <= amount <= LARGEST_MONEY and len(text) <= MONEY_LENGTH


def zeros(text: str) -> int:
    """How many digits PostgreSQL adds to an object, for it writes its numbers out: 1e300 becomes 301 of them."""
    if not EXPONENT(text):
        return 0
    return sum(int(match[1].lstrip("0")[:9] or 0) for match in EXPONENTS.finditer(text) if match[1])


def is_deep(text: str) -> bool:
    """Whether a JSON text is nested deeper than we keep."""
    if len(text) < JSON_DEPTH or text.count("[") + text.count("{") <= JSON_DEPTH:
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


def _invalid(message: str, *names: str) -> Problem:
    return Problem(code="INVALID", message=message, path=tuple(map(camel_case, names)))


def _too_large(message: str, *names: str) -> Problem:
    return Problem(code="TOO_LARGE", message=message, path=tuple(map(camel_case, names)))


def camel_case(name: str) -> str:
    """The name of a field in the API."""
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


Rule: TypeAlias = Callable[[Any, str, Tell], None]
OF_ALL: tuple[Rule, ...] = (_ids, _words, _times, _texts)
RULES: Mapping[type, tuple[Rule, ...]] = {
    TraceDraft: (*OF_ALL, _tags),
    TraceCorrection: (*OF_ALL, _tags),
    StepDraft: (*OF_ALL, _numbers),
    StepCorrection: (*OF_ALL, _numbers),
}
