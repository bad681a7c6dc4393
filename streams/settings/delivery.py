"""Where nudges are delivered to: the section ``delivery`` of the settings."""

from typing import Literal, TypeAlias

from pydantic import Field

from streams.settings import fields as f
from streams.settings.section import Section, setting

Kind: TypeAlias = Literal["repeat", "waiting", "promise", "spike"]
Format: TypeAlias = Literal["plain", "slack", "teams"]


class Webhook(Section):
    """A target of nudges. Files are looked for beside this one."""

    name: f.Name = Field(description="What logs, counts and its place call it; if it changes, it begins anew.")
    url: f.MaybeUrl = setting(None, "Where nudges are posted; or url_file, where the address is a secret.")
    url_file: f.MaybeName = setting(None, "The file that holds the address, as those of Slack and Teams are secrets.")
    secret_file: f.MaybeName = setting(None, "The file that holds what messages are signed with: whsec_ and base64.")
    secret_env: f.MaybeName = setting(None, "The variable that holds it instead.")
    format: Format = setting("plain", "plain: the event itself, signed; slack, teams: a message of theirs.")
    teams: tuple[f.Name, ...] = setting((), "Only nudges of these teams; of all where none is named.")
    kinds: tuple[Kind, ...] = setting((), "Only nudges of these kinds; of all where none is named.")
    max_age: f.MaxAge = setting("15m", "An older nudge is not sent any more, even if it has not expired.")
    customers: f.Flag = setting(default=False, description="Send customers' ids as they are, and not as keyed hashes.")
    allow_plain: f.Flag = setting(default=False, description="Send to http:// although others can read it on the way.")


class Delivery(Section):
    """Of deliveries: nudges to where team leads are."""

    state: f.Name = setting(
        "outcome-monitor-delivery.db", "The file that says how far each webhook is; relative to the working folder."
    )
    undelivered: f.Name = setting(
        "outcome-monitor-undelivered.jsonl", "The file for nudges that could not be delivered, each with the reason."
    )
    webhooks: tuple[Webhook, ...] = setting((), "Where nudges go.")
