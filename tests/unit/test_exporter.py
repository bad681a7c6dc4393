"""What the exporter says of a ledger, read back by the parsers of those who will read it."""

import asyncio
import re
from collections.abc import Iterable, Mapping

import httpx
import pytest
from prometheus_client import Metric as Family
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Timestamp

from streams.catalogue import CATALOGUE
from streams.catalogue.monitor import WATERMARK
from streams.catalogue.spikes import BASELINE_WEEKS
from streams.domain import measures as m
from streams.domain.cohort import AGE_BOUNDS, age_bucket
from streams.domain.ledger import SLOT, Additions, Exemplar, Labels, hour_of, slot_of
from streams.domain.policy import Policy, Reason, Window
from streams.domain.spikes import Detection
from streams.domain.units import DAY, HOUR, SECOND, Millis
from streams.exporter.collector import Exporter
from streams.exporter.context import Context, Objective
from streams.exporter.estimates import first_hour
from streams.exporter.http import create_app
from tests.memory_ledger import MemoryLedger

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
PLACE = ("billing", "north", "voice")
WINDOWS = Policy().windows
NOW: Millis = 500_000 * HOUR
CONTEXT = Context(
    Detection(false_alarms=1),
    Objective(0.8, 0.15),
    {"billing": Objective(0.9, 0.1)},
    "7d",
    {"refund": Reason("failure", "react", "finance"), "unowned": Reason()},
)


def exporter(ledger: MemoryLedger, salt: bytes = b"salt") -> Exporter:
    return Exporter(ledger, WINDOWS, salt, "1.2.3", CONTEXT)


def text(ledger: MemoryLedger, accept: str | None = None) -> str:
    body, _ = exporter(ledger).exposition(accept)
    return body.decode()


def parse_openmetrics(body: str) -> Iterable[Family]:
    return openmetrics.text_string_to_metric_families(body)  # type: ignore[no-any-return, no-untyped-call]  # untyped


def value(ledger: MemoryLedger, name: str, **labels: str) -> float | None:
    """Return the one sample of a name with exactly these labels, by the parser of the text format."""
    families: Iterable[Family] = parse_text(text(ledger))
    found = [s.value for family in families for s in family.samples if s.name == name and s.labels == labels]
    assert len(found) <= 1
    return found[0] if found else None


def qtc(**more: str) -> dict[str, str]:
    return {"queue": "billing", "team": "north", "channel": "voice"} | more


def steady(ledger: MemoryLedger, place: Labels = PLACE, handled: str = "true", *, days: int = 60) -> None:
    """Add cohorts up to now: four contacts an hour, of which one fails in its first hour."""
    add = ledger.additions.count
    for hour in range(hour_of(NOW) - 24 * days, hour_of(NOW)):
        add(m.COHORT_ENDED, (*place, handled), 4, hour)
        add(m.COHORT_RECURRED, (*place, handled, "0"), 1, hour)
        add(m.FAILING, (*place, handled, "0"), 1, hour)
        for response in ("acted", "ignored"):
            add(m.NUDGED_ENDED, (*place, handled, response), 2, hour)
            add(m.NUDGED_FAILED, (*place, handled, response, "0"), 1, hour)
            add(m.NUDGED_FAILING, (*place, handled, response, "0"), 1, hour)
    ledger.gauges[WATERMARK] = NOW / SECOND


def arriving(ledger: MemoryLedger, queue: str = "billing", *, days: int = 60, spike: int = 0) -> None:
    """Add arrivals up to now: four an hour, one failure demand; and some more of that in the last slot but one."""
    add = ledger.additions.count
    for hour in range(hour_of(NOW) - 24 * days, hour_of(NOW)):
        for slot, demand in enumerate(("failure", "other", "other", "other")):
            arrived_at = hour * HOUR + slot * SLOT
            for period in (hour, slot_of(arrived_at)):
                add(m.ARRIVED, (queue, demand), 1, period)
                if demand == "failure":
                    add(m.CAUSED, (queue, "refund"), 1, period)
    for period in (hour_of(NOW - SLOT), slot_of(NOW - SLOT)) if spike else ():
        add(m.ARRIVED, (queue, "failure"), spike, period)
        add(m.CAUSED, (queue, "refund"), spike, period)
    ledger.gauges[WATERMARK] = NOW / SECOND


