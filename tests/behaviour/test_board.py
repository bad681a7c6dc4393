"""``board`` beside ``run``, as processes, on either engine: what arrives is shown, acting on it reaches the ledger."""

import re
from pathlib import Path

import httpx

from tests.centres import Run, until


def test_a_repeat_is_shown_and_acting_on_it_changes_the_board_the_log_and_the_metric(
    run_centre: Run, tmp_path: Path
) -> None:
    with run_centre(tmp_path, {}) as centre:
        centre.repeat("anna")
        with centre.board() as lead:
            until(lambda: "parcel_late" in lead.get("/").text)
            page = lead.get("/").text
            nudge = _field(page, 'name="nudge_id"')
            form = {
                "nudge_id": nudge,
                "note": "called the depot",
                "csrf": _field(page, 'id="csrf"'),
                "form_token": "one-of-its-own-kind",
            }
            assert lead.post("/nudges/act", data=form).status_code == 200
            assert lead.post("/nudges/act", data=form).status_code == 409, "it was answered already"
            until(lambda: 'outcome_nudges_answered_total{channel="voice"' in centre.metrics())
            until(lambda: "being recorded" not in lead.get("/").text)
            until(lambda: '<td class="n">1</td>' in _part(lead, "twins"))  # the first contact, which has ended
            assert nudge not in _open(lead)
            assert "called the depot" in _part(lead, "done")
            shown = _shown(lead)
        with centre.board() as lead:  # begun again, it finds the same, neither less nor twice
            assert _shown(lead) == shown
            centre.repeat("ben")
            until(lambda: len(_open(lead)) == 1)
            assert 'class="count">1<' in _part(lead, "done")


def _open(lead: httpx.Client) -> list[str]:
    return re.findall(r'name="nudge_id" value="([^"]+)"', lead.get("/").text)


def _shown(lead: httpx.Client) -> list[str]:
    """The parts of a board that tell of what was counted."""
    return [_part(lead, part) for part in ("nudges", "demand", "twins", "done")]


def _part(lead: httpx.Client, part: str) -> str:
    found = re.search(rf'<(section|div) id="{part}".*?</\1>', lead.get("/").text, re.DOTALL)
    assert found is not None
    return found[0]


def _field(page: str, name: str) -> str:
    found = re.search(rf'{name} value="([^"]+)"', page)
    assert found is not None
    return found[1]
