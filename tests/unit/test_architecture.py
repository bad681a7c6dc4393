"""The rules that keep the tree as the design draws it."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
from importlinter import cli
from importlinter.api import read_configuration

ROOT = Path(__file__).parents[2]
PYPROJECT = str(ROOT / "pyproject.toml")
CONTRACTS: dict[str, str] = {
    contract["id"]: contract["name"] for contract in read_configuration(PYPROJECT)["contracts_options"]
}
PURE = ("streams.domain", "streams.processors")
LONGEST = 350
"""Lines that a module may have at most; one that needs more has more than one reason to change."""


@pytest.fixture
def loggers_stay() -> Iterator[None]:
    """Import Linter silences every logger that there is; later tests read what some of them say."""
    loggers = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    disabled = [logger.disabled for logger in loggers]
    yield
    for logger, was in zip(loggers, disabled, strict=True):
        logger.disabled = was


@pytest.mark.usefixtures("loggers_stay")
@pytest.mark.parametrize("contract", CONTRACTS)
def test_imports_keep_the_contract(contract: str, capsys: pytest.CaptureFixture[str]) -> None:
    broken = cli.lint_imports(PYPROJECT, limit_to_contracts=(contract,), no_cache=True, no_logo=True)
    assert broken == cli.EXIT_STATUS_SUCCESS, f"{CONTRACTS[contract]}\n{capsys.readouterr().out}"


def test_domain_and_processors_import_nothing_but_the_standard_library() -> None:
    graph = grimp.build_graph("streams", include_external_packages=True, cache_dir=None)
    foreign = {
        f"{module} imports {imported}"
        for package in PURE
        for module in {package} | graph.find_descendants(package)
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.split(".")[0] not in sys.stdlib_module_names | {"streams"}
    }
    assert not foreign


def test_no_module_is_longer_than_one_reason_to_change() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "streams").rglob("*.py")
    }
    assert lengths
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}
