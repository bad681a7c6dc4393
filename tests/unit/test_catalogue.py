"""The catalogue says everything that is measured, once, and keeps to the conventions."""

import ast
import inspect
import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from typing import get_args

import pytest

from streams.catalogue import CATALOGUE, LABELS, CatalogueError, Metric, NoTwin, Tier, check
from streams.catalogue.labels import QTC
from streams.catalogue.legacy import SEVEN
from streams.catalogue.render import render_reference
from streams.domain import measures
from streams.domain.ledger import Histogram

MEASURES: Mapping[str, str | Histogram] = {
    constant: value
    for constant, value in vars(measures).items()
    if constant.isupper() and not constant.startswith("_") and isinstance(value, str | Histogram)
}
USED_BY_GAUGES = {name for metric in CATALOGUE.values() for name in metric.computed_from}
OFFERED = CATALOGUE[measures.OFFERED]


def name_of(measure: str | Histogram) -> str:
    return measure.name if isinstance(measure, Histogram) else measure


def labels_in_brackets() -> Mapping[str, tuple[str, ...]]:
    """Read, from the comments beside the measures, the labels that the processors go by."""
    source = inspect.getsource(measures)
    lines = source.splitlines()
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in MEASURES:
            said = re.search(r"# \[(.*?)\]", lines[(node.end_lineno or node.lineno) - 1])
            assert said, f"{node.targets[0].id}: no labels in brackets"
            parts = [re.split(r" = | of ", part.strip())[0] for part in said[1].split(",") if part.strip()]
            found[node.targets[0].id] = tuple(label for part in parts for label in (QTC if part == "QTC" else (part,)))
    return found


@pytest.mark.parametrize("constant", MEASURES)
def test_every_measure_is_exported_or_used_by_a_gauge_that_is(constant: str) -> None:
    name = name_of(MEASURES[constant])
    assert name in CATALOGUE or name in USED_BY_GAUGES, f"measures.{constant} ({name}) has no entry in the catalogue"


@pytest.mark.parametrize("constant", [key for key, value in MEASURES.items() if name_of(value) in CATALOGUE])
def test_labels_are_those_that_the_processors_use_in_their_order(constant: str) -> None:
    assert CATALOGUE[name_of(MEASURES[constant])].labels == labels_in_brackets()[constant]


def test_the_catalogue_has_no_counter_and_no_histogram_that_nobody_adds_to() -> None:
    ours = {name_of(measure) for measure in MEASURES.values()}
    counted = {metric.name for metric in CATALOGUE.values() if metric.kind != "gauge" and metric.tier != "worker"}
    assert counted <= ours


def test_gauges_are_computed_from_measures_that_exist() -> None:
    assert {name_of(measure) for measure in MEASURES.values()} >= USED_BY_GAUGES


def test_histograms_have_the_bounds_that_the_ledger_counts_by() -> None:
    for measure in MEASURES.values():
        if isinstance(measure, Histogram):
            assert CATALOGUE[measure.name].buckets is measure


@pytest.mark.parametrize("label", ["customer", "contact", "agent"])
def test_no_label_names_a_customer_a_contact_or_an_agent(label: str) -> None:
    assert not [name for name in LABELS if label in name]
    with pytest.raises(CatalogueError, match=f"unknown label '{label}_id'; known are queue"):
        check([replace(OFFERED, labels=(*QTC, f"{label}_id"), twin=NoTwin("made up"))])


@pytest.mark.parametrize("measure", SEVEN)
def test_each_of_the_seven_legacy_measures_has_an_outcome_twin_with_labels_to_join_on(measure: str) -> None:
    for name in SEVEN[measure]:
        twin = CATALOGUE[name].twin
        assert isinstance(twin, str)
        assert CATALOGUE[twin].tier in ("business outcome", "customer outcome")
        assert {*CATALOGUE[name].labels} & {*CATALOGUE[twin].labels} & {*QTC}


def test_there_are_seven_legacy_measures() -> None:
    assert len(SEVEN) == 7


def test_a_retractable_counter_also_exports_what_was_retracted() -> None:
    matured = CATALOGUE[measures.MATURED]
    assert matured.exposed_names == ("outcome_matured_total", "outcome_matured_retracted_total")


