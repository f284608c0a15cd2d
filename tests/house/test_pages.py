"""Our pages, held by their rules; and the rules, each seen red."""

import os
from pathlib import Path, PurePosixPath

import pytest

from tests.house.pages import broken_links, machine_paths
from tests.house.sources import ROOT, Source, files_below


@pytest.fixture(scope="module")
def pages() -> list[Source]:
    return [
        Source(path=PurePosixPath(path.relative_to(ROOT).as_posix()), text=path.read_text())
        for path in files_below(ROOT)
        if path.suffix == ".md"
    ]


def test_every_link_leads_somewhere(pages: list[Source]) -> None:
    """Every relative link in a page of ours leads to a file, and every fragment to a heading."""
    assert [str(offender) for page in pages for offender in broken_links(page)] == []


def test_no_page_is_about_one_machine(pages: list[Source]) -> None:
    """No page names a path that only its writer has."""
    assert [str(offender) for page in pages for offender in machine_paths(page)] == []


def test_every_page_is_reached_from_the_index(pages: list[Source]) -> None:
    """A reader who starts at docs/README.md finds every page of the documentation."""
    texts = {page.path: page.text for page in pages}
    found, ahead = set[PurePosixPath](), [PurePosixPath("docs/README.md")]
    while ahead:
        here = ahead.pop()
        found.add(here)
        ahead += [path for path in texts if path not in found and leads_to(here, path, texts[here])]

    assert [str(path) for path in texts if path.parts[0] == "docs" and path not in found] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[gone](gone.md)", ["docs/page.md:1: `gone.md` leads nowhere"]),
        ("\n[up](../README.md)", ["docs/page.md:2: `../README.md` leads nowhere"]),
        ("[part](other.md#gone)", ["docs/page.md:1: `other.md#gone` leads to no heading"]),
        ("[part](#gone)", ["docs/page.md:1: `#gone` leads to no heading"]),
        ("[part](other.md#what-it-is) [out](https://example.com/x)", []),
        ("```\n[code](gone.md)\n```", []),
    ],
)
def test_a_link_that_leads_nowhere_is_told(tmp_path: Path, text: str, expected: list[str]) -> None:
    """A missing file and a missing heading are told with the line of the link."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/page.md").write_text(text)
    (tmp_path / "docs/other.md").write_text("# Other\n\n## What it is?\n")
    page = Source(path=PurePosixPath("docs/page.md"), text=text)

    assert [str(offender) for offender in broken_links(page, tmp_path)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Look in /home/ann/data.", 1), ("`/tmp/x`", 1), ("POST /v1/traces", 0), ("see docs/home/page", 0)],
)
def test_a_path_of_one_machine_is_told(text: str, expected: int) -> None:
    """An absolute path into somebody's folders is told; a path of ours or of the protocol is not."""
    page = Source(path=PurePosixPath("docs/page.md"), text=text)

    assert len(list(machine_paths(page))) == expected


def leads_to(here: PurePosixPath, there: PurePosixPath, text: str) -> bool:
    link = os.path.relpath(there, here.parent)
    return f"]({link})" in text or f"]({link}#" in text
