"""Nudges delivered over HTTP to targets that fail in every way: nothing is lost, nothing late is sent, order holds."""

import asyncio
import base64
import hashlib
import json
import resource
import sqlite3
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from streams.contracts.times import rfc3339
from streams.delivery.counts import Counts
from streams.delivery.delivering import Delivery
from streams.delivery.lane import Means
from streams.delivery.nudge import Nudge, read_nudge
from streams.delivery.progress import Progress, ProgressError
from streams.delivery.signing import key_of
from streams.delivery.undelivered import Letter, Undelivered, UndeliveredError
from streams.delivery.webhook import Format, Webhook
from streams.domain.units import DAY, MINUTE, SECOND, Millis
from tests.nudges import BEGUN, Time, Topic, nudge
from tests.webhook_target import SALT, Answer, Dither, Hang, Reset, Target, target

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of a target in tests
KEY = key_of(SECRET)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@dataclass
class Desk:
    """What delivers, with its files in a folder; it can be stopped and begun again at any time."""

    folder: Path
    topic: Topic = field(default_factory=lambda: Topic([nudge()]))
    time: Time = field(default_factory=Time)
    progress: type[Progress] = Progress

    async def deliver(self, *webhooks: Webhook, timeout_s: float = 10.0) -> dict[str, Counts]:
        """Deliver all that there is; return the totals."""
        with closing(self.progress(self.folder / "state.db")) as progress:
            delivery = Delivery(webhooks, self.means(progress), timeout_s)
            await delivery.catch_up()
        return dict(delivery.counts)

    def means(self, progress: Progress) -> Means:
        letters = Undelivered(self.folder / "undelivered.jsonl")
        return Means(self.topic.follow, progress, letters, self.time, lambda: 0.5, SALT)

    def letters(self) -> list[dict[str, Any]]:
        path = self.folder / "undelivered.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def hook(there: Target, **more: Any) -> Webhook:  # noqa: ANN401 - whatever a webhook has
    return Webhook(**({"name": "desktop", "url": there.url, "key": KEY} | more))


def run(test: Callable[[Target], Awaitable[None]], *answers: Answer | Reset | Hang | Dither) -> None:
    """Run a test with a target that begins with some answers."""

    async def whole() -> None:
        async with target(answers) as there:
            await test(there)

    asyncio.run(whole())


def signature_by_hand(secret: str, message: bytes) -> str:
    """Compute a signature from the definition of HMAC (RFC 2104), with nothing but the hash."""
    key = base64.b64decode(secret.partition("_")[2]).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return "v1," + base64.b64encode(hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()).decode()


# What is sent


