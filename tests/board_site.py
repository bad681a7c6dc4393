"""The board behind its entrance, over HTTP, with two nudges of each of two teams: what people who sign in see of it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx

from streams.board.access.config import AccessConfig, Role, Way
from streams.board.masks import Masks
from streams.cli.serving import listen, serving
from streams.domain.events import ActionTaken
from streams.domain.units import MINUTE, Millis
from tests.board import issued
from tests.boards import KEY, NOW, SALT, Desk, audit_of, form_token_in, fresh

ROLES: Final = {
    "lead": Role(sees_customers=True, may_act=True),
    "watcher": Role(),
    "manager": Role(all_teams=True),
}
OURS: Final = "billing/payments/voice"
THEIRS: Final = "onboarding/welcome/chat"
RECORDS: Final = [issued(f"{place}-{n}", NOW, place=place) for place in (OURS, THEIRS) for n in (1, 2)]


@dataclass
class Clock:
    """A clock that tests move."""

    at: Millis = NOW + MINUTE

    def __call__(self) -> Millis:
        return self.at


class Seen(NamedTuple):
    """What a page says of who looks at it: the teams to choose from (``None``: all), whether there are customers."""

    name: str
    teams: list[str] | None
    sees_customers: bool
    may_act: bool


def seen(response: httpx.Response) -> Seen:
    """Return what a board shows of who looks at it."""
    assert response.status_code == 200, response.text
    page = response.text
    name = re.search(r'<div class="who">.*</span> · (.*)', page)
    assert name
    teams = re.findall(r'<option value="([^"]+)"', page.split('<select name="queue">')[0])
    theirs = sorted(teams) if "all of yours" in page else None
    return Seen(name[1], theirs, "customer of" in page, '<dialog id="answer"' in page)


@dataclass
class Board:
    """A board that runs, and who looks at it."""

    client: httpx.Client
    clock: Clock
    audit: Path
    desk: Desk

    def __post_init__(self) -> None:
        self._once = count(1)

    @property
    def url(self) -> str:
        return str(self.client.base_url).rstrip("/")

    @property
    def acted(self) -> list[ActionTaken]:
        return self.desk.actions

    def get(self, path: str = "/", **headers: str) -> httpx.Response:
        sent = {"accept": "text/html"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(path, headers=sent)

    def token(self, **headers: str) -> str:
        """Return the token of a form that the board shows, with a nonce of its own."""
        return fresh(form_token_in(self.get("/", **headers).text), next(self._once))

    def act(self, token: str | None = None, origin: str | None = "", **headers: str) -> httpx.Response:
        """Send the form of an action about the next nudge, as a page of the board would."""
        form = {"nudge_id": Masks(KEY).token(RECORDS[len(self.acted)]["nudge_id"]), "note": "called back"}
        if token is not None:
            form["form_token"] = token
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if origin is not None:
            sent["origin"] = origin or self.url
        return self.client.post("/nudges/act", data=form, headers=sent)

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the audit log."""
        return audit_of(self.audit)

    def refusals(self) -> list[str]:
        """Return why requests were refused."""
        return [line["why"] for line in self.log() if line["result"] == "refused"]


@contextmanager
def board(way: Way, folder: Path, clock: Clock | None = None, **config: object) -> Iterator[Board]:
    """Run a board that people sign in to in some way, with settings as a test asks for."""
    clock = clock or Clock()
    audit = folder / "audit.jsonl"
    listening = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    chosen = replace(AccessConfig(way, SALT, ROLES, url=url, audit=audit), **config)  # type: ignore[arg-type] # of any field
    desk = Desk(records=RECORDS, access=chosen)
    desk.clock = clock
    with serving(desk.board.app, listening, lifespan="on") as server:
        try:
            with httpx.Client(base_url=server.url, trust_env=False) as client:
                yield Board(client, clock, audit, desk)
        finally:
            desk.board.close()
