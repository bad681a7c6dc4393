"""``outcome-monitor board`` as a process, by its settings: how people sign in, what of it they see, and who may not."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from streams.board.access.token_file import hash_of
from streams.cli.serving import listen
from tests.board_process import DB, Running, board_process, configure, history, plainly, told, until, wall_clock
from tests.boards import form_token_in, fresh, nudges_in, problems_in
from tests.cli import Cli
from tests.oidc_provider import CLIENT, SECRET, provider

OURS, THEIRS = "payments", "welcome"
ROLES = "roles: {lead: {sees_customers: true, may_act: true}, trainee: {}, manager: {all_teams: true}}"
TOKEN = "board_of_ada"  # noqa: S105 - of somebody in tests
PROXY = "hush, proxy"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the file of a monitor that knows of two teams."""
    made, now = tmp_path_factory.mktemp("board"), wall_clock()
    told(made, [event for team in (OURS, THEIRS) for event in history(plainly(team), now)], now)
    return made


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Cli:
    monkeypatch.chdir(folder)
    return Cli(monkeypatch, capsys)


def free_port() -> int:
    with listen("127.0.0.1", 0) as listening:
        return int(listening.getsockname()[1])


def write_tokens(folder: Path, **more: object) -> None:
    """Write the file of tokens: of a lead and a trainee of a team, and of a manager."""
    lead = {"name": "Ada", "teams": [OURS], "roles": ["lead"], "sha256": hash_of(TOKEN)} | more
    trainee = {"name": "Grace", "teams": [OURS], "roles": ["trainee"], "sha256": hash_of("grace")}
    manager = {"name": "Zoë", "roles": ["manager"], "sha256": hash_of("zoe")}
    lines = "".join(json.dumps(entry) + "\n" for entry in (lead, trainee, manager))
    (folder / "config" / "tokens.jsonl").write_text(lines, encoding="utf-8")


@contextmanager
def by_token(folder: Path, *, more: str = "") -> Iterator[Running]:
    (folder / "audit.jsonl").unlink(missing_ok=True)
    configure(folder, "access: none")
    write_tokens(folder)
    with board_process(folder, f"access: tokens, tokens: {{file: tokens.jsonl}}, {ROLES}{more}") as running:
        with running.browser(authorization="Bearer zoe") as manager:
            until(lambda: len(nudges_in(manager.get("/").text)) >= 2)
        yield running


@pytest.fixture(scope="module")
def here(folder: Path) -> Iterator[Running]:
    with by_token(folder) as running:
        yield running


def bearer(here: Running, token: str = TOKEN) -> httpx.Client:
    return here.browser(authorization=f"Bearer {token}")


def act(lead: httpx.Client, nudge: str, form_token: str, **more: str) -> httpx.Response:
    return lead.post("/nudges/acknowledge", data={"nudge_id": nudge, "form_token": form_token} | more)


def why_refused(here: Running) -> str:
    """Return why the last request was refused, as the audit log says."""
    line = here.log()[-1]
    assert line["result"] == "refused"
    return f"{line.get('who')} {line['what']}: {line['why']}"


def first_frame(lead: httpx.Client, path: str) -> str:
    with lead.stream("GET", path) as response:
        assert response.status_code == 200, response.read()
        text = ""
        for more in response.iter_text():
            text += more
            if "event: show" in text and text.endswith("\n\n"):
                break
    return text


# --- the command by its settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - it is what is asked
def test_where_other_machines_reach_it_the_command_refuses_unless_people_sign_in(
    cli: Cli, folder: Path, host: str
) -> None:
    configure(folder, "access: none")
    ran = cli("board", "--db", DB, "--host", host, "--port", 0)
    assert ran.code == 2
    assert "nobody has to sign in; set board.access to oidc, proxy or tokens, or listen on 127.0.0.1" in ran.err


def test_where_other_machines_reach_it_by_plain_http_the_command_refuses_too(cli: Cli, folder: Path) -> None:
    configure(folder, f"access: tokens, tokens: {{file: tokens.jsonl}}, {ROLES}")
    write_tokens(folder)
    ran = cli("board", "--db", DB, "--host", "0.0.0.0", "--port", 0)  # noqa: S104 - as above
    assert ran.code == 2
    assert "set board.url to the https:// address" in ran.err


