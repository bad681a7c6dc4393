"""A repeat contact, from the event to the lead who acts on it, as processes: shown, answered, counted, in the log."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import connected, focused, opened, rows, tab_to
from tests.centre import CentreAtWork, centre_at_work, until


@pytest.fixture
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CentreAtWork]:
    # What stands for a nudge in a form then outlives the board's process.
    monkeypatch.setenv("OUTCOME_MONITOR__SECRETS__EXEMPLAR_SALT", "a salt of sixteen characters and more")
    with centre_at_work(tmp_path) as centre:
        yield centre


def test_a_repeat_is_answered_by_keyboard_alone_from_the_top_of_the_page(
    centre: CentreAtWork, chromium: Browser
) -> None:
    with centre.board() as url, opened(chromium, f"{url}/") as page:
        centre.repeats("anna")
        expect(page.locator("#rows > li")).to_have_count(1)
        tab_to(page, f"answer-{rows(page)[0].removeprefix('row-')}")
        page.keyboard.press("Enter")
        page.keyboard.type("called the depot")
        tab_to(page, "Acted on it")
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_have_text("Recorded: acted on it.")
        assert focused(page) == "nudges-title"
        _is_done(page, "called the depot", 1)
    until(lambda: centre.answers("acted") == 1)
    (action,) = centre.actions()
    assert (action.action, action.note, action.actor) == ("acted", "called the depot", "local")


def test_a_page_survives_a_restart_of_the_server_and_shows_once_what_happened_meanwhile(
    centre: CentreAtWork, chromium: Browser
) -> None:
    with ExitStack() as stack:
        board = stack.enter_context(ExitStack())
        url = board.enter_context(centre.board())
        page = stack.enter_context(opened(chromium, f"{url}/", outages=True))
        page.evaluate("document.loadedOnce = true")
        centre.repeats("anna", "ben")
        expect(page.locator("#rows > li")).to_have_count(2)
        anna, ben = rows(page)
        _answer(page, anna, "Dismiss", "known already")
        _is_done(page, "known already", 1)
        page.locator(f"#{ben}").get_by_role("button", name="Answer").click()
        page.keyboard.type("called the de")

        board.close()
        expect(page.locator("#live")).to_have_text("not connected: what is shown may be old")
        page.keyboard.type("pot")
        page.get_by_role("button", name="Acted on it").click()
        expect(page.locator("#answer-said")).to_contain_text("nothing was recorded")
        centre.repeats("cleo")

        board.enter_context(centre.board(urlsplit(url).port or 0))
        connected(page)
        expect(page.locator("#rows > li")).to_have_count(2)
        assert rows(page)[0] == ben
        expect(page.locator("#nudges-title .count")).to_have_text("2")
        _is_done(page, "known already", 1)
        expect(page.locator("#answer-note")).to_have_value("called the depot")
        page.get_by_role("button", name="Acted on it").click()
        _is_done(page, "called the depot", 2)
        _answer(page, rows(page)[0], "Acted on it", "told the depot again")
        _is_done(page, "told the depot again", 3)
        expect(page.locator("#nudges")).to_contain_text("Nothing needs action")
        assert page.evaluate("document.loadedOnce"), "the page was loaded again"
    notes = [(action.action, action.note) for action in centre.actions()]
    assert notes == [("dismissed", "known already"), ("acted", "called the depot"), ("acted", "told the depot again")]
    until(lambda: (centre.answers("acted"), centre.answers("dismissed")) == (2, 1))


def _answer(page: Page, row: str, how: str, note: str) -> None:
    page.locator(f"#{row}").get_by_role("button", name="Answer").click()
    page.locator("#answer-note").fill(note)
    page.get_by_role("button", name=how).click()


def _is_done(page: Page, note: str, count: int) -> None:
    """Wait until a note is shown as recorded, among so many."""
    expect(page.locator("#done .count")).to_have_text(str(count))
    done = page.locator("#done li", has_text=note)
    expect(done).to_have_count(1)
    expect(done).not_to_contain_text("being recorded")
