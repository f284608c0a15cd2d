"""Tokens and costs, by every name they go by."""

from collections.abc import Mapping

import pytest

from ingest.drafts import Usage
from models.values import BigInt
from tests.fakes.spans import ROOT, span, step_of


def usage_in(attributes: Mapping[str, object]) -> Usage | None:
    return step_of(span(attributes, parent_span_id=ROOT)).usage


@pytest.mark.parametrize(
    "names",
    [
        (
            "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.reasoning.output_tokens",
        ),
        (
            "gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens", "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.reasoning_tokens",
        ),
        (
            "llm.token_count.prompt", "llm.token_count.completion", "llm.token_count.prompt_details.cache_read",
            "llm.token_count.prompt_details.cache_write", "llm.token_count.completion_details.reasoning",
        ),
        (
            "ai.usage.inputTokens", "ai.usage.outputTokens", "ai.usage.cachedInputTokens",
            "ai.usage.inputTokenDetails.cacheWriteTokens", "ai.usage.reasoningTokens",
        ),
    ],
)  # fmt: skip
def test_usage(names: tuple[str, ...]) -> None:
    """All five counts arrive, whichever convention they follow."""
    expected = Usage(
        input=BigInt(120), output=BigInt(30), cache_read=BigInt(80), cache_write=BigInt(20), reasoning=BigInt(10)
    )

    assert usage_in(dict(zip(names, (120, 30, 80, 20, 10), strict=True))) == expected


def test_input_without_its_cached_part() -> None:
    """Who counts fewer input tokens than came from the cache has counted without those; we count them in."""
    anthropic = {"gen_ai.usage.input_tokens": 12, "gen_ai.usage.cache_read_input_tokens": 1_000}

    assert usage_in(anthropic) == Usage(input=BigInt(1_012), cache_read=BigInt(1_000))


@pytest.mark.parametrize(
    ("value", "expected"),
    [("7", 7), (7.0, 7), (True, None), (-1, None), ("many", None), (float("nan"), None), (2**63 - 1, 2**63 - 1)],
)
def test_count_however_it_is_written(value: object, expected: int | None) -> None:
    """A count may come as a text or with a decimal point; what is no count is not taken for one."""
    usage = usage_in({"gen_ai.usage.input_tokens": value})

    assert (usage.input if usage else None) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0125, "0.0125"), ("0.0250", "0.0250"), (0, "0"), (1e-7, "0.0000001"), (1e-300, "0.000000000000"),
        (-1, None), ("free", None), (float("inf"), None), (True, None), (1e300, None),
    ],
)  # fmt: skip
def test_cost_that_is_reported(value: object, expected: str | None) -> None:
    """A cost in dollars is taken digit for digit; what can't be one is left to be calculated."""
    assert step_of(span({"llm.cost.total": value}, parent_span_id=ROOT)).cost == expected
