"""Tokens and costs of model calls, by every name they go by."""

from decimal import Decimal, InvalidOperation
from typing import Final

from ingest.drafts import Usage
from ingest.otlp.attributes import Attributes, count, first
from ingest.rules import LARGEST_MONEY, MONEY_LENGTH
from models.values import BigInt, Money

INPUT: Final = (
    "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens",
    "ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens",
)  # fmt: skip
OUTPUT: Final = (
    "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
    "llm.usage.completion_tokens", "ai.usage.outputTokens", "ai.usage.completionTokens",
)  # fmt: skip
CACHE_READ: Final = (
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read", "ai.usage.cachedInputTokens",
    "ai.usage.inputTokenDetails.cacheReadTokens", "gen_ai.usage.details.cache_read_tokens",
)  # fmt: skip
CACHE_WRITE: Final = (
    "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write", "ai.usage.inputTokenDetails.cacheWriteTokens",
    "gen_ai.usage.details.cache_write_tokens",
)  # fmt: skip
REASONING: Final = (
    "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning", "llm.usage.reasoning_tokens", "ai.usage.reasoningTokens",
    "ai.usage.outputTokenDetails.reasoningTokens", "gen_ai.usage.details.reasoning_tokens",
)  # fmt: skip
COST: Final = ("gen_ai.usage.cost", "llm.cost.total", "gen_ai.cost.total")

DECIMALS: Final = 12  # decimal places that are kept of a cost too small to be written out


def usage_of(attributes: Attributes) -> Usage | None:
    """The tokens that a span tells of, or None."""
    read, written = count(attributes, CACHE_READ), count(attributes, CACHE_WRITE)
    prompt, reasoning = count(attributes, INPUT), count(attributes, REASONING)
    answer = count(attributes, OUTPUT)
    if prompt is None and answer is None and read is None and written is None and reasoning is None:
        return None
    return Usage(
        input=_whole(prompt, (read or 0) + (written or 0)),
        output=_whole(answer, reasoning or 0),
        cache_read=_big(read),
        cache_write=_big(written),
        reasoning=_big(reasoning),
    )


def cost_of(attributes: Attributes) -> Money | None:
    """The cost in US dollars that a span reports, or None."""
    value = first(attributes, COST)
    if value is None or isinstance(value, bool):
        return None
    try:
        cost = Decimal(str(value))
    except InvalidOperation:
        return None
    if not (cost.is_finite() and 0 <= cost <= LARGEST_MONEY):
        return None
    written = f"{cost:f}"
    return Money(written if len(written) <= MONEY_LENGTH else f"{cost:.{DECIMALS}f}")


def _whole(tokens: int | None, parts: int) -> BigInt | None:
    """The tokens with their parts: who counts fewer than the parts has counted without them."""
    if tokens is None or tokens >= parts:
        return _big(tokens)
    return BigInt(tokens + parts)


def _big(tokens: int | None) -> BigInt | None:
    return None if tokens is None else BigInt(tokens)
