"""What team leads do about nudges: what gets into the log, what is refused and why."""

from dataclasses import replace
from pathlib import Path

import pytest

from streams.board.actions import MOST_NOTE
from streams.domain.units import MINUTE
from tests.board import answered, at, issued
from tests.boards import ACCESS, Desk, form_token_in, fresh, nudges_in, viewer

NINE = at(hours=9)
NUDGE = issued("a", NINE)
IN_TIME = NINE + 5 * MINUTE


def desk_of(**more: object) -> Desk:
    return Desk(records=[NUDGE], now=IN_TIME, **more)  # type: ignore[arg-type]


def the_nudge(desk: Desk) -> str:
    [nudge] = nudges_in(desk.client.page())
    return nudge


@pytest.mark.parametrize(
    ("address", "action", "note"),
    [("act", "acted", "called"), ("dismiss", "dismissed", "called"), ("acknowledge", "acknowledged", None)],
)
def test_an_answer_is_in_the_log_as_the_event_that_it_is(address: str, action: str, note: str | None) -> None:
    desk = desk_of()
    response = desk.client.answer(the_nudge(desk), address, "called")
    assert response.status_code == 200
    assert "answered" in response.headers["hx-trigger"]
    [event] = desk.actions
    assert event[2:] == ("board", "repeat:a", "local", action, note)
    assert event.occurred_at == IN_TIME


def test_an_answer_is_shown_at_once_and_confirmed_by_the_log() -> None:
    desk = desk_of()
    desk.client.answer(the_nudge(desk), note="called <b>twice</b>")
    page = desk.client.page()
    assert nudges_in(page) == []
    assert "called &lt;b&gt;twice&lt;/b&gt;" in page
    assert "being recorded" in page
    desk.board.model.fold([answered(NUDGE, IN_TIME, actor="local", note="called <b>twice</b>")])
    assert "being recorded" not in desk.client.page()
    assert desk.client.page().count("twice") == 1


def test_an_acknowledged_nudge_stays_and_can_be_acted_on() -> None:
    desk = desk_of()
    nudge = the_nudge(desk)
    desk.client.answer(nudge, "acknowledge")
    page = desk.client.page()
    assert nudges_in(page) == [nudge]
    assert "Acknowledged by local at 09:05" in page
    assert desk.client.answer(nudge, "acknowledge").status_code == 409
    assert desk.client.answer(nudge).status_code == 200
    assert [event.action for event in desk.actions] == ["acknowledged", "acted"]


def test_an_answer_is_never_older_than_its_nudge() -> None:
    desk = Desk(records=[NUDGE], now=NINE - MINUTE)
    desk.client.answer(the_nudge(desk))
    assert [event.occurred_at for event in desk.actions] == [NINE]


def test_lines_of_a_note_become_one() -> None:
    desk = desk_of()
    desk.client.answer(the_nudge(desk), note="  called\r\n\tback ")
    assert [event.note for event in desk.actions] == ["called back"]


@pytest.mark.parametrize("note", ["", " \n ", "x" * (MOST_NOTE + 1), "bell \x07", "\x9f"])
def test_a_note_that_says_nothing_too_much_or_what_cannot_be_shown_is_refused(note: str) -> None:
    desk = desk_of()
    response = desk.client.answer(the_nudge(desk), note=note)
    assert response.status_code == 422
    assert desk.appended == []
    assert nudges_in(desk.client.page())


def test_the_longest_note_is_taken() -> None:
    desk = desk_of()
    assert desk.client.answer(the_nudge(desk), note="é" * MOST_NOTE).status_code == 200
    assert len(desk.actions) == 1


def test_a_form_that_is_sent_again_is_refused() -> None:
    desk = desk_of()
    nudge = the_nudge(desk)
    form = {"nudge_id": nudge, "form_token": form_token_in(desk.client.page()), "note": "x"}
    assert desk.client.post("/nudges/acknowledge", form).status_code == 200
    replayed = desk.client.post("/nudges/act", form)
    assert (replayed.status_code, "sent before" in replayed.text) == (403, True)
    assert len(desk.appended) == 1


def test_a_page_answers_as_often_as_it_likes_each_time_with_a_nonce_of_its_own() -> None:
    desk = desk_of()
    nudge, token = the_nudge(desk), form_token_in(desk.client.page())
    for number, action in enumerate(("acknowledge", "act")):
        form = {"nudge_id": nudge, "form_token": fresh(token, number), "note": "x"}
        assert desk.client.post(f"/nudges/{action}", form).status_code == 200
    assert len(desk.appended) == 2


