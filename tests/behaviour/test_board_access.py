"""Getting in to the board by a proxy or a token, over HTTP; and what keeps everything else out."""

import json
import os
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from streams.board.access.config import Proxy, Tokens
from streams.board.access.token_file import TokenEntry, hash_of, new_token
from streams.contracts.times import rfc3339
from streams.domain.units import HOUR, MINUTE
from tests.board import issued
from tests.board_site import OURS, Board, Clock, Seen, board, seen
from tests.boards import LOOPBACK, NOW, PROXY_SECRET

BY_PROXY = {
    "x_forwarded_user": "Ada",
    "x_forwarded_teams": "payments, welcome",
    "x_forwarded_roles": "lead",
    "x_proxy_secret": PROXY_SECRET,
}
TOKEN = new_token()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[Board]:
    with board(Proxy(PROXY_SECRET), tmp_path, proxies=LOOPBACK) as running:
        yield running


def entry(token: str = TOKEN, **more: object) -> str:
    told = {"name": "Ada", "teams": ["payments"], "roles": ["lead"], "sha256": hash_of(token)} | more
    return json.dumps(told) + "\n"


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.jsonl"
    path.write_text(entry(), encoding="utf-8")
    return path


@pytest.fixture
def here(tokens: Path, tmp_path: Path, clock: Clock) -> Iterator[Board]:
    with board(Tokens(tokens), tmp_path, clock) as running:
        yield running


def sign_in(here: Board, token: str = TOKEN, origin: str | None = None) -> int:
    headers = {"origin": origin or here.url}
    return here.client.post("/sign-in?next=/wallboard", data={"token": token}, headers=headers).status_code


# A proxy


def test_a_proxy_says_who_is_there(proxied: Board) -> None:
    everything = Seen("Ada", ["payments", "welcome"], sees_customers=True, may_act=True)
    assert seen(proxied.get("/", **BY_PROXY)) == everything
    assert [(line["who"], line["way"]) for line in proxied.log()] == [("Ada", "proxy")]


@pytest.mark.parametrize("secret", ["", "hush", PROXY_SECRET + "!", "hüsh"])
def test_headers_without_the_secret_are_refused_and_logged(proxied: Board, secret: str) -> None:
    response = proxied.client.get("/", headers=[(b"x-forwarded-user", b"Ada"), (b"x-proxy-secret", secret.encode())])
    assert response.status_code == 403
    assert proxied.refusals() == ["GET: the proxy's headers come without its secret"]


def test_headers_from_elsewhere_are_refused_though_the_secret_is_right(tmp_path: Path) -> None:
    with board(Proxy(PROXY_SECRET), tmp_path, proxies=(ip_network("10.0.0.0/8"),)) as running:
        assert running.get("/", **BY_PROXY, x_forwarded_for="10.0.0.1").status_code == 403
        assert running.refusals() == ["GET: the proxy's headers come from 127.0.0.1, which is no proxy of ours"]
        assert running.log()[0]["address"] == "127.0.0.1"


def test_who_comes_by_the_proxy_without_having_signed_in_sees_nothing(proxied: Board) -> None:
    assert proxied.get("/", x_proxy_secret=PROXY_SECRET).status_code == 403
    assert proxied.get().status_code == 401


@pytest.mark.parametrize("name", ["x-forwarded-user", "x-forwarded-roles", "x-proxy-secret"])
def test_a_header_that_comes_twice_is_refused(proxied: Board, name: str) -> None:
    headers = [(key.replace("_", "-"), value) for key, value in BY_PROXY.items()]
    assert proxied.client.get("/", headers=[*headers, (name, "manager")]).status_code == 403
    assert "2 times" in proxied.refusals()[0]


@pytest.mark.parametrize("roles", ["", "gardener", "lead;manager", "*"])
def test_a_proxy_that_names_no_known_role_shows_nothing(proxied: Board, roles: str) -> None:
    assert proxied.get("/", **(BY_PROXY | {"x_forwarded_roles": roles})).status_code == 403


def test_teams_that_nobody_knows_are_no_more_than_named(proxied: Board) -> None:
    for told, teams in (("*, unheard of", ["*", "unheard of"]), ("", [])):
        found = seen(proxied.get("/", **(BY_PROXY | {"x_forwarded_teams": told})))
        assert (found.teams, found.sees_customers) == (teams, False)


