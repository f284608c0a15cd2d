"""The GraphiQL page: its built files, its configuration, and the headers that keep strangers out of it."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

NOT_BUILT: Final = "GraphiQL is not built yet: run scripts/install web\n"

# Monaco writes style elements at run time, and fonts and icons arrive as data; nothing else comes from elsewhere.
# A worker obeys the policy its own script came with, so every file carries it.
POLICY: Final = (
    "default-src 'none'; "
    "script-src 'self'; "
    "worker-src 'self'; "
    "connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; "
    "font-src 'self' data:; "
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'"
)
SAFE: Final[Mapping[str, str]] = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class _Assets(StaticFiles):
    """Files with a hash in their name: a browser needs each only once."""

    async def check_config(self) -> None:
        """Accept a folder that is built only after the server has started."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = {**SAFE, "cache-control": "public, max-age=31536000, immutable"}
                message["headers"] += [(name.encode(), value.encode()) for name, value in headers.items()]
            await send(message)

        await super().__call__(scope, receive, send_safely)


def web_routes(folder: Path, development_key: str | None) -> list[BaseRoute]:
    """Routes of `/graphiql`, serving what Vite built into `folder`.

    The page is handed `development_key`, if there is one, to fill in its headers editor.
    """

    def redirect(_: Request) -> Response:
        return RedirectResponse("/graphiql/")

    def page(_: Request) -> Response:
        index = folder / "index.html"
        if not index.is_file():
            return PlainTextResponse(NOT_BUILT, status_code=503, headers={**SAFE, "cache-control": "no-store"})
        return FileResponse(index, headers={**SAFE, "cache-control": "no-cache"})

    def configuration(request: Request) -> Response:
        key = development_key if _is_safe_from_rebinding(request.headers.get("host", "")) else None
        content = {"endpoint": "/graphql", "developmentKey": key}
        return JSONResponse(content, headers={**SAFE, "cache-control": "no-store"})

    return [
        Route("/graphiql", redirect),
        Route("/graphiql/", page),
        Route("/graphiql/config.json", configuration),
        Mount("/graphiql/assets", _Assets(directory=folder / "assets", check_dir=False)),
    ]


def _is_safe_from_rebinding(host: str) -> bool:
    """Whether no stranger's web page can pass for ours under this `Host`.

    A page may point its own domain at our address and then read the key as of its own origin (DNS rebinding); it can
    do so neither with an address nor with `localhost`, which no name server answers for (RFC 6761, section 6.3). The
    header is read here because `request.url` puts our own address in the place of a name it finds odd (`a_b.example`).
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or name.endswith(".localhost") or bool(ip_address(name))
    except ValueError:
        return False
