"""Fixtures of the end-to-end tests; and the lab runs, which are for whoever names a lab."""

from pathlib import Path

import pytest
from e2e_lab import open_lab
from onboarding_lab import open_cluster

from harness.pytest_plugin._options import chosen

__all__ = ["open_cluster", "open_lab"]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without a lab the lab runs would only be skipped; test_e2e_lab_runs.py runs them on the simulated one."""
    return True if collection_path.name == "lab_runs" and not any(chosen(config)) else None
