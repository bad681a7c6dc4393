"""What a spike is about can be told from its nudge's id, whatever queue and reason are called."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.events import ActionTaken, DemandSpiked

NAMES = st.text(st.sampled_from("ab/~01#@:"), min_size=1, max_size=6)


def key_of(queue: str, reason: str) -> str:
    return DemandSpiked("s", 0, "test", queue, reason, 0, 1, 1.0).spike_key


@given(st.lists(NAMES, min_size=3, max_size=5))
def test_names_that_look_alike_put_together_are_not_taken_for_each_other(parts: list[str]) -> None:
    keys = {key_of("/".join(parts[:cut]), "/".join(parts[cut:])) for cut in range(1, len(parts))}
    assert len(keys) == len(parts) - 1


@given(NAMES, NAMES)
def test_an_answer_is_about_the_spike_of_its_nudge(queue: str, reason: str) -> None:
    about = key_of(queue, reason)
    assert ActionTaken("a", 0, "test", f"spike:{about}#5891", "lead", "acted").spike_key == about
