"""The parts of the board's entrance by themselves: exposure, the audit log, tokens and their command."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope

from streams.board.access.audit import Audit, AuditError
from streams.board.access.config import AccessConfig, AccessError, Oidc, Proxy, Tokens, Way
from streams.board.access.port import Refused
from streams.board.access.site import Site, check_exposure
from streams.board.access.token_file import TokenFile, TokenFileError, hash_of
from tests.board_site import Clock
from tests.boards import SALT, Desk
from tests.cli import Cli


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "config"
    config.mkdir()
    (config / "monitor.yaml").write_text("board: {roles: {lead: {may_act: true}}}", encoding="utf-8")
    (config / "reasons.yaml").touch()
    return Cli(monkeypatch, capsys)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "board.example", "127.0.0.1.example"])  # noqa: S104
def test_where_other_machines_reach_it_somebody_has_to_sign_in(host: str) -> None:
    with pytest.raises(AccessError, match=r"set board\.access to oidc, proxy or tokens"):
        check_exposure(host, AccessConfig(None, SALT))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "::ffff:127.0.0.1", "127.8.8.8"])
def test_on_loopback_nobody_needs_to_sign_in(host: str) -> None:
    check_exposure(host, AccessConfig(None, SALT))


@pytest.mark.parametrize("way", [Oidc("https://id.example", "board"), Proxy("hush"), Tokens(Path("tokens.jsonl"))])
def test_where_people_sign_in_other_machines_may_reach_it(way: Way) -> None:
    check_exposure("0.0.0.0", AccessConfig(way, SALT, url="https://board.example"))  # noqa: S104 - it is what is asked


@pytest.mark.parametrize("way", [Oidc("https://id.example", "board"), Tokens(Path("tokens.jsonl"))])
@pytest.mark.parametrize("url", [None, "http://board.example"])
def test_where_tokens_and_sessions_could_be_read_on_the_way_it_is_refused(way: Way, url: str | None) -> None:
    with pytest.raises(AccessError, match=r"set board\.url to the https:// address"):
        check_exposure("0.0.0.0", AccessConfig(way, SALT, url=url))  # noqa: S104 - it is what is asked


def test_what_browsers_of_this_machine_alone_use_may_be_plain_http() -> None:
    access = AccessConfig(Tokens(Path("tokens.jsonl")), SALT, url="http://127.0.0.1:8089")
    check_exposure("0.0.0.0", access)  # noqa: S104 - of a container whose port is published on loopback


def test_a_board_that_is_said_to_be_on_this_machine_answers_to_no_other_address() -> None:
    here, elsewhere = Site("http://127.0.0.1:8089", ()), Site("https://board.example", ())
    for host in ("127.0.0.1:8089", "localhost:8089", "[::1]:8089"):
        assert here.visit(asked_of(host)).origin == f"http://{host}"
    with pytest.raises(Refused, match="another host"):
        here.visit(asked_of("192.0.2.1:8089"))
    assert elsewhere.visit(asked_of("192.0.2.1:8089")).origin == "http://192.0.2.1:8089"


def asked_of(host: str) -> Scope:
    return {"type": "http", "scheme": "http", "client": ("192.0.2.7", 1), "headers": [(b"host", host.encode())]}


def test_a_proxy_may_come_to_the_board_by_plain_http() -> None:
    check_exposure("0.0.0.0", AccessConfig(Proxy("hush"), SALT))  # noqa: S104 - it is what is asked


def test_open_id_needs_to_know_where_browsers_are_sent_back_to() -> None:
    with pytest.raises(AccessError, match=r"set board\.url"):
        Desk(access=AccessConfig(Oidc("https://id.example", "board"), SALT))


def test_a_file_of_certificates_that_holds_none_is_told_at_the_start(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.pem", tmp_path / "empty.pem"):
        oidc = Oidc("https://id.example", "board", ca_file=path)
        (tmp_path / "empty.pem").touch()
        with pytest.raises(AccessError, match=path.name):
            Desk(access=AccessConfig(oidc, SALT, url="https://board.example"))


@pytest.mark.parametrize("text", ["[]", '{"name": "Ada", "sha256": "0"}', "{", '{"name": "A\\u0000", "sha256": "x"}'])
def test_a_file_of_tokens_that_holds_something_else_is_told_at_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.jsonl"
    path.write_text(f"\n{text}\n", encoding="utf-8")
    with pytest.raises(TokenFileError, match=r"tokens\.jsonl:2: ") as caught:
        Desk(access=AccessConfig(Tokens(path), SALT))
    assert "\n" not in str(caught.value)


def test_a_file_of_tokens_that_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(TokenFileError, match="No such file"):
        Desk(access=AccessConfig(Tokens(tmp_path / "nowhere"), SALT))


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
def test_nothing_that_is_logged_can_break_its_line(who: str, subject: str) -> None:
    log = _Kept()
    log.write("page", "200", address="127.0.0.1", who=who, subject=subject)
    (line,) = log.lines
    assert line.endswith("\n")
    assert all(" " <= character <= "~" for character in line[:-1])
    assert json.loads(line)["who"] == who


class _Kept(Audit):
    """Keeps lines in memory."""

    def __init__(self) -> None:
        super().__init__(None, SALT, Clock())
        self.lines: list[str] = []

    def _append(self, line: str) -> None:
        self.lines.append(line)


def test_the_log_has_a_keyed_hash_of_what_a_line_is_about(tmp_path: Path) -> None:
    for salt in (SALT, b"another salt"):
        Audit(tmp_path / "audit.jsonl", salt, Clock()).write("action", "begun", address="::1", subject="repeat:c1")
    one, two = (json.loads(line)["subject"] for line in (tmp_path / "audit.jsonl").read_text().splitlines())
    assert one != two
    assert len(one) == 16


def test_without_a_file_the_log_goes_to_the_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    Audit(None, SALT, Clock()).write("page", "200", address="::1")
    assert json.loads(capsys.readouterr().err)["what"] == "page"


def test_a_standard_error_that_is_closed_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    closed = (tmp_path / "closed").open("w")
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    with pytest.raises(AuditError, match="closed file"):
        Audit(None, SALT, Clock()).write("page", "200", address="::1")


def test_a_new_token_is_shown_once_and_its_line_lets_it_in(cli: Cli, tmp_path: Path) -> None:
    ran = cli("board-token", "Zoë", "--teams", "payments, welcome", "--role", "lead", "--expires", "2027-01-01")
    assert ran.code == 0
    (tmp_path / "tokens.jsonl").write_text(ran.out, encoding="utf-8")
    token = ran.err.split()[-1]
    assert token not in ran.out
    entry = TokenFile(tmp_path / "tokens.jsonl").find(hash_of(token))
    assert entry is not None
    assert (entry.name, entry.teams, entry.roles) == ("Zoë", ("payments", "welcome"), ("lead",))
    assert ran.out.endswith('"expires":"2027-01-01T00:00:00Z"}\n')
    assert cli("board-token", "Zoë", "--role", "lead").err.split()[-1] != token


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Ada", "--role", "boss"], "--role: boss would grant nothing; add it to board.roles, where there are lead"),
        (["Ada\n", "--role", "lead"], "name: "),
        (["Ada", "--role", "lead", "--expires", "soon"], "--expires: 'soon' is not a time"),
    ],
)
def test_a_token_that_would_not_work_is_not_made(cli: Cli, arguments: list[str], told: str) -> None:
    ran = cli("board-token", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
