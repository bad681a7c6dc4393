"""Pages of the board in a browser, and what people do there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from streams.board.viewer import LOCAL
from tests.boards import by_proxy

PROMPTLY_MS: Final = 60_000
"""Far more than anything needs on a slow machine."""
DESKTOP: Final = (1280, 800)
PHONE: Final = (360, 740)

expect.set_options(timeout=PROMPTLY_MS)

_TELLS_OF_VIOLATIONS: Final = """
document.addEventListener("securitypolicyviolation", (event) => console.error(`violation: ${event.blockedURI}`));
"""
_OUTAGE: Final = ("net::ERR_", "htmx:sendError", "htmx:afterRequest")
_REFUSAL: Final = ("responded with a status of 4",)


@contextmanager
def opened(  # noqa: PLR0913 - what a browser is like
    browser: Browser,
    url: str,
    *,
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
    outages: bool = False,
    refusals: bool = False,
    live: bool = True,
) -> Iterator[Page]:
    """Open a page in a browser that has never been there.

    Nothing may go wrong in it, but for ``outages`` of the server, and ``refusals`` of what is asked of it.

    A page that is ``live`` is waited for until it is.
    """
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        extra_http_headers=by_proxy(LOCAL),
    )
    context.set_default_timeout(PROMPTLY_MS)
    context.add_init_script(_TELLS_OF_VIOLATIONS)
    troubles: list[str] = []
    expected = (*(_OUTAGE if outages else ()), *(_REFUSAL if refusals else ()))

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(text in message.text for text in expected):
            troubles.append(message.text)

    page = context.new_page()
    page.on("console", hear)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", lambda dialog: troubles.append(f"dialog: {dialog.message}"))
    page.goto(url)
    if live:
        connected(page)
    yield page
    assert not troubles, troubles
    context.close()


def connected(page: Page) -> None:
    """Wait until a page is kept up to date."""
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def rows(page: Page) -> list[str]:
    """The nudges that need action, by the ids of their rows, from the top."""
    found: list[str] = page.locator("#rows > li").evaluate_all("rows => rows.map((row) => row.id)")
    return found


def focused(page: Page) -> str:
    """What has the focus: its id, or its text where it has none."""
    found: str = page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
    return found


def tab_to(page: Page, element_id: str, most: int = 60) -> None:
    """Press Tab until an element has the focus, of which something must be seen at every stop."""
    for _ in range(most):
        page.keyboard.press("Tab")
        assert_focus_is_seen(page)
        if focused(page) == element_id:
            return
    msg = f"{most} times Tab lead nowhere near {element_id}"
    raise AssertionError(msg)


def assert_focus_is_seen(page: Page) -> None:
    style = page.evaluate(
        "(({ outlineStyle, outlineWidth }) => [outlineStyle, outlineWidth])(getComputedStyle(document.activeElement))"
    )
    assert style[0] == "solid", focused(page)
    assert style[1] != "0px", focused(page)
