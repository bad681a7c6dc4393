"""What compose.yaml runs, run as it says but without containers: topics, roles, health checks, and Prometheus."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse

from deploy.kafka.cluster import Cluster
from deploy.kafka.ports import HOST, free_ports
from streams.board.access.port import SIGN_IN_PATH
from tests.compose import DEPLOY, ROOT, SERVICES, Container, port_of
from tests.prometheus import Server, alertmanager, prometheus, wait_for

ROLES: Final = ("worker", "exporter", "gateway")
ALERTS: Final = DEPLOY / "alertmanager/alertmanager.yml"
SCRAPES: Final = DEPLOY / "prometheus/prometheus.yml"
SOON_S: Final = 60.0
OFFERED: Final = {"type": "contact.offered", "source": "telephony", "channel": "voice", "queue": "billing"}
JSON: Final = {"content-type": "application/json"}
Addresses = Mapping[str, str]


def broker_settings() -> dict[str, str]:
    """Return what compose.yaml has the broker do, but for its addresses and its folder, as server.properties has it."""
    found = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in SERVICES["kafka"]["environment"].items()
    }
    return {
        name: value
        for name, value in found.items()
        if not any(word in name for word in ("listener", "quorum", "log.dirs"))
    }


def container(service: str, broker: str, folder: Path, port: int) -> Container:
    own = folder / service
    own.mkdir()
    config = str(ROOT / "config")
    state = str(own / "state")
    places = {"kafka:9092": broker, "/etc/outcome-monitor": config, "/var/lib/outcome-monitor": state}
    places["/run/secrets"] = str(own)
    if service != "topics":
        places |= {"0.0.0.0": HOST, port_of(service): str(port)}  # noqa: S104 - it is replaced
    return Container(service, places, own / "said.log")


@pytest.fixture(scope="module")
def broker(own_kafka: None) -> Iterator[str]:  # noqa: ARG001 - asked for what it does
    with Cluster(overrides=broker_settings()) as cluster:
        yield cluster.bootstrap


@pytest.fixture(scope="module")
def roles(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """Where each role listens, by its address among the containers, once all are healthy; topics are made before."""
    folder = tmp_path_factory.mktemp("stack")
    made = container("topics", broker, folder, 0).run()
    assert made.returncode == 0, made.stderr
    assert made.stdout.count("made ") == 7
    with ExitStack() as stack:
        addresses = {}
        for service, port in zip(ROLES, free_ports(), strict=False):
            stack.enter_context(container(service, broker, folder, port).running())
            addresses[f"{service}:{port_of(service)}"] = f"{HOST}:{port}"
        yield addresses


def test_topics_that_are_there_already_are_no_trouble_for_the_next_start(
    roles: Addresses, broker: str, tmp_path: Path
) -> None:
    assert roles
    again = container("topics", broker, tmp_path, 0).run()
    assert (again.returncode, again.stdout.count("there is ")) == (0, 7), again.stderr


def offered(exposition: str) -> float:
    samples = [sample for family in parse(exposition) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == "legacy_offered_total")


def test_what_is_posted_to_the_gateway_is_told_by_the_exporter(roles: Addresses) -> None:
    gateway, exporter = roles["gateway:8088"], roles["exporter:8088"]

    def told() -> float:
        return offered(httpx.get(f"http://{exporter}/metrics", timeout=30, trust_env=False).text)

    before = told()
    event = {**OFFERED, "event_id": "e-1", "contact_id": "c-1", "occurred_at": datetime.now(UTC).isoformat()}
    posted = httpx.post(f"http://{gateway}/v1/events", json=event, headers=JSON, timeout=60, trust_env=False)
    assert (posted.status_code, before) == (202, 0), posted.text
    wait_for(lambda: told() == 1, SOON_S)


def test_the_board_lets_in_who_has_a_token_of_its_file(roles: Addresses, broker: str, tmp_path: Path) -> None:
    assert roles
    port = next(free_ports())
    board = container("board", broker, tmp_path, port)
    tokens = tmp_path / "board/board-tokens"
    tokens.touch()
    made = board.instead("board-token", "Ada Lovelace", "--role", "lead", "--teams", "payments")
    tokens.write_text(made.stdout)
    [token] = re.findall(r"shown this once: (\S+)", made.stderr)
    ours = {"origin": f"http://{HOST}:{port}"}
    with board.running(), httpx.Client(base_url=f"http://{HOST}:{port}", timeout=60, trust_env=False) as client:
        assert client.get("/").status_code == 401
        assert client.post(SIGN_IN_PATH, data={"token": "not a token"}, headers=ours).status_code == 401
        signed_in = client.post(SIGN_IN_PATH, data={"token": token}, headers=ours, follow_redirects=True)
        assert (signed_in.status_code, "Ada Lovelace" in signed_in.text) == (200, True)


def at_home(config: Mapping[str, Any], addresses: Addresses) -> dict[str, Any]:
    """Return the configuration of Prometheus with every address in its place, scraping each second."""

    def targets(found: Mapping[str, Any]) -> list[dict[str, Any]]:
        named = [address for static in found.get("static_configs", ()) for address in static["targets"]]
        for dns in found.get("dns_sd_configs", ()):
            assert dns["type"] == "A"
            named += [f"{name}:{dns['port']}" for name in dns["names"]]
        return [{"targets": [addresses[address] for address in named]}]

    return {
        "global": {**config["global"], "scrape_interval": "1s"},
        "rule_files": config["rule_files"],
        "alerting": {
            "alertmanagers": [{"static_configs": targets(one)} for one in config["alerting"]["alertmanagers"]]
        },
        "scrape_configs": [
            {"job_name": job["job_name"], "static_configs": targets(job)} for job in config["scrape_configs"]
        ],
    }


def test_prometheus_reaches_all_that_it_scrapes_and_who_it_alerts(roles: Addresses, tmp_path: Path) -> None:
    config = yaml.safe_load(SCRAPES.read_text(encoding="utf-8"))
    port = next(free_ports())
    (tmp_path / "rules").symlink_to(SCRAPES.parent / "rules")
    with alertmanager(tmp_path, yaml.safe_load(ALERTS.read_text(encoding="utf-8"))) as receiver:
        own = {"localhost:9090": f"{HOST}:{port}", "alertmanager:9093": receiver.url.removeprefix("http://")}
        with prometheus(tmp_path, at_home(config, {**roles, **own}), port=port) as server:
            jobs = {job["job_name"] for job in config["scrape_configs"]}
            wait_for(lambda: health(server) == {job: {"up"} for job in jobs}, SOON_S, lambda: str(health(server)))
            assert {"exporter", "worker", "gateway"} <= jobs
            receivers = server.get("/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
            assert [one["url"] for one in receivers] == [f"{receiver.url}/api/v2/alerts"]
            assert server.get("/api/v1/rules")["data"]["groups"]
            # Totals come from one process alone: what others told as well would be counted twice.
            [told] = server.query("count by (job) (count by (job, instance) (monitor_events_total))")
            assert (told["metric"], told["value"][1]) == ({"job": "exporter"}, "1")


def health(server: Server) -> dict[str, set[str]]:
    """Return how the targets of each job are."""
    found: dict[str, set[str]] = {}
    for target in server.get("/api/v1/targets")["data"]["activeTargets"]:
        found.setdefault(target["labels"]["job"], set()).add(target["health"])
    return found
