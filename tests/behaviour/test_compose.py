"""The stack of compose.yaml and its image, as far as they can be judged without Docker; what they run, runs beside."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.grafana.panels import DATASOURCE
from deploy.grafana.render import BOARD_URL
from deploy.kafka.java import POM
from tests.compose import DEPLOY, FILE, OURS, ROOT, SERVICES, STACK, STAGES, port_of, said
from tests.tools import tool

PAGES: Final = {"grafana": "3000", "prometheus": "9090", "alertmanager": "9093", "gateway": "8088", "board": "8089"}
"""What people open, or post events to, with its port."""
ONCE: Final = {"topics"}
ROLES: Final = set(OURS) - ONCE - {"board"}
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCRAPES: Final = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
PROVISIONING: Final = DEPLOY / "grafana/provisioning"


def mounts(service: str) -> Iterator[tuple[str, str, str]]:
    """Yield the source, the place and the mode of each volume of a service; a source that is empty has no name."""
    for volume in SERVICES[service].get("volumes", ()):
        source, place, mode = (*volume.split(":"), "")[:3] if ":" in volume else ("", volume, "")
        yield source, place, mode


def mounted(service: str, place: str) -> Path:
    """Return what a service has at a place, in the repository."""
    found = [(FILE.parent / source, there) for source, there, _ in mounts(service) if source.startswith(".")]
    return next(here / place.removeprefix(there).lstrip("/") for here, there in found if place.startswith(there))


def test_the_file_is_what_compose_takes() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_only_what_people_use_is_published_and_only_on_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {name: [f"127.0.0.1:{port}:{port}"] for name, port in PAGES.items()}


def test_all_are_on_one_network_and_none_has_more_rights_than_a_container_has() -> None:
    assert STACK["networks"] == {"default": {"driver": "bridge"}}
    forbidden = {"privileged", "network_mode", "networks", "cap_add", "devices", "pid", "ipc", "userns_mode", "user"}
    for name, service in SERVICES.items():
        assert forbidden.isdisjoint(service), name
        assert [source for source, *_ in mounts(name) if source.startswith(("/", "~", ".."))] == []


def test_our_own_services_can_gain_no_rights_and_write_to_their_volume_alone() -> None:
    assert set(OURS) == {"topics", "worker", "exporter", "gateway", "board"}
    for service in OURS.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["read_only"] is True


def test_every_image_is_of_a_version_that_is_named() -> None:
    images = {service["image"] for service in SERVICES.values()}
    bases = {rest[0] for stage in STAGES for word, rest in stage if word == "FROM"}
    assert [image for image in images if not re.fullmatch(r"[\w/-]+:v?\d+\.\d+\.\d+", image)] == []
    assert [image for image in bases if not re.fullmatch(r"python:3\.1[1-9]-slim-\w+", image)] == []
    assert {service["image"] for service in OURS.values()} == {f"{PROJECT['name']}:{PROJECT['version']}"}


def test_kafka_is_the_version_that_the_tests_run_on() -> None:
    [tested] = set(re.findall(r"<artifactId>kafka_[\d.]+</artifactId>\s*<version>(.*?)</version>", POM.read_text()))
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{tested}"


def test_what_is_mounted_is_in_the_repository_and_can_not_be_written_to() -> None:
    ours = [(name, *mount) for name in SERVICES for mount in mounts(name) if mount[0].startswith(".")]
    assert len(ours) == 5
    for name, source, place, mode in ours:
        assert any(mounted(name, place).iterdir()), source
        assert mode == "ro", source
    for place in ("/etc/prometheus/prometheus.yml", "/etc/prometheus/rules/alerts.yml"):
        assert mounted("prometheus", place).is_file()
    assert mounted("alertmanager", "/etc/alertmanager/alertmanager.yml").is_file()


def test_what_is_not_in_the_repository_is_a_volume_that_is_declared() -> None:
    volumes = {source for name in SERVICES for source, *_ in mounts(name) if not source.startswith(".")}
    assert volumes == {"", *STACK["volumes"]}


def test_what_goes_on_has_a_health_check_comes_back_and_has_time_to_stop() -> None:
    for name, service in SERVICES.items():
        if name in ONCE:
            assert service["restart"] == "no"
            continue
        assert service["restart"] == "unless-stopped"
        assert service["stop_grace_period"]
        check = service["healthcheck"]
        assert check["test"][0] == "CMD", name
        assert {"interval", "timeout", "retries", "start_period"} <= set(check)


def test_what_waits_waits_for_what_can_come() -> None:
    waits = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    for name, others in waits.items():
        for other, how in others.items():
            condition = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert how == {"condition": condition}, (name, other)
    assert waits["topics"].keys() == {"kafka"}
    assert all(waits[name].keys() == {"kafka", "topics"} for name in {*ROLES, "board"})
    assert waits["prometheus"].keys().isdisjoint(OURS)


def test_workers_can_be_several_each_with_its_own_state() -> None:
    worker = SERVICES["worker"]
    assert {"container_name", "hostname", "ports", "deploy"}.isdisjoint(worker)
    state = worker["command"][worker["command"].index("--state") + 1]
    assert list(mounts("worker")) == [("", state, "")]


def test_each_role_has_a_service_that_lets_the_others_in() -> None:
    for role in ROLES:
        command = SERVICES[role]["command"]
        assert command[command.index("--role") + 1] == role
        assert command[command.index("--host") + 1] == "0.0.0.0"  # noqa: S104 - of the container
        assert "--allow-remote" in command
        assert f":{port_of(role)}/healthz" in SERVICES[role]["healthcheck"]["test"][-1]
    assert {port_of(role) for role in ROLES} == {"8088"}
    assert said("EXPOSE") == [["8088", PAGES["board"]]]


def test_the_board_is_there_for_those_who_ask_for_it_and_sign_in() -> None:
    board, settings = SERVICES["board"], SERVICES["board"]["environment"]
    assert board["profiles"] == ["board"]
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["board"]
    assert settings["OUTCOME_MONITOR__BOARD__ACCESS"] == "tokens"
    assert settings["OUTCOME_MONITOR__BOARD__URL"] == f"http://127.0.0.1:{PAGES['board']}" == BOARD_URL
    [secret] = board["secrets"]
    assert settings["OUTCOME_MONITOR__BOARD__TOKENS__FILE"] == f"/run/secrets/{secret}"
    assert f"/deploy/{STACK['secrets'][secret]['file']}\n" in (ROOT / ".gitignore").read_text(encoding="utf-8")
    assert f":{port_of('board')}/healthz" in board["healthcheck"]["test"][-1]


def test_what_a_service_keeps_is_on_a_volume() -> None:
    kept = {name: {place for source, place, _ in mounts(name) if source in STACK["volumes"]} for name in SERVICES}
    assert SERVICES["kafka"]["environment"]["KAFKA_LOG_DIRS"] in kept["kafka"]
    for name, option in {"prometheus": "--storage.tsdb.path", "alertmanager": "--storage.path"}.items():
        [place] = [word.partition("=")[2] for word in SERVICES[name]["command"] if word.startswith(f"{option}=")]
        assert kept[name] == {place}
    assert kept["grafana"] == {"/var/lib/grafana"}


def test_prometheus_keeps_what_the_rules_look_back_over() -> None:
    [kept] = [word for word in SERVICES["prometheus"]["command"] if "retention.time" in word]
    rules = "".join(path.read_text(encoding="utf-8") for path in (DEPLOY / "prometheus/rules").glob("*.yml"))
    longest = {kind: max(map(int, re.findall(rf"{kind}(\d+)d", rules))) for kind in (r"\[", "offset ")}
    assert int(re.sub(r"\D", "", kept)) > sum(longest.values())


def test_promtool_takes_the_configuration() -> None:
    command = [tool("promtool", package="prometheus"), "check", "config", str(DEPLOY / "prometheus/prometheus.yml")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - promtool itself
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "rule files found" in checked.stdout
    assert (SCRAPES["global"]["scrape_interval"], SCRAPES["global"]["evaluation_interval"]) == ("15s", "15s")


def test_nobody_can_log_in_to_grafana_and_whoever_reaches_it_can_only_look() -> None:
    settings = SERVICES["grafana"]["environment"]
    assert settings["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert settings["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert settings["GF_AUTH_BASIC_ENABLED"] == "false"
    assert settings["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert (settings["GF_AUTH_ANONYMOUS_ENABLED"], settings["GF_AUTH_ANONYMOUS_ORG_ROLE"]) == ("true", "Viewer")
    assert [name for name in settings if "PASSWORD" in name] == []


def test_grafana_finds_the_data_source_that_the_dashboards_name_and_the_dashboards() -> None:
    folder = "/etc/grafana/provisioning"
    assert mounted("grafana", f"{folder}/datasources").samefile(PROVISIONING / "datasources")
    assert mounted("grafana", f"{folder}/dashboards").samefile(PROVISIONING / "dashboards")
    [source] = provisioned("datasources")["datasources"]
    assert (source["type"], source["uid"]) == (DATASOURCE.type_val, DATASOURCE.uid)
    assert source["url"] == f"http://prometheus:{PAGES['prometheus']}"
    assert source["jsonData"]["timeInterval"] == SCRAPES["global"]["scrape_interval"]
    [provider] = provisioned("dashboards")["providers"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert mounted("grafana", home).is_relative_to(mounted("grafana", provider["options"]["path"]))
    assert json.loads(mounted("grafana", home).read_text(encoding="utf-8"))["panels"]


def provisioned(kind: str) -> Mapping[str, Any]:
    """Return what the one file of a kind has Grafana set up."""
    [path] = (PROVISIONING / kind).iterdir()
    found: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert found["apiVersion"] == 1
    return found
