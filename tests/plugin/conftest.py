"""Fixtures of the plugin's tests."""

from plugin_lab import project, real_lab, start_job

__all__ = ["project", "real_lab", "start_job"]
