"""A lab as tests use it: what it offers, one test at a time on it, and the simulated one. Nothing here knows pytest."""

from harness.engine.trials._job import LabChoice, LabJob
from harness.engine.trials._lab import Lab
from harness.engine.trials._simulated import SimControl, SimulatedLab
from harness.engine.trials._survey import (
    LabCluster,
    LabGuest,
    LabHost,
    Survey,
    Target,
    read_survey,
    survey_of,
    write_survey,
)
from harness.engine.trials._trial import HostSilentError, PlaybookRun, Trial, TrialSinks

__all__ = [
    "HostSilentError",
    "Lab",
    "LabChoice",
    "LabCluster",
    "LabGuest",
    "LabHost",
    "LabJob",
    "PlaybookRun",
    "SimControl",
    "SimulatedLab",
    "Survey",
    "Target",
    "Trial",
    "TrialSinks",
    "read_survey",
    "survey_of",
    "write_survey",
]
