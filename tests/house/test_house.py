"""Our rules, applied to every file of ours."""

from pathlib import PurePosixPath

import pytest

from tests.house.excuses import excuses_without_reason, nets_outside_the_doors, promises_to_do
from tests.house.promises import missing_promises, missing_subjects, patches, sleeps
from tests.house.shape import (
    hidden_cycles,
    local_imports,
    long_files,
    long_functions,
    missing_module_docstrings,
    names_that_say_nothing,
)
from tests.house.sources import ROOT, Gate, Offender, Source, our_sources
from tests.house.statements import assembled_sql, methods_on_types, misplaced_sql

ANY_FILE: list[Gate] = [long_files, names_that_say_nothing, promises_to_do]
PYTHON: list[Gate] = [
    *(assembled_sql, methods_on_types, misplaced_sql),
    *(excuses_without_reason, nets_outside_the_doors),
    *(hidden_cycles, local_imports, long_functions, missing_module_docstrings),
    *(patches, sleeps, missing_promises),
]


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    return our_sources()


@pytest.mark.parametrize("gate", ANY_FILE, ids=lambda gate: gate.__name__)
def test_every_file_keeps_the_rule(gate: Gate, sources: list[Source]) -> None:
    """No file of ours breaks a rule about files."""
    offenders = [offender for source in sources for offender in gate(source)]

    assert not offenders, listed(offenders)


@pytest.mark.parametrize("gate", PYTHON, ids=lambda gate: gate.__name__)
def test_every_module_keeps_the_rule(gate: Gate, sources: list[Source]) -> None:
    """No Python module of ours breaks a rule about modules."""
    offenders = [offender for source in sources if source.is_python for offender in gate(source)]

    assert not offenders, listed(offenders)


def test_every_test_has_its_subject(sources: list[Source]) -> None:
    """The tests mirror the packages: what tests/ingest/test_record.py promises is kept by ingest/record.py."""
    modules = [source.path for source in sources if source.is_python]
    offenders = [offender for source in sources for offender in missing_subjects(source, modules)]

    assert not offenders, listed(offenders)


def test_the_rules_see_the_whole_house(sources: list[Source]) -> None:
    """A rule that looks at nothing would always be kept: every floor is among the files looked at."""
    seen = {source.path for source in sources}

    assert PurePosixPath(__file__).relative_to(ROOT) in seen
    assert {path.parts[0] for path in seen} >= {path.parent.name for path in ROOT.glob("*/__init__.py")}


def listed(offenders: list[Offender]) -> str:
    return "\n" + "\n".join(str(offender) for offender in offenders)
