"""The test job: its lab, and what its workers are told. PYTEST_DONT_REWRITE"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import pytest

from harness.pytest_plugin._options import chosen
from harness.pytest_plugin._stash import JOB, job_of

__all__ = ["ask"]

T = TypeVar("T")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Read the inventory or the topology, so that a wrong one is told before anything else."""
    config = session.config
    inventory, topology = chosen(config)
    if not inventory and not topology:
        return
    from harness.engine.trials import LabChoice, LabJob

    given: Mapping[str, str] = getattr(config, "workerinput", {})
    name = f"pytest {given.get('workerid', '')} in {config.rootpath}".replace("  ", " ")
    choice = LabChoice(inventory, topology, config.getoption("--lab-seed"), config.getoption("--lab-wait"))
    config.stash[JOB] = ask(lambda: LabJob(choice, name, given.get("avma_survey")), pytest.UsageError)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Give everything back."""
    job = job_of(session.config)
    if job is not None:
        job.close()


def ask(question: Callable[[], T], failure: type[Exception]) -> T:
    """The lab's answer; where it cannot be asked, a ``failure`` that pytest tells in one sentence."""
    from harness.core.errors import HarnessError

    try:
        return question()
    except HarnessError as error:
        raise failure(str(error)) from None
