"""What the totals come to: ratios and means over the last hour, day, week and four weeks, outputs and outcomes alike.

Numerator and denominator are each added up over the level and the time before one is divided by the other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from streams.catalogue import CATALOGUE
from streams.catalogue.rules.promql import names_in, rise, substitute
from streams.catalogue.rules.rule import Recording
from streams.catalogue.rules.totals import LEVELS, TOTALS, Level, record_of

SPANS: Final = ("1h", "1d", "7d", "28d")
"""Over how long what happens is looked at."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two sums of totals, each a formula of their names."""

    name: str
    operation: str
    over: str
    under: str
    about: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def terms(self) -> set[str]:
        """The totals that it is made of."""
        return names_in(self.over) | names_in(self.under)

    @property
    def by(self) -> tuple[str, ...]:
        """The labels that it has beside those of its level."""
        return TOTALS[min(names_in(self.over))].by

    def levels(self) -> Iterator[Level]:
        """Yield the levels at which all that it is made of is known."""
        return (level for level in LEVELS if all(level in TOTALS[term].levels() for term in self.terms))


def _service_level(formula: str, over: str, under: str) -> Ratio:
    about = "Service level by one of its usual formulas; T is the threshold, A answered, B abandoned."
    return Ratio("legacy_service_level", "ratio", over, under, about, {"formula": formula})


_OFFERED = "legacy_answered + legacy_abandoned + legacy_short_abandoned"
_IN_TIME = "legacy_answered_in_threshold"

FORMULAS: Mapping[str, str] = MappingProxyType(
    {
        "answered_of_all": "A≤T / (A + B)",
        "answered_of_answered": "A≤T / A",
        "left_of_all": "(A≤T + B≤T) / (A + B)",
        "answered_of_waiting": "A≤T / (A + B>T)",
        "answered_or_short_of_all": "(A≤T + short B) / (A + B)",
    }
)
"""The service-level formulas (ICMI), by the value of the label ``formula``."""

