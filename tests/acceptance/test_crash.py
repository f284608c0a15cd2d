"""A server that is killed in the middle of its work: what it has acknowledged is there, and there once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.acceptance.asking import Caller
from tests.acceptance.followers import Follower, assert_each_once, assert_in_order, following
from tests.acceptance.recorded import Recording, kinds, trace_of
from tests.acceptance.replays import acknowledged, ended, replay, replaying
from tests.acceptance.totals import recomputed, shown
from tests.servers import Server
from tests.waiting import until

RUNS = 20
FINAL = ("OK", "ERROR")
GAVE_UP = 75


def test_replay_is_resumed_after_a_crash(
    server: Server, caller: Caller, clients: None, invented: Recording, tmp_path: Path
) -> None:
    """What was acknowledged before kill -9 is there after it; the rest follows, and nothing comes twice."""
    ledger = tmp_path / "ledger"
    options = ["--limit", str(RUNS), "--end", "now", "--duration", "2", "--patience", "2", "--ledger", str(ledger)]
    with following(server) as follower:
        with replaying(replay(server, invented, *options)) as process:
            until(lambda: len(acknowledged(ledger)) >= 300, 60)
            server.kill()
            status, said = ended(process)
        assert status == GAVE_UP, said
        before = acknowledged(ledger)
        server.start()
        assert_stored(caller, before)
        with replaying(replay(server, invented, *options, "--resume", "--patience", "60")) as process:
            status, said = ended(process)
        assert status == 0, said

        assert_complete(caller, invented, follower)
        assert set(before) < set(acknowledged(ledger))


def test_replay_outlives_a_crash(
    server: Server, caller: Caller, clients: None, invented: Recording, tmp_path: Path
) -> None:
    """Senders that repeat what got no answer lose nothing and make nothing twice while the server is killed."""
    ledger = tmp_path / "ledger"
    options = ["--limit", str(RUNS), "--end", "now", "--duration", "2", "--ledger", str(ledger)]
    with following(server) as follower, replaying(replay(server, invented, *options)) as process:
        until(lambda: len(acknowledged(ledger)) >= 300, 60)
        server.restart()
        status, said = ended(process)
        assert status == 0, said

        assert_complete(caller, invented, follower)


def assert_stored(caller: Caller, mutations: list[tuple[str, str]]) -> None:
    """Every trace and step that was created is there, every one that was updated has ended."""
    traces = caller.traces()
    stored = {thing["id"]: thing["status"] for trace in traces for thing in (trace, *trace["steps"])}

    assert {identity for _, identity in mutations} <= stored.keys()
    assert {stored[identity] for field, identity in mutations if field.startswith("update")} <= set(FINAL)


def assert_complete(caller: Caller, recording: Recording, follower: Follower) -> None:
    """The server holds the recording once, adds it up rightly, and has told the follower everything, once."""
    expected = [trace_of(run) for run in recording.read(RUNS)]
    traces = caller.traces()
    seen = follower.until(caller.mark())
    things = [thing for trace in traces for thing in (trace, *trace["steps"])]

    assert sorted(map(outline, traces)) == sorted(map(outline, expected))
    assert kinds(traces) == kinds(expected)
    assert len({thing["id"] for thing in things}) == len(things)
    assert {thing["status"] for thing in things} == set(FINAL)
    assert [shown(trace) for trace in traces] == [recomputed(trace) for trace in traces]
    assert follower.losses
    assert_in_order(seen, traces[0]["project"]["id"])
    assert_each_once(
        seen, [trace["id"] for trace in traces], [step["id"] for trace in traces for step in trace["steps"]]
    )


def outline(trace: dict[str, Any]) -> tuple[int, int, str, list[str]]:
    """What tells a trace from the others, and what it did."""
    metadata = trace["metadata"]
    return metadata["taskId"], metadata["trial"], trace["status"], [step["name"] for step in trace["steps"]]
