"""What the figures were measured on."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Machine", "this_machine"]


@dataclass(frozen=True, slots=True)
class Machine:
    """``memory`` in GiB; ``load``: runnable processes in the last minute, None where the system does not tell."""

    system: str
    processor: str
    cores: int
    memory: float
    python: str
    load: float | None

    def sentence(self) -> str:
        """In one line."""
        processor = f"{self.processor}, " if self.processor else ""
        load = "" if self.load is None else f"; load {self.load:.1f} when the run began"
        return f"{self.system}, {processor}{self.cores} cores, {self.memory:.0f} GiB, {self.python}{load}"


def this_machine() -> Machine:
    """The machine this runs on."""
    try:
        load: float | None = os.getloadavg()[0]
    except OSError:
        load = None
    return Machine(
        f"{platform.system()} {platform.machine()}",
        _processor(),
        len(os.sched_getaffinity(0)),
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        f"{platform.python_implementation()} {platform.python_version()}",
        load,
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
