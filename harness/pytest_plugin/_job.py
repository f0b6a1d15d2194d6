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
    from harness.core.errors import HarnessError
    from harness.engine.trials import LabChoice, LabJob

    given: Mapping[str, str] = getattr(config, "workerinput", {})
    name = f"pytest {given.get('workerid', '')} in {config.rootpath}".replace("  ", " ")
    choice = LabChoice(inventory, topology, config.getoption("--lab-seed"), config.getoption("--lab-wait"))
    try:
        config.stash[JOB] = LabJob(choice, name, given.get("avma_survey"))
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Each worker of pytest-xdist is told what the real lab offers, so that all collect the same tests."""
    config: pytest.Config = node.config  # type: ignore[attr-defined] # xdist has no types of its own for this
    told: dict[str, str] = node.workerinput  # type: ignore[attr-defined]
    if config.option.dist == "loadgroup":
        told["avma_grouped"] = "yes"
    job = job_of(config)
    if job is not None and job.choice.inventory:
        told["avma_survey"] = ask(job.survey)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Give everything back."""
    job = job_of(session.config)
    if job is not None:
        job.close()


def ask(question: Callable[[], T]) -> T:
    """The lab's answer. A lab that cannot be asked ends the job with one sentence."""
    from harness.core.errors import HarnessError

    try:
        return question()
    except HarnessError as error:
        pytest.exit(f"lab: {error}", returncode=pytest.ExitCode.USAGE_ERROR)
