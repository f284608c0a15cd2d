"""What a data folder remembers between two starts: the ports it serves and the secrets that open it."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"

# Below the range from which Linux takes the local ports of outgoing connections (32768-60999): a port that we give up
# for a moment, between a kill and a restart, must not be gone when we come back.
PORTS = range(20_000, 32_000)


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether nobody listens on this port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1)
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port on which nobody listens now."""
    while not is_free(port := secrets.choice(PORTS)):
        pass
    return port


def remembered_port(file: Path) -> int:
    """The port noted in `file` when it is still free; otherwise a new one, noted there."""
    with suppress(OSError, ValueError):
        port = int(file.read_text())
        if is_free(port):
            return port
    port = free_port()
    file.write_text(f"{port}\n")
    return port


def remembered_secret(file: Path, prefix: str = "") -> str:
    """The secret kept in `file`, made at random the first time and readable by its owner only."""
    with suppress(FileNotFoundError):
        return file.read_text().strip()
    secret = prefix + secrets.token_hex(24)
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(f"{secret}\n")
    fresh.rename(file)
    return secret
