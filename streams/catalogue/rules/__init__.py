"""Rules for Prometheus: what is computed beforehand, and what somebody is told."""

from collections.abc import Mapping
from types import MappingProxyType

from streams.catalogue.rules.alerts import ALERTS, budget_rules
from streams.catalogue.rules.gauges import gauge_rules
from streams.catalogue.rules.ratios import delta_rules, ratio_rules
from streams.catalogue.rules.rule import Alert, Recording
from streams.catalogue.rules.totals import total_rules

RECORDINGS: Mapping[str, tuple[Recording, ...]] = MappingProxyType(
    {
        "totals": tuple(total_rules()),
        "counts": tuple(delta_rules()),
        "ratios": tuple(ratio_rules()),
        "estimates": tuple(gauge_rules()),
        "budgets": tuple(budget_rules()),
    }
)
"""Recording rules by group."""

__all__ = ["ALERTS", "RECORDINGS", "Alert", "Recording"]
