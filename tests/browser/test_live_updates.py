"""What comes while somebody looks is put in its place, and takes nothing from their hands."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from streams.domain.units import MINUTE
from tests.board import Record, answered, at, ended, failure, issued, spike, value
from tests.boards import NOW, Desk
from tests.browser.pages import assert_focus_is_seen, connected, focused, opened, rows, tab_to

NUDGE = issued("b", NOW - 5 * MINUTE)
LATER = issued("c", NOW - 2 * MINUTE)
RECORDS = [
    value("a", at(-1, 9)),
    ended("a", at(-1, 9.2)),
    failure("b", NOW - 5 * MINUTE, "a"),
    failure("c", NOW - 2 * MINUTE),
    NUDGE,
    LATER,
]


@pytest.fixture
def desk() -> Desk:
    return Desk(records=RECORDS)


@pytest.fixture
def page(desk: Desk, chromium: Browser) -> Iterator[Page]:
    with desk.served() as url, opened(chromium, f"{url}/") as page:
        page.evaluate("document.loadedOnce = true")
        yield page
        assert page.evaluate("document.loadedOnce"), "the page was loaded again"


def tell(desk: Desk, *records: Record) -> None:
    desk.tail.coming.put(records)


def test_a_repeat_contact_is_shown_and_announced_once_it_is_told(desk: Desk, page: Page) -> None:
    expect(page.locator("#rows > li")).to_have_count(2)
    expect(page.locator("#announce")).to_be_empty()
    tell(desk, issued("d", NOW - MINUTE, reason="lost_card"))
    expect(page.locator("#rows > li").nth(2)).to_contain_text("lost_card")
    expect(page.locator("#announce")).to_have_text("New: Repeat: lost_card in billing. Solve it in this contact.")
    expect(page.locator("#nudges-title .count")).to_have_text("3")


def test_a_row_stays_the_same_element_and_its_button_keeps_the_focus_while_others_come_and_go(
    desk: Desk, page: Page
) -> None:
    second = rows(page)[1]
    page.evaluate("(id) => { document.getElementById(id).isTheSame = true; }", second)
    button = page.locator(f"#{second} button[data-answer]")
    button.focus()
    here = focused(page)
    tell(desk, answered(NUDGE, NOW))
    tell(desk, issued("d", NOW - MINUTE), spike(NOW - MINUTE))
    expect(page.locator("#rows > li")).to_have_count(3)
    assert page.evaluate("(id) => document.getElementById(id).isTheSame", second)
    assert focused(page) == here


def test_the_focus_goes_on_to_the_next_row_where_its_own_has_gone(desk: Desk, page: Page) -> None:
    first, second = rows(page)
    page.locator(f"#{first} button[data-answer]").focus()
    tell(desk, answered(NUDGE, NOW))
    expect(page.locator("#rows > li")).to_have_count(1)
    assert page.evaluate("document.activeElement.closest('li').id") == second
    tell(desk, answered(LATER, NOW))
    expect(page.locator("#nudges")).to_contain_text("Nothing needs action")
    assert focused(page) == "nudges-title"


def test_a_half_written_note_stays_while_everything_around_it_changes(desk: Desk, page: Page) -> None:
    page.locator("#rows > li").first.get_by_role("button", name="Answer").click()
    page.keyboard.type("called the de")
    tell(desk, issued("d", NOW - MINUTE), answered(LATER, NOW), failure("e", NOW, "a"))
    expect(page.locator("#nudges-title .count")).to_have_text("2")
    page.keyboard.type("pot")
    expect(page.locator("#answer-note")).to_have_value("called the depot")
    page.get_by_role("button", name="Acted on it").click()
    expect(page.locator("#said")).to_have_text("Recorded: acted on it.")
    assert [action.note for action in desk.actions] == ["called the depot"]


def test_a_note_is_there_still_where_somebody_else_was_quicker(desk: Desk, page: Page) -> None:
    page.locator("#rows > li").first.get_by_role("button", name="Answer").click()
    page.keyboard.type("called the depot")
    tell(desk, answered(NUDGE, NOW, actor="somebody else"))
    expect(page.locator("#rows > li")).to_have_count(1)
    expect(page.locator("#answer")).to_be_visible()
    expect(page.locator("#answer-note")).to_have_value("called the depot")


def test_the_dialog_keeps_the_focus_and_gives_it_back(page: Page) -> None:
    asks = f"answer-{rows(page)[0].removeprefix('row-')}"
    page.locator(f"#{asks}").focus()
    page.keyboard.press("Enter")
    assert focused(page) == "answer-note"
    inside = "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
    for _ in range(8):  # twice around; between two rounds the browser itself has it
        page.keyboard.press("Tab")
        assert page.evaluate(inside)
    page.keyboard.press("Escape")
    expect(page.locator("#answer")).to_be_hidden()
    assert focused(page) == asks
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Cancel").press("Enter")
    assert focused(page) == asks
    assert_focus_is_seen(page)


def test_every_row_is_reached_by_keyboard_in_its_order_before_anything_below(page: Page) -> None:
    ids = [row.removeprefix("row-") for row in rows(page)]
    tab_to(page, "Skip to what needs action")
    page.keyboard.press("Enter")
    assert focused(page) == "main"
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        assert_focus_is_seen(page)
        reached.append(focused(page))
    first, second = ids
    assert reached == [f"{what}-{row}" for row in (first, second) for what in ("problem", "ack", "answer")]


def test_an_acknowledgement_leaves_the_row_and_says_who_takes_care(desk: Desk, page: Page) -> None:
    first, second = rows(page)
    page.locator(f"#{first}").get_by_role("button", name="Acknowledge").press("Enter")
    expect(page.locator(f"#{first}")).to_contain_text("Acknowledged by local")
    assert rows(page) == [second, first], "what somebody takes care of comes last"
    assert [action.action for action in desk.actions] == ["acknowledged"]
    assert page.evaluate("document.activeElement.closest('li').id") == first


def test_what_is_said_of_an_answer_moves_nothing_and_goes_after_a_while(page: Page) -> None:
    page.clock.install()
    place = page.locator("#nudges").bounding_box()
    assert place is not None
    page.get_by_role("button", name="Acknowledge").first.click()
    expect(page.locator("#said")).to_contain_text("Acknowledged")
    moved = page.locator("#nudges").bounding_box()
    assert moved is not None
    assert (moved["x"], moved["y"]) == (place["x"], place["y"])
    page.clock.fast_forward(11_000)
    expect(page.locator("#said")).to_be_empty()


def test_the_chart_has_a_table_beside_it_with_the_same_figures(desk: Desk, page: Page) -> None:
    tell(desk, *(failure(f"f{n}", NOW - n * MINUTE, "a") for n in range(7)))
    cells = page.locator("#by-hour tbody tr").first.locator("td")
    expect(cells).to_have_count(24)
    expect(cells.nth(9)).to_have_text("9")
    assert _highest_bar(page) == 9
    tell(desk, *(failure(f"g{n}", at(hours=3), "a") for n in range(11)))
    expect(cells.nth(3)).to_have_text("11")
    assert _highest_bar(page) == 3


def test_a_wallboard_and_the_page_of_a_problem_change_while_somebody_looks(desk: Desk, chromium: Browser) -> None:
    with desk.served() as url, opened(chromium, f"{url}/") as page:
        link = page.locator("#rows > li", has_text="customer of b").get_by_role("link").get_attribute("href")
        page.goto(f"{url}{link}")
        expect(page.locator("#problem")).to_contain_text("Not answered")
        tell(desk, answered(NUDGE, NOW, note="called the depot"))
        expect(page.locator("#problem")).to_contain_text("called the depot")
        page.goto(f"{url}/wallboard")
        figures = page.locator(".figure")
        expect(figures.first).to_have_text("1")
        tell(desk, issued("d", NOW - MINUTE))
        expect(figures.first).to_have_text("2")


def test_a_page_that_hears_nothing_any_more_says_so_and_connects_again(chromium: Browser) -> None:
    with Desk(records=RECORDS).served() as url, opened(chromium, f"{url}/") as page:
        page.clock.install()
        page.reload()
        connected(page)
        with page.expect_request(f"{url}/events**"):
            page.clock.fast_forward(60_000)
        connected(page)
        expect(page.locator("#rows > li")).to_have_count(2)


def _highest_bar(page: Page) -> int:
    """The hour above which the canvas is coloured highest."""
    return int(
        page.evaluate(
            """() => {
              const canvas = document.querySelector("#plot canvas");
              const { left, width, top, height } = document.querySelector("#plot .u-over").getBoundingClientRect();
              const outer = canvas.getBoundingClientRect();
              const scale = canvas.width / outer.width;
              const accent = document.createElement("canvas").getContext("2d");
              accent.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
              accent.fillRect(0, 0, 1, 1);
              const bar = accent.getImageData(0, 0, 1, 1).data.slice(0, 3).join();
              const heights = [...Array(24).keys()].map((hour) => {
                const x = Math.round((left - outer.left + (width * (hour + 0.5)) / 24) * scale);
                const y = Math.round((top - outer.top) * scale);
                const column = canvas.getContext("2d").getImageData(x, y, 1, Math.round(height * scale)).data;
                let count = 0;
                for (let at = 0; at < column.length; at += 4) count += column.slice(at, at + 3).join() === bar;
                return count;
              });
              return heights.indexOf(Math.max(...heights));
            }"""
        )
    )
