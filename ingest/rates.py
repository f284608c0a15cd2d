"""Rates: what a model's provider asks per token, taken out of the catalogue once so that a call is priced quickly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeAlias

from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

MILLION: Final = 1_000_000
THOUSAND: Final = 1_000
NOTHING: Final = Decimal(0)

Constraint: TypeAlias = StartDateConstraint | TimeOfDateConstraint | None


@dataclass(frozen=True, kw_only=True)
class Rate:
    """US dollars per million tokens; a long prompt may raise it for all tokens of the call."""

    base: Decimal
    tiers: Sequence[tuple[int, Decimal]]
    """From more than so many input tokens on, so much; the highest tier first."""

    def of(self, tokens: int, input_tokens: int) -> Decimal:
        """US dollars, times a million, for so many tokens in a call with so many input tokens."""
        for start, price in self.tiers:
            if input_tokens > start:
                return price * tokens
        return self.base * tokens


@dataclass(frozen=True, kw_only=True)
class Rates:
    """All rates of a model at one time. Tokens without a rate of their own cost what the others of their side cost."""

    input: Rate | None
    output: Rate | None
    cache_read: Rate | None
    cache_write: Rate | None
    reasoning: Rate | None
    request: Decimal
    """US dollars of the call itself."""

    def cost(self, *, prompt: int, answer: int, read: int, written: int, reasoning: int) -> Decimal:
        """US dollars of a call; the prompt includes what the cache read and wrote, the answer its reasoning."""
        prompt = max(prompt, read + written)
        answer = max(answer, reasoning)
        parts = (
            (self.cache_read, read, prompt),
            (self.cache_write, written, prompt),
            (self.reasoning, reasoning, prompt),
        )
        special = sum((rate.of(tokens, size) for rate, tokens, size in parts if rate and tokens), NOTHING)
        plain = prompt - (read if self.cache_read else 0) - (written if self.cache_write else 0)
        spoken = answer - (reasoning if self.reasoning else 0)
        if self.input:
            special += self.input.of(plain, prompt)
        if self.output:
            special += self.output.of(spoken, prompt)
        return special / MILLION + self.request


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """The rates of a model over time."""

    standing: Rates
    changes: Sequence[tuple[Constraint, Rates]] = ()
    """Other rates and when they hold; of several that do, the first one counts."""

    def at(self, moment: datetime) -> Rates:
        """The rates for a call that started at this moment."""
        for constraint, rates in self.changes:
            if constraint is None or constraint.active(moment):
                return rates
        return self.standing


def tariff_of(model: ModelInfo) -> Tariff | None:
    """What a model costs; None when it is not paid by the token."""
    listed = [ConditionalPrice(prices=model.prices)] if isinstance(model.prices, ModelPrice) else model.prices
    rates = [_rates(price.prices) for price in listed]
    if not rates or all(each.input is None and each.output is None for each in rates):
        return None
    later = zip((price.constraint for price in listed), rates, strict=True)
    return Tariff(standing=rates[0], changes=tuple(reversed(list(later))) if len(rates) > 1 else ())


def _rates(price: ModelPrice) -> Rates:
    request = price.requests_kcount
    return Rates(
        input=_rate(price.input_mtok),
        output=_rate(price.output_mtok),
        cache_read=_rate(price.cache_read_mtok),
        cache_write=_rate(price.cache_write_mtok),
        reasoning=_rate(price.output_reasoning_mtok),
        request=request / THOUSAND if isinstance(request, Decimal) else NOTHING,
    )


def _rate(price: Decimal | TieredPrices | None) -> Rate | None:
    if price is None:
        return None
    if isinstance(price, Decimal):
        return Rate(base=price, tiers=())
    return Rate(base=price.base, tiers=tuple((tier.start, tier.price) for tier in reversed(price.tiers)))
