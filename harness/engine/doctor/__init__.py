"""`avma doctor`: each machine checked from its name to its licences, and what to do about each finding. Reads only."""

from harness.engine.doctor._examine import examine

__all__ = ["examine"]
