"""First contact with a real host: what it shows of the questions that nobody has recorded. Reads only.

Each question has the name, and each answer a choice, of the simulated lab's variant register, so that what was captured
can be played back there. A question is left open wherever the answer fits two choices or would take a change to see.
"""

from harness.windows.capture._findings import Finding
from harness.windows.capture._material import GuestMaterial, HostMaterial, Material, read_host_material
from harness.windows.capture._questions import QUESTIONS, answer_all

__all__ = [
    "QUESTIONS",
    "Finding",
    "GuestMaterial",
    "HostMaterial",
    "Material",
    "answer_all",
    "read_host_material",
]
