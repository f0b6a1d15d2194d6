"""The command shell of a simulated computer: cmd built-ins, cscript and slmgr.vbs."""

from harness.sim.shell._cmd import CommandShell, PowerShellRunner, code_page_name
from harness.sim.shell._cscript import ProgramOutput, run_cscript, slmgr_verb
from harness.sim.shell._slmgr import CHANGING_VERBS, SlmgrResult, run_slmgr

__all__ = [
    "CHANGING_VERBS",
    "CommandShell",
    "PowerShellRunner",
    "ProgramOutput",
    "SlmgrResult",
    "code_page_name",
    "run_cscript",
    "run_slmgr",
    "slmgr_verb",
]
