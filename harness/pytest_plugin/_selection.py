"""Which lab tests run, and where: once for each place that meets their needs. PYTEST_DONT_REWRITE"""

from collections.abc import Generator

import pytest

from harness.pytest_plugin._job import ask
from harness.pytest_plugin._stash import LACK, job_of, parameter_of, target_of

__all__: list[str] = []

_NO_LAB = "lab: none is given; --lab INVENTORY (or AVMA_LAB) names a real one, --lab-sim starts the simulated one"
_NO_METAL = "lab: the test is marked hardware and needs a real lab: --lab INVENTORY"
_NO_PERMIT = "lab: the test is marked destructive and needs --lab-allow-destructive"
_NO_CONTROL = "lab: sim_control works with the simulated lab only: --lab-sim"
_KINDS = {"_avma_guest": "guest", "_avma_host": "host", "_avma_cluster": "cluster"}
"""What a test runs for, by the fixture that tells, the narrowest first."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with ``guest``, ``host`` or ``cluster`` runs once for each that meets its needs."""
    job = job_of(metafunc.config)
    if job is None or "_avma_trial" not in metafunc.fixturenames:
        return
    from harness.core.needs import Needs

    asked: dict[str, object] = {}
    for marker in reversed(list(metafunc.definition.iter_markers("avma"))):  # the closest one has the last word
        asked |= marker.kwargs
    if "_avma_cluster" in metafunc.fixturenames:
        asked.setdefault("nodes", 1)
    kind = next((kind for fixture, kind in _KINDS.items() if fixture in metafunc.fixturenames), None)
    targets, reason = ask(lambda: job.targets(kind, Needs.read(asked)), pytest.Collector.CollectError)
    found = [pytest.param(target, id=target.id) for target in targets]
    none = pytest.param(f"lab: {reason}", id=f"no-{kind or 'lab'}")
    metafunc.parametrize("_avma_trial", found or [none], indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what only the simulated lab can do, and skip what cannot run, with a reason to act on."""
    for item in items:
        if "_avma_control" in _fixtures_of(item):
            item.add_marker("simulated")
        lack = _lack_of(item)
        if lack is not None:
            item.stash[LACK] = lack
            if not config.getoption("--lab-require"):
                item.add_marker(pytest.mark.skip(reason=lack))


def _lack_of(item: pytest.Item) -> str | None:
    """Why a lab test cannot run here."""
    config = item.config
    job = job_of(config)
    if not _is_lab_test(item):
        return None
    given = parameter_of(item)
    lacks = {
        _NO_METAL: _marked(item, "hardware") and (job is None or not job.choice.inventory),
        _NO_LAB: job is None,
        _NO_PERMIT: _marked(item, "destructive") and not config.getoption("--lab-allow-destructive"),
        _NO_CONTROL: "_avma_control" in _fixtures_of(item) and job is not None and not job.choice.topology,
        str(given): isinstance(given, str),
    }
    return next((reason for reason, holds in lacks.items() if holds), None)


def _is_lab_test(item: pytest.Item) -> bool:
    return "_avma_trial" in _fixtures_of(item) or _marked(item, "avma")


def _fixtures_of(item: pytest.Item) -> tuple[str, ...]:
    """The names of all fixtures of a test, those included that its fixtures use."""
    return tuple(getattr(item, "fixturenames", ()))


def _marked(item: pytest.Item, name: str) -> bool:
    return item.get_closest_marker(name) is not None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse what cannot run where nothing may be skipped; skip what needs a host that is out of order."""
    if LACK in item.stash and item.config.getoption("--lab-require"):
        pytest.fail(item.stash[LACK], pytrace=False)
    job, target = job_of(item.config), target_of(item)
    if job is None or target is None:
        return
    barred = job.lab.barred(target)
    if target.silent and barred and item.config.getoption("--lab-require"):
        pytest.fail(f"lab: {barred}", pytrace=False)
    if barred:
        pytest.skip(f"lab: {barred}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Hosts are held from test to test while the next one needs the same, and given back before one that does not."""
    done = yield
    job, target, after = job_of(item.config), target_of(item), target_of(nextitem)
    if job is not None and target is not None and (after is None or after.group != target.group):
        job.lab.release()
    return done
