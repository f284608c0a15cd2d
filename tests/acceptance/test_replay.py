"""The main job on real input: recorded runs go in over HTTP, come out as they were, and are seen live."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.acceptance.asking import Caller
from tests.acceptance.followers import assert_each_once, assert_in_order, following
from tests.acceptance.recorded import Recording, kinds, moment, trace_of
from tests.acceptance.replays import ended, replay, replaying
from tests.acceptance.totals import recomputed, shown
from tests.servers import Server


def test_recorded_runs_come_out_as_they_went_in(
    server: Server, caller: Caller, clients: None, recording: Recording
) -> None:
    """Traces, steps and their contents equal the files, and a subscriber saw each start and finish once, in order."""
    expected = {key(trace): trace for trace in map(trace_of, recording.read())}
    calls = kinds(list(expected.values()))["LLM"]
    with following(server) as follower, replaying(replay(server, recording, "--duration", "5")) as process:
        status, said = ended(process)
        seen = follower.until(caller.mark())

    assert status == 0, said
    traces = caller.traces()
    assert kinds(traces) == kinds(list(expected.values()))
    assert {key(trace): told(trace) for trace in traces} == expected
    assert len(traces) == len(expected)
    assert [shown(trace) for trace in traces] == [recomputed(trace) for trace in traces]
    assert requests_of(traces) == sorted(recording.requests(calls))
    assert_in_order(seen, traces[0]["project"]["id"])
    assert_each_once(
        seen, [trace["id"] for trace in traces], [step["id"] for trace in traces for step in trace["steps"]]
    )


def key(trace: dict[str, Any]) -> tuple[int, int]:
    return trace["metadata"]["taskId"], trace["metadata"]["trial"]


def told(trace: dict[str, Any]) -> dict[str, Any]:
    """What the recording says about a trace, as the server shows it."""
    steps = [{name: step[name] for name in ("name", "kind", "input", "output")} for step in trace["steps"]]
    return {name: trace[name] for name in ("status", "metadata", "input", "output")} | {"steps": steps}


def requests_of(traces: list[dict[str, Any]]) -> list[tuple[datetime, int, int]]:
    """Time, tokens read and tokens written of the model calls of all traces."""
    calls = [step for trace in traces for step in trace["steps"] if step["kind"] == "LLM"]
    return sorted((moment(call["startTime"]), call["usage"]["input"], call["usage"]["output"]) for call in calls)
