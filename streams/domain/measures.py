"""The measures that the processors add to the ledger: name and, in brackets, the labels in their order.

What they mean to a reader (type, unit, help, the question answered, the twin) is in the catalogue.
QTC stands for queue, team, channel.
"""

from streams.domain.ledger import Histogram
from streams.domain.units import DAY, HOUR, MINUTE, SECOND

_TALK_BOUNDS = (
    *(n * SECOND for n in (15, 30, 60, 120, 180, 300, 420, 600, 900, 1_800)),
    HOUR, 4 * HOUR,
)  # fmt: skip
_WAIT_BOUNDS = (
    *(n * SECOND for n in (5, 10, 20, 30, 60, 120, 300, 600, 1_800)),
    HOUR, 4 * HOUR, DAY,
)  # fmt: skip
_LONG_BOUNDS = (
    *(n * MINUTE for n in (5, 15)),
    *(n * HOUR for n in (1, 4, 12)),
    *(n * DAY for n in (1, 2, 3, 5, 7, 14, 30)),
)

# --- output tier: what the industry counts -----------------------------------------------------------------------
OFFERED = "legacy_offered_total"  # [QTC]
ANSWERED = "legacy_answered_total"  # [QTC]
ANSWERED_IN_THRESHOLD = "legacy_answered_within_threshold_total"  # [QTC]
HANDLED = "legacy_handled_total"  # [QTC]
ABANDONED = "legacy_abandoned_total"  # [QTC] short abandons are not among them
SHORT_ABANDONED = "legacy_short_abandoned_total"  # [QTC]
ABANDONED_IN_THRESHOLD = "legacy_abandoned_within_threshold_total"  # [QTC] short abandons are among them
QUEUE_TIME = Histogram("legacy_queue_seconds", _WAIT_BOUNDS)  # [QTC, left_by = answered | abandoned | ended]
FIRST_RESPONSE = Histogram("legacy_first_response_seconds", _WAIT_BOUNDS)  # [QTC]
HANDLE_TIME = Histogram("legacy_handle_seconds", _TALK_BOUNDS)  # [QTC]
TALK_TIME = "legacy_talk_seconds_total"  # [QTC] milliseconds
HOLD_TIME = "legacy_hold_seconds_total"  # [QTC] milliseconds
WRAP_TIME = "legacy_wrap_seconds_total"  # [QTC] milliseconds
TRANSFERS = "legacy_transfers_total"  # [QTC] charged to the queue that passes the contact on
TRANSFERRED = "legacy_transferred_contacts_total"  # [QTC] contacts with a transfer, charged to where they ended
CLAIMED_RESOLVED = "legacy_claimed_resolved_total"  # [QTC]
SLA_MET = "legacy_sla_met_total"  # [QTC]
SLA_MISSED = "legacy_sla_missed_total"  # [QTC]
OUTBOUND = "legacy_outbound_total"  # [QTC]
SURVEYS = "legacy_surveys_answered_total"  # [QTC]
CSAT = "legacy_csat_responses_total"  # [QTC, score]
NPS = "legacy_nps_responses_total"  # [QTC, score]
AGENT_TIME = "legacy_agent_seconds_total"  # [team, state] milliseconds
STAFF_JOINED = "legacy_staff_joined_total"  # [team]
STAFF_LEFT = "legacy_staff_left_total"  # [team]

