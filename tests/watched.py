"""A small contact centre on Kafka, with Prometheus and Alertmanager that watch it through an incident, as a site has.

Five weeks of history are backfilled into Prometheus and put in the log; then the hours of the incident are posted to
the gateway, faster than they pass. One process is worker and gateway, another the exporter. Only patience is shorter:
minutes that rules and routes wait are seconds here.
"""

import asyncio
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import sleep, time
from typing import Any, Final

import httpx
import yaml
from typer.testing import CliRunner

from streams.bootstrap import wall_clock
from streams.catalogue.rules.files import rule_files
from streams.cli.entry import app
from streams.contracts.decode import decode
from streams.contracts.encode import encode
from streams.contracts.times import rfc3339
from streams.domain.events import ContactAbandoned, ContactOffered, ContactUpdated
from streams.domain.ledger import Entry
from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Millis
from streams.settings import Settings, load
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.plan import Delivery, Incident, Leads, Plan, Returns, Shift
from streams.sources.simulator.presets import demo_plan
from streams.sources.simulator.profile import flat
from tests.kafka_process import Process, write_settings
from tests.prometheus import ROOT, Prometheus, Server, Webhook, alertmanager, prometheus, wait_for, webhook
from tests.site import Site, events, make_config
from tests.tools import tool

ROUTES: Final = ROOT / "deploy/alertmanager/alertmanager.yml"
HISTORY: Final = 37 * DAY
"""The longest span that rules look back over, and before it a week's window that has passed."""
WEEK: Final = 7 * DAY
INCIDENT: Final = 5 * HOUR
AFTERWARDS: Final = 15 * HOUR
_STRIDE: Final = 30 * MINUTE
_PAUSE_S: Final = 0.5
_ABSENT: Final = 'ALERTS{alertname="MonitorAbsent", alertstate="firing"}'
_SPIKING: Final = 'ALERTS{alertname="FailureDemandSpike", alertstate="firing"}'


@dataclass(frozen=True, slots=True)
class Centre:
    """What happens there, as records: what is history when Prometheus begins to watch, and what comes then."""

    history: Sequence[bytes]
    incident: Sequence[Sequence[bytes]]
    afterwards: Sequence[Sequence[bytes]]
    begins: Millis
    """When the incident begins."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to be asked afterwards: what was logged, Prometheus, what teams were told, the ledger, and when."""

    centre: Centre
    settings: Settings
    server: Prometheus
    hook: Webhook
    ledger: Sequence[Entry]
    spiking_at: float
    """When the incident's alert fired, by the clock, in seconds."""
    settled_at: float
    """When all had been processed, and the alert was over."""
    absent_at: float
    """When the alert fired that the monitor itself is gone."""

    def ask(self, expr: str) -> list[dict[str, Any]]:
        """Return what Prometheus had once all was settled."""
        return self.server.query(expr, self.settled_at)

    def value(self, expr: str) -> float:
        """Return the one value that there was."""
        found = self.ask(expr)
        assert len(found) == 1, f"{expr}: {found}"
        return float(found[0]["value"][1])


def make_centre(now: Millis) -> Centre:
    """Return a centre in which late parcels have customers come back for five hours, and all is calm then."""
    begins = now - AFTERWARDS - INCIDENT
    start, until = begins - HISTORY, now
    records: list[tuple[Millis, bytes]] = []
    for one in simulate(_plan(begins), 1, start, until=until):
        records += ((one.logged_at, raw) for raw in (one.raw, *_service_level_agreement(one.raw, one.logged_at)))
    history = [raw for at, raw in records if at < begins]
    live = [[raw for at, raw in records if since <= at < since + _STRIDE] for since in range(begins, until, _STRIDE)]
    over = INCIDENT // _STRIDE
    return Centre(history, live[:over], live[over:], begins)


