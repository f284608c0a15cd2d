"""Whom a span called."""

import pytest

from tests.fakes.spans import ROOT, span, step_of


@pytest.mark.parametrize(
    ("attributes", "provider"),
    [
        ({"gen_ai.provider.name": "aws.bedrock"}, "aws.bedrock"),
        ({"gen_ai.system": "az.ai.openai"}, "azure.ai.openai"),
        ({"gen_ai.system": "Anthropic"}, "anthropic"),
        ({"gen_ai.provider.name": "x_ai", "gen_ai.system": "xai"}, "x_ai"),
        ({"llm.provider": "mistralai", "llm.system": "openai"}, "mistral_ai"),
        ({"llm.system": "vertexai"}, "gcp.vertex_ai"),
        ({"ai.model.provider": "openai.chat"}, "openai"),
        ({"ai.model.provider": "google.generative-ai"}, "gcp.gemini"),
        ({"ai.model.provider": "amazon-bedrock"}, "aws.bedrock"),
        ({"gen_ai.provider.name": "my.own.chat.server"}, "my.own.chat.server"),
        ({}, None),
    ],
)
def test_provider(attributes: dict[str, object], provider: str | None) -> None:
    """A provider has the one name that OpenTelemetry gives it, so that its calls are counted together."""
    assert step_of(span(attributes, parent_span_id=ROOT)).provider == provider


@pytest.mark.parametrize(
    ("attributes", "models"),
    [
        ({"gen_ai.request.model": "a", "gen_ai.response.model": "b"}, (None, "a", "b")),
        ({"ai.model.id": "a", "ai.response.model": "b"}, (None, "a", "b")),
        ({"llm.model_name": "b", "llm.invocation_parameters": '{"model": "a", "stream": true}'}, ("b", "a", None)),
        ({"llm.invocation_parameters": '{"model": "a"}'}, (None, "a", None)),
        ({"llm.invocation_parameters": '{"model": '}, (None, None, None)),
        ({"llm.invocation_parameters": '["model"]'}, (None, None, None)),
        ({"llm.invocation_parameters": 7}, (None, None, None)),
        ({"embedding.model_name": "e"}, ("e", None, None)),
        ({"llm.model_name": "m" * 1_000}, ("m" * 500, None, None)),
        ({"gen_ai.request.model": ["a"]}, (None, None, None)),
    ],
)
def test_models(attributes: dict[str, object], models: tuple[str | None, ...]) -> None:
    """The model to count under, the one asked for and the one that answered."""
    step = step_of(span(attributes, parent_span_id=ROOT))

    assert (step.model, step.request_model, step.response_model) == models
