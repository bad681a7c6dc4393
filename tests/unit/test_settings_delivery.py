"""Settings for deliveries: what they come to, what is said where they are wrong, and that secrets stay secret."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.bootstrap import wall_clock
from streams.bootstrap.delivery import open_delivery
from streams.bootstrap.webhooks import webhooks
from streams.contracts.times import rfc3339
from streams.delivery.webhook import Format, Webhook
from streams.domain.units import MINUTE
from streams.settings import ConfigError, load
from tests.cli import Cli
from tests.config_folder import COMMITTED, NO_VARIABLES, loaded
from tests.nudges import Topic, nudge
from tests.webhook_target import target

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of a target in tests
KEY = bytes.fromhex("31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0")
NAMED = 'name: desktop, url: "https://desktop.example/nudges", secret_env: HUSH'

pytestmark = pytest.mark.usefixtures("folder")


def made(*hooks: str, env: Mapping[str, str] = NO_VARIABLES) -> list[Webhook]:
    listed = ", ".join(f"{{{hook}}}" for hook in hooks)
    return webhooks(loaded(f"delivery: {{webhooks: [{listed}]}}"), env)


def problems(*hooks: str, env: Mapping[str, str] = NO_VARIABLES) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        made(*hooks, env=env)
    return [line.removeprefix("config/monitor.yaml:1: delivery.webhooks") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize("config", [None, COMMITTED])
def test_by_default_nothing_is_delivered(config: Path | None) -> None:
    assert webhooks(load(config, NO_VARIABLES), NO_VARIABLES) == []


def test_every_setting_reaches_the_webhook(folder: Path) -> None:
    (folder / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    (folder / "url").write_text("https://hooks.example/T0/hush\n", encoding="utf-8")
    assert made(
        NAMED.replace("secret_env: HUSH", "secret_file: secret") + ", teams: [payments, welcome], kinds: [repeat],"
        " max_age: 5m, customers: true, allow_plain: true",
        "name: leads, format: slack, url_file: url",
        env={"HUSH": "not this one"},
    ) == [
        Webhook(
            "desktop",
            "https://desktop.example/nudges",
            KEY,
            frozenset({"payments", "welcome"}),
            frozenset({"repeat"}),
            Format.PLAIN,
            5 * MINUTE,
            customers=True,
            allow_plain=True,
        ),
        Webhook("leads", "https://hooks.example/T0/hush", format=Format.SLACK),
    ]


def test_a_secret_can_be_in_a_variable() -> None:
    (made_one,) = made(NAMED, env={"HUSH": SECRET})
    assert made_one.key == KEY
    assert "hush" not in repr(made_one).lower()
    assert repr(KEY) not in repr(made_one)


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        (
            'name: a, url: "https://a.example"',
            "[0].secret_file: is missing, and format plain needs it, so that receivers know whom messages are from",
        ),
        (
            "name: a, format: slack",
            (
                "[0].url: is missing; give the address that nudges are posted to, "
                "or name the file that holds it in url_file"
            ),
        ),
        (f"{NAMED}, url_file: b", "[0].url_file: is set, and so is url; keep one of them"),
        (f"{NAMED}, secret_file: b", "[0].secret_env: is set, and so is secret_file; keep one of them"),
        (NAMED, "[0].secret_env: there is no variable 'HUSH'; set it to the secret"),
        (
            f"{NAMED}, kinds: [spikes]",
            "[0].kinds[0]: 'spikes' is not known; use 'repeat', 'waiting', 'promise' or 'spike'",
        ),
        (f"{NAMED}, max_age: 0s", "[0].max_age: 0s is not between 1s and 7d"),
        (
            'name: a, format: slack, url: "http://a.example"',
            (
                "[0].url: begins with http://, so others could read nudges on the way; "
                "use https://, or set allow_plain to true"
            ),
        ),
    ],
)
def test_a_wrong_setting_is_told_with_its_line_and_what_would_be_right(hook: str, message: str) -> None:
    assert problems(hook) == [message]


@pytest.mark.parametrize("secret", ["hush", "whsec_", "whsec_aHVzaA==", "whsec_!" + "A" * 40, "whsec_" + "A" * 88])
def test_a_secret_that_is_none_is_told_and_not_quoted(secret: str) -> None:
    told = "[0].secret_env: is not whsec_ and 24 to 64 random bytes in base64"
    assert problems(NAMED, env={"HUSH": secret}) == [told]


@pytest.mark.parametrize("url", ["hush.example", "ftp://hush.example", "https://", "https://[hush"])
def test_an_address_in_a_file_that_is_none_is_told_and_not_quoted(folder: Path, url: str) -> None:
    (folder / "url").write_text(url, encoding="utf-8")
    (told,) = problems("name: a, format: slack, url_file: url")
    assert told.startswith("[0].url_file: ")
    assert "hush" not in told


@pytest.mark.parametrize(
    "url",
    ["https://xn--/hush", "https://hush..example/", "https://a.example:99999/hush", f"https://{'hush' * 20}.example/"],
)
def test_an_address_that_nothing_can_be_posted_to_is_told_and_not_quoted(folder: Path, url: str) -> None:
    (folder / "url").write_text(url, encoding="utf-8")
    (told,) = problems("name: a, format: slack, url_file: url")
    assert told.startswith("[0].url_file: is not an address that can be posted to")
    assert "hush" not in told


def test_an_address_in_the_settings_that_nothing_can_be_posted_to_is_told_with_its_key() -> None:
    (told,) = problems('name: a, format: slack, url: "https://xn--/x"')
    assert told.startswith("[0].url: is not an address that can be posted to")


@pytest.mark.parametrize("host", ["b\u00fccher.example", "xn--bcher-kva.example", "[::1]:8080", "192.0.2.1"])
def test_names_of_hosts_may_be_written_in_any_way_that_there_is(host: str) -> None:
    (webhook,) = made(f'name: a, format: slack, url: "https://{host}/nudges"')
    assert webhook.url == f"https://{host}/nudges"


def test_a_team_that_there_is_none_of_is_told_with_the_one_that_is_meant(folder: Path) -> None:
    (folder / "monitor.yaml").write_text(
        f"teams: [blue, red]\ndelivery: {{webhooks: [{{{NAMED}, teams: [red, bleu]}}]}}", encoding="utf-8"
    )
    with pytest.raises(ConfigError) as error:
        load(folder, NO_VARIABLES)
    assert "delivery.webhooks[0].teams[1]: 'bleu' is not one of the teams (blue, red); did you mean blue?" in str(
        error.value
    )


def test_a_team_that_only_a_webhook_names_is_beyond_no_budget(folder: Path) -> None:
    (folder / "monitor.yaml").write_text(
        f"delivery: {{webhooks: [{{{NAMED}, teams: [night_shift]}}]}}", encoding="utf-8"
    )
    assert load(folder, NO_VARIABLES).policy().declared_labels["team"] == {"night_shift"}


def test_names_are_told_apart() -> None:
    assert problems(NAMED, NAMED) == ["[1].name: 'desktop' is the name of another; give each a name of its own"]


def test_check_config_tells_of_secrets_that_are_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "monitor.yaml").write_text(f"delivery: {{webhooks: [{{{NAMED}}}]}}", encoding="utf-8")
    ran = Cli(monkeypatch, capsys)("check-config", folder)
    assert ran.code == 2
    assert "delivery.webhooks[0].secret_env: there is no variable 'HUSH'" in ran.err


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_what_stays_on_this_machine_may_be_plain(host: str) -> None:
    assert Webhook("a", f"http://{host}:8080/nudges").url


def test_what_the_settings_say_delivers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    at = wall_clock()
    topic = Topic([nudge(occurred_at=rfc3339(at), expires_at=rfc3339(at + MINUTE))])

    async def whole() -> None:
        async with target() as there:
            hook = f'{{name: desktop, url: "{there.url}", secret_env: HUSH}}'
            (folder / "monitor.yaml").write_text(f"delivery: {{webhooks: [{hook}]}}", encoding="utf-8")
            with open_delivery(load(folder, NO_VARIABLES), {"HUSH": SECRET}, topic.follow) as delivery:
                await delivery.catch_up()
            assert there.nudges() == ["repeat:contact-1"]
            assert delivery.counts["desktop"].delivered == 1

    asyncio.run(whole())
    assert Path("outcome-monitor-delivery.db").exists()