def test_only_what_cannot_be_restated_is_not_retractable() -> None:
    final = {metric.name for metric in CATALOGUE.values() if metric.kind != "gauge" and not metric.retractable}
    assert {name for name in final if not name.startswith("monitor_")} == {
        measures.STAFF_JOINED,
        measures.STAFF_LEFT,
    }


@pytest.mark.parametrize(
    ("measure", "unit", "scale"),
    [
        (measures.OFFERED, "none", 1),
        (measures.TALK_TIME, "seconds", 1_000),
        (measures.FAILURE_COST, "currency", 1_000_000),
        (measures.HANDLE_TIME.name, "seconds", 1_000),
        (measures.PROBLEM_CONTACTS.name, "none", 1),
        ("outcome_live_failure_ratio", "ratio", 1),
    ],
)
def test_unit_and_scale_follow_from_the_name(measure: str, unit: str, scale: int) -> None:
    metric = CATALOGUE[measure]
    assert (metric.unit.name, metric.scale) == (unit, scale)


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (replace(OFFERED, name="legacy_offered"), "a counter ends in _total"),
        (replace(OFFERED, name="legacy_Offered_total"), "must be snake case"),
        (replace(OFFERED, name="offered_total"), "must be snake case and begin with"),
        (replace(OFFERED, name="legacy_talk_minutes_total"), "must use a base unit"),
        (replace(OFFERED, tier="monitor"), "asks for a name that begins with monitor_"),
        (replace(OFFERED, kind="gauge"), "a gauge must not end in any of _total"),
        (replace(OFFERED, kind="gauge"), "is not retractable"),
        (replace(OFFERED, buckets=measures.HANDLE_TIME), "a histogram, and nothing else, has buckets"),
        (replace(OFFERED, labels=("queue", "queue")), "has a label twice"),
        (replace(OFFERED, help="Contacts"), "ends in a full stop"),
        (replace(OFFERED, question="How many."), "end in a question mark"),
        (replace(OFFERED, twin="outcome_unheard_of_total"), "is not in the catalogue"),
        (replace(OFFERED, twin=measures.OFFERED), "must be on the other side"),
        (replace(OFFERED, twin=NoTwin("")), "say why it has no twin"),
    ],
)
def test_a_faulty_entry_is_refused_with_its_name_and_the_fault(fault: Metric, complaint: str) -> None:
    with pytest.raises(CatalogueError, match=f"{fault.name}: .*{complaint}"):
        check([fault])


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(CatalogueError) as raised:
        check([replace(OFFERED, help="Contacts", question="How many", twin=NoTwin("made up"))])
    assert len(str(raised.value).splitlines()) == 2


def test_a_name_declared_twice_is_refused_also_as_what_another_retracts() -> None:
    alone = replace(OFFERED, twin=NoTwin("made up"))
    with pytest.raises(CatalogueError, match="legacy_offered_total: declared 2 times"):
        check([alone, alone])
    with pytest.raises(CatalogueError, match="legacy_offered_retracted_total: declared 2 times"):
        check([alone, replace(alone, name="legacy_offered_retracted_total", retractable=False)])


def test_the_reference_has_a_row_for_every_metric_and_as_many_cells_as_its_header() -> None:
    rows = [line for line in render_reference().splitlines() if line.startswith("| `") and "<br>" in line]
    assert [re.findall("`([a-z0-9_]+)`", row)[0] for row in rows] == sorted(CATALOGUE, key=_place)
    assert {len(re.split(r"(?<!\\)\|", row)) for row in rows} == {7}
    assert "`legacy_offered_total`<br>`legacy_offered_retracted_total`<br>counter |" in rows[0]


def test_the_reference_explains_each_label() -> None:
    page = render_reference()
    assert all(f"| `{label}` | " in page for label in LABELS)


def test_the_committed_reference_is_what_the_catalogue_says() -> None:
    committed = files("streams.catalogue") / "METRICS.md"
    assert committed.read_text(encoding="utf-8") == render_reference(), "run `make docs`"


def _place(name: str) -> tuple[int, int]:
    tiers = get_args(Tier)
    return tiers.index(CATALOGUE[name].tier), list(CATALOGUE).index(name)
