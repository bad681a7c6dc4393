"""The browser that tests look with: Debian's Chromium, driven by Playwright."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.tools import tool


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Chromium, for all tests of this package; Playwright's loop runs in this thread for as long."""
    path = tool("chromium", "chromium-browser", "google-chrome", package="chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()