def everything() -> MemoryLedger:
    """Return a ledger in which every metric of the catalogue has something to say."""
    ledger = MemoryLedger(gauges={metric: 1.0 for metric, of in CATALOGUE.items() if of.kind == "gauge"})
    ledger.gauges = {name: 1.0 for name in ledger.gauges if name.startswith("monitor_") and not CATALOGUE[name].labels}
    del ledger.gauges[BASELINE_WEEKS]
    to = ledger.additions
    for metric in CATALOGUE.values():
        labels = tuple(f"some {label}" for label in metric.labels)
        for n in (2, -1) if metric.retractable else (2,):
            if metric.buckets is not None:
                to.observe(metric.buckets, labels, 7 * metric.scale, n)
            elif metric.kind == "counter":
                to.count(metric.name, labels, n)
    steady(ledger)
    arriving(ledger)
    return ledger


def test_every_metric_of_the_catalogue_is_exposed_and_nothing_else() -> None:
    body = text(everything())
    exposed = re.findall(r"^# TYPE (\S+) (\S+)$", body, re.MULTILINE)
    ours = [metric for metric in CATALOGUE.values() if metric.tier != "worker"]
    assert sorted(exposed) == sorted((name, of.kind) for of in ours for name in of.exposed_names)


def test_both_formats_can_be_parsed_and_agree() -> None:
    ledger = everything()
    in_text = {(s.name, *sorted(s.labels.items())): s.value for f in parse_text(text(ledger)) for s in f.samples}
    in_openmetrics = {
        (s.name, *sorted(s.labels.items())): s.value
        for f in parse_openmetrics(text(ledger, OPENMETRICS))
        for s in f.samples
    }
    assert in_text == in_openmetrics


def test_labels_of_the_samples_are_those_of_the_catalogue() -> None:
    of_family = {name: {*of.labels} for of in CATALOGUE.values() for name in of.exposed_names}
    for family in parse_text(text(everything())):
        name = family.name if family.name in of_family else family.name + "_total"
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == of_family[name]


def test_openmetrics_says_the_unit_where_the_name_ends_in_it() -> None:
    body = text(everything(), OPENMETRICS)
    assert "# UNIT legacy_talk_seconds seconds\n" in body
    assert "# UNIT outcome_live_failure_ratio ratio\n" in body
    assert "# UNIT outcome_failure_cost" not in body


def test_an_empty_ledger_exposes_the_counters_without_labels_and_says_which_version_runs() -> None:
    ledger = MemoryLedger()
    assert value(ledger, m.EVICTED) == 0
    assert value(ledger, "monitor_build_info", version="1.2.3") == 1
    assert "outcome_" not in text(ledger)


def test_milliseconds_are_exposed_as_seconds_and_millionths_as_currency() -> None:
    ledger = MemoryLedger()
    ledger.additions.count(m.TALK_TIME, PLACE, 1_234_567)
    ledger.additions.count(m.HANDLE_COST, (*PLACE, "EUR"), 12_345_678)
    assert value(ledger, m.TALK_TIME, **qtc()) == 1234.567
    assert value(ledger, m.HANDLE_COST, **qtc(currency="EUR")) == 12.345678


def test_what_was_retracted_is_a_counter_beside_what_was_added_and_is_zero_before() -> None:
    ledger = MemoryLedger()
    labels = (*PLACE, "refund", "true", "7d", "resolved")
    named = qtc(reason="refund", handled="true", window="7d", verdict="resolved")
    ledger.additions.count(m.MATURED, labels, 5)
    assert value(ledger, "outcome_matured_retracted_total", **named) == 0
    ledger.additions.count(m.MATURED, labels, -2)
    assert value(ledger, "outcome_matured_total", **named) == 5
    assert value(ledger, "outcome_matured_retracted_total", **named) == 2


def test_a_histogram_has_cumulative_buckets_a_sum_and_a_count() -> None:
    ledger = MemoryLedger()
    for seconds in (15, 16, 90, 20_000):
        ledger.additions.observe(m.HANDLE_TIME, PLACE, seconds * SECOND)
    bucket = m.HANDLE_TIME.name + "_bucket"
    expected = {"15.0": 1, "30.0": 2, "60.0": 2, "120.0": 3, "14400.0": 3, "+Inf": 4}
    assert {le: value(ledger, bucket, **qtc(le=le)) for le in expected} == expected
    assert value(ledger, m.HANDLE_TIME.name + "_sum", **qtc()) == 20_121
    assert value(ledger, m.HANDLE_TIME.name + "_count", **qtc()) == 4


