"""Whatever texts say, they are shown as texts: nothing of them runs, loads or is asked for in a browser."""

from typing import Final

from playwright.sync_api import Browser, Page, expect

from streams.domain.units import MINUTE
from tests.board import Record, answered, at, ended, failure, issued, seen, spike, value, verdict
from tests.boards import NOW, Desk
from tests.browser.pages import opened

HOSTILE: Final = (
    '<img src=/static/x onerror="document.hacked=1"><script>document.hacked=1</script>'
    "<b hx-get=/static/x hx-trigger=load hx-on:click='document.hacked=1' style=color:red>'\"&amp;{{7*7}}"
)  # fmt: skip
PLACE: Final = "/".join([HOSTILE.replace("/", "\N{DIVISION SLASH}")] * 3)


def records(n: int) -> list[Record]:
    about = {"place": PLACE, "reason": f"{n} {HOSTILE}", "customer_id": f"{n} {HOSTILE}"}
    nudge = issued(f"{n} {HOSTILE}", NOW - 5 * MINUTE, **about)
    taken = issued(f"{n} taken {HOSTILE}", NOW - 5 * MINUTE, **about)
    return [
        value(f"{n} before", at(-1, 9), **about),
        ended(f"{n} before", at(-1, 9.2), **about),
        failure(f"{n} {HOSTILE}", NOW - 5 * MINUTE, f"{n} before", **about),
        seen(f"{n} before", at(-1, 9.2), NOW - 5 * MINUTE, by=HOSTILE, **about),
        verdict(f"{n} before", NOW - 5 * MINUTE, HOSTILE, window=HOSTILE, **about),
        nudge,
        spike(NOW - 4 * MINUTE, nudge_id=f"spike {n}", reason=HOSTILE, place=PLACE),
        taken,
        answered(taken, NOW - 3 * MINUTE, "acknowledged", actor=HOSTILE),
        answered(issued(f"{n} done", NOW - 4 * MINUTE, **about), NOW - MINUTE, actor=HOSTILE, note=HOSTILE),
    ]


def test_nothing_of_a_text_runs_in_a_page_that_is_loaded_or_kept_up_to_date(chromium: Browser) -> None:
    desk = Desk(records=records(1))
    with desk.served() as url, opened(chromium, f"{url}/") as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        expect(page.locator("#rows > li")).to_have_count(3)
        desk.tail.coming.put(records(2))
        expect(page.locator("#rows > li")).to_have_count(6)
        expect(page.locator("#announce")).to_contain_text("<script>")
        expect(page.locator("#done")).to_contain_text(HOSTILE)
        _check(page)
        page.get_by_role("button", name="Answer").first.click()
        expect(page.locator("#answer-about")).to_contain_text("<script>")
        _check(page)
        problem = page.locator("#rows a").first.get_attribute("href")
        page.goto(f"{url}{problem}")
        expect(page.locator("#problem")).to_contain_text("<script>")
        _check(page)
        page.goto(f"{url}/wallboard")
        expect(page.locator("#wall")).to_contain_text("<script>")
        _check(page)
        assert not [path for path in asked if path.endswith("/static/x")]


def _check(page: Page) -> None:
    assert page.evaluate("document.hacked === undefined")
    assert page.locator("main img, main script, main b, main [style*=color], #announce *, dialog img").count() == 0
    assert "49" not in page.locator("main").inner_text().replace("{{7*7}}", "")
