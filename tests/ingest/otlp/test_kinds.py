"""What a span does, in every dialect."""

import pytest

from models.enums import StepKind
from tests.fakes.spans import ROOT, span, step_of


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"gen_ai.operation.name": "chat"}, StepKind.LLM),
        ({"gen_ai.operation.name": "text_completion"}, StepKind.LLM),
        ({"gen_ai.operation.name": "generate_content"}, StepKind.LLM),
        ({"gen_ai.operation.name": "embeddings"}, StepKind.EMBEDDING),
        ({"gen_ai.operation.name": "execute_tool"}, StepKind.TOOL),
        ({"gen_ai.operation.name": "create_agent"}, StepKind.AGENT),
        ({"gen_ai.operation.name": "invoke_agent"}, StepKind.AGENT),
        ({"gen_ai.operation.name": "invoke_workflow"}, StepKind.CHAIN),
        ({"gen_ai.operation.name": "retrieval"}, StepKind.RETRIEVER),
        ({"gen_ai.operation.name": "something new", "gen_ai.request.model": "m"}, StepKind.LLM),
        ({"gen_ai.system": "openai", "gen_ai.request.model": "m", "llm.request.type": "embedding"}, StepKind.EMBEDDING),
        *(({"openinference.span.kind": kind.value}, kind) for kind in StepKind),
        ({"openinference.span.kind": "llm"}, StepKind.LLM),
        ({"openinference.span.kind": "UNKNOWN"}, StepKind.CUSTOM),
        ({"openinference.span.kind": "TOOL", "gen_ai.operation.name": "chat"}, StepKind.TOOL),
        ({"llm.model_name": "m"}, StepKind.LLM),
        ({"traceloop.span.kind": "workflow"}, StepKind.CHAIN),
        ({"traceloop.span.kind": "task"}, StepKind.CHAIN),
        ({"traceloop.span.kind": "agent"}, StepKind.AGENT),
        ({"traceloop.span.kind": "tool"}, StepKind.TOOL),
        ({"llm.request.type": "rerank"}, StepKind.RERANKER),
        ({"ai.operationId": "ai.generateText", "ai.model.id": "m"}, StepKind.CHAIN),
        ({"ai.operationId": "ai.generateText.doGenerate", "gen_ai.request.model": "m"}, StepKind.LLM),
        ({"ai.operationId": "ai.streamText.doStream"}, StepKind.LLM),
        ({"ai.operationId": "ai.toolCall"}, StepKind.TOOL),
        ({"ai.operationId": "ai.embed.doEmbed"}, StepKind.EMBEDDING),
        ({"http.request.method": "GET"}, StepKind.CUSTOM),
        ({"openinference.span.kind": 7}, StepKind.CUSTOM),
        ({"gen_ai.operation.name": ["chat"]}, StepKind.CUSTOM),
    ],
)
def test_kind(attributes: dict[str, object], kind: StepKind) -> None:
    """The kind is what the most telling convention says it is."""
    assert step_of(span(attributes, parent_span_id=ROOT)).kind is kind


def test_root_that_says_nothing() -> None:
    """A root that does not say what it does is what joins the others."""
    assert step_of(span()).kind is StepKind.CHAIN
