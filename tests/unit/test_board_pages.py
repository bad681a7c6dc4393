"""The board's pages: what they show, to whom, and that text from outside stays text."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from streams.board.viewer import LOCAL
from streams.domain.units import HOUR, MINUTE
from tests.board import Record, answered, at, ended, failure, issued, seen, spike, value, verdict
from tests.boards import NOW, Desk, form_token_in, nudges_in, problems_in, viewer
from tests.markup import HARMLESS, HOSTILE, check_same_markup, tells

NINE = at(hours=9)
THEIRS = "onboarding/welcome/chat"
EARLIER = {
    "contact_id": "before",
    "arrived_at": "2026-11-01T10:00:00Z",
    "ended_at": "2026-11-01T10:10:00Z",
    "queue": "cards",
    "team": "payments",
    "channel": "email",
    "reason": "refund",
    "abandoned": False,
    "claimed_resolved": True,
}


def centre_of(nudge: Record, **changes: Any) -> list[Record]:  # noqa: ANN401 - fields of records
    """A problem of two contacts that a nudge tells of, and a nudge of the same kind that was answered."""
    done = issued("c", NINE, kind="promise", opened_at="2026-11-01T10:00:00Z", due_at="2026-11-21T10:00:00Z") | changes
    return [
        value("a", at(-1)) | changes,
        ended("a", at(-1, 1)) | changes,
        seen("a", at(-1, 1), NINE),
        verdict("a", NINE, "recurred"),
        failure("b", NINE, "a") | changes,
        nudge | changes,
        done,
        answered(done, NINE + MINUTE, note="called", actor="lead"),
    ]


NUDGE = issued("b", NINE, earlier=[EARLIER])
OUR_OWN_AND_THEIRS = [
    *centre_of(NUDGE),
    *(
        record | {"customer_id": "their customer"}
        for record in (failure("x", NINE, place=THEIRS, reason="their reason"),)
    ),
    ended("x", NINE + MINUTE, place=THEIRS, customer_id="their customer", reason="their reason"),
    issued("x", NINE, place=THEIRS, customer_id="their customer", reason="their reason"),
    issued("y", NINE, place=THEIRS, customer_id="their customer", reason="their reason"),
    answered(issued("y", NINE, place=THEIRS), NINE, note="their note", reason="their reason"),
]


def test_a_board_without_data_says_so() -> None:
    page = Desk().client.page()
    assert "Reading the log" in page
    assert nudges_in(page) == []


def test_the_board_shows_what_needs_action_with_what_was_before_and_a_way_to_the_problem() -> None:
    page = Desk(records=centre_of(NUDGE)).client.page()
    assert len(nudges_in(page)) == 1
    for words in ("Solve it in this contact", "Attempt 2", "10 min of the customer", "in cards, claimed resolved"):
        assert words in page
    assert len(problems_in(page)) == 1
    assert "called" in page


def test_a_spike_tells_what_came_and_what_is_usual() -> None:
    page = Desk(records=[spike(NINE)]).client.page()
    assert "Find the cause and remove it" in page
    assert "14 contacts since 08:00, where 3.5 are usual" in page


def test_a_problem_tells_each_contact_with_evidence_verdict_and_action() -> None:
    desk = Desk(records=[*centre_of(NUDGE), answered(NUDGE, NINE + MINUTE, note="put right")])
    token = desk.board.model.contacts.token_of_problem("a")
    page = desk.client.page(f"/problem/{token}")
    for words in (
        "Failure demand",
        "charged to contact a in billing",
        "recurred",
        "The customer came back",
        "put right",
    ):
        assert words in page
    assert page.index("<dd>a, refund") < page.index("<dd>b, refund")
    assert without_token(page) == without_token(desk.client.page(f"/problem/{token}"))


def test_the_page_of_a_contact_whose_customer_nobody_knows_says_so() -> None:
    stranger = {"customer_id": None}
    desk = Desk(records=[value("s", NINE, **stranger), ended("s", NINE, linkable=False, **stranger)])
    page = desk.client.page(desk.problem("s"))
    assert "Customer unknown · 1 contact remembered" in page
    assert "How it ended" in page


def test_the_board_says_whose_contacts_its_outputs_and_outcomes_are_of() -> None:
    stranger = {"customer_id": None, "linkable": False}
    page = Desk(records=[ended("a", NINE), ended("s", NINE, **stranger), value("b", NINE + HOUR)]).client.page()
    assert "Contacts of unknown customers count among the outputs" in page
    assert "outcomes are of handled contacts that can be linked, 50.0 % of those handled." in page


def test_ten_thousand_nudges_are_shown_as_far_as_a_screen_goes_and_counted() -> None:
    page = Desk(records=[issued(f"c{n}", NINE + n) for n in range(10_000)], now=NINE).client.page()
    assert len(nudges_in(page)) == 40
    assert "9,960 more are not shown" in page
    assert len(page) < 100_000


def test_data_that_may_be_old_is_said_to_be() -> None:
    desk = Desk(records=[value("a", NINE)], now=NINE + 9 * MINUTE)
    desk.board._renderer.catches_up = False  # noqa: SLF001 - as after reading all
    assert "no news" not in desk.client.page()
    desk.now = NINE + 2 * HOUR
    assert "no news for 2 h" in desk.client.page()


def test_the_wallboard_has_no_customers_and_no_actions() -> None:
    page = Desk(records=centre_of(NUDGE)).client.page("/wallboard")
    assert "Needs action now" in page
    assert "customer of" not in page
    assert not re.search(r"<form|<button|<dialog", page)


TEXTS = ["contact_id", "customer_id", "queue", "team", "channel", "reason", "evidence", "expected", "kind"]


@pytest.mark.parametrize("field", TEXTS)
def test_text_of_a_nudge_is_shown_as_text(field: str) -> None:
    check(lambda text: [issued("b", NINE) | {field: text}])


@pytest.mark.parametrize("field", ["queue", "team", "reason"])
def test_text_of_a_spike_is_shown_as_text(field: str) -> None:
    check(lambda text: [spike(NINE) | {field: text}])


@pytest.mark.parametrize("field", ["contact_id", "customer_id", "queue", "team", "channel", "reason"])
def test_text_of_a_contact_is_shown_as_text(field: str) -> None:
    check(lambda text: centre_of(NUDGE, **{field: text}))


@pytest.mark.parametrize("field", ["queue", "team", "channel", "reason", "contact_id"])
def test_text_of_an_earlier_contact_is_shown_as_text(field: str) -> None:
    told = field in ("queue", "contact_id")
    check(lambda text: [issued("b", NINE, earlier=[EARLIER | {field: text}]), value("b", NINE)], told=told)


@pytest.mark.parametrize("field", ["note", "actor", "action"])
def test_text_of_an_answer_is_shown_as_text(field: str) -> None:
    check(lambda text: [*centre_of(NUDGE), answered(NUDGE, NINE) | {field: text}])


@pytest.mark.parametrize("field", ["window", "verdict", "restates"])
def test_text_of_a_verdict_is_shown_as_text(field: str) -> None:
    check(lambda text: [*centre_of(NUDGE), verdict("a", NINE, "recurred") | {field: text}])


@pytest.mark.parametrize("field", ["link", "evidence", "demand"])
def test_text_of_a_demand_is_shown_as_text(field: str) -> None:
    check(lambda text: [*centre_of(NUDGE), failure("b", NINE, "a") | {field: text}])


@pytest.mark.parametrize("field", ["queue", "team"])
def test_text_of_where_it_is_charged_to_is_shown_as_text(field: str) -> None:
    origin = {"contact_id": "a", "queue": "cards", "team": "payments", "channel": "voice"}
    check(lambda text: [*centre_of(NUDGE), failure("b", NINE, "a") | {"origin": origin | {field: text}}])


def test_text_of_evidence_is_shown_as_text() -> None:
    def records(text: str) -> list[Record]:
        sign = seen("a", at(-1, 1), NINE, by=text) | {"evidence": {"id": text, "at": "2026-11-16T09:00:00Z"}}
        return [*centre_of(NUDGE), sign]

    check(records)


@pytest.mark.parametrize("chosen", ["queue", "team"])
@pytest.mark.parametrize("path", ["/", "/wallboard"])
def test_what_a_viewer_chooses_is_shown_as_text(path: str, chosen: str) -> None:
    desk = Desk(records=centre_of(NUDGE))
    hostile, harmless = (desk.client.page(f"{path}?{urlencode({chosen: text})}") for text in (HOSTILE, HARMLESS))
    check_same_markup(hostile, harmless)


def test_who_looks_is_shown_as_text() -> None:
    desk = Desk(replace(LOCAL, name=HOSTILE.rstrip("\u202e\u2067")))
    page = desk.client.page()
    desk.viewer = LOCAL
    check_same_markup(page, desk.client.page())
    assert tells(page, HOSTILE.rstrip("\u202e\u2067"))


def test_who_has_answered_is_told_as_text() -> None:
    desk = Desk(records=[NUDGE])
    [nudge] = nudges_in(desk.client.page())
    desk.board.model.fold([answered(NUDGE, NINE) | {"actor": HOSTILE}])
    told = desk.client.answer(nudge).text
    check_same_markup(told, "")
    assert tells(told, HOSTILE)


def check(records: Callable[[str], list[Record]], *, told: bool = True) -> None:
    """Look at every page with a text that would be more than text; at one of them it must be told."""
    hostile, harmless = Desk(records=records(HOSTILE)), Desk(records=records(HARMLESS))
    pages = list(zip(every_page(hostile), every_page(harmless), strict=True))
    for page, other in pages:
        check_same_markup(page, other)
    assert any(tells(page, HOSTILE) for page, _ in pages) or not told


def every_page(desk: Desk) -> Iterator[str]:
    contacts = [contact.contact_id for contact in desk.board.model.contacts]
    for path in ("/", "/wallboard", *(desk.problem(contact) for contact in contacts)):
        yield desk.client.page(path)


def without_token(page: str) -> str:
    return page.replace(form_token_in(page), "") if "form-token" in page else page


# --- who sees what --------------------------------------------------------------------------------------------------


def paths(desk: Desk) -> Iterator[str]:
    yield from ("/", "/wallboard", "/?team=payments")
    yield from problems_in(desk.client.page())


def test_a_viewer_gets_nothing_of_another_team() -> None:
    desk = Desk(viewer("payments"), OUR_OWN_AND_THEIRS)
    for path in paths(desk):
        page = desk.client.page(path)
        assert not re.search(r"their|welcome|onboarding", page.replace("of theirs", "")), path
    assert len(nudges_in(desk.client.page())) == 1


def test_another_team_is_not_there() -> None:
    desk = Desk(LOCAL, OUR_OWN_AND_THEIRS)
    token = desk.board.model.contacts.token_of_problem("x")
    theirs = [
        "/?team=welcome",
        "/wallboard?team=welcome",
        f"/problem/{token}",
        "/events?team=welcome",
        f"/events?kind=problem&problem={token}",
    ]
    for path in theirs[:3]:
        assert desk.client.get(path).status_code == 200
    desk.viewer = viewer("payments")
    nobody = desk.client.get("/problem/nobody's")
    for path in theirs:
        refused = desk.client.get(path)
        assert (refused.status_code, refused.text) == (404, nobody.text), path


def test_a_queue_of_another_team_is_as_empty_as_one_that_is_not_there() -> None:
    desk = Desk(viewer("payments"), OUR_OWN_AND_THEIRS)
    theirs, none = desk.client.page("/?queue=onboarding"), desk.client.page("/?queue=nowhere")
    assert without_token(theirs.replace("onboarding", "nowhere")) == without_token(none)


def test_who_may_not_see_customers_sees_no_id_of_them_or_of_contacts() -> None:
    records = [record | {"contact_id": f"secret {record['contact_id']}"} for record in centre_of(NUDGE)]
    records = [record | {"customer_id": "secret customer"} for record in records]
    desk = Desk(viewer("payments", sees_customers=False), records)
    desk.board.model.fold(
        [issued("b", NINE, earlier=[EARLIER | {"contact_id": "secret before"}], contact_id="secret b")]
    )
    token = desk.board.model.contacts.token_of_problem("secret b")
    pages = [desk.client.page(), desk.client.page(f"/problem/{token}")]
    for page in pages:
        assert "secret" not in page
        assert re.search(r"Customer #[0-9a-f]{8}", page)
    desk.viewer = viewer("payments")
    assert "secret" in desk.client.page()


def test_no_address_has_an_id_of_a_customer_or_a_contact() -> None:
    desk = Desk(
        records=[record | {"contact_id": "unmistakable", "customer_id": "unmistakable"} for record in centre_of(NUDGE)]
    )
    page = desk.client.page()
    assert "unmistakable" in page
    for address in re.findall(r'(?:href|action|data-live|hx-post|formaction|src)="([^"]*)"', page):
        assert "unmistakable" not in address


def test_who_may_not_act_has_no_forms_to_act_by() -> None:
    page = Desk(viewer("payments", may_act=False), centre_of(NUDGE)).client.page()
    assert nudges_in(page)
    assert "hx-post" not in page


# --- what the browser is told ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/wallboard", "/problem/none", "/nowhere", "/static/board.js", "/nudges/act"])
def test_every_response_says_what_may_run_and_that_nothing_is_kept(path: str) -> None:
    headers = Desk(records=centre_of(NUDGE)).client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")


def test_pages_have_nothing_inline_that_the_policy_would_stop() -> None:
    desk = Desk(records=centre_of(NUDGE))
    for path in ("/", "/wallboard", *problems_in(desk.client.page())):
        page = desk.client.page(path)
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|hx-on|hx-vals|https?://", page)


def test_every_file_that_a_page_names_is_served() -> None:
    desk = Desk()
    named = re.findall(r'(?:href|src)="(/static/[^"]+)"', desk.client.page())
    assert len(named) >= 7
    assert all(desk.client.get(path).status_code == 200 for path in named)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8089", "evil.example:127", ""])
def test_a_page_of_another_site_whose_name_leads_here_is_refused(host: str) -> None:
    assert Desk().client.get("/", host=host or "x").status_code == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8089", "[::1]:8089", "LOCALHOST:1"])
def test_the_names_of_this_machine_are_answered_to(host: str) -> None:
    assert Desk(now=NOW).client.get("/", host=host).status_code == 200
