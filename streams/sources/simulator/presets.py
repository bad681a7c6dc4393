"""Plans that are ready to use: a centre to be shown, one to check estimators against, one where all goes wrong."""

from dataclasses import replace

from streams.domain.units import MINUTE, SECOND, Millis
from streams.sources.simulator.plan import (
    Aftermath,
    Customers,
    Delivery,
    Handling,
    Incident,
    Plan,
    Queue,
    Reason,
    Records,
    Returns,
    Shift,
    Team,
)
from streams.sources.simulator.profile import business_hours

WEEKDAYS = frozenset(range(5))
_VOICE_FIRST = {"voice": 0.7, "chat": 0.2, "email": 0.1}
_CHAT_FIRST = {"voice": 0.35, "chat": 0.5, "email": 0.15}


def demo_plan(incident: Incident | None = None) -> Plan:
    """Return a centre of five queues that legacy and outcome measures rank differently.

    ``billing`` answers at once, briefly, and solves little: green on service level, bad on outcome. ``technical`` keeps
    people waiting, takes its time and solves: red on service level, good on outcome. The others lie between.

    Args:
        incident: a failure to be seen live, such as ``late_parcels``.
    """
    queues = (
        _queue(
            "billing",
            "payments",
            {"wrong_invoice": Reason(5, 0.38), "payment_plan": Reason(3, 0.30), "refund_status": Reason(2, 0.42)},
            Handling(talk=210 * SECOND, wrap=20 * SECOND),
            answer_delay=4 * SECOND,
        ),
        _queue(
            "delivery",
            "logistics",
            {
                "parcel_late": Reason(5, 0.16),
                "parcel_damaged": Reason(2, 0.20),
                "change_address": Reason(3, 0.05),
                "where_is_my_order": Reason(2, 0.15, demand="failure"),
            },
            Handling(talk=240 * SECOND),
            answer_delay=9 * SECOND,
        ),
        _queue(
            "technical",
            "engineers",
            {"no_connection": Reason(5, 0.07), "slow_service": Reason(3, 0.09), "device_setup": Reason(2, 0.04)},
            Handling(talk=540 * SECOND, wrap=90 * SECOND, hold=80 * SECOND, hold_share=0.5),
            answer_delay=38 * SECOND,
        ),
        _queue(
            "cards",
            "payments",
            {"card_blocked": Reason(5, 0.06), "disputed_payment": Reason(3, 0.24), "new_card": Reason(3, 0.04)},
            Handling(talk=260 * SECOND),
            answer_delay=8 * SECOND,
            transfer=0.08,
            transfer_to="billing",
        ),
        _queue(
            "onboarding",
            "welcome",
            {"open_account": Reason(6, 0.10), "verify_identity": Reason(3, 0.22), "close_account": Reason(1, 0.08)},
            Handling(talk=400 * SECOND),
            answer_delay=14 * SECOND,
            channels=_CHAT_FIRST,
        ),
    )
    return Plan(
        queues=queues,
        teams=(_team("payments", 14), _team("logistics", 7), _team("engineers", 11), _team("welcome", 9)),
        incidents=() if incident is None else (incident,),
        customers=Customers(unknown=0.05, identified_later=0.1),
        records=Records(reason_later=0.1, cases=0.3),
        aftermath=Aftermath(
            silent=0.06, exits=0.35, confirms=0.05, denies=0.05, survey_if_solved=0.14, survey_if_unsolved=0.06
        ),
        delivery=Delivery(disordered=0.05, duplicated=0.005),
    )


def late_parcels(start: Millis, end: Millis | None = None) -> Incident:
    """Return an incident for :func:`demo_plan`: most customers with a late parcel have to come back."""
    return Incident(start, end, "delivery", "parcel_late", 0.65)


def constant_plan(
    rate_per_hour: float = 40.0, failure_rate: float = 0.25, step: tuple[Millis, float] | None = None
) -> Plan:
    """Return one queue that never changes, to check estimators against; nothing but returns happens in it.

    Args:
        rate_per_hour: contacts an hour, returns included, once returns have settled (a week after the start).
        failure_rate: the true probability of a return within seven days of a contact's end.
        step: from when on another failure rate holds for the contacts that end, and which.
    """
    queue = Queue(
        "support",
        "support",
        per_hour=rate_per_hour * (1 - failure_rate),
        reasons={"question": Reason(failure_rate=failure_rate)},
    )
    agents = round(rate_per_hour / 4) + 4
    return Plan(
        queues=(queue,),
        teams=(Team("support", (Shift(agents),)),),
        incidents=() if step is None else (Incident(step[0], None, "support", "question", step[1]),),
    )


def noisy_plan(incident: Incident | None = None) -> Plan:
    """Return the centre of :func:`demo_plan` with everything that makes real data hard, all at once."""
    plan = demo_plan(incident)
    queues = tuple(replace(queue, transfer=0.1, transfer_to=_next_of(queue, plan)) for queue in plan.queues)
    return replace(
        plan,
        queues=queues,
        teams=tuple(replace(team, attrition=0.01) for team in plan.teams),
        returns=Returns(in_profile=True),
        customers=Customers(unknown=0.15, identified_later=0.2),
        records=Records(reason_later=0.2, reason_missing=0.05, cases=0.4),
        aftermath=replace(plan.aftermath, silent=0.1, denies=0.1, confirms=0.1),
        delivery=Delivery(disordered=0.3, max_disorder=8 * SECOND, late=0.001, duplicated=0.03, duplicated_later=0.002),
    )


def _queue(  # noqa: PLR0913 - each is a difference between the queues of the demo
    name: str,
    team: str,
    reasons: dict[str, Reason],
    handling: Handling,
    *,
    answer_delay: Millis,
    channels: dict[str, float] | None = None,
    transfer: float = 0.0,
    transfer_to: str | None = None,
) -> Queue:
    return Queue(
        name,
        team,
        per_hour=32.0,
        reasons=reasons,
        profile=business_hours(),
        channels=channels or _VOICE_FIRST,
        handling=handling,
        answer_delay=answer_delay,
        patience=5 * MINUTE,
        transfer=transfer,
        transfer_to=transfer_to,
    )


def _team(name: str, agents: int) -> Team:
    """Return a team that is whole by day on weekdays, with a third of it at weekends and a quarter at night."""
    day = Shift(agents, start_hour=7, hours=12, days=WEEKDAYS)
    weekend = Shift(max(agents // 3, 2), start_hour=7, hours=12, days=frozenset({5, 6}))
    night = Shift(max(agents // 4, 2), start_hour=19, hours=12)
    return Team(name, (day, weekend, night), attrition=0.002)


def _next_of(queue: Queue, plan: Plan) -> str:
    names = [other.name for other in plan.queues]
    return names[(names.index(queue.name) + 1) % len(names)]
