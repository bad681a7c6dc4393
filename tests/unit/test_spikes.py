"""Spikes of failure demand: what is usual, what is unusual, and for how long."""

from zoneinfo import ZoneInfo

import pytest

from streams.domain.ledger import SLOT
from streams.domain.spikes import Detection, Season, Spike, Tally, count_spike, share_spike
from streams.domain.units import DAY, HOUR, MINUTE, Millis
from tests.detection_streams import MONDAY, SEASONAL, Arrivals, opening

ASKED = Detection(false_alarms=1)
FIRST = MONDAY // HOUR


def tally(per_hour: int, hours: range, into: Tally | None = None) -> Tally:
    """Return arrivals spread evenly over hours."""
    found = into or Tally()
    for hour in hours:
        found.hours[hour] += per_hour
        for n in range(per_hour):
            found.slots[(hour * HOUR + n * HOUR // per_hour) // SLOT] += 1
    return found


def counted(arrivals: Tally, as_of: Millis, asked: Detection = ASKED, series: int = 1) -> Spike:
    found = count_spike(arrivals, Season(FIRST, as_of), series, asked)
    assert found is not None
    return found


NOW = MONDAY + 63 * DAY + 12 * HOUR
STEADY = tally(12, range(FIRST, NOW // HOUR))


def test_what_is_usual_is_the_mean_of_the_same_hour_of_the_weeks_before() -> None:
    season = Season(FIRST, MONDAY + 15 * DAY + 9 * HOUR)
    hours = {FIRST + 24 + 9: 10, FIRST + 24 + 9 + 7 * 24: 20, FIRST + 10: 99, FIRST + 24 + 9 + 14 * 24: 99}
    assert season.expected(hours, FIRST + 24 + 9 + 14 * 24) == 15


def test_what_is_usual_is_the_mean_of_eight_weeks_at_most() -> None:
    assert Season(FIRST, MONDAY + 8 * DAY - 1).weeks == 0
    assert Season(FIRST, MONDAY + 8 * DAY).weeks == 1
    assert Season(FIRST, MONDAY + 300 * DAY).weeks == 8


def test_the_hour_of_the_week_is_that_of_the_clock_on_the_wall() -> None:
    monday_in_summer_time = 1_774_854_000_000  # 30 March 2026, 09:00 in Paris, a day after clocks went forward
    season = Season(0, monday_in_summer_time, ZoneInfo("Europe/Paris"))
    a_week_before = monday_in_summer_time // HOUR - 7 * 24 + 1
    assert season.expected({a_week_before: 80}, monday_in_summer_time // HOUR) == 10


def test_there_is_nothing_to_say_until_a_week_is_over_before_what_is_followed() -> None:
    season = Season(FIRST, MONDAY + 8 * DAY - 1)
    arrivals = tally(12, range(FIRST, FIRST + 8 * 24))
    assert count_spike(arrivals, season, 1, ASKED) is None
    assert share_spike(arrivals, arrivals, season, 1, ASKED) is None


def test_a_quiet_night_is_no_spike_and_neither_is_a_peak_that_comes_each_week() -> None:
    arrivals, _ = Arrivals(seed=5, days=60, by_hour_of_week=SEASONAL).draw()
    for hour in range(24):
        assert not counted(arrivals, MONDAY + 57 * DAY + hour * HOUR).alarm


def test_the_peak_would_be_a_spike_on_a_day_that_is_quiet_usually() -> None:
    arrivals, _ = Arrivals(seed=5, days=60, by_hour_of_week=SEASONAL).draw()
    sunday, monday = (MONDAY + day * DAY + 8 * HOUR for day in (62, 56))
    for minute in range(0, 240, 5):
        came = arrivals.slots[(monday + minute * MINUTE) // SLOT]
        arrivals.slots[(sunday + minute * MINUTE) // SLOT] += came
        arrivals.hours[(sunday + minute * MINUTE) // HOUR] += came
    assert counted(arrivals, sunday + 4 * HOUR).alarm


def test_a_lasting_doubling_is_a_spike_within_hours_and_ends_within_hours() -> None:
    arrivals = tally(12, range(FIRST, NOW // HOUR))
    doubled = range(NOW // HOUR, NOW // HOUR + 4)
    tally(24, doubled, arrivals)
    tally(12, range(NOW // HOUR + 4, NOW // HOUR + 30), arrivals)
    spikes = [counted(arrivals, NOW + minutes * MINUTE).alarm for minutes in range(0, 12 * 60, 10)]
    first, last = spikes.index(True), len(spikes) - spikes[::-1].index(True)
    assert 1 <= first * 10 / 60 <= 2.5
    assert all(spikes[first:last])
    assert 4 <= last * 10 / 60 <= 6


def test_a_few_contacts_at_once_are_no_spike_where_they_are_fewer_than_are_asked_for() -> None:
    rare = tally(1, range(FIRST, NOW // HOUR, 24))
    rare.hours[NOW // HOUR] += 9
    rare.slots[NOW // SLOT] += 9
    assert counted(rare, NOW + MINUTE, Detection(1, least_contacts=5)).alarm
    assert not counted(rare, NOW + MINUTE, Detection(1, least_contacts=10)).alarm


def test_limits_are_higher_the_fewer_false_alarms_are_allowed_and_the_more_series_share_them() -> None:
    limit = counted(STEADY, NOW).limit
    rarer = counted(STEADY, NOW, Detection(false_alarms=0.25)).limit
    assert limit + 1.5 < rarer
    assert counted(STEADY, NOW, series=4).limit == rarer


def test_limits_are_higher_where_counts_scatter_more_than_chance_has_it() -> None:
    plain, _ = Arrivals(seed=1, days=64).draw()
    scattered, _ = Arrivals(seed=1, days=64, day_scatter=0.3).draw()
    assert counted(scattered, NOW).limit > 1.5 * counted(plain, NOW).limit


def test_a_spike_does_not_raise_its_own_limit() -> None:
    before = counted(STEADY, NOW).limit
    arrivals = tally(120, range(NOW // HOUR - 3, NOW // HOUR), tally(12, range(FIRST, NOW // HOUR)))
    assert counted(arrivals, NOW) == Spike(12, before, before, alarm=True)


def test_only_what_came_since_the_day_before_yesterday_ended_is_followed() -> None:
    arrivals = tally(12, range(FIRST, NOW // HOUR))
    arrivals.slots[(NOW // DAY - 1) * DAY // SLOT - 1] += 1_000
    assert not counted(arrivals, NOW).alarm


def test_what_is_expected_of_a_slot_that_has_just_begun_is_its_part_so_far() -> None:
    arrivals = tally(12, range(FIRST, NOW // HOUR))
    arrivals.slots[NOW // SLOT] += 5
    assert counted(arrivals, NOW).excess == pytest.approx(5)
    assert counted(arrivals, NOW + SLOT // 2).excess < 4.5


def shared(arrivals: tuple[Tally, Tally], as_of: Millis) -> Spike:
    found = share_spike(*arrivals, Season(FIRST, as_of), 1, ASKED)
    assert found is not None
    return found


def test_twice_the_volume_at_the_same_share_is_no_spike_of_the_share() -> None:
    failures, everything = Arrivals(seed=3, days=60, step_at=opening(58)).draw()
    for busy in (failures, everything):
        for slot in range(opening(58) // SLOT, opening(58, 6 * 60) // SLOT):
            busy.slots[slot] *= 2
    found = shared((failures, everything), opening(58, 6 * 60))
    assert not found.alarm
    assert found.expected == pytest.approx(0.3, abs=0.02)


def test_a_share_that_rises_from_30_to_60_percent_is_a_spike_within_three_hours() -> None:
    arrivals = Arrivals(seed=3, days=60, step_at=opening(58), factor=3.5).draw()
    assert not shared(arrivals, opening(58)).alarm
    assert shared(arrivals, opening(58, 3 * 60)).alarm


def test_a_queue_of_which_all_arrivals_are_failure_demand_has_no_share_to_rise() -> None:
    assert share_spike(STEADY, STEADY, Season(FIRST, NOW), 1, ASKED) is None


def test_a_queue_without_failure_demand_so_far_can_have_a_spike_of_it() -> None:
    none, everything = Tally(), tally(12, range(FIRST, NOW // HOUR))
    assert not shared((none, everything), NOW).alarm
    for slot in range(NOW // SLOT - 6, NOW // SLOT):
        none.slots[slot] += 1
    assert shared((none, everything), NOW).alarm
