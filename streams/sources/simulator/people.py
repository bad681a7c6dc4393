"""The customers of a simulated centre, and the problems that they bring."""

from dataclasses import dataclass, field
from random import Random

from streams.domain.units import Millis
from streams.sources.simulator.plan import Customers, Queue
from streams.sources.simulator.truth import Why

_TRIES = 3


@dataclass(slots=True)
class Customer:
    """A customer: ``known`` if the centre ever learns who it is, ``gone`` once an exit is decided.

    ``last`` is the time of the last contact, past or to come, by reason; ``awaited`` counts returns still to come.
    """

    customer_id: str
    known: bool
    gone: bool = False
    awaited: int = 0
    last: dict[str, Millis] = field(default_factory=dict)


@dataclass(slots=True)
class Problem:
    """What a customer wants solved. ``case_resolved`` says that its case, if it has one, was closed as resolved."""

    customer: Customer
    queue: Queue
    reason: str
    channel: str
    why: Why = "new"
    attempts: int = 0
    last_contact: str | None = None
    case_id: str | None = None
    case_resolved: bool = False


@dataclass(slots=True)
class People:
    """Everybody who might come. Remembers a bounded pool of past customers and no more."""

    rng: Random
    habits: Customers
    prefix: str
    _created: int = 0
    _pool: list[Customer] = field(default_factory=list)

    def bring(self, reason: str, at: Millis) -> Customer:
        """Return a customer for a new problem: one of the past, or a new one."""
        if self._pool and self.rng.random() < self.habits.returning:
            for _ in range(_TRIES):
                customer = self._pool[int(self.rng.random() * len(self._pool))]
                if self._may_bring(customer, reason, at):
                    return customer
        return self._create()

    def _may_bring(self, customer: Customer, reason: str, at: Millis) -> bool:
        if customer.gone:
            return False
        last = customer.last.get(reason)
        return last is None or self.habits.fresh_collision or at - last > self.habits.quiet

    def _create(self) -> Customer:
        self._created += 1
        customer = Customer(f"{self.prefix}u{self._created}", known=self.rng.random() >= self.habits.unknown)
        if len(self._pool) < self.habits.pool:
            self._pool.append(customer)
        elif self._pool:
            self._pool[int(self.rng.random() * len(self._pool))] = customer
        return customer
