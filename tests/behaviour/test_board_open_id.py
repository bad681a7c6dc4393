"""Signing in to the board at a provider of OpenID Connect, over HTTP, and every way in which that must not work."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey

from streams.board.access.config import Oidc
from streams.domain.units import HOUR, MINUTE
from tests.board_site import Board, Clock, Seen, board, seen
from tests.oidc_provider import CLIENT, SECRET, Provider, provider, rsa_key


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def there(clock: Clock) -> Iterator[Provider]:
    with provider(clock) as running:
        yield running


@pytest.fixture
def here(there: Provider, clock: Clock, tmp_path: Path) -> Iterator[Board]:
    with board(Oidc(there.url, CLIENT, SECRET), tmp_path, clock) as running:
        running.client.follow_redirects = True
        yield running


def test_a_visitor_signs_in_at_the_provider_and_is_back_where_they_were_going(here: Board) -> None:
    response = here.get("/?team=payments&queue=billing")
    assert response.url.query == b"team=payments&queue=billing"
    assert seen(response) == Seen("Ada", ["payments"], sees_customers=True, may_act=True)
    assert [(line["what"], line["result"], line["who"], line["way"]) for line in here.log()] == [
        ("sign-in", "in", "Ada", "oidc"),
        ("board", "200", "Ada", "oidc"),
    ]


def test_who_has_signed_in_is_not_sent_to_the_provider_again(here: Board, there: Provider) -> None:
    here.get()
    there.claims["name"] = "Grace"
    assert seen(here.get()).name == "Ada"


def test_a_public_client_proves_itself_by_pkce_alone(there: Provider, clock: Clock, tmp_path: Path) -> None:
    there.secret = None
    with board(Oidc(there.url, CLIENT), tmp_path, clock) as running:
        running.client.follow_redirects = True
        assert seen(running.get()).name == "Ada"


def test_claims_can_have_other_names(there: Provider, clock: Clock, tmp_path: Path) -> None:
    there.claims |= {"email": "ada@example.org", "groups": ["welcome"], "duties": "manager"}
    way = Oidc(there.url, CLIENT, SECRET, name_claim="email", teams_claim="groups", roles_claim="duties")
    with board(way, tmp_path, clock) as running:
        running.client.follow_redirects = True
        assert seen(running.get()) == Seen("ada@example.org", None, sees_customers=False, may_act=False)


Lie = Callable[[Provider], object]

LIES: dict[str, tuple[Lie, str]] = {
    "nonce": (lambda there: there.lies.update(nonce="of another sign-in"), "nonce"),
    "no nonce": (lambda there: there.lies.update(nonce=None), "nonce"),
    "audience": (lambda there: there.lies.update(aud="another"), "aud"),
    "audience of another, authorized for us": (lambda there: there.lies.update(aud="another", azp=CLIENT), "aud"),
    "no audience": (lambda there: there.lies.update(aud=None), "aud"),
    "issuer": (lambda there: there.lies.update(iss="https://elsewhere.example"), "iss"),
    "expired": (lambda there: there.lies.update(exp=there.now() // 1_000), "expired"),
    "no expiry": (lambda there: there.lies.update(exp=None), "exp"),
    "issued tomorrow": (lambda there: there.lies.update(iat=there.now() // 1_000 + 86_400), "future"),
    "key of the same name": (lambda there: there.sign(rsa_key("one")), "signature"),
    "unknown key": (lambda there: there.sign(rsa_key("two"), kid="two"), "refused"),
    "signed with our own secret": (lambda there: there.sign(OctKey.import_key(SECRET * 3), alg="HS256"), "HS256"),
    "not signed": (lambda there: there.lies.update(unsigned=True), "none"),
    "access token of another": (lambda there: there.lies.update(at_hash="MTIzNDU2Nzg5MDEyMzQ1Ng"), "at_hash"),
    "state": (lambda there: there.answers.update(state="of another sign-in"), "state"),
    "answer of another provider": (lambda there: there.answers.update(iss="https://elsewhere.example"), "another"),
    "denied": (lambda there: there.answers.update(error="access_denied"), "access_denied"),
    "unknown code": (lambda there: there.answers.update(code="guessed"), "400"),
    "discovery of another": (lambda there: there.tell.update(issuer="https://elsewhere.example"), "calls itself"),
    "keys in the clear": (lambda there: there.tell.update(jwks_uri="http://elsewhere.example/keys"), "https://"),
    "nothing to sign in at": (lambda there: there.tell.update(authorization_endpoint=None), "authorization_endpoint"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_not_as_it_should_be_is_refused_and_logged(here: Board, there: Provider, lie: str) -> None:
    tell, why = LIES[lie]
    tell(there)
    response = here.get()
    assert response.status_code in {403, 502}
    assert "Ada" not in response.text
    (refusal,) = here.refusals()
    assert why in refusal
    assert not [line for line in here.log() if line["result"] != "refused"]
    assert "board" not in here.client.cookies


@pytest.mark.parametrize(
    "claims", [{"roles": ["gardener"]}, {"roles": None}, {"roles": {"lead": True}}, {"name": None}]
)
def test_who_has_no_role_that_is_known_or_no_name_sees_nothing(
    here: Board, there: Provider, claims: dict[str, object]
) -> None:
    there.claims |= claims
    assert here.get().status_code == 403
    assert len(here.refusals()) == 1
    assert "board" not in here.client.cookies


@pytest.mark.parametrize("teams", [None, {"payments": True}, 7, [["payments"]]])
def test_a_claim_of_teams_that_names_none_shows_none(here: Board, there: Provider, teams: object) -> None:
    there.claims["teams"] = teams
    assert seen(here.get()).teams == []


@pytest.mark.parametrize(
    "name", ["Ada\r\nSet-Cookie: board=1", "Ada\x00", "Ada\u202eadmin", "Ada\u2028x", " ", "A" * 201]
)
def test_a_name_that_could_pass_for_something_else_is_refused(here: Board, there: Provider, name: str) -> None:
    there.claims["name"] = name
    assert here.get().status_code == 403
    assert len(here.refusals()) == len(here.audit.read_bytes().splitlines()) == 1


def test_a_new_key_is_asked_for_when_a_token_names_it_but_not_for_each_forgery(
    here: Board, there: Provider, clock: Clock
) -> None:
    here.get()
    two = rsa_key("two")
    there.sign(two, kid="two")
    there.published.append(two)
    clock.at += MINUTE
    here.client.cookies.clear()
    assert here.get().status_code == 200
    assert there.keys_asked == 2
    there.sign(two, kid="three")
    for _ in range(3):
        here.client.cookies.clear()
        assert here.get().status_code == 403
    assert there.keys_asked == 2


def _callback(here: Board) -> httpx.Response:
    """Sign in up to where the provider sends the browser back; return that."""
    here.client.follow_redirects = False
    to_provider = here.get("/sign-in")
    return httpx.get(to_provider.headers["location"], trust_env=False)


def test_an_answer_is_taken_once_and_in_the_browser_that_asked(here: Board) -> None:
    back = _callback(here).headers["location"]
    with httpx.Client(trust_env=False) as other:
        assert other.get(back).status_code == 403
    cookie = here.client.cookies["board-sign-in"]
    assert here.get(back).status_code == 303
    here.client.cookies.set("board-sign-in", cookie)
    assert here.get(back).status_code == 403
    assert here.refusals() == ["GET: nobody began to sign in with this browser, or too long ago"] * 2


def test_an_answer_that_took_too_long_is_refused(here: Board, clock: Clock) -> None:
    back = _callback(here).headers["location"]
    clock.at += 10 * MINUTE
    assert here.get(back).status_code == 403


def test_every_sign_in_asks_with_a_state_a_nonce_and_a_challenge_of_its_own(here: Board) -> None:
    here.client.follow_redirects = False
    asked = [parse_qs(urlsplit(here.get("/sign-in").headers["location"]).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        one, two = (each[name][0] for each in asked)
        assert one != two
        assert len(one) >= 43


@pytest.mark.parametrize("path", ["//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example", "/\t/a"])
def test_signing_in_leads_to_no_other_site(here: Board, path: str) -> None:
    here.client.follow_redirects = False
    to_provider = here.client.get("/sign-in", params={"next": path})
    back = httpx.get(to_provider.headers["location"], trust_env=False).headers["location"]
    assert here.get(back).headers["location"] == "/"


def test_a_session_ends_with_the_token_and_that_is_logged(here: Board, there: Provider, clock: Clock) -> None:
    there.lasts_s = 300
    here.get()
    here.client.follow_redirects = False
    clock.at += 299_999
    assert here.get().status_code == 200
    clock.at += 1
    response = here.get()
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in?next=%2F")
    assert here.refusals() == ["GET: the session has expired"]
    assert here.act("any").status_code == 401


def test_a_session_ends_after_the_time_that_is_set_whatever_the_token_says(
    here: Board, there: Provider, clock: Clock
) -> None:
    there.lasts_s = 1_000_000
    here.get()
    here.client.follow_redirects = False
    clock.at += 12 * HOUR
    assert here.get().status_code == 303


def test_who_signs_out_is_out_even_with_the_cookie_that_they_had(here: Board) -> None:
    token = here.token()
    cookie = here.client.cookies["board"]
    response = here.client.post("/sign-out", data={"form_token": token}, headers={"origin": here.url})
    assert response.status_code == 200
    assert "board" not in here.client.cookies
    here.client.follow_redirects = False
    here.client.cookies.set("board", cookie)
    assert here.get().status_code == 303
    assert [(line["what"], line["result"]) for line in here.log()] == [
        ("sign-in", "in"),
        ("board", "200"),
        ("sign-out", "begun"),
        ("sign-out", "out"),
        ("request", "refused"),
    ]


def test_signing_out_leads_to_the_provider_where_it_ends_sessions_too(here: Board, there: Provider) -> None:
    there.tell["end_session_endpoint"] = f"{there.url}/end"
    token = here.token()
    here.client.follow_redirects = False
    response = here.client.post("/sign-out", data={"form_token": token}, headers={"origin": here.url})
    assert response.headers["location"].startswith(f"{there.url}/end?id_token_hint=")
    assert f"form-action 'self' {there.url};" in response.headers["content-security-policy"]


def test_nobody_is_signed_in_by_a_provider_that_is_not_there(clock: Clock, tmp_path: Path) -> None:
    with provider(clock) as gone:
        pass
    with board(Oidc(gone.url, CLIENT, SECRET), tmp_path, clock) as running:
        running.client.follow_redirects = True
        assert running.get().status_code == 502
        assert "ConnectError" in running.refusals()[0]


def test_the_cookie_is_kept_from_scripts_other_sites_and_the_clear(
    there: Provider, clock: Clock, tmp_path: Path
) -> None:
    with board(Oidc(there.url, CLIENT, SECRET), tmp_path, clock, url="https://board.example") as running:
        headers = {"host": "board.example"}
        asked = running.client.get("/sign-in", headers=headers)
        begun = asked.headers["set-cookie"]
        back = urlsplit(httpx.get(asked.headers["location"], trust_env=False).headers["location"])
        assert (back.scheme, back.netloc) == ("https", "board.example")
        cookie = {"cookie": begun.partition(";")[0]}
        done = running.client.get(f"{back.path}?{back.query}", headers=headers | cookie)
        assert done.status_code == 303
        cookies = [cookie for cookie in done.headers.get_list("set-cookie") if "Max-Age=0" not in cookie]
        (cookie_set,) = cookies
        assert cookie_set.startswith("__Host-board=")
        assert cookie_set.endswith("; HttpOnly; Max-Age=3600; Path=/; SameSite=lax; Secure")
        assert done.headers["strict-transport-security"]
