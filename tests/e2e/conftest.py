"""Fixtures of the end-to-end tests."""

from e2e_lab import open_lab
from onboarding_lab import open_cluster

__all__ = ["open_cluster", "open_lab"]
