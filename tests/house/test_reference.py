"""The reference pages are complete: every setting, verb and error code is on them, and nothing else."""

import re
from collections.abc import Iterator

import msgspec
import pytest

from models.errors import Fault
from operations import rejection
from server.command_line import parser
from server.messages import Code
from server.settings import Settings, variable
from tests.house.sources import ROOT

REFERENCE = ROOT / "docs" / "reference"
SETTING = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \|", re.MULTILINE)
VERB = re.compile(r"^    (\w+) ", re.MULTILINE)
OPTION = re.compile(r"--[a-z][a-z-]+")
SECTION = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
CLOSING = re.compile(r"^\| (\d{4}) \|", re.MULTILINE)
CODE = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)


def test_every_setting_is_documented_with_its_default() -> None:
    """The page of the settings has a row for each, with the default that is in force, and for no other."""
    documented = dict(SETTING.findall((REFERENCE / "settings.md").read_text()))
    defaults = {variable(field.name): told(field.default) for field in msgspec.structs.fields(Settings)}

    assert documented == defaults


def test_every_verb_is_documented_with_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    """The page of the command line has a section for each verb, with its options, and for no other."""
    documented = dict(SECTION.findall((REFERENCE / "command-line.md").read_text()))
    verbs = VERB.findall(parser().format_help())

    assert verbs
    assert sorted(documented) == sorted(verbs)
    for verb in verbs:
        with pytest.raises(SystemExit):
            parser().parse_args([verb, "--help"])
        options = set(OPTION.findall(capsys.readouterr().out)) - {"--help"}
        assert {option for option in OPTION.findall(documented[verb]) if f"`{option}`" in documented[verb]} == options


def test_every_error_code_is_documented() -> None:
    """The page of the errors has each code that a fault or a rejection of ours carries."""
    documented = set(CODE.findall((REFERENCE / "errors.md").read_text()))
    rejections = {value for name, value in vars(rejection).items() if name.isupper() and isinstance(value, str)}

    assert {fault.code for fault in faults()} | rejections <= documented


def test_every_closing_code_is_documented() -> None:
    """The page of the errors has each code with which we close a WebSocket, and no other."""
    documented = CLOSING.findall((REFERENCE / "errors.md").read_text())

    assert documented == [str(code.value) for code in Code if code is not Code.GONE]


def told(default: object) -> str:
    match default:
        case None:
            return "none"
        case float():
            return f"`{default:g}`"
        case _:
            return f"`{default}`"


def faults(root: type[Fault] = Fault) -> Iterator[type[Fault]]:
    yield root
    for fault in root.__subclasses__():
        yield from faults(fault)
