"""The settings as they hold: what was set, by what, and the policy that follows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from streams.domain import policy as p
from streams.settings.models import Monitor, Secrets, Taxonomy
from streams.settings.problems import DEFAULT, Origin, Place, key_of


class Setting(NamedTuple):
    """A setting: its key, its value as it could be written in a file, and where it came from.

    The origin is ``default``, ``<file>:<line>`` or ``env <variable>``. A secret is masked.
    """

    key: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the monitor is told. ``origins`` says of each place that was set where it was."""

    monitor: Monitor
    taxonomy: Taxonomy
    secrets: Secrets
    origins: Mapping[Place, Origin]

    def policy(self) -> p.Policy:
        """Return what the domain goes by: every setting that changes a number."""
        monitor = self.monitor
        queues, budget = monitor.queues, monitor.labels.budget
        return p.Policy(
            windows=monitor.windows,
            lateness=monitor.lateness,
            retry_within=monitor.retry_within,
            short_abandon=monitor.thresholds.short_abandon,
            answer_threshold=monitor.thresholds.answer,
            queue_answer_threshold={
                name: queue.answer_threshold for name, queue in queues.items() if queue.answer_threshold is not None
            },
            queue_team={name: queue.team for name, queue in queues.items() if queue.team is not None},
            link_by_identity=monitor.linking.by_identity,
            reasons={
                name: p.Reason(reason.demand, reason.cost_category, reason.owner)
                for name, reason in self.taxonomy.reasons.items()
            },
            rates=tuple(p.Rate(rate.per_hour, rate.team, rate.channel) for rate in monitor.costs.rates),
            currency=monitor.costs.currency,
            open_contact_expiry=monitor.limits.open_contact_expiry,
            contacts_per_customer=monitor.limits.contacts_per_customer,
            events_per_contact=monitor.limits.events_per_contact,
            label_budget=budget.model_dump(),
            declared_labels=self._declared_labels(),
            nudging=self._nudging(),
        )

    def file(self, name: str | None, *place: str) -> Path | None:
        """Return the file that a setting names: beside the file that sets it, else in the working folder."""
        return None if name is None else self.origins.get(place, DEFAULT).folder / name

    def describe(self) -> list[Setting]:
        """Return every setting that holds, in the order of the files, to show what was understood."""
        plain = self.monitor.model_dump(mode="json") | self.taxonomy.model_dump(mode="json")
        plain["secrets"] = self.secrets.model_dump(mode="json")
        return [
            Setting(key_of(place), _text(value), str(self.origins.get(place, DEFAULT))) for place, value in _flat(plain)
        ]

    def _nudging(self) -> p.Nudging:
        monitor = self.monitor
        nudges = monitor.nudges
        return p.Nudging(
            expiry=nudges.expiry,
            waiting=nudges.waiting,
            resolve_within={
                name: queue.resolve_within for name, queue in monitor.queues.items() if queue.resolve_within is not None
            },
            warn_at=nudges.warn_at,
            limit=nudges.limit,
            span=nudges.span,
            shares=monitor.kafka.partitions,  # on any engine, so that all of them count alike
            quiet=None if nudges.quiet is None else p.QuietHours(*nudges.quiet, monitor.detection.time_zone),
        )

    def _declared_labels(self) -> Mapping[str, frozenset[str]]:
        """Return what the config names: never cut by a budget, or a rate, threshold or webhook would not be found."""
        queues, rates, webhooks = self.monitor.queues, self.monitor.costs.rates, self.monitor.delivery.webhooks
        teams = (
            *self.monitor.teams,
            *(queue.team for queue in queues.values()),
            *(rate.team for rate in rates),
            *(team for webhook in webhooks for team in webhook.teams),
        )
        named: dict[str, Iterable[str | None]] = {
            "queue": queues,
            "team": teams,
            "channel": (rate.channel for rate in rates),
            "reason": self.taxonomy.reasons,
        }
        declared = {label: frozenset(name for name in names if name is not None) for label, names in named.items()}
        return {label: names for label, names in declared.items() if names}


def _flat(value: object, place: Place = ()) -> Iterator[tuple[Place, object]]:
    """Take sections apart down to single values; a list of single values is one."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(inner, (*place, name))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, inner in enumerate(value):
            yield from _flat(inner, (*place, index))
    else:
        yield place, value


def _text(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return str(value)
