"""All lanes side by side."""

from asyncio import TaskGroup
from collections.abc import Mapping, Sequence

from streams.delivery.counts import Counts
from streams.delivery.lane import Lane, Means
from streams.delivery.posting import TIMEOUT_S, Poster
from streams.delivery.webhook import Webhook


class Delivery:
    """Delivers to every webhook, each in its own time.

    Attributes:
        counts: what became of it so far, by the name of the webhook.
    """

    def __init__(self, webhooks: Sequence[Webhook], means: Means, timeout_s: float = TIMEOUT_S) -> None:
        self._webhooks = webhooks
        self._means = means
        self._timeout_s = timeout_s
        self.counts: Mapping[str, Counts] = {webhook.name: Counts() for webhook in webhooks}

    async def run(self) -> None:
        """Deliver what there is and what comes, until cancelled.

        Raises:
            ExceptionGroup: of what a lane could not note; then all of them end.
        """
        async with TaskGroup() as lanes:
            for webhook in self._webhooks:
                lanes.create_task(self._lane(webhook, for_ever=True))

    async def catch_up(self) -> None:
        """Deliver what there is.

        Raises:
            ExceptionGroup: of what a lane could not note; then all of them end.
        """
        async with TaskGroup() as lanes:
            for webhook in self._webhooks:
                lanes.create_task(self._lane(webhook, for_ever=False))

    async def _lane(self, webhook: Webhook, *, for_ever: bool) -> None:
        async with Poster(webhook, self._timeout_s) as poster:
            lane = Lane(webhook, poster, self._means, self.counts[webhook.name])
            await (lane.run() if for_ever else lane.catch_up())
