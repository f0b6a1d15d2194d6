"""The fixtures. PYTEST_DONT_REWRITE"""

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.pytest_plugin._stash import TRIAL, job_of

if TYPE_CHECKING:
    from harness.core.model import GuestVerdict
    from harness.engine.trials import LabCluster, LabGuest, LabHost, PlaybookRun, SimControl, Trial

__all__: list[str] = []


@pytest.fixture
def _avma_trial(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Trial]":
    """The test's share of the lab: leased, looked at before and after, written down."""
    from harness.engine.trials import Trial, TrialSinks
    from harness.report import TrialFolder

    item, job, target = request.node, job_of(request.config), getattr(request, "param", None)
    if job is None or target is None:
        pytest.fail("lab: ask for lab fixtures by name, as arguments of the test or of its fixtures", pytrace=False)
    folder = TrialFolder(_folder_of(item, tmp_path_factory), job.lab.redactor)
    trial = Trial(
        job.lab,
        item.nodeid,
        target,
        TrialSinks(folder.event, folder.transcript, folder.record),
        may_spend=job.choice.inventory is None or item.get_closest_marker("destructive") is not None,
    )
    item.stash[TRIAL] = trial, folder
    try:
        trial.begin()
        yield trial
        trial.end()
    finally:
        properties = {**trial.properties(), "artifacts": str(folder.path)}
        item.user_properties.extend(properties.items())
        folder.close({"test": item.nodeid, "target": target.name, **properties, "control": trial.control_calls})


def _folder_of(item: pytest.Item, factory: pytest.TempPathFactory) -> Path:
    """A new folder for the test's artifacts."""
    name = re.sub(r"[^\w.-]+", "-", item.nodeid.rpartition("/")[2]).strip("-")[:100]
    kept = item.config.getoption("--lab-artifacts")
    if not kept:
        return factory.mktemp(f"lab-{name}")
    for number in count(1):
        folder = Path(kept) / (name if number == 1 else f"{name}.{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError


@pytest.fixture
def _avma_guest(_avma_trial: "Trial") -> "LabGuest":
    return _avma_trial.guest


@pytest.fixture
def _avma_host(_avma_trial: "Trial") -> "LabHost":
    return _avma_trial.host


@pytest.fixture
def _avma_cluster(_avma_trial: "Trial") -> "LabCluster":
    return _avma_trial.cluster


@pytest.fixture
def _avma_control(_avma_trial: "Trial") -> "Iterator[SimControl]":
    control = _avma_trial.control()
    yield control
    control.clear()


@pytest.fixture
def lab(_avma_trial: "Trial") -> "Trial":
    """The lab as far as this test may use it: ``survey``, ``facts()``, ``playbook_run()``, ``verify()``."""
    return _avma_trial


@pytest.fixture
def host(_avma_host: "LabHost") -> "LabHost":
    """One host: ``name``, ``os_version``, ``edition``, ``flavour``, ``cluster``. The test runs for each that fits."""
    return _avma_host


@pytest.fixture
def guest(_avma_guest: "LabGuest") -> "LabGuest":
    """One guest: ``name``, ``vm_id``, ``host``, ``os_version``, ``edition``. The test runs for each that fits."""
    return _avma_guest


@pytest.fixture
def cluster(_avma_cluster: "LabCluster") -> "LabCluster":
    """One cluster: ``name``, ``nodes``. The test runs for each that fits."""
    return _avma_cluster


@pytest.fixture
def playbook_run(_avma_trial: "Trial", request: pytest.FixtureRequest) -> "Callable[..., PlaybookRun]":
    """``playbook_run(name_or_path)`` carries a playbook out on the test's guest, host or cluster."""

    def run(playbook: str | Path, *, tags: tuple[str, ...] = ()) -> "PlaybookRun":
        return _avma_trial.playbook_run(playbook, tags=tags, folder=request.path.parent)

    return run


@pytest.fixture
def verify(_avma_trial: "Trial") -> "Callable[[LabGuest | str], GuestVerdict]":
    """``verify(guest)`` asks anew and judges: ``verdict``, ``reasons``, ``witnesses``."""
    return _avma_trial.verify


@pytest.fixture
def sim_control(_avma_control: "SimControl") -> "SimControl":
    """The simulated lab behind the harness's back: ``advance()``, ``faults()``, ``move()``, ``deactivate()``, ..."""
    return _avma_control
