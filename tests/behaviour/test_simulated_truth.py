"""What ``replay`` says of a simulated centre is what the truth file beside its events says, queue by queue."""

import json
from pathlib import Path

import pytest

from streams.contracts.times import millis_of
from streams.domain.units import DAY
from tests.cli import Cli

WINDOW = 7 * DAY


def test_the_share_that_failed_of_each_queue_is_that_of_the_truth_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    cli = Cli(monkeypatch, capsys)
    cli("simulate", "--contacts", 11_500, "--seed", 7, "--out", "events.jsonl", "--truth", "truth.jsonl")
    queues = json.loads(cli("replay", "events.jsonl", "--json", "-").out)["queues"]

    events = [json.loads(line) for line in Path("events.jsonl").read_bytes().splitlines()]
    truths = [json.loads(line) for line in Path("truth.jsonl").read_bytes().splitlines()]
    ends = max(millis_of(event["occurred_at"]) for event in events)
    named = {event["contact_id"] for event in events if "contact_id" in event and event.get("customer_id")}
    left_at = {truth["customer_id"]: truth["next_at"] for truth in truths if truth["next"] == "exits"}
    matured: dict[str, list[bool]] = {queue["queue"]: [] for queue in queues}
    for truth in truths:
        ended_at = truth["ended_at"]
        if truth["handled"] and ended_at + WINDOW <= ends and truth["contact_id"] in named:
            # Who leaves does so for good: an exit speaks of all that the customer came about, in any queue.
            left = 0 < left_at.get(truth["customer_id"], 0) - ended_at <= WINDOW
            matured[truth["ended_queue"]].append(truth["next"] == "returns" or left)

    assert len(queues) == 5
    assert {queue["queue"]: queue["matured"] for queue in queues} == {
        name: len(failed) for name, failed in matured.items()
    }
    for queue in queues:
        failed = matured[queue["queue"]]
        assert len(failed) > 100
        assert queue["failed"] == pytest.approx(sum(failed) / len(failed), abs=1e-6)
