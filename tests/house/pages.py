"""Rules about our pages: every link leads somewhere, and nothing is told of one machine only."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.sources import ROOT, Offender, Source

LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)([^)\s]+)(?:\s[^)]*)?\)")
FENCE = re.compile(r"```.*?```", re.DOTALL)
HEADING = re.compile(r"^#+\s+(.*?)\s*$", re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|home|Users|tmp)/\S*")


def broken_links(source: Source, root: Path = ROOT) -> Iterator[Offender]:
    """A relative link leads to a file, and its fragment to a heading there."""
    for number, line in enumerate(_without_code(source.text).splitlines(), start=1):
        for target in LINK.findall(line):
            path, _, fragment = target.partition("#")
            page = root / source.path.parent / path if path else root / source.path
            if not page.exists():
                yield source.offender(number, f"`{target}` leads nowhere")
            elif fragment and page.suffix == ".md" and fragment not in anchors(page.read_text()):
                yield source.offender(number, f"`{target}` leads to no heading")


def machine_paths(source: Source) -> Iterator[Offender]:
    """A page is true on every machine."""
    for number, line in enumerate(source.lines, start=1):
        for path in MACHINE_PATH.findall(line):
            yield source.offender(number, f"`{path}` exists on one machine only")


def anchors(text: str) -> set[str]:
    """The fragments by which the headings of a page are reached."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(_without_code(text))
    }


def _without_code(text: str) -> str:
    """The same lines, with those of code left empty."""
    return FENCE.sub(lambda block: "\n" * block.group().count("\n"), text)
