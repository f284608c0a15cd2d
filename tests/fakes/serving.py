"""Serving with something broken on purpose: what the fakes of our server have in common."""

from __future__ import annotations

import os
from collections.abc import Callable

import uvloop

from server.application import Resources, application, open_resources
from server.drain import Drain
from server.logs import configure_logs
from server.process import Process, configuration
from server.settings import Settings, read_settings


def serve(spoil: Callable[[Resources], Resources]) -> None:
    """Serve over resources of which one is no longer honest, as the environment says, until told to stop."""
    settings = read_settings(os.environ)
    configure_logs(settings.log_level)
    uvloop.run(_serve(spoil, settings))


async def _serve(spoil: Callable[[Resources], Resources], settings: Settings) -> None:
    assert settings.database_url
    assert settings.redis_url
    drain = Drain(settings.drain_seconds)
    async with open_resources(settings, settings.database_url, settings.redis_url) as resources:
        doors = application(spoil(resources), settings, drain)
        await Process(configuration(doors, settings), drain, resources.preparation).serve()
