"""Settings come from the environment, and a wrong one is refused by its name."""

import pytest

from server.settings import Settings, SettingsError, read_settings, variable


def test_read_settings_without_any() -> None:
    """Nothing has to be set, and what is not ours is left alone."""
    assert read_settings({"HOME": "/root", "tracegraph_port": "x"}) == Settings()


def test_read_settings_takes_what_is_set() -> None:
    """Each variable sets its field, in the field's type; one set to nothing is not set."""
    environ = {
        "DATABASE_URL": "postgres://localhost/traces",
        "REDIS_URL": "",
        "TRACEGRAPH_PORT": "9000",
        "TRACEGRAPH_READ_SECONDS": "2.5",
        "TRACEGRAPH_HOST": "",
    }

    assert read_settings(environ) == Settings(database_url="postgres://localhost/traces", port=9000, read_seconds=2.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRACEGRAPH_PORTS", "8000"),
        ("TRACEGRAPH_port", "8000"),
        ("TRACEGRAPH_", ""),
        ("TRACEGRAPH_DATABASE_URL", "postgres://localhost"),
        ("TRACEGRAPH_PORT", "http"),
        ("TRACEGRAPH_PORT", "65536"),
        ("TRACEGRAPH_READ_SECONDS", "nan"),
        ("TRACEGRAPH_READ_SECONDS", "0"),
        ("TRACEGRAPH_MAX_DEPTH", "-1"),
        ("TRACEGRAPH_LOG_LEVEL", "loud"),
    ],
)
def test_read_settings_refuses_by_name(name: str, value: str) -> None:
    """An unknown or invalid variable is refused, and the refusal says which it is."""
    with pytest.raises(SettingsError, match=rf"\b{name}( |\.$)"):
        read_settings({name: value})


def test_each_field_has_a_variable_of_its_own() -> None:
    """No two settings share a variable."""
    names = [variable(field) for field in Settings.__struct_fields__]

    assert sorted(set(names)) == sorted(names)
