"""The catalogue of published prices (the package `genai-prices`, without a network), by provider and model."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

from genai_prices.data_snapshot import find_provider_by_id, get_snapshot
from genai_prices.types import Provider

from ingest.pricing import Call
from ingest.rates import NOTHING, Tariff, tariff_of

PROVIDERS: Final = get_snapshot().providers

# OpenTelemetry's names where the catalogue would not know them, or take them for somebody else.
NAMES: Final[Mapping[str, str]] = {
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "azure_openai": "azure",
    "gcp.gen_ai": "google",
    "mistral_ai": "mistral",
    "together_ai": "together",
    "x_ai": "x-ai",
}
# Who passes calls on to others, and names them in the model: `openai/gpt-4o`.
GATEWAYS: Final = frozenset((None, "litellm"))

# Matching a model against the catalogue takes 50 to 500 us, and senders use few; but anybody may send any name.
REMEMBERED: Final = 4_096


def catalogue_price(call: Call) -> Decimal | None:
    """US dollars of a call at the price of its start, None when the model, its price or the usage is not known.

    A call that failed before it answered costs nothing. Cached and reasoning tokens have rates of their own.
    """
    tariff = _tariff(call.provider, call.model)
    if tariff is None:
        return None
    if call.status == "ERROR" and not call.output_tokens:
        return NOTHING
    if call.input_tokens is None and call.output_tokens is None:
        return None
    return tariff.at(call.start_time).cost(
        prompt=call.input_tokens or 0,
        answer=call.output_tokens or 0,
        read=call.cache_read_tokens or 0,
        written=call.cache_write_tokens or 0,
        reasoning=call.reasoning_tokens or 0,
    )


@lru_cache(maxsize=REMEMBERED)
def _tariff(provider_name: str | None, model_name: str | None) -> Tariff | None:
    if not model_name:
        return None
    name = model_name.lower()
    provider = _provider(provider_name)
    if provider_name in GATEWAYS and "/" in name:
        passed_on, _, rest = name.partition("/")
        if named := _provider(passed_on):
            provider, name = named, rest
    if provider is None and provider_name in GATEWAYS:
        provider = _provider_of_model(name)
    # Not through the package's own lookups: they remember every name they ever saw.
    model = provider.find_model(name, all_providers=PROVIDERS) if provider else None
    return tariff_of(model) if model else None


def _provider(name: str | None) -> Provider | None:
    return find_provider_by_id(PROVIDERS, NAMES.get(name, name)) if name else None


def _provider_of_model(model_name: str) -> Provider | None:
    return next((each for each in PROVIDERS if each.model_match and each.model_match.is_match(model_name)), None)