def test_a_nudge_is_posted_signed_as_the_specification_has_it(desk: Desk) -> None:
    async def test(there: Target) -> None:
        counts = await desk.deliver(hook(there))
        (request,) = there.received
        headers = request.headers
        assert request.path == "/nudges"
        assert headers["content-type"] == "application/json"
        assert headers["webhook-timestamp"] == str(BEGUN // 1_000)
        assert "." not in headers["webhook-id"]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
        assert headers["webhook-signature"] == signature_by_hand(SECRET, signed)
        assert json.loads(request.body)["type"] == "nudge.issued"
        assert json.loads(request.body)["timestamp"] == rfc3339(BEGUN)
        assert request.said["nudge_id"] == "repeat:contact-1"
        assert counts["desktop"].delivered == 1
        assert desk.letters() == []

    run(test)


@pytest.mark.parametrize("kind", list(Format))
def test_customers_are_sent_as_hashes_with_a_key(desk: Desk, kind: Format) -> None:
    async def test(there: Target) -> None:
        await desk.deliver(hook(there, format=kind))
        assert b"customer-7" not in there.received[0].body
        if kind is Format.PLAIN:
            expected = hashlib.blake2b(b"customer-7", digest_size=16, key=SALT).hexdigest()
            assert there.received[0].said["customer_hash"] == expected

    run(test)


def test_customers_are_sent_as_they_are_to_whom_that_is_allowed(desk: Desk) -> None:
    async def test(there: Target) -> None:
        await desk.deliver(hook(there, customers=True))
        assert there.received[0].said["customer_id"] == "customer-7"

    run(test)


def test_slack_gets_a_text_in_which_what_is_quoted_calls_nobody(desk: Desk) -> None:
    desk.topic.records = [nudge(reason="<!channel> & <https://elsewhere.example|here>")]

    async def test(there: Target) -> None:
        await desk.deliver(hook(there, format=Format.SLACK, key=None))
        (request,) = there.received
        assert "webhook-signature" not in request.headers
        said = json.loads(request.body)
        assert said["mrkdwn"] is False
        assert said["text"].splitlines() == [
            (
                "Repeat contact: delivery / &lt;!channel&gt; &amp; &lt;https://elsewhere.example|here&gt; / chat"
                " (team logistics)"
            ),
            "Resolve it in this contact, by 2024-10-04T00:30:00Z.",
            "Attempt 2; 42 minutes of the customer's time so far; the customer is back with the same problem.",
            "Earlier contacts: 1; the last delivery / voice at 2024-10-01T09:00:00Z, ended, claimed resolved.",
        ]

    run(test)


def test_teams_gets_a_card_of_plain_runs_of_text(desk: Desk) -> None:
    desk.topic.records = [
        nudge(
            kind="spike", nudge_id="spike:delivery/parcel_late#3", contact_id=None, expected="remove_cause",
            started_at=rfc3339(BEGUN), contacts=31, expected_contacts=12.5, channel=None,
        )
    ]  # fmt: skip

    async def test(there: Target) -> None:
        await desk.deliver(hook(there, format=Format.TEAMS, key=None))
        (attachment,) = json.loads(there.received[0].body)["attachments"]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        blocks = attachment["content"]["body"]
        assert {block["type"] for block in blocks} == {"RichTextBlock"}
        assert [run["text"] for block in blocks for run in block["inlines"]] == [
            "Spike of failure demand: delivery / parcel_late (team logistics)",
            "Remove the cause, by 2024-10-04T00:30:00Z.",
            "31 contacts since 2024-10-04T00:00:00Z, where 12.5 were to be expected.",
        ]

    run(test)


def test_each_target_gets_the_teams_and_kinds_that_it_wants(desk: Desk) -> None:
    desk.topic.records = [
        nudge(1), nudge(2, team="payments"), nudge(3, kind="waiting"), nudge(4, team="payments", kind="waiting"),
        b'{"type": "nudge.invented", "nudge_id": "later:1"}',
    ]  # fmt: skip

    async def test(there: Target) -> None:
        async with target() as other:
            await desk.deliver(
                hook(there, teams=frozenset({"payments"})),
                hook(other, name="other", kinds=frozenset({"waiting", "spike"}), teams=frozenset({"payments"})),
            )
            assert there.nudges() == ["repeat:contact-2", "repeat:contact-4"]
            assert other.nudges() == ["repeat:contact-4"]
        assert desk.letters() == []

    run(test)


# Targets that fail


def test_a_failure_is_tried_again_with_the_same_id_a_new_time_and_a_new_signature(desk: Desk) -> None:
    async def test(there: Target) -> None:
        counts = await desk.deliver(hook(there))
        headers = [request.headers for request in there.received]
        assert len({each["webhook-id"] for each in headers}) == 1
        assert len({request.body for request in there.received}) == 1
        times = [int(each["webhook-timestamp"]) - BEGUN // 1_000 for each in headers]
        assert times == [0, 0, 1, 3]  # after waits of half of 1, 2 and 4 s
        for request in there.received:
            signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
            assert request.headers["webhook-signature"] == signature_by_hand(SECRET, signed)
        assert desk.time.waits == [500, 1_000, 2_000]
        assert (counts["desktop"].delivered, counts["desktop"].retried) == (1, 3)
        assert counts["desktop"].delay_sum == 3_500
        assert counts["desktop"].delays[5] == 1  # of those up to 5 s

    run(test, Answer(500), Answer(503), Answer(502))


@pytest.mark.parametrize("failure", [Answer(408), Answer(425), Answer(429), Answer(599), Reset(), Hang(), Dither()])
def test_what_may_pass_is_tried_again(desk: Desk, failure: Answer | Reset | Hang | Dither) -> None:
    async def test(there: Target) -> None:
        counts = await desk.deliver(hook(there), timeout_s=0.05 if isinstance(failure, Hang | Dither) else 10.0)
        assert len(there.received) == 2
        assert counts["desktop"].delivered == 1

    run(test, failure)


def test_a_target_that_is_not_there_yet_is_tried_again(desk: Desk) -> None:
    async def test(there: Target) -> None:
        gone = replace(hook(there), url="http://127.0.0.1:1/nudges")
        counts = await desk.deliver(gone)
        assert counts["desktop"].dead == {"expired": 1}
        assert "ConnectError" in desk.letters()[0]["detail"]

    run(test)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 413, 422])
