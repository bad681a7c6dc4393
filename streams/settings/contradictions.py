"""Settings that are right each by itself and wrong together."""

from collections.abc import Iterator

from streams.domain.policy import UNKNOWN
from streams.settings.models import Monitor, Rate
from streams.settings.problems import Place, closest, key_of
from streams.settings.values import format_duration, show


def contradictions(monitor: Monitor) -> Iterator[tuple[Place, str]]:
    """Say which settings contradict others: where, and what would be right."""
    longest = monitor.windows[-1]
    if monitor.retry_within > longest.length:
        told = f"{format_duration(monitor.retry_within)} is longer than the longest window, {longest.name}"
        yield ("retry_within",), f"{told}, after which a customer is forgotten; make it shorter"
    yield from _unknown_teams(monitor)
    yield from _idle_rates(monitor.costs.rates)


def _unknown_teams(monitor: Monitor) -> Iterator[tuple[Place, str]]:
    if not monitor.teams:
        return
    named: list[tuple[Place, str | None]] = [
        (("queues", name, "team"), queue.team) for name, queue in monitor.queues.items()
    ]
    named += [(("costs", "rates", index, "team"), rate.team) for index, rate in enumerate(monitor.costs.rates)]
    for place, team in named:
        if team not in (None, UNKNOWN, *monitor.teams):
            near = closest(str(team), monitor.teams)
            hint = f"did you mean {near}? Otherwise add it there" if near else "add it there"
            yield place, f"{show(team)} is not one of the teams ({', '.join(monitor.teams)}); {hint}"


def _idle_rates(rates: tuple[Rate, ...]) -> Iterator[tuple[Place, str]]:
    for index, rate in enumerate(rates):
        for earlier, other in enumerate(rates[:index]):
            if other.team in (None, rate.team) and other.channel in (None, rate.channel):
                place = ("costs", "rates", index)
                first = key_of(("costs", "rates", earlier))
                yield place, f"never counts, since {first} fits wherever it does; move it up, or leave it out"
                break
