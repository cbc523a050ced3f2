"""A browser window of one person."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import (
        Browser,
        ConsoleMessage,
        Frame,
        Locator,
        Page,
        Request,
        Response,
    )

NORMAL = (1280, 800)
WIDE = (2560, 1440)
#: Milliseconds that something may take to appear.
PATIENCE = 30_000
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--no-proxy-server", "--hide-scrollbars"),
)
#: What a page may ask for without asking anybody.
INSIDE = ("about", "blob", "data")


class Window:
    """
    A browser with cookies of its own, and everything that it has asked for.

    :param browser: Where it is opened.
    :param url: Where Airflow is.
    :param token: Of whom is logged in; `None` is nobody.
    :param dark: The theme.
    :param size: Width and height in pixels.
    :param pictures: Where pictures go.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        token: str | None,
        *,
        dark: bool,
        size: tuple[int, int],
        pictures: Path,
    ) -> None:
        self.url = url
        self.pictures = pictures
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._responses: list[Response] = []
        theme = "dark" if dark else "light"
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            locale="en-US",
            timezone_id="UTC",
        )
        self._context.set_default_timeout(PATIENCE)
        self._context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        if token is not None:
            self._context.add_cookies([{"name": "_token", "value": token, "url": url}])
        self._context.on("request", self._ask)
        self._context.on("response", self._answer)
        self._context.on("console", self._hear)
        self.page: Page = self._context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _ask(self, request: Request) -> None:
        self.requests.append(request.url)

    def _answer(self, response: Response) -> None:
        self._responses.append(response)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def open(self, path: str) -> Page:
        """Go to a page of Airflow and return when it is loaded."""
        self.page.goto(f"{self.url}{path}")
        return self.page

    def frame(self, part: str) -> Frame:
        """Return the page inside the page whose address holds this text, as soon as it is there."""
        element = self.page.wait_for_selector(f"iframe[src*='{part}']")
        frame = element.content_frame() if element else None
        assert frame is not None, f"no page inside with {part} in its address"
        frame.wait_for_load_state()
        return frame

    @property
    def answers(self) -> dict[str, str]:
        """The bodies that Airflow's API has answered so far, by URL."""
        return {one.url: _text(one) for one in self._responses if "/api/" in one.url}

    @property
    def outside(self) -> list[str]:
        """The requests that went anywhere but to Airflow."""
        return [url for url in self.requests if not self._is_inside(url)]

    def _is_inside(self, url: str) -> bool:
        return url.startswith(self.url + "/") or urlsplit(url).scheme in INSIDE

    def picture(self, name: str, of: Locator | None = None, **options: Any) -> Path:
        """
        Take a picture, when what moves has come to rest.

        :param name: Of the file, ``ui-<name>.png``.
        :param of: A part of the page; by default what can be seen.
        :param options: Of Playwright's ``screenshot``, such as ``full_page``.
        """
        self.pictures.mkdir(parents=True, exist_ok=True)
        path = self.pictures / f"ui-{name}.png"
        (of or self.page).screenshot(path=path, animations="disabled", caret="hide", **options)
        return path

    def close(self) -> None:
        """Close it, with all its cookies."""
        self._context.close()


def find_chromium() -> Path | None:
    """Return Debian's chromium, or the one that CHROMIUM names."""
    path = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    return path if path.exists() else None


def open_browser(path: Path) -> tuple[Any, Browser]:
    """Start a chromium; return what has to be stopped, and the browser."""
    from playwright.sync_api import sync_playwright

    playwright = sync_playwright().start()
    try:
        return playwright, playwright.chromium.launch(executable_path=path, args=list(FLAGS))
    except BaseException:
        playwright.stop()
        raise


def _text(response: Response) -> str:
    try:
        return response.text()
    except Exception:  # gone with its page, or without a body
        return ""
