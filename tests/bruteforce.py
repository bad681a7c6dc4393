"""What the counts of a ServiceNow audit log must be, by brute force: shares no code with the project, on purpose.

Standard library only, loops rather than cleverness: each contact is held against every other of the same caller and
reason. Run it with ``python -m tests.bruteforce FILE`` on the .csv or the .zip; ``--alternatives`` also tells how the
counts move with other readings of the log, and what the log says of itself.

Reading of the log: an incident is a contact. It arrives at ``opened_at``; it ends first in its first row that is
Resolved (Closed, where it never was Resolved), is reopened by a later row in another known state, and ends again by
the next row that is Resolved or Closed. A row before the opening counts as at the opening. Its caller is the first that
is known up to the first end; its reason is category and subcategory of the first row, none if either is unknown.
"""

import argparse
import csv
import io
import json
import sys
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

WINDOWS = {"1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
LONGEST = max(WINDOWS.values())
UNKNOWN = ("", "?", "-100")
RESTING = ("Resolved", "Closed")

Table = list[dict[str, str]]
Counts = dict[str, Any]


@dataclass
class Incident:
    number: str
    arrived: datetime
    caller: str | None
    reason: str | None
    ends: list[datetime] = field(default_factory=list)
    reopened: list[datetime] = field(default_factory=list)
    made_sla: str = ""
    reopen_flag: bool = False

    def linkable(self) -> bool:
        return self.caller is not None and self.reason is not None

    def open_at(self, moment: datetime) -> bool:
        """From arrival to first end, and from the nth reopening to the end after it, both ends included."""
        ends: list[datetime | None] = [*self.ends, None]
        spans = zip([self.arrived, *self.reopened], ends, strict=False)
        return any(start <= moment and (end is None or moment <= end) for start, end in spans)


def read(path: Path) -> Table:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            text = archive.read(archive.namelist()[0]).decode()
    else:
        text = path.read_text()
    return list(csv.DictReader(io.StringIO(text)))


def when(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M")  # noqa: DTZ007 - all of the log is in one zone


def incidents_of(table: Table, *, last_caller: bool, category_alone: bool) -> list[Incident]:
    by_number: dict[str, Table] = {}
    for row in table:
        by_number.setdefault(row["number"], []).append(row)
    return [incident_of(rows, last_caller=last_caller, category_alone=category_alone) for rows in by_number.values()]


def incident_of(rows: Table, *, last_caller: bool, category_alone: bool) -> Incident:
    first = rows[0]
    states = [row["incident_state"] for row in rows]
    end = len(rows)
    for state in reversed(RESTING):
        if state in states:
            end = states.index(state)
    told = reversed(rows) if last_caller else rows[: end + 1]
    callers = (row["caller_id"] for row in told if row["caller_id"] not in UNKNOWN)
    incident = Incident(
        first["number"],
        when(first["opened_at"]),
        next(callers, None),
        reason_of(first, category_alone=category_alone),
        made_sla=rows[-1]["made_sla"],
        reopen_flag=int(rows[-1]["reopen_count"]) > 0,
    )
    resting = False
    for row in rows[end:]:
        moment = max(when(row["sys_updated_at"]), incident.arrived)
        if row["incident_state"] in RESTING and not resting:
            incident.ends.append(moment)
            resting = True
        elif row["incident_state"] not in (*RESTING, *UNKNOWN) and resting:
            incident.reopened.append(moment)
            resting = False
    return incident


def reason_of(row: dict[str, str], *, category_alone: bool) -> str | None:
    category, subcategory = row["category"], row["subcategory"]
    if category in UNKNOWN:
        return None
    if subcategory in UNKNOWN:
        return category if category_alone else None
    return f"{category}/{subcategory}"


def count(table: Table, *, last_caller: bool = False, category_alone: bool = False) -> Counts:
    """Return the counts in the shape of the report that ``replay --json`` writes, as of the last row of the log."""
    incidents = incidents_of(table, last_caller=last_caller, category_alone=category_alone)
    now = max(when(row["sys_updated_at"]) for row in table)
    ended = sum(bool(incident.ends) for incident in incidents)
    # The demand of a contact without caller or reason is told when it ends: until then one might become known.
    told = sum(bool(incident.ends) or incident.linkable() for incident in incidents)
    failure = {"open": 0, "retry": 0, "recontact": 0, "reason": 0}
    windows = {name: dict.fromkeys(("ended", "recurred", "resolved", "pending"), 0) for name in WINDOWS}
    by = {name: {"recontact": 0, "reopened": 0, "denied": 0} for name in WINDOWS}
    for problem in problems_of(incidents):
        for incident in problem:
            evidence = demand(incident, problem)
            if evidence is not None:
                failure[evidence] += 1
            for name, window in WINDOWS.items():
                if incident.ends:
                    recontact, reopened = seen(incident, problem, window)
                    by[name]["recontact"] += recontact
                    by[name]["reopened"] += reopened
                    pending = incident.ends[0] + window > now
                    verdict = "recurred" if recontact or reopened else "pending" if pending else "resolved"
                    windows[name]["ended"] += 1
                    windows[name][verdict] += 1
    return {
        "contacts": {
            "offered": len(incidents),
            "handled": ended,
            "abandoned": 0,
            "ended": ended,
            "unlinkable": sum(bool(incident.ends) and not incident.linkable() for incident in incidents),
        },
        "demand": {"value": 0, "unclassified": told - sum(failure.values()), "failure": failure},
        "windows": {name: {**windows[name], "by": by[name], "exited": 0, "confirmed": 0} for name in WINDOWS},
    }


def problems_of(incidents: list[Incident]) -> list[list[Incident]]:
    problems: dict[tuple[str | None, str | None], list[Incident]] = {}
    for incident in incidents:
        if incident.linkable():
            problems.setdefault((incident.caller, incident.reason), []).append(incident)
    return list(problems.values())


def demand(incident: Incident, problem: list[Incident]) -> str | None:
    """Return why an arrival is failure demand; with nothing abandoned and no taxonomy there are two ways only."""
    recontact = False
    for other in problem:
        if (other.arrived, other.number) >= (incident.arrived, incident.number):
            continue
        if other.open_at(incident.arrived):
            return "open"
        for end in other.ends:
            recontact |= end < incident.arrived <= end + LONGEST
    return "recontact" if recontact else None


def seen(incident: Incident, problem: list[Incident], window: timedelta) -> tuple[bool, bool]:
    """Return whether the customer came back, and whether it was reopened, in the window after its first end."""
    end = incident.ends[0]
    recontact = any(other is not incident and end < other.arrived <= end + window for other in problem)
    return recontact, any(end < moment <= end + window for moment in incident.reopened)


def what_it_says(table: Table) -> Counts:
    """Return what the tickets say of themselves, beside what became of them within seven days."""
    incidents = incidents_of(table, last_caller=False, category_alone=False)
    shares: dict[str, list[bool]] = {"recontact": [], "recurred": [], "recurred if SLA met": [], "if missed": []}
    for problem in problems_of(incidents):
        for incident in problem:
            if not incident.ends:
                continue
            recontact, reopened = seen(incident, problem, WINDOWS["7d"])
            shares["recontact"].append(recontact)
            shares["recurred"].append(recontact or reopened)
            shares["recurred if SLA met" if incident.made_sla == "true" else "if missed"].append(recontact or reopened)
    return {
        "callers": len({incident.caller for incident in incidents} - {None}),
        "reopen_count > 0": share([incident.reopen_flag for incident in incidents]),
        "reopened after its end": share([bool(incident.reopened) for incident in incidents]),
        "sla met": share([incident.made_sla == "true" for incident in incidents]),
        "within 7d": {name: share(hits) for name, hits in shares.items()},
    }


def share(hits: list[bool]) -> str:
    return f"{sum(hits)}/{len(hits)} = {sum(hits) / len(hits):.4f}" if hits else "0/0"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, help="the audit log: .csv or .zip")
    parser.add_argument("--alternatives", action="store_true", help="other readings of the log as well")
    arguments = parser.parse_args()
    table = read(arguments.file)
    counts = count(table)
    if arguments.alternatives:
        counts["alternatives"] = {
            "caller of the last row": count(table, last_caller=True),
            "category alone where the subcategory is unknown": count(table, category_alone=True),
        }
        counts["of itself"] = what_it_says(table)
    json.dump(counts, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