# --- outcome tier -------------------------------------------------------------------------------------------------
DEMAND = "outcome_demand_total"  # [QTC, reason, demand, evidence]; evidence is "none" unless demand is failure
LINKED = "outcome_linked_total"  # [QTC, link = case | reason | identity | first]
ORIGIN = "outcome_failure_demand_origin_total"  # [QTC of the origin, reason, evidence]
UNLINKABLE = "outcome_unlinkable_total"  # [QTC, handled, why = no_customer | no_key], when the contact has ended
ENDED = "outcome_ended_total"  # [QTC, reason, handled]; linkable contacts, as in all that follow
RECURRED = "outcome_recurred_total"  # [QTC, reason, handled, window], counted when it recurs
RECURRENCES = "outcome_recurrences_total"  # [QTC, handled, window, by = recontact | reopened | denied]
EXITED = "outcome_exited_total"  # [QTC, reason, handled, window], counted when the customer exits
MATURED = "outcome_matured_total"  # [QTC, reason, handled, window, verdict], counted when the window has passed
CLAIMS = "outcome_claims_total"  # [QTC, window, claim, verdict] of what the outputs claim of it, matured
RECURRENCE_DELAY = Histogram("outcome_recurrence_delay_seconds", _LONG_BOUNDS)  # [QTC, handled]
PROBLEMS = "outcome_problems_total"  # [QTC, handled, window, verdict] of its last contact, once at rest
PROBLEM_CONTACTS = Histogram("outcome_problem_contacts", (1, 2, 3, 4, 5, 8, 13), scale=1)  # [QTC, window]
PROBLEM_DURATION = Histogram("outcome_problem_duration_seconds", _LONG_BOUNDS)  # [QTC, window]
PROBLEM_EFFORT = Histogram("outcome_problem_effort_seconds", _WAIT_BOUNDS)  # [QTC, window]
EFFORT = "outcome_effort_seconds_total"  # [QTC] milliseconds of the customer's time
FAILURE_HANDLE_TIME = "outcome_failure_handle_seconds_total"  # [QTC, reason, category] milliseconds
FAILURE_COST = "outcome_failure_cost_total"  # [QTC, reason, category, currency] millionths
HANDLE_COST = "outcome_handle_cost_total"  # [QTC, currency] millionths, of all demand
NUDGES = "outcome_nudges_total"  # [QTC, nudge = repeat | waiting | promise, fate = issued | grouped | limited | quiet]
NUDGES_ANSWERED = "outcome_nudges_answered_total"  # [QTC, nudge, response] those issued, once each
NUDGE_DELAY = Histogram("outcome_nudge_action_delay_seconds", _WAIT_BOUNDS)  # [QTC, nudge] until acted on
NUDGED = "outcome_nudged_total"  # [QTC, handled, window, response, verdict] of contacts nudged for, matured

# --- cohorts: by hour, with the age bucket's index where it says so ------------------------------------------------
COHORT_ENDED = "cohort_ended"  # [QTC, handled] at the hour of the end
COHORT_RECURRED = "cohort_recurred"  # [QTC, handled, bucket] first failure was a recurrence; at the hour of the end
COHORT_EXITED = "cohort_exited"  # [QTC, handled, bucket] first failure was an exit; at the hour of the end
FAILING = "failing"  # [QTC, handled, bucket] first failures, at the hour in which they happened
NUDGED_ENDED = "nudged_ended"  # [QTC, handled, response] at the hour of the end
NUDGED_FAILED = "nudged_failed"  # [QTC, handled, response, bucket] first failures, at the hour of the end
NUDGED_FAILING = "nudged_failing"  # [QTC, handled, response, bucket] first failures, at the hour in which they happened
COHORT_UNLINKABLE = "cohort_unlinkable"  # [QTC, handled] at the hour of the end

# --- arrivals, by hour and by slot: what spikes are seen by --------------------------------------------------------
ARRIVED = "arrived"  # [queue, demand = failure | other] where it arrives
CAUSED = "caused"  # [queue of the origin, reason] failure demand

# --- the monitor's own health -------------------------------------------------------------------------------------
EVENTS = "monitor_events_total"  # [type]
DUPLICATES = "monitor_duplicate_events_total"  # [type]
LATE = "monitor_late_events_total"  # [type]
DEAD_LETTERS = "monitor_dead_letters_total"  # [reason]
RESTATEMENTS = "monitor_restatements_total"  # [window]
LABEL_OVERFLOW = "monitor_label_overflow_total"  # [label]
EVICTED = "monitor_evicted_contacts_total"  # []
ORPHANS = "monitor_orphan_events_total"  # [type]; events of a contact whose offer has not been seen
