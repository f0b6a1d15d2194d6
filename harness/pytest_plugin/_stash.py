"""What the parts of the plugin leave for each other. PYTEST_DONT_REWRITE"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.engine.trials import LabJob, Target, Trial
    from harness.report import TrialFolder

__all__ = ["JOB", "LACK", "TRIAL", "job_of", "parameter_of", "target_of"]

JOB: "pytest.StashKey[LabJob]" = pytest.StashKey()
"""On the configuration: this process's part of the test job."""
LACK: pytest.StashKey[str] = pytest.StashKey()
"""On a test: why it cannot run here."""
TRIAL: "pytest.StashKey[tuple[Trial, TrialFolder]]" = pytest.StashKey()
"""On a test that has begun: its share of the lab, and its folder."""


def job_of(config: pytest.Config) -> "LabJob | None":
    """This process's part of the test job; None where no lab was chosen."""
    return config.stash.get(JOB, None)


def parameter_of(item: pytest.Item) -> "Target | str | None":
    """Where the test runs, or why nowhere; None for one that needs no lab."""
    call = getattr(item, "callspec", None)
    found: Target | str | None = call.params.get("_avma_trial") if call is not None else None
    return found


def target_of(item: pytest.Item | None) -> "Target | None":
    """Where the test runs."""
    found = parameter_of(item) if item is not None else None
    return None if isinstance(found, str) else found