def test_names_in_any_letters_come_through_and_do_not_break_the_log(proxied: Board) -> None:
    name = "Zoë 山田 \x85"
    user = name.encode()
    headers = [(key.replace("_", "-").encode(), value.encode()) for key, value in BY_PROXY.items()]
    sent = [(key, user if key == b"x-forwarded-user" else value) for key, value in headers]
    assert proxied.client.get("/", headers=sent).status_code == 403  # for its control character
    whole = [(key, "Zoë 山田".encode() if key == b"x-forwarded-user" else value) for key, value in headers]
    assert proxied.client.get("/", headers=whole).text.count("Zoë 山田") == 1
    assert len(proxied.audit.read_bytes().splitlines()) == len(proxied.log()) == 2
    assert proxied.audit.read_bytes().isascii()


def test_the_address_of_a_visitor_is_the_last_one_that_no_proxy_has(tmp_path: Path) -> None:
    with board(Proxy(PROXY_SECRET), tmp_path, proxies=(*LOOPBACK, ip_network("10.0.0.0/8"))) as running:
        for forwarded in ("203.0.113.9", "192.0.2.1, 203.0.113.9, 10.0.0.2", "made up, 203.0.113.9"):
            running.get("/", **BY_PROXY, x_forwarded_for=forwarded)
        running.get("/", **BY_PROXY, x_forwarded_for="203.0.113.9, made up")
        running.get("/", **BY_PROXY)
        assert [line["address"] for line in running.log()] == [*["203.0.113.9"] * 3, "127.0.0.1", "127.0.0.1"]


def test_actions_by_way_of_a_proxy_need_a_token_of_whoever_acts(proxied: Board) -> None:
    token = proxied.token(**BY_PROXY)
    grace = BY_PROXY | {"x_forwarded_user": "Grace"}
    assert proxied.act(token, **grace).status_code == 403
    assert proxied.act(token, **BY_PROXY).status_code == 200
    assert [acted.actor for acted in proxied.acted] == ["Ada"]


# Tokens


def test_a_token_in_the_form_begins_a_session(here: Board) -> None:
    assert here.get().headers["location"] == "/sign-in?next=%2F"
    assert 'type="password"' in here.get("/sign-in").text
    assert sign_in(here) == 303
    assert seen(here.get()).teams == ["payments"]
    assert [(line["what"], line["who"]) for line in here.log()] == [("sign-in", "Ada"), ("board", "Ada")]


def test_a_token_with_each_request_needs_no_session(here: Board) -> None:
    assert seen(here.get("/", authorization=f"Bearer {TOKEN}")).name == "Ada"
    assert not here.client.cookies


def test_whoever_has_not_signed_in_is_told_so_where_no_page_is_wanted(here: Board) -> None:
    response = here.client.get("/", headers={"accept": "text/event-stream"})
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert here.act("any").status_code == 401
    assert here.client.head("/").status_code == 401


def test_a_token_that_is_not_known_is_refused_logged_and_not_quoted(here: Board) -> None:
    assert sign_in(here, "board_guessed") == 401
    assert here.get("/", authorization="Bearer board_guessed", accept="*/*").status_code == 401
    assert here.refusals() == ["POST: the token is not known", "GET: the token is not known"]
    assert b"guessed" not in here.audit.read_bytes()


def test_an_expired_token_is_refused_and_logged(here: Board, tokens: Path, clock: Clock) -> None:
    tokens.write_text(entry(expires=rfc3339(clock.at + HOUR)), encoding="utf-8")
    assert sign_in(here) == 303
    clock.at += HOUR - 1
    assert here.get().status_code == 200
    clock.at += 1
    assert here.get().status_code == 303
    assert sign_in(here) == 401
    assert here.refusals() == ["GET: the session has expired", "POST: the token has expired"]


def test_a_token_that_is_taken_out_of_the_file_ends_its_sessions(here: Board, tokens: Path) -> None:
    sign_in(here)
    tokens.write_text("", encoding="utf-8")
    assert here.get().status_code == 303
    assert here.refusals() == ["GET: the token is not known"]


def test_a_role_that_is_taken_from_a_token_ends_what_it_allowed(here: Board, tokens: Path) -> None:
    sign_in(here)
    tokens.write_text(entry(roles=["watcher"]), encoding="utf-8")
    assert seen(here.get()) == Seen("Ada", ["payments"], sees_customers=False, may_act=False)


