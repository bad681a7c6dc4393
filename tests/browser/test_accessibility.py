"""What keeps people from using a page, as axe-core finds it: nothing, on any page, by day, by night, at any width."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from streams.domain.units import MINUTE
from tests.board import answered, at, ended, failure, head, issued, seen, spike, value, verdict
from tests.boards import NOW, Desk
from tests.browser.pages import DESKTOP, PHONE, opened

LONG = "a-reason-whose-name-somebody-made-up-without-a-thought-for-narrow-screens"
NUDGE = issued("b", NOW - 5 * MINUTE)
EARLIER = {"arrived_at": "2026-11-02T09:00:00Z", "ended_at": "2026-11-02T09:05:00Z", "claimed_resolved": True}
RECORDS = [
    *(failure(f"w{n}", at(-7, n / 12)) for n in range(240)),  # a week before, so that something is usual
    value("a", at(-1, 9)),
    ended("a", at(-1, 9.2)),
    seen("a", at(-1, 9.2), NOW - 5 * MINUTE),
    verdict("a", NOW - 5 * MINUTE, "recurred"),
    *(failure(f"f{n}", at(hours=n % 9), "a", charged_to=f"queue-{n % 9}/payments/voice") for n in range(60)),
    failure("b", NOW - 5 * MINUTE, "a"),
    *(value(f"v{n}", at(hours=8)) for n in range(12)),
    *(ended(f"v{n}", at(hours=8.1), in_threshold=False) for n in range(12)),
    NUDGE,
    issued("c", NOW - 4 * MINUTE, reason=LONG, queue=LONG, earlier=[head("a", at(-1, 9)) | EARLIER]),
    issued("e", NOW - 3 * MINUTE, "waiting", waiting_since="2026-11-16T09:10:00Z"),
    issued("g", NOW - 3 * MINUTE, "promise", opened_at="2026-11-16T08:10:00Z", due_at="2026-11-16T10:10:00Z"),
    spike(NOW - 3 * MINUTE),
    answered(issued("h", NOW - 30 * MINUTE), NOW - 9 * MINUTE, note=f"called {LONG}"),
    answered(NUDGE, NOW - MINUTE, "acknowledged"),
]  # fmt: skip


def board(page: Page, _: str) -> None:
    expect(page.locator("#status")).to_contain_text("no news")
    expect(page.locator("#rows > li")).to_have_count(5)
    expect(page.locator(".taken")).to_have_count(1)


def board_of_nothing(page: Page, url: str) -> None:
    page.goto(f"{url}/?team=payments&queue=nothing")
    expect(page.locator("#nudges")).to_contain_text("Nothing needs action")


def wallboard(page: Page, url: str) -> None:
    page.goto(f"{url}/wallboard")
    expect(page.locator("#wall")).to_contain_text("Failure demand today")


def problem(page: Page, _: str) -> None:
    page.locator("#rows > li", has_text="customer of b").get_by_role("link", name="whole problem").click()
    expect(page.locator("#problem")).to_contain_text("The customer came back")


def dialog(page: Page, url: str) -> None:
    board(page, url)
    page.get_by_role("button", name="Answer").first.click()
    page.locator("#answer-note").fill(" ")
    page.get_by_role("button", name="Acted on it").click()
    expect(page.locator("#answer-said")).to_contain_text("Say in a note")


def nowhere(page: Page, url: str) -> None:
    page.goto(f"{url}/nowhere")
    expect(page.locator("h1")).to_have_text("Not Found")


PAGES: Mapping[str, Callable[[Page, str], None]] = {
    show.__name__: show for show in (board, board_of_nothing, wallboard, problem, dialog, nowhere)
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A board on which there is one of everything, also that there is no news for a while."""
    desk = Desk(records=RECORDS, now=NOW + 15 * MINUTE)
    desk.tail.coming.put([])  # it is all read
    with desk.served() as url:
        yield url


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_keeps_people_from_using_a_page(
    chromium: Browser, url: str, name: str, size: tuple[int, int], *, dark: bool
) -> None:
    with opened(chromium, f"{url}/", size=size, dark=dark, refusals=name in {"dialog", "nowhere"}) as page:
        PAGES[name](page, url)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert found.response["passes"], "nothing was looked at"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it overflows sideways"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_needs_action_comes_first(chromium: Browser, url: str, size: tuple[int, int]) -> None:
    with opened(chromium, f"{url}/", size=size) as page:
        tops = page.locator("main h2").evaluate_all(
            "titles => titles.map((title) => [title.textContent.trim(), title.getBoundingClientRect().top])"
        )
        assert tops[0][0].startswith("Needs action now")
        assert tops[0][1] == min(top for _, top in tops)
        answer = page.get_by_role("button", name="Answer").first.bounding_box()
        assert answer is not None
        assert answer["y"] + answer["height"] <= size[1], "it is seen without scrolling"
