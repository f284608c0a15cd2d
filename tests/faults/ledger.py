"""The ledger: what was asked of the server and what it answered, written down outside the server as it happens."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from enum import StrEnum
from pathlib import Path

import orjson

from tests.faults.mutations import Mutation


class Verdict(StrEnum):
    """What the sender of a mutation knows of it."""

    OK = "ok"
    """It was acknowledged."""
    FAIL = "fail"
    """It was refused, or never arrived: nothing of it may be there."""
    UNKNOWN = "unknown"
    """It may have happened, as a whole."""


class Ledger:
    """Every attempt of every mutation; also a file of JSON lines, for whoever wants to know what came before a loss."""

    def __init__(self, path: Path) -> None:
        self.mutations: dict[str, Mutation] = {}
        self.counts: Counter[Verdict] = Counter()
        self.reads: Counter[Verdict] = Counter()
        self.surprises: list[str] = []
        self._attempts: dict[str, list[Verdict]] = defaultdict(list)
        self._file = path.open("ab", buffering=0)
        self._changed = asyncio.Event()

    def invoke(self, mutation: Mutation) -> None:
        """A mutation is about to be sent."""
        self.mutations[mutation.key] = mutation
        self._write("invoke", mutation.key)

    def note(self, mutation: Mutation, verdict: Verdict, answer: str) -> None:
        """An attempt has come to its end."""
        self._attempts[mutation.key].append(verdict)
        self.counts[verdict] += 1
        self._write(verdict, mutation.key, answer)
        self._tell()

    def wonder(self, key: str, answer: str) -> None:
        """The server answered as it never should."""
        self.surprises.append(f"{key}: {answer}")
        self._write("surprise", key, answer)

    def verdict(self, mutation: Mutation) -> Verdict:
        """What is known after all attempts: one success suffices, and one doubt outweighs any number of refusals."""
        attempts = self._attempts[mutation.key]
        if Verdict.OK in attempts:
            return Verdict.OK
        return Verdict.FAIL if attempts and Verdict.UNKNOWN not in attempts else Verdict.UNKNOWN

    async def more(self, verdict: Verdict, count: int, within: float = 30.0) -> None:
        """Wait until an answer of this kind came so many times more than it did until now."""
        wanted = self.counts[verdict] + count
        async with asyncio.timeout(within):
            while self.counts[verdict] < wanted:
                await self._changed.wait()

    async def last(self, seconds: float) -> None:
        """Go on for so long: a fault that ends at once shows nothing."""
        await asyncio.sleep(seconds)  # nothing happens that could be waited for

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _write(self, *entry: str) -> None:
        self._file.write(orjson.dumps(entry) + b"\n")
