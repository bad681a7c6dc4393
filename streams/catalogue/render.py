"""The catalogue as documentation, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence

from streams.catalogue import CATALOGUE, LABELS, Metric, NoTwin, Tier

_TIERS: Mapping[Tier, tuple[str, str]] = {
    "output": ("Outputs", "What was done: the measures that the industry runs on."),
    "business outcome": ("Outcomes for the business", "What came of it, and what failure demand costs."),
    "customer outcome": (
        "Outcomes for the customer",
        "Whether the problem stayed solved, and what it took.",
    ),
    "monitor": ("The monitor itself", "Whether the rest can be trusted: input, delays, refusals, limits."),
    "worker": (
        "Processes, and workers of the Kafka engine",
        "How each process does. These are its own: counters begin at zero when it starts, and sums are over processes.",
    ),
}

_HEAD = """\
# Metrics

Rendered from the catalogue by `make docs`; every metric at `/metrics` is here, and nothing else is.

A counter with a second name, `..._retracted_total`, can be restated: when a late event changes what was counted, the
old count is added there, so that both only ever rise. What holds is the difference, in any range:
`increase(x_total[1d]) - increase(x_retracted_total[1d])`. A histogram is retracted in the same way.

The twin is the metric on the other side to lay a metric beside.
"""


def render_reference() -> str:
    """Return all that is measured as a Markdown page: the metrics by tier, and their labels."""
    sections = [_HEAD]
    for tier, (title, about) in _TIERS.items():
        sections.append(f"## {title}\n\n{about}\n\n{rendertable(tier)}")
    labels = table(("label", "meaning"), [(f"`{label}`", meaning) for label, meaning in LABELS.items()])
    sections.append(f"## Labels\n\nNo label ever holds the id of a customer, a contact or an agent.\n\n{labels}")
    return "\n".join(sections)


def rendertable(tier: Tier) -> str:
    """Return the metrics of a tier as a Markdown table, in the catalogue's order."""
    rows = [_row(metric) for metric in CATALOGUE.values() if metric.tier == tier]
    return table(("metric", "meaning", "answers", "labels", "twin"), rows)


def _row(metric: Metric) -> Sequence[str]:
    unit = "" if metric.unit.name == "none" else f" of {metric.unit.name}"
    names = "<br>".join([*(f"`{name}`" for name in metric.exposed_names), metric.kind + unit])
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    twin = f"none: {metric.twin.reason}" if isinstance(metric.twin, NoTwin) else f"`{metric.twin}`"
    return names, metric.help, metric.question, labels, twin


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