def test_a_file_that_is_broken_later_lets_nobody_in_and_says_why_in_the_log(here: Board, tokens: Path) -> None:
    sign_in(here)
    tokens.write_text(entry() + '{"name": "Grace"}\n', encoding="utf-8")
    response = here.get()
    assert response.status_code == 503
    assert str(tokens) not in response.text
    assert f"{tokens}:2: sha256: Field required" in here.refusals()[0]


def test_whoever_fails_too_often_waits_with_the_right_token_too(here: Board, clock: Clock) -> None:
    for _ in range(5):
        assert sign_in(here, "wrong") == 401
    clock.at += 1_500
    response = here.client.get("/", headers={"authorization": f"Bearer {TOKEN}"})
    assert (response.status_code, response.headers["retry-after"]) == (429, "59")
    assert "too often" in here.refusals()[-1] or "failures" in here.refusals()[-1]
    clock.at += MINUTE - 1_500
    assert sign_in(here) == 303


def test_who_fails_at_one_address_does_not_keep_others_out(tokens: Path, tmp_path: Path) -> None:
    with board(Tokens(tokens), tmp_path, proxies=LOOPBACK) as running:
        for _ in range(5):
            running.get("/", authorization="Bearer wrong", x_forwarded_for="2001:db8::1")
        refused = running.get("/", authorization=f"Bearer {TOKEN}", x_forwarded_for="2001:db8::2")
        assert refused.status_code == 429  # a neighbour in the same network, which one customer has
        other = running.get("/", authorization=f"Bearer {TOKEN}", x_forwarded_for="2001:db8:0:1::1")
        assert other.status_code == 200


def test_signing_in_can_not_be_had_done_by_another_site(here: Board) -> None:
    assert sign_in(here, origin="https://elsewhere.example") == 403
    assert not here.client.cookies


# What is live


def take_out(_: Board, tokens: Path) -> None:
    tokens.write_text("", encoding="utf-8")


def take_team(_: Board, tokens: Path) -> None:
    tokens.write_text(entry(teams=[]), encoding="utf-8")


def expire(here: Board, _: Path) -> None:
    here.clock.at += 12 * HOUR


def sign_out(here: Board, _: Path) -> None:
    form = {"form_token": here.token()}
    assert here.client.post("/sign-out", data=form, headers={"origin": here.url}).status_code == 200


@pytest.mark.parametrize("end", [take_out, take_team, expire, sign_out])
def test_what_is_live_ends_with_what_allowed_it(here: Board, tokens: Path, end: Callable[[Board, Path], None]) -> None:
    sign_in(here)
    with here.client.stream("GET", "/events") as response:
        lines = response.iter_lines()
        assert any(f"customer of {OURS}-1" in line for line in lines)
        end(here, tokens)
        here.desk.tail.coming.put([issued("new", NOW)])
        assert not any("customer of new" in line for line in lines)
    live = [(line["who"], line["result"]) for line in here.log() if line["what"] == "live board"]
    assert live == [("Ada", "200"), ("Ada", "ended")]
    assert here.desk.board._hub.listeners == 0  # noqa: SLF001 - nothing is rendered for whoever is gone


def test_what_is_live_goes_on_for_whom_it_is_allowed(here: Board) -> None:
    sign_in(here)
    with here.client.stream("GET", "/events") as response:
        lines = response.iter_lines()
        assert any(f"customer of {OURS}-1" in line for line in lines)
        here.desk.tail.coming.put([issued("new", NOW)])
        assert any("customer of new" in line for line in lines)
    assert here.refusals() == []


def test_what_is_live_by_way_of_a_proxy_is_asked_for_again_so_that_the_proxy_can_refuse(tmp_path: Path) -> None:
    clock = Clock()
    with board(Proxy(PROXY_SECRET), tmp_path, clock, proxies=LOOPBACK) as running:
        sent = {name.replace("_", "-"): value for name, value in BY_PROXY.items()}
        with running.client.stream("GET", "/events", headers=sent) as response:
            lines = response.iter_lines()
            assert any(f"customer of {OURS}-1" in line for line in lines)
            clock.at += 5 * MINUTE
            running.desk.tail.coming.put([issued("new", NOW)])
            assert not any("customer of new" in line for line in lines)
        assert [line["result"] for line in running.log()] == ["200"]


