"""The image of the monitor: what goes into it is there, and it runs as it should."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import pytest

from tests.compose import DOCKERFILE, IMAGE, OURS, ROOT, STAGES, said, variables

PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
STATE: Final = "/var/lib/outcome-monitor"
PINS: Final = ("requirements-kafka.txt", "requirements-board.txt")
COPIED: Final = sorted(
    {
        source
        for stage in STAGES
        for word, rest in stage
        if word == "COPY" and not rest[0].startswith("--from=")
        for source in rest[:-1]
    }
)


def is_sent(path: str) -> bool:
    """Say whether a path is sent to the build: the last pattern of the ignore file that fits it, or a folder of it."""
    sent = True
    for line in DOCKERFILE.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = Path(path).parts
        above = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        if not line.startswith("#") and any(fnmatch(each, pattern) or each.endswith(f"/{pattern}") for each in above):
            sent = line.startswith("!")
    return sent


def runs(stage: int) -> str:
    return " ".join(word for instruction, rest in STAGES[stage] if instruction == "RUN" for word in rest)


@pytest.mark.parametrize("source", COPIED)
def test_what_is_copied_is_there_and_is_sent_to_the_build(source: str) -> None:
    assert (ROOT / source).exists()
    assert is_sent(source.rstrip("/"))


def test_nothing_else_is_sent_to_the_build() -> None:
    tops = {path.name for path in ROOT.iterdir() if is_sent(path.name)}
    assert tops == {source.rstrip("/") for source in COPIED}
    assert not is_sent("streams/__pycache__/x.pyc")
    assert not is_sent("streams/cli/__pycache__")


def test_all_that_the_package_is_made_of_is_copied() -> None:
    files = {PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml", *PINS, "streams/"}
    assert files <= set(COPIED)


def test_what_it_needs_is_installed_by_its_hashes_and_nothing_beyond() -> None:
    said_so = runs(0)
    assert f"pip install --require-hashes {' '.join(f'-r {pins}' for pins in PINS)}" in said_so
    assert "pip install --no-deps ." in said_so
    assert said_so.count("pip install") == 2
    assert len(STAGES) == 2
    assert "pip" not in runs(1)


def test_the_pins_of_what_is_installed_together_agree() -> None:
    pinned = [dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / pins).read_text(), re.MULTILINE)) for pins in PINS]
    assert all(len({pins[name] for pins in pinned if name in pins}) == 1 for name in set().union(*pinned))
    assert all(pinned)


def test_it_runs_as_a_user_of_its_own_who_is_known_by_a_fixed_number() -> None:
    [[user]] = said("USER")
    uid, gid = user.split(":")
    assert uid.isdecimal()
    assert gid.isdecimal()
    assert int(uid) >= 10_000
    assert f"--uid {uid} --gid {gid}" in runs(1)
    last = max(place for place, (word, _) in enumerate(IMAGE) if word in {"RUN", "COPY"})
    assert last < [word for word, _ in IMAGE].index("USER"), "what is made after it would belong to it"


def test_it_runs_the_command_of_the_package() -> None:
    [[entry]] = said("ENTRYPOINT")
    assert entry in PROJECT["scripts"]
    assert variables()["PATH"].startswith("/opt/outcome-monitor/bin:")
    assert ["--from=build", "/opt/outcome-monitor", "/opt/outcome-monitor"] in said("COPY")


def test_its_settings_are_those_of_the_repository() -> None:
    assert ["config/", "/etc/outcome-monitor/"] in said("COPY")
    assert variables()["OUTCOME_MONITOR_CONFIG"] == "/etc/outcome-monitor"
    named = {service["command"][service["command"].index("--config") + 1] for service in OURS.values()}
    assert named == {"/etc/outcome-monitor"}


def test_its_state_is_in_a_volume_that_it_may_write_to() -> None:
    assert said("VOLUME") == [[STATE]]
    assert said("WORKDIR") == [[STATE]]
    [[user]] = said("USER")
    uid, gid = user.split(":")
    assert f"install --directory --owner={uid} --group={gid} {STATE}" in runs(1)
