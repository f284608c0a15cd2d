"""The command line of the replay: what to send, where to, how fast, and what came of it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from scripts.replaying.deal import moved
from scripts.replaying.inventions import invented_requests, invented_runs
from scripts.replaying.ledger import REFUSED, Ledger, LedgerError
from scripts.replaying.plan import Mutation, planned
from scripts.replaying.recordings import RecordingError, read_requests, read_runs
from scripts.replaying.rehearsal import run
from scripts.replaying.sender import GaveUpError, Sender, TurnedAwayError, open_client

FAILED = 1
MISUSE = 2
TRY_LATER = 75  # EX_TEMPFAIL of sysexits.h
INTERRUPTED = 130

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_SECONDS = 60.0
DEFAULT_PATIENCE = 60.0
AS_RECORDED = "recorded"


def main(arguments: Sequence[str]) -> int:
    """Replay as told; returns the status to exit with."""
    options = parser().parse_args(arguments)
    if not options.key:
        return _tell("A key is missing: give --key, or set TRACEGRAPH_KEY.", MISUSE)
    try:
        with Ledger(options.ledger, resume=options.resume) as ledger:
            plan = _plan(options, ledger)
            return asyncio.run(_replay(plan, options, ledger))
    except (LedgerError, RecordingError) as error:
        return _tell(f"{error}.", MISUSE)
    except* TurnedAwayError as errors:
        return _tell(f"The server refuses: {errors.exceptions[0]}", FAILED)
    except* GaveUpError as errors:
        return _tell(f"Gave up: {errors.exceptions[0]}. {_how_to_resume(options)}", TRY_LATER)
    except KeyboardInterrupt:
        return _tell(f"Interrupted. {_how_to_resume(options)}", INTERRUPTED)
