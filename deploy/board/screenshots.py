"""Take the pictures of the board that the README shows, of a moment of the demo, in the Chromium that is installed.

``python -m deploy.board.screenshots``
"""

import argparse
import shutil
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from streams.cli.demo_centre import simulated
from streams.cli.demo_feed import Script
from streams.cli.demo_pace import Pace
from streams.cli.options import settings_of
from streams.cli.serving import listen, serving
from streams.domain.units import DAY, HOUR, MINUTE

OUT: Final = Path(__file__).parent
_WRITTEN: Final = round(datetime(2026, 11, 18, 12, tzinfo=UTC).timestamp() * 1000)
"""The demo is that of this day, so that the pictures change only where the board does."""
_MOMENT: Final = DAY + 6 * HOUR + 40 * MINUTE
"""How long after life begins: the day after something went wrong, early in the afternoon."""
_WEEKS: Final = 5
_SEED: Final = 1
_BOARD: Final = (1280, 1000)
_COLOURS: Final = 128
"""As many as a page has, near enough; the file has a quarter of the size."""

_PATIENCE_MS: Final = 300_000


class Look(NamedTuple):
    """How a page is looked at: the size of its window, and whether by night."""

    size: tuple[int, int]
    dark: bool = False


def main() -> None:
    """Take them all."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    path = shutil.which("chromium")
    if path is None:
        msg = "there is no chromium; install it (Debian and Ubuntu: apt install chromium)"
        raise SystemExit(msg)
    script = Script.written(_WRITTEN, _WEEKS)
    with simulated(settings_of(None), script, _SEED, Pace(1), Event()) as (_, feed, board):
        feed.go_to(script.live_at + _MOMENT - MINUTE)
        with serving(board.app, listen("127.0.0.1", 0), lifespan="on") as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path)
            page = _look(browser, f"{server.url}/", Look(_BOARD))
            page.locator("#rows > li").nth(1).get_by_role("button", name="Acknowledge").click()
            page.locator(".taken").wait_for()
            feed.go_to(script.live_at + _MOMENT)
            page.locator(".taken .by", has_not_text="being recorded").wait_for()
            page.locator("#said:empty").wait_for(state="attached")
            _keep(page, "board")
            _keep(_look(browser, f"{server.url}/wallboard", Look((1280, 720), dark=True)), "wallboard")
            browser.close()
            board.close()


def _look(browser: Browser, url: str, look: Look) -> Page:
    """Open a page, and wait until it shows all that there is."""
    width, height = look.size
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if look.dark else "light",
        reduced_motion="reduce",
    )
    page.set_default_timeout(_PATIENCE_MS)
    page.goto(url)
    page.wait_for_selector("#live[data-state=live]")
    page.locator("#status:not(.stale)").wait_for()
    return page


def _keep(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(OUT / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
