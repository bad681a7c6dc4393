"""Panels: what is asked of Prometheus, which question that answers, and how it is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="prometheus")
"""Provisioned under this uid."""
Links: TypeAlias = Mapping[str, str]
"""Where a value leads to: titles, each with an address."""

BOARD: Final = "${board:raw}"
"""The address of the team lead's board: a constant of each dashboard."""
RUNBOOK_LINKS: Final[Links] = {"What to do": "/d/runbook-${__data.fields.alertname}"}
QUEUE_LINKS: Final[Links] = {
    "The queue": "/d/outcome-queue?var-queue=${__data.fields.queue}&${__url_time_range}",
    "Its board, live": f"{BOARD}/?queue=${{__data.fields.queue}}",
}
QUEUE_SERIES_LINKS: Final[Links] = {
    "The queue": "/d/outcome-queue?var-queue=${__field.labels.queue}&${__url_time_range}",
    "Its board, live": f"{BOARD}/?queue=${{__field.labels.queue}}",
}
TEAM_LINKS: Final[Links] = {"Its board, live": f"{BOARD}/?team=${{__data.fields.team}}"}

Unit: TypeAlias = Literal["percentunit", "s", "short", "none", "dateTimeFromNow", "cps", "bytes"]
Panel: TypeAlias = Builder[models.Panel]

_WIDTH: Final = 24


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and what its series are called. One that ``fills`` bounds an interval, drawn as a band."""

    expr: str
    legend: str
    band: Literal["low", "high"] | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Series over time. ``answers`` is the question, shown when a reader points at the title."""

    title: str
    answers: str
    queries: Sequence[Query]
    unit: Unit = "short"
    width: int = 12
    height: int = 8
    stacked: bool = False
    links: Links = field(default_factory=dict)
    lowest: float | None = 0
    highest: float | None = None

    def panel(self) -> Panel:
        """Return the panel."""
        panel = (
            timeseries.Panel()
            .title(self.title)
            .description(self.answers)
            .datasource(DATASOURCE)
            .unit(self.unit)
            .span(self.width)
            .height(self.height)
            .line_width(2)
            .fill_opacity(30 if self.stacked else 0)
            .show_points(options.VisibilityMode.NEVER)
            .span_nulls(3_600_000.0)
            .legend(
                common.VizLegendOptions().display_mode(options.LegendDisplayMode.LIST).show_legend(show_legend=True)
            )
            .tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI))
        )
        if self.lowest is not None:
            panel.min(self.lowest)
        if self.highest is not None:
            panel.max(self.highest)
        if self.stacked:
            panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL))
        if self.links:
            panel.data_links([builders.DashboardLink(title).url(url) for title, url in self.links.items()])
        for ref, query in zip(_refs(), self.queries, strict=False):
            panel.with_target(_target(ref, query))
            if query.band == "high":
                low = next(other.legend for other in self.queries if other.band == "low")
                panel.override_by_name(query.legend, [_value("custom.fillBelowTo", low), *_faint()])
            elif query.band == "low":
                panel.override_by_name(query.legend, _faint())
        return panel


@dataclass(frozen=True, slots=True)
class Number:
    """One number for each series, with a line of how it came about."""

    title: str
    answers: str
    query: Query
    unit: Unit = "short"
    width: int = 4
    height: int = 4
    steps: Sequence[tuple[float | None, str]] = ((None, "text"),)

    def panel(self) -> Panel:
        """Return the panel."""
        thresholds = builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE)
        thresholds.steps([models.Threshold(value=value, color=colour) for value, colour in self.steps])
        return (
            stat.Panel()
            .title(self.title)
            .description(self.answers)
            .datasource(DATASOURCE)
            .unit(self.unit)
            .span(self.width)
            .height(self.height)
            .thresholds(thresholds)
            .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
            .with_target(_target("A", self.query))
        )


@dataclass(frozen=True, slots=True)
class Bars:
    """The largest series as bars, largest first."""

    title: str
    answers: str
    query: Query
    unit: Unit = "short"
    width: int = 8
    height: int = 9

    def panel(self) -> Panel:
        """Return the panel."""
        return (
            bargauge.Panel()
            .title(self.title)
            .description(self.answers)
            .datasource(DATASOURCE)
            .unit(self.unit)
            .span(self.width)
            .height(self.height)
            .min(0)
            .orientation(options.VizOrientation.HORIZONTAL)
            .display_mode(options.BarGaugeDisplayMode.BASIC)
            .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
            .with_target(_target("A", self.query, instant=True))
        )


@dataclass(frozen=True, slots=True)
class Table:
    """A row for each value of some labels, a column for each query."""

    title: str
    answers: str
    columns: Mapping[str, tuple[str, Unit]]
    rows: Sequence[str]
    width: int = _WIDTH
    height: int = 10
    links: Mapping[str, Links] = field(default_factory=dict)

    def panel(self) -> Panel:
        """Return the panel."""
        refs = dict(zip(self.columns, _refs(), strict=False))
        names = {f"Value #{ref}": name for name, ref in refs.items()}
        hidden = {"Time": True, "__name__": True}
        panel = (
            table.Panel()
            .title(self.title)
            .description(self.answers)
            .datasource(DATASOURCE)
            .span(self.width)
            .height(self.height)
            .with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
            .with_transformation(
                models.DataTransformerConfig(
                    id_val="organize", options={"excludeByName": hidden, "renameByName": names, "indexByName": {}}
                )
            )
        )
        for name, (expr, unit) in self.columns.items():
            by_row = f"sum by ({', '.join(self.rows)}) ({expr})"  # one series each: this drops the other labels
            target = _target(refs[name], Query(by_row, name), instant=True).format(PromQueryFormat.TABLE)
            panel.with_target(target)
            panel.override_by_name(name, [_value("unit", unit), _value("decimals", 1)])
        for label, leads_to in self.links.items():
            links = [{"title": title, "url": url} for title, url in leads_to.items()]
            panel.override_by_name(label, [_value("links", links)])
        return panel


Drawn: TypeAlias = Chart | Number | Bars | Table
"""Whatever makes a panel."""


def _refs() -> Sequence[str]:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _target(ref: str, query: Query, *, instant: bool = False) -> prometheus.Dataquery:
    target = prometheus.Dataquery().ref_id(ref).expr(query.expr).legend_format(query.legend).datasource(DATASOURCE)
    return target.instant() if instant else target.range()


def _value(name: str, value: Any) -> models.DynamicConfigValue:  # noqa: ANN401 - whatever the option takes
    return models.DynamicConfigValue(id_val=name, value=value)


def _faint() -> list[models.DynamicConfigValue]:
    return [
        _value("custom.lineWidth", 0),
        _value("custom.fillOpacity", 15),
        _value("custom.hideFrom", {"legend": True}),
    ]
