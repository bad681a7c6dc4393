"""The engine and a brute-force count that shares no code with it agree on an audit log, to the unit."""

from pathlib import Path

from streams.domain.policy import Policy
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.report import Report, report
from streams.sources.detect import open_source
from tests import bruteforce

SMALL = Path(__file__).parents[1] / "fixtures" / "servicenow" / "small.csv"
LATER = 1_790_000_000_000


def replayed(path: Path, policy: Policy) -> Report:
    engine = EmbeddedEngine(":memory:", policy)
    with open_source(str(path)) as source:
        engine.ingest([record.raw for record in source], LATER, {})
    assert engine.latest is not None
    engine.advance(engine.latest + 1)
    told = report(engine.ledger.totals(), policy)
    engine.close()
    return told


def test_replay_of_an_audit_log_equals_the_brute_force_count() -> None:
    told = replayed(SMALL, Policy())
    counted = bruteforce.count(bruteforce.read(SMALL))
    assert {key: told["contacts"][key] for key in counted["contacts"]} == counted["contacts"]
    assert told["demand"] == counted["demand"]
    for window, counts in counted["windows"].items():
        assert {key: told["windows"][window][key] for key in counts} == counts
    assert told["dead_letters"] == 0
