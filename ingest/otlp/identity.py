"""Ids of traces and steps that follow from those of OpenTelemetry alone (docs/adr/0020-ids-of-spans.md).

A trace keeps its id: sixteen bytes are a UUID. A step's id is a UUIDv7 of the span's start time whose random part is a
digest of both ids of the span. A span knows its parent's id but not its parent's start time; it names its parent by the
*key* of that step, which is the id without the time.
"""

from functools import lru_cache
from hashlib import blake2b

# The twelve bits after the version, by which an id tells that it is a span's. One random UUIDv7 of 4,096 has them too.
MARK = "707e"
TIMELESS = "00000000-0000"
# Greater than every key and smaller than every id with a time.
FIRST_TIMED = "00000000-0001-0000-0000-000000000000"

TRACE_BYTES = 16
SPAN_BYTES = 8
NANOSECONDS = 1_000_000  # of a millisecond

# Spans of one trace and children of one parent come together.
REMEMBERED = 1_024

# The first digit of the digest, with the variant of RFC 9562 in place of its first two bits.
VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


@lru_cache(maxsize=REMEMBERED)
def trace_id_of(raw: bytes) -> str:
    """The id of a trace, digit for digit that of OpenTelemetry."""
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def step_id_of(trace_id: bytes, span_id: bytes, start: int) -> str:
    """The id of a span's step; `start` is in nanoseconds since 1970."""
    time = f"{start // NANOSECONDS:012x}"
    return f"{time[:8]}-{time[8:]}-{_tail(trace_id, span_id)}"


@lru_cache(maxsize=REMEMBERED)
def key_of_span(trace_id: bytes, span_id: bytes) -> str:
    """The key of a span's step, for those who don't know when it started."""
    return f"{TIMELESS}-{_tail(trace_id, span_id)}"


def key_of_step(step_id: str) -> str:
    """The key of a step: its id without the time."""
    return TIMELESS + step_id[13:]


def is_span(step_id: str) -> bool:
    """Whether a step may be a span's, so that others may know it by its key."""
    return step_id.startswith(MARK, 14)


def is_key(identity: str) -> bool:
    """Whether this is no id but a key."""
    return identity < FIRST_TIMED


def _tail(trace_id: bytes, span_id: bytes) -> str:
    digest = blake2b(trace_id + span_id, digest_size=SPAN_BYTES).hexdigest()
    return f"{MARK}-{VARIANT[digest[0]]}{digest[1:4]}-{digest[4:]}"
