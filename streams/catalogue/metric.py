"""One metric of the catalogue: what is exported under a name, and what for."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from streams.domain.ledger import Histogram
from streams.domain.units import SECOND

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]
Tier: TypeAlias = Literal["output", "business outcome", "customer outcome", "monitor", "worker"]
"""Whether a metric says what was done, what came of it for the business or the customer, or how the monitor is doing.

Those of the tier ``worker`` are a process's own; all others come from the ledger.
"""


class Unit(NamedTuple):
    """An exported unit, and how many of the ledger's integers make one of it."""

    name: str
    scale: int = 1


_UNITS = {"_seconds": Unit("seconds", SECOND), "_cost": Unit("currency", 1_000_000), "_ratio": Unit("ratio")}


class NoTwin(NamedTuple):
    """Why a metric has no twin."""

    reason: str


@dataclass(frozen=True, slots=True)
class Metric:
    """The one declaration of a metric.

    ``labels`` are in the order of the ledger's. ``question`` is what a reader can answer with it. ``twin`` is the
    metric on the other side, output or outcome, to lay it beside. A ``retractable`` one can be restated by late facts:
    what was retracted is exported as a second metric, :attr:`retracted_name`. ``buckets`` is the ledger's histogram;
    ``computed_from`` names the measures that a gauge is computed from.
    """

    name: str
    kind: Kind
    tier: Tier
    labels: tuple[str, ...]
    help: str
    question: str
    twin: str | NoTwin
    retractable: bool = False
    buckets: Histogram | None = None
    computed_from: tuple[str, ...] = ()

    @property
    def base(self) -> str:
        """The name without the ``_total`` of a counter."""
        return self.name.removesuffix("_total")

    @property
    def unit(self) -> Unit:
        """The unit, which the name ends in by convention; that of a plain count is called ``none``."""
        found = (unit for suffix, unit in _UNITS.items() if self.base.endswith(suffix))
        return next(found, Unit("none"))

    @property
    def scale(self) -> int:
        """How many of the ledger's integers make one exported unit."""
        return self.buckets.scale if self.buckets else self.unit.scale

    @property
    def retracted_name(self) -> str:
        """Name of the metric that holds what was retracted: ``<base>_retracted_total``, or ``_retracted`` alone."""
        return f"{self.base}_retracted_total" if self.kind == "counter" else f"{self.name}_retracted"

    @property
    def exposed_names(self) -> tuple[str, ...]:
        """Every family that this declaration exports."""
        return (self.name, self.retracted_name) if self.retractable else (self.name,)
