"""The services of docker-compose.yml: their order, their health, what they keep, and that no secret is in the file."""

import re
from typing import Any

import pytest
import yaml

from scripts.embedded import CLUSTER
from server.command_line import parser
from server.settings import read_settings
from tests.servers import ROOT

FILE = ROOT / "docker-compose.yml"
PASSWORDS = [("postgres", "POSTGRES_PASSWORD"), ("redis", "REDISCLI_AUTH")]
SECRET = re.compile(r"\$\{\w+:\?[^}]+\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return content


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def test_images(services: dict[str, dict[str, Any]]) -> None:
    """PostgreSQL 18 and Redis 8 stand behind our own image."""
    images = {name: service["image"] for name, service in services.items()}

    assert images == {"postgres": "postgres:18", "redis": "redis:8", "migrate": "tracegraph", "server": "tracegraph"}


def test_order(services: dict[str, dict[str, Any]]) -> None:
    """Servers start when both databases answer and the migration, which runs once, has succeeded."""
    conditions = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }

    healthy = "service_healthy"
    assert conditions["migrate"] == {"postgres": healthy}
    assert conditions["server"] == {
        "postgres": healthy,
        "redis": healthy,
        "migrate": "service_completed_successfully",
    }
    assert (services["migrate"]["command"], services["migrate"]["restart"]) == (["migrate"], "no")
    assert services["server"]["command"] == ["serve"]
    assert services["server"]["restart"] == "unless-stopped"


def test_verbs(services: dict[str, dict[str, Any]]) -> None:
    """The commands of our services are verbs of our command line."""
    for name in ("migrate", "server"):
        assert parser().parse_args(services[name]["command"]).verb == services[name]["command"][0]


def test_health(services: dict[str, dict[str, Any]]) -> None:
    """Whatever others wait for has a health check, in exec form; the server's own is in its image."""
    for name in ("postgres", "redis"):
        assert services[name]["healthcheck"]["test"][0] == "CMD"
    assert services["migrate"]["healthcheck"] == {"disable": True}
    assert "healthcheck" not in services["server"]


def test_volumes(compose: dict[str, Any], services: dict[str, dict[str, Any]]) -> None:
    """Each volume has a name and is used; PostgreSQL 18 keeps its data one folder higher than its predecessors."""
    mounts = [mount for service in services.values() for mount in service.get("volumes", [])]

    assert {mount.partition(":")[0] for mount in mounts} == set(compose["volumes"])
    assert "postgres:/var/lib/postgresql" in services["postgres"]["volumes"]


def test_secrets(services: dict[str, dict[str, Any]]) -> None:
    """No password is in the file: each has to be given, and .env.example names them all, without a value."""
    text = FILE.read_text()
    values = [value for service in services.values() for value in service["environment"].values()]
    example = dict(
        line.split("=") for line in (ROOT / ".env.example").read_text().splitlines() if not line.startswith("#")
    )

    for value in values:
        address = re.search(r"://([^@]*)@", value)
        assert address is None or SECRET.search(address[1])
    assert all(SECRET.fullmatch(services[name]["environment"][key]) for name, key in PASSWORDS)
    assert example == dict.fromkeys(re.findall(r"\$\{(\w+):\?", text), "")
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_settings(services: dict[str, dict[str, Any]]) -> None:
    """What our services are told is a setting of ours, and no development key is among it."""
    for name in ("migrate", "server"):
        settings = read_settings(services[name]["environment"])

        assert settings.database_url
        assert settings.redis_url
        assert settings.dev_key is None


def test_privileges(services: dict[str, dict[str, Any]]) -> None:
    """Our services may write nowhere but in their volumes, hold no capability, and publish to this machine only."""
    for name in ("migrate", "server"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in services["server"]["ports"])
    assert not any("ports" in services[name] for name in ("postgres", "redis", "migrate"))


def test_time_to_stop(services: dict[str, dict[str, Any]]) -> None:
    """A server has longer to stop than it takes to send its clients elsewhere and finish what it began."""
    settings = read_settings({})
    grace = int(services["server"]["stop_grace_period"].removesuffix("s"))

    assert grace >= settings.drain_seconds + settings.read_seconds + settings.write_seconds


def test_locale(services: dict[str, dict[str, Any]]) -> None:
    """Texts have the same order in production as in development."""
    arguments = services["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()

    assert set(arguments) == {argument for argument in CLUSTER if not argument.startswith("--auth")}
