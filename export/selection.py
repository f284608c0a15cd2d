"""What is exported: which rows, which of their fields, and in which form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.filters import StepFilter, TraceFilter


class ExportKind(StrEnum):
    """What the rows of an export are."""

    TRACES = "TRACES"
    """A row for each trace."""
    STEPS = "STEPS"
    """A row for each step, those of one trace together."""


class ExportFormat(StrEnum):
    """The form of a file."""

    NDJSON = "NDJSON"
    """A JSON object a line; the last line tells that the file is whole."""
    CSV = "CSV"
    """Comma-separated values (RFC 4180) below a line of names, safe to open in a spreadsheet; the last line tells that
    the file is whole."""
    PARQUET = "PARQUET"
    """Apache Parquet, compressed by Zstandard."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The rows of some projects that two filters choose, and the names of those of their fields that are wanted."""

    kind: ExportKind
    format: ExportFormat
    projects: tuple[str, ...]
    fields: tuple[str, ...]
    traces: TraceFilter | None = None
    steps: StepFilter | None = None

    @property
    def is_whole(self) -> bool:
        """Whether no filter narrows it."""
        return self.traces is None and self.steps is None