def test_observations_of_nothing_make_a_histogram_with_a_sum_of_zero() -> None:
    ledger = MemoryLedger()
    ledger.additions.observe(m.HANDLE_TIME, PLACE, 0)
    assert value(ledger, m.HANDLE_TIME.name + "_sum", **qtc()) == 0
    assert value(ledger, m.HANDLE_TIME.name + "_count", **qtc()) == 1


def test_retracted_observations_are_a_histogram_of_their_own_with_only_the_series_concerned() -> None:
    ledger = MemoryLedger()
    other = ("sales", "south", "chat")
    ledger.additions.observe(m.HANDLE_TIME, other, SECOND)
    assert "legacy_handle_seconds_retracted" not in text(ledger)
    ledger.additions.observe(m.HANDLE_TIME, PLACE, 20 * SECOND)
    ledger.additions.observe(m.HANDLE_TIME, PLACE, 20 * SECOND, -1)
    assert value(ledger, "legacy_handle_seconds_retracted_count", **qtc()) == 1
    assert value(ledger, "legacy_handle_seconds_retracted_sum", **qtc()) == 20
    assert value(ledger, "legacy_handle_seconds_count", **qtc()) == 1
    assert 'legacy_handle_seconds_retracted_count{channel="chat"' not in text(ledger)


def test_buckets_from_before_the_bounds_were_changed_are_kept_in_every_series() -> None:
    ledger = MemoryLedger()
    ledger.additions.count(m.HANDLE_TIME.name, (*PLACE, "45"), 3)
    ledger.additions.observe(m.HANDLE_TIME, ("sales", "south", "chat"), SECOND)
    bucket = m.HANDLE_TIME.name + "_bucket"
    assert value(ledger, bucket, **qtc(le="45.0")) == 3
    assert value(ledger, bucket, queue="sales", team="south", channel="chat", le="45.0") == 1
    assert value(ledger, m.HANDLE_TIME.name + "_count", **qtc()) == 3


def test_label_values_with_quotes_newlines_backslashes_and_any_script_survive() -> None:
    ledger = MemoryLedger()
    odd = ('he said "no"\nand \\left\\', "Überlingen, 東京", "🤷}{")
    ledger.additions.count(m.OFFERED, odd, 2)
    named = dict(zip(("queue", "team", "channel"), odd, strict=True))
    for families in (parse_text(text(ledger)), parse_openmetrics(text(ledger, OPENMETRICS))):
        (sample,) = [s for f in families for s in f.samples if s.name == m.OFFERED]
        assert (sample.labels, sample.value) == (named, 2)


def with_exemplar() -> MemoryLedger:
    ledger = MemoryLedger()
    exemplar = Exemplar("contact-4711", 75_500, 1_700_000_000_250)
    ledger.additions.observe(m.HANDLE_TIME, PLACE, exemplar.value)
    ledger.additions.exemplify(m.HANDLE_TIME, PLACE, exemplar)
    return ledger


def test_openmetrics_has_an_exemplar_on_the_bucket_with_the_contact_hashed() -> None:
    ledger = with_exemplar()
    families = parse_openmetrics(text(ledger, OPENMETRICS))
    (sample,) = [s for f in families for s in f.samples if s.exemplar is not None]
    assert sample.name == m.HANDLE_TIME.name + "_bucket"
    assert sample.labels["le"] == "120.0"
    assert sample.exemplar is not None
    assert sample.exemplar.labels.keys() == {"contact_hash"}
    assert re.fullmatch(r"[0-9a-f]{16}", sample.exemplar.labels["contact_hash"])
    assert sample.exemplar.value == 75.5
    assert sample.exemplar.timestamp == Timestamp(1_700_000_000, 250_000_000)


def test_the_text_format_has_no_exemplars_and_no_format_has_the_contact() -> None:
    ledger = with_exemplar()
    assert "contact_hash" not in text(ledger)
    assert "4711" not in text(ledger) + text(ledger, OPENMETRICS)


def test_the_hash_depends_on_the_contact_and_on_the_salt() -> None:
    one, other = exporter(MemoryLedger(), b"salt"), exporter(MemoryLedger(), b"pepper")
    assert one.hash_contact("a") == exporter(MemoryLedger(), b"salt").hash_contact("a")
    assert len({one.hash_contact("a"), one.hash_contact("b"), other.hash_contact("a")}) == 3


@pytest.mark.parametrize("salt", [b"", b"x" * 65])
def test_a_salt_that_cannot_key_the_hash_is_refused(salt: bytes) -> None:
    with pytest.raises(ValueError, match="the salt of exemplars has"):
        exporter(MemoryLedger(), salt)


