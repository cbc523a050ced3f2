"""The site is built without a warning, and needs nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser.window import find_chromium, open_browser
from tests.docs.pages import PAGES, ROOT

#: What a page loads by itself, by tag; links that somebody must click are not among it.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class Loads(HTMLParser):
    """The addresses that a page loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(LOADED.get(tag, ""))
        self.found += [address] if address else []


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing of it."""

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine, and tell where."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    done = subprocess.run(
        [*command, "--site-dir", str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_there(site: Path) -> None:
    assert {page.stem for page in PAGES} <= {page.stem for page in site.glob("*.html")}


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    loaded = {(page.name, one) for page in pages for one in Loads(page.read_text()).found}
    assert len(loaded) > len(pages)
    assert [one for one in loaded if re.match(r"(\w+:)?//", one[1])] == []
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", style.read_text()), style


def test_a_browser_that_reads_and_searches_asks_nobody_else(site: Path) -> None:
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no chromium")
    asked: list[str] = []
    with serving(site) as url:
        playwright, browser = open_browser(chromium)
        try:
            page = browser.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.goto(f"{url}waiting.html")
            page.locator("input.md-search__input").click()
            page.locator("input.md-search__input").press_sequentially("fault_budget")
            page.locator("a.md-search-result__link").first.wait_for()
        finally:
            browser.close()
            playwright.stop()
    assert f"{url}search/search_index.json" in asked
    assert [one for one in asked if not one.startswith((url, "data:", "blob:"))] == []


def test_the_built_site_is_not_kept(site: Path) -> None:
    done = subprocess.run(["git", "check-ignore", "--quiet", "site/index.html"], cwd=ROOT)  # noqa: S607
    assert done.returncode == 0