RATIOS: tuple[Ratio, ...] = (
    _service_level("answered_of_all", _IN_TIME, _OFFERED),
    _service_level("answered_of_answered", _IN_TIME, "legacy_answered"),
    _service_level("left_of_all", f"{_IN_TIME} + legacy_abandoned_in_threshold", _OFFERED),
    _service_level("answered_of_waiting", _IN_TIME, f"{_OFFERED} - legacy_abandoned_in_threshold"),
    _service_level("answered_or_short_of_all", f"{_IN_TIME} + legacy_short_abandoned", _OFFERED),
    Ratio(
        "legacy_handle_seconds",
        "mean",
        "legacy_handle_seconds",
        "legacy_handle_count",
        "Average handle time: talk, hold and wrap of a handled contact.",
    ),
    *(
        Ratio(
            f"legacy_{part}_seconds",
            "mean",
            f"legacy_{part}_seconds",
            "legacy_handle_count",
            f"The part of average handle time that is {part}.",
        )
        for part in ("talk", "hold", "wrap")
    ),
    Ratio(
        "legacy_answer_seconds",
        "mean",
        "legacy_answer_seconds",
        "legacy_answered",
        "Average speed of answer: queue time of those who were answered.",
    ),
    Ratio(
        "legacy_queue_seconds",
        "mean",
        "legacy_queue_seconds",
        "legacy_queue_count",
        "Average queue time, of those who were answered and those who gave up.",
    ),
    Ratio(
        "legacy_first_response_seconds",
        "mean",
        "legacy_first_response_seconds",
        "legacy_first_response_count",
        "Average time to the first response.",
    ),
    Ratio(
        "legacy_abandonment",
        "ratio",
        "legacy_abandoned",
        "legacy_answered + legacy_abandoned",
        "Share that gave up waiting, short abandons left out of both.",
    ),
    Ratio(
        "legacy_claimed_resolution",
        "ratio",
        "legacy_claimed_resolved",
        "legacy_handled",
        "First-contact resolution as claimed.",
    ),
    Ratio("legacy_transfer", "ratio", "legacy_transferred", "legacy_handled", "Share that was passed on."),
    Ratio(
        "legacy_transfers",
        "per_handled",
        "legacy_transfers",
        "legacy_handled",
        "How often contacts are passed on from here, for each handled here.",
    ),
    Ratio("legacy_sla_met", "ratio", "legacy_sla_met", "legacy_sla_met + legacy_sla_missed", "Share that met its SLA."),
    Ratio("legacy_survey_response", "ratio", "legacy_surveys", "legacy_handled", "Share that answered a survey."),
    Ratio(
        "legacy_csat", "ratio", "legacy_csat_satisfied", "legacy_csat", "Share of the answers that were 4 or 5 of 5."
    ),
    Ratio(
        "legacy_nps",
        "ratio",
        "legacy_nps_promoters - legacy_nps_detractors",
        "legacy_nps",
        "Net promoter score: share of 9 and 10 less share of 0 to 6.",
    ),
    Ratio(
        "legacy_occupancy",
        "ratio",
        "legacy_handling_seconds",
        "legacy_staffed_seconds",
        "Occupancy: time spent handling, of time spent handling or available.",
    ),
    Ratio("outcome_failure_demand", "ratio", "outcome_failure_demand", "outcome_demand", "Share of failure demand."),
    Ratio("outcome_value_demand", "ratio", "outcome_value_demand", "outcome_demand", "Share of value demand."),
    Ratio(
        "outcome_unclassified_demand",
        "ratio",
        "outcome_unclassified_demand",
        "outcome_demand",
        "Share of demand that is neither known to be failure demand nor value demand.",
    ),
    Ratio(
        "outcome_failure_demand_caused",
        "per_handled",
        "outcome_failure_demand_caused",
        "legacy_handled",
        "Snowball: failure demand that was caused here, for each contact handled here.",
    ),
    Ratio(
        "outcome_matured_failure",
        "ratio",
        "outcome_matured_failed",
        "outcome_ended_of_window",
        "Share that failed of the contacts whose window passed in the span.",
    ),
    Ratio(
        "outcome_claimed_failed",
        "ratio",
        "outcome_claimed_failed",
        "outcome_claimed",
        "Share that failed of what an output measure spoke well of; of claimed resolutions, the false part of FCR.",
    ),
    Ratio(
        "outcome_contacts_per_resolved_problem",
        "ratio",
        "outcome_problem_contacts",
        "outcome_problems_resolved",
        "Contacts spent on all problems, for each that was resolved.",
    ),
    Ratio(
        "outcome_problem_seconds",
        "mean",
        "outcome_problem_seconds",
        "outcome_problems",
        "Time from a problem's first contact to the end of its last.",
    ),
    Ratio(
        "outcome_effort_seconds",
        "mean",
        "outcome_effort_seconds",
        "outcome_problems",
        "The customer's own time over a whole problem.",
    ),
    Ratio(
        "outcome_effort_seconds_of_contacts",
        "mean",
        "outcome_effort_seconds_of_contacts",
        "legacy_handled",
        "The customers' own time, for each contact handled.",
    ),
    Ratio(
        "outcome_failure_cost",
        "ratio",
        "outcome_failure_cost",
        "outcome_handle_cost",
        "Share of the cost of handling that goes into failure demand.",
    ),
    Ratio(
        "outcome_coverage",
        "ratio",
        "outcome_ended",
        "outcome_ended + outcome_unlinkable",
        "Share of the ended contacts that outcomes speak for.",
    ),
    Ratio(
        "outcome_insights_usage",
        "ratio",
        "outcome_nudges_acted_on",
        "outcome_nudges_issued",
        "Insights usage: nudges acted on, of those that were issued.",
    ),
    Ratio(
        "outcome_nudge_action_seconds",
        "mean",
        "outcome_nudge_action_seconds",
        "outcome_nudges_acted_on",
        "Mean time from a nudge until it was acted on.",
    ),
)

DELTAS: tuple[str, ...] = (
    "legacy_offered",
    "legacy_handled",
    "legacy_outbound",
    "legacy_staff_left",
    "outcome_demand",
    "outcome_failure_demand",
    "outcome_failure_demand_caused",
    "outcome_failure_demand_by_reason",
    "outcome_ended",
    "outcome_nudges_issued",
    "outcome_nudges_suppressed",
    "outcome_failure_cost",
    "outcome_failure_cost_by_category",
    "outcome_failure_cost_by_reason",
)
"""Totals of which it is also recorded how many came in each span."""


def ratio_rules() -> Iterator[Recording]:
    """Yield the rule of every ratio, at every level and over every span."""
    for ratio in RATIOS:
        for level in ratio.levels():
            for span in SPANS:
                over, under = (
                    substitute(formula, {term: since(level, term, span) for term in ratio.terms})
                    for formula in (ratio.over, ratio.under)
                )
                prefix = "_".join((level.name, *ratio.by))
                yield Recording(
                    f"{prefix}:{ratio.name}:{ratio.operation}_{span}",
                    f"({over})\n/ ({under} > 0)",
                    ratio.about,
                    ratio.labels,
                )


def delta_rules() -> Iterator[Recording]:
    """Yield the rules of what came in each span. What is less than nothing is another ledger, and left out."""
    for name in DELTAS:
        for level in TOTALS[name].levels():
            for span in SPANS:
                about = f"In the span: {CATALOGUE[TOTALS[name].metric].help}"
                yield Recording(record_of(level, name, f"delta_{span}"), f"{since(level, name, span)} >= 0", about)


def since(level: Level, name: str, span: str) -> str:
    """Return by how much a total has risen in a span."""
    return rise(record_of(level, name, "total"), span)
