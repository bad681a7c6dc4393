"""What can be set, and what holds where nothing is: defaults are written here as they would be in the files.

Descriptions are for readers of the JSON Schema, which editors show beside the key.
"""

from collections.abc import Mapping

from pydantic import Field, SecretStr

from streams.domain.events import DemandClass
from streams.domain.policy import CostCategory
from streams.settings import fields as f
from streams.settings.board import Board
from streams.settings.delivery import Delivery
from streams.settings.kafka import Kafka
from streams.settings.section import Section, setting


class Thresholds(Section):
    """How soon a contact should be answered, and when hanging up says nothing about the service."""

    answer: f.Short = setting("20s", "Service level: answered within this time. A queue can set its own.")
    short_abandon: f.Short = setting("5s", "Who hangs up sooner than this is counted apart.")


class Objectives(Section):
    """What is aimed at, so that it can be said whether it is met."""

    service_level: f.Share = setting(0.8, "Share of contacts to be answered within the threshold, at least.")
    failure: f.Share = setting(0.15, "Share of handled contacts that may fail within the window, at most.")
    window: f.Window | None = setting(None, "Window of the failure objective: one of them; by default 7d, or the last.")


class Detection(Section):
    """How spikes of failure demand are told from chance."""

    false_alarms: f.Positive = setting(0.25, "False alarms of a queue in 28 days, on average.")
    least_contacts: f.Count = setting(5, "No alarm on fewer contacts than these.")
    time_zone: f.TimeZone = setting("UTC", "Where hours of the week are those of people's lives, such as Europe/Paris.")


class Nudges(Section):
    """When team leads are asked for action while the customer is still there."""

    expiry: f.Brief = setting("30m", "For how long a nudge asks for action.")
    waiting: f.Times = setting(
        3, "A repeat waits, and is told again, when it is not answered within so many times its queue's threshold."
    )
    warn_at: f.Share = setting(0.8, "Part of a queue's resolve_within after which its promise is about to be broken.")
    limit: f.Count = setting(
        60, "Most nudges of a team in each span, not below kafka.partitions; the rest is counted only."
    )
    span: f.Brief = setting("10m", "The span that the limit is for.")
    quiet: f.Hours = setting(None, "Hours in which nobody is nudged, such as 22:00-07:00 in detection.time_zone.")


class Linking(Section):
    """How contacts are joined to problems."""

    by_identity: f.Flag = setting(
        default=False, description="Also join contacts that share nothing but the customer: an upper bound, not a fact."
    )


class Queue(Section):
    """A queue. Every field may be left out."""

    team: f.Name | None = setting(None, "Team that its contacts are with, where events do not say.")
    answer_threshold: f.Short | None = setting(None, "Its own service-level threshold.")
    service_level: f.Share | None = setting(None, "Its own objective: share to be answered within the threshold.")
    failure: f.Share | None = setting(None, "Its own objective: share that may fail within the window.")
    resolve_within: f.Long | None = setting(
        None, "How soon after its first contact a problem should be at rest; a lead is nudged before that."
    )


class Rate(Section):
    """What handling costs where it fits: in any team and channel that it does not name otherwise."""

    per_hour: f.Money = Field(description="Cost of an hour of handling, in the currency; at most six decimals.")
    team: f.Name | None = setting(None, "Only for this team.")
    channel: f.Name | None = setting(None, "Only for this channel.")


class Costs(Section):
    """What an hour of handling costs."""

    currency: f.Currency = setting("EUR", "ISO 4217 code of the currency that the rates are in.")
    rates: tuple[Rate, ...] = setting((), "The first that fits counts; where none does, handling costs 0.")


class Limits(Section):
    """How much is remembered of one customer or contact, so that state stays bounded."""

    contacts_per_customer: f.Count = setting(200, "Contacts kept of a customer; the oldest go first.")
    events_per_contact: f.Count = setting(100, "Events kept of a contact.")
    open_contact_expiry: f.Long = setting("365d", "A contact that never ends is forgotten after this time.")


class Budget(Section):
    """How many values each label may have besides those that the config names; what comes later is `other`."""

    queue: f.Count = 200
    team: f.Count = 200
    channel: f.Count = 20
    reason: f.Count = 500


class Labels(Section):
    """Bounds on the labels of metrics."""

    budget: Budget = setting(Budget(), "Values by label, besides those that the config names.")


class Http(Section):
    """Where metrics are served and events are taken."""

    host: f.Name = setting("127.0.0.1", "Address to listen on; 0.0.0.0 for every one that the machine has.")
    port: f.Port = setting(8088, "Port to listen on; 0 for any that is free.")
    max_body: f.Size = setting("5 MiB", "Largest body of a request that brings events.")
    max_batch: f.Count = setting(10_000, "Most events in one request.")


class Storage(Section):
    """The file of the embedded engine."""

    path: f.Name = setting("outcome-monitor.db", "The file; a relative path starts in the working folder.")
    log_retention: f.Long = setting("7d", "Records of the log are kept for this time after they came.")
    outbox_retention: f.Long = setting("30d", "Records of the outcomes topic are kept for this time.")
    batch: f.Count = setting(5_000, "Most records that are processed in one step.")


class Monitor(Section):
    """Settings of the outcome monitor: `config/monitor.yaml`.

    A duration is a whole number and its unit (ms, s, m, h, d), a size likewise (B, KiB, MiB, GiB).
    """

    windows: f.Windows = setting(
        ("1d", "7d", "30d"), "How long after its end a contact is watched for recurrence; shortest first."
    )
    lateness: f.Short = setting("10s", "How far out of order events may come without being late.")
    retry_within: f.Long = setting("24h", "A contact within this time of an abandoned one is a retry of it.")
    thresholds: Thresholds = Thresholds()
    nudges: Nudges = Nudges()
    linking: Linking = Linking()
    objectives: Objectives = Objectives()
    detection: Detection = Detection()
    teams: tuple[f.Name, ...] = setting((), "Teams that there are. Where given, no other may be named below.")
    queues: Mapping[f.Name, Queue] = setting({}, "Queues by name; those that are missing here are served too.")
    costs: Costs = Costs()
    limits: Limits = Limits()
    labels: Labels = Labels()
    http: Http = Http()
    storage: Storage = Storage()
    kafka: Kafka = Kafka()
    board: Board = Board()
    delivery: Delivery = Delivery()


class Reason(Section):
    """A reason for contact, as events name it."""

    demand: DemandClass | None = Field(
        description="value: what we are here for; failure: only because we failed before; null: cannot be told."
    )
    cost_category: CostCategory = Field(
        description="deliver what was promised, react to a promise broken, or a change that the customer made."
    )
    owner: f.Name = Field(description="Who can remove the cause.")
    description: str | None = setting(None, "What belongs here, for those who choose the reason.")


class Taxonomy(Section):
    """Reasons for contact: `config/reasons.yaml`."""

    reasons: Mapping[f.Name, Reason] = setting({}, "Reasons by name, as events carry them.")


class Secrets(Section):
    """What belongs in no file that is committed: the environment sets it, or a file of its own holds it."""

    exemplar_salt: SecretStr | None = None
    kafka_password: SecretStr | None = None
    oidc_client_secret: SecretStr | None = None
    proxy_secret: SecretStr | None = None
    audit_salt: SecretStr | None = None
    customer_salt: SecretStr | None = None
