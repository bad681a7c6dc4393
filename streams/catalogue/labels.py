"""The labels that a metric may have. An id of a customer, a contact or an agent is never one of them."""

from collections.abc import Mapping
from types import MappingProxyType

QTC = ("queue", "team", "channel")
"""What output and outcome measures share, so that they can be laid side by side."""

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "queue": "the queue where the contact arrived or ended; `unknown` if never said, `other` beyond the budget",
        "team": "the team; `unknown` if never said, `other` beyond the budget",
        "channel": "the channel; `unknown` if never said, `other` beyond the budget",
        "reason": "the reason of the contact, or of a dead letter; `unknown` if never said, `other` beyond the budget",
        "handled": "`true` for a contact that was handled, `false` for an abandoned one",
        "window": "how long after its end a contact is watched for recurrence, as configured",
        "verdict": "`recurred`, `exited`, `confirmed` or `resolved`",
        "demand": "`value`, `failure` or `unclassified`",
        "evidence": "why demand is failure demand: `open`, `retry`, `recontact` or `reason`; else `none`",
        "link": "what joined the contact to its problem: `case`, `reason`, `identity`, or `first` for a new problem",
        "by": "how the problem recurred: `recontact`, `reopened` or `denied`",
        "claim": "what an output measure said: `resolved`, `sla_met`, `sla_missed` or `in_threshold`",
        "nudge": "what a team lead is nudged for: `repeat`, `waiting`, `promise` or `spike`",
        "fate": "what became of an occasion to nudge: `issued`, `grouped`, `limited` or `quiet`",
        "response": "`acted`, `dismissed`, `acknowledged`, `ignored`, or `suppressed` where nobody was told",
        "basis": "`live`: what will become of contacts; `matured`: what became of those whose window has passed",
        "category": "why the work exists: `deliver`, `react` or `change`",
        "owner": "who can remove the cause of a reason, as configured",
        "age": "how long ago the contact ended: up to `1h`, from there to `4h`, and so on to `30d`",
        "currency": "the currency of the configured rates",
        "left_by": "how the contact left the queue: `answered`, `abandoned` or `ended`",
        "score": "the score that the customer gave",
        "state": "what agents were doing: `handling`, `available`, `break` or `offline`",
        "why": "why something could not be used",
        "type": "the type of the event",
        "label": "the label whose budget was spent",
        "version": "the version of the monitor",
        "topic": "the topic, by its name in the settings: `interactions` or `facts`",
        "partition": "the partition",
        "phase": "`processing`, or `writing` what came of it",
        "result": "`committed` or `failed`",
        "error": "Kafka's name of the error",
        "kind": "`disk` or `memory`",
    }
)
"""Every label with its meaning."""
