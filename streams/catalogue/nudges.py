"""Nudges: what team leads are asked to do, what they do about it, and how contacts end for which they were asked."""

from typing import Final

from streams.catalogue.estimates import LEVELS, Level
from streams.catalogue.labels import QTC
from streams.catalogue.metric import Metric, NoTwin, Tier
from streams.domain import measures as m

_NO_TWIN = NoTwin("output measures ask nobody to do anything while the customer is still there")
_TIER: Final[Tier] = "customer outcome"
_COHORTS = (m.NUDGED_ENDED, m.NUDGED_FAILED)

_, _, TEAM, CENTRE = LEVELS
EFFECT_LEVELS = (TEAM, CENTRE)

FAILED, FAILED_LOW, FAILED_HIGH = (
    "nudged_failure_ratio",
    "nudged_failure_low_ratio",
    "nudged_failure_high_ratio",
)
EFFECT, EFFECT_LOW, EFFECT_HIGH = "nudge_effect_ratio", "nudge_effect_low_ratio", "nudge_effect_high_ratio"

_ENDS = {"": "", "_low": "Lower end of the 95 % interval of the following. ", "_high": "Upper end of the same. "}


def effect_name(level: Level, quantity: str) -> str:
    """Return the name of the metric of a quantity at a level."""
    return level.prefix + quantity


def _gauge(level: Level, quantity: str, labels: tuple[str, ...], help_text: str, question: str) -> Metric:
    end = next(end for end in ("_high", "_low", "") if f"{end}_ratio" in quantity)
    return Metric(
        effect_name(level, quantity),
        "gauge",
        _TIER,
        (*level.labels, *labels),
        f"{_ENDS[end]}{help_text}; of {level.whole}.",
        question,
        _NO_TWIN,
        computed_from=(*_COHORTS, m.NUDGED_FAILING),
    )


METRICS: tuple[Metric, ...] = (
    Metric(
        m.NUDGES,
        "counter",
        _TIER,
        (*QTC, "nudge", "fate"),
        "Occasions to nudge a team lead, by what became of them: told (issued), told under the nudge that the problem"
        " has already (grouped), or kept back (limited, quiet).",
        "How often is action asked for while the customer is still there, and how often is it kept back?",
        _NO_TWIN,
        retractable=True,
    ),
    Metric(
        m.NUDGES_ANSWERED,
        "counter",
        _TIER,
        (*QTC, "nudge", "response"),
        "Nudges that were issued and answered, once each, by the strongest answer.",
        "Are nudges of use to those who get them?",
        _NO_TWIN,
        retractable=True,
    ),
    Metric(
        m.NUDGE_DELAY.name,
        "histogram",
        _TIER,
        (*QTC, "nudge"),
        "Time from a nudge until it was acted on.",
        "How soon do nudges lead to action?",
        _NO_TWIN,
        retractable=True,
        buckets=m.NUDGE_DELAY,
    ),
    Metric(
        m.NUDGED,
        "counter",
        _TIER,
        (*QTC, "handled", "window", "response", "verdict"),
        "Contacts that there was an occasion to nudge for, by how that was answered and by verdict, counted when their"
        " window has passed. Not an experiment: leads choose what they act on.",
        "Do contacts that were acted on end better than those that were not?",
        _NO_TWIN,
        retractable=True,
    ),
    *(
        _gauge(
            level,
            quantity,
            ("response", "basis", "window"),
            "Share that fails of the handled contacts that there was an occasion to nudge for, by how it was answered",
            "How do nudged contacts end, by what was done about the nudge?",
        )
        for quantity in (FAILED, FAILED_LOW, FAILED_HIGH)
        for level in EFFECT_LEVELS
    ),
    *(
        _gauge(
            level,
            quantity,
            ("basis", "window"),
            "Share that fails of nudged contacts that were acted on, less that of those that were ignored: below 0 if"
            " acting helped. Not an experiment: leads choose what they act on",
            "Do contacts that were acted on end better than those that were not?",
        )
        for quantity in (EFFECT, EFFECT_LOW, EFFECT_HIGH)
        for level in EFFECT_LEVELS
    ),
)