def test_a_window_that_cohorts_cannot_tell_is_refused() -> None:
    with pytest.raises(ValueError, match=r"window '6d' of 6 d cannot be estimated; use one of .* 7, 14, 30 d"):
        Exporter(MemoryLedger(), [Window("6d", 6 * DAY)], b"salt", "1")


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "text/plain; version=0.0.4"),
        ("", "text/plain; version=0.0.4"),
        ("*/*", "text/plain; version=0.0.4"),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4"),
        (OPENMETRICS, "application/openmetrics-text; version=1.0.0"),
        (f"{OPENMETRICS};q=0.5,text/plain;version=0.0.4;q=0.3", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text; version=new", "text/plain; version=0.0.4"),
    ],
)
def test_the_format_is_the_one_that_is_asked_for(accept: str | None, content_type: str) -> None:
    _, said = exporter(MemoryLedger()).exposition(accept)
    assert said.startswith(content_type)


def test_headcount_is_who_joined_and_has_not_left() -> None:
    ledger = MemoryLedger()
    ledger.additions.count(m.STAFF_JOINED, ("north",), 7)
    ledger.additions.count(m.STAFF_LEFT, ("north",), 2)
    assert value(ledger, "legacy_headcount", team="north") == 5


def test_pending_is_what_ended_and_has_neither_failed_nor_matured() -> None:
    ledger = MemoryLedger()
    add = ledger.additions.count
    for reason in ("refund", "delivery"):
        add(m.ENDED, (*PLACE, reason, "true"), 10)
    about = (*PLACE, "refund", "true")
    add(m.RECURRED, (*about, "7d"), 4)
    add(m.RECURRED, (*about, "7d"), -1)
    add(m.EXITED, (*about, "7d"), 2)
    for verdict, n in {"recurred": 3, "exited": 2, "resolved": 5, "confirmed": 1}.items():
        add(m.MATURED, (*about, "7d", verdict), n)
    assert value(ledger, "outcome_pending", **qtc(handled="true", window="7d")) == 20 - 3 - 2 - 5 - 1
    assert value(ledger, "outcome_pending", **qtc(handled="true", window="30d")) == 20


def test_estimates_are_given_at_each_level_for_handled_contacts_and_abandoned_ones_apart() -> None:
    ledger = MemoryLedger()
    steady(ledger)
    steady(ledger, ("billing", "south", "chat"))
    steady(ledger, PLACE, "false")
    for where in (
        {"name": "outcome_live_failure_ratio", **qtc()},
        {"name": "outcome_queue_live_failure_ratio", "queue": "billing"},
        {"name": "outcome_team_live_failure_ratio", "team": "south"},
        {"name": "outcome_centre_live_failure_ratio"},
    ):
        name = where.pop("name")
        assert value(ledger, name, **where, handled="true", window="7d") == pytest.approx(0.25)
    assert value(ledger, "outcome_centre_live_failure_ratio", handled="false", window="1d") == pytest.approx(0.25)
    assert value(ledger, "outcome_team_live_failure_ratio", team="south", handled="false", window="1d") is None


def test_a_live_estimate_comes_with_its_interval_and_the_period_it_rests_on() -> None:
    ledger = MemoryLedger()
    steady(ledger)
    at: Mapping[str, str] = {"handled": "true", "window": "7d"}
    low = value(ledger, "outcome_centre_live_failure_low_ratio", **at)
    high = value(ledger, "outcome_centre_live_failure_high_ratio", **at)
    assert low is not None
    assert high is not None
    assert 0 < low < 0.25 < high < 1
    assert value(ledger, "outcome_centre_live_period_seconds", **at) == 86_400


def test_bounds_speak_of_a_matured_week_and_of_everything_since() -> None:
    ledger = MemoryLedger()
    steady(ledger)
    at: Mapping[str, str] = {"handled": "true", "window": "7d"}
    assert value(ledger, "outcome_centre_matured_failure_ratio", **at) == 0.25
    assert value(ledger, "outcome_centre_failed_lower_bound_ratio", **at) == 0.25
    assert value(ledger, "outcome_centre_failed_upper_bound_ratio", **at) == (0.25 + 1) / 2


def test_coverage_is_the_share_that_could_be_linked() -> None:
    ledger = MemoryLedger()
    steady(ledger)
    hour = hour_of(NOW)
    ledger.additions.count(m.COHORT_UNLINKABLE, (*PLACE, "true"), 8 * 24 * 4, hour - 24)
    ledger.additions.count(m.COHORT_UNLINKABLE, (*PLACE, "true"), 10**6, hour - 24 * 8 - 1)
    assert value(ledger, "outcome_centre_coverage_ratio", handled="true", window="1d") == 0.5


