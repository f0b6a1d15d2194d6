"""Fixtures of the end-to-end tests."""

from e2e_lab import open_lab

__all__ = ["open_lab"]
