"""Prices of model calls, held against the package that publishes them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price
from hypothesis import given
from hypothesis import strategies as some

from ingest.catalogue import PROVIDERS, REMEMBERED, _tariff, catalogue_price
from ingest.pricing import Call

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)

MODELS = [(provider.id, model.id) for provider in PROVIDERS for model in provider.models if model.is_match(model.id)]


def call(
    provider: str | None = "openai",
    model: str | None = "gpt-4o",
    *,
    status: str = "OK",
    tokens: tuple[int | None, int | None] = (1_000, 100),
    cache: tuple[int | None, int | None] = (None, None),
    reasoning: int | None = None,
    at: datetime = NOON,
) -> Call:
    return Call(provider, model, status, *tokens, *cache, reasoning, at)


@given(
    named=some.sampled_from(MODELS),
    counts=some.tuples(*[some.integers(0, 400_000)] * 5),
    at=some.datetimes(datetime(2023, 1, 1), datetime(2027, 1, 1), timezones=some.just(UTC)),  # noqa: DTZ001  the strategy adds the zone
)
def test_price_is_that_of_the_catalogue(
    named: tuple[str, str], counts: tuple[int, int, int, int, int], at: datetime
) -> None:
    """For every model, at any time and for any usage the cost is the one that the package itself calculates."""
    provider, model = named
    read, written, plain, reasoning, spoken = counts
    usage = Usage(
        input_tokens=read + written + plain,
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=reasoning + spoken,
        output_reasoning_tokens=reasoning,
    )
    tokens = (read + written + plain, reasoning + spoken)

    ours = catalogue_price(call(provider, model, tokens=tokens, cache=(read, written), reasoning=reasoning, at=at))

    if ours is not None:
        theirs = calc_price(usage, model, provider_id=provider, genai_request_timestamp=at)
        assert theirs.total_price == ours


def test_most_models_have_a_price() -> None:
    """The models without one are those that are not paid by the token."""
    known = [named for named in MODELS if catalogue_price(call(*named)) is not None]

    assert len(known) > 0.9 * len(MODELS)


def test_cached_tokens_have_their_own_rate() -> None:
    """Of 1,000 input tokens of gpt-4o 600 came from the cache, which halves their price."""
    cost = catalogue_price(call(cache=(600, None)))

    assert cost == Decimal("0.002750")
    assert catalogue_price(call()) == Decimal("0.0035")


def test_price_changes_with_time() -> None:
    """A call costs what its model cost when the call started."""
    before, after = datetime(2025, 5, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)

    assert catalogue_price(call(model="o3", at=before)) == 5 * (catalogue_price(call(model="o3", at=after)) or 0)


@pytest.mark.parametrize(
    ("provider", "model", "same_as"),
    [
        ("azure.ai.openai", "gpt-4o-2024-08-06", ("azure", "gpt-4o")),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0", ("anthropic", "claude-sonnet-4-0")),
        ("gcp.vertex_ai", "gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("gcp.gen_ai", "gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("mistral_ai", "mistral-large-latest", ("mistral", "mistral-large-latest")),
        ("x_ai", "grok-4", ("x-ai", "grok-4")),
        (None, "gpt-4o", ("openai", "gpt-4o")),
        (None, "openai/gpt-4o", ("openai", "gpt-4o")),
        ("litellm", "anthropic/claude-sonnet-4-0", ("anthropic", "claude-sonnet-4-0")),
    ],
)
def test_provider_by_its_name_in_opentelemetry(provider: str | None, model: str, same_as: tuple[str, str]) -> None:
    """A provider is found by the name that OpenTelemetry gives it, or by a model that only it serves."""
    cost = catalogue_price(call(provider, model))

    assert cost is not None
    assert cost == catalogue_price(call(*same_as))


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "nothing-of-theirs"), ("my-own-gpu", "gpt-4o"), ("ollama", "llama3"), (None, "x")],
)
def test_unknown_model_has_no_price(provider: str | None, model: str) -> None:
    """What nobody knows the price of is not free: it has no cost, even when the call failed."""
    assert catalogue_price(call(provider, model)) is None
    assert catalogue_price(call(provider, model, status="ERROR", tokens=(None, None))) is None


def test_failed_call_without_an_answer_costs_nothing() -> None:
    """Providers don't charge for calls they did not answer; one that broke off after a while is paid for."""
    refused = catalogue_price(call(status="ERROR", tokens=(1_000, None)))
    broken_off = catalogue_price(call(status="ERROR", tokens=(1_000, 50)))

    assert refused == 0
    assert broken_off == Decimal("0.003")


def test_call_without_usage_has_no_cost() -> None:
    """A call that does not say what it used may have cost anything."""
    assert catalogue_price(call(tokens=(None, None))) is None
    assert catalogue_price(call("openai", "text-embedding-3-small", tokens=(1_000, None))) == Decimal("0.00002")


def test_names_of_models_are_remembered_within_bounds() -> None:
    """Whoever sends ever new names fills no memory of ours."""
    for number in range(REMEMBERED + 100):
        catalogue_price(call("my-own-gpu", f"model-{number}"))

    assert _tariff.cache_info().currsize == REMEMBERED
