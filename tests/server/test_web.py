"""The routes of the GraphiQL page, over a folder as Vite would leave it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from server.web import NOT_BUILT, web_routes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assets = tmp_path / "dist" / "assets"
    assets.mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<!doctype html><title>Tracegraph</title>")
    (assets / "page-D34db33f.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("not ours to show")
    return tmp_path / "dist"


def visit(folder: Path, *, key: str | None = None, host: str = "127.0.0.1:8000") -> AsyncClient:
    application = Starlette(routes=web_routes(folder, key))
    return AsyncClient(transport=ASGITransport(application), base_url=f"http://{host}")


@pytest.fixture
async def browser(folder: Path) -> AsyncIterator[AsyncClient]:
    async with visit(folder, key="tg_development") as client:
        yield client


async def test_page_when_built(browser: AsyncClient) -> None:
    """The page is served afresh, so that a new release is seen at once."""
    answer = await browser.get("/graphiql/")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


async def test_page_without_slash(browser: AsyncClient) -> None:
    """The address as people type it leads to the page."""
    answer = await browser.get("/graphiql", follow_redirects=True)

    assert str(answer.url) == "http://127.0.0.1:8000/graphiql/"
    assert answer.status_code == 200


async def test_page_when_not_built(tmp_path: Path) -> None:
    """A server without built files says how to build them, and the rest of it works."""
    async with visit(tmp_path / "nowhere") as client:
        page = await client.get("/graphiql/")
        asset = await client.get("/graphiql/assets/page.js")
        configuration = await client.get("/graphiql/config.json")

    assert (page.status_code, page.text) == (503, NOT_BUILT)
    assert asset.status_code == 404
    assert configuration.status_code == 200


async def test_page_when_built_later(tmp_path: Path, folder: Path) -> None:
    """Building the page needs no restart."""
    later = tmp_path / "later"
    async with visit(later) as client:
        before = [(await client.get(path)).status_code for path in ("/graphiql/", "/graphiql/assets/page-D34db33f.js")]
        folder.rename(later)
        after = [(await client.get(path)).status_code for path in ("/graphiql/", "/graphiql/assets/page-D34db33f.js")]

    assert before == [503, 404]
    assert after == [200, 200]


async def test_asset_caching(browser: AsyncClient) -> None:
    """An asset is named by its content, so a browser keeps it for good."""
    answer = await browser.get("/graphiql/assets/page-D34db33f.js")

    assert answer.text == "export {}"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["..%2f..%2fsecret.txt", "%2e%2e/%2e%2e/secret.txt", "..%2findex.html", "%00", ""])
async def test_asset_outside(browser: AsyncClient, path: str) -> None:
    """Nothing outside the folder of assets is served."""
    answer = await browser.get(f"/graphiql/assets/{path}")

    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["", "config.json", "assets/page-D34db33f.js"])
async def test_headers(browser: AsyncClient, path: str) -> None:
    """Whatever the page consists of runs only our scripts, talks only to us and sits in nobody's frame."""
    answer = await browser.get(f"/graphiql/{path}")

    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost:8000", "trace.localhost", "[::1]:8000", "192.168.1.4:8000"]
)
async def test_configuration_with_development_key(folder: Path, host: str) -> None:
    """The page learns the development key, and no cache keeps it."""
    async with visit(folder, key="tg_development", host=host) as client:
        answer = await client.get("/graphiql/config.json")

    assert answer.json() == {"endpoint": "/graphql", "developmentKey": "tg_development"}
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8000", "odd_name.evil.example", "[::evil", ""]
)
async def test_configuration_under_foreign_name(folder: Path, host: str) -> None:
    """A stranger's domain that points at our address does not get the key."""
    async with visit(folder, key="tg_development") as client:
        answer = await client.get("/graphiql/config.json", headers={"host": host})

    assert answer.json() == {"endpoint": "/graphql", "developmentKey": None}


async def test_configuration_without_development_key(folder: Path) -> None:
    """Without the setting there is no key to hand out."""
    async with visit(folder) as client:
        answer = await client.get("/graphiql/config.json")

    assert answer.json() == {"endpoint": "/graphql", "developmentKey": None}
