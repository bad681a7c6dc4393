"""A bounded set of label values: what the config declares, then what comes first, then ``other``."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.domain.policy import UNKNOWN, Policy

OTHER = "other"
"""The label of every value beyond the budget."""


@dataclass(slots=True)
class LabelBudget:
    """Admits values until a label's budget is spent. What was admitted stays so: a series never changes its name."""

    policy: Policy
    admitted: dict[str, list[str]] = field(default_factory=dict)
    changed: bool = False
    records: bool = True
    _known: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self._known:
            return
        for label in self.policy.label_budget:
            declared = self.policy.declared_labels.get(label, ())
            values = (*declared, *self.admitted.get(label, ()), UNKNOWN, OTHER)
            self._known[label] = {value: value for value in values}

    def admit(self, label: str, value: str | None) -> str:
        """Return the value to use for a label: itself, ``unknown`` where there is none, ``other`` beyond the budget."""
        if value is None:
            return UNKNOWN
        known = self._known[label].get(value)
        return known if known is not None else self._decide(label, value)

    def peek(self) -> "LabelBudget":
        """Return the same budget for looking ahead: it says what would be admitted, and admits nothing."""
        return LabelBudget(self.policy, self.admitted, records=False, _known=self._known)

    def _decide(self, label: str, value: str) -> str:
        admitted = self.admitted.setdefault(label, [])
        if len(admitted) < self.policy.label_budget[label]:
            if not self.records:
                return value
            admitted.append(value)
            self._known[label][value] = value
            self.changed = True
            return value
        return OTHER

    def snapshot(self) -> Mapping[str, list[str]]:
        """Return the admitted values by label, in the order of their admission: what must outlive a restart."""
        return {label: list(values) for label, values in self.admitted.items()}
