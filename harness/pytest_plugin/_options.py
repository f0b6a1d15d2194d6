"""Options and markers: which lab, and what may be done to it. PYTEST_DONT_REWRITE"""

import copy
import os
from itertools import pairwise
from pathlib import Path

import pytest

__all__ = ["chosen"]

_MARKERS = (
    "avma(os=, edition=, flavour=, licensing=, nodes=, jea=): what a test needs of a lab; it runs wherever that is met",
    "hardware: a lab test that needs a real lab, not the simulated one",
    "destructive: a lab test that changes what cannot be put back; needs --lab-allow-destructive",
    "simulated: a lab test that uses sim_control; added by itself, for -m 'not simulated' on a real lab",
    "slow: takes more than five seconds",
)
_SHIPPED = ("plain", "demo")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which lab, and what may be done to it."""
    group = parser.getgroup("avma", "lab runs (avma-harness)")
    group.addoption("--lab", metavar="INVENTORY", help="Run lab tests on this lab (else AVMA_LAB).")
    group.addoption(
        "--lab-sim",
        nargs="?",
        const=_SHIPPED[0],
        metavar="TOPOLOGY",
        help="Run lab tests on a simulated lab: a topology file, plain (if none is given) or demo.",
    )
    group.addoption("--lab-require", action="store_true", help="A lab test that cannot run is an error, not a skip.")
    group.addoption("--lab-allow-destructive", action="store_true", help="Run tests marked destructive.")
    group.addoption("--lab-wait", type=float, default=600.0, metavar="SECONDS", help="Wait so long for hosts in use.")
    group.addoption("--lab-seed", type=int, default=1, metavar="N", help="Seed of the simulated lab.")
    group.addoption("--lab-artifacts", metavar="DIR", help="Keep the artifacts of lab tests here.")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """`pytest --lab-sim tests/` means the tests there, and not a topology of that name."""
    for place, (word, follower) in enumerate(pairwise(args)):
        path = follower.partition("::")[0]
        taken = follower in _SHIPPED or path.endswith((".yaml", ".yml"))
        if word == "--lab-sim" and not taken and Path(path).exists():
            args[place] = f"--lab-sim={_SHIPPED[0]}"
            early_config.known_args_namespace = parser.parse_known_args(args, copy.copy(early_config.option))


def pytest_configure(config: pytest.Config) -> None:
    """The markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def chosen(config: pytest.Config) -> tuple[str | None, str | None]:
    """The inventory or the topology that was chosen, or neither."""
    inventory, topology = config.getoption("--lab"), config.getoption("--lab-sim")
    if inventory and topology:
        raise pytest.UsageError("--lab and --lab-sim exclude each other")
    return inventory or (None if topology else os.environ.get("AVMA_LAB") or None), topology
