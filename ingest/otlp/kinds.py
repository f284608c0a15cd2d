"""What a span does, by the conventions it follows."""

from collections.abc import Mapping
from typing import Final

from ingest.otlp.attributes import Attributes
from models.enums import StepKind

# OpenTelemetry GenAI: gen_ai.operation.name.
OPERATIONS: Final[Mapping[str, StepKind]] = {
    "chat": StepKind.LLM,
    "completion": StepKind.LLM,
    "generate_content": StepKind.LLM,
    "text_completion": StepKind.LLM,
    "embedding": StepKind.EMBEDDING,
    "embeddings": StepKind.EMBEDDING,
    "execute_tool": StepKind.TOOL,
    "retrieval": StepKind.RETRIEVER,
    "rerank": StepKind.RERANKER,
    "create_agent": StepKind.AGENT,
    "invoke_agent": StepKind.AGENT,
    "invoke_workflow": StepKind.CHAIN,
}

# Traceloop: traceloop.span.kind, and llm.request.type for calls of models.
TRACELOOP: Final[Mapping[str, StepKind]] = {
    "workflow": StepKind.CHAIN,
    "task": StepKind.CHAIN,
    "agent": StepKind.AGENT,
    "tool": StepKind.TOOL,
    "chat": StepKind.LLM,
    "completion": StepKind.LLM,
    "embedding": StepKind.EMBEDDING,
    "rerank": StepKind.RERANKER,
}

# Vercel AI SDK: ai.operationId. The calls of models are the inner spans; the outer ones repeat their tokens.
VERCEL: Final[Mapping[str, StepKind]] = {
    "ai.generateText.doGenerate": StepKind.LLM,
    "ai.streamText.doStream": StepKind.LLM,
    "ai.generateObject.doGenerate": StepKind.LLM,
    "ai.streamObject.doStream": StepKind.LLM,
    "ai.embed.doEmbed": StepKind.EMBEDDING,
    "ai.embedMany.doEmbed": StepKind.EMBEDDING,
    "ai.rerank.doRerank": StepKind.RERANKER,
    "ai.toolCall": StepKind.TOOL,
}

TABLES: Final = (
    ("gen_ai.operation.name", OPERATIONS),
    ("traceloop.span.kind", TRACELOOP),
    ("llm.request.type", TRACELOOP),
)
OPENINFERENCE: Final[Mapping[str, StepKind]] = {kind.value: kind for kind in StepKind}

# Whoever names a model and none of the above has called it.
MODELS: Final = ("gen_ai.request.model", "gen_ai.response.model", "llm.model_name")


def kind_of(attributes: Attributes, *, is_root: bool) -> StepKind:
    """The kind of a span's step; a root that does not say what it does is what joins the others."""
    if (stated := attributes.get("openinference.span.kind")) is not None:
        return OPENINFERENCE.get(str(stated).upper(), StepKind.CUSTOM)
    if (operation := attributes.get("ai.operationId")) is not None:
        return VERCEL.get(str(operation), StepKind.CHAIN)
    for name, table in TABLES:
        if (word := attributes.get(name)) is not None and (kind := table.get(str(word).lower())):
            return kind
    if any(name in attributes for name in MODELS):
        return StepKind.LLM
    return StepKind.CHAIN if is_root else StepKind.CUSTOM
