"""A folder of settings that a test may write as it likes, and what is said of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from streams.settings import ConfigError, Settings, load

COMMITTED: Final = Path(__file__).parents[1] / "config"
NO_VARIABLES: Final[Mapping[str, str]] = {}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder named ``config`` with two empty files, in the working folder: messages name it as users see it."""
    monkeypatch.chdir(tmp_path)
    config = Path("config")
    config.mkdir()
    for name in ("monitor.yaml", "reasons.yaml"):
        (config / name).touch()
    return config


def loaded(monitor: str | bytes = "", env: Mapping[str, str] = NO_VARIABLES, reasons: str = "") -> Settings:
    """Write the files of that folder and load them."""
    Path("config/monitor.yaml").write_bytes(monitor if isinstance(monitor, bytes) else monitor.encode())
    Path("config/reasons.yaml").write_text(reasons, encoding="utf-8")
    return load(Path("config"), env)


def problems(monitor: str | bytes = "", env: Mapping[str, str] = NO_VARIABLES, reasons: str = "") -> list[str]:
    """Return, line by line, what is said of files that can't be loaded."""
    with pytest.raises(ConfigError) as caught:
        loaded(monitor, env, reasons)
    return str(caught.value).splitlines()
