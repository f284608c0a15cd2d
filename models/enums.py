"""The words a column may hold; the schema declares the same enums to the world."""

from enum import StrEnum


class TraceStatus(StrEnum):
    """How a trace stands."""

    RUNNING = "RUNNING"
    """It has started and not ended yet."""
    OK = "OK"
    """It ended as intended."""
    ERROR = "ERROR"
    """It ended with an error."""
    CANCELLED = "CANCELLED"
    """It was stopped before its end, or nothing was heard of it for too long."""


class StepStatus(StrEnum):
    """How a step stands."""

    RUNNING = "RUNNING"
    """It has started and not ended yet."""
    OK = "OK"
    """It ended as intended."""
    ERROR = "ERROR"
    """It ended with an error."""
    CANCELLED = "CANCELLED"
    """It was stopped before its end."""


class StepKind(StrEnum):
    """What a step does."""

    LLM = "LLM"
    """A call of a language model."""
    TOOL = "TOOL"
    """A call of a tool or function."""
    RETRIEVER = "RETRIEVER"
    """A search for documents."""
    EMBEDDING = "EMBEDDING"
    """A computation of embeddings."""
    RERANKER = "RERANKER"
    """A reordering of retrieved documents."""
    AGENT = "AGENT"
    """A turn of an agent, with steps of its own."""
    CHAIN = "CHAIN"
    """A part of the workflow that joins others."""
    PROMPT = "PROMPT"
    """The rendering of a prompt template."""
    GUARDRAIL = "GUARDRAIL"
    """A check of input or output against a policy."""
    EVALUATOR = "EVALUATOR"
    """A judgement of an output."""
    CUSTOM = "CUSTOM"
    """Anything else."""


class CostSource(StrEnum):
    """Where a cost comes from."""

    REPORTED = "REPORTED"
    """The sender said it."""
    CALCULATED = "CALCULATED"
    """Computed from the tokens and the price of the model."""
    UNKNOWN = "UNKNOWN"
    """Nobody knows: no cost was sent, and the model or its price is not known."""


class EventType(StrEnum):
    """What happened."""

    TRACE_STARTED = "TRACE_STARTED"
    """A trace was heard of for the first time."""
    TRACE_UPDATED = "TRACE_UPDATED"
    """Something about a trace changed."""
    TRACE_FINISHED = "TRACE_FINISHED"
    """A trace reached its end."""
    TRACE_DELETED = "TRACE_DELETED"
    """A trace and its steps were deleted."""
    STEP_STARTED = "STEP_STARTED"
    """A step was heard of for the first time."""
    STEP_UPDATED = "STEP_UPDATED"
    """Something about a step changed."""
    STEP_FINISHED = "STEP_FINISHED"
    """A step reached its end."""
    CHECKPOINT = "CHECKPOINT"
    """Nothing for this subscriber, but the stream has moved on."""


class Scope(StrEnum):
    """What a key may do."""

    INGEST = "INGEST"
    """Write traces and steps."""
    READ = "READ"
    """Read, follow, analyse and export."""
    ADMIN = "ADMIN"
    """Manage projects and keys, delete traces."""
