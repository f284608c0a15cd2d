"""Each of our rules seen red: a tiny offending source, and the line it must be told by."""

from dataclasses import dataclass
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
from tests.house.sources import Gate, Source
from tests.house.statements import assembled_sql, methods_on_types, misplaced_sql


@dataclass(frozen=True)
class Case:
    gate: Gate
    text: str
    lines: tuple[int, ...] = (1,)
    path: str = "ingest/record.py"


RED = [
    Case(long_files, "x = 1\n" * 401, (401,)),
    Case(long_files, "SELECT 1;\n" * 401, (401,), "models/migrations/0001.sql"),
    Case(long_functions, "def f():\n" + "    x = 1\n" * 50),
    Case(long_functions, "class A:\n    async def f(self):\n" + "        x = 1\n" * 50, (2,)),
    Case(missing_module_docstrings, "x = 1\n"),
    Case(missing_module_docstrings, '"""No full stop"""\n'),
    Case(missing_module_docstrings, '"""One sentence. And one more."""\n'),
    Case(local_imports, "def f():\n    import os\n", (2,)),
    Case(local_imports, "class A:\n    async def f(self):\n        from os import path\n", (3,)),
    Case(hidden_cycles, "from typing import Any, TYPE_CHECKING\n"),
    Case(hidden_cycles, "import typing\nif typing.TYPE_CHECKING:\n    pass\n", (2,)),
    Case(hidden_cycles, "import strawberry\nx = strawberry.lazy('a')\n", (2,)),
    Case(hidden_cycles, "from strawberry.types.lazy_type import LazyType\n"),
    Case(names_that_say_nothing, "", path="ingest/utils.py"),
    Case(names_that_say_nothing, "", path="ingest/trace_helpers.py"),
    Case(names_that_say_nothing, "", path="common/record.py"),
    Case(names_that_say_nothing, "", path="web/src/services.ts"),
    Case(promises_to_do, "x = 1  # TODO: later\n"),
    Case(promises_to_do, "-- FIXME slow\n", path="models/slow.sql"),
    Case(excuses_without_reason, "import os  # noqa\n"),
    Case(excuses_without_reason, "import os  # noqa: F401\n"),
    Case(excuses_without_reason, "import os  # noqa: F401 F811\n"),
    Case(excuses_without_reason, "x = y  # type: ignore\n"),
    Case(excuses_without_reason, "x = y  # type: ignore[misc]\n"),
    Case(excuses_without_reason, "x = y  # pragma: no cover\n"),
    Case(excuses_without_reason, "# ruff: noqa: F401 because we like it\n"),
    Case(nets_outside_the_doors, "try:\n    x = 1\nexcept Exception:\n    x = 2\n", (3,)),
    Case(nets_outside_the_doors, "try:\n    x = 1\nexcept (OSError, BaseException):  #\n    x = 2\n", (3,)),
    Case(nets_outside_the_doors, "try:\n    x = 1\nexcept:\n    x = 2\n", (3,)),
    Case(missing_promises, "async def test_a():\n    pass\n", path="tests/ingest/test_record.py"),
    Case(missing_promises, "def test_a():\n    '''Keeps'''\n", path="tests/ingest/test_record.py"),
    Case(sleeps, "time.sleep(1)\n", path="tests/ingest/test_record.py"),
    Case(sleeps, "await asyncio.sleep(1)  # why not\n", path="tests/ingest/test_record.py"),
    Case(sleeps, "await sleep(1)\n", path="tests/conftest.py"),
    Case(patches, "from unittest.mock import patch\n", path="tests/ingest/test_record.py"),
    Case(patches, "from unittest import mock\n", path="tests/ingest/test_record.py"),
    Case(patches, "import unittest.mock\n", path="tests/ingest/test_record.py"),
    Case(patches, "def test_a(monkeypatch):\n    pass\n", path="tests/ingest/test_record.py"),
    Case(misplaced_sql, "x = 'SELECT 1'\n", path="server/app.py"),
    Case(misplaced_sql, "x = f'''\n-- Why.\nINSERT INTO {TABLE} VALUES (1)'''\n", path="operations/run.py"),
    Case(misplaced_sql, "x = '''WITH gone AS (SELECT 1) SELECT 1'''\n", path="schema/types.py"),
    Case(assembled_sql, "x = f'SELECT {columns} FROM traces'\n"),
    Case(assembled_sql, "x = f'DELETE FROM traces WHERE id = {row.id}'\n"),
    Case(assembled_sql, "x = f'SELECT {\", \".join(columns)} FROM traces'\n"),
    Case(assembled_sql, "x = 'SELECT %s' % name\n"),
    Case(assembled_sql, "x = 'UPDATE traces SET name = ' + name\n"),
    Case(methods_on_types, "@strawberry.type\nclass A:\n    def b(self):\n        return 1\n", (3,), "schema/types.py"),
    Case(
        methods_on_types, "@of_row(Row)\nclass A:\n    async def b(self):\n        return 1\n", (3,), "schema/types.py"
    ),
]

