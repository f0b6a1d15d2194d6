"""Shared by all tests: figures for `make gates`."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ("pytester",)  # for the tests of our own plugin

Figure = Callable[[str, float, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--figures FILE` collects what gate tests measured."""
    parser.addoption("--figures", default=None, help="Write the figures of gate tests to this JSON file.")


def pytest_configure(config: pytest.Config) -> None:
    """Collect figures on the controlling process only; workers send theirs with their reports.

    Where the Kerberos bindings are installed, clients that negotiate would ask this computer's own realm for tickets.
    """
    os.environ.pop("COLUMNS", None)  # workers are given 80; what a command prints must not depend on who runs its test
    os.environ["KRB5_CONFIG"] = str(Path(__file__).parent / "tests" / "no-realm.conf")
    if config.getoption("--figures") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Figures(Path(config.getoption("--figures"))))


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Record a measured figure: id (as S4), value, and what was counted."""

    def record(name: str, value: float, counted: str) -> None:
        record_property("figure", [name, value, counted])

    return record


class _Figures:
    """Gathers the figures of passed and failed tests alike."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[object] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._found += [value for name, value in report.user_properties if name == "figure"]

    def pytest_sessionfinish(self) -> None:
        self._path.write_text(json.dumps(self._found))
