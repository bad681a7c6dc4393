"""``board`` beside ``run``, as processes, on either engine: what arrives is shown, acting on it reaches the ledger."""

from http import HTTPStatus
from pathlib import Path

import pytest
import yaml

from deploy.kafka.cluster import Cluster
from streams.cli.exits import FAILED
from tests.centres import WITHIN_S, Centre, Run, on_kafka, until
from tests.processes import running


def test_a_repeat_is_shown_and_acting_on_it_changes_the_board_the_log_and_the_metric(
    run_centre: Run, tmp_path: Path
) -> None:
    with run_centre(tmp_path, {}) as centre:
        centre.repeat("anna")
        with centre.board() as lead:
            until(lambda: "parcel_late" in lead.part("nudges"))
            [nudge] = lead.nudges
            assert lead.act(nudge, "called the depot").status_code == HTTPStatus.OK
            assert lead.act(nudge, "called it again").status_code == HTTPStatus.CONFLICT, "it was answered already"
            until(lambda: is_answered(centre))
            until(lambda: "called the depot" in lead.part("done") and "being recorded" not in lead.part("done"))
            until(lambda: '<td class="n">1</td>' in lead.part("twins"))  # the first contact, which has ended
            assert lead.nudges == []
            shown = lead.shown
        with centre.board() as lead:  # begun again, it finds the same: neither less nor twice
            assert lead.shown == shown
            centre.repeat("ben")
            until(lambda: len(lead.nudges) == 1)
            assert 'class="count">1<' in lead.part("done")


@pytest.mark.usefixtures("own_kafka")
def test_while_the_brokers_are_away_it_says_so_and_takes_no_answer_and_then_it_goes_on(tmp_path: Path) -> None:
    with Cluster() as cluster, on_kafka(cluster.bootstrap)(tmp_path, {}) as centre, centre.board() as lead:
        centre.repeat("anna")
        until(lambda: len(lead.nudges) == 1)
        [nudge] = lead.nudges
        cluster.kill(1)
        until(lambda: not lead.is_ready)
        assert "Reading the log" in lead.part("status")
        refused = lead.act(nudge, "called the depot")
        assert refused.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "nothing was recorded" in refused.text
        assert lead.nudges == [nudge]
        cluster.start(1)
        cluster.wait_ready()
        until(lambda: lead.is_ready)
        until(lambda: lead.act(nudge, "called the depot").status_code == HTTPStatus.OK)
        until(lambda: is_answered(centre))
        until(lambda: centre.takes("ben"))
        until(lambda: len(lead.nudges) == 1 and "being recorded" not in lead.part("done"))
        shown = lead.shown
        with centre.board() as fresh:
            assert (fresh.shown, len(fresh.nudges)) == (shown, 1)


def test_where_the_topics_are_missing_it_says_how_to_make_them(kafka: str, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "reasons.yaml").touch()
    settings = {
        "kafka": {"brokers": [kafka], "topics": {"nudges": {"name": "never-made.nudges"}}},
        "delivery": {"webhooks": [{"name": "chat", "url": "http://127.0.0.1:1/", "format": "slack"}]},
    }
    (config / "monitor.yaml").write_text(yaml.safe_dump(settings))
    for command in (["board", "--port", "0"], ["deliver"]):
        with running(*command, "--engine", "kafka", "--config", "config", cwd=str(tmp_path)) as process:
            _, err = process.communicate(timeout=WITHIN_S)
        assert process.returncode == FAILED, err
        assert "never-made.nudges: is missing; make it with `outcome-monitor topics create`" in err


def is_answered(centre: Centre) -> bool:
    return 'outcome_nudges_answered_total{channel="voice"' in centre.metrics()