def _plan(begins: Millis) -> Plan:
    """Return a plan that is the same at any hour of any day, so that it doesn't matter when it is played."""
    plan = demo_plan()
    per_hour = {"billing": 3, "delivery": 14, "technical": 3}
    queues = {queue.name: replace(queue, profile=flat()) for queue in plan.queues}
    reasons = {name: queues["delivery"].reasons[name] for name in ("parcel_late", "change_address")}
    queues["delivery"] = replace(queues["delivery"], reasons=reasons)
    over = begins + INCIDENT
    return replace(
        plan,
        queues=tuple(replace(queues[name], per_hour=rate) for name, rate in per_hour.items()),
        teams=tuple(replace(team, shifts=(Shift(6),), attrition=0.02) for team in plan.teams),
        leads=Leads(acts=0.4, dismisses=0.1),
        incidents=(
            Incident(begins, over, "delivery", "parcel_late", 0.95),
            Incident(over, None, "delivery", "parcel_late", 0.0),
        ),
        returns=Returns(mean=HOUR),
        delivery=Delivery(disordered=0.05, late=0.004, late_by=3 * DAY, duplicated=0.005),
        tick=None,
    )


def _service_level_agreement(raw: bytes, at: Millis) -> Iterator[bytes]:
    """Yield what a desk says of one queue's contacts beside them: whether they met what was agreed."""
    event = decode(raw, at)
    if isinstance(event, ContactOffered) and event.queue == "technical":
        met = event.occurred_at // SECOND % 5 > 0
        yield encode(
            ContactUpdated(f"sla-{event.contact_id}", event.occurred_at, "desk", event.contact_id, sla_met=met)
        )


def _trouble(at: Millis) -> Iterator[bytes]:
    """Yield what logs have besides: a record that is none, a contact that nobody offered, reasons beyond the budget."""
    yield b"poison"
    yield encode(ContactUpdated("orphan", at, "test", "never-offered", reason="parcel_late"))
    for n in range(40):
        contact = f"odd-{n}"
        yield encode(
            ContactOffered(f"offer-{n}", at, "test", contact, channel="voice", queue="billing", reason=contact)
        )
        yield encode(ContactAbandoned(f"end-{n}", at, "test", contact))


@contextmanager
def watched(bootstrap: str, folder: Path) -> Iterator[Seen]:
    """Let it all happen, and say what was seen once everything is settled."""
    now = wall_clock() // MINUTE * MINUTE
    centre = make_centre(now)
    log = folder / "history.jsonl"
    log.write_bytes(b"".join(raw + b"\n" for raw in centre.history))
    site = Site(make_config(bootstrap, folder / "state", 3))
    asyncio.run(site.create())
    settings = _write_settings(site, folder / "config")
    worker = Process(folder / "config", folder / "worker", ("worker", "gateway"), feed=log)
    exporter = Process(folder / "config", folder / "exporter", ("exporter",))
    with ExitStack() as stack:
        for process in (worker, exporter):
            process.start()
            stack.callback(process.kill)
        _backfill(log, folder, now)
        asyncio.run(site.settled(centre.begins - HOUR))
        hook = stack.enter_context(webhook())
        server, _ = stack.enter_context(_watching(folder, [worker, exporter], hook.url))
        wait_for(lambda: server.query("centre:outcome_demand:delta_1d"), 60)
        asyncio.run(site.produce([*_trouble(centre.begins)]))  # a gateway would refuse it
        _play(centre.incident, worker)
        spiking_at = wait_for(lambda: server.query(_SPIKING) and time(), 120, lambda: str(server.query("ALERTS")))
        _play(centre.afterwards, worker)
        asyncio.run(site.tick(now + 2 * MINUTE))
        ledger = asyncio.run(site.settled(now))
        wait_for(lambda: _events_in(server) == events(ledger), 60, lambda: str(_events_in(server)))
        wait_for(lambda: not server.query(_SPIKING), 120, lambda: str(server.query("ALERTS")))
        settled_at = _recorded(server, time() + 2)
        for process in (exporter, worker):
            asyncio.run(process.stop())
        absent_at = wait_for(lambda: server.query(_ABSENT) and time(), 120, lambda: str(server.query("ALERTS")))
        # Alertmanager tells what Prometheus knows some time later.
        wait_for(lambda: _told(hook, "resolved", "FailureDemandSpike"), 60, lambda: str(hook.posted))
        wait_for(lambda: _told(hook, "firing", "MonitorAbsent"), 60, lambda: str(hook.posted))
        yield Seen(centre, settings, server, hook, ledger, spiking_at, settled_at, absent_at)


def _told(hook: Webhook, status: str, name: str) -> bool:
    return any(labels["alertname"] == name for _, labels in hook.alerts(status))


