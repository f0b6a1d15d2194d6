"""A test job's lab: which one it is, opened at first use, closed at the end."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.core.needs import Needs
from harness.engine.trials._lab import Lab
from harness.engine.trials._simulated import SimulatedLab
from harness.engine.trials._survey import KINDS, Target, read_survey, write_survey
from harness.lab import Settings, load_inventory

__all__ = ["LabChoice", "LabJob"]


@dataclass(frozen=True, slots=True)
class LabChoice:
    """A lab by its ``inventory``, or a simulated one by its ``topology`` and ``seed``; ``wait`` in seconds."""

    inventory: str | None
    topology: str | None
    seed: int
    wait: float


class LabJob:
    """One test job, or one worker of it. Each worker has a simulated lab of its own, and all share a real one.

    Args:
        choice: which lab.
        name: what the job is called in the leases.
        survey: what the job's first process has found, as JSON.

    Raises:
        InputError: the inventory is wrong.
    """

    def __init__(self, choice: LabChoice, name: str, survey: str | None = None) -> None:
        self.choice = choice
        self._name = name
        self._told = survey
        self._folder = tempfile.TemporaryDirectory(prefix="avma-pytest-", ignore_cleanup_errors=True)
        self._lab: Lab | None = None
        if choice.inventory and not survey:
            load_inventory(choice.inventory)

    @property
    def lab(self) -> Lab:
        """The lab. Raises InputError where it cannot be opened."""
        if self._lab is None:
            self._lab = self._simulated() if self.choice.topology else self._real()
        return self._lab

    def targets(self, kind: str | None, needs: Needs) -> tuple[tuple[Target, ...], str]:
        """The targets for a test, and why there is none; without a kind the test works with the whole lab."""
        survey = self.lab.survey
        if kind in KINDS:
            return survey.choose(kind, needs)
        reason = survey.meets(needs)
        return (() if reason else (survey.whole(),)), reason

    def groups(self) -> tuple[str, ...]:
        """The names of the lab's host groups."""
        survey = self.lab.survey
        return tuple(dict.fromkeys(survey.group(host) for host in survey.inventory.hosts))

    def survey(self) -> str:
        """What the lab offers, for the other processes of the job."""
        return write_survey(self.lab.survey)

    def close(self) -> None:
        """Give everything back."""
        lab, self._lab = self._lab, None
        if lab is not None:
            lab.close()
        self._folder.cleanup()

    def _real(self) -> Lab:
        assert self.choice.inventory is not None
        found = read_survey(self._told) if self._told else None
        return Lab(self.choice.inventory, store=Settings().store, job=self._name, wait=self.choice.wait, survey=found)

    def _simulated(self) -> Lab:
        assert self.choice.topology is not None
        folder = Path(self._folder.name)
        simulated = SimulatedLab(self.choice.topology, folder / "lab", seed=self.choice.seed)
        try:
            return Lab(
                simulated.inventory,
                store=str(folder / "store.db"),
                job=self._name,
                wait=self.choice.wait,
                simulated=simulated,
            )
        except BaseException:
            simulated.close()
            raise
