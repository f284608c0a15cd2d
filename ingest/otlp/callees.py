"""Whom a span called: the provider and the models, under the names that OpenTelemetry gives them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import orjson

from ingest.otlp.attributes import Attributes, first, word

PROVIDER: Final = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "ai.model.provider", "llm.system")
REQUEST_MODEL: Final = ("gen_ai.request.model", "llm.request.model_name", "ai.model.id", "llm.request.model")
RESPONSE_MODEL: Final = ("gen_ai.response.model", "llm.response.model_name", "ai.response.model", "llm.response.model")
# OpenInference names the model that was used, whoever chose it.
MODEL: Final = ("llm.model_name", "embedding.model_name", "reranker.model_name")
PARAMETERS: Final = ("llm.invocation_parameters", "embedding.invocation_parameters")

# Other people's names for the providers of `gen_ai.provider.name`.
PROVIDERS: Final[Mapping[str, str]] = {
    "amazon-bedrock": "aws.bedrock",
    "aws": "aws.bedrock",
    "aws_bedrock": "aws.bedrock",
    "az.ai.inference": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "azure-openai": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "google.generative-ai": "gcp.gemini",
    "google.vertex": "gcp.vertex_ai",
    "google_genai": "gcp.gemini",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "vertex": "gcp.vertex_ai",
    "vertex_ai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
# What the Vercel AI SDK adds to a provider to say which of its interfaces was called: openai.chat, anthropic.messages.
INTERFACES: Final = frozenset(
    ("chat", "completion", "embedding", "image", "messages", "responses", "textEmbedding", "transcription")
)

REMEMBERED: Final = 1_024


class Callee(NamedTuple):
    """A model and who serves it."""

    provider: str | None
    model: str | None
    request_model: str | None
    response_model: str | None


def callee_of(attributes: Attributes) -> Callee:
    """Whom the span called, as far as it says."""
    provider = word(attributes, PROVIDER)
    response = word(attributes, RESPONSE_MODEL)
    return Callee(
        provider=None if provider is None else provider_named(provider),
        model=word(attributes, MODEL) if response is None else None,
        request_model=word(attributes, REQUEST_MODEL) or _requested(attributes),
        response_model=response,
    )


@lru_cache(maxsize=REMEMBERED)
def provider_named(name: str) -> str:
    """OpenTelemetry's name for a provider, or the given one in lower case."""
    stem, _, last = name.rpartition(".")
    name = (stem if stem and last in INTERFACES else name).lower()
    return PROVIDERS.get(name, name)


def _requested(attributes: Attributes) -> str | None:
    """The model among the parameters of a call, which is all that OpenInference tells of one that failed."""
    parameters = first(attributes, PARAMETERS)
    if not isinstance(parameters, str) or '"model"' not in parameters:
        return None
    try:
        values = orjson.loads(parameters)
    except orjson.JSONDecodeError:
        return None
    return word(values, ("model",)) if isinstance(values, dict) else None
