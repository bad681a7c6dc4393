"""The body of a message: the event itself, or a message of Slack or Microsoft Teams. What it quotes can't format it."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson

from streams.delivery.nudge import Nudge
from streams.delivery.telling import told
from streams.delivery.webhook import Format, Webhook

_HASH_BYTES: Final = 16
_SLACK: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""What Slack reads as links and as calls to everybody in a channel."""


def body_of(nudge: Nudge, webhook: Webhook, salt: bytes) -> bytes:
    """Return the body for a target. The salt keys the hashes that stand for customers."""
    match webhook.format:
        case Format.PLAIN:
            message = _plain(nudge, webhook, salt)
        case Format.SLACK:
            message = _slack(nudge)
        case Format.TEAMS:
            message = _teams(nudge)
    return orjson.dumps(message)


def _plain(nudge: Nudge, webhook: Webhook, salt: bytes) -> Mapping[str, Any]:
    data = {name: value for name, value in nudge.record.items() if name not in ("type", "customer_id")}
    customer = nudge.record.get("customer_id")
    if customer is not None and webhook.customers:
        data["customer_id"] = customer
    elif customer is not None:
        data["customer_hash"] = blake2b(str(customer).encode(), digest_size=_HASH_BYTES, key=salt).hexdigest()
    return {"type": nudge.record["type"], "timestamp": nudge.record["occurred_at"], "data": data}


def _slack(nudge: Nudge) -> Mapping[str, Any]:
    return {"text": "\n".join(told(nudge)).translate(_SLACK), "mrkdwn": False, "unfurl_links": False}


def _teams(nudge: Nudge) -> Mapping[str, Any]:
    head, *rest = told(nudge)
    # Runs of text, since blocks of text would be read as Markdown.
    lines = [{"type": "TextRun", "text": head, "weight": "Bolder"}]
    runs = [lines, *([{"type": "TextRun", "text": line}] for line in rest)]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "RichTextBlock", "inlines": inlines} for inlines in runs],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}
