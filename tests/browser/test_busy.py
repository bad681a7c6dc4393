"""Ten thousand contacts of a day and fifty nudges of a minute: nothing is lost, nothing is shown twice."""

from playwright.sync_api import Browser, expect

from streams.board.views import MOST_DONE, MOST_NUDGES
from streams.domain.units import MINUTE
from tests.board import answered, at
from tests.boards import Desk
from tests.browser.busy import A_MINUTE, HISTORY, comes_again, history
from tests.browser.pages import opened, rows


def test_rows_are_right_after_a_long_day_and_a_busy_minute(chromium: Browser) -> None:
    begins = at(hours=9.5)
    desk = Desk(records=list(history()), now=begins)
    with desk.served() as url, opened(chromium, f"{url}/") as page:
        page.evaluate("document.loadedOnce = true")
        expect(page.locator("#done .count")).to_have_text(f"{HISTORY:,}")
        expect(page.locator("#done li")).to_have_count(MOST_DONE)
        expect(page.locator("#nudges")).to_contain_text("Nothing needs action")
        nudges = []
        for n in range(A_MINUTE):
            records = comes_again(n, begins + n * MINUTE // A_MINUTE)
            nudges.append(records[-1])
            desk.tail.coming.put(records)
        count = page.locator("#nudges-title .count")
        expect(count).to_have_text(str(A_MINUTE))
        reasons = page.locator("#rows h3")
        assert [text.split()[1] for text in reasons.all_inner_texts()] == [f"reason_{n}" for n in range(MOST_NUDGES)]
        expect(page.locator("#nudges .more")).to_have_text(
            f"{A_MINUTE - MOST_NUDGES} more are not shown: choose a team or a queue."
        )
        for nudge in nudges[1::2]:
            desk.tail.coming.put([answered(nudge, begins + 2 * MINUTE, note=f"about {nudge['reason']}")])
        expect(count).to_have_text(str(A_MINUTE // 2))
        assert [text.split()[1] for text in reasons.all_inner_texts()] == [f"reason_{n}" for n in range(0, A_MINUTE, 2)]
        assert len(set(rows(page))) == A_MINUTE // 2
        expect(page.locator("#nudges .more")).to_have_count(0)
        expect(page.locator("#done .count")).to_have_text(f"{HISTORY + A_MINUTE // 2:,}")
        assert page.evaluate("document.loadedOnce"), "the page was loaded again"