@pytest.mark.parametrize("missing", ["authlib", "httpx", "joserfc"])
def test_what_open_id_needs_and_is_not_there_is_named_with_what_installs_it(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    configure(
        folder, f"access: oidc, url: 'http://127.0.0.1', oidc: {{issuer: 'http://127.0.0.1', client_id: a}}, {ROLES}"
    )
    monkeypatch.setitem(sys.modules, missing, None)
    ran = cli("board", "--db", DB, "--port", 0)
    assert ran.code == 2
    assert f"OpenID Connect needs {missing}: install them with pip install 'outcome-monitor[board]'" in ran.err


def test_a_file_of_tokens_that_is_wrong_is_told_before_anybody_is_served(cli: Cli, folder: Path) -> None:
    configure(folder, f"access: tokens, tokens: {{file: nowhere.jsonl}}, {ROLES}")
    ran = cli("board", "--db", DB, "--port", 0)
    assert ran.code == 2
    assert "nowhere.jsonl: can't be read (No such file or directory)" in ran.err


# --- a provider of OpenID Connect -----------------------------------------------------------------------------------


def test_a_lead_signs_in_at_the_provider_sees_their_team_acts_and_signs_out(folder: Path) -> None:
    (folder / "audit.jsonl").unlink(missing_ok=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with provider(wall_clock) as there:
        there.claims["teams"] = [OURS]
        section = (
            f'access: oidc, url: "{url}", {ROLES},'
            f' oidc: {{issuer: "{there.url}", client_id: {CLIENT}, client_secret_file: secret}}'
        )
        configure(folder, "access: none")
        (folder / "config" / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
        with board_process(folder, section, "--port", str(port)) as here, here.browser() as lead:
            asked = lead.get(f"/?team={OURS}")
            assert asked.headers["location"] == f"/sign-in?{urlencode({'next': f'/?team={OURS}'})}"
            lead.follow_redirects = True
            assert str(lead.get(f"/?team={OURS}").url) == f"{url}/?team={OURS}"
            until(lambda: nudges_in(lead.get("/").text) != [])
            page = lead.get("/").text
            assert "customer one of payments" in page
            assert THEIRS not in page + first_frame(lead, "/events")
            assert lead.get(f"/?team={THEIRS}").status_code == 404
            assert act(lead, nudges_in(page)[0], form_token_in(page)).status_code == 200
            assert "Acknowledged by Ada" in lead.get("/").text
            assert act(lead, nudges_in(page)[0], form_token_in(page)).status_code == 403, "a form is taken once"
            kept = dict(lead.cookies)
            out = lead.post("/sign-out", data={"form_token": form_token_in(lead.get("/").text)})
            assert (out.status_code, "Signed out" in out.text) == (200, True)
            lead.follow_redirects = False
            assert lead.get("/").status_code == 303
            assert lead.get("/", headers={"cookie": "; ".join(map("=".join, kept.items()))}).status_code == 303
            lines = [(line["what"], line["result"]) for line in here.log() if line.get("who") == "Ada"]
            for line in (
                ("sign-in", "in"),
                ("board", "200"),
                ("live board", "200"),
                ("acknowledge", "begun"),
                ("acknowledge", "200"),
                ("acknowledge", "refused"),
                ("sign-out", "out"),
            ):
                assert line in lines
            assert {line["way"] for line in here.log()} == {"oidc"}


# --- tokens ---------------------------------------------------------------------------------------------------------


def test_a_lead_sees_their_team_a_manager_every_team_and_neither_more_than_their_role_allows(here: Running) -> None:
    with bearer(here) as lead, bearer(here, "grace") as trainee, bearer(here, "zoe") as manager:
        lead_sees, trainee_sees, manager_sees = (who.get("/").text for who in (lead, trainee, manager))
    assert OURS in lead_sees
    assert OURS in trainee_sees
    assert "customer one of payments" in lead_sees
    assert THEIRS not in lead_sees + trainee_sees
    assert {OURS, THEIRS} <= set(re.findall(r'<option value="([^"]*)"', manager_sees))
    for page in (trainee_sees, manager_sees):
        assert "customer one" not in page
        assert re.search(r"Customer #[0-9a-f]{8}", page)
        assert "hx-post" not in page


def test_what_is_another_teams_is_as_little_there_as_what_is_nowhere(here: Running) -> None:
    with bearer(here, "zoe") as manager, bearer(here) as lead:
        theirs = manager.get(f"/?team={THEIRS}").text
        problem, nudge = problems_in(theirs)[0], nudges_in(theirs)[0]
        nowhere = lead.get("/problem/nowhere").text
        for path in (
            problem,
            f"/?team={THEIRS}",
            f"/wallboard?team={THEIRS}",
            f"/events?team={THEIRS}",
            f"/events?kind=wallboard&team={THEIRS}",
            f"/events?kind=problem&problem={problem.removeprefix('/problem/')}",
        ):
            assert manager.get(path).status_code == 200 if "/events" not in path else first_frame(manager, path)
            refused = lead.get(path)
            assert (refused.status_code, refused.text) == (404, nowhere), path
            assert why_refused(here).startswith("Ada ")
        for path in ("/", "/wallboard", "/events", "/events?kind=wallboard", f"/?queue=queue+of+{THEIRS}"):
            shown = lead.get(path).text if "/events" not in path else first_frame(lead, path)
            assert f"customer one of {THEIRS}" not in shown
            assert f"reason of {THEIRS}" not in shown
        token = form_token_in(lead.get("/").text)
        refused, unknown = act(lead, nudge, token), act(lead, "nowhere", fresh(token, 1))
        assert (refused.status_code, refused.text) == (unknown.status_code, unknown.text)
        assert refused.status_code == 404
    assert why_refused(here) == "Ada acknowledge: 404: unknown, or not their team's"


def test_who_may_not_act_is_refused_though_they_make_the_form_themselves(here: Running) -> None:
    with bearer(here, "grace") as trainee:
        page = trainee.get("/").text
        assert act(trainee, nudges_in(page)[0], form_token_in(page)).status_code == 403
    assert why_refused(here) == "Grace acknowledge: 403: may not act"


@pytest.mark.parametrize("kind", ["session", "token"])
def test_a_session_and_a_token_end_when_the_token_expires(here: Running, folder: Path, kind: str) -> None:
    with here.browser() if kind == "session" else bearer(here) as lead:
        if kind == "session":
            assert lead.post("/sign-in", data={"token": TOKEN}).status_code == 303
        assert lead.get("/").status_code == 200
        write_tokens(folder, expires="2026-01-01T00:00:00Z")
        try:
            assert lead.get("/").status_code == 303
            assert why_refused(here) == "Ada request: GET: the token has expired"
        finally:
            write_tokens(folder)


def test_a_token_that_nobody_has_is_refused(here: Running) -> None:
    with bearer(here, "guessed") as nobody:
        assert nobody.get("/").status_code == 303
        assert nobody.get("/events", headers={"accept": "text/event-stream"}).status_code == 401
    assert why_refused(here) == "None request: GET: the token is not known"
    assert "guessed" not in here.audit.read_text(encoding="ascii")


def test_a_session_lasts_as_long_as_the_settings_say_and_a_body_may_be_as_large(folder: Path) -> None:
    with by_token(folder, more=", max_body: 1 KiB, session: 2m") as here, bearer(here) as lead:
        cookie = lead.post("/sign-in", data={"token": TOKEN}).headers["set-cookie"]
        lasts = re.search(r"Max-Age=(\d+);", cookie)
        assert lasts is not None
        assert int(lasts[1]) in range(121)
        page = lead.get("/").text
        assert act(lead, nudges_in(page)[0], form_token_in(page), note="x" * 1_024).status_code == 413
        assert why_refused(here) == "Ada request: POST: The request has more than 1024 bytes."


# --- a proxy --------------------------------------------------------------------------------------------------------


def test_only_the_proxy_says_who_comes_wherever_the_board_listens(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "audit.jsonl").unlink(missing_ok=True)
    monkeypatch.setenv("OUTCOME_MONITOR__SECRETS__PROXY_SECRET", PROXY)
    section = f'access: proxy, url: "https://board.example", proxies: [127.0.0.2], {ROLES}'
    lead = {"x-forwarded-user": "Ada", "x-forwarded-teams": OURS, "x-forwarded-roles": "lead"}
    forged = (lead, lead | {"x-proxy-secret": ""}, lead | {"x-proxy-secret": f"{PROXY}!"})
    everywhere = ("--host", "0.0.0.0", "--port", "0")  # noqa: S104 - where a proxy reaches it
    with board_process(folder, section, *everywhere) as here:

        def ask(headers: dict[str, str], address: str) -> httpx.Response:
            sent = headers | {"host": "board.example", "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"}
            with httpx.Client(transport=httpx.HTTPTransport(local_address=address)) as client:
                return client.get(here.url, headers=sent)

        signed = lead | {"x-proxy-secret": PROXY}
        until(lambda: "customer one of payments" in ask(signed, "127.0.0.2").text)
        assert THEIRS not in ask(signed, "127.0.0.2").text
        assert ask(signed, "127.0.0.2").headers["strict-transport-security"]
        assert here.log()[-1]["address"] == "203.0.113.7"
        for headers in forged:
            assert ask(headers, "127.0.0.2").status_code == 403
            assert why_refused(here) == "None request: GET: the proxy's headers come without its secret"
        assert ask(signed, "127.0.0.1").status_code == 403
        assert (
            why_refused(here) == "None request: GET: the proxy's headers come from 127.0.0.1, which is no proxy of ours"
        )
        assert here.log()[-1]["address"] == "127.0.0.1"
        assert ask({}, "127.0.0.2").status_code == 401


def test_a_restart_signs_everybody_out(folder: Path) -> None:
    with by_token(folder) as here, here.browser() as lead:
        assert lead.post("/sign-in", data={"token": TOKEN}).status_code == 303
        kept = dict(lead.cookies)
    with by_token(folder) as here, here.browser() as lead:
        assert lead.get("/", headers={"cookie": "; ".join(map("=".join, kept.items()))}).status_code == 303
        assert why_refused(here) == "None request: GET: no such session"
