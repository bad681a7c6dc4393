"""Events whose every text would be more than text, read by the engine and shown by ``outcome-monitor board``."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import httpx
import pytest

from tests.board_process import Running, board_process, history, told, until, wall_clock
from tests.boards import problems_in
from tests.markup import HARMLESS, HOSTILE, check_same_markup, tells


def with_text(text: str) -> Callable[[str], str]:
    """Return what gives each field a text of its own; a note may have lines."""
    return lambda field: f"{field}\r\n\nevent: session\rdata: {text}\r\r" if field == "note" else f"{field} {text}"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder, now = tmp_path_factory.mktemp("board"), wall_clock()
    told(folder, [event for text in (HOSTILE, HARMLESS) for event in history(with_text(text), now)], now)
    with board_process(folder, "access: none") as running:
        with running.browser() as lead:
            until(lambda: problems_in(lead.get("/").text) != [])
            until(lambda: "Reading the log" not in lead.get("/").text)
        yield running


def of_team(path: str, text: str) -> str:
    joined = "&" if "?" in path else "?"
    return f"{path}{joined}{urlencode({'team': with_text(text)('team')})}"


@pytest.mark.parametrize("path", ["/", "/wallboard"])
def test_a_board_is_the_same_but_for_its_texts(here: Running, path: str) -> None:
    with here.browser() as lead:
        hostile, harmless = (lead.get(of_team(path, text)) for text in (HOSTILE, HARMLESS))
    assert hostile.status_code == 200
    check_same_markup(hostile.text, harmless.text)
    told_of = {
        "/": ["queue", "team", "reason", "channel", "customer one", "again of one", "actor"],
        "/wallboard": ["queue"],
    }
    for field in told_of[path]:
        assert tells(hostile.text, with_text(HOSTILE)(field)), field
    assert path != "/" or tells(hostile.text, f"data: {HOSTILE}"), "the note"


def test_a_problem_is_the_same_but_for_its_texts(here: Running) -> None:
    with here.browser() as lead:
        hostile, harmless = (
            [lead.get(problem).text for problem in problems_in(lead.get(of_team("/", text)).text)]
            for text in (HOSTILE, HARMLESS)
        )
    assert len(hostile) == len(harmless) >= 1
    for page, other in zip(hostile, harmless, strict=True):
        check_same_markup(page, other)
    for field in ("customer one", "before of one", "again of one", "queue", "team", "channel", "reason"):
        assert tells(hostile[0], with_text(HOSTILE)(field)), field


@pytest.mark.parametrize("kind", ["board", "wallboard"])
def test_what_is_sent_is_the_same_but_for_its_texts(here: Running, kind: str) -> None:
    hostile, harmless = (first_events(here, of_team(f"/events?kind={kind}", text)) for text in (HOSTILE, HARMLESS))
    assert [name for name, _ in hostile] == [name for name, _ in harmless] == ["session", "clock", "show"]
    check_same_markup(hostile[-1][1], harmless[-1][1])


def first_events(here: Running, path: str) -> list[tuple[str, str]]:
    """Return the first three events of a stream, by the rules of its specification."""
    with here.browser() as lead, lead.stream("GET", path) as response:
        text = ""
        for more in response.iter_text():
            text += more
            blocks = re.split(r"(?:\r\n|\r|\n){2}", text)
            if len(blocks) > 3:  # the last is not complete
                break
    events = []
    for block in blocks[:3]:
        fields = [line.partition(": ") for line in re.split("\r\n|\r|\n", block)]
        data = "\n".join(value for name, _, value in fields if name == "data")
        events.append((next(value for name, _, value in fields if name == "event"), data))
    return events


def test_answers_and_refusals_are_texts_too(here: Running) -> None:
    with here.browser() as lead:
        for response in (lead.get(f"/?{urlencode({'team': HOSTILE * 9})}"), lead.get(f"/problem/{HOSTILE}")):
            assert response.status_code == 404
            check_same_markup(response.text, lead.get("/nowhere").text)
        for response in (foreign(lead), lead.get("/", headers={"host": "<script>alert(1)</script>"})):
            assert response.status_code in {400, 403, 421}
            assert "<script>" not in response.text


def foreign(lead: httpx.Client) -> httpx.Response:
    return lead.post("/nudges/act", data={"note": HOSTILE}, headers={"origin": "http://<script>alert(1)</script>"})


def test_neither_addresses_nor_the_audit_log_have_an_id_of_a_customer_or_a_contact(here: Running) -> None:
    with here.browser() as lead:
        page = lead.get(of_team("/", HARMLESS)).text
        assert f"customer one {HARMLESS}" in page
        for problem in problems_in(page):
            page += lead.get(problem).text
    addresses = re.findall(r'(?:href|action|data-live|hx-post|formaction|src)="([^"]*)"', page)
    kept = here.audit.read_text(encoding="ascii")
    assert {"board", "problem"} <= {line["what"] for line in here.log()}
    for id_ in ("customer one", "customer two", "before of", "again of"):
        assert id_ not in kept
        assert not any(id_.replace(" ", "+") in address or id_.replace(" ", "%20") in address for address in addresses)
    assert all(" " <= character <= "~" or character == "\n" for character in kept)
