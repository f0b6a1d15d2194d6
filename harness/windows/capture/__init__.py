"""First contact with a real host: what it shows of the questions that nobody has recorded. Reads only.

Each question has the name, and each answer a choice, of the simulated lab's variant register, so that what was captured
can be played back there. A question is left open wherever the answer fits two choices or would take a change to see.
"""

from harness.windows.capture._material import GuestMaterial, HostMaterial, Material, read_host_material
from harness.windows.capture._questions import QUESTIONS, answer_all
from harness.windows.capture._sightings import Sighting

__all__ = [
    "QUESTIONS",
    "GuestMaterial",
    "HostMaterial",
    "Material",
    "Sighting",
    "answer_all",
    "read_host_material",
]
