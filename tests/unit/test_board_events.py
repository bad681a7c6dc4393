"""What a board sends to those who look: the whole first, then what changes, rendered once for all of them."""

import asyncio
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import httpx
import pytest

from streams.board.hub import Channel, Hub
from streams.board.masks import Masks
from streams.board.model import Centre, Model
from streams.board.rendering import Renderer
from streams.board.viewer import LOCAL, Viewer
from streams.board.views import View
from streams.contracts.times import rfc3339
from streams.domain.units import HOUR
from tests.board import answered, at, ended, issued, seen, value, verdict
from tests.boards import NOW, Desk, Telling, Told, Unwritable, by_proxy, form_token_in, nudges_in, viewer
from tests.markup import HARMLESS, HOSTILE, check_same_markup

NINE = at(hours=9)
THEIRS = "onboarding/welcome/chat"
TEXTS = ("contact_id", "customer_id", "queue", "team", "channel", "reason")


class Event(NamedTuple):
    name: str
    id: str
    data: str


@contextmanager
def listening(url: str, path: str = "/events", looks: Viewer = LOCAL, last: str = "") -> Iterator[Iterator[Event]]:
    """Look at a board; yield what it sends."""
    with (
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
        client.stream("GET", path, headers=by_proxy(looks) | {"last-event-id": last}) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        yield events(response.iter_text())


def browser(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, trust_env=False, headers=by_proxy(LOCAL))


def lines_of(texts: Iterator[str]) -> Iterator[str]:
    """Return the lines of an event stream, which end where its specification has them end and nowhere else."""
    rest = ""
    for text in texts:
        *lines, rest = re.split("\r\n|\r|\n", rest + text)
        yield from lines


def events(texts: Iterator[str]) -> Iterator[Event]:
    said: dict[str, list[str]] = {}
    for line in lines_of(texts):
        name, _, text = line.partition(": ")
        if line:
            said.setdefault(name, []).append(text)
        elif "event" in said:
            yield Event(said["event"][0], said.get("id", [""])[0], "\n".join(said.get("data", [])))
            said = {}


def shown(coming: Iterator[Event]) -> Event:
    """Return the next change that is shown."""
    return next(event for event in coming if event.name == "show")


def showing(coming: Iterator[Event], text: str) -> Event:
    """Return the next change that has a text."""
    return next(event for event in coming if event.name == "show" and text in event.data)


class Rendered(NamedTuple):
    view: View
    among: Container[str] | None


def noted(monkeypatch: pytest.MonkeyPatch) -> list[Rendered]:
    """Return what is rendered from now on."""
    rendered: list[Rendered] = []
    fragments = Renderer.fragments

    def note(self: Renderer, view: View, among: Container[str] | None = None) -> Mapping[str, str]:
        rendered.append(Rendered(view, among))
        return fragments(self, view, among)

    monkeypatch.setattr(Renderer, "fragments", note)
    return rendered


def test_who_looks_gets_the_whole_and_then_what_changes() -> None:
    desk = Desk(records=[issued("a", NINE)])
    with desk.served() as url, listening(url) as coming:
        first = shown(coming)
        assert all(f'id="{part}"' in first.data for part in ("status", "nudges", "demand", "twins", "done"))
        desk.tail.coming.put([issued("b", NINE)])
        change = showing(coming, "customer of b")
        assert len(nudges_in(change.data)) == 2
        assert 'id="twins"' not in change.data
        assert change.id != first.id


def test_a_change_that_a_viewer_may_not_see_is_not_sent() -> None:
    desk = Desk()
    with desk.served() as url, listening(url, looks=viewer("payments")) as coming:
        shown(coming)
        desk.tail.coming.put([issued("x", NINE, place=THEIRS, reason="secret")])
        desk.tail.coming.put([issued("a", NINE)])
        while True:
            change = shown(coming)
            assert "secret" not in change.data
            assert "welcome" not in change.data
            if nudges_in(change.data):
                break


def test_who_comes_again_after_a_restart_gets_the_whole_and_nothing_twice() -> None:
    records = [issued("a", NINE), issued("b", NINE)]
    with Desk(records=records).served() as url, listening(url) as coming:
        before = shown(coming)
    with Desk(records=[*records, *records]).served() as url, listening(url, last=before.id) as coming:
        after = shown(coming)
    assert nudges_in(after.data) == nudges_in(before.data) != []
    assert after.id != before.id


def test_a_page_from_before_a_restart_is_told_what_its_forms_must_bring_now() -> None:
    records = [issued("a", NINE)]
    before, desk = Desk(records=records), Desk(records=records)
    [nudge] = nudges_in(before.client.page())
    assert desk.client.post("/nudges/act", form(nudge, form_token_in(before.client.page()))).status_code == 403
    with desk.served() as url, listening(url) as coming:
        session = next(event for event in coming if event.name == "session")
    assert desk.client.post("/nudges/act", form(nudge, session.data)).status_code == 200


def test_a_page_that_is_open_for_long_is_told_again_what_its_forms_must_bring() -> None:
    desk = Desk()
    with desk.served() as url, listening(url) as coming:
        before = next(event for event in coming if event.name == "session")
        shown(coming)
        desk.now += HOUR
        desk.tail.coming.put([issued("a", NINE)])
        assert list(coming) == [], "it asks again"
        with listening(url) as again:
            assert next(event for event in again if event.name == "session").data != before.data


def form(nudge: str, token: str) -> dict[str, str]:
    return {"nudge_id": nudge, "note": "done", "form_token": token}


def test_a_view_is_rendered_once_however_many_look_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = noted(monkeypatch)
    desk = Desk(records=[issued("a", NINE)])
    with desk.served() as url, ExitStack() as stack:
        boards = [stack.enter_context(listening(url)) for _ in range(20)]
        for coming in boards:
            shown(coming)
        walls = [stack.enter_context(listening(url, "/events?kind=wallboard")) for _ in range(20)]
        for coming in walls:
            shown(coming)
        before = len(rendered)
        desk.tail.coming.put([issued("b", NINE)])
        for coming in boards:
            showing(coming, "customer of b")
        assert len(rendered) - before < 20
        assert len({one.view for one in rendered}) == 2


def test_a_nudge_is_rendered_by_itself_on_the_boards_that_it_belongs_on(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = noted(monkeypatch)
    desk = Desk(records=[issued("c", NINE)])  # so that time stands still, and nothing else changes
    with desk.served() as url, ExitStack() as stack:
        theirs, ours = (stack.enter_context(listening(url, f"/events?team={team}")) for team in ("welcome", "payments"))
        for coming in (theirs, ours):
            shown(coming)
        for n in range(5):  # some may be found when everything is rendered, which happens now and then
            desk.tail.coming.put([issued(f"c{n}", NINE)])
            assert 'id="demand"' not in showing(ours, f"customer of c{n}").data
    assert {one.view.team for one in rendered if one.among is not None} == {"payments"}


def test_many_records_are_few_changes() -> None:
    desk = Desk()
    with desk.served() as url, listening(url) as coming:
        shown(coming)
        for n in range(200):
            desk.tail.coming.put([issued(f"c{n}", NINE + n)])
        changes = 1
        while "160 more" not in shown(coming).data:
            changes += 1
        assert changes < 50


@pytest.mark.parametrize("kind", ["board", "wallboard", "problem"])
@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n", "\r\r", "\n\n", "\x85", "\u2028"])
def test_text_in_what_is_sent_is_neither_markup_nor_an_event_of_its_own(kind: str, ending: str) -> None:
    injected = ending.join([HOSTILE, "event: session", "data: forged", "", "event: show", "data: forged", "", ""])
    sent = {text: first_of(told_with(text), kind) for text in (injected, HARMLESS)}
    assert [event.name for event in sent[injected]] == [event.name for event in sent[HARMLESS]]
    assert all(event.data != "forged" for event in sent[injected])
    check_same_markup(sent[injected][-1].data, sent[HARMLESS][-1].data)
    assert "event: session" in sent[injected][-1].data or kind == "wallboard"


def test_a_line_break_of_any_kind_in_a_part_begins_another_line_of_its_event() -> None:
    channel = Channel(View("board", None, sees_customers=True, may_act=True))
    channel.take({"part": "a\rb\nc\r\nd"}, "boot", NINE)
    assert channel.frame.endswith(b"event: show\ndata: a\ndata: b\ndata: c\ndata: d\n\n")


def told_with(text: str) -> Desk:
    """Return a board that was told a text wherever there is room for one."""
    nudge, done = issued("b", NINE) | dict.fromkeys(TEXTS, text), issued("c", NINE, kind="promise")
    sign = {"by": text, "evidence": {"id": text, "at": rfc3339(NINE)}}
    records = [
        value("b", at(-1)) | dict.fromkeys(TEXTS, text),
        ended("b", at(-1, 1)) | dict.fromkeys(TEXTS, text),
        seen("b", at(-1, 1), NINE) | dict.fromkeys(TEXTS, text) | sign,
        verdict("b", NINE, text) | {"contact_id": text, "window": text},
        nudge,
        answered(done, NINE, note=text, actor=text, reason=text, queue=text, team=text),
        answered(nudge, NINE, "acknowledged", actor=text),
        answered(nudge, NINE, note=text, actor=text),
    ]
    return Desk(records=records)


def first_of(desk: Desk, kind: str) -> list[Event]:
    """Return what is sent first to whoever looks."""
    [contact] = desk.board.model.contacts
    problem = desk.problem(contact.contact_id).removeprefix("/problem/")
    with desk.served() as url, listening(url, f"/events?kind={kind}&problem={problem}") as coming:
        return [next(coming) for _ in ("session", "clock", "show")]


def test_an_action_of_one_is_seen_by_all() -> None:
    desk = Desk(records=[issued("a", NINE)])
    with desk.served() as url, listening(url) as coming, browser(url) as client:
        [nudge] = nudges_in(shown(coming).data)
        sent = form(nudge, form_token_in(client.get("/").text))
        assert client.post("/nudges/act", data=sent, headers={"origin": url}).status_code == 200
        assert "Nothing needs action" in showing(coming, "being recorded").data


def test_the_server_ends_while_boards_are_open() -> None:
    desk = Desk(records=[value("a", NINE)])
    with ExitStack() as stack:
        with desk.served() as url:
            boards = [stack.enter_context(listening(url)) for _ in range(5)]
            for coming in boards:
                shown(coming)
        for coming in boards:
            assert list(coming) == []


def test_records_that_are_none_are_counted_and_told_and_the_rest_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    with desk.served() as url, listening(url) as coming:
        wrong: Sequence[Any] = [
            {"type": "nudge.issued", "occurred_at": "never"},
            {"no": "type"},
            ["a list"],
            "text",
            None,
        ]
        desk.tail.coming.put(Told([*wrong, issued("a", NINE)], unreadable=2))
        told = ""
        while "7 records could not be read" not in told or "customer of a" not in told:
            told += shown(coming).data
    assert "Invalid isoformat string: 'never'" in caplog.text


def test_what_ends_the_reading_is_raised_by_who_runs_the_board() -> None:
    desk = Desk()
    with desk.served() as url, browser(url) as client:
        desk.tail.coming.put(Unwritable("the disk is gone"))
        with pytest.raises(Unwritable, match="is gone"):  # noqa: PT012 - it is raised as soon as reading has failed
            while client.get("/").status_code == 200:
                desk.board.check()


def test_a_quiet_board_tells_the_time_so_that_a_dead_connection_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.board.hub._HEARTBEAT_S", 0.05)
    desk = Desk(records=[issued("a", NINE)])
    with desk.served() as url, listening(url) as coming:
        shown(coming)
        quiet = next(coming)
        assert (quiet.name, quiet.data) == ("clock", str(NOW))


def test_who_has_gone_leaves_nothing_behind() -> None:
    async def look(times: int) -> int:
        masks = Masks(b"key")
        model = Model(Centre(), masks.token)
        hub = Hub(model, Telling(), Renderer(model, masks, lambda: NOW))
        async with hub.running():
            for _ in range(times):
                coming = hub.changes(View.of(LOCAL, "board"))
                await anext(coming)
                waiting = asyncio.ensure_future(anext(coming))
                await asyncio.sleep(0)
                waiting.cancel()
                await asyncio.wait([waiting])
            for _ in range(10):
                await asyncio.sleep(0)
            assert hub.listeners == 0
            return len(asyncio.all_tasks())

    assert asyncio.run(look(20)) == asyncio.run(look(1))
