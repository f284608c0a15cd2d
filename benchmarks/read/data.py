"""Traces with their steps, made up but always the same, and stored by COPY."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from models.ids import first_id, with_time
from models.partitions import ensure_weeks, week_of

MODELS = (("openai", "gpt-5-mini"), ("anthropic", "claude-sonnet-4"), ("google", "gemini-2.5-flash"), (None, None))
KINDS = ("LLM", "TOOL", "RETRIEVER", "AGENT")
WORDS = ("the", "user", "asked", "for", "a", "summary", "of", "quarterly", "results", "and", "naïve", "forecasts")
TOOLS = ("search", "calculator", "calendar", "browser", "database", "mail", "files", "weather")

PAUSE = timedelta(milliseconds=37)  # from one step to the next

TRACE_COLUMNS = (
    "project_id", "id", "name", "status", "start_time", "end_time", "session_id", "user_id", "environment", "tags",
    "metadata", "input", "output", "first_step_id", "last_step_id", "step_count", "error_count", "input_tokens",
    "output_tokens", "cost", "models", "created_at", "updated_at",
)  # fmt: skip
STEP_COLUMNS = (
    "project_id", "trace_id", "id", "parent_id", "name", "kind", "status", "start_time", "end_time", "provider",
    "request_model", "input_tokens", "output_tokens", "cost", "cost_source", "input", "output", "attributes",
    "error_type", "error_message", "created_at", "updated_at",
)  # fmt: skip


class Made:
    """Traces and steps as rows for COPY; the same for the same numbers."""

    def __init__(self, project_id: str, *, traces: int, steps_of_each: int, end: datetime | None = None) -> None:
        self.project_id = project_id
        self._random = random.Random(7)
        self._steps_of_each = steps_of_each
        last = end or datetime.now(UTC).replace(microsecond=0)
        spacing = timedelta(days=14) / max(traces, 1)
        self.starts = [last - spacing * (traces - place) for place in range(traces)]
        self.ids = [self._id(start) for start in self.starts]

    def traces(self) -> Iterator[tuple[Any, ...]]:
        """One row per trace."""
        for start, identity in zip(self.starts, self.ids, strict=True):
            chosen = self._random
            yield (
                self.project_id, identity, f"answer {chosen.choice(TOOLS)}", chosen.choice(("OK", "OK", "OK", "ERROR")),
                start, start + timedelta(milliseconds=chosen.randint(200, 9_000)),
                f"session-{chosen.randint(1, 5_000)}", f"user-{chosen.randint(1, 2_000)}", "production",
                sorted(chosen.sample(WORDS, 2)),
                json.dumps({"tenant": chosen.randint(1, 50), "region": "eu"}), self._json(20), self._json(60),
                *self._step_ids(start), self._steps_of_each, 0, 2_000, 500, "0.0123", ["gpt-5-mini"], start, start,
            )  # fmt: skip

    def steps(self) -> Iterator[tuple[Any, ...]]:
        """The steps of all traces, each the child of its first one."""
        for start, trace in zip(self.starts, self.ids, strict=True):
            parent = None
            for place in range(self._steps_of_each):
                row = self._step(trace, parent, start + place * PAUSE)
                parent = parent or row[2]
                yield row

    def _step(self, trace: str, parent: str | None, start: datetime) -> tuple[Any, ...]:
        chosen = self._random
        provider, model = chosen.choice(MODELS)
        failed = chosen.random() < 0.02  # noqa: PLR2004  two per cent
        return (
            self.project_id, trace, self._id(start), parent, f"call {chosen.choice(TOOLS)}", chosen.choice(KINDS),
            "ERROR" if failed else "OK", start, start + timedelta(microseconds=chosen.randint(5_000, 3_000_000)),
            provider, model, chosen.randint(10, 4_000), chosen.randint(1, 900),
            f"0.{chosen.randint(1, 99_999):08d}" if model else None, "CALCULATED" if model else "UNKNOWN",
            self._json(30), self._json(80), '{"attempt": 1}', "TimeoutError" if failed else None,
            "The model did not answer in time." if failed else None, start, start,
        )  # fmt: skip

    def _step_ids(self, start: datetime) -> tuple[str, str]:
        """Bounds of the ids of a trace's steps, as the writer would keep them."""
        return first_id(start), first_id(start + self._steps_of_each * PAUSE)

    def _id(self, moment: datetime) -> str:
        milliseconds = int(moment.timestamp() * 1000)
        randomness = self._random.randbytes(10)
        text = with_time(randomness, milliseconds).hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _json(self, words: int) -> str:
        return json.dumps({"role": "user", "content": " ".join(self._random.choices(WORDS, k=words))})


async def store(url: str, made: Made) -> None:
    """Copy the rows into an empty, migrated database and let PostgreSQL look at them."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "INSERT INTO projects (id, name, created_at) VALUES ($1, 'default', now()) ON CONFLICT DO NOTHING",
            made.project_id,
        )
        now = datetime.now(UTC)
        await ensure_weeks(connection, sorted({week for identity in made.ids if (week := week_of(identity, now))}))
        await connection.copy_records_to_table("traces", columns=TRACE_COLUMNS, records=made.traces())
        await connection.copy_records_to_table("trace_steps", columns=STEP_COLUMNS, records=made.steps())
        await connection.execute("VACUUM ANALYZE traces, trace_steps")
    finally:
        await connection.close()
