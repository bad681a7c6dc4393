"""What a board sends to those who look: the whole first, then what changes, rendered once for all of them."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import httpx
import pytest

from streams.board.hub import Hub
from streams.board.masks import Masks
from streams.board.model import Centre, Model
from streams.board.rendering import Renderer
from streams.board.viewer import LOCAL
from streams.board.views import View
from tests.board import at, issued, value
from tests.boards import NOW, Desk, Telling, csrf_of, nudges_in, viewer

NINE = at(hours=9)
THEIRS = "onboarding/welcome/chat"


class Event(NamedTuple):
    name: str
    id: str
    data: str


@contextmanager
def listening(url: str, path: str = "/events", **headers: str) -> Iterator[Iterator[Event]]:
    """Look at a board; yield what it sends."""
    with (
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
        client.stream("GET", path, headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        yield events(response.iter_lines())


def events(lines: Iterator[str]) -> Iterator[Event]:
    said: dict[str, list[str]] = {}
    for line in lines:
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
    desk = Desk(viewer("payments"))
    with desk.served() as url, listening(url) as coming:
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
    with Desk(records=[*records, *records]).served() as url, listening(url, **{"last-event-id": before.id}) as coming:
        after = shown(coming)
    assert nudges_in(after.data) == nudges_in(before.data) != []
    assert after.id != before.id


def test_a_page_from_before_a_restart_is_told_what_its_forms_must_bring_now() -> None:
    desk = Desk(records=[issued("a", NINE)])
    page = desk.client.page()
    cookie = "; ".join(f"{name}={text}" for name, text in desk.client.cookies.items())
    with desk.served() as url, listening(url, cookie=cookie) as coming:
        session = next(event for event in coming if event.name == "session")
    assert session.data == csrf_of(page)


def test_a_view_is_rendered_once_however_many_look_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[View] = []
    fragments = Renderer.fragments

    def counted(self: Renderer, view: View) -> Mapping[str, str]:
        rendered.append(view)
        return fragments(self, view)

    monkeypatch.setattr(Renderer, "fragments", counted)
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
        assert len(set(rendered)) == 2


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


def test_an_action_of_one_is_seen_by_all() -> None:
    desk = Desk(records=[issued("a", NINE)])
    with desk.served() as url, listening(url) as coming, httpx.Client(base_url=url, trust_env=False) as client:
        [nudge] = nudges_in(shown(coming).data)
        form = {
            "nudge_id": nudge,
            "note": "done",
            "csrf": csrf_of(client.get("/").text),
            "form_token": "0123456789abcdef",
        }
        assert client.post("/nudges/act", data=form).status_code == 200
        assert "Nothing needs action" in showing(coming, "being recorded").data


def test_who_may_see_less_from_now_on_is_let_go() -> None:
    desk = Desk(records=[issued("a", NINE)])
    with desk.served() as url, listening(url) as coming:
        shown(coming)
        desk.viewer = viewer("welcome")
        desk.tail.coming.put([issued("b", NINE)])
        assert not any("customer of b" in event.data for event in coming)


def test_the_server_ends_while_boards_are_open() -> None:
    desk = Desk(records=[value("a", NINE)])
    with ExitStack() as stack:
        with desk.served() as url:
            boards = [stack.enter_context(listening(url)) for _ in range(5)]
            for coming in boards:
                shown(coming)
        for coming in boards:
            assert list(coming) == []


def test_what_ends_the_reading_is_raised_by_who_runs_the_board() -> None:
    desk = Desk()
    with desk.served() as url, httpx.Client(base_url=url, trust_env=False) as client:
        desk.tail.coming.put([{"type": "nudge.issued", "occurred_at": "never"}])
        with pytest.raises(ValueError, match="never"):  # noqa: PT012 - it is raised as soon as the record has been read
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
                coming = hub.changes(View.of(LOCAL, "board"), lambda: True)
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
