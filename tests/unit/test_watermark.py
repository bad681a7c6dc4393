"""Order out of disorder."""

from streams.domain.events import ClockTicked, Event
from streams.domain.units import DAY, HOUR
from streams.domain.watermark import Sequencer

START = 1_767_225_600_000


def tick(at: int, event_id: str | None = None) -> Event:
    return ClockTicked(event_id or f"t{at}", START + at, "test")


def push(sequencer: Sequencer, *events: Event) -> tuple[list[int], list[int], int]:
    """Return the times released in order, the late ones, and how many duplicates there were."""
    duplicates: list[Event] = []
    in_order: list[int] = []
    late: list[int] = []
    for release in sequencer.push(enumerate(events), duplicates):
        (late if release.late else in_order).extend(event.occurred_at - START for event in release.events)
    return in_order, late, len(duplicates)


def test_events_leave_in_the_order_of_their_time_once_the_lateness_has_passed() -> None:
    sequencer = Sequencer(lateness=10, leap=HOUR)
    assert push(sequencer, tick(5), tick(3), tick(9), tick(20)) == ([3, 5, 9], [], 0)


def test_an_event_behind_the_watermark_is_late_and_leaves_at_once() -> None:
    sequencer = Sequencer(lateness=10, leap=HOUR)
    assert push(sequencer, tick(0), tick(100), tick(1), tick(95)) == ([0], [1], 0)


def test_the_same_event_twice_while_it_is_held_is_a_duplicate() -> None:
    sequencer = Sequencer(lateness=10, leap=HOUR)
    assert push(sequencer, tick(5), tick(5), tick(30)) == ([5], [], 1)


def test_an_event_id_used_again_at_a_later_time_does_not_disturb() -> None:
    sequencer = Sequencer(lateness=10, leap=HOUR)
    push(sequencer, tick(1000, "a"), tick(1020, "b"), tick(1030, "a"))
    assert [event.occurred_at - START for event in sequencer.advance(START + 2000).events] == [1020, 1030]


def test_a_restart_begins_to_read_at_the_oldest_record_that_is_held() -> None:
    sequencer = Sequencer(lateness=10, leap=HOUR)
    assert sequencer.low_offset is None
    push(sequencer, tick(5), tick(3), tick(9), tick(14))
    assert sequencer.low_offset == 0
    sequencer.advance(START + 9)
    assert sequencer.low_offset == 2


def test_a_restart_reads_all_that_is_held_when_an_event_id_was_used_again() -> None:
    sequencer = Sequencer(lateness=10, leap=HOUR)
    push(sequencer, tick(1000, "a"), tick(1005, "b"), tick(1012, "c"), tick(1013, "a"))
    assert [held.offset for held in sequencer.held] == [1, 2, 3]
    assert sequencer.low_offset == 1


def test_one_record_far_ahead_does_not_make_the_others_late() -> None:
    sequencer = Sequencer(lateness=10, leap=HOUR)
    in_order, late, _ = push(sequencer, tick(0), tick(1), tick(6 * DAY), tick(2), tick(50))
    assert (in_order, late) == ([0, 1, 2], [])


def test_time_leaps_when_the_next_record_has_leapt_too() -> None:
    sequencer = Sequencer(lateness=10, leap=HOUR)
    assert push(sequencer, tick(0), tick(6 * DAY), tick(6 * DAY + 20), tick(1))[1] == [1]


def test_what_is_held_is_taken_back_after_a_restart_and_what_was_released_is_not() -> None:
    before = Sequencer(lateness=10, leap=HOUR)
    events = [tick(0), tick(1), tick(15), tick(6 * DAY)]
    push(before, *events)
    after = Sequencer(lateness=10, leap=HOUR, watermark=before.watermark)
    after.hold(enumerate(events))
    assert after.held == before.held
    assert push(before, tick(6 * DAY + 30)) == push(after, tick(6 * DAY + 30))


def test_an_event_id_used_again_within_the_lateness_is_the_same_to_a_restart() -> None:
    before = Sequencer(lateness=10, leap=HOUR)
    events = [tick(9, "a"), tick(1, "b"), tick(8, "b"), tick(15, "c")]
    push(before, *events)
    after = Sequencer(lateness=10, leap=HOUR, watermark=before.watermark)
    after.hold(enumerate(events))
    assert [held.event for held in after.held] == [held.event for held in before.held]
