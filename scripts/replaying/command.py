"""The command line of the replay: what to send, where to, how fast, and what came of it."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import math
import os
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from scripts.replaying.deal import moved
from scripts.replaying.inventions import invented_requests, invented_runs
from scripts.replaying.ledger import REFUSED, Ledger, LedgerError
from scripts.replaying.plan import Mutation, planned
from scripts.replaying.recordings import RecordingError, read_requests, read_runs
from scripts.replaying.rehearsal import run
from scripts.replaying.sender import GaveUpError, TurnedAwayError, open_sender

FAILED = 1
MISUSE = 2
TRY_LATER = 75  # EX_TEMPFAIL of sysexits.h
INTERRUPTED = 130

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_SECONDS = 60.0
DEFAULT_PATIENCE = 60.0
NOW = "now"


def main(arguments: Sequence[str]) -> int:
    """Replay as told; returns the status to exit with."""
    options = _parser().parse_args(arguments)
    if not options.key:
        return _tell("a key is missing: give --key, or set TRACEGRAPH_KEY.", MISUSE)
    if options.resume and not options.ledger:
        return _tell("--resume needs the --ledger to resume from.", MISUSE)
    try:
        with Ledger(options.ledger, resume=options.resume) as ledger:
            plan = _plan(options, ledger)
            return asyncio.run(_replay(plan, options, ledger))
    except (LedgerError, RecordingError) as error:
        return _tell(f"{error}.", MISUSE)
    except TurnedAwayError as error:
        return _tell(f"the server refuses {error}", FAILED)
    except GaveUpError as error:
        return _tell(f"gave up, {error}. {_way_on(options)}", TRY_LATER)
    except KeyboardInterrupt:
        return _tell(f"interrupted. {_way_on(options)}", INTERRUPTED)


async def _replay(plan: Sequence[Sequence[Mutation]], options: argparse.Namespace, ledger: Ledger) -> int:
    known, begun = len(ledger.finished), time.monotonic()
    async with open_sender(f"{options.url}/graphql", options.key, options.project, options.patience) as sender:
        await run(plan, sender, ledger, _factor(plan, options))
    refused = sum(state == REFUSED for state in ledger.finished.values())
    print(
        f"{len(plan)} runs: {len(ledger.finished) - known} mutations answered in {time.monotonic() - begun:.1f} s, "
        f"{known} known from before, {refused} refused, {sender.retries} retries"
    )
    return FAILED if refused else 0


def _plan(options: argparse.Namespace, ledger: Ledger) -> list[list[Mutation]]:
    """What to send; a resumed replay keeps to the times it began with. Raises LedgerError when it is another replay."""
    runs = (read_runs(options.runs) if options.runs else invented_runs())[: options.limit]
    requests = read_requests(options.arrivals) if options.arrivals else invented_requests()
    if not runs or not requests:
        message = "there is nothing to replay"
        raise RecordingError(message)
    plan = planned(runs, requests)
    origin = _origin(options, ledger, plan)
    if origin != requests[0].moment:
        plan = planned(runs, moved(requests, origin))
    fingerprint = _fingerprint(mutation.key for mutations in plan for mutation in mutations)
    ledger.begin(origin=origin.isoformat(), plan=fingerprint)
    if ledger.start is None or ledger.start["plan"] != fingerprint:
        message = f"{options.ledger} is the ledger of other recordings"
        raise LedgerError(message)
    return plan


def _origin(options: argparse.Namespace, ledger: Ledger, plan: Sequence[Sequence[Mutation]]) -> datetime:
    """When the first run starts."""
    if ledger.start is not None:
        return datetime.fromisoformat(ledger.start["origin"])
    first, last = _span(plan)
    return first if options.end is None else options.end - (last - first)


def _span(plan: Sequence[Sequence[Mutation]]) -> tuple[datetime, datetime]:
    due = [mutation.due for mutations in plan for mutation in mutations]
    return min(due), max(due)


def _factor(plan: Sequence[Sequence[Mutation]], options: argparse.Namespace) -> float:
    if options.compress:
        return float(options.compress)
    first, last = _span(plan)
    return max((last - first).total_seconds(), 1.0) / float(options.duration)


def _fingerprint(keys: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]


def _way_on(options: argparse.Namespace) -> str:
    if options.ledger:
        return f"The same command with --resume goes on: {options.ledger} knows what was acknowledged."
    return "Without a ledger, the only way on is from the beginning."


def _tell(sentence: str, status: int) -> int:
    print(f"scripts/replay: {sentence}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/replay", description="Send recorded agent runs to a server.")
    where = parser.add_argument_group("where to")
    where.add_argument(
        "--url", default=os.environ.get("TRACEGRAPH_URL", DEFAULT_URL), help="the server (TRACEGRAPH_URL)"
    )
    where.add_argument("--key", default=os.environ.get("TRACEGRAPH_KEY"), help="a key that may INGEST (TRACEGRAPH_KEY)")
    where.add_argument("--project", help="the project, for a key of all projects")
    what = parser.add_argument_group("what")
    what.add_argument("--runs", type=Path, metavar="FILE", help="recorded runs; without it invented ones are sent")
    what.add_argument(
        "--arrivals", type=Path, metavar="FILE", help="requests whose times and tokens the runs are given"
    )
    what.add_argument("--limit", type=int, metavar="N", help="only the first N runs")
    what.add_argument("--end", type=_moment, metavar="TIME", help="when the last run ends: a time, or now")
    pace = parser.add_argument_group("how fast").add_mutually_exclusive_group()
    pace.add_argument("--compress", type=_positive, metavar="FACTOR", help="so many times as fast as recorded")
    pace.add_argument(
        "--duration", type=_positive, metavar="SECONDS", default=DEFAULT_SECONDS, help="in so many seconds"
    )
    trouble = parser.add_argument_group("in case of trouble")
    trouble.add_argument("--ledger", type=Path, metavar="FILE", help="write down what was sent and acknowledged")
    trouble.add_argument("--resume", action="store_true", help="go on where the ledger ends")
    trouble.add_argument(
        "--patience", type=_positive, metavar="SECONDS", default=DEFAULT_PATIENCE, help="for one mutation"
    )
    return parser


def _moment(text: str) -> datetime:
    try:
        moment = datetime.now(UTC) if text == NOW else datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no time, for example 2026-05-01T09:00:00Z"
        raise argparse.ArgumentTypeError(message) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        message = f"{text!r} is no positive number"
        raise argparse.ArgumentTypeError(message)
    return number