GREEN = [
    Case(long_files, "x = 1\n" * 400, ()),
    Case(long_functions, "def f():\n" + "    x = 1\n" * 49, ()),
    Case(missing_module_docstrings, '"""One sentence,\nover two lines."""\n', ()),
    Case(missing_module_docstrings, '"""One sentence.\n\nA picture. And more."""\n', ()),
    Case(hidden_cycles, "from typing import Any\n", ()),
    Case(names_that_say_nothing, "", (), "models/database.py"),
    Case(promises_to_do, "x = 'TODO'  # why\n", ()),
    Case(excuses_without_reason, "import os  # noqa: F401  re-exported for doors\n", ()),
    Case(excuses_without_reason, "x = y  # type: ignore[misc]  # Tortoise builds the class\n", ()),
    Case(nets_outside_the_doors, "try:\n    x = 1\nexcept Exception as error:\n    raise Fault from error\n", ()),
    Case(nets_outside_the_doors, "try:\n    x = 1\nexcept Exception:  # a bad callback harms nobody\n    x = 2\n", ()),
    Case(nets_outside_the_doors, "try:\n    x = 1\nexcept Exception:\n    x = 2\n", (), "server/app.py"),
    Case(missing_promises, "def test_a():\n    '''Keeps it.'''\n", (), "tests/ingest/test_record.py"),
    Case(sleeps, "await sleep(1)  # the other process tells nobody\n", (), "tests/conftest.py"),
    Case(sleeps, "await asyncio.sleep(0)\n", (), "tests/ingest/test_record.py"),
    Case(misplaced_sql, "x = 'SELECT 1'\n", ()),
    Case(misplaced_sql, "x = 'Select a project'\n", (), "server/app.py"),
    Case(assembled_sql, "x = f'SELECT {COLUMNS} FROM {queries.TABLE}'\n", ()),
    Case(assembled_sql, "x = f'SELECT {\", \".join(COLUMNS)} FROM traces'\n", ()),
    Case(assembled_sql, "# constants only: run at import\nx = f'SELECT {names}'\n", ()),
    Case(methods_on_types, "@strawberry.type\nclass A:\n    b: int\n", (), "schema/types.py"),
    Case(methods_on_types, "class Names:\n    def b(self):\n        return 1\n", (), "schema/names.py"),
]


NAMES = [f"{case.gate.__name__}-{number}" for number, case in enumerate([*RED, *GREEN])]


@pytest.mark.parametrize("case", [*RED, *GREEN], ids=NAMES)
def test_a_rule_tells_the_offending_lines_and_no_others(case: Case) -> None:
    """A rule reports each line that breaks it, and is silent about one that keeps it."""
    source = Source(path=PurePosixPath(case.path), text=case.text)

    assert tuple(offender.line for offender in case.gate(source)) == case.lines


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/ingest/test_record.py", 0),
        ("tests/ingest/test_record_order.py", 0),
        ("tests/house/test_anything.py", 0),
        ("tests/ingest/test_recording.py", 1),
        ("tests/nowhere/test_record.py", 1),
        ("tests/test_record.py", 1),
    ],
)
def test_a_test_must_have_a_subject(path: str, expected: int) -> None:
    """A test of a floor without a module of that name in that floor is told."""
    modules = [PurePosixPath("ingest/__init__.py"), PurePosixPath("ingest/record.py")]
    source = Source(path=PurePosixPath(path), text="")

    assert len(list(missing_subjects(source, modules))) == expected


def test_an_offender_is_told_by_file_and_line() -> None:
    """An offender prints as `file:line: message`, so that an editor can jump to it."""
    source = Source(path=PurePosixPath("ingest/record.py"), text="\nimport os  # noqa\n")

    assert [str(offender) for offender in excuses_without_reason(source)] == [
        "ingest/record.py:2: `# noqa` lacks its code or its reason"
    ]