def test_what_will_not_pass_is_given_up_at_once_with_the_reason(desk: Desk, status: int) -> None:
    desk.topic.records.append(nudge(2))

    async def test(there: Target) -> None:
        counts = await desk.deliver(hook(there))
        assert there.nudges() == ["repeat:contact-1", "repeat:contact-2"]
        assert desk.time.waits == []
        (letter,) = desk.letters()
        assert (letter["webhook"], letter["reason"], letter["tries"]) == ("desktop", "refused", 1)
        assert letter["detail"] == f"answered {status}: 'no such desk'"
        assert letter["at"] == rfc3339(BEGUN)
        assert json.loads(letter["body"])["data"]["nudge_id"] == "repeat:contact-1"
        assert "customer-7" not in letter["body"]
        assert counts["desktop"].dead == {"refused": 1}
        assert counts["desktop"].delivered == 1

    run(test, Answer(status, body=b"no such desk"))


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308])
def test_a_redirect_is_not_followed(desk: Desk, status: int) -> None:
    async def test(there: Target) -> None:
        async with target() as elsewhere:
            there.then(Answer(status, {"location": elsewhere.url}))
            await desk.deliver(hook(there))
            assert elsewhere.received == []
        assert "set the address that it leads to" in desk.letters()[0]["detail"]

    run(test)


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("30", 30 * SECOND),
        ("0", 500),
        ("86400", 5 * MINUTE),
        ("9" * 50, 5 * MINUTE),
        ("-5", 500),
        ("soon", 500),
        (format_datetime(datetime.fromtimestamp(BEGUN / 1_000, UTC) + timedelta(seconds=90), usegmt=True), 90 * SECOND),
        (format_datetime(datetime.fromtimestamp(BEGUN / 1_000, UTC) - timedelta(days=9), usegmt=True), 500),
    ],
)
def test_a_target_is_given_the_time_that_it_asks_for_within_a_bound(desk: Desk, asked: str, waited: Millis) -> None:
    async def test(there: Target) -> None:
        await desk.deliver(hook(there))
        assert desk.time.waits == [waited]
        assert len(there.received) == 2

    run(test, Answer(429, {"retry-after": asked}))


def test_a_certificate_that_nobody_vouches_for_is_not_taken(desk: Desk, tmp_path: Path) -> None:
    async def test() -> None:
        async with target(tls=_own_certificate(tmp_path)) as there:
            counts = await desk.deliver(hook(there, max_age=SECOND))
            assert there.received == []
            assert counts["desktop"].dead == {"expired": 1}
            assert "CERTIFICATE_VERIFY_FAILED" in desk.letters()[0]["detail"]

    asyncio.run(test())