def test_a_restated_cohort_changes_the_next_scrape() -> None:
    ledger = MemoryLedger()
    steady(ledger, days=9)
    at: Mapping[str, str] = {"handled": "true", "window": "1d"}
    assert value(ledger, "outcome_centre_matured_failure_ratio", **at) == 0.25
    for hour in range(hour_of(NOW) - 24 * 9, hour_of(NOW)):
        ledger.additions.count(m.COHORT_RECURRED, (*PLACE, "true", "0"), -1, hour)
    assert value(ledger, "outcome_centre_matured_failure_ratio", **at) == 0


def test_failures_count_for_the_windows_that_are_as_long_as_the_age_at_which_they_happened() -> None:
    ledger = MemoryLedger()
    for hour in range(hour_of(NOW) - 24 * 60, hour_of(NOW)):
        ledger.additions.count(m.COHORT_ENDED, (*PLACE, "true"), 2, hour)
        ledger.additions.count(m.COHORT_EXITED, (*PLACE, "true", str(age_bucket(3 * DAY))), 1, hour)
    ledger.gauges[WATERMARK] = NOW / SECOND
    name = "outcome_centre_matured_failure_ratio"
    assert [value(ledger, name, handled="true", window=window) for window in ("1d", "7d", "30d")] == [0, 0.5, 0.5]


def test_nothing_is_estimated_before_anything_was_seen() -> None:
    ledger = MemoryLedger()
    steady(ledger)
    del ledger.gauges[WATERMARK]
    assert "outcome_" not in text(ledger)


def test_cohorts_are_read_as_far_back_as_the_longest_window_and_period() -> None:
    assert NOW // HOUR - first_hour(WINDOWS, NOW) == (30 + 28) * 24
    assert WINDOWS[-1].length == AGE_BOUNDS[-1]


def test_rows_that_fit_no_metric_are_counted_and_do_no_harm() -> None:
    ledger = MemoryLedger()
    add = ledger.additions.count
    add("legacy_forgotten_total", PLACE)
    add(m.OFFERED, ("billing",))
    add(m.HANDLE_TIME.name, (*PLACE, "soon"))
    add(m.HANDLE_TIME.name, (*PLACE, "nan"))
    add(m.EVICTED, (), 3)
    add(m.EVICTED, (), -1)
    add(m.OFFERED, PLACE)
    ledger.gauges = {"monitor_of_nothing": 1.0, m.OFFERED: 1.0, "monitor_build_info": 1.0}
    name = "monitor_unexported_rows"
    whys = ("unknown_name", "wrong_labels", "unexpected_retraction", "negative")
    assert {why: value(ledger, name, why=why) for why in whys} == {
        "unknown_name": 4,
        "wrong_labels": 3,
        "unexpected_retraction": 1,
        "negative": 0,
    }
    assert value(ledger, m.OFFERED, **qtc()) == 1
    assert value(ledger, m.EVICTED) == 3


def test_hours_of_which_more_was_taken_back_than_counted_are_said_and_no_estimate_rests_on_them() -> None:
    ledger = everything()
    sound = text(ledger)
    where, hour = ("billing", "north", "never", "true"), hour_of(NOW) - 1
    ledger.additions.count(m.COHORT_ENDED, where, -1, hour)
    ledger.additions.count(m.NUDGED_ENDED, (*where, "acted"), -2, hour)
    ledger.additions.count(m.NUDGED_FAILING, (*where, "acted", "0"), -400, hour)
    why = 'monitor_unexported_rows{why="negative"} '
    assert text(ledger) == sound.replace(f"{why}0.0", f"{why}3.0")


def test_two_exporters_of_a_ledger_say_the_same_and_a_new_one_does_not_begin_at_zero() -> None:
    ledger = everything()
    first, _ = exporter(ledger).exposition(OPENMETRICS)
    second, _ = exporter(ledger).exposition(OPENMETRICS)
    assert sorted(first.splitlines()) == sorted(second.splitlines())
    ledger.additions = Additions(ledger.additions.added, ledger.additions.retracted)
    ledger.additions.count(m.OFFERED, PLACE)
    assert value(ledger, m.OFFERED, **qtc()) == 1