@pytest.mark.parametrize("token", ["", "short", "x" * 101, "é"])
def test_a_form_without_a_token_of_ours_is_refused(token: str) -> None:
    desk = desk_of()
    refused = desk.client.answer(the_nudge(desk), form_token=token)
    assert (refused.status_code, "<" in refused.text) == (403, False), "words that the page shows"
    assert desk.appended == []


def test_a_form_of_somebody_elses_page_is_refused() -> None:
    desk = desk_of()
    nudge, token = the_nudge(desk), form_token_in(desk.client.page())
    desk.viewer = replace(desk.viewer, name="Grace")
    assert desk.client.post("/nudges/act", {"nudge_id": nudge, "note": "x", "form_token": token}).status_code == 403
    assert desk.appended == []


def test_who_may_not_act_is_refused() -> None:
    desk = desk_of()
    nudge = the_nudge(desk)
    desk.viewer = viewer("payments", may_act=False)
    assert desk.client.answer(nudge).status_code == 403
    assert desk.appended == []


def test_a_nudge_of_another_team_is_as_unknown_as_one_that_is_not_there() -> None:
    desk = desk_of()
    nudge = the_nudge(desk)
    desk.viewer = viewer("welcome")
    theirs, none = desk.client.answer(nudge), desk.client.answer("nothing")
    assert (theirs.status_code, theirs.text) == (404, none.text)
    assert desk.appended == []


def test_an_expired_nudge_says_when_it_expired() -> None:
    desk = desk_of()
    nudge = the_nudge(desk)
    desk.now = NINE + 31 * MINUTE
    response = desk.client.answer(nudge)
    assert (response.status_code, "expired at 09:30" in response.text) == (410, True)


def test_a_nudge_that_somebody_else_has_answered_says_who_and_when() -> None:
    desk = desk_of()
    nudge = the_nudge(desk)
    desk.board.model.fold([answered(NUDGE, NINE + MINUTE)])
    response = desk.client.answer(nudge)
    assert (response.status_code, "lead has answered this nudge at 09:01" in response.text) == (409, True)
    assert desk.appended == []


def test_an_answer_that_cannot_be_written_is_taken_back() -> None:
    desk = desk_of()
    nudge = the_nudge(desk)
    desk.is_full = True
    assert desk.client.answer(nudge).status_code == 503
    assert nudges_in(desk.client.page()) == [nudge]
    desk.is_full = False
    assert desk.client.answer(nudge).status_code == 200


def test_a_body_that_no_form_has_is_refused() -> None:
    desk = desk_of()
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert desk.client.post("/nudges/act", b"x" * 20_000, **form).status_code == 413
    assert desk.client.post("/nudges/act", b"a=%ff", **form).status_code == 400
    assert desk.client.post("/nudges/act", b"&".join([b"a=1"] * 51), **form).status_code == 400
    assert desk.client.post("/nudges/act", b"{}", **{"content-type": "application/json"}).status_code == 403
    assert desk.client.post("/nudges/invent", {"form_token": form_token_in(desk.client.page())}).status_code == 404
    assert desk.client.get("/nudges/act").status_code == 405


def test_pages_problems_actions_and_refusals_are_written_down(tmp_path: Path) -> None:
    desk = desk_of(viewer=viewer("payments"), access=replace(ACCESS, audit=tmp_path / "audit.jsonl"))
    nudge = the_nudge(desk)
    desk.client.page("/wallboard")
    desk.client.get("/?team=welcome")
    desk.client.get("/problem/none")
    desk.client.answer(nudge)
    desk.client.answer(nudge)
    assert {line["who"] for line in desk.audit()} == {"somebody"}
    assert [(line["what"], line.get("place"), line["result"], line.get("why")) for line in desk.audit()] == [
        ("board", None, "200", None),
        ("wallboard", None, "200", None),
        ("board", "team=welcome", "refused", "404: not their team"),
        ("problem", None, "refused", "404: unknown, or not their team's"),
        ("board", None, "200", None),
        ("act", "team=payments&queue=billing", "begun", None),
        ("act", "team=payments&queue=billing", "200", None),
        ("board", None, "200", None),
        ("act", "team=payments&queue=billing", "begun", None),
        ("act", "team=payments&queue=billing", "refused", "409: answered"),
    ]