# Actions


def test_an_action_is_done_and_logged_before_and_after(here: Board) -> None:
    sign_in(here)
    assert here.act(here.token()).status_code == 200
    (acted,) = here.acted
    assert (acted.actor, acted.note) == ("Ada", "called back")
    lines = [line for line in here.log() if line["what"] == "act"]
    assert [line["result"] for line in lines] == ["begun", "200"]
    assert len({line["subject"] for line in lines}) == 1
    assert {line["place"] for line in lines} == {"team=payments&queue=billing"}
    assert b"repeat:" not in here.audit.read_bytes()


def test_a_form_is_taken_once(here: Board) -> None:
    sign_in(here)
    one, two = here.token(), here.token()
    assert [here.act(token).status_code for token in (one, one, two)] == [200, 403, 200]
    assert len(here.acted) == 2
    [refusal] = [line for line in here.log() if line["result"] == "refused"]
    assert (refusal["who"], refusal["what"]) == ("Ada", "act")
    assert refusal["why"] == "POST: the form token was used before"


def test_a_form_may_be_sent_by_a_script_with_the_token_in_a_header(here: Board) -> None:
    sign_in(here)
    assert here.act(x_form_token=here.token()).status_code == 200


@pytest.mark.parametrize(
    "mend",
    [
        lambda _: None,
        lambda _: "",
        lambda token: token + "0",
        lambda token: token.partition(".")[2],
        lambda token: token[20:],
        lambda token: f"{token.partition('.')[0]}\n.{token.partition('.')[2]}",
        lambda _: f"{'0' * 32}.99999999999999.{'0' * 64}",
    ],
)
def test_a_form_without_a_token_of_ours_is_refused(here: Board, mend: Callable[[str], str | None]) -> None:
    sign_in(here)
    assert here.act(mend(here.token())).status_code == 403
    assert here.acted == []


def test_a_form_of_another_session_is_refused(here: Board) -> None:
    sign_in(here)
    token = here.token()
    sign_in(here)
    assert here.act(token).status_code == 403


def test_a_form_that_is_too_old_is_refused(here: Board, clock: Clock) -> None:
    authorization = f"Bearer {TOKEN}"
    token = here.token(authorization=authorization)
    clock.at += 12 * HOUR
    assert here.act(token, authorization=authorization).status_code == 403
    assert here.refusals() == ["POST: the form token has expired"]


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("https://elsewhere.example", None),
        ("null", None),
        ("null", "cross-site"),
        (None, None),
        (None, "same-site"),
        (None, "cross-site"),
        ("", "cross-site"),
    ],
)
def test_an_action_that_no_page_of_ours_asked_for_is_refused_and_logged(
    here: Board, origin: str | None, site: str | None
) -> None:
    sign_in(here)
    headers = {} if site is None else {"sec_fetch_site": site}
    token = here.token()
    assert here.act(token, origin, **headers).status_code == 403
    assert len(here.refusals()) == 1
    assert here.acted == []
    assert here.act(token).status_code == 200, "a refusal elsewhere must not spend the token"


@pytest.mark.parametrize("origin", ["null", None, ""])
def test_an_action_of_a_page_that_sends_no_referrer_is_known_by_what_the_browser_says(
    here: Board, origin: str | None
) -> None:
    sign_in(here)
    assert here.act(here.token(), origin, sec_fetch_site="same-origin").status_code == 200


def test_a_program_need_not_say_where_it_comes_from(here: Board) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert here.act(here.token(**headers), None, **headers).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example",
        "127.0.0.1.elsewhere.example",
        "",
        "127.0.0.1@elsewhere.example",
        "elsewhere.example@127.0.0.1",
        "127.0.0.1/static/?",
        "127.0.0.1#",
    ],
)
def test_a_request_for_another_host_is_refused(here: Board, host: str) -> None:
    assert here.get("/", host=host, authorization=f"Bearer {TOKEN}").status_code in {400, 421}


def test_a_form_that_has_a_field_twice_is_refused(here: Board) -> None:
    sign_in(here)
    token = here.token()
    body = f"form_token={token}&nudge_id=a&nudge_id=b"
    headers = {"origin": here.url, "content-type": "application/x-www-form-urlencoded"}
    assert here.client.post("/act", content=body, headers=headers).status_code == 400
    assert here.acted == []


