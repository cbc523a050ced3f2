from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow import __version__

from airflow_provider_dbtsegment.demo.airflow_settings import USER
from tests.browser.bed import Bed, running_bed
from tests.browser.window import NORMAL, Window, find_chromium, open_browser

VERSION = tuple(int(number) for number in __version__.split(".")[:2])
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember whether a test has failed, for those who clean up after it."""
    report: Any = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """One browser for all tests of this folder; it ends before tests that have an event loop."""
    pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    if VERSION < (3, 1):
        pytest.skip("needs Airflow 3.1 or later")
    path = find_chromium()
    if path is None:
        pytest.skip("needs Debian's chromium: apt-get install chromium")
    playwright, browser = open_browser(path)
    yield browser
    browser.close()
    playwright.stop()


@pytest.fixture(scope="package")
def bed(
    chromium: Any, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bed]:
    """One Airflow for all tests of this folder."""
    cache = request.config.cache.mkdir("local_airflow")
    with running_bed(tmp_path_factory.mktemp("bed"), cache) as bed:
        yield bed


@pytest.fixture
def open_window(
    bed: Bed, chromium: Any, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., Any]]:
    """Open windows; when the test is over, no request of any may have left this machine."""
    windows: list[Window] = []
    pictures = Path(os.environ.get("PICTURES") or tmp_path / "pictures")

    def open_one(
        user: str | None = USER, *, dark: bool = False, size: tuple[int, int] = NORMAL
    ) -> Window:
        token = None if user is None else bed.token(user)
        window = Window(chromium, bed.url, token, dark=dark, size=size, pictures=pictures)
        windows.append(window)
        return window

    yield open_one
    for number, window in enumerate(windows):
        if request.node.stash.get(FAILED, False):
            window.pictures = tmp_path
            print(f"seen last: {window.picture(f'failed-{number}')}, at {window.page.url}")
            print("\n".join(window.complaints))
        window.close()
    assert [url for window in windows for url in window.outside] == []
