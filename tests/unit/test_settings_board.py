"""Settings for the board: what they come to, what is said where they are wrong, and that secrets stay secret."""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest

from streams.board.access.config import AccessConfig, Oidc, Proxy, Role, Tokens
from streams.board.access.site import check_exposure
from streams.bootstrap.access import access_config, local_access
from streams.domain.units import HOUR
from streams.settings import Settings, load
from tests import config_folder
from tests.config_folder import COMMITTED, NO_VARIABLES

PREFIX = "OUTCOME_MONITOR__SECRETS__"
SALT = {f"{PREFIX}AUDIT_SALT": "0123456789abcdef"}
ROLES = "roles: {lead: {sees_customers: true, may_act: true}, manager: {all_teams: true}}"
HUSH = "hush # 0: it's"

pytestmark = pytest.mark.usefixtures("folder")


def loaded(board: str = "", env: Mapping[str, str] = NO_VARIABLES) -> Settings:
    return config_folder.loaded(f"board: {{{board}}}", env)


def problems(board: str = "", env: Mapping[str, str] = NO_VARIABLES) -> list[str]:
    return config_folder.problems(f"board: {{{board}}}", env)


@pytest.mark.parametrize("config", [None, COMMITTED])
def test_by_default_nobody_signs_in_and_the_defaults_are_those_of_the_entrance(config: Path | None) -> None:
    assert access_config(load(config, SALT)) == AccessConfig(None, b"0123456789abcdef")


def test_a_board_that_is_only_tried_is_for_this_machine_and_logs_nothing() -> None:
    access = local_access()
    check_exposure("127.0.0.1", access)
    assert (access.way, access.audit) == (None, Path(os.devnull))


def test_without_a_salt_one_is_made_up() -> None:
    one, two = (access_config(load(None, NO_VARIABLES)).salt for _ in range(2))
    assert one != two
    assert len(one) == 32


def test_every_setting_of_a_provider_reaches_the_entrance(folder: Path) -> None:
    (folder / "secret").write_text(f"{HUSH}\n", encoding="utf-8")
    settings = loaded(
        f"""
        access: oidc, url: "https://board.example", session: 8h, max_body: 1 KiB, audit: audit.jsonl, {ROLES},
        proxies: [10.0.0.0/8, "::1"],
        oidc: {{issuer: "https://id.example/realm", client_id: board, client_secret_file: secret, scopes: [openid],
                name_claim: email, teams_claim: groups, roles_claim: duties, ca_file: ca.pem}}
        """,
        SALT,
    )
    assert access_config(settings) == AccessConfig(
        Oidc("https://id.example/realm", "board", HUSH, ("openid",), "email", "groups", "duties", folder / "ca.pem"),
        b"0123456789abcdef",
        {"lead": Role(sees_customers=True, may_act=True), "manager": Role(all_teams=True)},
        "https://board.example",
        (ip_network("10.0.0.0/8"), ip_network("::1")),
        8 * HOUR,
        1_024,
        Path("audit.jsonl"),
    )
    assert HUSH not in repr(settings) + repr(access_config(settings))


def test_every_setting_of_a_proxy_reaches_the_entrance() -> None:
    headers = "user_header: A, teams_header: B, roles_header: C, secret_header: D"
    settings = loaded(
        f"access: proxy, proxies: [127.0.0.1], {ROLES}, proxy: {{{headers}}}", {f"{PREFIX}PROXY_SECRET": HUSH}
    )
    assert access_config(settings).way == Proxy(HUSH, "A", "B", "C", "D")


def test_the_file_of_tokens_is_beside_the_file_that_names_it(folder: Path) -> None:
    settings = loaded(f"access: tokens, tokens: {{file: tokens.jsonl}}, {ROLES}")
    assert access_config(settings).way == Tokens(folder / "tokens.jsonl")


@pytest.mark.parametrize(
    ("access", "missing"),
    [
        ("oidc", ["oidc.issuer", "oidc.client_id", "url", "roles"]),
        ("proxy", ["proxy.secret_file", "proxies", "roles"]),
        ("tokens", ["tokens.file", "roles"]),
    ],
)
def test_a_way_to_sign_in_says_all_that_it_lacks(access: str, missing: list[str]) -> None:
    told = problems(f"access: {access}")
    assert [line.split(": ")[1] for line in told] == [f"board.{key}" for key in missing]
    assert all(f"is missing, and board.access {access} needs it; " in line for line in told)


@pytest.mark.parametrize(
    ("board", "message"),
    [
        ("access: open", "access: 'open' is not known; use 'none', 'oidc', 'proxy' or 'tokens'"),
        (
            'url: "board.example"',
            (
                "url: 'board.example' is not an address; write one such as https://board.example, "
                "with nothing after the path"
            ),
        ),
        (
            'url: "https://board.example/team"',
            "url: 'https://board.example/team' has a path; the board is served at the top of a site, so leave it out",
        ),
        (
            "proxies: [10.0.0.1/8]",
            (
                "proxies[0]: '10.0.0.1/8' is not an address or a network (10.0.0.1/8 has host bits set); "
                "write one such as 10.0.0.7 or 10.0.0.0/8"
            ),
        ),
        ("session: 30d", "session: 30d is not between 1m and 7d"),
        (
            "proxy: {secret_file: nowhere}",
            (
                "proxy.secret_file: cannot read 'config/nowhere': No such file or directory; "
                "name a file that holds the secret"
            ),
        ),
        (
            "oidc: {client_secret: hush}",
            (
                "oidc.client_secret: unknown key; did you mean client_secret_file? The keys here are issuer, "
                "client_id, client_secret_file, scopes, name_claim, teams_claim, roles_claim, ca_file"
            ),
        ),
    ],
)
def test_a_wrong_setting_is_told_with_its_line_and_what_would_be_right(board: str, message: str) -> None:
    assert problems(board) == [f"config/monitor.yaml:1: board.{message}"]


@pytest.mark.parametrize(
    "url", ["https://", "ftp://a", "https://a:b", "https://[", "https://a?b", "https://u@a", "https://a\n"]
)
def test_an_address_is_one_that_a_browser_could_use(url: str) -> None:
    (told,) = problems(env={"OUTCOME_MONITOR__BOARD__OIDC__ISSUER": url})
    assert "is not an address" in told


def test_a_secret_that_is_given_twice_is_told(folder: Path) -> None:
    (folder / "secret").write_text(HUSH, encoding="utf-8")
    assert problems("proxy: {secret_file: secret}", {f"{PREFIX}PROXY_SECRET": HUSH}) == [
        (
            "config/monitor.yaml:1: board.proxy.secret_file: "
            f"is set, and so is {PREFIX}PROXY_SECRET or …_FILE; keep one of them"
        )
    ]