# Bodies


def body(here: Board, content: bytes | Iterator[bytes]) -> int:
    headers = {"origin": here.url, "x-form-token": here.token(), "content-type": "text/plain"}
    return here.client.post("/nudges/act", content=content, headers=headers).status_code


def test_a_body_up_to_the_limit_is_taken_and_a_larger_one_is_refused_and_logged(here: Board) -> None:
    sign_in(here)
    assert body(here, b"x" * 16_384) == 404, "it names no nudge"
    assert body(here, b"x" * 16_385) == 413
    assert here.refusals()[1:] == ["POST: The request has more than 16384 bytes."]
    assert here.log()[-1]["who"] == "Ada"


def test_a_body_that_does_not_say_how_large_it_is_is_counted_as_it_comes(here: Board) -> None:
    sign_in(here)
    assert body(here, iter([b"x" * 8_192] * 2)) == 404
    assert body(here, iter([b"x" * 8_192] * 3)) == 413


# Nobody


def test_where_nobody_signs_in_this_machine_is_one_viewer_who_sees_all(tmp_path: Path) -> None:
    with board(None, tmp_path, url=None) as running:
        assert seen(running.get()) == Seen("local", None, sees_customers=True, may_act=True)
        assert running.act(running.token()).status_code == 200
        assert running.act(running.token(), "http://elsewhere.example").status_code == 403
        assert running.get("/", host="elsewhere.example").status_code == 421


def test_where_nobody_signs_in_a_proxy_brings_in_nobody(tmp_path: Path) -> None:
    with board(None, tmp_path, proxies=LOOPBACK) as running:
        assert running.get("/", x_forwarded_for="203.0.113.9").status_code == 403


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "via", "x_real_ip", "x_forwarded_host"])
def test_where_nobody_signs_in_a_proxy_that_is_not_known_brings_in_nobody(tmp_path: Path, header: str) -> None:
    with board(None, tmp_path, url=None) as running:
        assert running.get("/", **{header: "127.0.0.1"}).status_code == 403
        assert "by a proxy" in running.refusals()[0]


# What goes with every response, and the log


def test_every_response_tells_the_browser_what_it_must_not_do(here: Board) -> None:
    sign_in(here)
    found = [here.get(), here.get("/nowhere"), here.get("/static/board.css"), here.act(None), here.get("/sign-in")]
    for response in found:
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';")
        assert "unsafe" not in policy
        for part in ("connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
            assert part in policy.split("; ")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cache-control"] == ("no-cache" if "/static/" in str(response.url) else "no-store")
        assert "strict-transport-security" not in response.headers
    assert [response.status_code for response in found] == [200, 404, 200, 403, 200]


def test_styles_are_shown_to_anyone_and_nothing_else_is(here: Board) -> None:
    assert here.get("/static/board.css").status_code == 200
    assert here.client.post("/static/board.css").status_code == 401
    assert here.get("/nowhere").status_code == 303
    assert here.get("/static/../").status_code == 303


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told_and_nothing_is_shown_or_done(tokens: Path, tmp_path: Path) -> None:
    authorization = f"Bearer {TOKEN}"
    with board(Tokens(tokens), tmp_path) as running:
        running.audit.touch()
        running.audit.rename(tmp_path / "older.jsonl")
        token = running.token(authorization=authorization)
        running.audit.unlink()
        running.audit.symlink_to("/dev/full")
        for response in (
            running.get("/", authorization=authorization),
            running.act(token, authorization=authorization),
        ):
            assert response.status_code == 503
            assert "No space left on device" in response.text
            assert "Ada" not in response.text
        assert sign_in(running) == 503
        assert not running.client.cookies
        assert running.acted == []


def test_the_log_is_for_whoever_runs_the_board_alone(here: Board) -> None:
    sign_in(here)
    assert os.stat(here.audit).st_mode & 0o077 == 0  # noqa: PTH116 - as strict as it gets


def test_an_entry_says_when_it_expires_in_milliseconds() -> None:
    told = TokenEntry.model_validate_json(entry(expires="2027-01-01T00:00:00.250+01:00"))
    assert told.expires_at is not None
    assert rfc3339(told.expires_at) == "2026-12-31T23:00:00.250Z"
