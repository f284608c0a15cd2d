"""The command line: serve, migrate, schema, key and export."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence

from auth.keys import create_key, ensure_first_key
from auth.memory import open_memory
from auth.projects import DEFAULT, ensure_project, find_project
from auth.viewer import SCOPES
from models.database import open_database
from models.errors import Conflict, Fault, NotFound
from models.faults import translated
from models.migration import migrate
from schema.contract import contract
from server.application import contract_engine
from server.doctor import Verdict, examine
from server.export_command import add_options, export_to_file
from server.logs import configure_logs
from server.process import serve
from server.settings import Settings, SettingsError, read_settings, variable
from server.workers import WorkerFailed, supervise

FAILED = 1
MISUSED = 2
MOST_WORKERS = 256


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a verb; returns the status to exit with."""
    options = parser().parse_args(arguments)
    run = {"serve": _serve, "migrate": _migrate, "schema": _schema, "key": _key, "doctor": _doctor, "export": _export}[
        options.verb
    ]
    try:
        run(read_settings(environ), options)
    except SettingsError as error:
        return _complain(str(error), MISUSED)
    except WorkerFailed as error:
        return _complain("a worker did not get ready; its own last line says why", int(error.args[0]) or FAILED)
    except Exception as error:
        fault = translated(error)
        if isinstance(fault, Fault):
            return _complain(fault.message, FAILED)
        raise
    return 0


def parser() -> argparse.ArgumentParser:
    """The verbs and their options."""
    parser = argparse.ArgumentParser(
        prog="python -m server",
        description="Tracegraph, the GraphQL server for AI observability. Settings are TRACEGRAPH_* variables.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    serve = verbs.add_parser("serve", help="serve until SIGTERM or Ctrl-C")
    serve.add_argument("--workers", type=_count, default=1, help="how many processes; SIGHUP replaces them one by one")
    serve.add_argument("--fd", type=int, help="a socket that is listening already, instead of a host and a port")
    serve.add_argument("--supervisor", type=int, help="the process to leave with, when it isn't the parent")
    verbs.add_parser("migrate", help="bring the database up to date")
    verbs.add_parser("schema", help="print the GraphQL schema")
    verbs.add_parser("doctor", help="look at a deployment and say what is wrong with it")
    key = verbs.add_parser("key", help="make an API key and print it, once")
    key.add_argument("--name", required=True, help="what the key is for")
    key.add_argument("--scopes", required=True, type=_scopes, help=f"some of {','.join(sorted(SCOPES))}")
    key.add_argument("--project", help="the name or id of the only project that it opens; without, it opens all")
    add_options(verbs.add_parser("export", help="write traces or steps into a file"))
    return parser


def _serve(settings: Settings, options: argparse.Namespace) -> None:
    database_url, redis_url = _needed(settings, "database_url"), _needed(settings, "redis_url")
    configure_logs(settings.log_level)
    if options.workers > 1:
        supervise(settings, options.workers)
    else:
        serve(settings, database_url, redis_url, fd=options.fd, supervisor=options.supervisor)


def _migrate(settings: Settings, _options: argparse.Namespace) -> None:
    database_url = _needed(settings, "database_url")
    applied = asyncio.run(migrate(database_url))
    _say("\n".join(f"applied {name}" for name in applied) or "nothing to do")
    if settings.dev_key is None and (secret := asyncio.run(_first_key(database_url, settings.key_pepper))):
        _say(f"the first key, for all projects and with all scopes, shown this one time: {secret}")


def _schema(_settings: Settings, _options: argparse.Namespace) -> None:
    _say(contract.as_str())


def _doctor(settings: Settings, _options: argparse.Namespace) -> None:
    urls = _needed(settings, "database_url"), _needed(settings, "redis_url")
    findings = asyncio.run(examine(settings, *urls))
    _say("\n".join(map(str, findings)))
    ill = sum(finding.verdict is Verdict.ILL for finding in findings)
    if ill:
        raise Conflict(f"{ill} of these must be mended.")


def _key(settings: Settings, options: argparse.Namespace) -> None:
    _say(asyncio.run(_make_key(_needed(settings, "database_url"), settings.key_pepper, options)))


def _export(settings: Settings, options: argparse.Namespace) -> None:
    url = _needed(settings, "database_url")
    rows = asyncio.run(export_to_file(contract_engine(settings), url, settings.export_seconds, options))
    _say(f"{rows:,} rows in {options.output}")


async def _first_key(database_url: str, pepper: str | None) -> str | None:
    async with open_database(database_url, connections=2) as database:
        open_memory(database, pepper)
        await ensure_project(database, DEFAULT)
        return await ensure_first_key(database)


async def _make_key(database_url: str, pepper: str | None, options: argparse.Namespace) -> str:
    async with open_database(database_url, connections=1) as database:
        open_memory(database, pepper)
        project_id = None
        if options.project is not None:
            project = await find_project(database, options.project)
            if project is None:
                raise NotFound(f"There is no project {options.project!r}.")
            project_id = project["id"]
        _, secret = await create_key(database, project_id=project_id, name=options.name, scopes=options.scopes)
    return secret


def _needed(settings: Settings, field: str) -> str:
    value: str | None = getattr(settings, field)
    if value is None:
        raise SettingsError(f"{variable(field)} is not set.")
    return value


def _scopes(text: str) -> frozenset[str]:
    scopes = frozenset(part.strip().upper() for part in text.split(",") if part.strip())
    if not scopes or not scopes <= SCOPES:
        raise argparse.ArgumentTypeError(f"the scopes are some of {','.join(sorted(SCOPES))}")
    return scopes


def _count(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= MOST_WORKERS):
        raise argparse.ArgumentTypeError(f"1 to {MOST_WORKERS} processes")
    return int(text)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _complain(message: str, status: int) -> int:
    sys.stderr.write(f"{message}\n")
    return status
