"""The catalogue as documentation."""

from collections.abc import Iterable, Sequence

from streams.catalogue import CATALOGUE, LABELS, Metric, NoTwin, Tier


def render_markdown_table(tiers: Iterable[Tier] | None = None) -> str:
    """Return the metrics as a Markdown table, in the catalogue's order; of some tiers only if they are given."""
    wanted = None if tiers is None else set(tiers)
    rows = [_row(metric) for metric in CATALOGUE.values() if wanted is None or metric.tier in wanted]
    return _table(("metric", "kind", "unit", "tier", "labels", "meaning", "question", "twin"), rows)


def render_label_table() -> str:
    """Return the labels and their meaning as a Markdown table."""
    return _table(("label", "meaning"), [(f"`{label}`", meaning) for label, meaning in LABELS.items()])


def _row(metric: Metric) -> Sequence[str]:
    names = "<br>".join(f"`{name}`" for name in metric.exposed_names)
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    twin = f"none: {metric.twin.reason}" if isinstance(metric.twin, NoTwin) else f"`{metric.twin}`"
    return names, metric.kind, metric.unit.name, metric.tier, labels, metric.help, metric.question, twin


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