def _events_in(server: Prometheus) -> float:
    found = server.query("sum(max by (type) (monitor_events_total))")
    return float(found[0]["value"][1]) if found else 0


def _recorded(server: Prometheus, since: float) -> float:
    """Wait until every group of rules was followed since some time, and again for what goes by another group."""
    for _ in range(2):
        wait_for(lambda: min(map(_followed_at, server.get("/api/v1/rules")["data"]["groups"])) > since, 60)  # noqa: B023
        since = time()
    return since


def _followed_at(group: Mapping[str, str]) -> float:
    return datetime.fromisoformat(group["lastEvaluation"]).timestamp()


def _write_settings(site: Site, folder: Path) -> Settings:
    """Write the example settings for these topics, with little room for reasons and for false alarms."""
    write_settings(site, folder)
    kafka = yaml.safe_load((folder / "monitor.yaml").read_text())
    monitor = yaml.safe_load((ROOT / "config/monitor.yaml").read_text()) | kafka
    monitor["labels"]["budget"]["reason"] = 3
    monitor["detection"]["false_alarms"] = 0.01
    (folder / "monitor.yaml").write_text(yaml.safe_dump(monitor))
    (folder / "reasons.yaml").write_bytes((ROOT / "config/reasons.yaml").read_bytes())
    return load(folder, {})


def _backfill(log: Path, folder: Path, now: Millis) -> None:
    """Put history in Prometheus's folder: samples an hour apart, of a day, and of a week and four weeks before now."""
    for n, (since, until) in enumerate(
        [(4 * WEEK + HOUR, 4 * WEEK - HOUR), (WEEK + HOUR, WEEK - HOUR), (26 * HOUR, INCIDENT + AFTERWARDS)]
    ):
        out = folder / f"history-{n}.om"
        limits = ["--since", rfc3339(now - since), "--until", rfc3339(now - until)]
        arguments = ["backfill", str(log), "--out", str(out), "--config", str(folder / "config"), *limits]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        command = [tool("promtool", package="prometheus"), "tsdb", "create-blocks-from", "openmetrics"]
        command += ["--max-block-duration=744h", str(out), str(folder / "data")]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603


@contextmanager
def _watching(folder: Path, targets: Sequence[Process], webhook_url: str) -> Iterator[tuple[Prometheus, Server]]:
    """Run Prometheus and Alertmanager with the rules and routes that we ship, but for their patience."""
    rules = {name: folder / name for name in rule_files()}
    for name, body in rule_files().items():
        rules[name].write_text(quickly(body))
    scraped = [target.url.removeprefix("http://") for target in targets]
    routes = quickly(ROUTES.read_text()).replace("http://127.0.0.1:9095", webhook_url)
    with alertmanager(folder, yaml.safe_load(routes)) as manager:
        config = {
            "global": {"scrape_interval": "2s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in rules.values()],
            "scrape_configs": [{"job_name": "outcome-monitor", "static_configs": [{"targets": scraped}]}],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager.url.removeprefix("http://")]}]}]},
        }
        with prometheus(folder, config, "--storage.tsdb.retention.time=100y") as server:
            yield server, manager


def quickly(text: str) -> str:
    """Return rules or routes in which a minute is a second and an hour a minute.

    The log may be hours behind the clock: it is played faster than time passes, and catches up.
    """
    shorter = {"m": "s", "h": "m", "s": "ms"}
    text = re.sub(
        r"((?:for|keep_firing_for|group_wait|group_interval|repeat_interval|interval): )(\d+)([smh])\b",
        lambda found: f"{found[1]}{found[2]}{shorter[found[3]]}",
        text,
    )
    return text.replace(
        "monitor_watermark_timestamp_seconds) > 900\n", "monitor_watermark_timestamp_seconds) > 86400\n"
    )


def _play(strides: Iterable[Sequence[bytes]], process: Process) -> None:
    """Post what comes, as it comes."""
    for records in strides:
        posted = _post(process, records)
        assert posted.status_code == 202, posted.text
        sleep(_PAUSE_S)


def _post(process: Process, records: Iterable[bytes]) -> httpx.Response:
    return httpx.post(
        f"{process.url}/v1/events",
        content=b"\n".join(records),
        headers={"content-type": "application/x-ndjson"},
        timeout=60,
        trust_env=False,
    )
