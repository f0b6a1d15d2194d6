"""With pytest-xdist: all workers collect the same tests, those of a host group stay with one. PYTEST_DONT_REWRITE"""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin._job import ask
from harness.pytest_plugin._stash import job_of

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

__all__: list[str] = []


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker what the real lab offers. Each worker has a simulated one of its own, and finds the same there."""
    job = job_of(node.config)
    if job is not None and job.choice.inventory:
        node.workerinput["avma_survey"] = ask(job.survey, pytest.UsageError)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadScopeScheduling | None":
    """Unless another way of distributing is asked for, the tests of a real lab go to workers by host group.

    Not by the mark of xdist's loadgroup: xdist 3.8 writes it where pytest 9.2 no longer reads it.
    """
    job = job_of(config)
    if job is None or not job.choice.inventory or config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling

    of_test = _group_finder(job.groups())

    class ByHostGroup(LoadScopeScheduling):  # type: ignore[misc] # it has no types
        def _split_scope(self, nodeid: str) -> str:
            return of_test(nodeid)

    return ByHostGroup(config, log)


def _group_finder(groups: Iterable[str]) -> Callable[[str], str]:
    """From a test's id to its host group, or to itself where it has none."""
    names = "|".join(sorted(map(re.escape, groups), key=len, reverse=True))
    pattern = re.compile(rf"[\[@-]({names})(?=[\]-])")

    def group_of(nodeid: str) -> str:
        found = pattern.search(nodeid, nodeid.find("["))
        return found[1] if found is not None else nodeid

    return group_of
