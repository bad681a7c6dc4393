"""Tools that are not Python packages: a test that needs one is skipped, with the reason, where it is missing."""

import shutil

import pytest

from tests.brokers import is_required


def tool(*names: str, package: str) -> str:
    """Return the path of a tool by the first of its names that there is."""
    for name in names:
        path = shutil.which(name)
        if path is not None:
            return path
    reason = f"there is no {names[0]}; install it (Debian and Ubuntu: apt install {package})"
    (pytest.fail if is_required() else pytest.skip)(reason)
    raise AssertionError