def get(ledger: MemoryLedger, path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(exporter(ledger)))
        async with httpx.AsyncClient(transport=transport, base_url="http://monitor") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_metrics_are_served_in_the_format_that_is_asked_for() -> None:
    plain = get(with_exemplar(), "/metrics")
    rich = get(with_exemplar(), "/metrics", Accept=OPENMETRICS)
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert rich.headers["content-type"].startswith(OPENMETRICS)
    assert rich.text.endswith("# EOF\n")
    assert "contact_hash" in rich.text


def test_metrics_are_compressed_for_who_takes_it() -> None:
    packed = get(everything(), "/metrics", **{"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert {*packed.headers["vary"].split(", ")} == {"Accept", "Accept-Encoding"}


def test_the_index_links_to_the_metrics() -> None:
    assert '<a href="/metrics">' in get(MemoryLedger(), "/").text


def test_estimates_are_the_same_whatever_else_is_counted_by_hour() -> None:
    alone, beside = MemoryLedger(), MemoryLedger()
    steady(alone)
    steady(beside)
    arriving(beside)
    name, labels = "outcome_queue_live_failure_ratio", {"queue": "billing", "handled": "true", "window": "7d"}
    assert value(beside, name, **labels) == value(alone, name, **labels) is not None


def test_what_is_usual_is_told_and_a_spike_is_none_while_nothing_is_unusual() -> None:
    ledger = MemoryLedger()
    arriving(ledger)
    about = {"queue": "billing", "reason": "refund"}
    assert value(ledger, "outcome_failure_demand_expected", **about) == 1
    assert value(ledger, "outcome_failure_demand_spike", **about) == 0
    assert value(ledger, "outcome_failure_share_expected_ratio", queue="billing") == 0.25
    assert value(ledger, "outcome_failure_share_spike", queue="billing") == 0
    assert value(ledger, BASELINE_WEEKS) == 8


def test_a_spike_is_told_for_the_queue_that_causes_it_and_no_other() -> None:
    ledger = MemoryLedger()
    arriving(ledger, spike=20)
    arriving(ledger, "delivery")
    about = {"queue": "billing", "reason": "refund"}
    limit = value(ledger, "outcome_failure_demand_excess_limit", **about)
    assert value(ledger, "outcome_failure_demand_excess", **about) == limit
    assert value(ledger, "outcome_failure_demand_spike", **about) == 1
    assert value(ledger, "outcome_failure_share_spike", queue="billing") == 1
    assert value(ledger, "outcome_failure_demand_spike", queue="delivery", reason="refund") == 0
    assert value(ledger, "outcome_failure_share_spike", queue="delivery") == 0


def test_nothing_is_usual_before_there_is_a_week_of_history() -> None:
    ledger = MemoryLedger()
    arriving(ledger, days=6, spike=20)
    assert value(ledger, "outcome_failure_demand_spike", queue="billing", reason="refund") is None
    assert value(ledger, BASELINE_WEEKS) == 0


def test_rules_are_told_the_objectives_the_team_of_a_queue_and_the_owner_of_a_reason() -> None:
    ledger = MemoryLedger()
    ledger.additions.count(m.OFFERED, ("billing", "north", "voice"), 3)
    ledger.additions.count(m.OFFERED, ("billing", "south", "voice"), 2)
    ledger.additions.count(m.OFFERED, ("billing", "south", "chat"), 2)
    ledger.additions.count(m.OFFERED, ("delivery", "south", "chat"), 2)
    assert value(ledger, "monitor_queue_team", queue="billing", team="south") == 1
    assert value(ledger, "monitor_queue_team", queue="billing", team="north") is None
    assert value(ledger, "legacy_service_level_objective_ratio", queue="billing") == 0.9
    assert value(ledger, "legacy_service_level_objective_ratio", queue="delivery") == 0.8
    assert value(ledger, "outcome_failure_objective_ratio", queue="billing", window="7d") == 0.1
    assert value(ledger, "monitor_reason_owner", reason="refund", owner="finance", category="react") == 1
    assert value(ledger, "monitor_reason_owner", reason="unowned", owner="unknown", category="unknown") == 1


def test_pending_contacts_are_told_by_how_long_ago_they_ended() -> None:
    ledger = MemoryLedger()
    steady(ledger)
    by_age = {
        age: value(ledger, "outcome_queue_pending_by_age", queue="billing", age=age)
        for age in ("1h", "4h", "1d", "30d")
    }
    assert by_age == {"1h": 3, "4h": 9, "1d": 36, "30d": 3 * 16 * 24}
