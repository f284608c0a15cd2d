"""`make up`, end to end: one command serves, one Ctrl-C stops everything, and the data is there the next time."""

import signal
import stat
from pathlib import Path

import httpx
import pytest

from scripts.homes import all_ended
from tests.acceptance.workplace import STOP_SECONDS, workplace
from tests.servers import Server
from tests.waiting import until

CREATE = """
mutation($input: CreateTraceInput!) { createTrace(input: $input) { trace { id name } userErrors { message } } }
"""
TRACES = "{ traces(first: 10) { nodes { name } } }"

pytestmark = pytest.mark.timeout(300)


def test_up_and_down_and_up_again(data_folder: Path, tmp_path: Path) -> None:
    """It serves with the printed key, leaves no process behind on Ctrl-C, and comes back with key and data."""
    with workplace(data_folder, tmp_path / "first.log") as first:
        first.wait_until_ready()
        assert httpx.get(f"{first.url}/readyz", trust_env=False).is_success
        first.ask(CREATE, {"input": {"name": "kept"}})
        family = first.family()
        assert {"postgres", "redis-server"} <= {process.name() for process in family}

        assert first.stop() == 0
        assert all_ended(family)

    with workplace(data_folder, tmp_path / "second.log") as second:
        second.wait_until_ready()

        assert second.ask(TRACES) == {"traces": {"nodes": [{"name": "kept"}]}}
        assert second.key == first.key
    assert stat.S_IMODE((data_folder / "development_key").stat().st_mode) == 0o600


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals(number: signal.Signals, data_folder: Path, tmp_path: Path) -> None:
    """It stops when it is terminated and when its terminal goes away; no impatient Ctrl-C cuts the stopping short."""
    with workplace(data_folder, tmp_path / "log") as run:
        run.wait_until_ready()
        family = run.family()
        for impatient in (number, signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            run.process.send_signal(impatient)

        assert run.process.wait(STOP_SECONDS) == 0
        assert all_ended(family)


def test_killed(data_folder: Path, tmp_path: Path) -> None:
    """What it started does not outlive it, even when it is killed; the next run goes on with the data."""
    with workplace(data_folder, tmp_path / "first.log") as first:
        first.wait_until_ready()
        first.ask(CREATE, {"input": {"name": "kept"}})
        family = first.family()
        first.process.kill()
        assert until(lambda: all_ended(family), within=40)

    with workplace(data_folder, tmp_path / "second.log") as second:
        second.wait_until_ready()

        assert second.ask(TRACES) == {"traces": {"nodes": [{"name": "kept"}]}}


def test_servers_named_by_urls(database_url: str, redis_url: str, data_folder: Path, tmp_path: Path) -> None:
    """With both URLs set it starts no database of its own, and with TRACEGRAPH_DEV_KEY it makes no key."""
    settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TRACEGRAPH_DEV_KEY": "tg_dev_chosen"}
    with workplace(data_folder, tmp_path / "log", settings) as run:
        run.wait_until_ready()

        assert run.ask(TRACES) == {"traces": {"nodes": []}}
        assert run.key == "tg_dev_chosen"
        assert list(data_folder.iterdir()) == []


def test_port_taken(shared_server: Server, data_folder: Path, tmp_path: Path) -> None:
    """A port on which somebody listens is reported before anything is started, with the way out."""
    with workplace(data_folder, tmp_path / "log", {"TRACEGRAPH_PORT": str(shared_server.port)}) as run:
        assert run.process.wait(STOP_SECONDS) == 1

        assert f"Port {shared_server.port} of 127.0.0.1 is taken." in run.output
        assert f"TRACEGRAPH_PORT={shared_server.port + 1} make up" in run.output
        assert not (data_folder / "postgres").exists()


def test_folder_in_use(data_folder: Path, tmp_path: Path) -> None:
    """A second run in the same folder is told about the first, which goes on."""
    with workplace(data_folder, tmp_path / "first.log") as first:
        first.wait_until_ready()
        with workplace(data_folder, tmp_path / "second.log") as second:
            assert second.process.wait(STOP_SECONDS) == 1

            assert f"in use by process {first.process.pid}: another `make up` runs there" in second.output
        assert first.ask(TRACES) == {"traces": {"nodes": []}}


@pytest.mark.parametrize(
    ("name", "value"), [("TRACEGRAPH_PROT", "8001"), ("TRACEGRAPH_PORT", "eighty"), ("TRACEGRAPH_PORT", "65536")]
)
def test_settings_refused(name: str, value: str, data_folder: Path, tmp_path: Path) -> None:
    """An unknown or invalid setting is refused by name before anything is started."""
    with workplace(data_folder, tmp_path / "log", {name: value}) as run:
        assert run.process.wait(STOP_SECONDS) == 2

        assert name in run.output
        assert list(data_folder.iterdir()) == []


def test_folder_that_is_none(tmp_path: Path) -> None:
    """A data folder that can't be one is named, without a traceback."""
    folder = tmp_path / "file"
    folder.write_text("not a folder")
    with workplace(folder, tmp_path / "log") as run:
        assert run.process.wait(STOP_SECONDS) == 1

        assert run.output.startswith("scripts/up: ")
        assert str(folder) in run.output
