"""A target of nudges, and which of them it gets."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from streams.delivery.nudge import Nudge
from streams.domain.units import MINUTE, Millis


class Format(StrEnum):
    """What a body looks like: as the event itself, or as a message of Slack or Microsoft Teams."""

    PLAIN = "plain"
    SLACK = "slack"
    TEAMS = "teams"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A target.

    Attributes:
        name: what logs and counts call it; addresses may hold secrets.
        url: where nudges are posted.
        key: what they are signed with; ``None`` where the address is the secret, as with Slack.
        teams: only theirs; all where empty.
        kinds: only of these kinds; all where empty.
        format: what a body looks like.
        max_age: a nudge that is older is not sent any more, even if it has not expired.
        customers: whether customers' ids are sent as they are, and not as keyed hashes.
        allow_plain: whether what is sent may be read on the way; to loopback it may.
    """

    name: str
    url: str = field(repr=False)
    key: bytes | None = field(default=None, repr=False)
    teams: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    format: Format = Format.PLAIN
    max_age: Millis = 15 * MINUTE
    customers: bool = False
    allow_plain: bool = False

    def __post_init__(self) -> None:
        """Make sure that there is an address, and that nobody on the way there reads what is sent, unless they may.

        Raises:
            ValueError: it is none, or not https, and others than this machine are in between. It is not quoted.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            msg = "is not an address; give one such as https://desktop.example/nudges"
            raise ValueError(msg)
        if parts.scheme == "http" and not (self.allow_plain or is_loopback(parts.hostname)):
            msg = (
                "begins with http://, so others could read nudges on the way; use https://, or set allow_plain to true"
            )
            raise ValueError(msg)

    def wants(self, nudge: Nudge) -> bool:
        """Say whether a nudge is for this target."""
        return (not self.teams or nudge.team in self.teams) and (not self.kinds or nudge.kind in self.kinds)

    def deadline(self, nudge: Nudge) -> Millis:
        """Return when a nudge is too late."""
        return min(nudge.expires_at, nudge.occurred_at + self.max_age)


def is_loopback(host: str) -> bool:
    """Say whether only this machine answers at an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