def _own_certificate(folder: Path) -> ssl.SSLContext:
    """Return what a server needs to show a certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(certificate.public_bytes(pem) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


# In time, or not at all


def test_a_nudge_is_tried_until_it_expires_and_never_later(desk: Desk) -> None:
    desk.topic.records = [nudge(expires_at=rfc3339(BEGUN + 10 * SECOND))]

    async def test(there: Target) -> None:
        there.then(*[Answer(500)] * 50)
        counts = await desk.deliver(hook(there))
        assert desk.time.waits == [500, 1_000, 2_000, 4_000]
        (letter,) = desk.letters()
        assert (letter["reason"], letter["tries"], letter["detail"]) == ("expired", 5, "answered 500: 'ok'")
        assert (counts["desktop"].dead, counts["desktop"].retried) == ({"expired": 1}, 4)

    run(test)


@pytest.mark.parametrize("late", ["expired", "too old"])
def test_what_is_too_late_already_is_not_sent_and_not_dropped_silently(desk: Desk, late: str) -> None:
    ages = {"expired": 30 * MINUTE, "too old": 5 * MINUTE}
    desk.time.at += ages[late]

    async def test(there: Target) -> None:
        await desk.deliver(hook(there, max_age=5 * MINUTE if late == "too old" else 60 * MINUTE))
        assert there.received == []
        assert desk.letters()[0]["detail"] == "it was too late before the first try"

    run(test)


# Once, in order


def test_a_settled_record_of_the_same_content_is_not_sent_again(desk: Desk) -> None:
    newest = rfc3339(BEGUN + 5 * SECOND)  # of the events that were read by then
    desk.topic.records = [nudge(provisional=True, occurred_at=newest), nudge(2), nudge(), nudge(2)]

    async def test(there: Target) -> None:
        counts = await desk.deliver(hook(there))
        assert there.nudges() == ["repeat:contact-1", "repeat:contact-2"]
        assert counts["desktop"].unchanged == 2

    run(test)


def test_a_settled_record_that_says_more_is_sent_with_the_same_nudge_and_another_message_id(desk: Desk) -> None:
    desk.topic.records = [nudge(provisional=True), nudge(attempt=3), nudge(attempt=3)]

    async def test(there: Target) -> None:
        await desk.deliver(hook(there))
        assert there.nudges() == ["repeat:contact-1"] * 2
        assert [request.said["attempt"] for request in there.received] == [2, 3]
        one, two = (request.headers["webhook-id"] for request in there.received)
        assert one != two, "a receiver would take the second for a copy of the first"

    run(test)


def test_what_was_given_up_is_not_tried_again_until_it_says_something_new(desk: Desk) -> None:
    desk.topic.records = [nudge(provisional=True), nudge(), nudge(attempt=3)]

    async def test(there: Target) -> None:
        await desk.deliver(hook(there))
        assert [request.said["attempt"] for request in there.received] == [2, 3]

    run(test, Answer(410))


def test_a_target_gets_nudges_in_their_order_while_some_fail(desk: Desk) -> None:
    desk.topic.records = [nudge(number) for number in range(5)]

    async def test(there: Target) -> None:
        await desk.deliver(hook(there))
        numbers = [int(each.removeprefix("repeat:contact-")) for each in there.nudges()]
        assert numbers == [0, 1, 1, 2, 3, 3, 3, 4]

    run(test, Answer(), Answer(500), Answer(), Answer(), Reset(), Answer(503))


def test_a_target_that_hangs_holds_up_no_other(desk: Desk) -> None:
    desk.topic.records = [nudge(number) for number in range(20)]

    async def test(there: Target) -> None:
        there.then(Hang())
        done = asyncio.Event()
        async with target() as other:
            other.on_request = lambda _: done.set() if len(other.received) == 20 else None
            with closing(Progress(desk.folder / "state.db")) as progress:
                webhooks = [hook(there), hook(other, name="other")]
                delivering = asyncio.create_task(Delivery(webhooks, desk.means(progress), 3_600).run())
                await done.wait()
                assert len(there.received) == 1
                delivering.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await delivering

    run(test)


# Restarts


class Crash(BaseException):
    """The process is killed."""


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("at", range(1, 8))
def test_a_crash_loses_nothing_and_sends_again_only_what_was_under_way(desk: Desk, at: int, before: bool) -> None:  # noqa: FBT001
    calls = iter(range(1, 1_000))

    class Killed(Progress):
        """Ends the process as it notes that a nudge is done, before that is on disk or after."""

        def finish(self, webhook: str, nudge: Nudge, now: Millis) -> None:
            dies = next(calls) == at
            if dies and before:
                raise Crash
            super().finish(webhook, nudge, now)
            if dies:
                raise Crash

    desk.topic = Topic([nudge(number) for number in range(7)], batch=3)

    async def test(there: Target) -> None:
        desk.progress = Killed
        with pytest.raises(BaseExceptionGroup) as died:
            await desk.deliver(hook(there))
        assert died.group_contains(Crash)
        assert len(there.received) == at
        desk.progress = Progress
        counts = await desk.deliver(hook(there))
        again = [at - 1] if before else []
        expected = [*range(at), *again, *range(at, 7)]
        assert there.nudges() == [f"repeat:contact-{number}" for number in expected]
        ids = [request.headers["webhook-id"] for request in there.received]
        assert len(set(ids)) == 7, "what is sent again can be told by its id"
        assert counts["desktop"].delivered == len(expected) - at
        assert (await desk.deliver(hook(there)))["desktop"].delivered == 0

    run(test)


def test_a_crash_sends_nothing_again_that_said_more_and_more_of_the_same_nudge(desk: Desk) -> None:
    class Killed(Progress):
        """Ends the process as it notes that the last nudge is done."""

        def finish(self, webhook: str, nudge: Nudge, now: Millis) -> None:
            if nudge.id == "repeat:contact-2":
                raise Crash
            super().finish(webhook, nudge, now)

    desk.topic = Topic([nudge(1, attempt=2), nudge(1, attempt=3), nudge(2, attempt=4)], batch=3)

    async def test(there: Target) -> None:
        desk.progress = Killed
        with pytest.raises(BaseExceptionGroup):
            await desk.deliver(hook(there))
        desk.progress = Progress
        await desk.deliver(hook(there))
        assert [request.said["attempt"] for request in there.received] == [2, 3, 4, 4]

    run(test)


def test_what_an_earlier_build_has_delivered_is_not_sent_again(tmp_path: Path) -> None:
    sent = read_nudge(nudge())
    assert sent is not None
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection, connection:
        connection.execute(
            "CREATE TABLE done (webhook TEXT NOT NULL, nudge TEXT NOT NULL, content TEXT NOT NULL,"
            " forget_at INTEGER NOT NULL, PRIMARY KEY (webhook, nudge)) WITHOUT ROWID"
        )
        connection.execute("INSERT INTO done VALUES ('desktop', ?, ?, ?)", (sent.id, sent.content, sent.expires_at))
    for _ in range(2):
        with closing(Progress(tmp_path / "state.db")) as progress:
            assert progress.is_done("desktop", sent)


def test_each_target_goes_on_from_its_own_place(desk: Desk) -> None:
    async def test(there: Target) -> None:
        await desk.deliver(hook(there))
        desk.topic.records.append(nudge(2))
        async with target() as other:
            counts = await desk.deliver(hook(there), hook(other, name="other"))
            assert there.nudges() == ["repeat:contact-1", "repeat:contact-2"]
            assert counts["desktop"].unchanged == 0, "what it was sent is not even read again"
            assert other.nudges() == ["repeat:contact-1", "repeat:contact-2"]

    run(test)


def test_a_target_that_was_there_before_anything_was_told_gets_all_that_is_told_from_then_on(desk: Desk) -> None:
    async def test(there: Target) -> None:
        desk.topic.new = 1
        await desk.deliver(hook(there))
        assert there.received == []
        desk.topic.records.append(nudge(2))
        desk.topic.new = 2
        await desk.deliver(hook(there))
        assert there.nudges() == ["repeat:contact-2"]

    run(test)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_where_it_cannot_be_noted_that_a_nudge_is_given_up_it_is_tried_again(desk: Desk) -> None:
    (desk.folder / "undelivered.jsonl").symlink_to("/dev/full")

    async def test(there: Target) -> None:
        with pytest.raises(ExceptionGroup) as failed:
            await desk.deliver(hook(there))
        assert failed.group_contains(UndeliveredError, match="No space left on device")
        (desk.folder / "undelivered.jsonl").unlink()
        await desk.deliver(hook(there))
        assert there.nudges() == ["repeat:contact-1"] * 2

    run(test, Answer(410))


def test_a_letter_after_one_that_a_full_disk_tore_is_a_line_of_its_own(desk: Desk) -> None:
    path = desk.folder / "undelivered.jsonl"
    letter = Letter(BEGUN, "desktop", "refused", "answered 410", 1, "msg_1", b"{}")
    letters = Undelivered(path)
    letters.append(letter)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, usual[1]))
    try:
        with pytest.raises(UndeliveredError, match="File too large"):
            letters.append(letter)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    letters.append(letter)
    whole, torn, again = path.read_text().splitlines()
    assert whole == again
    assert torn == whole[:10]


def test_what_was_delivered_is_forgotten_a_day_after_it_expired(tmp_path: Path) -> None:
    sent = read_nudge(nudge())
    assert sent is not None
    with closing(Progress(tmp_path / "state.db")) as progress:
        progress.finish("desktop", sent, BEGUN)
        for at, done in ((sent.expires_at + DAY - 1, True), (sent.expires_at + DAY, False)):
            progress.move("desktop", {"offset": 1}, at)
            assert progress.is_done("desktop", sent) is done


def test_two_processes_do_not_deliver_from_the_same_place(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(Progress(path)), pytest.raises(ProgressError, match="another process delivers with it"):
        Progress(path)
    with closing(Progress(path)) as progress:
        assert progress.position("desktop") is None


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "broken.db"
    path.write_text("this is no database, but long enough to look like one " * 10)
    yield path
    assert path.read_text().startswith("this is no database")


def test_a_file_that_is_none_of_ours_is_told_and_left_alone(broken: Path) -> None:
    with pytest.raises(ProgressError, match=r"broken\.db: file is not a database"):
        Progress(broken)


@pytest.mark.parametrize(
    "record", [b"{", b"[]", b"\xff", b'{"type": "nudge.issued"}', nudge(expires_at="soon"), nudge(expires_at=7)]
)
def test_a_record_that_cannot_be_read_is_given_up_and_stops_nothing(desk: Desk, record: bytes) -> None:
    desk.topic.records = [record, nudge()]

    async def test(there: Target) -> None:
        counts = await desk.deliver(hook(there))
        assert there.nudges() == ["repeat:contact-1"]
        assert counts["desktop"].dead == {"unreadable": 1}
        assert desk.letters()[0]["body"] == record.decode(errors="backslashreplace")

    run(test)
