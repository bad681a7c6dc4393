"""The bar: on streams with a known truth the live estimate is right where the naive ratio is wrong. Seeds are fixed."""

import pytest

from streams.domain.estimate import live, matured, naive
from tests.bench.entrants import live_by_entrants
from tests.bench.estimators import KINDS, STEADY, STEP_AT, STEPPED, Estimator, Results, generated, mean_at, score

ESTIMATORS: dict[str, Estimator] = {
    "naive": naive,
    "matured": matured,
    "live": live,
    "by entrants": live_by_entrants,
}
_, AFTER_3_DAYS, _ = STEPPED

right = pytest.mark.parametrize("name", ["live", "by entrants"])


@pytest.fixture(scope="module")
def steady() -> Results:
    return generated(STEADY, estimators=ESTIMATORS)


@pytest.fixture(scope="module")
def stepped() -> Results:
    return generated((AFTER_3_DAYS,), step_at=STEP_AT, estimators=ESTIMATORS)


@pytest.fixture(scope="module")
def weekly() -> Results:
    _, draw = KINDS["weekdays"]
    return generated(STEADY, draw=draw, estimators=ESTIMATORS)


@right
def test_live_is_right_on_average_and_as_often_as_its_interval_says(name: str, steady: Results) -> None:
    found = score(steady[name])
    assert found.read == 20 * len(STEADY)
    assert found.mean == pytest.approx(0.25, abs=0.01)
    assert 0.90 <= found.coverage <= 0.98


@right
def test_live_has_followed_a_step_after_three_days(name: str, stepped: Results) -> None:
    assert mean_at(stepped[name], AFTER_3_DAYS) == pytest.approx(0.40, abs=0.05)


def test_matured_is_as_right_but_knows_nothing_of_a_step_for_a_week(steady: Results, stepped: Results) -> None:
    found = score(steady["matured"])
    assert found.mean == pytest.approx(0.25, abs=0.01)
    assert 0.90 <= found.coverage <= 0.98
    assert mean_at(stepped["matured"], AFTER_3_DAYS) == pytest.approx(0.25, abs=0.02)


def test_naive_sees_a_third_of_the_failures_and_is_sure_of_it(steady: Results) -> None:
    found = score(steady["naive"])
    assert found.mean < 0.1
    assert found.coverage == 0


def test_quiet_weekends_do_not_bias_live_as_they_would_by_entrants(weekly: Results) -> None:
    by_exposure, by_entrants = score(weekly["live"]), score(weekly["by entrants"])
    assert 0.24 <= by_exposure.lowest_weekday <= by_exposure.highest_weekday <= 0.26
    assert 0.90 <= by_exposure.coverage <= 0.98
    assert by_entrants.highest_weekday > 0.30
    assert by_entrants.coverage < 0.90
