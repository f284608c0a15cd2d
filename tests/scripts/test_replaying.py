"""The replay: what it would send, in which order and with which ids, and what its ledger knows."""

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from models.ids import time_of
from scripts.replaying.command import MISUSE, TRY_LATER, main
from scripts.replaying.deal import dealt, moved
from scripts.replaying.inventions import invented_requests, invented_runs
from scripts.replaying.ledger import ACKNOWLEDGED, REFUSED, SENT, Ledger, LedgerError
from scripts.replaying.plan import planned
from scripts.replaying.recordings import Run, read_requests, read_runs, write_requests, write_runs

RUNS, REQUESTS = invented_runs(), invented_requests()
NOBODY = "http://127.0.0.1:1"


def test_inventions_are_the_same_each_time() -> None:
    """Made-up recordings do not change, nor do the ids that are made from them."""
    assert invented_runs() == RUNS
    assert invented_requests() == REQUESTS
    assert planned(RUNS, REQUESTS) == planned(invented_runs(), invented_requests())


def test_inventions_have_the_shape_of_recordings() -> None:
    """Every tool message answers a call of the message before it, and some runs succeed."""
    for run in RUNS:
        assert run.messages[0]["role"] == "system"
        for before, message in pairwise(run.messages):
            if message["role"] == "tool":
                assert message["tool_call_id"] in {call["id"] for call in before["tool_calls"]}

    assert {run.reward for run in RUNS} == {0.0, 1.0}
    assert len({(run.task_id, run.trial) for run in RUNS}) == len(RUNS) == 120


def test_recordings_are_read_as_written(tmp_path: Path) -> None:
    """Files hold all that a replay needs."""
    write_runs(tmp_path / "runs.gz", RUNS)
    write_requests(tmp_path / "requests.gz", REQUESTS)

    assert read_runs(tmp_path / "runs.gz") == RUNS
    assert read_requests(tmp_path / "requests.gz") == REQUESTS


def test_each_mutation_is_one_of_its_kind() -> None:
    """A thing is created once and ended once at most, under an id that carries its time; each run is in order."""
    plan = planned(RUNS, REQUESTS)
    mutations = [mutation for sent in plan for mutation in sent]
    keys = Counter(mutation.key for mutation in mutations)

    assert set(keys.values()) == {1}
    for sent in plan:
        assert [sent[0].field, sent[-1].field] == ["createTrace", "updateTrace"]
        assert sorted(mutation.due for mutation in sent) == [mutation.due for mutation in sent]
    for mutation in mutations:
        if "startTime" in mutation.input:
            carried = time_of(mutation.input["id"])
            assert carried is not None
            assert 0 <= (datetime.fromisoformat(mutation.input["startTime"]) - carried).total_seconds() < 0.001


def test_another_start_is_another_replay() -> None:
    """The same runs at another time have other ids."""
    later = moved(REQUESTS, datetime(2026, 5, 1, tzinfo=UTC))
    first, second = planned(RUNS[:2], REQUESTS), planned(RUNS[:2], later)

    assert not {mutation.key for sent in first for mutation in sent} & {
        mutation.key for sent in second for mutation in sent
    }


def test_requests_are_dealt_in_the_order_of_their_times() -> None:
    """Each run gets as many as it wants, at least one; too few are repeated, later."""
    hands = dealt([3, 0, 40] + [2] * 20, REQUESTS[:50])
    given = sorted(request.moment for hand in hands for request in hand)

    assert [len(hand) for hand in hands] == [3, 1, 40] + [2] * 20
    assert given[:50] == [request.moment for request in REQUESTS[:50]]
    assert given[50] > given[49]
    assert all(sorted(hand, key=lambda request: request.moment) == hand for hand in hands)


def test_a_run_without_a_word_is_a_trace_without_steps() -> None:
    """A run in which no assistant spoke begins and ends."""
    silent = Run(task_id=1, trial=0, reward=0.0, messages=[{"role": "user", "content": "Hello?"}])
    (sent,) = planned([silent], REQUESTS)

    assert [mutation.field for mutation in sent] == ["createTrace", "updateTrace"]


def test_a_ledger_is_resumed(tmp_path: Path) -> None:
    """What was acknowledged or refused is known again, what was only sent is not; a torn last line is taken away."""
    path = tmp_path / "ledger"
    with Ledger(path, resume=False) as ledger:
        ledger.begin(origin="then")
        for mutation, states in {"a": [SENT, ACKNOWLEDGED], "b": [SENT, REFUSED], "c": [SENT]}.items():
            for state in states:
                ledger.note(mutation, state)
    with path.open("ab") as file:
        file.write(b'{"mutation":"c","state":"ackn')
    with Ledger(path, resume=True) as ledger:
        ledger.begin(origin="now")
        ledger.note("c", ACKNOWLEDGED)
    with Ledger(path, resume=True) as ledger:
        assert ledger.start is not None
        assert ledger.start["origin"] == "then"
        assert ledger.finished == {"a": ACKNOWLEDGED, "b": REFUSED, "c": ACKNOWLEDGED}


@pytest.mark.parametrize("content", ["no ledger\n", "[]\n", '{"state":"sent"}\n', '{"state":"started"}\n{"a":1}\n'])
def test_what_is_no_ledger_is_left_alone(tmp_path: Path, content: str) -> None:
    """A file that the replay did not write is neither resumed nor overwritten."""
    path = tmp_path / "ledger"
    path.write_text(content)
    for resume in (False, True):
        with pytest.raises(LedgerError):
            Ledger(path, resume=resume)

    assert path.read_text() == content


def test_the_command_says_what_it_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is missing, and the ledger of other recordings, is told in a line, with a status of its own."""
    ledger = str(tmp_path / "ledger")
    here = ["--key", "tg_x", "--url", NOBODY, "--patience", "0.01", "--limit", "2"]

    assert main(["--key", "", "--url", NOBODY]) == MISUSE
    assert main([*here, "--resume"]) == MISUSE
    assert main([*here, "--runs", str(tmp_path / "missing")]) == MISUSE
    assert main([*here, "--ledger", ledger]) == TRY_LATER
    assert main([*here, "--ledger", ledger]) == MISUSE
    assert main([*here, "--ledger", ledger, "--resume", "--limit", "3"]) == MISUSE
    assert main([*here, "--ledger", ledger, "--resume"]) == TRY_LATER
    told = capsys.readouterr().err.splitlines()
    assert [line.startswith("scripts/replay: ") for line in told] == [True] * 7
