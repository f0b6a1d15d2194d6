"""The command ``avma``: parse, call, exit code."""

from harness.cli._main import main

__all__ = ["main"]
