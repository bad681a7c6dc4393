"""The demo's board: simulated customers come again in front of one's eyes, slowly enough to act."""

import re
import signal
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.pages import opened, rows
from tests.centre import address_in, answers, until
from tests.processes import ended, line_with, running

LEFT_TO_US = re.compile(r"\b([89]|1[0-4]) min ago")
"""What a row says that is good for a while still, and that a simulated lead would have answered by now."""


def test_a_simulated_customer_comes_again_and_somebody_answers(tmp_path: Path, chromium: Browser) -> None:
    with running("demo", "--weeks", "1", "--port", "0", cwd=str(tmp_path)) as demo:
        metrics = address_in(line_with(demo.stdout, "/metrics"))
        board = address_in(line_with(demo.stdout, "board: "))
        line_with(demo.stdout, "live, 7,200 x the clock")
        with opened(chromium, f"{board}/", outages=True) as page:
            page.evaluate("document.loadedOnce = true")
            line_with(demo.stdout, "live, 30 x the clock, while somebody looks at the board")
            before = rows(page)
            page.wait_for_function(
                "(before) => [...document.querySelectorAll('#rows > li')].some((row) => !before.includes(row.id))",
                arg=before,
            )
            expect(page.locator("#status")).not_to_contain_text("no news")
            assert answers(metrics, "dismissed") == 0, "simulated leads dismiss nothing"

            row = page.locator("#rows > li", has_text=LEFT_TO_US).first.get_attribute("id")
            page.locator(f"#{row}").get_by_role("button", name="Answer").click()
            page.locator("#answer-note").fill("known already")
            page.get_by_role("button", name="Dismiss").click()
            done = page.locator("#done li", has_text="known already")
            expect(done).to_contain_text("Dismissed")
            expect(done).to_contain_text("local")
            expect(done).not_to_contain_text("being recorded")
            assert row not in rows(page), "it has gone"
            until(lambda: answers(metrics, "dismissed") == 1)
            assert page.evaluate("document.loadedOnce"), "the page was loaded again"
            assert ended(demo, signal.SIGTERM) == (0, "")
