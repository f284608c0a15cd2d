"""A Dockerfile as data: its stages, and the instructions of each."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Instruction:
    word: str
    value: str

    @property
    def words(self) -> list[str]:
        """The value as words: of the exec form when it has that, otherwise as a shell would split it."""
        if self.is_exec_form:
            return [str(word) for word in json.loads(self.value)]
        return shlex.split(self.value)

    @property
    def is_exec_form(self) -> bool:
        return self.value.startswith("[")


@dataclass(frozen=True, kw_only=True)
class Stage:
    image: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, word: str) -> list[Instruction]:
        return [instruction for instruction in self.instructions if instruction.word == word]

    def last(self, word: str) -> Instruction:
        return self.all(word)[-1]

    def copies(self, source: str | None = None) -> Iterator[tuple[list[str], str]]:
        """What is copied from the checkout, or from another stage, as pairs of sources and destination."""
        for copy in self.all("COPY"):
            words = copy.words
            origin = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
            if origin == source:
                yield words[:-1], words[-1]

    def environment(self) -> dict[str, str]:
        words = [word for instruction in self.all("ENV") for word in instruction.words]
        return dict(word.split("=", 1) for word in words)


def read_stages(path: Path) -> list[Stage]:
    """The stages of a Dockerfile, in order."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    stages: list[Stage] = []
    for line in filter(None, whole.splitlines()):
        word, value = line.split(maxsplit=1)
        if word == "FROM":
            image, *name = value.split(" AS ")
            stages.append(Stage(image=image, name="".join(name)))
        else:
            stages[-1].instructions.append(Instruction(word=word, value=value))
    return stages
