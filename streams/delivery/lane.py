"""The lane of one webhook: its nudges in their order, each until it is delivered or given up."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from streams.delivery.backoff import backoff
from streams.delivery.bodies import body_of
from streams.delivery.clock import Clock
from streams.delivery.counts import Counts
from streams.delivery.nudge import Nudge, read_nudge
from streams.delivery.posting import Later, Never, Poster, Taken
from streams.delivery.progress import Progress
from streams.delivery.source import Follow, Position, Source
from streams.delivery.undelivered import Letter, Undelivered
from streams.delivery.webhook import Webhook
from streams.domain.units import Millis

IDLE: Final[Millis] = 200
"""How long a lane that is at the end waits before it looks again."""


@dataclass(frozen=True, slots=True)
class Means:
    """What lanes work with.

    Attributes:
        follow: where nudges come from.
        progress: where each webhook's place is kept.
        undelivered: where nudges go that are given up.
        clock: the time.
        random: a number from 0 up to 1.
        salt: keys the hashes that stand for customers.
    """

    follow: Follow
    progress: Progress
    undelivered: Undelivered
    clock: Clock
    random: Callable[[], float]
    salt: bytes


class Lane:
    """Delivers to one target. After a restart it goes on where it was: at worst, what was under way is sent again."""

    def __init__(self, webhook: Webhook, poster: Poster, means: Means, counts: Counts) -> None:
        self._webhook = webhook
        self._poster = poster
        self._means = means
        self._counts = counts
        self._position: Position | None = None

    async def run(self) -> None:
        """Deliver what there is and what comes, for ever.

        Raises:
            ProgressError, UndeliveredError: it can't be noted what became of a nudge, so it must not go on.
        """
        async with self._follow() as source:
            while True:
                await self._catch_up(source)
                await self._means.clock.sleep(IDLE)

    async def catch_up(self) -> None:
        """Deliver what there is.

        Raises:
            ProgressError, UndeliveredError: it can't be noted what became of a nudge, so it must not go on.
        """
        async with self._follow() as source:
            await self._catch_up(source)

    def _follow(self) -> AbstractAsyncContextManager[Source]:
        self._position = self._means.progress.position(self._webhook.name)
        return self._means.follow(self._position)

    async def _catch_up(self, source: Source) -> None:
        at_end = False
        while not at_end:
            batch = await source.read()
            for record in batch.records:
                await self._take(record)
            if batch.position != self._position:  # also before there is any record: who is new stays behind what is old
                self._means.progress.move(self._webhook.name, batch.position, self._means.clock.now())
                self._position = batch.position
            at_end = batch.at_end

    async def _take(self, record: bytes) -> None:
        try:
            nudge = read_nudge(record)
        except ValueError as error:
            self._give_up("unreadable", str(error), 0, "", record)
            return
        if nudge is None or not self._webhook.wants(nudge):
            return
        if self._means.progress.is_done(self._webhook.name, nudge):
            self._counts.unchanged += 1
            return
        await self._deliver(nudge)
        self._means.progress.finish(self._webhook.name, nudge, self._means.clock.now())

    async def _deliver(self, nudge: Nudge) -> None:
        """Try until the target takes it, refuses it for good, or it is too late."""
        clock, deadline = self._means.clock, self._webhook.deadline(nudge)
        body = body_of(nudge, self._webhook, self._means.salt)
        tries, why = 0, "it was too late before the first try"
        at = clock.now()
        while at < deadline:
            tries += 1
            self._counts.retried += tries > 1
            match await self._poster.post(nudge.message_id, body, at):
                case Taken():
                    self._counts.deliver(max(clock.now() - nudge.occurred_at, 0))
                    return
                case Never(why):
                    self._give_up("refused", why, tries, nudge.message_id, body)
                    return
                case Later(why, asked):
                    wait = max(asked, backoff(tries, self._means.random))
                    if clock.now() + wait >= deadline:
                        break
                    await clock.sleep(wait)
            at = clock.now()
        self._give_up("expired", why, tries, nudge.message_id, body)

    def _give_up(self, reason: str, detail: str, tries: int, message_id: str, body: bytes) -> None:
        at = self._means.clock.now()
        self._means.undelivered.append(Letter(at, self._webhook.name, reason, detail, tries, message_id, body))
        self._counts.dead[reason] += 1
