"""Sessions with Windows machines: PSRP, command shell, PowerShell Direct. The only importer of pypsrp and pywinrm."""

from harness.remoting.pipeline import Command, ErrorDetail, PipelineResult, Statement, cmd
from harness.remoting.session import CommandShell, Credential, PowerShellSession, ShellResult

__all__ = [
    "Command",
    "CommandShell",
    "Credential",
    "ErrorDetail",
    "PipelineResult",
    "PowerShellSession",
    "ShellResult",
    "Statement",
    "cmd",
]
